//! The same seed is the same history: twice in one process, and for ever.

use std::time::Duration;

use crate::scenario::{fnv, Chaos};

fn hash(seed: u64) -> u64 {
    let mut chaos = Chaos::new(seed);
    chaos.run(Duration::from_secs(10), || Duration::from_millis(20));
    fnv(&chaos.trace.text())
}

#[test]
fn twice_in_one_process() {
    for seed in 0..20 {
        assert_eq!(hash(seed), hash(seed), "seed {seed}");
    }
}

/// Hashes that were equal natively and in wasm. They change with madsim, its
/// patch, the generator, or the scenario; never with a machine or a toolchain.
#[test]
fn on_every_machine() {
    let hashes = [0, 1, 2].map(hash);
    assert_eq!(hashes, [0xe0ac_379c_9358_2244, 0xf7a5_a9fd_d1d0_d73f, 0xca98_2514_204d_7647]);
}
