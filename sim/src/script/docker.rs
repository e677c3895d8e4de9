//! The walkthroughs' own lines: Docker and a shell around etcdctl.
//!
//! The texts that the lessons start from type `docker stop etcd2` and
//! `docker exec 546 /bin/sh -c "export ETCDCTL_API=3 && /usr/local/bin/etcdctl get foo"`. Whoever
//! pastes such a line gets what it meant there:
//!
//! ```text
//!   docker stop|kill|start|restart|pause|unpause X     stop, kill, restart, ..., freeze, thaw X
//!   docker exec -it X CMD ...                          CMD with X's own address as endpoint
//!   sh -c "export A=B && CMD"                          CMD
//!   $ ETCDCTL_API=3 CMD                                CMD
//! ```

use super::ParseError;
use super::command::Command;
use super::parse::{self, who};
use super::words::{self, Words};

/// Shells within shells that are looked into; more is no walkthrough.
const DEPTH_MAX: u32 = 2;

/// Takes off what stands before a command in a transcript: a prompt and settings for one command.
pub(super) fn strip_prompt(words: &mut Words) {
    let prompt = |word: &str| matches!(word, "$" | ">" | "sudo");
    let setting = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            name.starts_with("ETCDCTL_")
                && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        })
    };
    let skip = words.words.iter().take_while(|word| prompt(word) || setting(word)).count();
    words.words.drain(..skip);
}

/// Reads `docker ...` and `sh -c ...`.
pub(super) fn command(mut words: Words, depth: u32) -> Result<Command, ParseError> {
    if depth == DEPTH_MAX {
        return Err(ParseError::new(
            "Type the command itself, without the shells around it.".to_string(),
        ));
    }
    if words.words[0] != "docker" {
        return shell(words, depth);
    }
    let verb = words.words.get(1).cloned().unwrap_or_default();
    if verb == "exec" {
        words.words.drain(..2);
        let flags = words.words.iter().take_while(|word| word.starts_with('-')).count();
        words.words.drain(..flags);
        if words.words.len() < 2 {
            return Err(ParseError::new(
                "Write it like docker exec n2 etcdctl get foo.".to_string(),
            ));
        }
        let at = who(&words.words.remove(0))?;
        return match parse::command(words, depth + 1)? {
            Command::Etcdctl(mut call) if call.at.is_none() && call.client.is_none() => {
                call.at = Some(at);
                Ok(Command::Etcdctl(call))
            }
            _ => Err(ParseError::new(
                "Inside a member only etcdctl can be run. Write it like docker exec n2 etcdctl get foo."
                    .to_string(),
            )),
        };
    }
    let ours = match verb.as_str() {
        "stop" => "stop",
        "kill" => "kill",
        "start" | "restart" => "restart",
        "pause" => "freeze",
        "unpause" => "thaw",
        _ => {
            return Err(ParseError::new(
                "Of Docker there are stop, kill, start, pause, unpause and exec. Write it like docker stop n2."
                    .to_string(),
            ));
        }
    };
    words.words.splice(..2, [ours.to_string()]);
    parse::command(words, depth + 1)
}

/// `sh -c "export A=B && CMD"`: the last of the commands, the others may only be settings.
fn shell(words: Words, depth: u32) -> Result<Command, ParseError> {
    let wrong = || ParseError::new("Write it like sh -c \"etcdctl get foo\".".to_string());
    let [_, flag, text] = words.words.as_slice() else { return Err(wrong()) };
    if flag != "-c" {
        return Err(wrong());
    }
    let (settings, last) = text.rsplit_once("&&").unwrap_or(("", text));
    if !settings
        .split("&&")
        .map(str::trim)
        .all(|part| part.is_empty() || part.starts_with("export "))
    {
        return Err(ParseError::new("Type one command on each line.".to_string()));
    }
    let mut inner = words::split(last)?;
    if words.stdin.is_some() {
        inner.stdin = words.stdin;
    }
    parse::command(inner, depth + 1)
}
