//! Writes the JavaScript half of a wasm module: `glasshouse-bindgen MODULE.wasm OUT_DIR NAME`.
//!
//! rustc leaves notes for wasm-bindgen in the module; this reads them, takes them out, and writes
//! `NAME.js` (an ES module) and `NAME_bg.wasm`. A crate of its own, because it draws in thirty
//! others that only the page's build needs.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [module, out_dir, name] = args.as_slice() else {
        return fail("usage: glasshouse-bindgen MODULE.wasm OUT_DIR NAME", 2);
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(false).remove_producers_section(true);
    match bindgen.web(true).and_then(|bindgen| bindgen.generate(out_dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

#[allow(clippy::print_stderr)] // A command speaks to the one who called it.
fn fail(sentence: &str, code: u8) -> ExitCode {
    eprintln!("glasshouse-bindgen: {sentence}");
    ExitCode::from(code)
}
