//! madsim, natively and in wasm, with the few things that the simulator needs besides.
//!
//! [madsim](https://docs.rs/madsim/0.2.34) is a deterministic executor: tasks on
//! simulated nodes, virtual time, a simulated network, and one seeded generator
//! that decides which runnable task goes next. It does not build for
//! `wasm32-unknown-unknown`. This crate is madsim 0.2.34 made to run there, and
//! the same code natively, so that a seed is one history on both.
//!
//! ```text
//!   registry: madsim 0.2.34 ──build.rs──► copy + wasm.patch ──include!──┐
//!                                                                       ├──► lib `madsim`
//!   src/run.rs        Runtime::run_until, elapsed, net; drop            │
//!   src/datagram.rs   NetSim::send_after, is_clogged; DatagramSocket    │
//!   src/timer.rs      the timers                                        ┘
//! ```
//!
//! Nothing of upstream is stored here. What is added lies in `src/` as ordinary
//! code of the same crate; the patch only opens doors and removes what hinders.
//!
//! # What the patch does
//!
//! | where | what | why |
//! | --- | --- | --- |
//! | `rand`, `task`, `time` | libc functions are no longer replaced (`getrandom`, `clock_gettime`, `sysconf`, …) | wasm has no libc. Natively they fed library calls from the run's generator, which shifts its stream, so a native run would differ from the one in the page |
//! | `task`, `time/interval` | `Instant::now()` is virtual time or gone | wasm has no clock |
//! | `utils/mpsc` | the next task is drawn as a `u64` | a `usize` draws differently on 32 bits |
//! | `net` | no Unix sockets | not on wasm, not used |
//! | `config`, `runtime` | no TOML, no environment variables, no logger | three dependencies less |
//! | `task`: `run_ready` | stops when the clock has reached a given time | [`Runtime::run_until`](runtime::Runtime::run_until), see `src/run.rs` |
//! | `task`: `restart` | frees the node's sockets, as `kill` does | a node that was restarted alive could not bind again |
//! | `time` | callbacks run without the timers' lock and after the clock is set; [`add_timer`](time::TimeHandle::add_timer) is public and can be cancelled | a callback may use timers and read the clock; delays below `sleep`'s 1 ms are possible |
//! | `time/sleep` | a sleep that is dropped takes its timer along | see `src/timer.rs` |
//! | `net` | some fields visible to this crate | `src/datagram.rs` |
//!
//! The timers and the sleeps change how often tasks are polled, so histories differ
//! from unpatched madsim's for the same seed. A patch that only made it build for
//! wasm gave upstream's native histories there, byte for byte, on 200 seeds.
//!
//! # Rules for code that runs in here
//!
//! * Time is [`TimeHandle::elapsed`](time::TimeHandle::elapsed); std's clocks panic in wasm.
//! * No iteration over a `HashMap`, no `tokio::select!` without `biased;`.
//! * Draw `u64`, never `usize`; no `ln`, `exp` or `sin` on the way to a decision.
//! * One thread makes, runs and drops a [`Runtime`](runtime::Runtime).
//! * In wasm a panic of any task ends the instance; natively it leaves `run_until`.
//!
//! # Cost
//!
//! A message through [`send_after`](net::NetSim::send_after) and
//! [`recv`](datagram::DatagramSocket::recv) costs 0.45 µs natively and in wasm
//! (node 20) alike, from 3 to 32 nodes: one timer, one wake-up, one poll with its two
//! draws. Choosing the next task is one draw and one `swap_remove`, whatever the
//! number of tasks. (Release build, ring of 5 nodes with 8 messages each, 1.6
//! million messages.)
//!
//! # Hashes of a run
//!
//! `tests/suite/repeat.rs` holds hashes of a world with kills, pauses, partitions and
//! losses. They were equal natively and in wasm on all of 40 seeds.

// Upstream's modules, without its style being ours to judge; see build.rs.
include!(concat!(env!("OUT_DIR"), "/upstream.rs"));
pub use sim::*;

pub mod datagram;
mod run;
mod timer;
