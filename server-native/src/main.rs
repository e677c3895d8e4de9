//! `glasshouse`: a member of a cluster; or, called with `ctl` or under the name `etcdctl`, the command
//! line that talks to one; or, called with `utl` or under the name `etcdutl`, the one for files.

use std::process::ExitCode;
use std::sync::Arc;

use glasshouse_server::config::{self, Command, FlagError, Notice, Settings, USAGE};
use glasshouse_server::log::{Level, Log};
use glasshouse_server::{ctl, process, server, utl};

/// Millions of small buffers come and go; this allocator is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (program, mut args) = process::arguments();
    match program.as_str() {
        "etcdctl" => return ctl::main(args),
        "etcdutl" => return utl::main(args),
        _ => {}
    }
    match args.first().and_then(|first| first.to_str()) {
        Some("ctl") => return ctl::main(args.split_off(1)),
        Some("utl") => return utl::main(args.split_off(1)),
        _ => {}
    }
    match process::as_text(args) {
        Ok(args) => serve(args),
        Err(why) => {
            glasshouse_console::write_aside(format!("{why}\n{USAGE}"));
            ExitCode::from(2)
        }
    }
}

fn serve(args: Vec<String>) -> ExitCode {
    match config::parse(args, process::environment()) {
        Ok(Command::Help) => print(&config::help()),
        Ok(Command::Version) => print(&version()),
        Ok(Command::Serve(settings, notices)) => run(&settings, &notices),
        Err(FlagError::Syntax(why)) => {
            glasshouse_console::write_aside(format!("{why}\n{USAGE}"));
            ExitCode::from(2)
        }
        Err(FlagError::Invalid(why)) => {
            Log::stderr().error("failed to verify flags", &[("error", why.into())]);
            ExitCode::FAILURE
        }
        Err(error @ FlagError::Conflict { .. }) => {
            let text = error.to_string();
            let FlagError::Conflict { variable } = error else { return ExitCode::FAILURE };
            Log::stderr().fatal(&text, &[("environment-variable", variable.into())]);
            ExitCode::FAILURE
        }
    }
}

fn run(settings: &Settings, notices: &[Notice]) -> ExitCode {
    let log = match Log::new(settings.log_level, &settings.log_outputs) {
        Ok(log) => Arc::new(log),
        Err(error) => {
            Log::stderr().fatal("failed to open the log", &[("error", error.to_string().into())]);
            return ExitCode::FAILURE;
        }
    };
    for notice in notices {
        log.at(notice.level, notice.message, &notice.fields);
    }
    match server::run(settings, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.at(
                Level::Fatal,
                "failed to start or go on",
                &[("error", error.to_string().into())],
            );
            ExitCode::FAILURE
        }
    }
}

fn version() -> String {
    format!(
        "etcd Version: {}\nGlasshouse Version: {}\nRust OS/Arch: {}/{}\n",
        glasshouse_core::VERSION,
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

fn print(text: &str) -> ExitCode {
    glasshouse_console::try_write(text).map_or_else(ExitCode::from, |()| ExitCode::SUCCESS)
}
