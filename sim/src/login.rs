//! A client's name and password, and the token that it got for them.
//!
//! As real clients do, it proves itself when a member asks for that, shows the token from then on, and
//! proves itself again when the token has ended or is of another time.

use std::sync::Mutex;

use glasshouse_core::api::{AuthenticateRequest, Caller, Error, Response};

use crate::clock::{Nanos, SECOND};
use crate::place::{ClientNo, MemberNo};
use crate::trace::CallEnd;
use crate::workload::end_of;
use crate::world::{State, lock};

/// How long a client waits for a token.
const PATIENCE: Nanos = 3 * SECOND;

/// The users of a workload's clients.
pub(crate) const USERS: [&str; 3] = ["user0", "user1", "user2"];

/// Who a client is.
pub(crate) struct Login {
    user: String,
    caller: Caller,
}

impl Login {
    /// A user whose password is its name.
    pub(crate) fn new(user: &str) -> Self {
        Self { user: user.to_owned(), caller: Caller::default() }
    }

    /// One of the users of workloads.
    pub(crate) fn of_client(no: ClientNo) -> Self {
        Self::new(USERS[usize::from(no.0) % USERS.len()])
    }

    pub(crate) fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// Whether the member wants a proof of who asks.
    pub(crate) fn is_wanted(end: &CallEnd) -> bool {
        let CallEnd::Answer(answer) = end else { return false };
        answer.as_ref().as_ref().is_err_and(|error| Self::is_cured_by_proof(&error.message))
    }

    /// The same, by the reason with which a watcher was canceled.
    pub(crate) fn is_cured_by_proof(text: &str) -> bool {
        let cured = [Error::USER_EMPTY, Error::INVALID_AUTH_TOKEN, Error::AUTH_OLD_REVISION];
        cured.iter().any(|error| text.ends_with(error.message.as_ref()))
    }

    /// Gets a token from a member; without one, the client is nobody.
    pub(crate) async fn prove(&mut self, state: &Mutex<State>, no: ClientNo, member: MemberNo) {
        let (name, password) = (self.user.clone(), self.user.clone());
        let request = AuthenticateRequest { name, password };
        let call = lock(state).call(no, member, Caller::default(), request.into(), PATIENCE);
        let end = end_of(state, call).await;
        self.caller = match end.success() {
            Some(Response::Authenticate(response)) => Caller::with_token(response.token.clone()),
            _ => Caller::default(),
        };
    }
}
