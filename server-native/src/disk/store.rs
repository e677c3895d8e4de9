//! The thread that commits to the store.
//!
//! Apply never waits for it: the node keeps rows that are not yet durable in memory, and the
//! write-ahead log keeps the entries until [`Input::Stored`] says that they are no longer needed.
//! So it may also do what takes long: hash all rows, or write the file anew.
//!
//! A defragmentation goes in small steps between the commits ([`Rebuild`]), into a file beside the
//! store's. Then a rename puts it in its place:
//!
//! ```text
//!   db       |== in use ==|  free  |   ◄─ commits          killed here: db is whole, db.tmp is
//!   db.tmp   |== copied ═►             ◄─ commits, too      deleted at the next start
//!   rename db.tmp db                                       killed here: one or the other, both whole
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use glasshouse_core::Input;
use glasshouse_core::store::{Rebuild, Store, StoreBatch, Work, Worked};
use redb::backends::FileBackend;

use super::sync_dir;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;

/// Bytes of rows that one step of a defragmentation copies: a few tens of milliseconds, which a
/// commit may have to wait.
const REBUILD_STEP_BYTES: u64 = 2 * 1024 * 1024;

/// What the thread is told to do, in order.
#[derive(Debug)]
pub enum Job {
    /// Commit a batch of this number.
    Commit(u64, StoreBatch),
    /// Do the work of this id.
    Work(u64, Work),
}

/// The handle to the thread. Dropping it ends the thread, once everything is committed.
pub struct StoreThread {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

impl StoreThread {
    /// Starts the thread for the store in the file `path`.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(
        store: Store,
        path: PathBuf,
        mailbox: Arc<Mailbox>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let worker = Worker { store, path, mailbox, metrics, rebuild: None };
        let thread =
            thread::Builder::new().name("store".into()).spawn(move || worker.run(&queue))?;
        Ok(Self { jobs, thread })
    }

    /// Queues a job. After a failure of the disk there is nobody left to do it.
    pub fn send(&self, job: Job) {
        drop(self.jobs.send(job));
    }

    /// Ends the thread after its last job.
    pub fn finish(self) {
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

struct Worker {
    store: Store,
    path: PathBuf,
    mailbox: Arc<Mailbox>,
    metrics: Arc<Metrics>,
    /// A defragmentation under way, and whom to tell.
    rebuild: Option<(Rebuild, Vec<u64>)>,
}

impl Worker {
    fn run(mut self, queue: &mpsc::Receiver<Job>) {
        loop {
            // Between two steps of a defragmentation jobs are done, but not waited for.
            let job = match &self.rebuild {
                Some(_) => queue.try_recv(),
                None => queue.recv().map_err(|_| TryRecvError::Disconnected),
            };
            let done = match job {
                Ok(Job::Commit(seq, batch)) => self.commit(seq, &batch),
                Ok(Job::Work(id, Work::Defragment)) => {
                    self.begin_rebuild(id);
                    Ok(())
                }
                Ok(Job::Work(id, work)) => self.work(id, &work),
                Err(TryRecvError::Empty) => Ok(()),
                Err(TryRecvError::Disconnected) => return self.end_rebuild(Err("stopped".into())),
            };
            if let Err(reason) = done {
                self.mailbox.post(Input::DiskFailed { reason });
                return;
            }
            self.step_rebuild();
        }
    }

    fn commit(&mut self, seq: u64, batch: &StoreBatch) -> Result<(), String> {
        let begin = Instant::now();
        self.store.commit(batch).map_err(|error| format!("store: {error}"))?;
        self.metrics.backend_commit.observe(begin.elapsed());
        self.mailbox.post(Input::Stored { seq });
        match self.rebuild.as_mut().map(|(rebuild, _)| rebuild.follow(batch)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => self.end_rebuild(Err("a snapshot is being received".into())),
            Some(Err(error)) => self.end_rebuild(Err(error.to_string())),
        }
        Ok(())
    }

    fn work(&self, id: u64, work: &Work) -> Result<(), String> {
        let done = self.store.work(work).map_err(|error| format!("store: {error}"))?;
        let done = done.ok_or_else(|| String::from("this work is not for the store alone"));
        self.mailbox.post(Input::Worked { id, done });
        Ok(())
    }

    /// Begins a defragmentation, or lets one more wait for the one under way.
    fn begin_rebuild(&mut self, id: u64) {
        if let Some((_, waiting)) = &mut self.rebuild {
            return waiting.push(id);
        }
        match begin(&beside(&self.path)) {
            Ok(rebuild) => self.rebuild = Some((rebuild, vec![id])),
            Err(reason) => self.mailbox.post(Input::Worked { id, done: Err(reason) }),
        }
    }

    fn step_rebuild(&mut self) {
        let Some((rebuild, _)) = &mut self.rebuild else { return };
        match rebuild.step(&self.store, REBUILD_STEP_BYTES) {
            Ok(false) => {}
            Ok(true) => self.exchange(),
            Err(error) => self.end_rebuild(Err(error.to_string())),
        }
    }

    /// Everything is copied: the new file takes the place of the old one.
    fn exchange(&mut self) {
        let Some((rebuild, waiting)) = self.rebuild.take() else { return };
        let begin = Instant::now();
        let done = rebuild.finish(&self.store, || {
            fs::rename(beside(&self.path), &self.path)?;
            self.path.parent().map_or(Ok(()), sync_dir)
        });
        self.metrics.backend_defrag.observe(begin.elapsed());
        let done = done.map(|()| Worked::Defragmented).map_err(|error| error.to_string());
        for id in waiting {
            self.mailbox.post(Input::Worked { id, done: done.clone() });
        }
    }

    /// Gives a defragmentation up. The store has lost nothing.
    fn end_rebuild(&mut self, done: Result<Worked, String>) {
        let Some((rebuild, waiting)) = self.rebuild.take() else { return };
        drop(rebuild);
        let _ = fs::remove_file(beside(&self.path));
        for id in waiting {
            self.mailbox.post(Input::Worked { id, done: done.clone() });
        }
    }
}

/// The file into which a defragmentation writes (etcd has the same name).
pub(super) fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("tmp")
}

fn begin(path: &Path) -> Result<Rebuild, String> {
    let failed =
        |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(true).open(path);
    let backend = FileBackend::new(file.map_err(|error| failed(&error))?);
    let backend = backend.map_err(|error| failed(&error))?;
    Rebuild::begin(backend).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests;
