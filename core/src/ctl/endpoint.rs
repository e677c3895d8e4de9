//! `endpoint health`, `endpoint status` and `endpoint hashkv`: the same question to every endpoint.
//!
//! All endpoints are asked at once. `status` and `hashkv` print in the order in which the endpoints
//! were given, `health` in the order in which they answered, as etcdctl does.

use std::collections::BTreeMap;
use std::time::Duration;

use super::print::{Printer, Report};
use super::session::{CallError, CallId, Endpoint};
use super::{Config, Exit, Output, go, member};
use crate::api::{
    AlarmRequest, AlarmResponse, AlarmType, Error, HashKvRequest, HashKvResponse, RangeRequest,
    Request, Response, StatusRequest, StatusResponse,
};

/// What is asked of every endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Reads a key with a quorum, then lists the alarms.
    Health,
    Status,
    HashKv {
        /// The newest revision to hash; 0 for all.
        revision: i64,
    },
}

/// One line of `endpoint health`.
#[derive(Clone, Debug)]
pub(super) struct Health {
    pub(super) endpoint: String,
    pub(super) healthy: bool,
    /// How long the read took, as Go prints durations.
    pub(super) took: String,
    /// Empty when nothing is wrong.
    pub(super) error: String,
}

/// What one endpoint said to `status` or `hashkv`.
#[derive(Clone, Debug)]
pub(super) struct Said<R> {
    pub(super) endpoint: String,
    pub(super) response: R,
}

/// A call for the session to make.
pub(super) struct Ask {
    pub(super) subject: Subject,
    pub(super) endpoint: Endpoint,
    pub(super) request: Request,
    pub(super) timeout: Duration,
}

/// What a call of a sweep is about; the number is an endpoint's place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The members, for `--cluster`.
    Members,
    /// The only question of `status` and `hashkv`, the first one of `health`.
    First(usize),
    /// The second question of `health`, after a read that took this long.
    Alarms(usize, Duration),
}

/// The same question to every endpoint, under way.
#[derive(Debug)]
pub(super) struct Sweep {
    check: Check,
    endpoints: Vec<String>,
    under_way: BTreeMap<CallId, Subject>,
    /// In the order of the answers.
    health: Vec<Health>,
    /// By the endpoint's place.
    answers: BTreeMap<usize, Result<Response, CallError>>,
}

impl Sweep {
    /// Begins with the given endpoints, or with the list of members.
    pub(super) fn new(check: Check, cluster: bool, config: &Config) -> (Self, Vec<Ask>) {
        let mut sweep = Self {
            check,
            endpoints: Vec::new(),
            under_way: BTreeMap::new(),
            health: Vec::new(),
            answers: BTreeMap::new(),
        };
        let asks = if cluster {
            vec![Ask {
                subject: Subject::Members,
                endpoint: Endpoint::Any,
                request: member::list_request().into(),
                timeout: config.command_timeout,
            }]
        } else {
            sweep.ask_all(config.endpoints.clone(), config)
        };
        (sweep, asks)
    }

    pub(super) fn is_health(&self) -> bool {
        self.check == Check::Health
    }

    /// Nobody may even ask: `health` says so of each endpoint.
    pub(super) fn refused(
        mut self,
        error: &CallError,
        printer: &Printer,
        output: &mut Output,
    ) -> Result<(), Exit> {
        for at in 0..self.endpoints.len() {
            self.conclude(at, String::new(), error.to_string());
        }
        self.print(printer, output)
    }

    /// Learns the id of a call that it asked for.
    pub(super) fn on_called(&mut self, id: CallId, subject: Subject) {
        self.under_way.insert(id, subject);
    }

    /// Whether every endpoint has had its say.
    pub(super) fn is_finished(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Takes an answer; says what to ask next.
    pub(super) fn on_result(
        &mut self,
        id: CallId,
        result: Result<Response, CallError>,
        took: Duration,
        config: &Config,
    ) -> Result<Vec<Ask>, Exit> {
        match self.under_way.remove(&id) {
            Some(Subject::Members) => self.on_members(result, config),
            Some(Subject::First(at)) if self.check == Check::Health => {
                Ok(self.on_read(at, result, took, config).into_iter().collect())
            }
            Some(Subject::First(at)) => {
                self.answers.insert(at, result);
                Ok(Vec::new())
            }
            Some(Subject::Alarms(at, read_took)) => {
                let error = match result {
                    Ok(Response::Alarm(response)) => active_alarms(&response),
                    _ => "Unable to fetch the alarm list".to_owned(),
                };
                self.conclude(at, go::duration(nanos(read_took)), error);
                Ok(Vec::new())
            }
            None => Ok(Vec::new()),
        }
    }

    fn on_members(
        &mut self,
        result: Result<Response, CallError>,
        config: &Config,
    ) -> Result<Vec<Ask>, Exit> {
        let why = match result {
            Ok(Response::MemberList(response)) => {
                return Ok(self.ask_all(member::client_urls(&response), config));
            }
            Ok(response) => format!("the answer was one to {}", response.name()),
            Err(error) => error.to_string(),
        };
        Err(Exit::error(format!("failed to fetch endpoints from etcd cluster member list: {why}")))
    }

    fn ask_all(&mut self, endpoints: Vec<String>, config: &Config) -> Vec<Ask> {
        self.endpoints = endpoints;
        let request: Request = match self.check {
            Check::Health => RangeRequest { key: "health".into(), ..Default::default() }.into(),
            Check::Status => StatusRequest {}.into(),
            Check::HashKv { revision } => HashKvRequest { revision }.into(),
        };
        let ask = |(at, endpoint): (usize, &String)| Ask {
            subject: Subject::First(at),
            endpoint: Endpoint::Named(endpoint.clone()),
            request: request.clone(),
            timeout: config.command_timeout,
        };
        self.endpoints.iter().enumerate().map(ask).collect()
    }

    /// A quorum stands behind a read that succeeds, and behind one that is refused.
    fn on_read(
        &mut self,
        at: usize,
        result: Result<Response, CallError>,
        took: Duration,
        config: &Config,
    ) -> Option<Ask> {
        match result {
            Ok(_) => {}
            Err(CallError::Status(error)) if error == Error::PERMISSION_DENIED => {}
            Err(CallError::Client(why)) => {
                self.conclude(at, String::new(), why);
                return None;
            }
            Err(error) => {
                self.conclude(at, go::duration(nanos(took)), error.to_string());
                return None;
            }
        }
        Some(Ask {
            subject: Subject::Alarms(at, took),
            endpoint: Endpoint::Named(self.endpoints[at].clone()),
            request: AlarmRequest::default().into(),
            timeout: config.command_timeout.saturating_sub(took),
        })
    }

    fn conclude(&mut self, at: usize, took: String, error: String) {
        let endpoint = self.endpoints[at].clone();
        self.health.push(Health { endpoint, healthy: error.is_empty(), took, error });
    }

    /// Prints what the endpoints said, once all have.
    pub(super) fn print(self, printer: &Printer, output: &mut Output) -> Result<(), Exit> {
        match self.check {
            Check::Health => print_health(&self.health, printer, output),
            Check::Status => self.print_status(printer, output),
            Check::HashKv { .. } => self.print_hashes(printer, output),
        }
    }

    fn print_status(self, printer: &Printer, output: &mut Output) -> Result<(), Exit> {
        let (said, failed) =
            self.split::<StatusResponse>(output, "status", |response| match response {
                Response::Status(response) => Some(response),
                _ => None,
            });
        printer.print(Report::Status(&said), output)?;
        // The reasons are told endpoint by endpoint already.
        failed.map_or(Ok(()), |_| Err(Exit { code: 1, text: None }))
    }

    fn print_hashes(self, printer: &Printer, output: &mut Output) -> Result<(), Exit> {
        let (said, failed) =
            self.split::<HashKvResponse>(output, "hash", |response| match response {
                Response::HashKv(response) => Some(response),
                _ => None,
            });
        printer.print(Report::HashKv(&said), output)?;
        failed.map_or(Ok(()), |why| Err(Exit::error(why)))
    }

    /// Parts answers from failures; complains of each failure, and returns the last one's text.
    fn split<R>(
        self,
        output: &mut Output,
        what: &str,
        unwrap: impl Fn(Response) -> Option<R>,
    ) -> (Vec<Said<R>>, Option<String>) {
        let mut said = Vec::new();
        let mut failed = None;
        for (endpoint, (_, result)) in self.endpoints.into_iter().zip(self.answers) {
            let why = match result.map(&unwrap) {
                Ok(Some(response)) => {
                    said.push(Said { endpoint, response });
                    continue;
                }
                Ok(None) => "the answer was one to another call".to_owned(),
                Err(error) => error.to_string(),
            };
            output.err_line(format!("Failed to get the {what} of endpoint {endpoint} ({why})"));
            failed = Some(why);
        }
        (said, failed)
    }
}

fn print_health(health: &[Health], printer: &Printer, output: &mut Output) -> Result<(), Exit> {
    printer.print(Report::Health(health), output)?;
    if health.iter().all(|health| health.error.is_empty()) {
        Ok(())
    } else {
        Err(Exit::error("unhealthy cluster"))
    }
}

/// Empty without alarms.
fn active_alarms(response: &AlarmResponse) -> String {
    if response.alarms.is_empty() {
        return String::new();
    }
    let names = response.alarms.iter().map(|alarm| match alarm.alarm() {
        AlarmType::Nospace => "NOSPACE ",
        AlarmType::Corrupt => "CORRUPT ",
        AlarmType::None => "UNKNOWN ",
    });
    ["Active Alarm(s): "].into_iter().chain(names).collect()
}

fn nanos(took: Duration) -> i64 {
    i64::try_from(took.as_nanos()).unwrap_or(i64::MAX)
}
