//! `alarm`, `defrag` and `downgrade` in a session.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::answer::Answer;
use super::snapshot::OnDisk;
use super::{CallError, CallId, Session};
use crate::api::alarm_request::AlarmAction;
use crate::api::downgrade_request::DowngradeAction;
use crate::api::{
    AlarmMember, AlarmRequest, AlarmResponse, DefragmentRequest, DowngradeRequest, Response,
};
use crate::ctl::access::{no_arguments, text};
use crate::ctl::commands::Action;
use crate::ctl::flags::Arg;
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::parse::Invocation;
use crate::ctl::print::Report;
use crate::ctl::{Exit, member, utl};

impl Session {
    /// Does what such a command can do before its first answer.
    pub(super) fn run_maintenance(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, action, .. } = &invocation;
        match action {
            Action::AlarmList => {
                no_arguments(args, "alarm list command accepts no arguments")?;
                self.connect(invocation, environment)?;
                self.ask(Answer::Alarms, AlarmRequest::default().into());
                Ok(())
            }
            Action::AlarmDisarm => {
                no_arguments(args, "alarm disarm command accepts no arguments")?;
                self.connect(invocation, environment)?;
                self.begin_job(Box::new(Disarming::default()))
            }
            Action::Defrag => {
                let data_dir = flags.string("data-dir").to_vec();
                if !data_dir.is_empty() {
                    self.output.err_line(DATA_DIR);
                    self.output.err_line("");
                    return self.begin_job(Box::new(OnDisk(utl::Job::Defrag { data_dir })));
                }
                let (cluster, left) = (flags.bool("cluster"), VecDeque::new());
                self.connect(invocation, environment)?;
                self.begin_job(Box::new(Defragmenting { cluster, left, failed: false }))
            }
            _ => {
                let request = downgrade(*action, args)?;
                self.connect(invocation, environment)?;
                self.ask(Answer::Downgrade(request.action()), request.into());
                Ok(())
            }
        }
    }
}

const DATA_DIR: &str =
    "Use `etcdutl defrag` instead. The --data-dir is going to be decomissioned in v3.6.";

/// etcdctl 3.6's checks.
fn downgrade(action: Action, args: &[Arg]) -> Result<DowngradeRequest, Exit> {
    let action = match action {
        Action::DowngradeValidate => DowngradeAction::Validate,
        Action::DowngradeEnable => DowngradeAction::Enable,
        _ => {
            let (action, version) = (DowngradeAction::Cancel.into(), String::new());
            return Ok(DowngradeRequest { action, version });
        }
    };
    let version = match args {
        [] => return Err(Exit::bad_args("TARGET_VERSION not provided")),
        [version] if version.is_empty() => {
            return Err(Exit::bad_args("target version not provided"));
        }
        [version] => text(version),
        _ => return Err(Exit::bad_args("too many arguments")),
    };
    Ok(DowngradeRequest { action: action.into(), version })
}

/// `alarm disarm`: one alarm after the other, of all that are listed.
#[derive(Debug, Default)]
struct Disarming {
    left: VecDeque<AlarmMember>,
    listed: bool,
    /// The alarms that are gone; the answers' headers are lost, as in etcd's client.
    disarmed: AlarmResponse,
}

impl Job for Disarming {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.ask_any(AlarmRequest::default());
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
            Response::Alarm(response) if self.listed => {
                self.disarmed.alarms.extend(response.alarms);
            }
            Response::Alarm(response) => {
                self.listed = true;
                self.left = response.alarms.into();
            }
            response => return Err(super::wrong_answer(self, &response)),
        }
        let Some(AlarmMember { member_id, alarm }) = self.left.pop_front() else {
            session.print(Report::Alarms(&self.disarmed))?;
            return Ok(Flow::Over);
        };
        let action = AlarmAction::Deactivate.into();
        session.ask_any(AlarmRequest { action, member_id, alarm });
        Ok(Flow::GoesOn)
    }
}

/// `defrag`: one member after the other, because each stands still meanwhile.
#[derive(Debug)]
struct Defragmenting {
    /// The members are to be listed first.
    cluster: bool,
    left: VecDeque<String>,
    failed: bool,
}

impl Defragmenting {
    fn next(&self, session: &mut Session) -> Moved {
        match self.left.front() {
            Some(endpoint) => {
                session.ask_at(endpoint, DefragmentRequest {});
                Ok(Flow::GoesOn)
            }
            None if self.failed => Err(Exit { code: 1, text: None }),
            None => Ok(Flow::Over),
        }
    }
}

impl Job for Defragmenting {
    fn begin(&mut self, session: &mut Session) -> Moved {
        if self.cluster {
            session.ask_any(member::list_request());
            return Ok(Flow::GoesOn);
        }
        self.left = session.endpoints().to_vec().into();
        self.next(session)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        _: CallId,
        answer: Result<Response, CallError>,
        _: Duration,
    ) -> Moved {
        if std::mem::take(&mut self.cluster) {
            self.left = match answer {
                Ok(Response::MemberList(list)) => member::client_urls(&list).into(),
                Ok(response) => return Err(super::wrong_answer(self, &response)),
                Err(error) => return Err(Exit::error(format!("{NO_LIST}{error}"))),
            };
            return self.next(session);
        }
        let endpoint = self.left.pop_front().unwrap_or_default();
        match answer {
            Ok(_) => {
                let done = format!("Finished defragmenting etcd member[{endpoint}]");
                session.output().out_line(done);
            }
            Err(error) => {
                self.failed = true;
                let why = format!("Failed to defragment etcd member[{endpoint}] ({error})");
                session.output().err_line(why);
            }
        }
        self.next(session)
    }
}

const NO_LIST: &str = "failed to fetch endpoints from etcd cluster member list: ";
