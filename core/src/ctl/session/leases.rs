//! `lease` in a session: one call and its answer, or one renewal after the other.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::{Endpoint, Plan, Session};
use crate::api::{LeaseLeasesRequest, Request};
use crate::ctl::commands::Action;
use crate::ctl::keeper::KeepAlive;
use crate::ctl::parse::Invocation;
use crate::ctl::{Exit, lease};

impl Session {
    /// Does what a command of leases can do before its first answer.
    pub(super) fn run_lease(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, action, .. } = &invocation;
        let once = *action != Action::LeaseKeepAlive || flags.bool("once");
        let (answer, request): (lease::Answer, Request) = match action {
            Action::LeaseGrant => (lease::Answer::Grant, lease::grant(args)?.into()),
            Action::LeaseRevoke => {
                let request = lease::revoke(args)?;
                (lease::Answer::Revoke { id: request.id }, request.into())
            }
            Action::LeaseKeepAlive => (lease::Answer::KeepAlive, lease::keep_alive(args)?.into()),
            Action::LeaseTimeToLive => {
                let request = lease::time_to_live(flags, args)?;
                (lease::Answer::TimeToLive { keys: request.keys }, request.into())
            }
            _ => (lease::Answer::List, LeaseLeasesRequest {}.into()),
        };
        self.connect(invocation, environment)?;
        if let (false, Request::LeaseKeepAlive(request)) = (once, &request) {
            return self.begin_job(Box::new(KeepAlive::new(request.id)));
        }
        // Some wait for their answer without a deadline, as etcdctl's do.
        let timeout = answer.has_deadline().then_some(self.config.command_timeout);
        self.call(Endpoint::Any, request, timeout);
        self.plan = Plan::Answer(Answer::Lease(answer));
        Ok(())
    }
}
