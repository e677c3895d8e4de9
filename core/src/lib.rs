//! # Glasshouse core: raft, WAL and MVCC of an etcd, without any I/O
//!
//! This crate is a state machine. It is told what happened ([`Input`]) and says what it wants done
//! ([`Effect`]); it has no clock, no thread, no socket, no file and no randomness of its own. The
//! native server, the simulator and the page run exactly this code.
//!
//! ```text
//!   gRPC call / terminal line / simulated client
//!        |  Input::Request
//!   1 request    validate, route: propose | read | local        ----> error straight to 8
//!   2 propose    give it an id, hand it to raft
//!   3 persist    Effect::Append -----> disk -----> Input::Persisted
//!   4 replicate  Effect::Send   -----> network --> Input::Message
//!   5 commit     committed entries, in order, each once
//!   6 apply      one entry -> store, members, alarms; total and deterministic
//!   7 notify     Effect::Watch: what was applied, to the watchers of its keys
//!   8 respond    Effect::Respond
//!
//!   beside it:   read (ReadIndex)   members   recover (disk -> Node)   stop   view
//! ```
//!
//! Each stage is one file in [`node`]. The parts it uses:
//!
//! | module | what it is | knows of |
//! | --- | --- | --- |
//! | [`api`] | etcd's messages and error texts | nothing |
//! | [`limits`], [`id`] | bounds; ids as etcd derives them | nothing |
//! | [`order`] | sorting short lists, with one sort's code | nothing; everybody uses it |
//! | [`wal`] | the log on disk, as bytes | id |
//! | [`store`] | redb behind one handle: rows by revision | api |
//! | [`mvcc`], [`txn`] | keys with a past | store, api |
//! | [`lease`] | leases: what is granted, and the leader's deadlines | mvcc, store, api |
//! | [`auth`] | users, roles, what they may do; passwords and tokens | lease, store, api |
//! | [`watch`] | who wants to hear of which keys, and how far each one has come | mvcc, api |
//! | [`membership`] | who is in the cluster | api, id |
//! | `raft` | the raft crate, made repeatable | limits, node's vocabulary |
//! | `snapshot` | catching up from a compacted log | store, peer |
//! | [`bootstrap`] | the first start: who a member is, from its flags | id, membership |
//! | [`discovery`] | first members find each other at a registry | api, bootstrap |
//! | [`peer`] | what members say to each other | id |
//! | [`bbolt`] | the file format of etcd's snapshots | nothing |
//! | [`backup`] | snapshot files: a store as etcd's database, and back | bbolt, store, mvcc, membership |
//! | [`concurrency`] | locks and elections, as queues of keys | api |
//! | [`ctl`] | etcdctl: argv in, requests out; responses in, text out | concurrency, api; `utl`: backup |
//! | [`node`] | all of the above in order | everything; nobody uses node |
//!
//! Absent on purpose: tokio, threads, clocks, sockets, files, environment, ambient randomness. The
//! crate's wasm has no imports.

#![warn(missing_docs)]

mod alarm;
pub mod api;
pub mod auth;
pub mod backup;
pub mod bbolt;
pub mod bootstrap;
pub mod concurrency;
pub mod ctl;
pub mod discovery;
pub mod id;
pub mod lease;
pub mod limits;
pub mod membership;
pub mod mvcc;
pub mod node;
pub mod order;
pub mod peer;
mod raft;
mod snapshot;
pub mod store;
pub mod txn;
pub mod wal;
pub mod watch;

pub use id::{CallId, ClusterId, MemberId, StreamId};
pub use node::{Append, Config, Effect, Input, Node, NodeView, RecoverError, Role, TokenKind};

/// The version that this build tells clients: they decide by it what a server can do.
pub const VERSION: &str = "3.6.0";
