//! `member add`, `remove`, `update`, `promote` and `list`; the members as `--cluster` needs them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::flags::{Arg, FlagSet};
use super::job::{Flow, Job, Moved};
use super::print::{Format, Report};
use super::session::{CallError, CallId, Session, wrong_answer};
use super::{Exit, Output, go};
use crate::api::{
    self, MemberAddRequest, MemberListRequest, MemberListResponse, MemberPromoteRequest,
    MemberRemoveRequest, MemberUpdateRequest, RangeRequest, Response,
};

/// etcdctl insists on a linearizable list: without a quorum there is no answer.
pub(super) fn list_request() -> MemberListRequest {
    MemberListRequest { linearizable: true }
}

/// The client URLs of all members; a member that has not started has none.
pub(super) fn client_urls(response: &MemberListResponse) -> Vec<String> {
    response.members.iter().flat_map(|member| member.client_urls.iter().cloned()).collect()
}

/// `member add`: a member that joins, what was asked and what is known of the answer.
///
/// ```text
///   add it ──simple──► list the members ── the member that answers knows it ──► print its variables
///     │ other formats       ▲      │ it may not
///     └──► over             └── a read brings it up to date
/// ```
#[derive(Debug)]
pub(super) struct Adding {
    request: MemberAddRequest,
    name: String,
    /// As the command line gave them.
    peer_urls: String,
    /// Its id, once it is added.
    id: u64,
    /// Members that know of it.
    synced: BTreeSet<u64>,
}

impl Adding {
    /// Reads the line.
    pub(super) fn new(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        let name = match args {
            [] => return Err(Exit::bad_args("member name not provided")),
            [name] => String::from_utf8_lossy(name).into_owned(),
            several => {
                let urls =
                    several.iter().filter(|arg| arg.to_ascii_lowercase().starts_with(b"http"));
                let hints =
                    urls.map(|arg| [b", did you mean --peer-urls=", arg.as_slice()].concat());
                let hints: Vec<u8> = hints.collect::<Vec<_>>().concat();
                return Err(Exit::bad_args([b"too many arguments", hints.as_slice()].concat()));
            }
        };
        let peer_urls = text(flags, "peer-urls")?;
        let request =
            MemberAddRequest { peer_urls: urls(&peer_urls)?, is_learner: flags.bool("learner") };
        Ok(Self { request, name, peer_urls, id: 0, synced: BTreeSet::new() })
    }

    /// The member that gave this header knows of the new one.
    fn on_synced(&mut self, header: Option<&api::ResponseHeader>) {
        self.synced.extend(header.map(|header| header.member_id));
    }

    /// Whether this list is of a member that knows of the new one.
    fn trusts(&self, list: &MemberListResponse) -> bool {
        list.header.as_ref().is_some_and(|header| self.synced.contains(&header.member_id))
    }

    /// The variables with which the new member can be started.
    fn print(&self, list: &MemberListResponse, output: &mut Output) {
        let pairs: Vec<String> = list
            .members
            .iter()
            .flat_map(|member| {
                let name = if member.id == self.id { &self.name } else { &member.name };
                member.peer_urls.iter().map(move |url| format!("{name}={url}"))
            })
            .collect();
        let quoted = |text: &str| go::quote(text.as_bytes());
        output.out_line("");
        output.out_line(format!("ETCD_NAME={}", quoted(&self.name)));
        output.out_line(format!("ETCD_INITIAL_CLUSTER={}", quoted(&pairs.join(","))));
        let urls = quoted(&self.peer_urls);
        output.out_line(format!("ETCD_INITIAL_ADVERTISE_PEER_URLS={urls}"));
        output.out_line("ETCD_INITIAL_CLUSTER_STATE=\"existing\"");
    }
}

impl Job for Adding {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.ask_any(self.request.clone());
        Ok(Flow::GoesOn)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        _: CallId,
        answer: Result<Response, CallError>,
        _: Duration,
    ) -> Moved {
        match answer? {
            Response::MemberAdd(response) => {
                session.print(Report::MemberAdd(&response))?;
                if session.config().format != Format::Simple {
                    return Ok(Flow::Over);
                }
                self.id = response.member.as_ref().map_or(0, |member| member.id);
                self.on_synced(response.header.as_ref());
                session.ask_any(list_request());
            }
            Response::MemberList(list) if self.trusts(&list) => {
                self.print(&list, session.output());
                return Ok(Flow::Over);
            }
            Response::MemberList(_) => {
                session.ask_any(RangeRequest { key: "_".into(), ..RangeRequest::default() });
            }
            // That member has answered a read with a quorum since.
            Response::Range(range) => {
                self.on_synced(range.header.as_ref());
                session.ask_any(list_request());
            }
            other => return Err(wrong_answer(&"member add", &other)),
        }
        Ok(Flow::GoesOn)
    }
}

/// Reads the line of `member remove`.
pub(super) fn remove_request(args: &[Arg]) -> Result<MemberRemoveRequest, Exit> {
    Ok(MemberRemoveRequest { id: id(args)? })
}

/// Reads the line of `member promote`.
pub(super) fn promote_request(args: &[Arg]) -> Result<MemberPromoteRequest, Exit> {
    Ok(MemberPromoteRequest { id: id(args)? })
}

/// Reads the line of `member update`.
pub(super) fn update_request(flags: &FlagSet, args: &[Arg]) -> Result<MemberUpdateRequest, Exit> {
    let id = id(args)?;
    Ok(MemberUpdateRequest { id, peer_urls: urls(&text(flags, "peer-urls")?)? })
}

fn id(args: &[Arg]) -> Result<u64, Exit> {
    let [id] = args else { return Err(Exit::bad_args("member ID is not provided")) };
    go::parse_uint(id, 16)
        .map_err(|why| Exit::bad_args(format!("bad member ID arg ({why}), expecting ID in Hex")))
}

fn text(flags: &FlagSet, name: &str) -> Result<String, Exit> {
    match String::from_utf8_lossy(flags.string(name)).into_owned() {
        text if text.is_empty() => Err(Exit::bad_args("member peer urls not provided")),
        text => Ok(text),
    }
}

/// The URLs as they are sent: in the order of the line, once they are known to be right.
fn urls(text: &str) -> Result<Vec<String>, Exit> {
    let urls: Vec<String> = text.split(',').map(str::to_owned).collect();
    api::check_urls(&urls).map_err(Exit::error)?;
    Ok(urls)
}
