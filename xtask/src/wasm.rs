//! Just enough of the wasm format to say what a module wants from its host, and to name its functions.
//!
//! ```text
//! module  = "\0asm" version:u32le section*
//! section = id:u8 length:leb128 payload[length]
//! import section (id 2) = count:leb128 (module:name field:name kind:u8 description)*
//! code section (id 10) = count:leb128 (length:leb128 body[length])*
//! custom section (id 0) = name payload; "name" holds (part:u8 length:leb128 payload)*,
//!           part 1 = count:leb128 (function:leb128 name)*
//! name    = length:leb128 utf8[length]
//! ```
//!
//! A module without an import section can be told nothing but what its callers pass in: no clock,
//! no randomness, no network. This is what makes a seed mean the same thing everywhere.

use crate::{Failure, Result};

const HEAD: &[u8] = b"\0asm\x01\0\0\0";
const CUSTOM_SECTION: u8 = 0;
const IMPORT_SECTION: u8 = 2;
const CODE_SECTION: u8 = 10;
/// The custom section that debuggers read, and its part about functions.
const NAMES: &str = "name";
const FUNCTION_NAMES: u8 = 1;

/// The module and field of each import, in order.
pub fn imports(module: &[u8]) -> Result<Vec<String>> {
    section(module, IMPORT_SECTION)?.map_or(Ok(Vec::new()), names)
}

/// The code of each function that the module has itself, in order.
pub fn bodies(module: &[u8]) -> Result<Vec<&[u8]>> {
    let Some(mut reader) = section(module, CODE_SECTION)? else { return Ok(Vec::new()) };
    (0..reader.number()?)
        .map(|_| {
            let length = reader.number()?;
            reader.take(length)
        })
        .collect()
}

/// The module with these names for the functions it has itself, in order. All its imports must be functions.
pub fn with_names(module: &[u8], names: &[String]) -> Result<Vec<u8>> {
    let imported = imports(module)?.len();
    let mut list = leb128(names.len());
    for (place, name) in names.iter().enumerate() {
        list.extend(leb128(imported + place));
        list.extend(text(name));
    }
    let mut payload = text(NAMES);
    payload.push(FUNCTION_NAMES);
    payload.extend(leb128(list.len()));
    payload.extend(list);

    let mut named = module[..HEAD.len()].to_vec();
    for section in sections(module)? {
        let old = section.id == CUSTOM_SECTION && section.reader().name()? == NAMES;
        if !old {
            named.extend(section.whole);
        }
    }
    named.push(CUSTOM_SECTION);
    named.extend(leb128(payload.len()));
    named.extend(payload);
    Ok(named)
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = leb128(text.len());
    bytes.extend(text.as_bytes());
    bytes
}

struct Section<'a> {
    id: u8,
    /// What it holds.
    payload: &'a [u8],
    /// The same with id and length before it.
    whole: &'a [u8],
}

impl<'a> Section<'a> {
    fn reader(&self) -> Reader<'a> {
        Reader { bytes: self.payload }
    }
}

fn sections(module: &[u8]) -> Result<Vec<Section<'_>>> {
    let mut reader = Reader { bytes: module };
    if reader.take(HEAD.len())? != HEAD {
        return Err(broken("its first eight bytes are not those of wasm, version 1"));
    }
    let mut sections = Vec::new();
    while !reader.bytes.is_empty() {
        let from = reader.bytes;
        let id = reader.take(1)?[0];
        let length = reader.number()?;
        let payload = reader.take(length)?;
        let whole = &from[..from.len() - reader.bytes.len()];
        sections.push(Section { id, payload, whole });
    }
    Ok(sections)
}

fn section(module: &[u8], id: u8) -> Result<Option<Reader<'_>>> {
    Ok(sections(module)?.iter().find(|section| section.id == id).map(Section::reader))
}

fn names(mut reader: Reader<'_>) -> Result<Vec<String>> {
    let mut imports = Vec::new();
    for _ in 0..reader.number()? {
        let name = format!("{}.{}", reader.name()?, reader.name()?);
        let kind = reader.take(1)?[0];
        imports.push(name);
        match kind {
            0 => drop(reader.number()?), // a function: the number of its type
            3 => drop(reader.take(2)?),  // a global: value type and mutability
            // A table or a memory: its limits have several forms, and one import is enough to
            // refuse a module, so the list may end here.
            _ => break,
        }
    }
    Ok(imports)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.bytes.split_at_checked(length).ok_or_else(|| broken("it ends too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// An unsigned number in LEB128: seven bits in each byte, the lowest first.
    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(broken("a number in it has more than 32 bits"))
    }

    fn name(&mut self) -> Result<String> {
        let length = self.number()?;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }
}

fn broken(why: &str) -> Failure {
    Failure::Failed(format!("not a wasm module: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_section_no_import() {
        assert!(imports(HEAD).unwrap().is_empty());
        let custom_section = [HEAD, &[0, 3, 1, b'x', 9]].concat();
        assert!(imports(&custom_section).unwrap().is_empty());
    }

    #[test]
    fn functions_and_globals_are_listed() {
        let section = [2, 15, 2, 1, b'e', 1, b'f', 0, 0, 3, b'e', b'n', b'v', 1, b'g', 3, 0x7f];
        let mut module = [HEAD, &section].concat();
        module.push(0);
        module[9] += 1;
        assert_eq!(imports(&module).unwrap(), ["e.f", "env.g"]);
    }

    #[test]
    fn functions_are_named_anew() {
        let import = [2, 7, 1, 1, b'e', 1, b'f', 0, 0];
        let code = [10, 6, 2, 2, 0, 11, 1, 7];
        let old = [0, 9, 4, b'n', b'a', b'm', b'e', 1, 2, 0, 0];
        let module = [HEAD, &import, &old, &code].concat();
        assert_eq!(bodies(&module).unwrap(), [&[0, 11][..], &[7]]);

        let names = [0, 14, 4, b'n', b'a', b'm', b'e', 1, 7, 2, 1, 1, b'b', 2, 1, b'a'];
        let named = with_names(&module, &["b".to_owned(), "a".to_owned()]).unwrap();
        assert_eq!(named, [HEAD, &import, &code, &names].concat());
    }

    #[test]
    fn bytes_that_are_not_wasm_are_refused() {
        assert!(imports(b"MZ").is_err());
        assert!(imports(&[HEAD, &[2, 200]].concat()).is_err());
    }
}
