//! A client that asks again while its cluster changes its leader, as Go's client does by itself.

use std::error::Error as _;
use std::time::Duration;

use etcd_client::{Client, ConnectOptions, Error};
use tokio::time::{Instant, sleep, timeout};

/// How long one attempt may take. Calls that wait for others have none: [`Patient::wait_for`].
const ATTEMPT: Duration = Duration::from_secs(3);

/// How long an answer may take in all, elections included.
const PATIENCE: Duration = Duration::from_secs(120);

/// Pause before the next attempt.
const PAUSE: Duration = Duration::from_millis(30);

/// A connection to all members, for one program.
#[derive(Clone)]
pub(crate) struct Patient(Client);

impl Patient {
    /// Knows all members and asks any of them.
    pub(crate) async fn connect(urls: &[String]) -> Self {
        Self::connect_as(urls, ConnectOptions::new()).await
    }

    /// The same with a user, for example.
    pub(crate) async fn connect_as(urls: &[String], options: ConnectOptions) -> Self {
        let options = options.with_connect_timeout(Duration::from_secs(1));
        let begin = Instant::now();
        loop {
            match Client::connect(urls, Some(options.clone())).await {
                Ok(client) => return Self(client),
                Err(error) => assert!(may_pass(&error) && begin.elapsed() < PATIENCE, "{error}"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Asks until there is an answer. What is asked must not matter when it is done twice.
    pub(crate) async fn ask<T, F>(&self, call: impl Fn(Client) -> F) -> T
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.try_to(call).await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Asks until there is an answer, or an error that will not pass.
    pub(crate) async fn try_to<T, F>(&self, call: impl Fn(Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let begin = Instant::now();
        loop {
            let why = match timeout(ATTEMPT, call(self.0.clone())).await {
                Ok(Err(error)) if may_pass(&error) => error.to_string(),
                Ok(answer) => return answer,
                Err(_) => "no answer in time".to_owned(),
            };
            assert!(begin.elapsed() < PATIENCE, "asked for {PATIENCE:?}: {why}");
            sleep(PAUSE).await;
        }
    }

    /// The same for a call that waits until somebody else gives way, however long that takes.
    pub(crate) async fn wait_for<T, F>(&self, call: impl Fn(Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            match call(self.0.clone()).await {
                Err(error) if may_pass(&error) => sleep(PAUSE).await,
                answer => return answer,
            }
        }
    }

    /// Sends a request once: an answer, or nobody knows what has happened.
    pub(crate) async fn once<T, F>(&self, call: impl Fn(Client) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            let why = match timeout(ATTEMPT, call(self.0.clone())).await {
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) if was_not_sent(&error) => {
                    sleep(PAUSE).await;
                    continue;
                }
                Ok(Err(error)) if may_pass(&error) => error.to_string(),
                Ok(Err(error)) => panic!("{error:?}"),
                Err(_) => "no answer in time".to_owned(),
            };
            println!("nobody knows: {why}");
            return None;
        }
    }
}

/// Whether a request met a member that is not there.
fn was_not_sent(error: &Error) -> bool {
    matches!(error, Error::GRpcStatus(status) if status.message() == "tcp connect error")
}

/// Texts of errors that a change of the leader explains. The services `Lock` and `Election` give them
/// without their codes, in etcd, too.
const PASSING: [&str; 3] =
    ["etcdserver: no leader", "etcdserver: leader changed", "etcdserver: request timed out"];

/// Whether the connection broke, or the cluster was between two leaders.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::TransportError(_) => true,
        // What a member said has no source; what happened to the connection has one.
        Error::GRpcStatus(status) => {
            status.source().is_some()
                || status.code() == tonic::Code::Unavailable
                || PASSING.iter().any(|text| status.message().starts_with(text))
        }
        _ => false,
    }
}
