//! `curl n1/metrics`: a member's page of metrics, as the walkthroughs read it.
//!
//! ```text
//!   curl -s http://etcd2:2379/metrics | grep wal_fsync
//!        ──             │                    └ lines that contain this word
//!        flags without a meaning here
//!                       └ n2, etcd2, leader or follower, with or without scheme and port
//! ```

use super::ParseError;
use super::act;
use super::command::{Command, Who};
use super::parse::who;
use super::units::quoted;
use crate::view::View;
use crate::world::World;

/// What is asked of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curl {
    /// Who serves the page.
    pub member: Who,
    /// Only lines that contain this.
    pub grep: Option<String>,
}

/// Reads what stands behind the word.
pub(super) fn parse(rest: &[&str]) -> Result<Command, ParseError> {
    let usage = || ParseError::new("Write it like curl n1/metrics | grep wal_fsync.".to_string());
    let words: Vec<&str> = rest.iter().copied().filter(|word| !word.starts_with('-')).collect();
    let (url, grep) = match words.as_slice() {
        [url] => (*url, None),
        [url, "|", "grep", text] => (*url, Some((*text).to_string())),
        _ => return Err(usage()),
    };
    let plain = url.strip_prefix("http://").unwrap_or(url);
    let (host, path) = plain.split_once('/').ok_or_else(usage)?;
    if path != "metrics" {
        return Err(ParseError::new(format!(
            "{} is not served here. The page is /metrics.",
            quoted(&format!("/{path}"))
        )));
    }
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let member = match who(host)? {
        many @ (Who::All | Who::Followers | Who::Rest) => {
            return Err(ParseError::new(format!("Name one member here, not {many}.")));
        }
        one => one,
    };
    Ok(Command::Curl(Curl { member, grep }))
}

/// The page.
///
/// # Errors
/// One sentence: there is no such member, or it does not run.
pub(super) fn fetch(world: &World, view: &View, curl: &Curl) -> Result<String, String> {
    let member = act::member(world, &curl.member)?;
    if !world.member_state(member).is_running() {
        let name = member.published_name();
        return Err(format!("curl: (7) Failed to connect to {name} port 2379: connection refused"));
    }
    let page = view.metrics(member);
    let wanted = |line: &&str| curl.grep.as_ref().is_none_or(|text| line.contains(text.as_str()));
    Ok(page.lines().filter(wanted).map(|line| format!("{line}\n")).collect())
}
