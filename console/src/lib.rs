//! What a program says to whoever started it, and how it ends when nobody hears it any more.
//!
//! `println!` panics when it cannot write, so `glasshouse-lab help | head -1` would end in a panic. All that our
//! command lines print goes through here instead:
//!
//! | what happens | what becomes of it |
//! | --- | --- |
//! | the reader of standard output has gone away | the program ends, silently, with exit code 141 |
//! | standard output cannot be written otherwise, as on a full disk | one sentence on standard error, exit code 1 |
//! | standard error cannot be written | nothing: that text is lost, and the work goes on |
//!
//! 141 is what a shell reports of `cat` or `grep` in their place: killed by signal 13, SIGPIPE, and 128 more. Scripts
//! that say `set -o pipefail` know it. 0 would say that the work was done and all is well, but a sweep that ends
//! with its reader knows neither. We say the number and are not killed by the signal, because Rust's programs
//! ignore it from their start (a server must), and to undo that takes code that is not safe.
//!
//! Each text leaves with the call that says it, in one write where the system takes it whole: progress is seen
//! when it is made, and lines of threads do not mix.
//!
//! The server's log is not here: it is `server-native/src/log.rs`, and no output that fails may end a member.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::process;

/// The exit code of a program whose reader has gone away: 128 and the number of SIGPIPE.
pub const READER_GONE: u8 = 141;

/// The exit code of a program that could not write what it had to say.
pub const UNWRITTEN: u8 = 1;

/// Says a line on standard output, in the words of `format!`. The program ends if that cannot be.
#[macro_export]
macro_rules! say {
    () => { $crate::write("\n") };
    ($($words:tt)+) => { $crate::line(format_args!($($words)+)) };
}

/// Says a line on standard error, in the words of `format!`; it is lost if that cannot be.
#[macro_export]
macro_rules! note {
    ($($words:tt)+) => { $crate::aside(format_args!($($words)+)) };
}

/// Writes to standard output, and ends the program if that cannot be.
pub fn write(text: impl AsRef<[u8]>) {
    if let Err(code) = try_write(text) {
        process::exit(code.into());
    }
}

/// Writes to standard output, for programs that end in their own way.
///
/// # Errors
/// The code with which the program is to end; what there is to say of it was said.
pub fn try_write(text: impl AsRef<[u8]>) -> Result<(), u8> {
    // The lock is given back here: whoever ends the program flushes once more.
    let written = deliver(&mut io::stdout().lock(), text.as_ref());
    written.map_err(|error| verdict(&error, &mut io::stderr().lock()))
}

/// What [`say!`] does.
pub fn line(words: fmt::Arguments<'_>) {
    write(format!("{words}\n"));
}

/// What [`note!`] does.
pub fn aside(words: fmt::Arguments<'_>) {
    write_aside(format!("{words}\n"));
}

/// Writes to standard error as far as that goes.
pub fn write_aside(text: impl AsRef<[u8]>) {
    let _ = deliver(&mut io::stderr().lock(), text.as_ref());
}

fn deliver(output: &mut impl Write, text: &[u8]) -> io::Result<()> {
    output.write_all(text)?;
    output.flush()
}

/// The exit code after a failure of standard output, and a sentence for all but the usual one.
fn verdict(error: &io::Error, aside: &mut impl Write) -> u8 {
    if error.kind() == ErrorKind::BrokenPipe {
        return READER_GONE;
    }
    let _ = writeln!(aside, "Standard output cannot be written: {error}.");
    UNWRITTEN
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that counts how often it is asked, and fails as it is told to.
    struct Output {
        fails: Option<ErrorKind>,
        writes: Vec<Vec<u8>>,
        flushed: bool,
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.fails {
                Some(kind) => Err(kind.into()),
                None => {
                    self.writes.push(bytes.to_vec());
                    Ok(bytes.len())
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.flushed = true;
            Ok(())
        }
    }

    fn output(fails: Option<ErrorKind>) -> Output {
        Output { fails, writes: Vec::new(), flushed: false }
    }

    #[test]
    fn a_text_is_one_write_and_leaves_at_once() {
        let mut good = output(None);
        deliver(&mut good, b"1 of 3 seeds\n2 of 3 seeds").unwrap();
        assert_eq!(good.writes, [b"1 of 3 seeds\n2 of 3 seeds"]);
        assert!(good.flushed);
    }

    #[test]
    fn a_reader_that_went_away_is_no_news() {
        let gone = deliver(&mut output(Some(ErrorKind::BrokenPipe)), b"words").unwrap_err();
        let mut aside = Vec::new();
        assert_eq!(verdict(&gone, &mut aside), READER_GONE);
        assert!(aside.is_empty());
    }

    #[test]
    fn anything_else_is_a_sentence() {
        let full = deliver(&mut output(Some(ErrorKind::StorageFull)), b"words").unwrap_err();
        let mut aside = Vec::new();
        assert_eq!(verdict(&full, &mut aside), UNWRITTEN);
        assert_eq!(
            String::from_utf8(aside).unwrap(),
            "Standard output cannot be written: no storage space.\n"
        );
        // Nobody hears that either, and the code is the same.
        assert_eq!(verdict(&full, &mut output(Some(ErrorKind::BrokenPipe))), UNWRITTEN);
    }
}
