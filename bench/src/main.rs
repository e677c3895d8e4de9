//! The command line of `glasshouse-bench`; the library says how it measures.

use std::process::ExitCode;

use glasshouse_bench::{Failure, run};
use glasshouse_console::note;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => {
            note!("{sentence}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(sentence)) => {
            note!("glasshouse-bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}
