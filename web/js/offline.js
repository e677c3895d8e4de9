// The page without a network: after the first visit every file of this build is kept in the browser.
//
//   first visit   page ──► network          this worker: keeps all files, under the build's name
//   later         page ──► this worker ──► kept file, else network
//                 the page itself: network, and the kept one when there is none
//
// Files have the build's name in their address, so a kept one is never of another build. The page is asked of
// the network first: whoever has a network gets the newest build.

const build = new URL(self.location.href).search;
const NAME = `glasshouse${build}`;
/** Builds that are kept: a tab may still run the one before. */
const BUILDS_MAX = 2;
/** All files of the page; `cargo xtask page` writes them here. */
const FILES = [/*{{files}}*/];

self.addEventListener("install", (event) => {
  // What the page has just loaded is not loaded again.
  const files = FILES.map((file) => new Request(file + build, { cache: "force-cache" }));
  const all = [new Request("./"), ...files];
  event.waitUntil(caches.open(NAME).then((kept) => kept.addAll(all)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    const builds = (await caches.keys()).filter((name) => name.startsWith("glasshouse?"));
    await Promise.all(builds.slice(0, -BUILDS_MAX).map((name) => caches.delete(name)));
  };
  event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const page = self.registration.scope;
  if (request.method !== "GET" || !request.url.startsWith(page)) return;
  const file = request.url.slice(page.length).split(/[?#]/)[0];
  if (request.mode !== "navigate") {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  } else if (file === "" || file === "index.html") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(page)) ?? Response.error()));
  }
});
