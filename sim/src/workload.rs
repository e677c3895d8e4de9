//! Background clients: seeded traffic that asks, times out, goes to another member and tries
//! again, as real clients do.
//!
//! Every put has a value that nobody else writes, so a lost or doubled write can be told apart.
//! Each client is a task on a madsim node of its own, with random streams of its own: what it does
//! next does not depend on what others do.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::api::compare::{CompareResult, CompareTarget, TargetUnion};
use glasshouse_core::api::{
    Code, CompactionRequest, Compare, DeleteRangeRequest, Error, LeaseGrantRequest,
    LeaseKeepAliveRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest, PutRequest, RangeRequest,
    Request, RequestOp, Response, TxnRequest, request_op,
};
use glasshouse_core::id::CallId;
use madsim::datagram::DatagramSocket;

use crate::clock::{MILLIS, Nanos, SECOND};
use crate::login::Login;
use crate::member;
use crate::place::{ClientNo, MemberNo};
use crate::rng::Stream;
use crate::trace::CallEnd;
use crate::world::{State, lock};

/// What kind of calls clients make, in parts of their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mix {
    /// Puts of unique values.
    pub puts: u32,
    /// Linearizable reads of one key.
    pub reads: u32,
    /// Serializable reads of one key.
    pub serializable_reads: u32,
    /// Linearizable reads of all keys.
    pub scans: u32,
    /// Deletes of one key.
    pub deletes: u32,
    /// Compare-and-swap transactions.
    pub swaps: u32,
    /// Compactions.
    pub compactions: u32,
    /// Grants of leases of a few seconds.
    pub grants: u32,
    /// Puts of unique values, with a lease if the client has one.
    pub leased_puts: u32,
    /// Renewals of a lease that the client has.
    pub keep_alives: u32,
    /// Questions how much of a lease is left.
    pub times_to_live: u32,
    /// Leases given back.
    pub revokes: u32,
}

impl Mix {
    /// What a script calls each part, in the order of [`Mix::parts`].
    pub const KINDS: [&'static str; 12] = [
        "put",
        "get",
        "get-s",
        "scan",
        "del",
        "swap",
        "compact",
        "grant",
        "put-leased",
        "renew",
        "ttl",
        "revoke",
    ];

    /// Only puts.
    pub const PUTS: Self = Self {
        puts: 1,
        reads: 0,
        serializable_reads: 0,
        scans: 0,
        deletes: 0,
        swaps: 0,
        compactions: 0,
        grants: 0,
        leased_puts: 0,
        keep_alives: 0,
        times_to_live: 0,
        revokes: 0,
    };
    /// Something of everything.
    pub const ALL: Self = Self {
        puts: 400,
        reads: 250,
        serializable_reads: 100,
        scans: 20,
        deletes: 60,
        swaps: 160,
        compactions: 10,
        grants: 25,
        leased_puts: 60,
        keep_alives: 60,
        times_to_live: 20,
        revokes: 5,
    };

    /// How much there is of each kind.
    #[must_use]
    pub fn parts(&self) -> [u32; 12] {
        [
            self.puts,
            self.reads,
            self.serializable_reads,
            self.scans,
            self.deletes,
            self.swaps,
            self.compactions,
            self.grants,
            self.leased_puts,
            self.keep_alives,
            self.times_to_live,
            self.revokes,
        ]
    }

    /// The kinds of [`Mix::ALL`] for which `keep` says yes, by their place in [`Mix::KINDS`].
    #[must_use]
    pub fn some(keep: impl Fn(usize) -> bool) -> Self {
        let all = Self::ALL.parts();
        let part = |kind: usize| if keep(kind) { all[kind] } else { 0 };
        Self {
            puts: part(0),
            reads: part(1),
            serializable_reads: part(2),
            scans: part(3),
            deletes: part(4),
            swaps: part(5),
            compactions: part(6),
            grants: part(7),
            leased_puts: part(8),
            keep_alives: part(9),
            times_to_live: part(10),
            revokes: part(11),
        }
    }
}

/// Clients that work at a rate for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// What they are called: `load-1`, `load-2` and so on.
    pub name: String,
    /// How many clients.
    pub clients: u16,
    /// How many more clients only watch.
    pub watchers: u16,
    /// Calls per 1,000 virtual seconds, of all clients together; a client whose call is open
    /// does not make another, so a slow cluster gets fewer.
    pub calls_per_1000_s: u64,
    /// They stop asking at this virtual time.
    pub until: Nanos,
    /// What they ask.
    pub mix: Mix,
    /// How many keys they use.
    pub keys: u64,
    /// Length of a value in bytes; shorter ones are filled up.
    pub value_bytes: u32,
    /// How long a client waits for an answer.
    pub timeout: Nanos,
    /// How often it asks in all before it gives a call up.
    pub attempts: u32,
    /// The member that all of them ask; `None`: any, now one and now another.
    pub at: Option<MemberNo>,
}

impl Workload {
    /// Everything mixed, on few keys, at a rate per second.
    #[must_use]
    pub fn mixed(calls_per_second: u64, until: Nanos) -> Self {
        Self {
            name: String::from("load"),
            clients: 5,
            watchers: 2,
            calls_per_1000_s: calls_per_second * 1000,
            until,
            mix: Mix::ALL,
            keys: 12,
            value_bytes: 16,
            timeout: 3 * SECOND,
            attempts: 3,
            at: None,
        }
    }

    /// The mean time between two calls of one client.
    fn gap(&self) -> Nanos {
        let per_1000_s = self.calls_per_1000_s.max(1);
        1000 * SECOND / per_1000_s * u64::from(self.clients.max(1))
    }
}

/// The task that receives what is sent to a client.
pub(crate) async fn receive(state: Arc<Mutex<State>>, addr: SocketAddr) {
    let socket = DatagramSocket::bind(addr).expect("each client has an address of its own");
    loop {
        let (payload, _) = socket.recv().await;
        lock(&state).on_arrival(member::message_id(&*payload));
    }
}

/// The end of a call.
pub(crate) async fn end_of(state: &Mutex<State>, call: CallId) -> CallEnd {
    poll_fn(|context| {
        let mut state = lock(state);
        if let Some(call) = state.calls.get_mut(call) {
            call.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        match state.calls.ended(call) {
            Some(end) => Poll::Ready(end.clone()),
            // It ended so long ago that the answer is forgotten.
            None => Poll::Ready(CallEnd::TimedOut),
        }
    })
    .await
}

/// Leases that a client remembers.
const LEASES_MAX: usize = 4;

/// One client of a workload.
struct Worker {
    no: ClientNo,
    workload: Arc<Workload>,
    random: Stream,
    /// How many values it has made up.
    values: u64,
    /// Mod revision of the key it read last: what a swap expects.
    read: Option<(Bytes, i64)>,
    /// The highest revision it was told.
    revision: i64,
    /// Leases that it was granted and has not heard to be gone, oldest first.
    leases: VecDeque<i64>,
    /// Whom it asks.
    member: MemberNo,
    members: u8,
    /// Who it is, when it is asked.
    login: Login,
}

/// The task of one client of a workload.
pub(crate) async fn work(
    state: Arc<Mutex<State>>,
    no: ClientNo,
    stream: u64,
    workload: Arc<Workload>,
) {
    let (seed, members) = {
        let state = lock(&state);
        (state.spec.seed, state.spec.members)
    };
    let mut random = Stream::new(seed, "workload", stream, 0);
    let any = any_member(&mut random, members);
    let member = workload.at.unwrap_or(any);
    let mut worker = Worker::new(no, workload, random, member, members);
    loop {
        let gap = worker.workload.gap();
        let pause = worker.random.between(gap / 2, gap + gap / 2);
        madsim::time::sleep(Duration::from_nanos(pause)).await;
        let over = {
            let state = lock(&state);
            state.now() >= worker.workload.until || stream < state.workloads_stopped
        };
        if over {
            return;
        }
        worker.ask(&state).await;
    }
}

pub(crate) fn any_member(random: &mut Stream, members: u8) -> MemberNo {
    let number = 1 + random.below(u64::from(members));
    let number = u8::try_from(number).expect("at most the number of members");
    MemberNo::from_number(number).expect("a member of this world")
}

impl Worker {
    fn new(
        no: ClientNo,
        workload: Arc<Workload>,
        random: Stream,
        member: MemberNo,
        members: u8,
    ) -> Self {
        let leases = VecDeque::new();
        let (login, read) = (Login::of_client(no), None);
        let (values, revision) = (0, 0);
        Self { no, workload, random, values, read, revision, leases, member, members, login }
    }

    /// Makes one call, with as many attempts as it needs or may have.
    async fn ask(&mut self, state: &Mutex<State>) {
        let request = self.request();
        for _ in 0..self.workload.attempts {
            let timeout = self.workload.timeout;
            let caller = self.login.caller();
            let call = lock(state).call(self.no, self.member, caller, request.clone(), timeout);
            let end = end_of(state, call).await;
            if Login::is_wanted(&end) {
                self.login.prove(state, self.no, self.member).await;
                continue;
            }
            if let Some(response) = end.success() {
                self.revision = response.header().map_or(0, |h| h.revision).max(self.revision);
                self.learn(response);
                // Now and then it moves to another member for no reason.
                if self.random.chance(50_000) {
                    self.move_on();
                }
                return;
            }
            if !may_retry(&end) {
                self.learn_failure(&request, &end);
                return;
            }
            self.move_on();
            let pause = self.random.between(10 * MILLIS, 100 * MILLIS);
            madsim::time::sleep(Duration::from_nanos(pause)).await;
        }
    }

    /// Asks another member from now on, unless it is bound to one.
    fn move_on(&mut self) {
        let any = any_member(&mut self.random, self.members);
        self.member = self.workload.at.unwrap_or(any);
    }

    fn learn(&mut self, response: &Response) {
        if let Response::Range(found) = response
            && let Some(pair) = found.kvs.first()
        {
            self.read = Some((pair.key.clone(), pair.mod_revision));
        }
        match response {
            Response::LeaseGrant(granted) => {
                self.leases.push_back(granted.id);
                if self.leases.len() > LEASES_MAX {
                    self.leases.pop_front();
                }
            }
            Response::LeaseKeepAlive(renewed) if renewed.ttl <= 0 => self.forget(renewed.id),
            _ => {}
        }
    }

    /// A lease that is gone is of no use any more.
    fn learn_failure(&mut self, request: &Request, end: &CallEnd) {
        let CallEnd::Answer(answer) = end else { return };
        if answer.as_ref().as_ref().err() == Some(&Error::LEASE_NOT_FOUND) {
            match request {
                Request::Put(put) => self.forget(put.lease),
                Request::LeaseRevoke(revoke) => self.forget(revoke.id),
                _ => {}
            }
        }
    }

    fn forget(&mut self, lease: i64) {
        self.leases.retain(|id| *id != lease);
    }

    /// The next request. Draws the same number of words whatever it is.
    fn request(&mut self) -> Request {
        let kinds = self.workload.mix.parts();
        let sum: u64 = kinds.iter().map(|&part| u64::from(part)).sum();
        let mut place = self.random.below(sum.max(1));
        let key = self.random.below(self.workload.keys.max(1));
        let key = Bytes::from(format!("key{key:03}"));
        let kind = kinds.iter().position(|&part| {
            let here = place < u64::from(part);
            place -= if here { 0 } else { u64::from(part) };
            here
        });
        // Where in its part the draw fell decides what else there is to decide.
        let luck = place;
        let lease = self.lease(luck);
        match kind {
            Some(1) => read(key, false).into(),
            Some(2) => read(key, true).into(),
            Some(3) => {
                RangeRequest { range_end: Bytes::from_static(b"kez"), ..read(key, false) }.into()
            }
            Some(4) => DeleteRangeRequest { key, ..Default::default() }.into(),
            Some(5) => self.swap(key).into(),
            Some(6) if self.revision > 10 => {
                CompactionRequest { revision: self.revision - 10, ..Default::default() }.into()
            }
            Some(7) => LeaseGrantRequest { id: 0, ttl: 1 + (luck % 3).cast_signed() }.into(),
            Some(8) => PutRequest { key, value: self.value(), lease, ..Default::default() }.into(),
            Some(9) if lease != 0 => LeaseKeepAliveRequest { id: lease }.into(),
            Some(10) if lease != 0 => LeaseTimeToLiveRequest { id: lease, keys: true }.into(),
            Some(11) if lease != 0 => LeaseRevokeRequest { id: lease }.into(),
            _ => PutRequest { key, value: self.value(), ..Default::default() }.into(),
        }
    }

    /// One of the client's leases, 0 if it has none.
    fn lease(&self, luck: u64) -> i64 {
        let place = luck.checked_rem(self.leases.len() as u64).unwrap_or(0);
        usize::try_from(place).ok().and_then(|at| self.leases.get(at)).copied().unwrap_or(0)
    }

    /// A value that nobody else writes.
    fn value(&mut self) -> Bytes {
        self.values += 1;
        let mut value = format!("{}.{}", self.no.0, self.values);
        let length = usize::try_from(self.workload.value_bytes).unwrap_or(0);
        while value.len() < length {
            value.push('.');
        }
        value.into()
    }

    /// "If the key is as I read it, put this; else tell me what it is."
    fn swap(&mut self, key: Bytes) -> TxnRequest {
        let (key, expected) = self.read.take().unwrap_or((key, 0));
        let compare = Compare {
            result: CompareResult::Equal as i32,
            target: CompareTarget::Mod as i32,
            key: key.clone(),
            target_union: Some(TargetUnion::ModRevision(expected)),
            ..Default::default()
        };
        let put = PutRequest { key: key.clone(), value: self.value(), ..Default::default() };
        let op = |request| RequestOp { request: Some(request) };
        TxnRequest {
            compare: vec![compare],
            success: vec![op(request_op::Request::RequestPut(put))],
            failure: vec![op(request_op::Request::RequestRange(read(key, false)))],
        }
    }
}

fn read(key: Bytes, serializable: bool) -> RangeRequest {
    RangeRequest { key, serializable, ..Default::default() }
}

/// A connection that failed, or a member that cannot serve: another may.
fn may_retry(end: &CallEnd) -> bool {
    match end {
        CallEnd::Answer(result) => {
            result.as_ref().as_ref().is_err_and(|error| error.code == Code::Unavailable)
        }
        CallEnd::NoConnection | CallEnd::Broken | CallEnd::TimedOut => true,
        CallEnd::Canceled => false,
    }
}
