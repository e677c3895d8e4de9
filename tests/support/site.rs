//! A folder served on the loopback interface for the length of a test.

use std::path::{Path, PathBuf};
use std::thread;

use xtask::serve;

/// A served folder; the server ends with the test's process.
pub struct Site {
    url: String,
}

impl Site {
    /// Serves `root` under `prefix`, which begins and ends with a slash, at a free port.
    pub fn serve(root: &Path, prefix: &str) -> Self {
        let (listener, address) = serve::listen(0).expect("the loopback interface has a free port");
        let site = serve::Site { root: PathBuf::from(root), prefix: prefix.to_owned() };
        thread::spawn(move || serve::serve(&listener, &site));
        Self { url: format!("http://{address}{prefix}") }
    }

    /// The folder's address, ending with a slash.
    pub fn url(&self) -> &str {
        &self.url
    }
}
