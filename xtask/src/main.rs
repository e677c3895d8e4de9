//! `cargo xtask`: the command line.

use std::process::ExitCode;

use glasshouse_console::note;
use xtask::args::Args;
use xtask::traces::Run;
use xtask::{Failure, Result, checks, figures, lab, page, traces};

const HELP: &str = "\
cargo xtask lab [--port 8080]      builds the page and the programs, serves the page
cargo xtask test [CHECK ...]       all checks, or those named; installs what it lacks
cargo xtask page [--release]       builds the page into dist/; --release also shrinks it
cargo xtask wasm-trace --seed S --nodes N --seconds T
                                   prints the hash of one simulated run in wasm
cargo xtask determinism [--seeds 200] [--seconds 60] [--browser 20]
                                   native twice = Node.js (= Chromium on the first 20)
cargo xtask figures                measures the numbers that README states
";

fn main() -> ExitCode {
    match command(Args::new(std::env::args().skip(1).collect())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => {
            note!("{sentence}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(sentence)) => {
            note!("\nxtask: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn command(mut args: Args) -> Result<()> {
    match args.command() {
        "lab" => {
            let port = args.number("--port", 8080)?;
            args.finish()?;
            let port = u16::try_from(port)
                .map_err(|_| Failure::Usage(format!("cargo xtask lab: there is no port {port}")))?;
            lab::lab(port)
        }
        "test" => {
            let names = args.names();
            args.finish()?;
            checks::test(&names)
        }
        "page" => {
            let release = args.switch("--release");
            args.finish()?;
            page::build(release)
        }
        "wasm-trace" => {
            let run = Run {
                seed: args.number("--seed", 1)?,
                nodes: args.number("--nodes", 3)?,
                seconds: args.number("--seconds", 60)?,
            };
            args.finish()?;
            traces::wasm_trace(run)
        }
        "determinism" => {
            let seeds = args.number("--seeds", 200)?;
            let seconds = args.number("--seconds", 60)?;
            let browser = args.number("--browser", 20)?;
            args.finish()?;
            traces::determinism(seeds, seconds, browser)
        }
        "figures" => {
            args.finish()?;
            figures::figures()
        }
        "" | "help" | "--help" | "-h" => {
            glasshouse_console::write(HELP);
            Ok(())
        }
        other => Err(Failure::Usage(format!(
            "cargo xtask: there is no command `{other}`; `cargo xtask help` lists them"
        ))),
    }
}
