//! Discovery: first members that do not know each other find each other through a registry.
//!
//! The registry is any etcd cluster. Somebody has written there how many members the new cluster shall have;
//! each machine of it knows the registry's endpoints and a token, and nothing of the others.
//!
//! ```text
//!   /_etcd/registry/TOKEN/_config/size         3
//!   /_etcd/registry/TOKEN/members/5a1e3e74…    infra0=http://10.0.0.1:2380     in the order of their
//!   /_etcd/registry/TOKEN/members/47a835a8…    infra1=http://10.0.0.2:2380     create revisions
//!
//!   Size ─► Look ─► Register ─► Size ─► Look ──► all there: Joined, the first `size` of them
//!    │       │                           ├──► some are missing: Pause, Look again
//!    │       └ `size` others are there   └──► `size` others came before: Refused
//!    └ no size: Refused
//! ```
//!
//! What comes out is a value for `--initial-cluster`, and from there on everything is a first start as any
//! other ([`crate::bootstrap`]), with the discovery token in the place of `--initial-cluster-token`. Afterwards
//! nobody asks the registry for anything.
//!
//! A machine without I/O: [`Discovery::step`] says what to do now, [`Discovery::on_answer`] and
//! [`Discovery::on_time`] what came of it. The native server drives it with gRPC, the simulation with a client
//! of its world.
//!
//! Keys, values, order and sentences are etcd's (`server/etcdserver/api/v3discovery`). etcd waits for the
//! others with a watch; here it is a question a second, because a member does this once in its life, and a
//! stream that broke in silence would make it wait for ever.

#[cfg(test)]
mod tests;

use crate::api::range_request::{SortOrder, SortTarget};
use crate::api::{PutRequest, RangeRequest, Request, Response};
use crate::bootstrap::parse_cluster;
use crate::id::MemberId;
use crate::limits;
use crate::order;

/// Where the registry keeps everything.
const PREFIX: &str = "/_etcd/registry";

/// Milliseconds between two looks at a registry where members are missing.
const LOOK_AGAIN_MS: u64 = 1_000;

/// Why a member does not find its cluster; etcd's sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// Somebody registered what is no `name=url`.
    #[error("discovery: invalid peer URL")]
    InvalidUrl,
    /// The size is no number above 0.
    #[error("discovery: size key is bad")]
    BadSize,
    /// Nobody has written a size.
    #[error("discovery: size key not found")]
    NoSize,
    /// As many others as there shall be have registered before.
    #[error("discovery: cluster is full")]
    Full,
}

impl DiscoveryError {
    /// The sentence with which a member ends.
    #[must_use]
    pub fn sentence(self) -> String {
        format!("failed to join discovery cluster ({self})")
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask the registry this, and tell [`Discovery::on_answer`] what it said.
    Ask(Request),
    /// Wait so many milliseconds, and tell [`Discovery::on_time`].
    Pause(u64),
    /// The members are found: `--initial-cluster`.
    Joined(String),
    /// There is no place for this member.
    Refused(DiscoveryError),
}

/// What is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Size,
    Look { size: usize },
    Register,
}

/// One member's way to its cluster. See the module's page.
#[derive(Clone, Debug)]
pub struct Discovery {
    token: String,
    /// The own key.
    key: String,
    /// `name=url,name=url`.
    announced: String,
    stage: Stage,
    is_registered: bool,
    /// Until [`Discovery::on_time`]: how long to wait.
    pause: Option<u64>,
    failures: u32,
    end: Option<Result<String, DiscoveryError>>,
}

impl Discovery {
    /// The way of a member with this id ([`crate::id::member_id`] of its peer URLs and the token) that announces
    /// itself as `name=url,name=url`.
    #[must_use]
    pub fn new(token: &str, id: MemberId, announced: &str) -> Self {
        Self {
            token: token.to_owned(),
            key: format!("{PREFIX}/{token}/members/{id}"),
            announced: announced.to_owned(),
            stage: Stage::Size,
            is_registered: false,
            pause: None,
            failures: 0,
            end: None,
        }
    }

    /// What to do now; the same until something is told.
    #[must_use]
    pub fn step(&self) -> Step {
        if let Some(end) = &self.end {
            return match end {
                Ok(cluster) => Step::Joined(cluster.clone()),
                Err(error) => Step::Refused(*error),
            };
        }
        if let Some(ms) = self.pause {
            return Step::Pause(ms);
        }
        Step::Ask(match self.stage {
            Stage::Size => RangeRequest {
                key: format!("{PREFIX}/{}/_config/size", self.token).into(),
                ..RangeRequest::default()
            }
            .into(),
            Stage::Look { .. } => {
                // '0' is the character behind '/': everything that begins with "members/".
                RangeRequest {
                    key: format!("{PREFIX}/{}/members/", self.token).into(),
                    range_end: format!("{PREFIX}/{}/members0", self.token).into(),
                    sort_order: SortOrder::Ascend as i32,
                    sort_target: SortTarget::Create as i32,
                    limit: limits::DISCOVERY_ROWS_MAX,
                    ..RangeRequest::default()
                }
                .into()
            }
            Stage::Register => PutRequest {
                key: self.key.clone().into(),
                value: self.announced.clone().into(),
                ..PutRequest::default()
            }
            .into(),
        })
    }

    /// The wait is over.
    pub fn on_time(&mut self) {
        self.pause = None;
    }

    /// The registry answered, or it could not be asked: then the question is repeated after a while, as long as
    /// it takes (etcd: two seconds, doubled up to eight times).
    pub fn on_answer(&mut self, answer: Option<&Response>) {
        let Some(answer) = answer else {
            self.failures = (self.failures + 1).min(8);
            self.pause = Some(1_000 << self.failures);
            // What was asked before may be otherwise by now; a registration may have arrived or not.
            if self.stage != Stage::Register {
                self.stage = Stage::Size;
            }
            return;
        };
        self.failures = 0;
        match (self.stage, answer) {
            (Stage::Size, Response::Range(found)) => {
                let value = found.kvs.first().map(|pair| String::from_utf8_lossy(&pair.value));
                match value.map(|text| text.parse::<i64>().ok().filter(|size| *size > 0)) {
                    None => self.end = Some(Err(DiscoveryError::NoSize)),
                    Some(None) => self.end = Some(Err(DiscoveryError::BadSize)),
                    Some(Some(size)) => {
                        let size = usize::try_from(size).unwrap_or(usize::MAX);
                        self.stage = Stage::Look { size };
                    }
                }
            }
            (Stage::Look { size }, Response::Range(found)) => {
                let mut rows: Vec<(i64, String, String)> = Vec::new();
                for pair in &found.kvs {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
                    let (key, value) = (text(&pair.key), text(&pair.value));
                    // What is no `name=url` was not written by a member.
                    if value.contains('=') {
                        rows.push((pair.create_revision, key, value));
                    }
                }
                order::sort(&mut rows);
                self.on_members(size, rows);
            }
            (Stage::Register, Response::Put(_)) => {
                self.is_registered = true;
                self.stage = Stage::Size;
            }
            // No answer to what was asked: a registry does not do this.
            _ => self.stage = Stage::Size,
        }
    }

    /// The members that have registered, in order.
    fn on_members(&mut self, size: usize, rows: Vec<(i64, String, String)>) {
        let place = rows.iter().position(|(_, key, _)| *key == self.key);
        if place.unwrap_or(rows.len()) >= size {
            self.end = Some(Err(DiscoveryError::Full));
            return;
        }
        if !self.is_registered {
            self.stage = Stage::Register;
            return;
        }
        if rows.len() < size {
            self.pause = Some(LOOK_AGAIN_MS);
            return;
        }
        let values = rows.into_iter().take(size).map(|(_, _, value)| value);
        let cluster = values.collect::<Vec<_>>().join(",");
        self.end = Some(match parse_cluster(&cluster) {
            Ok(_) => Ok(cluster),
            Err(_) => Err(DiscoveryError::InvalidUrl),
        });
    }
}
