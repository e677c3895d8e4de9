//! Command lines: flags are taken out one by one, and what is left over is a mistake.

use crate::{Failure, Result};

/// The words after the command's name.
pub struct Args {
    command: String,
    words: Vec<String>,
}

impl Args {
    /// Splits a command line into its command and the words after it.
    pub fn new(mut words: Vec<String>) -> Self {
        let command = if words.is_empty() { String::new() } else { words.remove(0) };
        Self { command, words }
    }

    /// The command's name, empty when there is none.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Takes a switch such as `--release`; true when it is there.
    pub fn switch(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() != before
    }

    /// Takes `NAME NUMBER` or `NAME=NUMBER`; `default` when the flag is absent.
    pub fn number(&mut self, name: &str, default: u64) -> Result<u64> {
        let Some(text) = self.value(name)? else { return Ok(default) };
        text.parse().map_err(|_| self.usage(&format!("{name} wants a number, not `{text}`")))
    }

    /// Takes what stands before the first flag, for example the names of checks.
    pub fn names(&mut self) -> Vec<String> {
        let flag = self.words.iter().position(|word| word.starts_with('-'));
        self.words.drain(..flag.unwrap_or(self.words.len())).collect()
    }

    /// Fails when a word is left that nobody asked for.
    pub fn finish(&self) -> Result<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(self.usage(&format!("`{word}` is not known"))),
        }
    }

    fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.words.iter().position(|word| {
            word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        }) else {
            return Ok(None);
        };
        let word = self.words.remove(at);
        if let Some((_, value)) = word.split_once('=') {
            return Ok(Some(value.to_owned()));
        }
        if at == self.words.len() {
            return Err(self.usage(&format!("{name} wants a value")));
        }
        Ok(Some(self.words.remove(at)))
    }

    fn usage(&self, what: &str) -> Failure {
        Failure::Usage(format!(
            "cargo xtask {}: {what}; `cargo xtask help` shows how",
            self.command
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn flags_in_both_spellings() {
        let mut args = args("lab --port 9000 --release --seed=7");
        assert_eq!(args.command(), "lab");
        assert_eq!(args.number("--port", 8080).unwrap(), 9000);
        assert_eq!(args.number("--seed", 1).unwrap(), 7);
        assert_eq!(args.number("--nodes", 3).unwrap(), 3);
        assert!(args.switch("--release"));
        args.finish().unwrap();
    }

    #[test]
    fn mistakes_are_usage() {
        assert!(matches!(args("lab --port").number("--port", 1), Err(Failure::Usage(_))));
        assert!(matches!(args("lab --port x").number("--port", 1), Err(Failure::Usage(_))));
        assert!(matches!(args("lab --prot 1").finish(), Err(Failure::Usage(_))));
    }

    #[test]
    fn names_end_at_the_first_flag() {
        let mut args = args("test fmt clippy --quick");
        assert_eq!(args.names(), ["fmt", "clippy"]);
        assert!(args.switch("--quick"));
    }
}
