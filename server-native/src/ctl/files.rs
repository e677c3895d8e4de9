//! Files that a session writes: `snapshot save`.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use glasshouse_core::ctl::FileWork;

/// Only its owner may read a snapshot: it holds everybody's keys.
const PRIVATE: u32 = 0o600;

/// The file under work.
#[derive(Debug, Default)]
pub(super) struct Files {
    open: Option<File>,
}

impl Files {
    /// Does what is asked.
    ///
    /// # Errors
    /// Go's sentence about what the system says.
    pub(super) fn work(&mut self, work: FileWork) -> Result<(), String> {
        match work {
            FileWork::Create { path } => {
                let path = path_of(path);
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(true).mode(PRIVATE);
                let file = options.open(&path);
                let file =
                    file.map_err(|error| said("open", &path.display().to_string(), &error))?;
                self.open = Some(file);
                Ok(())
            }
            FileWork::Append(bytes) => {
                let Some(file) = &mut self.open else { return Err("no file is open".to_owned()) };
                file.write_all(&bytes).map_err(|error| reason(&error))
            }
            FileWork::Finish { from, to } => {
                if let Some(file) = self.open.take() {
                    file.sync_all().map_err(|error| reason(&error))?;
                }
                let (from, to) = (path_of(from), path_of(to));
                let both = format!("{} {}", from.display(), to.display());
                fs::rename(&from, &to).map_err(|error| said("rename", &both, &error))
            }
            FileWork::Remove { path } => {
                self.open = None;
                let path = path_of(path);
                fs::remove_file(&path)
                    .map_err(|error| said("remove", &path.display().to_string(), &error))
            }
        }
    }
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}

fn said(what: &str, path: &str, error: &io::Error) -> String {
    format!("{what} {path}: {}", reason(error))
}

/// The system's words as Go prints them: in small letters, without the number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string())
        + chars.as_str()
}
