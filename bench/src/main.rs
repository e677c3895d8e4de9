//! The command line of `glasshouse-bench`; the library says how it measures.
#![allow(clippy::print_stderr, reason = "a tool tells its user what went wrong")]

use std::process::ExitCode;

use glasshouse_bench::{Failure, run};

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(sentence)) => {
            eprintln!("glasshouse-bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}
