// A catalogue: what the page says in English, and how another language says it.
//
//   # a remark for translators
//   English text                      one entry: English, and below it, behind "= ", the other language;
//   = text in the other language      a line that goes on begins with two spaces
//   {who} leads term {n}.             a pattern: holes stand for what changes
//   = {who} — лидер, терм {n}.
//   [span]                            a section: its entries are read where a hole {span} stands
//
// Holes: {n} a number, {who} a member, {name} another name without spaces, {any} anything, kept as it is, {t}
// anything, translated where it can be; any other name is a section. A second hole of a kind has a number: {who2}.
// In English, event(s) is one or many, and {is|are} either of both. In the other language
// {n:запись|записи|записей} is the form that fits the number, in the order of its plural rules.
//
// Finding an entry: the whole text, else its patterns: each lies under its longest word, so a text is only
// compared with patterns that share a word with it; of those that fit, the one with most letters of its
// own wins, and the order of the file means nothing.

const HOLE = /\{([^{}]*)\}/;
const KINDS = { n: "\\d+(?:[.,]\\d+)*", who: "n\\d+", name: "[\\w'-]*\\w", any: ".+?", t: ".+?" };
const ORDER = ["zero", "one", "two", "few", "many", "other"];
/** Where a sentence ends and another begins. */
const SENTENCES = /(?<=[^.\s][.!?]["”»)]?) (?=\S)/;
/** Results that are kept: what is drawn now, and some of what was. */
const CACHE = 5_000;

const kind = (name) => name.replace(/\d+$/, "");
const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const plain = (text) => text.replace(/\s+/g, " ").trim();

/** Reads a catalogue's file: the language's name, and its entries in order, with the numbers of their lines. */
export function read(text) {
  const entries = [];
  let [section, name, english, other, at] = ["", "", [], null, 0];
  const done = () => {
    if (other !== null) entries.push({ section, english: english.join(" "), other: other.join(" "), line: at });
    else if (english.length > 0) throw new Error(`line ${at}: "${english[0]}" has no translation`);
    [english, other] = [[], null];
  };
  for (const [nth, line] of text.split(/\r?\n/).entries()) {
    const body = line.trim();
    if (body === "" || body.startsWith("#")) continue;
    if (body.startsWith("language: ")) name = body.slice(10);
    else if (/^\[[A-Za-z]*\]$/.test(body)) (done(), (section = body.slice(1, -1)));
    else if (body.startsWith("= ")) {
      if (english.length === 0 || other !== null) throw new Error(`line ${nth + 1}: a translation of nothing`);
      other = [body.slice(2)];
    } else if (line.startsWith("  ")) (other ?? english).push(body);
    else {
      done();
      [english, at] = [[body], nth + 1];
    }
  }
  done();
  return { name, entries };
}

/** An English text with holes as an expression, the names of its holes, and the words that it lies under. */
export function compile(english) {
  const names = [];
  let [source, bare, letters] = ["", "", 0];
  for (const [nth, part] of english.split(HOLE).entries()) {
    if (nth % 2 === 0) {
      source += escape(part).replace(/\\\(s\\\)/g, "s?");
      bare += part;
      letters += part.length;
    } else if (part.includes("|")) {
      source += `(?:${part.split("|").map(escape).join("|")})`;
      bare += "\0";
    } else {
      names.push(part);
      source += `(${KINDS[kind(part)] ?? ".+?"})`;
      bare += "\0";
    }
  }
  const found = bare.match(/(?<![A-Za-z\0])[A-Za-z]+(?:\(s\))?(?![A-Za-z\0])/g) ?? [];
  const word = found.reduce((longest, word) => (word.length > longest.length ? word : longest), "");
  const words = word.endsWith("(s)") ? [word.slice(0, -3), `${word.slice(0, -3)}s`] : [word];
  return { expression: new RegExp(`^${source}$`), names, words, letters };
}

/** The entries of a section: whole texts, and patterns by word. */
class Section {
  constructor() {
    this.whole = new Map();
    this.under = new Map();
  }

  add({ english, other }) {
    if (!/\{|\(s\)/.test(english)) {
      this.whole.set(plain(english), other);
      return;
    }
    const pattern = { ...compile(english), other: other.split(HOLE) };
    for (const word of pattern.words) {
      const list = this.under.get(word) ?? [];
      list.push(pattern);
      list.sort((a, b) => b.letters - a.letters);
      this.under.set(word, list);
    }
  }

  /** Patterns that may fit, those with most letters first. */
  fitting(text) {
    const lists = [this.under.get("") ?? []];
    for (const word of new Set(text.match(/[A-Za-z]+/g))) {
      if (this.under.has(word)) lists.push(this.under.get(word));
    }
    return lists.length === 1 ? lists[0] : lists.flat().sort((a, b) => b.letters - a.letters);
  }
}

/** All that is known in a language. */
export class Catalogue {
  constructor(language) {
    this.rules = new Intl.PluralRules(language);
    const { pluralCategories } = this.rules.resolvedOptions();
    this.forms = ORDER.filter((form) => pluralCategories.includes(form));
    this.sections = new Map([["", new Section()]]);
    const parts = new Intl.NumberFormat(language, { useGrouping: true }).formatToParts(1_234_567);
    this.group = parts.find(({ type }) => type === "group")?.value ?? "";
    this.cache = new Map();
  }

  add(entries) {
    for (const entry of entries) {
      if (!this.sections.has(entry.section)) this.sections.set(entry.section, new Section());
      this.sections.get(entry.section).add(entry);
    }
    this.cache.clear();
  }

  /** A text in this language, as far as it is known; spaces around it stay. */
  say(text) {
    if (!/[A-Za-z]/.test(text)) return this.number(text);
    const known = this.cache.get(text);
    if (known !== undefined) return known;
    if (this.cache.size >= CACHE) this.cache.clear();
    const [, before, body, after] = /^(\s*)(.*?)(\s*)$/s.exec(text);
    // What is printed in lines and columns is said piece by piece.
    const pieces = body.split(/(\n\s*|  +)/);
    const said = before + pieces.map((one, nth) => (nth % 2 === 0 ? this.translate(one) : one)).join("") + after;
    this.cache.set(text, said);
    return said;
  }

  /** Whether all of a text is known. */
  knows(text) {
    const body = plain(text);
    return this.find("", body) !== null || body.split(SENTENCES).every((one) => this.find("", one) !== null);
  }

  /** One text: as a whole, else sentence by sentence, else as it is. */
  translate(text) {
    const whole = this.sections.get("").whole.get(text);
    if (whole !== undefined) return whole;
    const sentences = text.split(SENTENCES);
    const said = sentences.map((sentence) => this.find("", sentence));
    if (!said.includes(null)) return said.join(" ");
    return this.find("", text) ?? said.map((one, nth) => one ?? sentences[nth]).join(" ");
  }

  /** A text by the entries of one section, or null. */
  find(name, text) {
    const section = this.sections.get(name);
    if (!section) return null;
    const whole = section.whole.get(text);
    if (whole !== undefined) return whole;
    for (const pattern of section.fitting(text)) {
      const found = pattern.expression.exec(text);
      const filled = found && this.fill(pattern, found);
      if (filled !== null) return filled;
    }
    return null;
  }

  /** The other side of a pattern with its holes filled, or null when a hole holds what it must not. */
  fill(pattern, found) {
    const holes = new Map();
    for (const [nth, name] of pattern.names.entries()) {
      const text = found[nth + 1];
      const said = this.hole(kind(name), text);
      if (said === null) return null;
      holes.set(name, said);
    }
    return pattern.other.map((part, nth) => (nth % 2 === 0 ? part : this.put(part, holes))).join("");
  }

  /** A number in thousands as this language writes it: elsewhere a comma begins what is less than one. */
  number(text) {
    return /^\s*\d{1,3}(?:,\d{3})+\s*$/.test(text) ? text.replaceAll(",", this.group) : text;
  }

  hole(kind, text) {
    if (kind === "n") return this.number(text);
    if (kind === "t") return this.translate(text);
    return kind in KINDS ? text : this.find(kind, text);
  }

  /** What stands for a hole: its text, or the form that fits its number. */
  put(hole, holes) {
    const [name, forms] = hole.split(":");
    const text = holes.get(name) ?? "";
    if (forms === undefined) return text;
    const choices = forms.split("|");
    const form = this.forms.indexOf(this.rules.select(Number(text.replace(/[,\s]/g, ""))));
    return choices[Math.min(form, choices.length - 1)];
  }
}
