//! Beside the stages: passwords, which take too long for a step.
//!
//! ```text
//!   UserAdd, UserChangePassword ──► Effect::Password: hash  ──► Input::Password ──► propose, with the hash
//!   Authenticate ──► read index ──► Effect::Password: check ──► Input::Password ──► propose "a token for him"
//!                       ▲                                                             │ applied everywhere
//!                       └── users or roles changed meanwhile: look again ◄────────────┤
//!                                            answer: the token ◄──────────────────────┘
//! ```
//!
//! A few tasks are with the world at a time; the others wait here, where one whose client has gone is
//! dropped. Source: etcd `Authenticate`, `UserAdd` and `UserChangePassword` in
//! `server/etcdserver/v3_server.go`.

use std::collections::{BTreeMap, VecDeque};

use rand_core::RngCore as _;

use super::config::TokenKind;
use super::{Effect, Node};
use crate::api::{
    self, AuthenticateRequest, AuthenticateResponse, Claims, Code, Error,
    InternalAuthenticateRequest, InternalRaftRequest, Request,
};
use crate::auth::{Password, PasswordOutcome, PasswordTask, password, tokens};
use crate::id::CallId;
use crate::limits;

/// What a password is for.
#[derive(Clone)]
enum Purpose {
    /// A user's new password: the request, to be completed with the hash.
    Store(Request),
    /// A proof, against the hash that was stored at this auth revision.
    Prove(AuthenticateRequest, u64),
}

struct Job {
    call: CallId,
    purpose: Purpose,
    task: PasswordTask,
}

/// Passwords on their way.
#[derive(Default)]
pub(super) struct Passwords {
    next_job: u64,
    waiting: VecDeque<Job>,
    under_way: BTreeMap<u64, (CallId, Purpose)>,
    /// Proven, with the entry that assigns a token in the log.
    proven: BTreeMap<CallId, (AuthenticateRequest, u64)>,
    /// Tokens that the world signs.
    signing: BTreeMap<u64, CallId>,
}

impl Node {
    /// A request with a password in it, which must not come into the log.
    pub(super) fn hash_password(
        &mut self,
        call: CallId,
        request: Request,
        effects: &mut Vec<Effect>,
    ) {
        // Who may not ask is told so before the work, and again in apply.
        if let Err(error) = self.who(call) {
            return self.respond(call, Err(error), effects);
        }
        let text = match &request {
            Request::UserAdd(add) if add.options.is_some_and(|options| options.no_password) => None,
            Request::UserAdd(add) => Some(add.password.clone()),
            Request::UserChangePassword(change) => {
                Some(change.password.clone()).filter(|password| !password.is_empty())
            }
            _ => unreachable!("no other request sets a password"),
        };
        let Some(text) = text else {
            return self.propose(call, without_password(request, None), effects);
        };
        if text.len() > password::PASSWORD_BYTES_MAX {
            // Go's library refuses it, and etcd passes its words on.
            let text = "bcrypt: password length exceeds 72 bytes";
            return self.respond(call, Err(Error::new(Code::Unknown, text)), effects);
        }
        let mut salt = [0; 16];
        self.ids.fill_bytes(&mut salt);
        let cost = self.config.bcrypt_cost;
        let task = PasswordTask::Hash { password: Password(text), cost, salt };
        let request = without_password(request, None);
        self.queue(Job { call, purpose: Purpose::Store(request), task }, effects);
    }

    /// A client proves who it is. Its turn has come: this member has applied what was committed before.
    pub(super) fn check_password(
        &mut self,
        call: CallId,
        request: AuthenticateRequest,
        effects: &mut Vec<Effect>,
    ) {
        match self.auth.stored_hash(&request.name) {
            Ok(hash) => {
                let password = Password(request.password.clone());
                let purpose = Purpose::Prove(request, self.auth.revision());
                let task = PasswordTask::Check { password, hash };
                self.queue(Job { call, purpose, task }, effects);
            }
            Err(error) => self.respond(call, Err(error), effects),
        }
    }

    fn queue(&mut self, job: Job, effects: &mut Vec<Effect>) {
        if self.passwords.waiting.len() >= limits::PASSWORDS_WAITING_MAX {
            return self.respond(job.call, Err(Error::TOO_MANY_REQUESTS), effects);
        }
        self.passwords.waiting.push_back(job);
        self.drive_passwords(effects);
    }

    /// Hands tasks out, as many as may be under way.
    pub(super) fn drive_passwords(&mut self, effects: &mut Vec<Effect>) {
        while self.passwords.under_way.len() < limits::PASSWORDS_UNDER_WAY_MAX {
            let Some(Job { call, purpose, task }) = self.passwords.waiting.pop_front() else {
                return;
            };
            if self.calls.is_open(call) {
                let job = self.new_job();
                self.passwords.under_way.insert(job, (call, purpose));
                effects.push(Effect::Password { job, task });
            }
        }
    }

    /// Forgets the passwords of calls that are over.
    pub(super) fn sweep_passwords(&mut self) {
        let calls = &self.calls;
        self.passwords.waiting.retain(|job| calls.is_open(job.call));
        self.passwords.proven.retain(|call, _| calls.is_open(*call));
        self.passwords.signing.retain(|_, call| calls.is_open(*call));
    }

    /// The world has done a task.
    pub(super) fn on_password(
        &mut self,
        job: u64,
        outcome: PasswordOutcome,
        effects: &mut Vec<Effect>,
    ) {
        let Some((call, purpose)) = self.passwords.under_way.remove(&job) else { return };
        if self.calls.is_open(call) {
            match (purpose, outcome) {
                (Purpose::Store(request), PasswordOutcome::Hashed(hash)) => {
                    self.propose(call, without_password(request, Some(&hash)), effects);
                }
                (Purpose::Prove(request, revision), PasswordOutcome::Checked(true)) => {
                    self.propose_token(call, request, revision, effects);
                }
                (Purpose::Prove(..), _) => self.respond(call, Err(Error::AUTH_FAILED), effects),
                (Purpose::Store(_), PasswordOutcome::Checked(_)) => {
                    panic!("a password was checked that was to be hashed");
                }
            }
        }
        self.drive_passwords(effects);
    }

    fn propose_token(
        &mut self,
        call: CallId,
        request: AuthenticateRequest,
        revision: u64,
        effects: &mut Vec<Effect>,
    ) {
        let simple_token = match self.config.token_kind {
            TokenKind::Simple => tokens::new_prefix(&mut self.ids),
            TokenKind::Signed => String::new(),
        };
        let name = request.name.clone();
        let authenticate = InternalAuthenticateRequest { name, simple_token, ..Default::default() };
        self.passwords.proven.insert(call, (request, revision));
        let entry = InternalRaftRequest { authenticate: Some(authenticate), ..Default::default() };
        let header = api::RequestHeader { id: self.new_id(), ..Default::default() };
        self.propose_entry(call, header, entry, effects);
    }

    /// Every member takes note of the token; the one that was asked answers.
    pub(super) fn apply_authenticate(
        &mut self,
        index: u64,
        request: &InternalAuthenticateRequest,
        call: Option<CallId>,
        effects: &mut Vec<Effect>,
    ) {
        let checked = self.auth.check_authenticate(&request.name);
        let token = tokens::with_index(&request.simple_token, index);
        if checked.is_ok() && self.config.token_kind == TokenKind::Simple {
            self.tokens.assign(token.clone(), &request.name, self.tick);
        }
        let Some(call) = call else { return };
        let proven = self.passwords.proven.remove(&call);
        match (checked, proven) {
            (Err(error), _) => self.respond(call, Err(error), effects),
            // The password may be another one now.
            (Ok(()), Some((request, revision))) if revision != self.auth.revision() => {
                self.check_password(call, request, effects);
            }
            (Ok(()), _) => match self.config.token_kind {
                TokenKind::Simple => self.respond_with_token(call, token, effects),
                TokenKind::Signed => {
                    let job = self.new_job();
                    let revision = self.auth.revision();
                    let claims = Claims { user: request.name.clone(), revision };
                    self.passwords.signing.insert(job, call);
                    effects.push(Effect::SignToken { job, claims });
                }
            },
        }
    }

    /// The world has signed a token, or has no key for that.
    pub(super) fn on_token_signed(
        &mut self,
        job: u64,
        token: Option<String>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.passwords.signing.remove(&job) else { return };
        match token {
            Some(token) => self.respond_with_token(call, token, effects),
            None => {
                let text = "auth: token signing attempted with verify-only key";
                self.respond(call, Err(Error::new(Code::Unknown, text)), effects);
            }
        }
    }

    fn respond_with_token(&mut self, call: CallId, token: String, effects: &mut Vec<Effect>) {
        let response = AuthenticateResponse { header: None, token };
        self.respond(call, Ok(response.into()), effects);
    }

    fn new_job(&mut self) -> u64 {
        self.passwords.next_job += 1;
        self.passwords.next_job
    }
}

/// The request with a hash where the password was.
fn without_password(request: Request, hash: Option<&str>) -> Request {
    let hashed = hash.map(password::to_log);
    match request {
        Request::UserAdd(mut add) => {
            add.password.clear();
            add.hashed_password = hashed.unwrap_or(add.hashed_password);
            add.into()
        }
        Request::UserChangePassword(mut change) => {
            change.password.clear();
            change.hashed_password = hashed.unwrap_or(change.hashed_password);
            change.into()
        }
        other => other,
    }
}
