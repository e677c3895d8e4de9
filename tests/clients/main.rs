//! Clients that know nothing of Glasshouse, against three members whose leaders are killed.
//!
//! The client is the crate `etcd-client`, which Rust programs use with etcd. What a program builds on a
//! client is here twice: asked of the services `Lock` and `Election` ([`services`]), and made by the
//! client itself from transactions, leases and watches ([`recipes`]), as Go's `clientv3/concurrency` does.
//!
//! ```text
//!   storm ──kills and restarts──► the leader of three members
//!                                        ▲
//!        one client (library) ───────────┤   reads, writes, watches, keeps leases alive
//!        workers that take turns ────────┘   and raise one counter: its history tells whether
//!          (services, recipes)               two of them ever were at it at once (counter)
//! ```
//!
//! Every storm has rounds (`GLASSHOUSE_STORM_ROUNDS`, 4), and in each of them clients must get on while a
//! leader is dead.
#![allow(clippy::print_stdout, reason = "the rounds and what was done belong in the output")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod counter;
mod library;
mod patient;
mod recipes;
mod services;
mod session;
mod storm;
