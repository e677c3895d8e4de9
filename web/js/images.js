// Images of the simulation's memory: what makes every moment of a run one copy away.
//
// A second instance of the simulation's module keeps them (sim/src/images.rs) and does nothing else: it reads and
// writes memory as quickly as the simulation does. Here bytes are carried between the two, a window at a time.
//
//   simulation  | memory, as far as it holds anything | spare |
//                      │ keep            ▲ back
//   keeper      | ... window ... | pool of pages and blocks |

/** The images of instances of one module. */
class Images {
  constructor(module) {
    this.keeper = new WebAssembly.Instance(module, {}).exports;
    this.start = this.keeper.window() >>> 0;
    this.most = this.keeper.window_length() >>> 0;
  }

  /** The window, so far. The keeper's memory grows while it works, and an array of it would be cut off. */
  window(length) {
    return new Uint8Array(this.keeper.memory.buffer, this.start, length);
  }

  /** Bytes that all images use. */
  get bytes() {
    return this.keeper.bytes() >>> 0;
  }

  /** Keeps the memory of an instance with these exports under a number. */
  keep(name, sim) {
    const memory = new Uint8Array(sim.memory.buffer, 0, sim.extent() >>> 0);
    for (let at = 0; at < memory.length; at += this.most) {
      const piece = memory.subarray(at, at + this.most);
      this.window(piece.length).set(piece);
      this.keeper.take(piece.length);
    }
    this.keeper.keep(name);
  }

  /** Writes an image back into an instance with these exports. */
  back(name, sim) {
    const length = this.keeper.back(name) >>> 0;
    if (length === 0) throw new Error(`there is no image ${name}`);
    const missing = length - sim.memory.buffer.byteLength;
    if (missing > 0) sim.memory.grow(Math.ceil(missing / 65_536));
    const memory = new Uint8Array(sim.memory.buffer);
    for (let at = 0; at < length; ) {
      const given = this.keeper.give(at) >>> 0;
      memory.set(this.window(given), at);
      at += given;
    }
  }

  /** Forgets an image, if there is one of this number. */
  forget(name) {
    this.keeper.forget(name);
  }
}
