// Starts the page's own module. Both files carry the build's name in their address, so a browser
// never pairs the halves of two builds; whatever fails is told in the shell's one sentence.

const build = document.querySelector('meta[name="build"]').content;

async function start() {
  const { embed } = await import(`./embed.js?${build}`);
  embed();
  const page = await import(`./glasshouse-web.js?${build}`);
  await page.default({ module_or_path: new URL(`glasshouse-web_bg.wasm?${build}`, import.meta.url) });
}

const started = start();
// `glasshouse.ready` can be awaited at once; the page puts its own `glasshouse` in this one's place.
window.glasshouse = { ready: started.then(() => window.glasshouse.ready) };
window.glasshouse.ready.catch(() => {});

started.catch((error) => {
  const says = document.getElementById("shell-says");
  if (says) says.textContent = `The page could not start: ${error.message || error}. Reload it, or use a browser that knows WebAssembly.`;
});
