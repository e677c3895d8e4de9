//! Where a JSON value ends, and what is wrong with one: Go's scanner, byte by byte.
//!
//! The gateway's clients see Go's sentences when their JSON is malformed, so the states here are those
//! of Go's `encoding/json`. A scanner is fed as bytes arrive and keeps its place, so a value that comes
//! in many pieces costs no more than one that comes at once. It keeps one bit of state for each open
//! bracket and nothing else.
//!
//! ```text
//!   Value ──{──► KeyOrEnd ──"──► String ──► AfterKey ──:──► Value … AfterValue ──}──► Done
//!                                                             ▲          │
//!                                                             └────,─────┘
//! ```

/// Open brackets that a value may have (Go: `maxNestingDepth`).
const DEPTH_MAX: usize = 10_000;

/// What a byte did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The value goes on.
    More,
    /// The byte is the value's last one.
    Done,
    /// The value ended before this byte, which belongs to what follows.
    DoneBefore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    AfterKey,
    AfterValue,
    String,
    Escape,
    /// Digits of `\u0000` that are still missing.
    Hex(u8),
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    /// A word, and how much of it was seen.
    Word(&'static str, u8),
}

/// Finds the end of one value.
#[derive(Debug)]
pub(super) struct Scanner {
    state: State,
    /// Whether each open bracket is that of an object.
    open: Vec<bool>,
    /// The string is the name of a field.
    in_key: bool,
    /// Something other than space was seen.
    began: bool,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self { state: State::Value, open: Vec::new(), in_key: false, began: false }
    }

    /// A value has begun and has not ended.
    pub(super) fn has_begun(&self) -> bool {
        self.began
    }

    /// No more bytes come: whether the value is whole nevertheless, as only a bare number can be.
    pub(super) fn is_whole_at_end(&self) -> bool {
        use State::{Digits, ExponentDigits, Fraction, Zero};
        self.open.is_empty() && matches!(self.state, Zero | Digits | Fraction | ExponentDigits)
    }

    /// Takes one byte.
    ///
    /// # Errors
    /// Go's sentence about a byte that may not stand here.
    pub(super) fn feed(&mut self, byte: u8) -> Result<Progress, String> {
        use State::*;
        let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.began |= !is_space;
        match (self.state, byte) {
            (Value | ValueOrEnd | KeyOrEnd | Key | AfterKey | AfterValue, _) if is_space => {}
            (ValueOrEnd, b']') => return Ok(self.close()),
            (Value | ValueOrEnd, _) => return self.begin_value(byte),
            (KeyOrEnd, b'}') => return Ok(self.close()),
            (KeyOrEnd | Key, b'"') => (self.state, self.in_key) = (String, true),
            (KeyOrEnd | Key, _) => {
                return Err(wrong(byte, "looking for beginning of object key string"));
            }
            (AfterKey, b':') => self.state = Value,
            (AfterKey, _) => return Err(wrong(byte, "after object key")),
            (AfterValue, _) => return self.after_value(byte),
            (String, b'"') => return Ok(self.end_string()),
            (String, b'\\') => self.state = Escape,
            (String, 0..b' ') => return Err(wrong(byte, "in string literal")),
            (String, _) => {}
            (Escape, b'u') => self.state = Hex(4),
            (Escape, b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.state = String,
            (Escape, _) => return Err(wrong(byte, "in string escape code")),
            (Hex(left), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.state = if left == 1 { String } else { Hex(left - 1) };
            }
            (Hex(_), _) => return Err(wrong(byte, "in \\u hexadecimal character escape")),
            (Word(word, seen), _) => return self.word(word, seen, byte),
            _ => return self.number(byte),
        }
        Ok(Progress::More)
    }

    fn begin_value(&mut self, byte: u8) -> Result<Progress, String> {
        self.state = match byte {
            b'{' => return self.open(byte, true),
            b'[' => return self.open(byte, false),
            b'"' => {
                self.in_key = false;
                State::String
            }
            b'-' => State::Minus,
            b'0' => State::Zero,
            b'1'..=b'9' => State::Digits,
            b't' => State::Word("true", 1),
            b'f' => State::Word("false", 1),
            b'n' => State::Word("null", 1),
            _ => return Err(wrong(byte, "looking for beginning of value")),
        };
        Ok(Progress::More)
    }

    fn open(&mut self, byte: u8, is_object: bool) -> Result<Progress, String> {
        if self.open.len() >= DEPTH_MAX {
            return Err(wrong(byte, "exceeded max depth"));
        }
        self.open.push(is_object);
        self.state = if is_object { State::KeyOrEnd } else { State::ValueOrEnd };
        Ok(Progress::More)
    }

    fn close(&mut self) -> Progress {
        self.open.pop();
        self.end_value()
    }

    fn end_value(&mut self) -> Progress {
        self.state = State::AfterValue;
        if self.open.is_empty() { Progress::Done } else { Progress::More }
    }

    fn end_string(&mut self) -> Progress {
        if std::mem::take(&mut self.in_key) {
            self.state = State::AfterKey;
            return Progress::More;
        }
        self.end_value()
    }

    fn after_value(&mut self, byte: u8) -> Result<Progress, String> {
        match (self.open.last(), byte) {
            (Some(true), b',') => self.state = State::Key,
            (Some(false), b',') => self.state = State::Value,
            (Some(true), b'}') | (Some(false), b']') => return Ok(self.close()),
            (Some(true), _) => return Err(wrong(byte, "after object key:value pair")),
            (Some(false), _) => return Err(wrong(byte, "after array element")),
            (None, _) => return Ok(Progress::DoneBefore),
        }
        Ok(Progress::More)
    }

    fn word(&mut self, word: &'static str, seen: u8, byte: u8) -> Result<Progress, String> {
        let expected = word.as_bytes()[usize::from(seen)];
        if byte != expected {
            let place = format!("in literal {word} (expecting '{}')", char::from(expected));
            return Err(wrong(byte, &place));
        }
        if usize::from(seen) + 1 == word.len() {
            return Ok(self.end_value());
        }
        self.state = State::Word(word, seen + 1);
        Ok(Progress::More)
    }

    fn number(&mut self, byte: u8) -> Result<Progress, String> {
        use State::*;
        self.state = match (self.state, byte) {
            (Minus, b'0') => Zero,
            (Minus, b'1'..=b'9') | (Digits, b'0'..=b'9') => Digits,
            (Minus, _) => return Err(wrong(byte, "in numeric literal")),
            (Zero | Digits, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => Fraction,
            (Point, _) => return Err(wrong(byte, "after decimal point in numeric literal")),
            (Zero | Digits | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => ExponentSign,
            (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => ExponentDigits,
            (Exponent | ExponentSign, _) => {
                return Err(wrong(byte, "in exponent of numeric literal"));
            }
            // The number ended before this byte.
            _ if self.open.is_empty() => return Ok(Progress::DoneBefore),
            _ => {
                self.state = AfterValue;
                return self.feed(byte);
            }
        };
        Ok(Progress::More)
    }
}

/// The end of the first value in `text`, space before it included; 0 when there is none.
///
/// # Errors
/// Go's sentence.
pub(super) fn first_value(text: &[u8]) -> Result<usize, String> {
    let mut scanner = Scanner::new();
    for (at, byte) in text.iter().enumerate() {
        match scanner.feed(*byte)? {
            Progress::More => {}
            Progress::Done => return Ok(at + 1),
            Progress::DoneBefore => return Ok(at),
        }
    }
    match scanner.has_begun() {
        false => Ok(0),
        true if scanner.is_whole_at_end() => Ok(text.len()),
        true => Err("unexpected EOF".to_owned()),
    }
}

/// Go's `invalid character 'x' …`. A byte stands for the character with its number.
fn wrong(byte: u8, place: &str) -> String {
    let quoted = match byte {
        b'\'' => "\\'".to_owned(),
        b'\\' => "\\\\".to_owned(),
        0x07 => "\\a".to_owned(),
        0x08 => "\\b".to_owned(),
        0x0b => "\\v".to_owned(),
        0x0c => "\\f".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        0..b' ' | 0x7f => format!("\\x{byte:02x}"),
        0x80..=0xa0 | 0xad => format!("\\u00{byte:02x}"),
        _ => char::from(byte).to_string(),
    };
    format!("invalid character '{quoted}' {place}")
}
