//! `lease` in a session: one call and its answer, or one renewal after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Answer, CallError, Endpoint, Plan, Session};
use crate::api::{LeaseKeepAliveRequest, LeaseLeasesRequest, Request, Response};
use crate::ctl::Exit;
use crate::ctl::commands::Action;
use crate::ctl::lease::{self, Renewing};
use crate::ctl::parse::Invocation;
use crate::ctl::print::{Format, Report};

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
            self.renew(Renewing::new(request.id));
            return Ok(());
        }
        // Some wait for their answer without a deadline, as etcdctl's do.
        let timeout = answer.has_deadline().then_some(self.config.command_timeout);
        self.call(Endpoint::Any, request, timeout);
        self.plan = Plan::Answer(Answer::Lease(answer));
        Ok(())
    }

    /// The time of a [`Step::Pause`](super::Step::Pause) has passed.
    pub fn on_pause_over(&mut self) {
        if let Plan::RenewAfter(renewing, _) = self.plan {
            self.renew(renewing);
        }
    }

    /// Asks for one more renewal, if the lease can still be there.
    fn renew(&mut self, renewing: Renewing) {
        let Some(patience) = renewing.patience() else { return self.lease_is_gone(renewing.id) };
        let request = LeaseKeepAliveRequest { id: renewing.id };
        self.call(Endpoint::Any, request.into(), Some(patience));
        self.plan = Plan::Renew(renewing);
    }

    pub(super) fn on_renewed(
        &mut self,
        mut renewing: Renewing,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Result<(), Exit> {
        let pause = match result {
            Ok(Response::LeaseKeepAlive(response)) if response.ttl > 0 => {
                self.printer().print(Report::KeepAlive(&response), &mut self.output)?;
                renewing.renewed(response.ttl)
            }
            Ok(_) => {
                self.lease_is_gone(renewing.id);
                return Ok(());
            }
            Err(error @ CallError::Client(_)) => return Err(error.into()),
            Err(_) => renewing.failed(took),
        };
        self.plan = Plan::RenewAfter(renewing, pause);
        Ok(())
    }

    /// The end of `keep-alive`; it is no failure.
    fn lease_is_gone(&mut self, id: i64) {
        self.plan = Plan::Done;
        if self.config.format == Format::Simple {
            self.output.out_line(lease::gone(id));
        }
    }
}
