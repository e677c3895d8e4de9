//! madsim, natively and in wasm, with what the simulator needs besides.

include!(concat!(env!("OUT_DIR"), "/upstream.rs"));
pub use sim::*;

pub mod datagram;
mod run;
mod timer;
