//! # Glasshouse's native server: the core, in a real world
//!
//! `glasshouse-core` is a state machine without I/O. This crate is the world around one member
//! of a real cluster: flags, sockets, files, clocks and signals. It decides nothing that a
//! client could see; what it adds is that everything really happens.
//!
//! ```text
//!   2379 clients ─► client_port ─► grpc, gateway, http ─┐                 ┌─► disk::wal    member/wal/*.wal
//!                                              ├─► mailbox ─► driver ─► disk::store  member/snap/db
//!   2380 members ─► peer::accept ──────────────┘     (Node)      └─► peer::link ─► 2380 of others
//! ```
//!
//! | port | flag | what is served |
//! | --- | --- | --- |
//! | 2379 | `--listen-client-urls` | gRPC, JSON (`/v3/*`), `/health`, `/version`, `/metrics` |
//! | 2380 | `--listen-peer-urls` | messages of members, `/version`, `/members` |
//! | none | `--listen-metrics-urls` | `/metrics`, `/health` |
//!
//! Beside the member stand two command lines: [`ctl`] talks to a cluster, [`utl`] looks after files.
//! A URL that begins with `https` speaks TLS ([`tls`]).
//! A member that joins a running cluster finds itself there ([`join`]); first members that do not know each
//! other meet at a registry ([`discovery`]).
//! The layout of the data directory is drawn in [`disk`]. Exit codes: 0 after SIGTERM or SIGINT,
//! 1 when a member cannot start or go on, 2 when a flag cannot be read.
//!
//! Threads: one for everything that waits, one for the log's fsync, one for the store's. A call
//! is never handed from thread to thread but for its fsync; that is most of what makes it quick.

#![warn(missing_docs)]

mod authority;
pub mod client;
pub mod client_port;
pub mod config;
pub mod ctl;
pub mod descriptors;
pub mod discovery;
pub mod disk;
pub mod driver;
pub mod gateway;
pub mod grpc;
pub mod http;
pub mod join;
pub mod jwt;
pub mod log;
pub mod mailbox;
pub mod metrics;
pub mod peer;
mod ports;
pub mod process;
pub mod server;
pub mod tls;
pub mod utl;
