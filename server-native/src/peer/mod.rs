//! Members talking to each other on the peer port (2380).
//!
//! Each member calls every other one, and sends on the connection that it made; it reads from the
//! connections that others made to it. A connection begins as HTTP, so that one port also answers
//! `/version` and `/members` as etcd's does, and so that a refusal is a status that people can
//! read with curl:
//!
//! ```text
//!   caller                                             called
//!     │  GET /raft/glasshouse HTTP/1.1                    │
//!     │  Upgrade: glasshouse-raft/1                       │
//!     │  X-Etcd-Cluster-ID: cdf818194e3a8c32              │
//!     │  X-Server-From: … X-Raft-To: … X-Server-Version: …│
//!     │ ─────────────────────────────────────────────────►│   412 cluster ID mismatch
//!     │ ◄──────────────────────── 101 Switching Protocols │   412 to field mismatch
//!     │  frame frame frame …                              │
//!     │ ─────────────────────────────────────────────────►│ ── Input::Message
//! ```
//!
//! Messages may be lost: raft repeats what matters. So a queue that is full, and a peer that is
//! away, drop messages and say so ([`Input::Unreachable`](glasshouse_core::Input::Unreachable)).

mod accept;
mod dial;
mod frame;
mod hello;
mod link;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::MemberId;
use glasshouse_core::membership::{Member, Membership};
use tokio::sync::watch;

pub use self::accept::{PeerPort, serve_connection};
pub use self::dial::dial;
pub use self::hello::{Identity, REMOVED};
use self::link::Link;
use crate::driver::NodeState;
use crate::log::Log;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::tls::Dialer;

/// How long a connection to a peer may be silent, or leave bytes unacknowledged, before it is
/// given up (`ConnReadTimeout` of etcd).
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// After this long without a message an empty frame shows that the caller lives.
const PING_AFTER: Duration = Duration::from_millis(1_500);

/// What every connection to or from a peer needs.
pub struct PeerContext {
    /// Who we are.
    pub identity: Identity,
    /// The way to the node.
    pub mailbox: Arc<Mailbox>,
    /// Counters of bytes.
    pub metrics: Arc<Metrics>,
    /// The log.
    pub log: Arc<Log>,
    /// The largest message in bytes.
    pub message_bytes_max: usize,
    /// How long a call to a peer may take to be answered.
    pub dial_timeout: Duration,
    /// How members with `https` in their URLs are called.
    pub dialer: Option<Dialer>,
    /// Where the node is: who is a member, and who was.
    pub state: watch::Receiver<NodeState>,
}

/// The connections that this member made, by peer.
pub struct Peers {
    context: Arc<PeerContext>,
    links: BTreeMap<MemberId, Link>,
    /// URLs that this member was told at its start. They are tried after those of the log, which
    /// are old ones as long as a member that joins has read only the beginning of it.
    told: BTreeMap<MemberId, Vec<String>>,
}

impl Peers {
    /// No connections yet; each is made when its peer is first known.
    #[must_use]
    pub fn new(context: Arc<PeerContext>) -> Self {
        Self { context, links: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// Begins to call the members that this one was told at its start.
    pub fn call_told(&mut self, members: &[Member]) {
        self.told = members.iter().map(|member| (member.id, member.peer_urls.clone())).collect();
        self.call_all(members);
    }

    /// The members have changed: calls new ones, calls moved ones at their new URLs, and ends the
    /// connections to those that are removed.
    pub fn follow(&mut self, membership: &Membership) {
        self.links.retain(|id, link| {
            let member = membership.get(*id);
            !membership.is_removed(*id)
                && member.is_none_or(|member| link.begins_at(&member.peer_urls))
        });
        self.call_all(membership.members());
    }

    /// Begins to call these members, except this one and those that are called already.
    pub fn call_all<'a>(&mut self, members: impl IntoIterator<Item = &'a Member>) {
        let (context, told) = (&self.context, &self.told);
        for member in members.into_iter().filter(|member| member.id != context.identity.member) {
            self.links.entry(member.id).or_insert_with(|| {
                let told = told.get(&member.id).map_or(&[][..], Vec::as_slice);
                Link::start(context.clone(), member.id, &member.peer_urls, told)
            });
        }
    }

    /// Queues a message; `false` when it is dropped because the peer cannot be reached or has too
    /// much waiting.
    pub fn send(&mut self, to: MemberId, bytes: Bytes, membership: &Membership) -> bool {
        if !self.links.contains_key(&to) {
            self.call_all(membership.members());
        }
        let length = bytes.len() as u64;
        let sent = self.links.get(&to).is_some_and(|link| link.send(bytes));
        if sent {
            self.context.metrics.peer_sent_bytes.fetch_add(length, Relaxed);
        }
        sent
    }
}
