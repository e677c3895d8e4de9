//! Calls of a session, with the retries of etcd's client.
//!
//! A call waits for a connection as etcdctl's does: an endpoint that cannot be reached is no error
//! before the call's own timeout. Connections are kept: `check perf` makes thousands of calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glasshouse_core::api::{self, Response};
use glasshouse_core::ctl::{Call, CallError, Config, Tls, may_retry};
use tokio::time::{sleep, timeout};

use super::{BACK_OFF, dial, files};
use crate::client::{ConnectError, Connection};

/// Makes one call, to its end.
pub(super) async fn perform(
    call: Call,
    config: &Config,
    connections: &Connections,
) -> Result<Response, CallError> {
    let (endpoints, tls) = call.endpoint.among(config);
    if call.once {
        let limit = call.timeout.unwrap_or(config.dial_timeout);
        let attempt = attempt_once(&call, endpoints, tls, limit);
        let late = || CallError::Unreachable(format!("no answer within {limit:?}"));
        return timeout(limit, attempt).await.unwrap_or_else(|_| Err(late()));
    }
    let dialled = Dialled { tls, connections, limit: config.dial_timeout };
    let attempts = attempt_until_answered(&call, endpoints, &dialled);
    match call.timeout {
        None => attempts.await,
        Some(limit) => timeout(limit, attempts).await.unwrap_or(Err(CallError::DeadlineExceeded)),
    }
}

/// Says why nobody answers, where a patient call would wait for somebody.
async fn attempt_once(
    Call { token, request, .. }: &Call,
    endpoints: &[String],
    tls: &Tls,
    limit: Duration,
) -> Result<Response, CallError> {
    let Some(endpoint) = endpoints.first() else {
        return Err(CallError::Unreachable("no endpoint".to_owned()));
    };
    let connection = dial::open(endpoint, tls, limit).await.map_err(|error| match error {
        ConnectError::Unreachable(error) => CallError::Unreachable(files::reason(&error)),
        ConnectError::Endpoint(why) => CallError::Client(why),
    })?;
    connection.ask_as(token.as_deref(), request.clone()).await.map_err(CallError::Status)
}

async fn attempt_until_answered(
    Call { token, request, .. }: &Call,
    endpoints: &[String],
    dialled: &Dialled<'_>,
) -> Result<Response, CallError> {
    loop {
        for endpoint in endpoints {
            let connection = match dialled.to(endpoint).await {
                Ok(connection) => connection,
                // Nothing was sent: the next endpoint may be asked, whatever the request is.
                Err(ConnectError::Unreachable(_)) => continue,
                Err(ConnectError::Endpoint(why)) => return Err(CallError::Client(why)),
            };
            match connection.ask_as(token.as_deref(), request.clone()).await {
                Ok(response) => return Ok(response),
                Err(error) => {
                    if error.code == api::Code::Unavailable {
                        dialled.forget(endpoint);
                    }
                    if !may_retry(request, &error) {
                        return Err(CallError::Status(error));
                    }
                }
            }
        }
        sleep(BACK_OFF).await;
    }
}

/// Connections that are open, by endpoint and by who shows which certificate there.
#[derive(Default)]
pub(super) struct Connections(Mutex<BTreeMap<(String, Tls), Connection>>);

impl Connections {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, Tls), Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How connections are made where none is open.
struct Dialled<'a> {
    tls: &'a Tls,
    connections: &'a Connections,
    limit: Duration,
}

impl Dialled<'_> {
    async fn to(&self, endpoint: &str) -> Result<Connection, ConnectError> {
        let place = (endpoint.to_owned(), self.tls.clone());
        // A write that meets a connection that is over would not be sent again.
        let open = self.connections.lock().get(&place).filter(|open| !open.is_closed()).cloned();
        if let Some(open) = open {
            return Ok(open);
        }
        let opened = dial::open(endpoint, self.tls, self.limit).await?;
        // Calls that began side by side all open one; the last stays.
        self.connections.lock().insert(place, opened.clone());
        Ok(opened)
    }

    /// It is broken, or may be.
    fn forget(&self, endpoint: &str) {
        self.connections.lock().remove(&(endpoint.to_owned(), self.tls.clone()));
    }
}
