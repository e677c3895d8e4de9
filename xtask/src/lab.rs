//! `cargo xtask lab`: from a fresh clone to the page in a browser.

use std::thread;

use glasshouse_console::say;

use crate::serve::{self, Site};
use crate::shell::{NATIVE_CRATES, cargo, run};
use crate::{Failure, Result, page};

/// Builds the page and serves it until the user ends it; beside that it builds the programs.
pub fn lab(port: u16) -> Result<()> {
    // The port first: better to hear at once that it is taken than after the build.
    let (listener, address) = serve::listen(port).map_err(|error| {
        Failure::Failed(format!("port {port} cannot be used ({error}): choose another with --port"))
    })?;
    say!("Building the page (a few minutes the first time)");
    page::build(false)?;
    say!();
    say!("The lab:      http://{address}/   (Ctrl-C ends it)");
    let site = Site { root: page::dist(), prefix: "/".to_owned() };
    // Nobody has to wait for the programs to look at the page.
    let serving = thread::spawn(move || serve::serve(&listener, &site));
    say!("Building the programs (a few minutes the first time)");
    match build_programs() {
        Ok(()) => say!("The programs: target/debug/glasshouse, target/debug/glasshouse-lab"),
        Err(Failure::Failed(why) | Failure::Usage(why)) => {
            say!("The programs could not be built ({why}); the lab is served on.");
        }
    }
    serving.join().expect("serving goes on until the user ends it");
    Ok(())
}

/// Builds the native programs into `target/debug`. All crates at once, as the tests build them:
/// cargo chooses features for a whole command, and any other choice compiles everything once more.
pub fn build_programs() -> Result<()> {
    run(&mut cargo(&[&["build", "--bins"], NATIVE_CRATES.as_slice()].concat()))
}
