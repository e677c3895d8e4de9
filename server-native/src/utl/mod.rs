//! `glasshouse utl`: what can be done with files while no member uses them, as etcdutl does it.
//!
//! Lines are read and answers printed in core ([`glasshouse_core::ctl::utl`]); snapshot files are
//! understood in core, too ([`glasshouse_core::backup`]). Here they are opened, and directories made:
//!
//! | command | what happens |
//! | --- | --- |
//! | `snapshot status` | the whole file is read and checked |
//! | `snapshot restore` | a data directory is made beside its place, and appears there complete ([`restore`]) |
//! | `defrag` | the store moves its pages together and gives the rest back |
//! | `hashkv` | the keys of a snapshot file or a stopped member are hashed |

mod file;
pub mod restore;
mod store;

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use glasshouse_core::backup;
use glasshouse_core::bbolt::Reader;
use glasshouse_core::ctl::Output;
use glasshouse_core::ctl::utl::{Job, Parsed, failed, parse, print_hash, print_status};

pub use self::file::SnapshotSource;
use crate::ctl::write;

/// Runs one command line, without the program's name.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let output = match parse(args.into_iter().map(OsString::into_vec).collect()) {
        Parsed::Print(output) => output,
        Parsed::Run(job) => run(job).unwrap_or_else(|why| failed(&why)),
    };
    ExitCode::from(write(&output).err().unwrap_or(output.exit_code))
}

/// Does a job.
///
/// # Errors
/// One sentence for the operator.
pub fn run(job: Job) -> Result<Output, String> {
    let mut output = Output::default();
    match job {
        Job::Status { file, format } => {
            let source = SnapshotSource::open(&path(&file))?;
            let status =
                Reader::open(source).map_err(Into::into).and_then(|file| backup::status(&file));
            print_status(&status.map_err(|error| error.to_string())?, format, &mut output);
        }
        Job::Restore(options) => restore::restore(&options)?,
        Job::Defrag { data_dir } => {
            let dir = path(&data_dir);
            store::defragment(&dir).map_err(|why| {
                format!("Failed to defragment etcd data[{}] ({why})", dir.display())
            })?;
        }
        Job::HashKv { file, revision, format } => {
            print_hash(store::hash(&path(&file), revision)?, format, &mut output);
        }
    }
    Ok(output)
}

fn path(bytes: &[u8]) -> PathBuf {
    Path::new(std::ffi::OsStr::from_bytes(bytes)).to_owned()
}

/// The sentence of Go's `os.Stat` about a file that cannot be used.
fn check_exists(path: &Path) -> Result<(), String> {
    match path.metadata() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("stat {}: no such file or directory", path.display()))
        }
        Err(error) => Err(format!("stat {}: {error}", path.display())),
    }
}
