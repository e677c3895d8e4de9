//! # Glasshouse sim: a whole cluster in virtual time
//!
//! The members of a [`world::World`] are the same [`glasshouse_core::Node`]s that the server runs;
//! everything around them, network, disks, clocks and clients, is simulated and obeys a seed.
//!
//! **The promise**: seed and script decide the history, byte for byte, on every machine, natively
//! and in wasm. [`trace`] hashes the history, so the promise can be checked.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`world`] | members, disks, network and clients in one value, and what can be done to it |
//! | [`member`] | one process around `Node::step`, on one madsim node |
//! | [`network`], [`disk`], [`clock`] | the physics: latency and loss, page cache and platter, drift |
//! | [`stream`] | watches on their way between clients and members |
//! | [`workload`], [`cast`] | seeded clients, and everybody else who asks something |
//! | [`fault`] | what is done to break a cluster: drawn from a seed or written down, with a time of peace |
//! | `operator` | somebody who adds, promotes and removes members meanwhile |
//! | `warden`, `login` | somebody who changes users and rights, and how clients prove who they are |
//! | `contender` | clients that want one lock, and are sometimes late |
//! | [`trace`] | the record of everything, and its hash |
//! | [`check`], [`model`] | the properties that must hold, judged at every step; a small etcd as oracle |
//! | [`linear`] | the other way to judge: could one copy have answered so? From what clients saw alone |
//! | [`mutant`] | planted faults that the checkers must catch |
//! | [`run`] | whole runs from a seed |
//! | [`hunt`] | the search for a seed that breaks a property, and how a finding becomes a short story |
//! | [`chronicle`] | what happened in a run and what was so at any moment, for those who judge it later |
//! | [`lesson`] | lessons as data: their goals, and grades by doing a run again |
//! | [`images`] | what makes every moment of a run one copy away |
//! | [`script`] | the command language of terminal, tests and command line |
//! | [`view`] | what the page draws, as plain data |
//!
//! Absent on purpose: real clocks, threads, files, sockets, hash maps whose order can be seen,
//! floating-point numbers in what decides a history. The crate's wasm has no imports.

#![warn(missing_docs)]

#[cfg(feature = "world")]
mod asker;
#[cfg(feature = "world")]
mod call;
#[cfg(feature = "world")]
pub mod cast;
#[cfg(feature = "world")]
pub mod check;
#[cfg(feature = "world")]
pub mod chronicle;
#[cfg(feature = "world")]
pub mod client;
#[cfg(feature = "world")]
pub mod clock;
#[cfg(feature = "world")]
mod contender;
#[cfg(feature = "world")]
pub mod disk;
#[cfg(feature = "world")]
pub mod fault;
#[cfg(feature = "world")]
pub mod hunt;
#[cfg(feature = "world")]
pub mod images;
#[cfg(feature = "world")]
pub mod lesson;
#[cfg(feature = "world")]
pub mod linear;
#[cfg(feature = "world")]
mod login;
#[cfg(feature = "world")]
pub mod member;
#[cfg(feature = "world")]
pub mod model;
#[cfg(feature = "world")]
pub mod mutant;
#[cfg(feature = "world")]
pub mod network;
#[cfg(feature = "world")]
mod operator;
#[cfg(feature = "world")]
pub mod place;
#[cfg(feature = "world")]
pub mod rng;
#[cfg(feature = "world")]
pub mod run;
#[cfg(feature = "world")]
pub mod trace;
#[cfg(feature = "world")]
mod warden;
#[cfg(feature = "world")]
mod watcher;
#[cfg(feature = "world")]
pub mod workload;
#[cfg(feature = "world")]
pub mod world;

#[cfg(feature = "world")]
pub mod script;
#[cfg(feature = "world")]
pub mod stream;
#[cfg(feature = "world")]
pub mod view;
/// What the page needs of [`view`]: frames and calls as plain data, without the simulator.
#[cfg(not(feature = "world"))]
pub mod view {
    pub mod call;
    pub mod frame;
    pub mod link;
    mod seed;
    pub mod spacetime;
}

/// The exports of the page's module.
#[cfg(all(feature = "world", target_arch = "wasm32"))]
pub mod wasm;
