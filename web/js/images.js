// Images of a module's memory: what makes every moment of a run one copy away.
//
// The simulation imports nothing, so its linear memory is its whole state. An image of it is kept as
// numbers of blocks in one pool; a block that did not change since the image before is not kept twice, and
// of a block with zeros only the other words are kept.
//
//   memory   | block | block | block | ...          256 bytes each
//   image    |   7   |   9   |   0   | ...          where its words lie in the pool; 0: all are zero
//   pool     eight shelves, of slots with 8, 16, ... 64 words; a slot counts the images that use it
//   slot     | which words are not zero: 64 bits | these words ... |       the widest hold all 64 as they are
//
// Measured on five members with 20 puts a second: whole pages of 64 KB would keep 5 to 20 MB for five
// seconds of the run, 4 KB 4 to 8 MB, 256 bytes 3.5 MB, and 2 MB without zeros; smaller blocks save little
// and cost time.

/** Words of 4 bytes in a block. */
const WORDS = 64;
/** Words by which slots of two shelves differ. */
const STEP = 8;
/** Slots in a chunk of a shelf. */
const SLOTS = 16_384;
/** The widest shelf, whose slots hold whole blocks. */
const WHOLE = WORDS / STEP - 1;
/** The number of a slot says which shelf it is on (3 bits) and where. */
const PLACE_BITS = 29;
const PLACE = (1 << PLACE_BITS) - 1;
/** Pages of 64 KB that may lie behind the end of an image that is written back. They are lost to the
    module's allocator, so beyond this a fresh instance takes its place: 16 MB. */
const SPARE_PAGES = 256;
const PAGE = 65_536;

/** Slots of one width. */
class Shelf {
  constructor(words) {
    this.words = words;
    this.chunks = [];
    this.uses = [];
    this.free = [];
  }

  get bytes() {
    return (this.chunks.length * SLOTS - this.free.length) * this.words * 4;
  }

  /** The number of a free slot. */
  take() {
    if (this.free.length === 0) {
      const first = this.chunks.length * SLOTS;
      this.chunks.push(new Int32Array(SLOTS * this.words));
      this.uses.push(new Uint16Array(SLOTS));
      for (let place = SLOTS - 1; place >= 0; place--) this.free.push(first + place);
    }
    return this.free.pop();
  }

  /** One image less, or one more, uses a slot. */
  count(place, by) {
    const uses = this.uses[place >> 14];
    uses[place & (SLOTS - 1)] += by;
    if (uses[place & (SLOTS - 1)] === 0) this.free.push(place);
  }
}

/** The images of one module. `fresh` makes an instance of it whose memory nobody has used. */
class Images {
  constructor(fresh) {
    this.fresh = fresh;
    this.kept = new Map();
    this.shelves = Array.from({ length: WHOLE + 1 }, (_, nth) => new Shelf((nth + 1) * STEP));
    // The number 0 is the block of zeros.
    this.shelves[0].take();
    /** The image that the memory was last equal to: what differs from it is new. */
    this.last = null;
  }

  /** Bytes of the pool that images use. */
  get bytes() {
    return this.shelves.reduce((sum, shelf) => sum + shelf.bytes, 0);
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
      if (slot !== 0) this.shelves[slot >>> PLACE_BITS].count(slot & PLACE, 1);
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
    for (let block = 0; block < image.length; block++) this.get(image[block], memory, block * WORDS);
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
      if (slot !== 0) this.shelves[slot >>> PLACE_BITS].count(slot & PLACE, -1);
    }
  }

  /** Whether a slot is in use and holds the words of the memory at `at`. */
  holds(slot, memory, at) {
    const shelf = slot >>> PLACE_BITS;
    const { chunks, uses, words } = this.shelves[shelf];
    if (slot !== 0 && uses[(slot & PLACE) >> 14][slot & PLACE & (SLOTS - 1)] === 0) return false;
    const chunk = chunks[(slot & PLACE) >> 14];
    let from = (slot & PLACE & (SLOTS - 1)) * words;
    if (shelf === WHOLE) {
      for (let word = 0; word < WORDS; word++) if (chunk[from + word] !== memory[at + word]) return false;
      return true;
    }
    const masks = from;
    from += 2;
    for (let half = 0; half < 2; half++) {
      for (let word = at + half * 32, mask = chunk[masks + half], end = word + 32; word < end; word++, mask >>>= 1) {
        if ((mask & 1 ? chunk[from++] : 0) !== memory[word]) return false;
      }
    }
    return true;
  }

  /** Writes the words of a slot to the memory at `at`. */
  get(slot, memory, at) {
    const shelf = slot >>> PLACE_BITS;
    const { chunks, words } = this.shelves[shelf];
    const chunk = chunks[(slot & PLACE) >> 14];
    let from = (slot & PLACE & (SLOTS - 1)) * words;
    if (shelf === WHOLE) {
      for (let word = 0; word < WORDS; word++) memory[at + word] = chunk[from + word];
      return;
    }
    const masks = from;
    from += 2;
    for (let half = 0; half < 2; half++) {
      for (let word = at + half * 32, mask = chunk[masks + half], end = word + 32; word < end; word++, mask >>>= 1) {
        memory[word] = mask & 1 ? chunk[from++] : 0;
      }
    }
  }

  /** Copies the words of the memory at `at` into a free slot; its number. */
  put(memory, at) {
    let others = 0;
    for (let word = at; word < at + WORDS; word++) if (memory[word] !== 0) others++;
    if (others === 0) return 0;
    const shelf = Math.min(Math.ceil((others + 2) / STEP) - 1, WHOLE);
    const place = this.shelves[shelf].take();
    const { chunks, words } = this.shelves[shelf];
    const chunk = chunks[place >> 14];
    let to = (place & (SLOTS - 1)) * words;
    if (shelf === WHOLE) {
      for (let word = 0; word < WORDS; word++) chunk[to + word] = memory[at + word];
    } else {
      const masks = to;
      to += 2;
      for (let half = 0; half < 2; half++) {
        let mask = 0;
        for (let bit = 0; bit < 32; bit++) {
          const word = memory[at + half * 32 + bit];
          if (word === 0) continue;
          mask |= 1 << bit;
          chunk[to++] = word;
        }
        chunk[masks + half] = mask;
      }
    }
    return ((shelf << PLACE_BITS) | place) >>> 0;
  }
}
