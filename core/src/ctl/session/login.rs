//! Name and password become a token, which every call and stream of the session shows.
//!
//! ```text
//!   --user root        NeedsPassword ── typed ──► NeedsToken ── Authenticate ──► Open
//!   --user root:pw     NeedsToken                    ▲                            │
//!                                                    └── a call: invalid token ◄──┘
//! ```
//!
//! Nothing else leaves before the token is there, as in etcd's client, which asks for it when it is
//! made. A cluster without authentication says so, and is then asked without a token. Each further
//! stream gets a token of its own, because a stream cannot be sent again with a better one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Call, CallError, CallId, Endpoint, Input, Session, Step};
use crate::api::{AuthenticateRequest, Error, Response};
use crate::ctl::Exit;
use crate::ctl::config::User;

/// How often a call is sent again with a new token (`defaultUnaryMaxRetries` of etcd's client).
const REFRESHES_MAX: u32 = 100;

/// Who asks, and how far that is proved.
#[derive(Debug, Default)]
pub(super) struct Login {
    user: Option<User>,
    state: State,
    token: Option<String>,
    /// No stream was opened with the token yet.
    fresh: bool,
    /// Calls that may have to be sent again.
    under_way: BTreeMap<CallId, Call>,
    refreshes: u32,
    /// How the command ends when it cannot begin.
    exit_code: u8,
}

#[derive(Debug, Default)]
enum State {
    /// Calls may leave.
    #[default]
    Open,
    NeedsPassword,
    /// For a call that was refused, or for the first one.
    NeedsToken(Option<CallId>),
    Asked(CallId, Option<CallId>),
}

impl Login {
    pub(super) fn new(user: Option<User>, exit_code: u8) -> Self {
        let state = match &user {
            None => State::Open,
            Some(User { password: None, .. }) => State::NeedsPassword,
            Some(_) => State::NeedsToken(None),
        };
        let mut login = Self { user, state, exit_code, ..Self::default() };
        login.forget_the_nameless();
        login
    }

    /// Without a name or a password etcd's client asks as nobody.
    fn forget_the_nameless(&mut self) {
        let is_empty = |user: &User| {
            user.name.is_empty() || user.password.as_ref().is_some_and(String::is_empty)
        };
        if self.user.take_if(|user| is_empty(user)).is_some() {
            self.state = State::Open;
        }
    }

    /// Whether a new token may help.
    fn is_worth_another_try(&self, error: &Error) -> bool {
        let refused = *error == Error::INVALID_AUTH_TOKEN
            || *error == Error::AUTH_OLD_REVISION
            || *error == Error::USER_EMPTY;
        // Without a password there may be a certificate, whose user may have changed meanwhile.
        let may_help = self.user.is_some() || *error == Error::AUTH_OLD_REVISION;
        refused && may_help && self.refreshes < REFRESHES_MAX
    }
}

impl Session {
    /// What must be done before anything else may leave.
    pub(super) fn login_step(&mut self) -> Option<Step> {
        let next = self.next_step_at().and_then(|at| self.steps.get(at));
        let opens = self.calls.is_empty() && matches!(next, Some(Step::Open(_)));
        if opens
            && self.login.user.is_some()
            && matches!(self.login.state, State::Open)
            && !self.login.fresh
        {
            self.login.state = State::NeedsToken(None);
        }
        match self.login.state {
            State::Open => None,
            State::NeedsPassword => {
                Some(Step::Read(Input::Password { prompt: "Password: ".to_owned() }))
            }
            State::NeedsToken(refused) => {
                let id = self.new_call_id();
                self.login.state = State::Asked(id, refused);
                let user = self.login.user.clone().unwrap_or_default();
                let request = AuthenticateRequest {
                    name: user.name,
                    password: user.password.unwrap_or_default(),
                };
                Some(Step::Call(Call {
                    id,
                    endpoint: Endpoint::Any,
                    token: None,
                    request: request.into(),
                    timeout: Some(self.config.dial_timeout),
                    once: false,
                }))
            }
            State::Asked(..) => Some(Step::Wait),
        }
    }

    /// The token goes with the call, which may have to be sent again with another one. Another cluster
    /// is shown nothing.
    pub(super) fn leave(&mut self, mut call: Call) -> Step {
        if !call.endpoint.is_here() {
            return Step::Call(call);
        }
        self.login.under_way.insert(call.id, call.clone());
        if call.token.is_none() {
            call.token.clone_from(&self.login.token);
        }
        Step::Call(call)
    }

    pub(super) fn leave_stream(&mut self, step: Step) -> Step {
        match step {
            Step::Open(mut stream) => {
                self.login.fresh = false;
                if stream.token.is_none() {
                    stream.token.clone_from(&self.login.token);
                }
                Step::Open(stream)
            }
            step => step,
        }
    }

    /// Takes the password, if it is what is waited for.
    pub(super) fn take_password(&mut self, line: &[u8]) -> bool {
        if !matches!(self.login.state, State::NeedsPassword) {
            return false;
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let password = String::from_utf8_lossy(line).into_owned();
        if let Some(user) = &mut self.login.user {
            user.password = Some(password);
        }
        self.login.state = State::NeedsToken(None);
        self.login.forget_the_nameless();
        true
    }

    /// Takes an answer that is about the token, or that asks for another one. `None` when the answer
    /// was dealt with.
    pub(super) fn take_login_answer(
        &mut self,
        id: CallId,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Option<(CallId, Result<Response, CallError>, Duration)> {
        if let State::Asked(asked, refused) = self.login.state
            && asked == id
        {
            return self.take_token(refused, result, took);
        }
        let call = self.login.under_way.remove(&id);
        if let (Some(call), Err(CallError::Status(error))) = (call, &result)
            && call.token.is_none()
            && self.login.is_worth_another_try(error)
        {
            self.login.refreshes += 1;
            self.calls.push_front(call);
            if self.login.user.is_some() {
                self.login.state = State::NeedsToken(Some(id));
            }
            return None;
        }
        Some((id, result, took))
    }

    fn take_token(
        &mut self,
        refused: Option<CallId>,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Option<(CallId, Result<Response, CallError>, Duration)> {
        self.login.state = State::Open;
        self.login.fresh = true;
        let error = match result {
            Ok(Response::Authenticate(response)) => {
                self.login.token = Some(response.token).filter(|token| !token.is_empty());
                return None;
            }
            Ok(response) => CallError::Client(format!("the answer was one to {}", response.name())),
            Err(CallError::Status(error)) if error == Error::AUTH_NOT_ENABLED => {
                self.login.token = None;
                return None;
            }
            Err(error) => error,
        };
        if let Some(id) = refused {
            self.calls.retain(|call| call.id != id);
            return Some((id, Err(error), took));
        }
        self.refuse_all(error);
        None
    }

    /// The command ends before it began.
    fn refuse_all(&mut self, error: CallError) {
        let code = self.login.exit_code;
        self.steps.clear();
        if let Some(sweep) = self.take_health_sweep() {
            let result = sweep.refused(&error, &self.printer(), &mut self.output);
            self.calls.clear();
            return self.settle(result);
        }
        let exit = match error {
            CallError::Client(why) => Exit::bad_args(why),
            error => Exit::new(code, error.to_string()),
        };
        self.settle(Err(exit));
    }
}
