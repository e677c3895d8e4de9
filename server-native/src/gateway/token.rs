//! The tokens of JSON that is known to be well formed, with their places for error texts.

use std::borrow::Cow;

/// What stands at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    ObjectOpen,
    ObjectClose,
    ArrayOpen,
    ArrayClose,
    /// A string, or the name of a field.
    String(Cow<'a, str>),
    /// A number as it is written.
    Number(&'a str),
    Bool(bool),
    Null,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    /// As it is written.
    pub(super) raw: Cow<'a, str>,
    start: usize,
}

/// Reads tokens. Its text has passed [`super::syntax`]; commas and colons are only space to it.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte of the next token.
    pub(super) fn peek(&mut self) -> u8 {
        let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':');
        while self.text.get(self.at).is_some_and(is_between) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// The next token.
    ///
    /// # Errors
    /// A string that is no text, in protobuf's words.
    pub(super) fn next(&mut self) -> Result<Placed<'a>, String> {
        let first = self.peek();
        let (start, text) = (self.at, self.text);
        let (token, end) = match first {
            b'{' => (Token::ObjectOpen, start + 1),
            b'}' => (Token::ObjectClose, start + 1),
            b'[' => (Token::ArrayOpen, start + 1),
            b']' => (Token::ArrayClose, start + 1),
            b'"' => {
                let end = string_end(text, start);
                let inside = text.get(start + 1..end.saturating_sub(1)).unwrap_or_default();
                (Token::String(self.string(start, inside)?), end)
            }
            _ => {
                let is_end = |byte: &u8| {
                    matches!(byte, b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n')
                };
                let length = text[start..].iter().position(is_end).unwrap_or(text.len() - start);
                // Words and numbers are ASCII.
                let word = std::str::from_utf8(&text[start..start + length]).unwrap_or_default();
                let token = match word {
                    "true" => Token::Bool(true),
                    "false" => Token::Bool(false),
                    "null" => Token::Null,
                    number => Token::Number(number),
                };
                (token, start + length)
            }
        };
        self.at = end;
        Ok(Placed { token, raw: String::from_utf8_lossy(&text[start..end]), start })
    }

    /// Passes one value, whatever it is.
    ///
    /// # Errors
    /// A string in it is no text.
    pub(super) fn skip(&mut self) -> Result<(), String> {
        let mut depth = 0_usize;
        loop {
            match self.next()?.token {
                Token::ObjectOpen | Token::ArrayOpen => depth += 1,
                Token::ObjectClose | Token::ArrayClose => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// protobuf's words about a value that does not fit.
    pub(super) fn error(&self, at: &Placed<'_>, what: &str) -> String {
        let (line, column) = self.position(at.start);
        format!("proto: (line {line}:{column}): {what}")
    }

    /// protobuf's words about a token that may not stand there.
    pub(super) fn unexpected(&self, at: &Placed<'_>) -> String {
        self.syntax_error(at.start, &format!("unexpected token {}", at.raw))
    }

    fn syntax_error(&self, start: usize, what: &str) -> String {
        let (line, column) = self.position(start);
        format!("proto: syntax error (line {line}:{column}): {what}")
    }

    /// Line and column, both from 1; columns count characters.
    fn position(&self, start: usize) -> (usize, usize) {
        let before = &self.text[..start];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
    }

    /// The text of a string, its escapes resolved.
    fn string(&self, start: usize, inside: &'a [u8]) -> Result<Cow<'a, str>, String> {
        let Ok(text) = std::str::from_utf8(inside) else {
            return Err(self.syntax_error(start, "invalid UTF-8 in string"));
        };
        if !text.contains('\\') {
            return Ok(Cow::Borrowed(text));
        }
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(escape) = rest.find('\\') {
            resolved.push_str(&rest[..escape]);
            let (character, length) = self.escape(start, &rest[escape..])?;
            resolved.push(character);
            rest = &rest[escape + length..];
        }
        resolved.push_str(rest);
        Ok(Cow::Owned(resolved))
    }

    /// The character that an escape stands for, and the length of the escape.
    fn escape(&self, start: usize, escape: &str) -> Result<(char, usize), String> {
        let simple = match escape.as_bytes().get(1).copied().unwrap_or(0) {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(start, escape),
            other => char::from(other),
        };
        Ok((simple, 2))
    }

    fn unicode(&self, start: usize, escape: &str) -> Result<(char, usize), String> {
        let code = |text: &str| {
            text.strip_prefix("\\u")
                .and_then(|text| text.get(..4))
                .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        };
        let Some(first) = code(escape) else { return Err("proto: unexpected EOF".to_owned()) };
        if let Some(character) = char::from_u32(first.into()) {
            return Ok((character, 6));
        }
        let second = escape.get(6..).and_then(code);
        let pair = second
            .and_then(|second| char::decode_utf16([first, second]).next().and_then(Result::ok));
        pair.map(|character| (character, 12)).ok_or_else(|| {
            let rest: String = escape.chars().skip(6).take(6).collect();
            if rest.len() < 6 {
                return "proto: unexpected EOF".to_owned();
            }
            self.syntax_error(start, &format!("invalid escape code {rest:?} in string"))
        })
    }
}

/// Behind the closing quote of the string that begins at `start`.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}
