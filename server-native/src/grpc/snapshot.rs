//! `Maintenance/Snapshot`: a snapshot file, message by message.
//!
//! The node has said that its store is new enough; from there on it has no part in it. A thread reads
//! the store at one commit, makes the file and hands it out as quickly as the client takes it:
//!
//! ```text
//!   store at one commit ──► SnapshotFile ──► a few messages ──► HTTP/2 window ──► client
//!   └────────────── a thread of its own ──────────────┘  it waits here when the client is slow
//! ```
//!
//! A client that goes away is noticed at the next message, and the thread ends.
//! Source: etcd `server/etcdserver/api/v3rpc/maintenance.go`.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use glasshouse_core::api::SnapshotResponse;
use glasshouse_core::backup::SnapshotFile;
use glasshouse_core::store::{Store, StoreError, StoreView};
use tokio::sync::{Semaphore, mpsc};
use tonic::Status;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;

use crate::log::Log;

/// What goes to a client.
pub(super) type Messages = ReceiverStream<Result<SnapshotResponse, Status>>;

/// Messages of 32 KiB that wait for a client's window: enough to keep a thread's hand-over cheap.
const MESSAGES_WAITING: usize = 8;

/// Files that are made at once; further ones wait. Each costs a thread, and keeps the space of old
/// pages in the store from being used again.
const FILES_AT_ONCE: usize = 8;

/// Makes snapshot files of one store.
#[derive(Clone)]
pub struct Snapshots {
    store: Store,
    log: Arc<Log>,
    permits: Arc<Semaphore>,
}

impl Snapshots {
    /// Files of this store.
    #[must_use]
    pub fn new(store: Store, log: Arc<Log>) -> Self {
        Self { store, log, permits: Arc::new(Semaphore::new(FILES_AT_ONCE)) }
    }

    /// Begins a file of the store as it is now.
    pub(super) async fn send(&self, version: String) -> Result<Messages, Status> {
        let view = self.store.view().map_err(|error| failed(&error))?;
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|error| Status::internal(error.to_string()))?;
        let (sender, receiver) = mpsc::channel(MESSAGES_WAITING);
        let log = self.log.clone();
        thread::Builder::new()
            .name("snapshot".into())
            .spawn(move || {
                if let Err(error) = send_all(&view, &version, &sender, &log) {
                    log.warn("failed to send a snapshot", &[("error", error.to_string().into())]);
                    // The client may have gone as well.
                    let _ = sender.blocking_send(Err(failed(&error)));
                }
                drop(permit);
            })
            .map_err(|error| Status::resource_exhausted(format!("no thread is left: {error}")))?;
        Ok(ReceiverStream::new(receiver))
    }
}

fn failed(error: &StoreError) -> Status {
    Status::internal(error.to_string())
}

/// Sends a whole file, unless the client goes away.
fn send_all(
    view: &StoreView,
    version: &str,
    messages: &mpsc::Sender<Result<SnapshotResponse, Status>>,
    log: &Log,
) -> Result<(), StoreError> {
    let begin = Instant::now();
    let mut file = SnapshotFile::new(view)?;
    let total = ("total-bytes", file.total_bytes().into());
    let version_field = ("storage-version", version.into());
    log.info("sending database snapshot to client", &[total.clone(), version_field]);
    while let Some(part) = file.next_part()? {
        let message = SnapshotResponse {
            header: None,
            remaining_bytes: part.remaining_bytes,
            blob: part.bytes,
            version: version.to_owned(),
        };
        if messages.blocking_send(Ok(message)).is_err() {
            log.info("the client of a database snapshot went away", &[total]);
            return Ok(());
        }
    }
    let took = ("took", format!("{:?}", begin.elapsed()).into());
    log.info("successfully sent database snapshot to client", &[total, took]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use glasshouse_core::store::{RowKey, StoreBatch};
    use tonic::codegen::tokio_stream::StreamExt as _;

    use super::*;

    const ROWS: i64 = 200;
    const VALUE_BYTES: usize = 100_000;

    fn snapshots() -> Snapshots {
        let store = Store::in_memory();
        let value = Bytes::from(vec![7; VALUE_BYTES]);
        let rows = (2..2 + ROWS).map(|main| (RowKey::put(main, 0), Some(value.clone()))).collect();
        store
            .commit(&StoreBatch::Write { rows, leases: vec![], auth: vec![], meta: vec![] })
            .unwrap();
        Snapshots::new(store, Arc::new(Log::stderr()))
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(future)
    }

    async fn eventually(what: &str, done: impl Fn() -> bool) {
        for _ in 0..1_000 {
            if done() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what}");
    }

    #[test]
    fn a_client_that_reads_nothing_costs_a_few_messages_and_then_gets_all() {
        run(async {
            let snapshots = snapshots();
            let messages = snapshots.send("3.6.0".into()).await.unwrap();
            let waiting = |messages: &Messages| messages.as_ref().len();
            eventually("the file begins", || waiting(&messages) == MESSAGES_WAITING).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(waiting(&messages), MESSAGES_WAITING, "the file waits");
            let all: Vec<SnapshotResponse> = messages.map(Result::unwrap).collect().await;
            let (tail, parts) = all.split_last().unwrap();
            assert_eq!(tail.blob.len(), 32);
            let bytes: usize = parts.iter().map(|part| part.blob.len()).sum();
            assert!(bytes > VALUE_BYTES * usize::try_from(ROWS).unwrap());
            assert_eq!(parts[0].remaining_bytes + parts[0].blob.len() as u64, bytes as u64);
        });
    }

    #[test]
    fn a_client_that_goes_away_ends_its_file() {
        run(async {
            let snapshots = snapshots();
            let mut clients = Vec::new();
            for _ in 0..FILES_AT_ONCE {
                clients.push(snapshots.send("3.6.0".into()).await.unwrap());
            }
            assert_eq!(snapshots.permits.available_permits(), 0, "a further one would wait");
            drop(clients);
            let free = || snapshots.permits.available_permits() == FILES_AT_ONCE;
            eventually("all threads end", free).await;
        });
    }
}
