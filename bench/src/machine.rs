//! The facts without which a number means nothing: processor, kernel, disk, and who else is busy.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::histogram::Histogram;
use crate::{Failure, Result};

/// A group of a few entries of the log.
const WRITE_BYTES: usize = 2048;
const WRITES: u64 = 200;

/// The machine, as it was before the measurements.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// What the processor calls itself.
    pub processor: String,
    /// Processors that may be used.
    pub cores: usize,
    /// Version of the kernel.
    pub kernel: String,
    /// File system of the data directories.
    pub filesystem: String,
    /// Half of the fdatasyncs after appending 2 KiB to a file took at most this long.
    pub fdatasync_append_us: f64,
    /// The same after overwriting 2 KiB of a file that was written before.
    pub fdatasync_overwrite_us: f64,
}

impl Machine {
    /// Looks at the machine and at the disk under `dir`.
    pub fn look(dir: &Path) -> Result<Self> {
        let filesystem = filesystem(dir).unwrap_or_else(|| "unknown".to_owned());
        if filesystem == "tmpfs" {
            return Err(Failure::Failed(format!(
                "{} is in memory, where an fsync costs nothing: name a directory on a disk with --dir",
                dir.display()
            )));
        }
        let file = dir.join(format!("glasshouse-bench-{}.sync", std::process::id()));
        let synced = sync_times(&file);
        // A file that cannot be removed could not be made either, which is said below.
        let _ = fs::remove_file(&file);
        let (append, overwrite) =
            synced.map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
        Ok(Self {
            processor: line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease"),
            filesystem,
            fdatasync_append_us: append,
            fdatasync_overwrite_us: overwrite,
        })
    }
}

/// The load averages of 1, 5 and 15 minutes.
pub fn load() -> String {
    read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn line_of(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The type of the mount that holds a directory: the one whose path is the longest.
fn filesystem(dir: &Path) -> Option<String> {
    let dir = fs::canonicalize(dir).ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let holding = fields.filter(|fields| fields.len() > 2 && dir.starts_with(fields[1]));
    holding.max_by_key(|fields| fields[1].len()).map(|fields| fields[2].to_owned())
}

/// Microseconds of a median fdatasync: after appending, and after overwriting what was appended.
fn sync_times(path: &Path) -> io::Result<(f64, f64)> {
    let file = File::create(path)?;
    let mut medians = [0.0; 2];
    for median in &mut medians {
        let mut times = Histogram::default();
        for number in 0..WRITES {
            let begin = Instant::now();
            file.write_all_at(&[1; WRITE_BYTES], number * WRITE_BYTES as u64)?;
            file.sync_data()?;
            times.record(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        *median = times.quantile(500) as f64 / 1e3;
    }
    Ok((medians[0], medians[1]))
}
