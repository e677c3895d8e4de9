//! Beside the stages: the way to an older version, as far as a cluster can go before its programs are
//! exchanged.
//!
//! `validate` says whether the cluster could, `enable` writes into the log that it will, `cancel` takes
//! that back. While it is enabled, the leader lowers the cluster's version to the target, so that
//! older members may join. All three look at what every member knows, so they begin with a read index.
//! Source: etcd 3.6 `server/etcdserver/version/`, `v3_server.go`.

use super::{Effect, Node};
use crate::api::downgrade_request::DowngradeAction;
use crate::api::membershippb::DowngradeInfoSetRequest;
use crate::api::{Code, DowngradeInfo, DowngradeRequest, DowngradeResponse, Error, Response};
use crate::id::CallId;

impl Node {
    /// What can be said of a request without asking anybody.
    pub(super) fn check_downgrade_form(&self, request: &DowngradeRequest) -> Result<(), Error> {
        match DowngradeAction::try_from(request.action) {
            Ok(DowngradeAction::Cancel) => Ok(()),
            Ok(DowngradeAction::Validate | DowngradeAction::Enable) => {
                major_minor(&request.version).ok_or(Error::WRONG_DOWNGRADE_VERSION_FORMAT)?;
                let known = self.membership.cluster_version();
                known.map(drop).ok_or(Error::CLUSTER_VERSION_UNAVAILABLE)
            }
            Err(_) => Err(Error::new(Code::Unknown, "etcdserver: unknown method")),
        }
    }

    /// This member knows what was decided before: it answers, or proposes.
    pub(super) fn decide_downgrade(
        &mut self,
        call: CallId,
        request: &DowngradeRequest,
        effects: &mut Vec<Effect>,
    ) {
        match DowngradeAction::try_from(request.action) {
            // etcd 3.6 says yes to a cancel of nothing.
            Ok(DowngradeAction::Cancel) if self.membership.downgrade_target().is_none() => {
                self.respond(call, Ok(self.downgrade_response()), effects);
            }
            Ok(DowngradeAction::Cancel) => self.propose(call, request.clone().into(), effects),
            action => match self.check_downgrade(&request.version) {
                Err(error) => self.respond(call, Err(error), effects),
                Ok(()) if action == Ok(DowngradeAction::Enable) => {
                    self.propose(call, request.clone().into(), effects);
                }
                Ok(()) => self.respond(call, Ok(self.downgrade_response()), effects),
            },
        }
    }

    /// One minor version down, and not twice at once.
    fn check_downgrade(&self, version: &str) -> Result<(), Error> {
        let cluster = self.membership.cluster_version().and_then(major_minor);
        let allowed = cluster.map(|(major, minor)| (major, minor - 1));
        if major_minor(version) != allowed {
            return Err(Error::INVALID_DOWNGRADE_TARGET_VERSION);
        }
        match self.membership.downgrade_target() {
            Some(_) => Err(Error::DOWNGRADE_IN_PROCESS),
            None => Ok(()),
        }
    }

    pub(super) fn apply_downgrade(&mut self, set: &DowngradeInfoSetRequest) -> Response {
        // What is no version would be one that nothing can agree with.
        let target = Some(set.ver.clone()).filter(|ver| set.enabled && major_minor(ver).is_some());
        self.membership.set_downgrade_target(target);
        self.downgrade_response()
    }

    pub(super) fn downgrade_info(&self) -> DowngradeInfo {
        let target = self.membership.downgrade_target();
        DowngradeInfo {
            enabled: target.is_some(),
            target_version: target.unwrap_or_default().to_owned(),
        }
    }

    /// etcd answers with the cluster's version, `3.6`.
    fn downgrade_response(&self) -> Response {
        let version = self.membership.cluster_version().and_then(major_minor);
        let version = version.map_or(String::new(), |(major, minor)| format!("{major}.{minor}"));
        DowngradeResponse { header: None, version }.into()
    }
}

/// The entry of the log for a request that was found good.
pub(super) fn info_set(request: &DowngradeRequest) -> DowngradeInfoSetRequest {
    match (DowngradeAction::try_from(request.action), major_minor(&request.version)) {
        (Ok(DowngradeAction::Enable), Some((major, minor))) => {
            DowngradeInfoSetRequest { enabled: true, ver: format!("{major}.{minor}.0") }
        }
        _ => DowngradeInfoSetRequest { enabled: false, ver: String::new() },
    }
}

/// `3.5` or `3.5.2`, with whatever semantic versions may have behind that.
fn major_minor(version: &str) -> Option<(i64, i64)> {
    parse(version).or_else(|| parse(&format!("{version}.0")))
}

fn parse(version: &str) -> Option<(i64, i64)> {
    let core = version.split(['+', '-']).next()?;
    let mut parts = core.splitn(3, '.').map(|part| part.parse::<i64>().ok());
    let (major, minor, _patch) = (parts.next()??, parts.next()??, parts.next()??);
    Some((major, minor))
}
