// The page in another language. Only who wants one loads this file.
//
// The page is drawn in English, by code that knows no other language. This stands behind it: it watches what
// changes in the document and writes the other language over it, out of a catalogue (catalogue.js).
//
//   page draws "n3 leads term 2."  ──►  the browser notes a change  ──►  "n3 — лидер, терм 2."
//
// The page's own code never reads texts back: it compares with what it drew last, so it does not notice.
// Each node keeps its English, which comes back when English is chosen.
//
// Left alone: everything under translate="no", and code. An element with data-whole is one text, with
// `code` and **bold** inside; on both sides its marks come in the same order. An element with data-catalogue
// names a catalogue more that its texts need: a lesson's.

const build = new URL(import.meta.url).search;
const { Catalogue, read } = await import(`./catalogue.js${build}`);

const ATTRIBUTES = ["aria-label", "aria-description", "aria-valuetext", "title", "placeholder", "alt"];
const SOURCES = `[${[...ATTRIBUTES, "data-catalogue"].join("],[")}]`;
const KEPT = '[translate="no"],code,script,style';
const NEAR = `${KEPT},[data-whole]`;
const WATCHED = { subtree: true, childList: true, characterData: true, attributes: true };
/** Marked parts of a whole text. */
const MARKS = /(`[^`]+`|\*\*[^*]+\*\*)/;

let catalogue = null;
let language = "en";
let more = new Set();
/** What was drawn in English, and what stands there now: of nodes, and of elements by attribute. */
let texts = new WeakMap();
let attributes = new WeakMap();
const observer = new MutationObserver(changed);

/** Speaks a language from now on; fails when its catalogue cannot be had. */
export async function speak(wanted) {
  language = wanted;
  if (wanted === "en") return restore();
  const next = await load(wanted, wanted, new Catalogue(wanted));
  if (language !== wanted) return;
  if (catalogue) restore();
  catalogue = next;
  more = new Set();
  document.documentElement.lang = wanted;
  visit(document.documentElement);
  observer.observe(document.documentElement, { ...WATCHED, attributeFilter: [...ATTRIBUTES, "data-catalogue"] });
}

/** A text as the page says it in this language: for who searches in what is seen. */
globalThis.glasshouseSays = (text) => (catalogue ? catalogue.say(text) : text);

async function load(wanted, file, into) {
  const response = await fetch(`lang/${file}.txt${build}`);
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${file}.txt`);
  into.add(read(await response.text()).entries);
  return into;
}

/** English again, everywhere. */
function restore() {
  observer.disconnect();
  catalogue = null;
  document.documentElement.lang = "en";
  for (const node of textsOf(document.documentElement)) {
    const known = texts.get(node);
    if (known?.shown === node.nodeValue) node.nodeValue = known.english;
  }
  for (const element of document.querySelectorAll(SOURCES)) {
    for (const [name, known] of attributes.get(element) ?? []) {
      if (element.getAttribute(name) === known.shown) element.setAttribute(name, known.english);
    }
  }
  [texts, attributes] = [new WeakMap(), new WeakMap()];
}

function changed(records) {
  for (const { type, target, addedNodes, attributeName } of records) {
    if (type === "characterData") text(target);
    else if (type === "childList") addedNodes.forEach(visit);
    else if (attributeName === "data-catalogue") further(target);
    else attribute(target, attributeName);
  }
  // What was written here is no news.
  observer.takeRecords();
}

/** Everything in a part of the document. */
function visit(part) {
  if (part.nodeType === Node.TEXT_NODE) return text(part);
  if (part.nodeType !== Node.ELEMENT_NODE || !part.isConnected) return;
  for (const node of textsOf(part)) text(node);
  attributesOf(part);
  part.querySelectorAll(SOURCES).forEach(attributesOf);
}

function attributesOf(element) {
  for (const name of ATTRIBUTES) if (element.hasAttribute(name)) attribute(element, name);
  if (element.hasAttribute("data-catalogue")) further(element);
}

function* textsOf(part) {
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) yield walker.currentNode;
}

/** What the page drew there: what stands there, unless that was written here. */
function english(node) {
  const known = texts.get(node);
  return known?.shown === node.nodeValue ? known.english : node.nodeValue;
}

function write(node, english, shown) {
  texts.set(node, { english, shown });
  if (node.nodeValue !== shown) node.nodeValue = shown;
}

function text(node) {
  const parent = node.parentElement;
  const drawn = english(node);
  // Most of what changes in a picture are numbers; those in thousands are written otherwise elsewhere.
  if (!parent || (!/[A-Za-z]|\d,\d{3}/.test(drawn) && !texts.has(node))) return;
  const near = parent.closest(NEAR);
  const whole = near?.closest("[data-whole]");
  if (whole) sentence(whole);
  else if (!near) write(node, drawn, catalogue.say(drawn));
}

/** A text that runs through several nodes. The page puts text nodes, if only empty ones, around its marks. */
function sentence(element) {
  const [parts, slots] = [[""], [[]]];
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      parts[parts.length - 1] += english(child);
      slots[slots.length - 1].push(child);
    } else if (child.nodeType === Node.ELEMENT_NODE) {
      const inside = [...textsOf(child)];
      const mark = child.localName === "code" ? "`" : "**";
      parts.push(mark + inside.map(english).join("") + mark, "");
      slots.push(inside, []);
    }
  }
  const drawn = parts.join("");
  // Half a paragraph in each language is worse than English.
  const said = catalogue.knows(drawn) ? catalogue.say(drawn).split(MARKS) : [];
  const fits = said.length === parts.length;
  for (const [nth, nodes] of slots.entries()) {
    const part = fits ? said[nth].replace(/^(`|\*\*)(.*)\1$/, "$2") : null;
    nodes.forEach((node, first) => write(node, english(node), part === null ? english(node) : first === 0 ? part : ""));
  }
}

function attribute(element, name) {
  const value = element.getAttribute(name);
  if (value === null || element.closest(KEPT)) return;
  const of = attributes.get(element) ?? new Map();
  const known = of.get(name);
  const drawn = known?.shown === value ? known.english : value;
  const shown = catalogue.say(drawn);
  of.set(name, { english: drawn, shown });
  attributes.set(element, of);
  if (shown !== value) element.setAttribute(name, shown);
}

/** Loads the catalogue that a part of the page needs, once. Without it that part stays English. */
function further(element) {
  // The element may need none any more. A lesson may come from anywhere, and so may its name.
  const name = /^[\w-]+$/.exec(element.dataset.catalogue ?? "")?.[0];
  const file = `${language}/${name}`;
  if (!catalogue || !name || more.has(file)) return;
  more.add(file);
  const into = catalogue;
  const redraw = () => into === catalogue && visit(document.documentElement);
  load(language, file, into).then(redraw, () => {});
}
