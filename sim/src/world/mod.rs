//! A whole cluster in one value: members, disks, network, clocks and clients, in virtual time.
//!
//! ```text
//!                      World::act, call, run_until          a user, a script, a schedule
//!                                  │
//!    ┌─────────────────────────────▼──────────────────────────────────────────────┐
//!    │ State                                                                      │
//!    │   clients ──► Network ──► mailbox ──► Member: Node::step ──► effects       │
//!    │      ▲           ▲                                             │  │  │     │
//!    │      └───────────┴──────────────── answers, messages ──────────┘  │  │     │
//!    │                              mailbox ◄── Disk: live, durable ◄────┘  │     │
//!    │   Recorder ◄── every step of all of them        Checkers ◄───────────┘     │
//!    └────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! **The promise**: [`Spec`] (with its seed) and the list of what was done at which virtual time
//! decide the whole history, byte for byte, natively and in wasm. Where a run is stopped by
//! [`World::run_until`] to be looked at has no influence.
//!
//! Each member is a madsim node with one task around `Node::step`; its messages travel through
//! madsim's network, and madsim kills, pauses and restarts it. Links, disks, clocks and faults
//! are this crate's own, because madsim's disks keep every byte.

mod action;
mod apply;
mod discovery;
mod flags;
mod identity;
mod join;
mod paths;
mod process;
mod spec;
mod state;
mod streams;
mod traffic;

use std::sync::{Arc, Mutex, MutexGuard};

use glasshouse_core::api;
use glasshouse_core::id::{CallId, ClusterId, MemberId, StreamId};
use glasshouse_core::node::NodeView;
use madsim::runtime::Runtime;

pub use self::action::{Action, DiskOperation, Refused, RotTarget, Rule, Trouble};
pub(crate) use self::discovery::discover;
pub use self::flags::{CommandLine, Flag, Flags};
pub(crate) use self::paths::{PathNote, PathStep};
pub use self::spec::{Ground, Rules, Spec};
pub(crate) use self::state::{State, lock};
use crate::cast::Cast;
use crate::check::Violation;
use crate::chronicle::Chronicle;
use crate::clock::Nanos;
use crate::disk::DiskView;
use crate::linear::etcd::Op;
use crate::linear::{History, Limits, Operation, Verdict};
use crate::member::MemberState;
use crate::network::{Flight, LinkView};
use crate::place::{ClientNo, MemberNo, Place};
use crate::stream::{Heard, Said, StreamEnd};
use crate::trace::{CallEnd, Event};
use crate::workload::Workload;

/// A simulated cluster. See the module's page.
pub struct World {
    runtime: Runtime,
    state: Arc<Mutex<State>>,
}

/// A call of a client, as far as it has come.
#[derive(Clone, Debug)]
pub struct CallView {
    /// The call.
    pub id: CallId,
    /// Who asks.
    pub client: ClientNo,
    /// Who is asked.
    pub member: MemberNo,
    /// What is asked.
    pub request: Arc<api::Request>,
    /// When it was sent.
    pub began_at: Nanos,
    /// How it ended, if it did, and when.
    pub end: Option<(Nanos, CallEnd)>,
}

impl World {
    /// Builds the world. With [`Spec::autostart`] its members start at time zero, that is, within
    /// the first [`World::run_until`].
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        let runtime = Runtime::with_seed_and_config(spec.seed, madsim::Config::default());
        let state = State::build(spec, &runtime);
        Self { runtime, state }
    }

    /// Lets virtual time pass until `deadline`, or until a property is violated, whichever comes
    /// first. A deadline that is over does nothing.
    pub fn run_until(&mut self, deadline: Nanos) {
        state::run_until(&self.runtime, &self.state, deadline);
    }

    /// The present virtual time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.state().now()
    }

    /// What the world was built from.
    #[must_use]
    pub fn spec(&self) -> Spec {
        self.state().spec.clone()
    }

    /// Does something to the world at the present time.
    ///
    /// # Errors
    /// One sentence that says why it cannot be done; then nothing happened and nothing is
    /// recorded.
    pub fn act(&mut self, action: Action) -> Result<(), Refused> {
        self.state().act(action)
    }

    /// Writes a remark into the record: a line of a script, a name for a moment.
    pub fn note(&mut self, text: impl Into<String>) {
        self.state().note(text.into());
    }

    // --- clients ---

    /// A new client. It has a link to every member and no life of its own: it says what
    /// [`World::call`] tells it to.
    pub fn client(&mut self, name: &str) -> ClientNo {
        self.state().add_client(name)
    }

    /// Sends a request of `client` to `member`. The end arrives as an event
    /// ([`What::Returned`](crate::trace::What::Returned)) and in [`World::call_view`]; it comes
    /// after `timeout` at the latest.
    pub fn call(
        &mut self,
        client: ClientNo,
        member: MemberNo,
        request: impl Into<api::Request>,
        timeout: Nanos,
    ) -> CallId {
        self.call_as(client, member, api::Caller::default(), request, timeout)
    }

    /// The same, by somebody who says who it is.
    pub fn call_as(
        &mut self,
        client: ClientNo,
        member: MemberNo,
        caller: api::Caller,
        request: impl Into<api::Request>,
        timeout: Nanos,
    ) -> CallId {
        self.state().call(client, member, caller, request.into(), timeout)
    }

    /// The client takes a call back: it ends as canceled, though it may still take effect.
    pub fn cancel(&mut self, call: CallId) {
        self.state().cancel(call);
    }

    /// A call, while it is open and until it is forgotten (the last 4,096 ended calls are kept).
    #[must_use]
    pub fn call_view(&self, call: CallId) -> Option<CallView> {
        self.state().calls.view(call)
    }

    /// Calls that wait for their end, in the order in which they were made.
    #[must_use]
    pub fn open_calls(&self) -> Vec<CallView> {
        self.state().calls.open()
    }

    /// Opens a stream of watches from `client` to `member` with a first request. What comes on it
    /// waits for [`World::take_stream`].
    pub fn open_stream(
        &mut self,
        client: ClientNo,
        member: MemberNo,
        caller: api::Caller,
        request: api::WatchRequest,
    ) -> StreamId {
        self.state().open_stream(client, member, caller, request)
    }

    /// Asks something more on a stream.
    pub fn ask_stream(&mut self, stream: StreamId, request: api::WatchRequest) {
        self.state().say(stream, Said::Asked(request));
    }

    /// Takes what has arrived on a stream, and how it ended, if it did: then it is forgotten.
    pub fn take_stream(&mut self, stream: StreamId) -> (Vec<Arc<Heard>>, Option<StreamEnd>) {
        self.state().take_stream(stream)
    }

    /// The client of a stream wants no more of it.
    pub fn close_stream(&mut self, stream: StreamId) {
        self.state().close_stream(stream);
    }

    /// Starts background clients that work at a rate for a while (see [`Workload`]).
    pub fn start_workload(&mut self, workload: Workload) {
        self.state().start_workload(workload);
    }

    /// The clients of all workloads finish the call that they are at, and stop.
    pub fn stop_workloads(&mut self) {
        self.state().stop_workloads();
    }

    /// Lets everybody come who asks something of the cluster in a hunt (see [`Cast`]).
    pub fn enter(&mut self, cast: &Cast) {
        let mut state = self.state();
        let until = cast.workload.until;
        state.start_workload(cast.workload.clone());
        if cast.operator {
            state.start_operator(until);
        }
        if cast.warden {
            state.start_warden(until);
        }
        if cast.contenders {
            state.start_contenders(until);
        }
    }

    // --- looks ---

    /// The members of this world, down or up.
    #[must_use]
    pub fn members(&self) -> Vec<MemberNo> {
        self.state().numbers().collect()
    }

    /// The id that the cluster gives to this member.
    #[must_use]
    pub fn member_id(&self, member: MemberNo) -> MemberId {
        self.state().member(member).id
    }

    /// The member of this world that has this id in the cluster.
    #[must_use]
    pub fn member_of_id(&self, id: MemberId) -> Option<MemberNo> {
        self.state().no_of(id)
    }

    /// The cluster of a machine: that of its last first start.
    #[must_use]
    pub fn cluster_of(&self, member: MemberNo) -> ClusterId {
        self.state().cluster_of(member)
    }

    /// What a machine's etcd is started with.
    #[must_use]
    pub fn command_line(&self, member: MemberNo) -> CommandLine {
        self.state().member(member).line.clone()
    }

    /// The name that a machine's etcd publishes (`--name`).
    #[must_use]
    pub fn name_of(&self, member: MemberNo) -> String {
        self.state().member(member).line.get(Flag::Name).to_owned()
    }

    /// The member on this machine was removed from the cluster: the machine can join again.
    #[must_use]
    pub fn is_removed(&self, member: MemberNo) -> bool {
        self.state().is_removed(member)
    }

    /// Whether a member's process runs, and why not.
    #[must_use]
    pub fn member_state(&self, member: MemberNo) -> MemberState {
        self.state().member(member).state.clone()
    }

    /// Looks into a member's node; `None` while no process has read its disk. `look` must not
    /// touch the world.
    pub fn with_node<T>(
        &self,
        member: MemberNo,
        look: impl FnOnce(NodeView<'_>) -> T,
    ) -> Option<T> {
        self.state().member(member).node().map(|node| look(node.view()))
    }

    /// The member that leads the highest term among those that take themselves for the leader
    /// and are not frozen.
    #[must_use]
    pub fn leader(&self) -> Option<MemberNo> {
        self.state().leader()
    }

    /// The same among the members of one cluster.
    #[must_use]
    pub fn leader_in(&self, cluster: ClusterId) -> Option<MemberNo> {
        self.state().leader_in(cluster)
    }

    /// The member's disk: what the page cache holds and what is durable.
    #[must_use]
    pub fn disk(&self, member: MemberNo) -> DiskView {
        self.state().member(member).disk.view()
    }

    /// A member's clock: its own time since the world began (it counts what its ticks count).
    #[must_use]
    pub fn member_rate(&self, member: MemberNo) -> crate::clock::Rate {
        self.state().member(member).rate
    }

    /// One direction of a link.
    #[must_use]
    pub fn link(&self, from: Place, to: Place) -> LinkView {
        self.state().network.link_view(from, to)
    }

    /// Messages that are on their way, in the order in which they were sent.
    #[must_use]
    pub fn in_flight(&self) -> Vec<Flight> {
        self.state().network.flights()
    }

    /// The name that a client was given.
    #[must_use]
    pub fn client_name(&self, client: ClientNo) -> String {
        self.state().client_name(client)
    }

    /// Visits the events from number `cursor` on that are still kept, and returns the cursor for
    /// the next visit. `visit` must not touch the world.
    pub fn events_since(&self, cursor: u64, mut visit: impl FnMut(&Event)) -> u64 {
        let state = self.state();
        for event in state.record.since(cursor) {
            visit(&event);
        }
        state.record.next_seq()
    }

    /// The hash over the whole history so far.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.state().record.hash()
    }

    /// How many events there were.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.state().record.next_seq()
    }

    /// When the cluster came to rest after a schedule of faults, if it did.
    #[must_use]
    pub fn settled_at(&self) -> Option<Nanos> {
        self.state().settled_at
    }

    /// The first property that was violated, if any. The world stands still from then on.
    #[must_use]
    pub fn violation(&self) -> Option<Violation> {
        self.state().violation.clone()
    }

    /// Acknowledged writes, answered reads, elections and so on, counted since the beginning.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.state();
        state.counts_at_end.unwrap_or(state.counts)
    }

    /// Leases that ran out, as the checkers have seen it.
    #[must_use]
    pub fn expired_leases(&self) -> u64 {
        self.state().checks.expired_leases()
    }

    /// Writes down from here on what clients ask and are told, to be judged from outside.
    pub fn keep_history(&mut self) {
        self.state().history.get_or_insert_default();
    }

    /// Writes down from here on what happens and what is so (see [`crate::chronicle`]).
    pub fn keep_chronicle(&mut self) {
        self.state().chronicle.get_or_insert_default();
    }

    /// Looks at the chronicle; `None` if nobody asked for it to be kept. `look` must not touch the world.
    pub fn chronicle<T>(&self, look: impl FnOnce(&Chronicle) -> T) -> Option<T> {
        self.state().chronicle.as_deref().map(look)
    }

    /// What clients saw; `None` if nobody asked for it to be kept.
    #[must_use]
    pub fn history(&self) -> Option<Vec<Operation<Op>>> {
        self.state().history.as_ref().map(History::operations)
    }

    /// Judges what clients saw by that alone, and says the verdict in a sentence.
    #[must_use]
    pub fn judge_history(&self, limits: Limits) -> Option<(Verdict, String)> {
        self.state().history.as_ref().map(|history| history.verdict(limits))
    }

    /// Writes under a lock: those that took effect, and those that were refused because they came
    /// too late.
    #[must_use]
    pub fn fenced_writes(&self) -> (u64, u64) {
        self.state().checks.home().fenced_writes()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Totals of a run, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages sent between members.
    pub messages: u64,
    /// Messages between members that were lost.
    pub dropped: u64,
    /// Calls that clients made.
    pub calls: u64,
    /// Calls that were answered with success.
    pub answered: u64,
    /// Times that a member became leader.
    pub elections: u64,
    /// Log compactions and snapshots installed.
    pub snapshots: u64,
    /// Starts of members, the first ones included.
    pub starts: u64,
    /// Machines that joined the running cluster.
    pub joins: u64,
    /// Members that ended because they were removed.
    pub removals: u64,
}
