// Runs first in the one file that holds the whole page, and hands out what that file carries: what is fetched,
// imported or started as a worker beside the page is found here instead. The page's own code knows nothing of it.
//
//   script, text/plain, data-carried="worker.js"                      base64, read at once
//   script, text/plain, data-carried="glasshouse-sim.wasm" data-gzip  base64, unpacked when it is fetched
//
// A file that is opened from a disk may fetch nothing, not even from its own folder; so nothing here has an address
// that a browser would have to reach.
(() => {
  const TYPES = { wasm: "application/wasm", json: "application/json", js: "text/javascript" };
  const folder = new URL(".", document.baseURI).href;
  const carried = new Map();
  for (const part of document.querySelectorAll("script[data-carried]")) carried.set(part.dataset.carried, part);

  /** The name of a carried file that an address means, or nothing. */
  const named = (address) => {
    const whole = new URL(address, document.baseURI).href.split(/[?#]/)[0];
    const name = whole.startsWith(folder) ? whole.slice(folder.length) : "";
    return carried.has(name) ? name : undefined;
  };
  const bytes = (name) => Uint8Array.from(atob(carried.get(name).textContent), (letter) => letter.charCodeAt(0));
  const text = (name) => new TextDecoder().decode(bytes(name));
  const script = (...parts) => URL.createObjectURL(new Blob(parts, { type: TYPES.js }));

  const fetchElsewhere = window.fetch.bind(window);
  window.fetch = async (address, options) => {
    const name = named(address.url ?? address);
    if (name === undefined) return fetchElsewhere(address, options);
    const stream = new Blob([bytes(name)]).stream();
    const body = "gzip" in carried.get(name).dataset ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;
    return new Response(body, { headers: { "content-type": TYPES[name.split(".").pop()] ?? "text/plain" } });
  };

  // Modules get addresses within this page; what they import of each other is looked up under its whole address.
  const build = document.querySelector('meta[name="build"]').content;
  const imports = {};
  for (const name of carried.keys()) {
    if (!name.endsWith(".js")) continue;
    const whole = text(name).replace(/(from\s*|import\()(["'`])\.\//g, `$1$2${folder}`);
    for (const address of [name, `${name}?${build}`]) imports[folder + address] = script(whole);
  }
  const map = document.createElement("script");
  map.type = "importmap";
  map.textContent = JSON.stringify({ imports });
  document.head.append(map);

  // In a worker the files are one script, and the simulation comes as its first message.
  const inWorker = () => {
    const arrived = new Promise((done) => {
      self.addEventListener("message", function first(event) {
        if (!event.data.carried) return;
        event.stopImmediatePropagation();
        self.removeEventListener("message", first);
        done(event.data.carried);
      });
    });
    self.importScripts = () => {};
    self.fetch = async () => new Response(new Blob([await arrived]).stream().pipeThrough(new DecompressionStream("gzip")));
  };
  const WorkerElsewhere = window.Worker;
  window.Worker = class extends WorkerElsewhere {
    constructor(address, options) {
      const name = named(address);
      if (name === undefined) return super(address, options);
      super(script(`(${inWorker})();\n`, text("images.js"), "\n", text(name)), options);
      this.postMessage({ carried: bytes("glasshouse-sim.wasm") });
    }
  };
})();
