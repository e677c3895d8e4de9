// Judges a finding in the simulation's wasm module, in Node.js: does it all again, as many times as asked,
// in a fresh module each time, and prints `holds PROPERTY at MICROSECONDS us` or why it is refused.
//
//   node sim/js/judge.mjs MODULE.wasm FILE [TIMES]

import { readFileSync } from "node:fs";
import process from "node:process";
import { ask } from "./ask.mjs";

const [path, file, times = "1"] = process.argv.slice(2);
if (!path?.endsWith(".wasm") || !file || !/^\d+$/.test(times)) {
  console.error("usage: node sim/js/judge.mjs MODULE.wasm FILE [TIMES]");
  process.exit(1);
}
const module = new WebAssembly.Module(readFileSync(path));
const text = readFileSync(file, "utf8");
for (let nth = 0; nth < Number(times); nth += 1) {
  const sim = new WebAssembly.Instance(module, {}).exports;
  const reply = ask(sim, { op: "judge", text });
  if (reply.error) {
    console.log(`refused: ${reply.error}`);
    process.exit(3);
  }
  console.log(`holds ${reply.tale.property} at ${reply.tale.at_us} us`);
}
