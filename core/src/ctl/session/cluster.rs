//! `cluster status` in a session, and the question whether all endpoints are of one cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Call, CallError, CallId, Endpoint, Session, Step};
use crate::api::{Response, StatusRequest};
use crate::ctl::Exit;
use crate::ctl::cluster::{self, Asking};
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::parse::Invocation;
use crate::ctl::print::Report;
use crate::order;

impl Session {
    pub(super) fn cluster_status(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        crate::ctl::access::no_arguments(
            &invocation.args,
            "cluster status command accepts no arguments",
        )?;
        self.connect(invocation, environment)?;
        self.begin_job(Box::new(Picturing::default()))
    }
}

/// `cluster status`.
#[derive(Debug, Default)]
struct Picturing(Asking);

impl Job for Picturing {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.ask_any(cluster::list_request());
        Ok(Flow::GoesOn)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        id: CallId,
        answer: Result<Response, CallError>,
        _: Duration,
    ) -> Moved {
        let Self(asking) = self;
        match answer {
            Ok(Response::MemberList(list)) => {
                for (member, url) in asking.on_list(list) {
                    let id = session.ask_once(&url);
                    asking.on_called(id, member, url);
                }
            }
            Ok(Response::Status(status)) => asking.on_status(id, Ok(status)),
            Err(error) if !asking.is_finished() => asking.on_status(id, Err(error)),
            Err(error) => return Err(error.into()),
            Ok(response) => return Err(super::wrong_answer(&"cluster status", &response)),
        }
        if !asking.is_finished() {
            return Ok(Flow::GoesOn);
        }
        let picture = asking.picture();
        session.print(Report::Cluster(&picture))?;
        if picture.is_well() { Ok(Flow::Over) } else { Err(Exit { code: 1, text: None }) }
    }
}

// --- one cluster ---

/// How long endpoints may take to say of which cluster they are. Who does not answer at once is not
/// judged: an endpoint that is down must not make commands slow.
const INTRODUCTION: Duration = Duration::from_millis(500);

/// Whether all endpoints are known to be of one cluster.
#[derive(Debug, Default)]
pub(super) enum Guard {
    /// Nothing is to be asked, or all is well.
    #[default]
    Open,
    /// Every endpoint is to be asked.
    Wanted,
    Asking {
        under_way: BTreeMap<CallId, String>,
        /// Endpoints by cluster.
        clusters: BTreeMap<u64, Vec<String>>,
    },
}

impl Session {
    /// Lets the session ask all its endpoints of which cluster they are before anything else leaves,
    /// and refuse to go on when there is more than one. With one endpoint nothing is asked.
    ///
    /// etcdctl does not: it prints one table of both clusters, and a `put` and the `get` behind it may
    /// reach two different ones.
    pub fn guard(&mut self) {
        self.guards = true;
        self.want_introductions();
    }

    /// The endpoints are known.
    pub(super) fn want_introductions(&mut self) {
        if self.guards && self.config.endpoints.len() > 1 {
            self.guard = Guard::Wanted;
        }
    }

    /// Begins to ask, if that is wanted.
    pub(super) fn guard_step(&mut self) -> Option<Step> {
        if matches!(self.guard, Guard::Wanted) && self.has_something_to_send() {
            let mut calls = Vec::new();
            let mut under_way = BTreeMap::new();
            for endpoint in self.config.endpoints.clone() {
                let id = self.new_call_id();
                under_way.insert(id, endpoint.clone());
                calls.push(Call {
                    id,
                    endpoint: Endpoint::Named(endpoint),
                    token: None,
                    request: StatusRequest {}.into(),
                    timeout: Some(INTRODUCTION),
                    once: true,
                });
            }
            self.introductions = calls;
            self.guard = Guard::Asking { under_way, clusters: BTreeMap::new() };
        }
        if let Some(call) = self.introductions.pop() {
            return Some(Step::Call(call));
        }
        matches!(self.guard, Guard::Asking { .. }).then_some(Step::Wait)
    }

    /// Takes an introduction; whether the answer was one.
    pub(super) fn take_introduction(
        &mut self,
        id: CallId,
        result: &Result<Response, CallError>,
    ) -> bool {
        let Guard::Asking { under_way, clusters } = &mut self.guard else { return false };
        let Some(endpoint) = under_way.remove(&id) else { return false };
        if let Ok(response) = result
            && let Some(header) = response.header()
        {
            clusters.entry(header.cluster_id).or_default().push(endpoint);
        }
        if under_way.is_empty() {
            let clusters = std::mem::take(clusters);
            self.guard = Guard::Open;
            if clusters.len() > 1 {
                self.steps.clear();
                self.settle(Err(Exit::bad_args(two_clusters(&clusters))));
            }
        }
        true
    }

    /// Asks one endpoint for its status; who cannot be reached at once does not answer.
    fn ask_once(&mut self, endpoint: &str) -> CallId {
        let id = self.ask_at(endpoint, StatusRequest {});
        if let Some(call) = self.calls.back_mut() {
            call.once = true;
        }
        id
    }
}

fn two_clusters(clusters: &BTreeMap<u64, Vec<String>>) -> String {
    let one = |(id, endpoints): (&u64, &Vec<String>)| {
        let mut endpoints = endpoints.clone();
        order::sort(&mut endpoints);
        format!("{} of cluster {id:x}", endpoints.join(", "))
    };
    let each: Vec<String> = clusters.iter().map(one).collect();
    format!("the endpoints are of different clusters: {}; name those of one", each.join("; "))
}
