//! A real etcd and ours, side by side: the same bytes to both.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::api::{Error, StatusRequest};
use glasshouse_server::client::{Connection, Messages};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::{Cluster, glasshouse};
use crate::tools;

/// How long a connection may take, and an answer that the other side has given already: far more than
/// it takes, because a machine that is shared may stand still for seconds.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a call may take when neither side answers: some wait for ever, as they should.
const CALL_PATIENCE: Duration = Duration::from_secs(10);

/// What comes back: a message, or gRPC's code and a text.
pub type Answer = Result<Bytes, Error>;

/// Both, and what carries requests to them.
pub struct Pair {
    /// Runs the calls.
    pub runtime: Runtime,
    /// The real one.
    pub etcd: Side,
    /// Ours.
    pub ours: Side,
}

/// One of the two: a cluster of one member.
pub struct Side {
    /// The member.
    pub cluster: Cluster,
    /// To its client port.
    pub connection: Connection,
}

/// A stream in both directions.
pub struct Stream {
    requests: Option<mpsc::UnboundedSender<Bytes>>,
    /// etcd answers nothing, not even a head, before it has something to say.
    opening: Option<JoinHandle<Result<Messages, Error>>>,
    answers: Option<Messages>,
}

impl Stream {
    /// Sends one message more.
    pub fn send(&self, message: Bytes) {
        let requests = self.requests.as_ref().expect("the stream was not ended");
        // Whoever has ended the stream does not listen, and that is seen in the answers.
        let _ = requests.send(message);
    }

    /// Says that there are no more messages.
    pub fn end(&mut self) {
        self.requests = None;
    }

    /// The next answer; `None` at the end.
    ///
    /// # Errors
    /// The member ended the stream with this.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(opening) = self.opening.as_mut() {
            let opened = opening.await.expect("the task ran");
            self.opening = None;
            self.answers = Some(opened?);
        }
        match &mut self.answers {
            Some(answers) => answers.next().await,
            None => Ok(None),
        }
    }
}

impl Pair {
    /// Starts an etcd of this version and ours, with the same flags, on the loopback addresses of
    /// two blocks; `None` without that etcd.
    pub fn start(version: &str, block: u8, flags: &[&str]) -> Option<Self> {
        let program = tools::etcd(version)?.join("etcd");
        // Streams go on while the test does something else.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let etcd = Side::start(&runtime, program, block, flags);
        let ours = Side::start(&runtime, glasshouse(), block + 1, flags);
        Some(Self { runtime, etcd, ours })
    }

    /// Sends the same to both at once.
    ///
    /// etcd loses a change of the members that comes right behind another one: its raft proposes an empty
    /// entry instead, without a word, and the call times out. Nothing happened, so it is asked again.
    pub fn call(&self, path: &str, token: [Option<&str>; 2], message: [Bytes; 2]) -> [Answer; 2] {
        let [theirs, ours] = message;
        let ask_etcd = async {
            let first = self.etcd.call(path, token[0], theirs.clone());
            if !path.starts_with("/etcdserverpb.Cluster/") {
                return first.await;
            }
            match timeout(CALL_PATIENCE, first).await {
                Ok(answer) => answer,
                Err(_) => self.etcd.call(path, token[0], theirs).await,
            }
        };
        let answers = both(ask_etcd, self.ours.call(path, token[1], ours));
        let answers = self.runtime.block_on(answers);
        answers.map(|answer| answer.unwrap_or(Err(Error::DEADLINE_EXCEEDED)))
    }

    /// Whether both still answer; otherwise what the one that does not has logged last.
    ///
    /// # Errors
    /// The log of who has ended.
    pub fn check_alive(&mut self) -> Result<(), String> {
        for (name, side) in [("etcd", &mut self.etcd), ("glasshouse", &mut self.ours)] {
            let member = &mut side.cluster.members[0];
            let answer =
                self.runtime.block_on(side.connection.clone().ask(StatusRequest::default().into()));
            if !member.is_running() || answer.is_err() {
                let log = member.log();
                let last: Vec<&str> = log.lines().rev().take(40).collect();
                return Err(format!("{name}: {answer:?}; newest line first:\n{}", last.join("\n")));
            }
        }
        Ok(())
    }
}

/// Waits for both. Nothing comes after [`CALL_PATIENCE`] when neither has come; once one has, the
/// other is waited for with [`PATIENCE`].
pub async fn both<T>(
    theirs: impl Future<Output = T>,
    ours: impl Future<Output = T>,
) -> [Option<T>; 2] {
    tokio::pin!(theirs, ours);
    let limit = sleep(CALL_PATIENCE);
    tokio::pin!(limit);
    let (mut first, mut second) = (None, None);
    while first.is_none() || second.is_none() {
        tokio::select! {
            biased;
            answer = &mut theirs, if first.is_none() => first = Some(answer),
            answer = &mut ours, if second.is_none() => second = Some(answer),
            () = &mut limit => break,
        }
        limit.as_mut().reset(Instant::now() + PATIENCE);
    }
    [first, second]
}

impl Side {
    fn start(runtime: &Runtime, program: PathBuf, block: u8, flags: &[&str]) -> Self {
        let mut cluster = Cluster::on_addresses(1, block);
        cluster.program = program;
        cluster.add_flags(flags);
        cluster.start_all();
        let address = cluster.members[0].address();
        let connection = runtime.block_on(Connection::open(&address, PATIENCE));
        Self { cluster, connection: connection.expect("the member serves") }
    }

    /// One call with these bytes; some wait for ever.
    ///
    /// # Errors
    /// The member's own.
    pub async fn call(&self, path: &str, token: Option<&str>, message: Bytes) -> Answer {
        let path = path.parse().expect("a method's path is a path");
        self.connection.clone().call(path, token, message).await
    }

    /// Opens a stream with these bytes as its first message.
    pub fn open(&self, runtime: &Handle, path: &str, token: Option<&str>, first: Bytes) -> Stream {
        let path = path.parse().expect("a method's path is a path");
        let (requests, receiver) = mpsc::unbounded_channel();
        requests.send(first).expect("it is listened to");
        let (connection, token) = (self.connection.clone(), token.map(str::to_owned));
        let opening =
            runtime.spawn(async move { connection.stream(path, token.as_deref(), receiver).await });
        Stream { requests: Some(requests), opening: Some(opening), answers: None }
    }
}
