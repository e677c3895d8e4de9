//! Flags by the rules of pflag, the library behind etcdctl's command line.
//!
//! What users rely on: flags may stand before, between and after the arguments; `--flag value`,
//! `--flag=value`, `-w json`, `-wjson` and `-w=json` mean the same; a bool takes a value only after
//! `=`; `--` ends the flags; a list is separated by commas as in CSV. The errors are pflag's, too.

use super::go;

/// An argument of a command line: bytes, not always UTF-8.
pub(super) type Arg = Vec<u8>;

/// What a flag's value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int64,
    Uint64,
    String,
    Duration,
    /// Comma separated, as one line of CSV.
    StringSlice,
}

/// The declaration of one flag.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) short: Option<char>,
    pub(super) kind: Kind,
    /// As the help prints it.
    pub(super) default: &'static str,
    pub(super) usage: &'static str,
}

impl Flag {
    pub(super) const fn bool(name: &'static str, usage: &'static str) -> Self {
        Self { name, short: None, kind: Kind::Bool, default: "false", usage }
    }

    pub(super) const fn int64(name: &'static str, usage: &'static str) -> Self {
        Self { name, short: None, kind: Kind::Int64, default: "0", usage }
    }

    pub(super) const fn uint64(name: &'static str, usage: &'static str) -> Self {
        Self { name, short: None, kind: Kind::Uint64, default: "0", usage }
    }

    pub(super) const fn string(name: &'static str, usage: &'static str) -> Self {
        Self { name, short: None, kind: Kind::String, default: "", usage }
    }

    pub(super) const fn duration(
        name: &'static str,
        default: &'static str,
        usage: &'static str,
    ) -> Self {
        Self { name, short: None, kind: Kind::Duration, default, usage }
    }

    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    pub(super) const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }
}

/// A flag's value; the variant is the one of its [`Kind`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Bool(bool),
    Int64(i64),
    Uint64(u64),
    String(Arg),
    /// Nanoseconds.
    Duration(i64),
    StringSlice(Vec<Arg>),
}

#[derive(Clone, Debug)]
struct Slot {
    flag: &'static Flag,
    value: Value,
    changed: bool,
}

/// The flags that one command knows, with their values.
#[derive(Clone, Debug, Default)]
pub(super) struct FlagSet {
    slots: Vec<Slot>,
}

impl FlagSet {
    /// The given flags at their defaults.
    pub(super) fn new(flags: impl IntoIterator<Item = &'static Flag>) -> Self {
        let slots = flags
            .into_iter()
            .map(|flag| {
                let value =
                    parse(flag.kind, flag.default.trim_matches(['[', ']']).as_bytes(), None)
                        .expect("a default is valid");
                Slot { flag, value, changed: false }
            })
            .collect();
        Self { slots }
    }

    /// Takes flags out of `argv` and returns the arguments that remain, in order.
    pub(super) fn parse(&mut self, argv: &[Arg]) -> Result<Vec<Arg>, Arg> {
        let mut args = Vec::new();
        let mut rest = argv.iter();
        while let Some(word) = rest.next() {
            match word.as_slice() {
                b"--" => {
                    args.extend(rest.cloned());
                    break;
                }
                [b'-', b'-', ..] => self.parse_long(word, &mut rest)?,
                [b'-', _, ..] => self.parse_short(word, &mut rest)?,
                _ => args.push(word.clone()),
            }
        }
        Ok(args)
    }

    fn parse_long<'a>(
        &mut self,
        word: &'a [u8],
        rest: &mut impl Iterator<Item = &'a Arg>,
    ) -> Result<(), Arg> {
        let body = &word[2..];
        if matches!(body.first(), None | Some(b'-' | b'=')) {
            return Err([b"bad flag syntax: ", word].concat());
        }
        let (name, value) = match body.iter().position(|byte| *byte == b'=') {
            Some(at) => (&body[..at], Some(&body[at + 1..])),
            None => (body, None),
        };
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.flag.name.as_bytes() == name)
        else {
            return Err([b"unknown flag: --", name].concat());
        };
        let value = match (value, slot.flag.kind) {
            (Some(value), _) => value,
            (None, Kind::Bool) => b"true",
            (None, _) => match rest.next() {
                Some(value) => value,
                None => return Err([b"flag needs an argument: ", word].concat()),
            },
        };
        Ok(slot.set(value)?)
    }

    /// One word of short flags: `-w`, `-wjson`, `-w=json`, or several bools at once.
    fn parse_short<'a>(
        &mut self,
        word: &'a [u8],
        rest: &mut impl Iterator<Item = &'a Arg>,
    ) -> Result<(), Arg> {
        let mut shorts = &word[1..];
        while let [short, after @ ..] = shorts {
            let short = char::from(*short);
            let Some(slot) = self.slots.iter_mut().find(|slot| slot.flag.short == Some(short))
            else {
                let what = format!("unknown shorthand flag: {} in -", go::quote_rune(short));
                return Err([what.as_bytes(), shorts].concat());
            };
            let ends_word = match (after, slot.flag.kind) {
                ([b'=', value @ ..], _) if !value.is_empty() => {
                    slot.set(value)?;
                    true
                }
                (_, Kind::Bool) => {
                    slot.set(b"true")?;
                    false
                }
                ([], _) => {
                    let Some(value) = rest.next() else {
                        let what =
                            format!("flag needs an argument: {} in -", go::quote_rune(short));
                        return Err([what.as_bytes(), shorts].concat());
                    };
                    slot.set(value)?;
                    true
                }
                (value, _) => {
                    slot.set(value)?;
                    true
                }
            };
            shorts = if ends_word { &[] } else { after };
        }
        Ok(())
    }

    /// Sets a flag that the command line left alone. A bad value is ignored, as etcdctl does with
    /// its environment.
    pub(super) fn set_from_environment(&mut self, name: &str, value: &str) {
        let slot = self.slots.iter_mut().find(|slot| slot.flag.name == name);
        if let Some(slot) = slot.filter(|slot| !slot.changed) {
            let _ = slot.set(value.as_bytes());
        }
    }

    /// Whether the flag was given.
    pub(super) fn changed(&self, name: &str) -> bool {
        self.slot(name).changed
    }

    pub(super) fn bool(&self, name: &str) -> bool {
        match self.slot(name).value {
            Value::Bool(value) => value,
            _ => unreachable!("--{name} is no bool"),
        }
    }

    pub(super) fn int64(&self, name: &str) -> i64 {
        match self.slot(name).value {
            Value::Int64(value) => value,
            _ => unreachable!("--{name} is no number"),
        }
    }

    pub(super) fn uint64(&self, name: &str) -> u64 {
        match self.slot(name).value {
            Value::Uint64(value) => value,
            _ => unreachable!("--{name} is no natural number"),
        }
    }

    pub(super) fn string(&self, name: &str) -> &[u8] {
        match &self.slot(name).value {
            Value::String(value) => value,
            _ => unreachable!("--{name} is no string"),
        }
    }

    /// Nanoseconds.
    pub(super) fn duration(&self, name: &str) -> i64 {
        match self.slot(name).value {
            Value::Duration(value) => value,
            _ => unreachable!("--{name} is no duration"),
        }
    }

    pub(super) fn string_slice(&self, name: &str) -> &[Arg] {
        match &self.slot(name).value {
            Value::StringSlice(value) => value,
            _ => unreachable!("--{name} is no list"),
        }
    }

    /// A flag's value as pflag prints it.
    pub(super) fn text(&self, name: &str) -> Arg {
        match &self.slot(name).value {
            Value::Bool(value) => value.to_string().into(),
            Value::Int64(value) => value.to_string().into(),
            Value::Uint64(value) => value.to_string().into(),
            Value::String(value) => value.clone(),
            Value::Duration(value) => go::duration(*value).into(),
            Value::StringSlice(value) => [b"[", value.join(&b","[..]).as_slice(), b"]"].concat(),
        }
    }

    fn slot(&self, name: &str) -> &Slot {
        self.slots
            .iter()
            .find(|slot| slot.flag.name == name)
            .expect("commands ask for flags that they declare")
    }
}

impl Slot {
    fn set(&mut self, text: &[u8]) -> Result<(), String> {
        let earlier = match &self.value {
            Value::StringSlice(list) if self.changed => Some(list.as_slice()),
            _ => None,
        };
        match parse(self.flag.kind, text, earlier) {
            Ok(value) => {
                self.value = value;
                self.changed = true;
                Ok(())
            }
            Err(why) => {
                let name = match self.flag.short {
                    Some(short) => format!("-{short}, --{}", self.flag.name),
                    None => format!("--{}", self.flag.name),
                };
                Err(format!("invalid argument {} for {name:?} flag: {why}", go::quote(text)))
            }
        }
    }
}

/// Reads a value; a list is appended to what `earlier` flags of the same name gave.
fn parse(kind: Kind, text: &[u8], earlier: Option<&[Arg]>) -> Result<Value, String> {
    Ok(match kind {
        Kind::Bool => Value::Bool(go::parse_bool(text)?),
        Kind::Int64 => Value::Int64(go::parse_int(text, 0)?),
        Kind::Uint64 => Value::Uint64(go::parse_uint(text, 0)?),
        Kind::String => Value::String(text.to_vec()),
        Kind::Duration => Value::Duration(go::parse_duration(text)?),
        Kind::StringSlice => {
            let mut list = earlier.unwrap_or_default().to_vec();
            list.extend(csv_record(text)?);
            Value::StringSlice(list)
        }
    })
}

/// The first line of `text` as CSV.
fn csv_record(text: &[u8]) -> Result<Vec<Arg>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let (field, end) = csv_field(line, at)?;
        fields.push(field);
        if end >= line.len() {
            return Ok(fields);
        }
        at = end + 1;
    }
}

/// The field that begins at byte `start`, and the place of the comma after it.
fn csv_field(line: &[u8], start: usize) -> Result<(Arg, usize), String> {
    let error = |at: usize, what: &str| Err(format!("parse error on line 1, column {at}: {what}"));
    let rest = &line[start..];
    if rest.first() != Some(&b'"') {
        let length = rest.iter().take_while(|byte| **byte != b',').count();
        return match rest[..length].iter().position(|byte| *byte == b'"') {
            Some(at) => error(start + at + 1, "bare \" in non-quoted-field"),
            None => Ok((rest[..length].to_vec(), start + length)),
        };
    }
    let mut field = Vec::new();
    let mut at = start + 1;
    loop {
        match (line.get(at), line.get(at + 1)) {
            (Some(b'"'), Some(b'"')) => {
                field.push(b'"');
                at += 2;
            }
            (Some(b'"'), None | Some(b',')) => return Ok((field, at + 1)),
            (Some(b'"'), Some(_)) => {
                return error(at + 1, "extraneous or missing \" in quoted-field");
            }
            (Some(byte), _) => {
                field.push(*byte);
                at += 1;
            }
            (None, _) => return error(at + 1, "extraneous or missing \" in quoted-field"),
        }
    }
}
