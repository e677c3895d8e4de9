//! `--help`, made from the table of flags.

use std::fmt::Write as _;

use super::flags::{Flag, Kind, Support};
use super::table::GROUPS;

/// What is printed when a flag cannot be read.
pub const USAGE: &str = "\
Usage:
  glasshouse [flags]         run a member of a cluster
  glasshouse ctl COMMAND     talk to a cluster, as etcdctl does
  glasshouse utl COMMAND     look after files while no member runs, as etcdutl does
  glasshouse --version       print the version
  glasshouse --help          print all flags
";

/// The text of `--help`.
#[must_use]
pub fn help() -> String {
    let mut text = format!(
        "{USAGE}\n\
         Every flag may come from the environment instead: --data-dir is ETCD_DATA_DIR.\n"
    );
    for (title, flags) in GROUPS {
        let _ = writeln!(text, "\n{title}:");
        for flag in *flags {
            let _ = writeln!(text, "  {}\n    {}", heading(flag), description(flag));
        }
    }
    text
}

fn heading(flag: &Flag) -> String {
    match flag.kind {
        Kind::Bool | Kind::Uint | Kind::Int | Kind::Duration => {
            format!("--{} {}", flag.name, flag.default)
        }
        Kind::Text | Kind::Urls | Kind::Origins | Kind::OneOf(_) => {
            format!("--{} '{}'", flag.name, flag.default)
        }
    }
}

fn description(flag: &Flag) -> String {
    let remark = match flag.support {
        Support::Works => "",
        Support::NoEffect => " (accepted, without effect)",
        Support::NotYet => " (not supported yet)",
    };
    format!("{}{remark}", flag.help)
}
