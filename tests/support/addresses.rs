//! Loopback addresses that a test has for itself, in whichever process it and the others run.
//!
//! Servers listen on etcd's ports, so that two tests at the same addresses would meet. A test that
//! starts while another has its addresses waits: also for a second run of all tests on this machine. So two
//! tests that share addresses take them in the same order, or wait for each other for ever.

use std::fs::File;

/// The addresses `a.b.c.*`, for as long as this lives.
#[derive(Debug)]
pub struct Addresses(#[expect(dead_code, reason = "its lock ends with it")] Option<File>);

impl Addresses {
    /// Waits until nobody else has them. Where no file can be made they are taken on trust.
    pub fn take([a, b, c]: [u8; 3]) -> Self {
        let path = std::env::temp_dir().join(format!("glasshouse-addresses-{a}.{b}.{c}"));
        let file = File::options().create(true).append(true).open(path).ok();
        Self(file.filter(|file| file.lock().is_ok()))
    }
}
