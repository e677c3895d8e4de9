//! A folder served on the loopback interface for the length of a test.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use xtask::serve;

/// A served folder; the server ends with the test's process, or when it is closed.
pub struct Site {
    url: String,
    address: SocketAddr,
    open: Arc<AtomicBool>,
    server: thread::JoinHandle<()>,
}

impl Site {
    /// Serves `root` under `prefix`, which begins and ends with a slash, at a free port.
    pub fn serve(root: &Path, prefix: &str) -> Self {
        let (listener, address) = serve::listen(0).expect("the loopback interface has a free port");
        let site = serve::Site { root: PathBuf::from(root), prefix: prefix.to_owned() };
        let open = Arc::new(AtomicBool::new(true));
        let stays = Arc::clone(&open);
        let server =
            thread::spawn(move || serve::serve_while(&listener, &site, || stays.load(Relaxed)));
        Self { url: format!("http://{address}{prefix}"), address, open, server }
    }

    /// Ends the server; where it was.
    pub fn close(self) -> SocketAddr {
        self.open.store(false, Relaxed);
        // It looks at that when somebody comes.
        let _ = TcpStream::connect(self.address);
        self.server.join().expect("the server does not panic");
        self.address
    }

    /// The folder's address, ending with a slash.
    pub fn url(&self) -> &str {
        &self.url
    }
}
