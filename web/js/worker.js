// Hosts the simulation. Its wasm module imports nothing and exports alloc, free and call, so this
// file is all the glue there is: JSON in, JSON out, one answer for each question, in order.
//
//   page -> worker   {id, op: "<json>"}
//                    {id, keep: 7}, {id, back: 7}, {id, forget: 7}: images of the whole state (images.js)
//   worker -> page   {loading: {got, total}} while the module loads, {ready: true} once,
//                    {id, reply: "<json>", ms} for each question, or {id, error: "<sentence>"};
//                    for images the reply is {} and `bytes` says what all of them use

// The page gave this file's address the name of the build; the module's gets the same.
const build = new URL(self.location.href).search;
self.importScripts("images.js" + build);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** The exports of the instance that is asked, and the images of its memory. */
let sim = null;
let images = null;

/** Fetches the module, telling the page how many bytes are here. */
async function load() {
  const response = await fetch("glasshouse-sim.wasm" + build);
  if (!response.ok) throw new Error(`The simulation could not be loaded: the server answered ${response.status}.`);
  const total = Number(response.headers.get("content-length")) || 0;
  let got = 0;
  const counted = new TransformStream({
    transform(part, on) {
      got += part.length;
      self.postMessage({ loading: { got, total } });
      on.enqueue(part);
    },
  });
  // Compiled while it comes, whatever type the server gives it.
  const body = new Response(response.body.pipeThrough(counted), { headers: { "content-type": "application/wasm" } });
  const module = await WebAssembly.compileStreaming(body).catch((error) => {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    throw new Error("This browser is too old for the simulation: take one of 2023 or later, such as Firefox, Chrome or Safari 16.4.");
  });
  images = new Images(module);
  sim = (await WebAssembly.instantiate(module, {})).exports;
  self.postMessage({ ready: true });
}

/** What stands at an address of the module's memory; both come in one number. */
function read(answer) {
  const whole = BigInt.asUintN(64, answer);
  const [start, length] = [Number(whole >> 32n), Number(whole & 0xffffffffn)];
  const text = decoder.decode(new Uint8Array(sim.memory.buffer, start, length));
  sim.free(start, length);
  return text;
}

/** One call: the question's bytes go into the module's memory, the answer's come back out. */
function ask(op) {
  const question = encoder.encode(op);
  const at = sim.alloc(question.length) >>> 0;
  new Uint8Array(sim.memory.buffer, at, question.length).set(question);
  return read(sim.call(at, question.length));
}

/** Why the module stopped: what its panic said, else what the browser says. */
function why(error) {
  try {
    return read(sim.last_words()) || String(error.message || error);
  } catch {
    return String(error.message || error);
  }
}

const loaded = load();
loaded.catch((error) => self.postMessage({ failed: String(error.message || error) }));

/** Keeps, writes back or forgets an image. */
function picture({ keep, back, forget }) {
  if (keep !== undefined) images.keep(keep, sim);
  if (back !== undefined) images.back(back, sim);
  if (forget !== undefined) images.forget(forget);
  return { reply: "{}", bytes: images.bytes };
}

self.onmessage = async ({ data: { id, op, ...image } }) => {
  try {
    await loaded;
  } catch {
    return; // The page was told already.
  }
  try {
    const began = performance.now();
    const answer = op === undefined ? picture(image) : { reply: ask(op) };
    self.postMessage({ id, ...answer, ms: performance.now() - began });
  } catch (error) {
    self.postMessage({ id, error: `The simulation stopped at a fault of its own: ${why(error)}. Copy the link and report it; a fresh run goes on.` });
  }
};
