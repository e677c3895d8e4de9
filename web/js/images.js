// Images of a module's memory: what makes every moment of a run one copy away.
//
// The simulation imports nothing, so its linear memory is its whole state. An image of it is kept as
// numbers of blocks in one pool; a block that did not change since the image before is not kept twice.
//
//   memory   | block | block | block | ...          256 bytes each
//   image    |   7   |   9   |   8   | ...          where its bytes lie in the pool
//   pool     chunks of 4 MB, cut into slots; a slot counts the images that use it
//
// Measured on five members with 20 puts a second: whole pages of 64 KB would keep 5 to 20 MB for five
// seconds of the run, 4 KB 4 to 8 MB, 256 bytes 2.5 MB; smaller blocks save little and cost time.

/** Words of 4 bytes in a block. */
const WORDS = 64;
/** Slots in a chunk of the pool: 4 MB. */
const SLOTS = 16_384;
/** Pages of 64 KB that may lie behind the end of an image that is written back. They are lost to the
    module's allocator, so beyond this a fresh instance takes its place: 16 MB. */
const SPARE_PAGES = 256;
const PAGE = 65_536;

/** The images of one module. `fresh` makes an instance of it whose memory nobody has used. */
class Images {
  constructor(fresh) {
    this.fresh = fresh;
    this.kept = new Map();
    this.chunks = [];
    this.uses = [];
    this.free = [];
    /** The image that the memory was last equal to: what differs from it is new. */
    this.last = null;
  }

  /** Bytes of the pool that images use. */
  get bytes() {
    return (this.chunks.length * SLOTS - this.free.length) * WORDS * 4;
  }

  /** Keeps the memory of `instance` under a number. */
  keep(name, instance) {
    const memory = new Int32Array(instance.exports.memory.buffer);
    const image = new Uint32Array(memory.length / WORDS);
    const before = this.last ? this.last : [];
    for (let block = 0; block < image.length; block++) {
      const at = block * WORDS;
      const same = block < before.length && this.holds(before[block], memory, at);
      const slot = same ? before[block] : this.put(memory, at);
      this.uses[slot >> 14][slot & (SLOTS - 1)] += 1;
      image[block] = slot;
    }
    this.forget(name);
    this.kept.set(name, image);
    this.last = image;
  }

  /** Writes an image back; the instance that has it is `instance`, or a fresh one. */
  back(name, instance) {
    const image = this.kept.get(name);
    if (!image) throw new Error(`there is no image ${name}`);
    const pages = (image.length * WORDS * 4) / PAGE;
    let has = instance.exports.memory.buffer.byteLength / PAGE;
    if (has > pages + SPARE_PAGES) {
      instance = this.fresh();
      has = instance.exports.memory.buffer.byteLength / PAGE;
    }
    if (has < pages) instance.exports.memory.grow(pages - has);
    const memory = new Int32Array(instance.exports.memory.buffer);
    for (let block = 0; block < image.length; block++) {
      const slot = image[block];
      const chunk = this.chunks[slot >> 14];
      const from = (slot & (SLOTS - 1)) * WORDS;
      const to = block * WORDS;
      for (let word = 0; word < WORDS; word++) memory[to + word] = chunk[from + word];
    }
    memory.fill(0, image.length * WORDS);
    this.last = image;
    return instance;
  }

  /** Forgets an image, if there is one of this number. */
  forget(name) {
    const image = this.kept.get(name);
    if (!image) return;
    this.kept.delete(name);
    for (const slot of image) {
      const uses = this.uses[slot >> 14];
      if (--uses[slot & (SLOTS - 1)] === 0) this.free.push(slot);
    }
  }

  /** Whether a slot is in use and holds the words of the memory at `at`. */
  holds(slot, memory, at) {
    if (this.uses[slot >> 14][slot & (SLOTS - 1)] === 0) return false;
    const chunk = this.chunks[slot >> 14];
    const from = (slot & (SLOTS - 1)) * WORDS;
    for (let word = 0; word < WORDS; word++) {
      if (chunk[from + word] !== memory[at + word]) return false;
    }
    return true;
  }

  /** Copies the words of the memory at `at` into a free slot. */
  put(memory, at) {
    if (this.free.length === 0) {
      const chunk = this.chunks.length;
      this.chunks.push(new Int32Array(SLOTS * WORDS));
      this.uses.push(new Uint16Array(SLOTS));
      for (let slot = SLOTS - 1; slot >= 0; slot--) this.free.push(chunk * SLOTS + slot);
    }
    const slot = this.free.pop();
    const chunk = this.chunks[slot >> 14];
    const to = (slot & (SLOTS - 1)) * WORDS;
    for (let word = 0; word < WORDS; word++) chunk[to + word] = memory[at + word];
    return slot;
  }
}
