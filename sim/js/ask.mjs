// How a host talks to the simulation's module: JSON in, JSON out, through the module's memory.

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
