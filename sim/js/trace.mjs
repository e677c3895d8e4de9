// Runs one seed in the simulation's wasm module, in Node.js, and prints `trace HASH`.
//
//   node sim/js/trace.mjs MODULE.wasm --seed 42 --nodes 5 --seconds 60 [--calm] [--rate 100]
//
// The module imports nothing: the empty object below is all that it gets from outside.

import { readFileSync } from "node:fs";
import process from "node:process";

const USAGE = "usage: node sim/js/trace.mjs MODULE.wasm --seed S --nodes N --seconds T [--calm] [--rate R]";

/** The value of a flag, digits only: a seed needs all 64 bits, so it stays text. */
function flag(name) {
  const at = process.argv.indexOf(name);
  const value = at < 0 ? undefined : process.argv[at + 1];
  if (!/^\d+$/.test(value ?? "")) fail(`${name} wants a whole number.\n${USAGE}`);
  return value;
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** Asks the module one question in JSON and reads its answer. */
export function ask(sim, question) {
  const bytes = new TextEncoder().encode(JSON.stringify(question));
  const at = sim.alloc(bytes.length);
  new Uint8Array(sim.memory.buffer, at, bytes.length).set(bytes);
  try {
    return JSON.parse(read(sim, sim.call(at, bytes.length)));
  } catch (error) {
    throw new Error(`the simulation stopped: ${read(sim, sim.last_words()) || error.message}`);
  }
}

function read(sim, answer) {
  const packed = BigInt.asUintN(64, answer);
  const [start, length] = [Number(packed >> 32n), Number(packed & 0xffffffffn)];
  const text = new TextDecoder().decode(new Uint8Array(sim.memory.buffer, start, length));
  sim.free(start, length);
  return text;
}

const path = process.argv[2];
if (!path?.endsWith(".wasm")) fail(USAGE);
const module = new WebAssembly.Module(readFileSync(path));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) fail(`the module imports ${imports.map((i) => `${i.module}.${i.name}`).join(", ")}`);
const sim = new WebAssembly.Instance(module, {}).exports;

const reply = ask(sim, {
  op: "headless",
  seed: flag("--seed"),
  nodes: Number(flag("--nodes")),
  seconds: Number(flag("--seconds")),
  calm: process.argv.includes("--calm"),
  rate: process.argv.includes("--rate") ? Number(flag("--rate")) : undefined,
});
if (reply.error) fail(reply.error);
if (reply.violation) console.log(`violation ${reply.violation}`);
console.log(`trace ${reply.trace}`);
