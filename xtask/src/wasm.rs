//! Just enough of the wasm format to say what a module wants from its host.
//!
//! ```text
//! module  = "\0asm" version:u32le section*
//! section = id:u8 length:leb128 payload[length]
//! import section (id 2) = count:leb128 (module:name field:name kind:u8 description)*
//! name    = length:leb128 utf8[length]
//! ```
//!
//! A module without an import section can be told nothing but what its callers pass in: no clock,
//! no randomness, no network. This is what makes a seed mean the same thing everywhere.

use crate::{Failure, Result};

const IMPORT_SECTION: u8 = 2;

/// The module and field of each import, in order.
pub fn imports(module: &[u8]) -> Result<Vec<String>> {
    let mut reader = Reader { bytes: module };
    if reader.take(8)? != b"\0asm\x01\0\0\0" {
        return Err(broken("its first eight bytes are not those of wasm, version 1"));
    }
    while !reader.bytes.is_empty() {
        let id = reader.take(1)?[0];
        let length = reader.number()?;
        let payload = reader.take(length)?;
        if id == IMPORT_SECTION {
            return names(Reader { bytes: payload });
        }
    }
    Ok(Vec::new())
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

    const HEAD: &[u8] = b"\0asm\x01\0\0\0";

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
    fn bytes_that_are_not_wasm_are_refused() {
        assert!(imports(b"MZ").is_err());
        assert!(imports(&[HEAD, &[2, 200]].concat()).is_err());
    }
}
