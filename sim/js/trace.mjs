// Runs one seed in the simulation's wasm module, in Node.js, and prints `trace HASH`.
//
//   node sim/js/trace.mjs MODULE.wasm --seed 42 --nodes 5 --seconds 60 [--calm] [--rate 100]
//
// The module imports nothing: the empty object below is all that it gets from outside.

import { readFileSync } from "node:fs";
import process from "node:process";
import { ask } from "./ask.mjs";

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
