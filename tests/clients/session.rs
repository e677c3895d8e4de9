//! A lease that lives as long as its owner, as `Session` in Go's `clientv3/concurrency`.

use std::time::Duration;

use etcd_client::{Error, LeaseKeepAliveStream, LeaseKeeper};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::patient::Patient;

/// How long the answer to a keep-alive may take before another member is asked.
const ANSWER: Duration = Duration::from_secs(1);

/// When it is dropped nobody keeps the lease alive, as when its owner dies.
pub(crate) struct Session {
    lease: i64,
    keeper: JoinHandle<()>,
}

impl Session {
    /// A new lease with this time to live, in seconds.
    pub(crate) async fn open(client: &Patient, ttl: i64) -> Self {
        let grant =
            |mut client: etcd_client::Client| async move { client.lease_grant(ttl, None).await };
        let lease = client.ask(grant).await.id();
        Self { lease, keeper: tokio::spawn(keep(client.clone(), lease, ttl)) }
    }

    /// The lease's id.
    pub(crate) const fn lease(&self) -> i64 {
        self.lease
    }

    /// Whether the lease has ended although it was kept alive.
    pub(crate) fn is_lost(&self) -> bool {
        self.keeper.is_finished()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Keeps a lease alive, at one member after another, until it has ended.
async fn keep(client: Patient, lease: i64, ttl: i64) {
    let pause = Duration::from_secs(ttl.unsigned_abs()) / 3;
    loop {
        let open =
            |mut client: etcd_client::Client| async move { client.lease_keep_alive(lease).await };
        match client.try_to(open).await {
            Ok((keeper, stream)) => {
                if is_gone(keeper, stream, pause).await {
                    return;
                }
            }
            Err(Error::LeaseKeepAliveError(_)) => return,
            // The stream ended before its first answer.
            Err(_) => sleep(pause / 10).await,
        }
    }
}

/// Keeps it alive on one stream; whether the lease is gone, or only the stream.
async fn is_gone(
    mut keeper: LeaseKeeper,
    mut stream: LeaseKeepAliveStream,
    pause: Duration,
) -> bool {
    loop {
        sleep(pause).await;
        if keeper.keep_alive().await.is_err() {
            return false;
        }
        match timeout(ANSWER, stream.message()).await {
            Ok(Ok(Some(answer))) if answer.ttl() > 0 => {}
            Ok(Ok(Some(_))) => return true,
            _ => return false,
        }
    }
}
