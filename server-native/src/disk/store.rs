//! The thread that commits to the store.
//!
//! Apply never waits for it: the node keeps rows that are not yet durable in memory, and the
//! write-ahead log keeps the entries until [`Input::Stored`] says that they are no longer needed.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use glasshouse_core::Input;
use glasshouse_core::store::{Store, StoreBatch};

use crate::mailbox::Mailbox;
use crate::metrics::Metrics;

/// The handle to the thread. Dropping `batches` ends it, once everything is committed.
pub struct StoreThread {
    /// Where batches go, with their numbers.
    pub batches: mpsc::Sender<(u64, StoreBatch)>,
    thread: JoinHandle<()>,
}

impl StoreThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(store: Store, mailbox: Arc<Mailbox>, metrics: Arc<Metrics>) -> io::Result<Self> {
        let (batches, queue) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store".into())
            .spawn(move || run(&store, &queue, &mailbox, &metrics))?;
        Ok(Self { batches, thread })
    }

    /// Ends the thread after its last batch.
    pub fn finish(self) {
        drop(self.batches);
        let _ = self.thread.join();
    }
}

fn run(
    store: &Store,
    queue: &mpsc::Receiver<(u64, StoreBatch)>,
    mailbox: &Mailbox,
    metrics: &Metrics,
) {
    while let Ok((seq, batch)) = queue.recv() {
        let begin = Instant::now();
        if let Err(error) = store.commit(&batch) {
            mailbox.post(Input::DiskFailed { reason: format!("store: {error}") });
            return;
        }
        metrics.backend_commit.observe(begin.elapsed());
        mailbox.post(Input::Stored { seq });
    }
}
