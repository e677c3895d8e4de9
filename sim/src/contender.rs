//! Clients that want one lock, work under it, and are sometimes late.
//!
//! ```text
//!   lease ──► queue (core::concurrency::Lock) ──► held ──► fenced writes ──► unlock, or just go away
//!                                                   │
//!                                                   └─ sleeps past its lease, believes it still holds it,
//!                                                      and writes: the fence must refuse that
//! ```
//!
//! The queue is the recipe that the server's service and `ctl lock` run, driven here over calls and
//! streams that faults hit. Every write under the lock compares the create revision of the lock's key,
//! and tells in its value who writes; `check/lock.rs` judges each of them against the queue as it stood.
//! The contenders appear in every second run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::api::request_op::Request as Op;
use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{
    LeaseGrantRequest, LeaseKeepAliveRequest, LeaseRevokeRequest, PutRequest, RequestOp, Response,
    TxnRequest, TxnResponse, WatchCreateRequest, WatchRequest,
};
use glasshouse_core::concurrency::{Held, Lock, Recipe, Turn, unlock};
use glasshouse_core::id::StreamId;

use crate::asker::Asker;
use crate::check::lock::{GUARDED, NAME, signature};
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::login::Login;
use crate::place::ClientNo;
use crate::rng::Stream;
use crate::watcher::next_of;
use crate::workload::any_member;
use crate::world::{State, lock};

/// How many want the lock: two hold each other up, a third stands behind one who waits.
pub(crate) const CONTENDERS: u64 = 3;

/// The last part of their time, in which leases end and nobody wants anything any more.
const FAREWELL: Nanos = 8 * SECOND;

/// One in this many millionths sleeps under the lock for longer than its lease lives.
const OVERSLEEPS: u32 = 250_000;
/// So many go away without a word.
const VANISHES: u32 = 200_000;

struct Contender {
    asker: Asker,
    lease: i64,
    ttl_s: u64,
}

/// The task of one contender; it ends before `until`.
pub(crate) async fn contend(state: Arc<Mutex<State>>, no: ClientNo, number: u64, until: Nanos) {
    let (seed, members) = {
        let state = lock(&state);
        (state.spec.seed, state.spec.members)
    };
    // All of them take part, or none.
    if Stream::new(seed, "contenders", 0, 0).below(2) == 0 {
        return;
    }
    let random = Stream::new(seed, "contender", number, 0);
    // Root: it is locks that are looked at here, not rights.
    let asker = Asker { no, random, members, login: Login::new("root") };
    let mut contender = Contender { asker, lease: 0, ttl_s: 0 };
    contender.asker.pause(SECOND, 5 * SECOND).await;
    while lock(&state).now() + FAREWELL < until {
        contender.round(&state).await;
        contender.asker.pause(100 * MILLIS, 2 * SECOND).await;
    }
}

impl Contender {
    /// Gets a lease and the lock, works, gives both back; stops where something fails.
    async fn round(&mut self, state: &Mutex<State>) {
        self.ttl_s = 1 + self.asker.random.below(4);
        let grant = LeaseGrantRequest { id: 0, ttl: self.ttl_s.cast_signed() };
        let Some(Response::LeaseGrant(granted)) = self.asker.ask(state, grant).await else {
            return;
        };
        self.lease = granted.id;
        if let Some(held) = self.acquire(state).await {
            self.work(state, &held).await;
            if !self.asker.random.chance(VANISHES) {
                self.asker.ask(state, unlock(held.key)).await;
            }
        }
        if !self.asker.random.chance(VANISHES) {
            self.asker.ask(state, LeaseRevokeRequest { id: self.lease }).await;
        }
    }

    /// Drives the recipe until the lock is held, or cannot be.
    async fn acquire(&mut self, state: &Mutex<State>) -> Option<Held> {
        let (mut recipe, enter) = Lock::begin(NAME, self.lease);
        let mut turn = Turn::Call(enter.into());
        loop {
            turn = match turn {
                Turn::Call(request) => match self.asker.ask(state, request.clone()).await {
                    Some(response) => {
                        let response = lock(state).as_the_lock_reads_it(&request, response);
                        recipe.on_answer(response)
                    }
                    None => return self.give_up(state, &recipe).await,
                },
                Turn::Watch(watched) => self.watch(state, &mut recipe, watched).await,
                Turn::Done(held) => {
                    lock(state).on_held(&held);
                    return Some(held);
                }
                Turn::Wait | Turn::Refused(_) => return self.give_up(state, &recipe).await,
            };
        }
    }

    async fn give_up(&mut self, state: &Mutex<State>, recipe: &Lock) -> Option<Held> {
        if let Some(request) = recipe.after_failure() {
            self.asker.ask(state, request).await;
        }
        None
    }

    /// Watches one who is older, and keeps its own lease alive meanwhile.
    async fn watch(
        &mut self,
        state: &Mutex<State>,
        recipe: &mut Lock,
        watched: WatchCreateRequest,
    ) -> Turn<Held> {
        let member = any_member(&mut self.asker.random, self.asker.members);
        let request =
            WatchRequest { request_union: Some(RequestUnion::CreateRequest(watched.clone())) };
        let (no, caller) = (self.asker.no, self.asker.login.caller());
        let stream = lock(state).open_stream(no, member, caller, request);
        let turn = self.listen(state, recipe, stream).await;
        lock(state).close_stream(stream);
        match turn {
            Some(turn) => turn,
            None => {
                // The next member may be one that hears a leader.
                self.asker.pause(10 * MILLIS, 200 * MILLIS).await;
                recipe.on_watch_lost()
            }
        }
    }

    /// What the recipe wants behind the watch; `None` when the stream broke.
    async fn listen(
        &mut self,
        state: &Mutex<State>,
        recipe: &mut Lock,
        stream: StreamId,
    ) -> Option<Turn<Held>> {
        let third = Duration::from_millis(self.ttl_s * 1000 / 3);
        loop {
            let Ok((arrived, end)) = madsim::time::timeout(third, next_of(state, stream)).await
            else {
                self.renew(state).await;
                continue;
            };
            for heard in arrived {
                let Ok(response) = heard.as_ref() else { continue };
                let turn = recipe.on_watch(response);
                if turn != Turn::Wait {
                    return Some(turn);
                }
            }
            if end.is_some() {
                return None;
            }
        }
    }

    async fn renew(&mut self, state: &Mutex<State>) {
        self.asker.ask(state, LeaseKeepAliveRequest { id: self.lease }).await;
    }

    /// A few writes under the lock; the first that the fence refuses is the last.
    async fn work(&mut self, state: &Mutex<State>, held: &Held) {
        for _ in 0..=self.asker.random.below(3) {
            if self.asker.random.chance(OVERSLEEPS) {
                self.asker.pause(self.ttl_s * SECOND, (self.ttl_s + 3) * SECOND).await;
            } else {
                self.asker.pause(10 * MILLIS, 400 * MILLIS).await;
                self.renew(state).await;
            }
            let written = self.asker.ask(state, fenced(held)).await;
            let Some(Response::Txn(TxnResponse { succeeded, .. })) = written else { return };
            lock(state).checks.home_mut().on_fenced(succeeded);
            if !succeeded {
                return;
            }
        }
    }
}

/// "If I still hold the lock, put this."
fn fenced(held: &Held) -> TxnRequest {
    let put = PutRequest {
        key: Bytes::from_static(GUARDED),
        value: signature(&held.key, held.revision),
        ..PutRequest::default()
    };
    TxnRequest {
        compare: vec![held.still_held()],
        success: vec![RequestOp { request: Some(Op::RequestPut(put)) }],
        ..TxnRequest::default()
    }
}
