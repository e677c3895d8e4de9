//! A client that asks for one thing at a time, of any member, until it is done or often enough.

use std::sync::Mutex;
use std::time::Duration;

use glasshouse_core::api::{Request, Response};
use glasshouse_core::id::CallId;

use crate::clock::{MILLIS, Nanos, SECOND};
use crate::login::Login;
use crate::place::{ClientNo, MemberNo};
use crate::rng::Stream;
use crate::trace::CallEnd;
use crate::workload::{any_member, end_of};
use crate::world::{State, lock};

/// How long it waits for an answer.
const PATIENCE: Nanos = 3 * SECOND;

/// How often it asks for one thing.
const ATTEMPTS: u32 = 4;

/// One such client.
pub(crate) struct Asker {
    pub(crate) no: ClientNo,
    /// Its own stream: what it draws shifts no other.
    pub(crate) random: Stream,
    /// How many members there were in the beginning: it knows no others.
    pub(crate) members: u8,
    /// Who it is, when it is asked.
    pub(crate) login: Login,
}

impl Asker {
    /// Asks until it is answered with success, or often enough.
    pub(crate) async fn ask(
        &mut self,
        state: &Mutex<State>,
        request: impl Into<Request>,
    ) -> Option<Response> {
        let request = request.into();
        for _ in 0..ATTEMPTS {
            let member: MemberNo = any_member(&mut self.random, self.members);
            let call = self.call(state, member, request.clone());
            let end: CallEnd = end_of(state, call).await;
            if Login::is_wanted(&end) {
                self.login.prove(state, self.no, member).await;
            } else if let Some(response) = end.success() {
                return Some(response.clone());
            }
            self.pause(10 * MILLIS, 100 * MILLIS).await;
        }
        None
    }

    fn call(&self, state: &Mutex<State>, member: MemberNo, request: Request) -> CallId {
        lock(state).call(self.no, member, self.login.caller(), request, PATIENCE)
    }

    /// Waits for a span of virtual time between the two.
    pub(crate) async fn pause(&mut self, from: Nanos, to: Nanos) {
        let span = self.random.between(from, to);
        madsim::time::sleep(Duration::from_nanos(span)).await;
    }
}
