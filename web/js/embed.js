// The page inside of another one: only stage and time bar, and the page around it may ask it, where the address
// says so: `?embed` hears pages of the same origin, `?embed=https://course.example` those of that one. Nobody else is
// heard, and no other window than the one right around this one.
//
//   ask      {glasshouse: "exec", id: 7, value: "kill leader"}
//   answer   {glasshouse: "answer", id: 7, result: "OK\n"}, or error: "<sentence>" in place of the result
//
// What can be asked is what `window.glasshouse` has (web/src/api.rs).

const ASKED = ["exec", "status", "seek", "link", "actions", "branches", "traceHash", "lesson"];

/** Begins to listen, if the address says that this page is embedded; `asked` are the messages that came before. */
export function embed(asked) {
  const allowed = new URLSearchParams(location.search).get("embed");
  if (allowed === null) return;
  document.documentElement.dataset.embed = "";
  const origin = allowed || location.origin;
  const hear = ({ data, origin: from, source }) => {
    if (source === window.parent && from === origin && typeof data?.glasshouse === "string") answer(data, source, origin);
  };
  asked.forEach(hear);
  window.addEventListener("message", hear);
}

async function answer({ glasshouse: name, id, value }, to, origin) {
  const said = { glasshouse: "answer", id };
  try {
    if (!ASKED.includes(name)) throw new Error(`Nothing here is called ${JSON.stringify(name.slice(0, 40))}: ask for ${ASKED.join(", ")}.`);
    await window.glasshouse.ready;
    said.result = await window.glasshouse[name](value);
  } catch (error) {
    said.error = String(error.message || error);
  }
  to.postMessage(said, origin);
}
