//! `auth`, `user` and `role` in a session.

use std::collections::BTreeMap;
use std::time::Duration;

use super::answer::Answer;
use super::{CallError, CallId, Endpoint, Plan, Session};
use crate::api::{
    AuthEnableRequest, AuthRoleAddRequest, AuthRoleGetRequest, AuthUserGetRequest,
    AuthUserGrantRoleRequest, Error, Response,
};
use crate::ctl::Exit;
use crate::ctl::access::{self, NewPassword, Question};
use crate::ctl::commands::Action;
use crate::ctl::flags::Arg;
use crate::ctl::job::{Flow, Job, Moved};
use crate::ctl::parse::Invocation;
use crate::ctl::print::Report;

impl Session {
    /// Does what a command about users and roles can do before its first answer.
    pub(super) fn run_access(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, action, .. } = &invocation;
        match action {
            Action::UserAdd | Action::UserPasswd => {
                let password = match action {
                    Action::UserAdd => NewPassword::of_new_user(flags, args)?,
                    _ => NewPassword::of_user(flags, args)?,
                };
                self.read_password(password, invocation, environment)
            }
            Action::AuthEnable => {
                access::no_arguments(args, "auth enable command does not accept any arguments")?;
                self.connect(invocation, environment)?;
                self.begin_job(Box::new(Enabling))
            }
            Action::UserGet if flags.bool("detail") => {
                let question = access::question(*action, flags, args)?;
                let access::Answer::UserGet(user) = question.answer else { return Ok(()) };
                self.connect(invocation, environment)?;
                self.begin_job(Box::new(Detail { user, roles: Vec::new() }))
            }
            _ => {
                let question = access::question(*action, flags, args)?;
                self.connect(invocation, environment)?;
                self.ask_access(question);
                Ok(())
            }
        }
    }

    fn ask_access(&mut self, Question { request, answer, has_deadline }: Question) {
        let timeout = has_deadline.then_some(self.config.command_timeout);
        self.call(Endpoint::Any, request, timeout);
        self.plan = Plan::Answer(Answer::Access(answer));
    }

    /// Reads a user's new password; the client is made once it is known.
    pub(super) fn read_password(
        &mut self,
        password: NewPassword,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        if password.reading().is_some() {
            let environment = environment.clone();
            self.plan = Plan::Password(Box::new((password, invocation, environment)));
            return Ok(());
        }
        self.connect(invocation, environment)?;
        self.ask_access(password.question());
        Ok(())
    }
}

/// `auth enable`: makes root a root first, if that is what is missing.
#[derive(Debug)]
struct Enabling;

impl Job for Enabling {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.ask_any(AuthEnableRequest {});
        Ok(Flow::GoesOn)
    }

    fn on_answer(
        &mut self,
        session: &mut Session,
        _: CallId,
        answer: Result<Response, CallError>,
        _: Duration,
    ) -> Moved {
        let root = || "root".to_owned();
        match answer {
            Ok(Response::AuthEnable(_)) => {
                session.output().out_line("Authentication Enabled");
                return Ok(Flow::Over);
            }
            Ok(Response::RoleAdd(_)) => {
                session.ask_any(AuthUserGrantRoleRequest { user: root(), role: root() });
            }
            Ok(_) => {
                session.ask_any(AuthEnableRequest {});
            }
            Err(CallError::Status(error)) if error == Error::ROOT_ROLE_NOT_EXIST => {
                session.ask_any(AuthRoleAddRequest { name: root() });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Flow::GoesOn)
    }
}

/// `user get --detail`: the permissions of each of the user's roles.
#[derive(Debug)]
struct Detail {
    user: Arg,
    /// Those that are not printed yet, the next one last.
    roles: Vec<String>,
}

impl Job for Detail {
    fn begin(&mut self, session: &mut Session) -> Moved {
        session.ask_patiently(AuthUserGetRequest { name: access::text(&self.user) });
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
            Response::UserGet(response) => {
                session.output().out_line([b"User: ", self.user.as_slice()].concat());
                self.roles = response.roles;
                self.roles.reverse();
            }
            Response::RoleGet(response) => {
                let role = self.roles.pop().unwrap_or_default();
                session.print(Report::RoleGet(role.as_bytes(), &response))?;
            }
            response => return Err(super::wrong_answer(self, &response)),
        }
        let Some(role) = self.roles.last() else { return Ok(Flow::Over) };
        session.output().out_line("");
        session.ask_patiently(AuthRoleGetRequest { role: role.clone() });
        Ok(Flow::GoesOn)
    }
}
