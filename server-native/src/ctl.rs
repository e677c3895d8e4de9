//! `glasshouse ctl`: drives core's etcdctl ([`glasshouse_core::ctl`]) with gRPC.
//!
//! What is asked and what is printed is decided in core; here requests travel, lines are read
//! and bytes are written. A call waits for a connection as etcdctl's does: an endpoint that
//! cannot be reached is no error before the call's own timeout.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::ffi::OsStringExt as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use glasshouse_core::api::{Request, Response};
use glasshouse_core::ctl::{
    Call, CallError, CallId, Config, Endpoint, Input, Output, Session, Step, may_retry,
};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::client::{ConnectError, Connection};

/// Pause before the endpoints are tried once more (`backoffWaitBetween` of etcd's client).
const BACK_OFF: Duration = Duration::from_millis(25);

/// Runs one command line, without the program's name.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(io::stderr(), "Error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let environment: BTreeMap<String, String> = crate::process::environment().collect();
    let args = args.into_iter().map(OsString::into_vec);
    let output = runtime.block_on(drive(Session::start(args, &environment)));
    let written = io::stderr()
        .write_all(&output.stderr)
        .and_then(|()| io::stdout().write_all(&output.stdout))
        .and_then(|()| io::stdout().flush());
    match written {
        Ok(()) => ExitCode::from(output.exit_code),
        // A pipe that was closed, such as `glasshouse ctl get | head`.
        Err(_) => ExitCode::FAILURE,
    }
}

/// Does what the session wants, calls side by side.
async fn drive(mut session: Session) -> Output {
    type Answered = (CallId, Result<Response, CallError>, Duration);
    let (sender, mut answers) = mpsc::unbounded_channel::<Answered>();
    loop {
        match session.next() {
            Step::Call(call) => {
                let (config, sender) = (session.config().clone(), sender.clone());
                tokio::spawn(async move {
                    let begin = Instant::now();
                    let id = call.id;
                    let answer = perform(call, &config).await;
                    // The session may be over when an answer comes.
                    let _ = sender.send((id, answer, begin.elapsed()));
                });
            }
            Step::Wait => {
                let (id, answer, took) = answers.recv().await.expect("a sender lives in this loop");
                session.on_result(id, answer, took);
            }
            Step::Read(input) => session.on_input(&read(input)),
            Step::Done(output) => return output,
        }
    }
}

/// Reads standard input; what cannot be read counts as its end.
fn read(input: Input) -> Vec<u8> {
    let mut bytes = Vec::new();
    match input {
        Input::All => {
            let _ = io::stdin().read_to_end(&mut bytes);
        }
        Input::Line { prompt } => {
            let _ = io::stdout().write_all(prompt.as_bytes()).and_then(|()| io::stdout().flush());
            let _ = io::stdin().lock().read_until(b'\n', &mut bytes);
        }
    }
    bytes
}

async fn perform(call: Call, config: &Config) -> Result<Response, CallError> {
    let endpoints = match &call.endpoint {
        Endpoint::Any => config.endpoints.clone(),
        Endpoint::Named(endpoint) => vec![endpoint.clone()],
    };
    let attempts = attempt_until_answered(&call.request, &endpoints, config.dial_timeout);
    match call.timeout {
        None => attempts.await,
        Some(limit) => timeout(limit, attempts).await.unwrap_or(Err(CallError::DeadlineExceeded)),
    }
}

async fn attempt_until_answered(
    request: &Request,
    endpoints: &[String],
    dial_timeout: Duration,
) -> Result<Response, CallError> {
    loop {
        for endpoint in endpoints {
            let connection = match Connection::open(endpoint, dial_timeout).await {
                Ok(connection) => connection,
                // Nothing was sent: the next endpoint may be asked, whatever the request is.
                Err(ConnectError::Unreachable(_)) => continue,
                Err(ConnectError::Endpoint(why)) => return Err(CallError::Client(why)),
            };
            match connection.ask(request.clone()).await {
                Ok(response) => return Ok(response),
                Err(error) if may_retry(request, &error) => {}
                Err(error) => return Err(CallError::Status(error)),
            }
        }
        sleep(BACK_OFF).await;
    }
}
