// Judges catalogues with the page's own code: `node catalogue.mjs catalogue.js`, JSON in, JSON out.
//
//   in   {language, files: [text, ...], texts: [text, ...]}: the first file is the language's own
//   out  {name, wrong: [sentence, ...], unknown: [text, ...]}

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Catalogue, compile, read } = await import(pathToFileURL(process.argv[2]));
const { language, files, texts } = JSON.parse(readFileSync(0, "utf8"));
const BUILT_IN = { n: "7", who: "n1", name: "load1", any: "put a 1", t: "All links are whole" };
const wrong = [];
const catalogue = new Catalogue(language);
let name = "";
const entries = files.flatMap((text, nth) => {
  const found = read(text);
  if (nth === 0) name = found.name;
  return found.entries;
});
catalogue.add(entries);

const kind = (hole) => hole.replace(/\d+$/, "");
const complain = ({ line, english }, what) => wrong.push(`line ${line}, ${english}: ${what}`);

/** A text that an entry is made for. `deep` keeps a section whose entries hold its own from running for ever. */
function sample(english, deep = 0) {
  return english.replace(/\(s\)/g, "s").replace(/\{([^{}]*)\}/g, (_, hole) => {
    if (hole.includes("|")) return hole.split("|")[0];
    if (kind(hole) in BUILT_IN) return BUILT_IN[kind(hole)];
    const inside = entries.filter((entry) => entry.section === kind(hole));
    const simple = inside.find((entry) => !entry.english.includes(`{${kind(hole)}`)) ?? inside[0];
    return simple && deep < 5 ? sample(simple.english, deep + 1) : "";
  });
}

const seen = new Set();
for (const entry of entries) {
  const { section, english, other } = entry;
  const key = `[${section}] ${english}`;
  if (seen.has(key)) complain(entry, "this English stands twice");
  seen.add(key);
  const holes = compile(english).names;
  if (new Set(holes).size < holes.length) complain(entry, "two holes have one name");
  for (const hole of holes) {
    if (!(kind(hole) in BUILT_IN) && !catalogue.sections.has(kind(hole))) complain(entry, `there is no section for {${hole}}`);
  }
  for (const [, hole] of other.matchAll(/\{([^{}:]*)[^{}]*\}/g)) {
    if (!holes.includes(hole)) complain(entry, `the English has no hole {${hole}}`);
  }
  for (const hole of holes) {
    if (kind(hole) !== "n" && !other.includes(`{${hole}}`)) complain(entry, `{${hole}} is lost`);
  }
  // What an entry is made for has to come to it and to no other.
  if (/\{|\(s\)/.test(english)) {
    const text = sample(english);
    const found = compile(english).expression.exec(text);
    const own = found && catalogue.fill({ ...compile(english), other: other.split(/\{([^{}]*)\}/) }, found);
    const said = catalogue.find(section, text);
    if (said !== own || own === null) complain(entry, `another entry takes "${text}": ${said}`);
  }
}

process.stdout.write(JSON.stringify({ name, wrong, unknown: texts.filter((text) => !catalogue.knows(text)) }));
