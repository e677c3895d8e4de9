// Starts the page's own module. All files carry the build's name in their address, so a browser
// never pairs the halves of two builds; whatever fails is told in the shell's one sentence.

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
const build = meta("build");

// A page around this one may ask as soon as this document has loaded, and that is before embed.js is here.
const asked = [];
const keep = (event) => asked.push(event);
window.addEventListener("message", keep);

async function start() {
  const { embed } = await import(`./embed.js?${build}`);
  window.removeEventListener("message", keep);
  embed(asked);
  const page = await import(`./glasshouse-web.js?${build}`);
  await page.default({ module_or_path: new URL(`glasshouse-web_bg.wasm?${build}`, document.baseURI) });
}

/** The language that was chosen here, else the first that this browser's user reads and the page speaks. */
function language() {
  const spoken = ["en", ...meta("languages").split(", ").map((one) => one.split(" ")[0])];
  let chosen = null;
  try {
    chosen = localStorage.getItem("glasshouse.language");
  } catch {
    // This browser keeps nothing for us.
  }
  const wanted = [chosen, ...navigator.languages].filter(Boolean).map((one) => one.split("-")[0].toLowerCase());
  return wanted.find((one) => spoken.includes(one)) ?? "en";
}

// The language stands in the root as data-language: here at first, written by the page's menu later.
// Nothing more is loaded for English.
const root = document.documentElement;
let translator = null;

async function speak() {
  const wanted = root.dataset.language;
  if (wanted === "en" && translator === null) return;
  try {
    translator ??= import(`./language.js?${build}`);
    await (await translator).speak(wanted);
  } catch (error) {
    translator = null;
    root.dataset.language = "en";
    document.dispatchEvent(new CustomEvent("language-missing"));
    console.warn(error);
  }
}

root.dataset.language = language();
new MutationObserver(speak).observe(root, { attributeFilter: ["data-language"] });
speak();

const started = start();
// `glasshouse.ready` can be awaited at once; the page puts its own `glasshouse` in this one's place.
window.glasshouse = { ready: started.then(() => window.glasshouse.ready) };
window.glasshouse.ready.catch(() => {});

started.catch((error) => {
  const says = document.getElementById("shell-says");
  if (says) says.textContent = `The page could not start: ${error.message || error}. Reload it, or use a browser that knows WebAssembly.`;
});

// A page from a server is kept for when there is none. Where that is not allowed, the page is as good as without.
if ("serviceWorker" in navigator && location.protocol.startsWith("http")) {
  window.glasshouse.ready.then(() => navigator.serviceWorker.register(`offline.js?${build}`)).catch(() => {});
}
