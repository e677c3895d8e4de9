//! `snapshot restore`: a data directory from a snapshot file.
//!
//! A power failure in the middle must leave nothing that a member would start from. So the directory is
//! made under another name and gets its own when it is complete and durable:
//!
//! ```text
//!   d.restoring/member/snap/db     1  the store: rows, then in the last commit the new members
//!   d.restoring/member/wal/0.wal   2  the log, which names cluster and member
//!   d                              3  d.restoring is renamed
//! ```
//!
//! With `--wal-dir` the log is made and renamed in the same way, before the data: a log without its
//! store is refused by a member that starts.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use glasshouse_core::backup::{HashCheck, NewCluster, check_hash, restore as restore_into};
use glasshouse_core::bbolt::Reader;
use glasshouse_core::ctl::utl::Restore;
use glasshouse_core::{Append, Config};

use super::SnapshotSource;
use crate::config::{Bootstrap, Url, first_members};
use crate::disk::{create_dir, open_store, segment_name, sync_dir};

/// Makes the data directory of one member of a new cluster.
///
/// # Errors
/// One sentence for the operator. Nothing is left behind then.
pub fn restore(options: &Restore) -> Result<(), String> {
    let bootstrap = bootstrap(options)?;
    let target = Target::new(options)?;
    let source = SnapshotSource::open(&super::path(&options.file))?;
    check(&source, options.skip_hash_check)?;
    let reader = Reader::open(source).map_err(|error| error.to_string())?;
    let cluster = NewCluster {
        cluster_id: bootstrap.cluster_id,
        member_id: bootstrap.member_id,
        members: bootstrap.members,
        bump_revision: options.bump_revision,
        wal_segment_bytes: Config::new(bootstrap.member_id, bootstrap.cluster_id).wal_segment_bytes,
    };
    let made = target.make(|store| {
        let store = open_store(store).map_err(|error| error.to_string())?;
        restore_into(&reader, &cluster, &store).map_err(|error| error.to_string())
    });
    if made.is_err() {
        target.remove();
    }
    made
}

/// Who the members of the new cluster are, by etcd's rules for a first start.
fn bootstrap(options: &Restore) -> Result<Bootstrap, String> {
    let text = |name: &str, bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| format!("the value of --{name} is not UTF-8"))
    };
    let announced = text("initial-advertise-peer-urls", &options.peer_urls)?;
    let announced = Url::parse_list(&announced)?;
    let cluster = text("initial-cluster", &options.initial_cluster)?;
    let token = text("initial-cluster-token", &options.token)?;
    first_members(&text("name", &options.name)?, &cluster, &token, &announced)
}

/// A file that changed since it was fetched is refused; so is one without a checksum, unless the user
/// says that it needs none.
fn check(source: &SnapshotSource, skip: bool) -> Result<(), String> {
    if skip {
        return Ok(());
    }
    match check_hash(source).map_err(|error| error.to_string())? {
        HashCheck::Equal => Ok(()),
        HashCheck::Missing => Err("snapshot missing hash but --skip-hash-check=false".into()),
        HashCheck::Differs { expected, got } => {
            let numbers = |bytes: &[u8]| {
                let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
                bytes.join(" ")
            };
            Err(format!("expected sha256 [{}], got [{}]", numbers(&expected), numbers(&got)))
        }
    }
}

/// Where the directory is made, and where it goes.
struct Target {
    data_dir: PathBuf,
    data_part: PathBuf,
    /// The log's directory and where it is made, when it lies apart.
    wal: Option<(PathBuf, PathBuf)>,
}

impl Target {
    /// Refuses to write where something is.
    fn new(options: &Restore) -> Result<Self, String> {
        let data_dir = super::path(&options.data_dir);
        let is_empty = match fs::read_dir(&data_dir) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !is_empty {
            return Err(format!("data-dir {data_dir:?} not empty or could not be read"));
        }
        let wal_dir = super::path(&options.wal_dir);
        let default_wal = data_dir.join("member").join("wal");
        let is_apart = !options.wal_dir.is_empty() && wal_dir != default_wal;
        if is_apart && wal_dir.exists() {
            return Err(format!("wal-dir {wal_dir:?} exists"));
        }
        let data_part = beside(&data_dir);
        let wal = is_apart.then(|| (wal_dir.clone(), beside(&wal_dir)));
        for part in std::iter::once(&data_part).chain(wal.iter().map(|(_, part)| part)) {
            if part.exists() {
                return Err(format!(
                    "{} was left behind by a restore that was interrupted; remove it first",
                    part.display()
                ));
            }
        }
        Ok(Self { data_dir, data_part, wal })
    }

    fn make(&self, fill: impl FnOnce(&Path) -> Result<Append, String>) -> Result<(), String> {
        let member = self.data_part.join("member");
        let snap = member.join("snap");
        let wal = self.wal.as_ref().map_or_else(|| member.join("wal"), |(_, part)| part.clone());
        for dir in [&self.data_part, &member, &snap, &wal] {
            create_dir(dir).map_err(|error| error.to_string())?;
        }
        let append = fill(&snap.join("db"))?;
        let segment = wal.join(segment_name(append.segment));
        write_durably(&segment, &append.bytes).map_err(failed("write", &segment))?;
        for dir in [&wal, &snap, &member, &self.data_part] {
            sync_dir(dir).map_err(failed("sync", dir))?;
        }
        let wal = self.wal.iter().map(|(dir, part)| (part, dir));
        for (from, to) in wal.chain([(&self.data_part, &self.data_dir)]) {
            fs::rename(from, to).map_err(failed("rename", from))?;
            let parent = parent(to);
            sync_dir(parent).map_err(failed("sync", parent))?;
        }
        Ok(())
    }

    /// Removes what was made, after a failure.
    fn remove(&self) {
        for part in std::iter::once(&self.data_part).chain(self.wal.iter().map(|(_, part)| part)) {
            // What cannot be removed is named by the next attempt.
            let _ = fs::remove_dir_all(part);
        }
    }
}

/// The name under which a directory is made.
fn beside(dir: &Path) -> PathBuf {
    let mut name = dir.components().as_path().as_os_str().to_owned();
    name.push(".restoring");
    name.into()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> String {
    let path = path.to_owned();
    move |error| format!("cannot {action} {}: {error}", path.display())
}
