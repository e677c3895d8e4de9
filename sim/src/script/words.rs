//! Cuts a line into words as a shell does.
//!
//! ```text
//!   put "two words" 'it''s'  a\ b      put · two words · its · a b
//!   get k    # what it holds           get · k
//!   txn <<< "a\n\nb"                   txn, with standard input "a⏎⏎b⏎"
//!   txn <<END⏎a⏎⏎b⏎END                 txn, with standard input "a⏎⏎b⏎"
//! ```
//!
//! A `#` at the beginning of a word starts a comment. There are no variables, no substitutions and
//! no globs: what is typed is what is meant.

use super::ParseError;

/// Longest line that is read, in bytes. A larger value than this does not come from a keyboard.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Most words in one line.
pub const WORDS_MAX: usize = 1024;

/// A line, cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The words, without their quotes.
    pub words: Vec<String>,
    /// What the command reads as its standard input (`<<<` or `<<END`).
    pub stdin: Option<String>,
}

/// Cuts `line`, which may go on over several lines only for `<<END`.
///
/// # Errors
/// An open quote, a line that is too long, an input redirection without its text.
pub fn split(line: &str) -> Result<Words, ParseError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(ParseError::new(format!(
            "This line has {} bytes, a line may have {LINE_BYTES_MAX}. Make it shorter.",
            line.len()
        )));
    }
    let (head, body) = match line.split_once('\n') {
        Some((head, body)) => (head, Some(body)),
        None => (line, None),
    };
    let mut cut = Cut { rest: head.chars().peekable(), words: Words::default() };
    cut.run(body)?;
    Ok(cut.words)
}

/// The word after which `<<END` text ends, if this line begins such a text.
#[must_use]
pub fn here_document(line: &str) -> Option<String> {
    // A line that begins so is input itself.
    let (_, after) = line.split_once("<<").filter(|_| !line.starts_with("< "))?;
    let tag = after.trim();
    let plain = !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| tag.to_string())
}

struct Cut<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    words: Words,
}

impl Cut<'_> {
    fn run(&mut self, body: Option<&str>) -> Result<(), ParseError> {
        loop {
            while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
            match self.rest.peek().copied() {
                None => break,
                Some('#') => break,
                Some('<') if self.rest.clone().nth(1) == Some('<') => return self.input(body),
                Some(_) => {
                    let word = self.word()?;
                    if self.words.words.len() == WORDS_MAX {
                        return Err(ParseError::new(format!(
                            "A line may have {WORDS_MAX} words. Make it shorter."
                        )));
                    }
                    self.words.words.push(word);
                }
            }
        }
        match body {
            Some(body) if !body.trim().is_empty() => {
                Err(ParseError::new("Type one command on each line.".to_string()))
            }
            _ => Ok(()),
        }
    }

    fn word(&mut self) -> Result<String, ParseError> {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| !c.is_whitespace()) {
            match c {
                '\'' => self.single(&mut word)?,
                '"' => self.double(&mut word)?,
                '\\' => word.extend(self.rest.next()),
                other => word.push(other),
            }
        }
        Ok(word)
    }

    fn single(&mut self, word: &mut String) -> Result<(), ParseError> {
        for c in self.rest.by_ref() {
            if c == '\'' {
                return Ok(());
            }
            word.push(c);
        }
        Err(open_quote('\''))
    }

    fn double(&mut self, word: &mut String) -> Result<(), ParseError> {
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return Ok(()),
                '\\' => match self.rest.next() {
                    Some('n') => word.push('\n'),
                    Some('t') => word.push('\t'),
                    Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                    Some(other) => word.extend(['\\', other]),
                    None => return Err(open_quote('"')),
                },
                other => word.push(other),
            }
        }
        Err(open_quote('"'))
    }

    /// `<<< "text"` or `<<END` with the text below.
    fn input(&mut self, body: Option<&str>) -> Result<(), ParseError> {
        let marks = std::iter::from_fn(|| self.rest.next_if_eq(&'<')).take(3).count();
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
        let tag = self.word()?;
        match (marks, body) {
            (3, None) if !tag.is_empty() => self.words.stdin = Some(format!("{tag}\n")),
            (2, Some(body)) if !tag.is_empty() => {
                let mut text = String::new();
                for line in body.lines() {
                    if line == tag {
                        self.words.stdin = Some(text);
                        return Ok(());
                    }
                    text.push_str(line);
                    text.push('\n');
                }
                return Err(ParseError::new(format!(
                    "The text after <<{tag} has no end. Write {tag} on a line of its own."
                )));
            }
            _ => {
                return Err(ParseError::new(
                    "Write <<< \"text\", or <<END with the text below it and END on a line of its own."
                        .to_string(),
                ));
            }
        }
        Ok(())
    }
}

fn open_quote(quote: char) -> ParseError {
    ParseError::new(format!("A quote is open. Close it with {quote}."))
}
