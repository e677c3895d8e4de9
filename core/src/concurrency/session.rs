//! A session: a lease that is kept alive as long as its owner lives (etcd:
//! `client/v3/concurrency/session.go` and `client/v3/lease.go`).
//!
//! ```text
//!   granted ──a third of the time passes──► renew ──answered──► the whole time is left again
//!                                             │ no answer: again after half a second,
//!                                             ▼ until the time is over: then the lease must be gone
//! ```

use std::time::Duration;

use crate::api::{LeaseGrantRequest, LeaseKeepAliveRequest};

/// Seconds that the lease of a session lives without renewal, if nothing else is asked for
/// (`defaultSessionTTL` of etcd's client).
pub const TTL_SECONDS: i64 = 60;

/// Pause before a renewal that failed is tried again (`retryConnWait` of etcd's client).
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How long a lease is taken to live before the first answer (`defaultTTL` of etcd's client).
const FIRST_PATIENCE: Duration = Duration::from_secs(5);

/// Begins a session.
#[must_use]
pub fn grant(ttl_seconds: i64) -> LeaseGrantRequest {
    LeaseGrantRequest { ttl: ttl_seconds, id: 0 }
}

/// When to renew a lease, and when to give it up.
#[derive(Clone, Copy, Debug)]
pub struct Renewing {
    /// The lease.
    pub id: i64,
    /// How long it lives on if nobody answers any more.
    left: Duration,
}

impl Renewing {
    /// Begins with a first renewal at once.
    #[must_use]
    pub fn new(id: i64) -> Self {
        Self { id, left: FIRST_PATIENCE }
    }

    /// The next renewal.
    #[must_use]
    pub fn request(&self) -> LeaseKeepAliveRequest {
        LeaseKeepAliveRequest { id: self.id }
    }

    /// How long the next answer may take; `None` when the lease must be gone.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        (!self.left.is_zero()).then_some(self.left)
    }

    /// It was renewed for so many seconds: how long to wait before the next time.
    pub fn renewed(&mut self, ttl_seconds: i64) -> Duration {
        self.left = Duration::from_secs(u64::try_from(ttl_seconds).unwrap_or(0));
        self.wait(self.left / 3)
    }

    /// It was not, after this time: how long to wait before another try.
    pub fn failed(&mut self, took: Duration) -> Duration {
        self.left = self.left.saturating_sub(took);
        self.wait(RETRY_AFTER)
    }

    fn wait(&mut self, pause: Duration) -> Duration {
        self.left = self.left.saturating_sub(pause);
        pause
    }
}
