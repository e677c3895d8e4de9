//! Everything that is in a world, behind one lock.
//!
//! There is one thread. The lock only tells the compiler so: madsim's tasks and timers take it,
//! do one thing and let go; nobody waits for it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::id::{ClusterId, MemberId};
use glasshouse_core::node::{Effect, Role};
use madsim::net::NetSim;
use madsim::runtime::{Handle, Runtime};
use madsim::task::NodeId;
use madsim::time::{TimeHandle, TimerId};

use super::join::First;
use super::paths::Paths;
use super::{Counts, Rules, Spec};
use crate::call::Calls;
use crate::check::{Clusters, Violation};
use crate::chronicle::Chronicle;
use crate::clock::{Nanos, SECOND};
use crate::contender;
use crate::linear::History;
use crate::member::{self, Member, MemberState, PORT};
use crate::mutant::{Memory, Plants};
use crate::network::Network;
use crate::operator;
use crate::place::{ClientNo, MemberNo, Place};
use crate::stream::Streams;
use crate::trace::{Recorder, What};
use crate::warden;
use crate::watcher;
use crate::workload::{self, Workload};

/// How often the stores of the members are compared while a world runs.
const AUDIT_EVERY: Nanos = 10 * SECOND;

/// A client's machine.
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) place: NodeId,
    pub(crate) frozen: bool,
}

/// Everything that is in a world.
pub(crate) struct State {
    pub(crate) spec: Spec,
    pub(crate) rules: Rules,
    pub(crate) members: Vec<Member>,
    /// The cluster that the world began as.
    pub(crate) first: ClusterId,
    pub(crate) clients: Vec<Client>,
    pub(crate) network: Network,
    pub(crate) calls: Calls,
    pub(crate) streams: Streams,
    /// Faults that are planted now.
    pub(crate) plants: Plants,
    /// What planted faults remember.
    pub(crate) memory: Memory,
    pub(crate) record: Recorder,
    pub(crate) checks: Clusters,
    /// What clients see, if somebody asked for it to be written down.
    pub(crate) history: Option<History>,
    /// Which entries are which calls', if somebody asked for it.
    pub(super) paths: Option<Paths>,
    /// What happened and what was so at any moment, if somebody asked for it.
    pub(crate) chronicle: Option<Box<Chronicle>>,
    pub(crate) violation: Option<Violation>,
    pub(crate) counts: Counts,
    /// What was counted up to the violation.
    pub(crate) counts_at_end: Option<Counts>,
    /// When the cluster came to rest after a schedule of faults.
    pub(crate) settled_at: Option<Nanos>,
    /// Empty between steps; kept so that its memory is used again.
    pub(crate) effects: Vec<Effect>,
    pub(crate) handle: Handle,
    pub(crate) net: Arc<NetSim>,
    /// Clients that workloads have started so far; each has the next number.
    workloads: u64,
    /// Those with a number below this one stop asking.
    pub(crate) workloads_stopped: u64,
    time: TimeHandle,
    me: Weak<Mutex<Self>>,
}

/// Takes the lock. A panic elsewhere has ended the run already; then the state is only looked at.
pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets time pass.
pub(super) fn run_until(runtime: &Runtime, state: &Mutex<State>, deadline: Nanos) {
    if lock(state).violation.is_none() {
        runtime.run_until(Duration::from_nanos(deadline));
    }
}

impl State {
    /// Builds the world and the tasks of its members.
    pub(super) fn build(spec: Spec, runtime: &Runtime) -> Arc<Mutex<Self>> {
        let handle = runtime.handle().clone();
        let mut members: Vec<Member> = spec
            .member_numbers()
            .map(|no| {
                let builder = handle.create_node().name(no.to_string()).ip(member::member_ip(no));
                Member::new(&spec, no, builder.build().id())
            })
            .collect();
        let first = First::of(&members);
        for member in &mut members {
            (member.cluster, member.first) = (first.cluster_id, first.members.clone());
        }
        let state = Arc::new_cyclic(|me| {
            Mutex::new(Self {
                rules: spec.rules,
                network: Network::new(spec.seed, spec.latency, spec.jitter, spec.client_latency),
                checks: Clusters::new(first.cluster_id, &members),
                first: first.cluster_id,
                members,
                clients: Vec::new(),
                calls: Calls::default(),
                streams: Streams::default(),
                plants: spec.mutants.clone(),
                memory: Memory::default(),
                record: Recorder::default(),
                history: None,
                paths: None,
                chronicle: None,
                violation: None,
                counts: Counts::default(),
                counts_at_end: None,
                settled_at: None,
                effects: Vec::new(),
                net: runtime.net(),
                time: handle.time().clone(),
                handle,
                workloads: 0,
                workloads_stopped: 0,
                me: me.clone(),
                spec,
            })
        });
        let mut guard = lock(&state);
        let (every, tick_ms) = (guard.spec.lease_checkpoint_seconds, guard.spec.tick_ms);
        guard.checks.expect_checkpoints(every, tick_ms);
        if guard.spec.autostart {
            for no in guard.spec.member_numbers() {
                guard.start(no);
            }
        }
        if guard.spec.checked {
            guard.after(AUDIT_EVERY, Self::audit);
        }
        drop(guard);
        state
    }

    /// The present virtual time; after a violation, the time of the violation.
    pub(crate) fn now(&self) -> Nanos {
        match &self.violation {
            Some(violation) => violation.at,
            None => u64::try_from(self.time.elapsed().as_nanos()).unwrap_or(Nanos::MAX),
        }
    }

    /// Does something after a span of virtual time, unless the run has ended by then.
    pub(crate) fn after(
        &self,
        span: Nanos,
        what: impl FnOnce(&mut Self) + Send + Sync + 'static,
    ) -> TimerId {
        let me = self.me.clone();
        self.time.add_timer(Duration::from_nanos(span), move || {
            if let Some(state) = me.upgrade() {
                let mut state = lock(&state);
                if state.violation.is_none() {
                    what(&mut state);
                }
            }
        })
    }

    pub(crate) fn cancel_timer(&self, timer: TimerId) {
        self.time.cancel_timer(timer);
    }

    /// This world, for a task that will live in it.
    pub(crate) fn shared(&self) -> Arc<Mutex<Self>> {
        self.me.upgrade().expect("whoever calls holds the world")
    }

    /// Writes an event into the record.
    pub(crate) fn event(&mut self, what: What) {
        self.event_with(what, None);
    }

    /// The same, with bytes that only the hash sees.
    ///
    /// Nothing is recorded behind a violation: clients whose timers are due before somebody looks would
    /// go on, and where a run is stopped would decide its hash.
    pub(crate) fn event_with(&mut self, what: What, payload: Option<&Bytes>) {
        if self.violation.is_some() {
            return;
        }
        let now = self.now();
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.hear(self.record.next_seq(), now, &what);
        }
        self.record.record(now, what, payload);
    }

    /// A property is broken: it is recorded and the world stands still.
    pub(crate) fn violate(&mut self, violation: Option<Violation>) {
        if let Some(mut violation) = violation
            && self.violation.is_none()
            && self.spec.checked
            && (!self.spec.clients_only || violation.property.is_seen_by_clients())
        {
            violation.at = self.now();
            self.event(What::Violated(violation.clone()));
            self.counts_at_end = Some(self.counts);
            self.violation = Some(violation);
        }
    }

    /// A member has read its disk or made a step: the chronicle looks at it.
    pub(crate) fn chronicle(&mut self, no: MemberNo) {
        let (now, seq) = (self.now(), self.record.next_seq());
        if let Some(chronicle) = &mut self.chronicle
            && let Some(process) = self.members[no.index()].process()
        {
            chronicle.look(seq, now, no, process.node.view());
        }
    }

    pub(super) fn note(&mut self, text: String) {
        self.event(What::Note(text));
    }

    // --- who is who ---

    /// The machines of this world, in order.
    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = MemberNo> + Clone + use<> {
        MemberNo::first(u8::try_from(self.members.len()).expect("at most nine machines"))
    }

    pub(crate) fn member(&self, no: MemberNo) -> &Member {
        self.members.get(no.index()).expect("callers ask for members of this world")
    }

    pub(crate) fn member_mut(&mut self, no: MemberNo) -> &mut Member {
        self.members.get_mut(no.index()).expect("callers ask for members of this world")
    }

    /// The member with this id in the cluster.
    pub(crate) fn no_of(&self, id: MemberId) -> Option<MemberNo> {
        self.members.iter().find(|member| member.id == id).map(|member| member.no)
    }

    /// The same by the bare number.
    pub(crate) fn no_of_raw(&self, id: u64) -> Option<MemberNo> {
        self.no_of(MemberId(id))
    }

    /// The leader of the highest term that anybody leads and that is not frozen.
    pub(crate) fn leader(&self) -> Option<MemberNo> {
        self.leader_of(|_| true)
    }

    /// The same among the members of one cluster.
    pub(crate) fn leader_in(&self, cluster: ClusterId) -> Option<MemberNo> {
        self.leader_of(|member| member.cluster == cluster)
    }

    fn leader_of(&self, counts: impl Fn(&Member) -> bool) -> Option<MemberNo> {
        let leaders = self.members.iter().filter(|member| counts(member)).filter_map(|member| {
            let standing = member.process()?.seen.standing;
            let leads = standing.role == Role::Leader && member.state.is_running();
            let frozen = member.state == MemberState::Frozen;
            (leads && !frozen).then_some((standing.term, member.no))
        });
        leaders.max().map(|(_, no)| no)
    }

    /// madsim's node of a place.
    pub(crate) fn node_of(&self, place: Place) -> NodeId {
        match place {
            Place::Member(no) => self.member(no).place,
            Place::Client(no) => self.clients[usize::from(no.0)].place,
        }
    }

    /// The socket of a place.
    pub(crate) fn addr_of(place: Place) -> SocketAddr {
        match place {
            Place::Member(no) => member::member_addr(no),
            Place::Client(no) => client_addr(no),
        }
    }

    // --- clients, workloads, schedules ---

    /// A new client with a socket of its own.
    pub(crate) fn add_client(&mut self, name: &str) -> ClientNo {
        let no = ClientNo(u16::try_from(self.clients.len()).expect("fewer than 65,536 clients"));
        let addr = client_addr(no);
        let node = self.handle.create_node().name(name).ip(addr.ip()).build();
        node.spawn(workload::receive(self.shared(), addr));
        self.clients.push(Client { name: name.into(), place: node.id(), frozen: false });
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.introduce(no, name);
        }
        no
    }

    pub(super) fn client_name(&self, no: ClientNo) -> String {
        self.clients.get(usize::from(no.0)).map_or_else(String::new, |client| client.name.clone())
    }

    /// Starts the clients of a workload, each a task on its own node.
    pub(super) fn start_workload(&mut self, workload: Workload) {
        let first = self.workloads;
        self.workloads += u64::from(workload.clients);
        let workload = Arc::new(workload);
        for (index, stream) in (0..workload.clients).zip(first..) {
            let no = self.add_client(&format!("{}-{}", workload.name, index + 1));
            let task = workload::work(self.shared(), no, stream, Arc::clone(&workload));
            self.spawn_on(Place::Client(no), task);
        }
        for index in 0..workload.watchers {
            let no = self.add_client(&format!("{}-watcher-{}", workload.name, index + 1));
            let stream = (first << 16) + u64::from(index);
            let task = watcher::watch(self.shared(), no, stream, Arc::clone(&workload));
            self.spawn_on(Place::Client(no), task);
        }
    }

    /// The clients of all workloads stop asking.
    pub(super) fn stop_workloads(&mut self) {
        self.workloads_stopped = self.workloads;
    }

    /// Somebody changes the members until `until`.
    pub(super) fn start_operator(&mut self, until: Nanos) {
        let no = self.add_client("operator");
        self.spawn_on(Place::Client(no), operator::operate(self.shared(), no, until));
    }

    /// Somebody changes users and rights until `until`.
    pub(super) fn start_warden(&mut self, until: Nanos) {
        let no = self.add_client("warden");
        self.spawn_on(Place::Client(no), warden::guard(self.shared(), no, until));
    }

    /// Some want one lock until `until`.
    pub(super) fn start_contenders(&mut self, until: Nanos) {
        for number in 0..contender::CONTENDERS {
            let no = self.add_client(&format!("contender-{}", number + 1));
            let task = contender::contend(self.shared(), no, number, until);
            self.spawn_on(Place::Client(no), task);
        }
    }

    /// Runs a task on the node of a place.
    pub(crate) fn spawn_on(&self, place: Place, task: impl Future<Output = ()> + Send + 'static) {
        let node = self.handle.get_node(self.node_of(place)).expect("the node of a place exists");
        node.spawn(task);
    }

    /// Compares the members' stores, and plans the next comparison.
    fn audit(&mut self) {
        self.compare_stores();
        self.after(AUDIT_EVERY, Self::audit);
    }

    /// HashKV of all members that are up must be equal at an equal revision.
    pub(crate) fn compare_stores(&mut self) {
        let verdict = self.nodes_by_cluster().into_values().find_map(|nodes| {
            let verdict = crate::check::hash::compare(nodes.iter().copied());
            verdict.or_else(|| crate::check::membership::compare(nodes.into_iter()))
        });
        self.violate(verdict);
    }
}

/// The socket of a client.
fn client_addr(no: ClientNo) -> SocketAddr {
    let [high, low] = no.0.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 1, high, low)), PORT)
}
