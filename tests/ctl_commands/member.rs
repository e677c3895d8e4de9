//! A cluster of one member, whichever etcd it is, with the same ids everywhere.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use glasshouse_tests::cluster::{TempDir, eventually};

/// The peer URL that all announce, so that all have the same ids; nobody listens there.
const PEER: &str = "http://127.77.109.9:2380";

/// A running member; it ends with its owner.
pub(crate) struct Member {
    /// Host and port of its clients.
    pub(crate) address: String,
    /// A folder for files of the run.
    pub(crate) dir: TempDir,
    child: Child,
}

impl Member {
    /// Starts `program` at `127.77.109.{number}` and waits until it serves.
    pub(crate) fn start(program: &Path, number: u8) -> Self {
        let dir = TempDir::new("commands");
        let address = format!("127.77.109.{number}:2379");
        let child = Command::new(program)
            .arg(format!("--data-dir={}", dir.0.join("etcd").display()))
            .arg(format!("--listen-client-urls=http://{address}"))
            .arg(format!("--advertise-client-urls=http://{address}"))
            .arg(format!("--listen-peer-urls=http://127.77.109.{number}:2380"))
            .arg(format!("--initial-advertise-peer-urls={PEER}"))
            .arg(format!("--initial-cluster=default={PEER}"))
            // Passwords are hashed at every second line: as cheaply as bcrypt can.
            .arg("--bcrypt-cost=4")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the member can be started");
        let member = Self { address, dir, child };
        eventually("the member serves", || member.is_healthy());
        member
    }

    fn is_healthy(&self) -> Result<(), String> {
        std::net::TcpStream::connect(&self.address).map_err(|error| error.to_string())?;
        let health = glasshouse_tests::cluster::http(&self.address, "GET /health");
        if health.contains("\"health\":\"true\"") { Ok(()) } else { Err(health) }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        sleep(Duration::from_millis(10));
    }
}
