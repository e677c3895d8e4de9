//! A text, cut into words and signs.

use super::Wrong;

/// Longest text of a goal, in bytes: a screen of it.
pub(super) const TEXT_BYTES_MAX: usize = 4_096;

/// A word or a sign.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or a word of the language.
    Word(String),
    Number(f64),
    /// Microseconds.
    Duration(u64),
    Text(String),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 23] = [
    "!=", "<=", ">=", "=", "<", ">", "~", "+", "-", "*", "/", "|", "@", "(", ")", "[", "]", "{",
    "}", ",", ":", ";", ".",
];

/// Cuts a text. Each token comes with the byte at which it begins.
pub(super) fn cut(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    if text.len() > TEXT_BYTES_MAX {
        let sentence =
            format!("It is {} bytes long, and {TEXT_BYTES_MAX} are the most.", text.len());
        return Err(Wrong { at: TEXT_BYTES_MAX, sentence });
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        if letter.is_whitespace() {
            at += letter.len_utf8();
        } else if letter == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if letter == '"' {
            let (word, length) = quoted(rest).ok_or_else(|| Wrong {
                at,
                sentence: "This text has no closing quote.".to_owned(),
            })?;
            tokens.push((at, Token::Text(word)));
            at += length;
        } else if letter.is_ascii_digit() {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
            let mut length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            // A point at the end is a sign of its own.
            length = rest[..length].trim_end_matches('.').len();
            let word = &rest[..length];
            tokens.push((at, number(word).ok_or_else(|| Wrong {
                at,
                sentence: format!(
                    "\"{word}\" is no number and no duration. Write it like 12, 0.5, 300ms or 1.5s."
                ),
            })?));
            at += length;
        } else if letter.is_alphabetic() || letter == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            tokens.push((at, Token::Word(rest[..length].to_owned())));
            at += length;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push((at, Token::Sign(sign)));
            at += sign.len();
        } else {
            let sentence = format!("\"{}\" means nothing here.", letter.escape_debug());
            return Err(Wrong { at, sentence });
        }
    }
    tokens.push((text.len(), Token::End));
    Ok(tokens)
}

/// The text in quotes, and how many bytes it takes. `\"` and `\\` are a quote and a backslash.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut word = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((word, at + 1)),
            '\\' => word.push(letters.next()?.1),
            other => word.push(other),
        }
    }
    None
}

fn number(word: &str) -> Option<Token> {
    if word.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return crate::script::units::duration_us(word).ok().map(Token::Duration);
    }
    let plain = word.len() <= 15 && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    word.parse().ok().filter(|_| plain).map(Token::Number)
}
