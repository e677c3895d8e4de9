//! `cluster status`: all members as one picture, from any one endpoint and without a quorum.
//!
//! ```text
//!   any endpoint ── MemberList, as it knows it ──► members
//!   each client URL of each member ── Status ──► version, sizes, term, index; or why not
//! ```
//!
//! etcdctl has no such command: `endpoint status --cluster` needs a quorum for the list, and tells of a
//! member that is down in a sentence beside the table. The list here is the answering member's own; with a
//! member that is cut off for long it may be old, so the terms stand beside it.

use std::collections::BTreeMap;

use super::session::{CallError, CallId};
use crate::api::{Member, MemberListRequest, MemberListResponse, StatusResponse};

/// The members as the one that answers knows them; no quorum is asked.
pub(super) fn list_request() -> MemberListRequest {
    MemberListRequest { linearizable: false }
}

/// What one member is and says.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: u64,
    /// Empty for a member that was never started.
    pub(super) name: String,
    /// The client URL that answered, or all of them; empty for a member that was never started.
    pub(super) endpoint: String,
    pub(super) is_learner: bool,
    pub(super) answer: Result<StatusResponse, String>,
}

/// All members, asked or still to be heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    pub(super) cluster_id: u64,
    pub(super) rows: Vec<Row>,
}

impl Picture {
    /// The leader in the highest term: an old one may not know yet that it is none any more.
    pub(super) fn leader(&self) -> Option<&StatusResponse> {
        let statuses = self.rows.iter().filter_map(|row| row.answer.as_ref().ok());
        let leads = |status: &&StatusResponse| {
            status.leader != 0
                && status.header.as_ref().is_some_and(|header| header.member_id == status.leader)
        };
        statuses.filter(leads).max_by_key(|status| status.raft_term)
    }

    /// How many entries of the leader's log a member does not have; `None` without a leader.
    pub(super) fn lag(&self, status: &StatusResponse) -> Option<u64> {
        Some(self.leader()?.raft_index.saturating_sub(status.raft_index))
    }

    /// Everybody answers, and somebody leads.
    pub(super) fn is_well(&self) -> bool {
        self.leader().is_some() && self.rows.iter().all(|row| row.answer.is_ok())
    }
}

impl Row {
    /// What the member is, as far as is known.
    pub(super) fn role(&self, leader: Option<u64>) -> &'static str {
        match &self.answer {
            Err(_) if self.name.is_empty() => "unstarted",
            Err(_) => "unreachable",
            Ok(_) if leader == Some(self.id) => "leader",
            Ok(_) if self.is_learner => "learner",
            Ok(_) => "follower",
        }
    }

    /// Why nothing is known of it, or what it complains of.
    pub(super) fn errors(&self) -> String {
        match &self.answer {
            Ok(status) => status.errors.join(", "),
            Err(why) => why.clone(),
        }
    }
}

/// The questions to the members, under way.
#[derive(Debug, Default)]
pub(super) struct Asking {
    cluster_id: u64,
    members: Vec<Member>,
    /// By member and client URL.
    asked: BTreeMap<CallId, (usize, String)>,
    answers: BTreeMap<usize, (String, StatusResponse)>,
    /// Why the URLs of a member did not answer.
    failures: BTreeMap<usize, Vec<String>>,
}

impl Asking {
    /// Takes the list; gives whom to ask, by member and URL.
    pub(super) fn on_list(&mut self, list: MemberListResponse) -> Vec<(usize, String)> {
        self.cluster_id = list.header.map_or(0, |header| header.cluster_id);
        self.members = list.members;
        let urls = self.members.iter().enumerate();
        urls.flat_map(|(at, member)| member.client_urls.iter().map(move |url| (at, url.clone())))
            .collect()
    }

    pub(super) fn on_called(&mut self, id: CallId, member: usize, url: String) {
        self.asked.insert(id, (member, url));
    }

    /// Takes a member's answer.
    pub(super) fn on_status(&mut self, id: CallId, answer: Result<StatusResponse, CallError>) {
        let Some((at, url)) = self.asked.remove(&id) else { return };
        let why = match answer {
            Ok(status) => {
                let header = status.header.unwrap_or_default();
                let member = self.members[at].id;
                if (header.cluster_id, header.member_id) == (self.cluster_id, member) {
                    self.answers.entry(at).or_insert((url, status));
                    return;
                }
                format!("{url} is member {:x} of cluster {:x}", header.member_id, header.cluster_id)
            }
            Err(error) => format!("{url}: {error}"),
        };
        self.failures.entry(at).or_default().push(why);
    }

    /// Whether everybody had a say.
    pub(super) fn is_finished(&self) -> bool {
        self.asked.is_empty()
    }

    /// The picture, once everybody had a say.
    pub(super) fn picture(&mut self) -> Picture {
        let rows = std::mem::take(&mut self.members).into_iter().enumerate().map(|(at, member)| {
            let (endpoint, answer) = match self.answers.remove(&at) {
                Some((url, status)) => (url, Ok(status)),
                None => {
                    let why = match self.failures.remove(&at) {
                        Some(why) => why.join(", "),
                        None => "the member was added and never started".to_owned(),
                    };
                    (member.client_urls.join(","), Err(why))
                }
            };
            Row {
                id: member.id,
                name: member.name,
                endpoint,
                is_learner: member.is_learner,
                answer,
            }
        });
        Picture { cluster_id: self.cluster_id, rows: rows.collect() }
    }
}
