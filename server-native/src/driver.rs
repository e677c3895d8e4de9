//! The loop around the node: inputs in, step, effects out.
//!
//! The only caller of [`Node::step_all`]. It runs as one task on the runtime's one thread, beside
//! the connections, so that a call passes no thread but those of the disks:
//!
//! ```text
//!   mailbox ──take all──► Node::step_all ──effects──► disk threads   Append, Store, DropLogBefore
//!      ▲                                         ├──► peers          Send
//!      │                                         ├──► callers        Respond
//!      │                                         ├──► streams        Watch
//!      │                                         └──► worker threads Password, SignToken
//!      └──────── Persisted, Stored, Message, Unreachable, WatchTaken, Tick ◄──┘
//! ```
//!
//! After every round the driver publishes a [`NodeState`] for those who only look: `/health`,
//! `/metrics`, the log.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use glasshouse_core::api::AlarmType;
use glasshouse_core::membership::{Member, Membership};
use glasshouse_core::{CallId, Effect, Input, MemberId, Node, NodeView, Role, StreamId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use crate::disk::{Job, StoreThread, WalThread};
use crate::jwt::Jwt;
use crate::log::Log;
use crate::mailbox::{Answer, Letter, Mailbox, WatchItem};
use crate::metrics::Figures;
use crate::peer::Peers;

/// What a node tells those who only look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    /// This member.
    pub id: MemberId,
    /// Its role.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// Whom it takes for the leader.
    pub leader: Option<MemberId>,
    /// How often it saw a new leader.
    pub leader_changes: u64,
    /// The last committed index that it knows.
    pub commit: u64,
    /// The last index that it applied.
    pub applied: u64,
    /// The revision of its store.
    pub revision: u64,
    /// The revision up to which its store is compacted, -1 if it never was.
    pub compacted: i64,
    /// Rows of that compaction are still there.
    pub compacting: bool,
    /// The last compacted revision at which this leader found that all members agree, 0 for none.
    pub compared: i64,
    /// Users must say who they are.
    pub auth_enabled: bool,
    /// The alarms that stand, as (member, type).
    pub alarms: Vec<(MemberId, AlarmType)>,
    /// Calls that wait for an answer.
    pub open_calls: u64,
    /// There was a leader and the cluster knew this member's client URLs: it may serve.
    pub published: bool,
    /// The version that the cluster agreed on.
    pub cluster_version: Option<String>,
    /// The members, and who was one.
    pub members: Arc<Membership>,
    /// It may tell those who were members that they are none any more.
    pub tells_removals: bool,
}

impl NodeState {
    /// Whoever was removed is turned away, as soon as no crash can bring it back.
    #[must_use]
    pub fn turns_away(&self, member: MemberId) -> bool {
        self.tells_removals && self.members.is_removed(member)
    }
}

impl Default for NodeState {
    fn default() -> Self {
        Self {
            id: MemberId::default(),
            role: Role::Follower,
            term: 0,
            leader: None,
            leader_changes: 0,
            commit: 0,
            applied: 0,
            revision: 0,
            compacted: -1,
            compacting: false,
            compared: 0,
            auth_enabled: false,
            alarms: Vec::new(),
            open_calls: 0,
            published: false,
            cluster_version: None,
            members: Arc::default(),
            tells_removals: false,
        }
    }
}

/// How a driver ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Somebody asked it to stop, and it did.
    Stopped,
    /// This member was removed from the cluster.
    Removed,
    /// The node must not go on.
    Halted(String),
}

/// The node and the ways out of it.
pub struct Driver {
    node: Node,
    mailbox: Arc<Mailbox>,
    calls: HashMap<CallId, oneshot::Sender<Answer>>,
    watches: HashMap<StreamId, mpsc::UnboundedSender<WatchItem>>,
    wal: WalThread,
    store: StoreThread,
    peers: Peers,
    state: watch::Sender<NodeState>,
    log: Arc<Log>,
    /// The keys of signed tokens.
    jwt: Option<Arc<Jwt>>,
    /// A member that is alone has not been hurried to its first election yet.
    may_hurry: bool,
}

impl Driver {
    /// A driver for `node`; `state` is where looks at it are published. With `may_hurry` a member
    /// that is alone does not wait for its first election.
    pub fn new(
        node: Node,
        mailbox: Arc<Mailbox>,
        disks: (WalThread, StoreThread),
        peers: Peers,
        state: watch::Sender<NodeState>,
        log: Arc<Log>,
        may_hurry: bool,
    ) -> Self {
        let (wal, store) = disks;
        Self {
            node,
            mailbox,
            calls: HashMap::new(),
            watches: HashMap::new(),
            wal,
            store,
            peers,
            state,
            log,
            jwt: None,
            may_hurry,
        }
    }

    /// The same with keys for signed tokens.
    #[must_use]
    pub fn sign_with(mut self, jwt: Option<Arc<Jwt>>) -> Self {
        self.jwt = jwt;
        self
    }

    /// Runs the node until it stops or halts; a tick is `tick` long.
    pub async fn run(mut self, tick: Duration) -> End {
        let mut ticks = tokio::time::interval(tick);
        // A process that was frozen has missed its ticks: it must not make up for them at once.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut letters = Vec::new();
        let mut inputs = Vec::new();
        let mut effects = Vec::new();
        let end = loop {
            tokio::select! {
                biased;
                _ = ticks.tick() => inputs.push(Input::Tick),
                () = self.mailbox.arrived() => {}
            }
            self.mailbox.take_all(&mut letters);
            self.open(&mut letters, &mut inputs);
            self.node.step_all(inputs.drain(..), &mut effects);
            if let Some(end) = self.carry_out(&mut effects) {
                break end;
            }
            self.publish();
            self.hurry();
        };
        self.mailbox.close();
        self.wal.finish();
        self.store.finish();
        end
    }

    /// Turns letters into inputs and remembers who asked.
    fn open(&mut self, letters: &mut Vec<Letter>, inputs: &mut Vec<Input>) {
        for letter in letters.drain(..) {
            inputs.push(match letter {
                Letter::Measure { figures } => {
                    // Whoever wanted them may have gone a moment ago.
                    let _ = figures.send(Figures::of(self.node.view()));
                    continue;
                }
                Letter::Input(Input::Cancel { call }) => {
                    self.calls.remove(&call);
                    Input::Cancel { call }
                }
                Letter::Input(Input::WatchClosed { stream }) => {
                    self.watches.remove(&stream);
                    Input::WatchClosed { stream }
                }
                Letter::Input(input) => input,
                Letter::OpenWatch { stream, requires_leader, caller, responses } => {
                    self.watches.insert(stream, responses);
                    Input::WatchOpened { stream, requires_leader, caller }
                }
                Letter::Call { call, caller, request, answer } => {
                    self.calls.insert(call, answer);
                    Input::Request { call, caller, request }
                }
            });
        }
    }

    fn carry_out(&mut self, effects: &mut Vec<Effect>) -> Option<End> {
        let mut end = None;
        let mut unreachable = BTreeSet::new();
        for effect in effects.drain(..) {
            match effect {
                Effect::Append(append) => self.wal.append(append),
                Effect::DropLogBefore { segment } => self.wal.drop_before(segment),
                // A disk thread that is gone has posted `DiskFailed` before; the node halts on it.
                Effect::Store { seq, batch } => self.store.send(Job::Commit(seq, batch)),
                Effect::Work { id, work } => self.store.send(Job::Work(id, work)),
                Effect::Send { to, info: _, bytes } => {
                    if !self.peers.send(to, bytes, self.node.view().membership()) {
                        unreachable.insert(to);
                    }
                }
                Effect::Respond { call, result } => {
                    if let Some(answer) = self.calls.remove(&call) {
                        // The caller may have gone a moment ago.
                        let _ = answer.send(result);
                    }
                }
                Effect::Watch { stream, response } => {
                    if let Some(responses) = self.watches.get(&stream) {
                        // The client may have gone a moment ago.
                        let _ = responses.send(Ok(response));
                    }
                }
                Effect::WatchEnded { stream, error } => {
                    if let Some(responses) = self.watches.remove(&stream) {
                        let _ = responses.send(Err(error));
                    }
                }
                Effect::Password { job, task } => self.work(move || {
                    let outcome = task.run();
                    Input::Password { job, outcome }
                }),
                Effect::SignToken { job, claims } => {
                    let jwt = self.jwt.clone();
                    self.work(move || {
                        let token = jwt.and_then(|jwt| jwt.sign(&claims));
                        Input::TokenSigned { job, token }
                    });
                }
                Effect::Stopped => end = Some(End::Stopped),
                Effect::Removed => end = Some(End::Removed),
                Effect::Halt { reason } => end = Some(End::Halted(reason)),
            }
        }
        for peer in unreachable {
            self.mailbox.post(Input::Unreachable { peer });
        }
        end
    }

    /// Does on a thread of its own what would hold up the node and the connections.
    fn work(&self, work: impl FnOnce() -> Input + Send + 'static) {
        let mailbox = self.mailbox.clone();
        tokio::task::spawn_blocking(move || mailbox.post(work()));
    }

    /// Nobody else can win the election of a cluster of one: its time passes at once
    /// (`--initial-election-tick-advance` of etcd).
    fn hurry(&mut self) {
        let view = self.node.view();
        let mut members = view.membership().members();
        if self.may_hurry && members.next().is_some() {
            self.may_hurry = false;
            if members.next().is_none() {
                let ticks = view.election_timeout_ticks();
                (0..ticks).for_each(|_| self.mailbox.post(Input::Tick));
            }
        }
    }

    /// Lets others see where the node is, and logs what changed in the cluster.
    fn publish(&mut self) {
        let view = self.node.view();
        let log = &self.log;
        let peers = &mut self.peers;
        self.state.send_if_modified(|state| {
            let next = look(view, state);
            if *state == next {
                return false;
            }
            log_changes(log, view, state, &next);
            if next.members != state.members {
                log_members(log, view.id(), &state.members, &next.members);
                peers.follow(&next.members);
            }
            *state = next;
            true
        });
    }
}

fn look(view: NodeView<'_>, before: &NodeState) -> NodeState {
    let membership = view.membership();
    let leader = view.leader();
    let changed = leader.is_some() && leader != before.leader;
    NodeState {
        id: view.id(),
        role: view.role(),
        term: view.term(),
        leader,
        leader_changes: before.leader_changes + u64::from(changed),
        commit: view.commit(),
        applied: view.applied(),
        revision: u64::try_from(view.mvcc().revision()).unwrap_or(0),
        compacted: view.mvcc().compacted(),
        compacting: view.mvcc().is_compacting(),
        compared: view.compared_compaction(),
        auth_enabled: view.auth().is_enabled(),
        alarms: view.alarms(),
        open_calls: view.open_calls() as u64,
        published: before.published
            || leader.is_some()
                && view.is_compared()
                && membership.get(view.id()).is_some_and(|member| !member.client_urls.is_empty()),
        cluster_version: match (membership.cluster_version(), &before.cluster_version) {
            (Some(now), Some(then)) if now == then => before.cluster_version.clone(),
            (now, _) => now.map(str::to_owned),
        },
        members: if *before.members == *membership {
            before.members.clone()
        } else {
            Arc::new(membership.clone())
        },
        tells_removals: view.tells_removals(),
    }
}

/// etcd's lines about members that come, go and move.
fn log_members(log: &Log, local: MemberId, before: &Membership, now: &Membership) {
    let line = |message, member: &Member| {
        let fields = [
            ("local-member-id", local.to_string().into()),
            ("peer-id", member.id.to_string().into()),
            ("peer-urls", member.peer_urls.clone().into()),
            ("is-learner", member.is_learner.into()),
        ];
        log.info(message, &fields);
    };
    for member in now.members() {
        match before.get(member.id) {
            None => line("added member", member),
            Some(known) if known.is_learner && !member.is_learner => line("promote member", member),
            Some(known) if known.peer_urls != member.peer_urls => line("updated member", member),
            Some(_) => {}
        }
    }
    for member in before.members().filter(|member| now.get(member.id).is_none()) {
        line("removed member", member);
    }
}

/// etcd's line about a compaction that came to its end, and lines about alarms.
fn log_maintenance(log: &Log, before: &NodeState, now: &NodeState) {
    let compacted = now.compacted > 0 && !now.compacting;
    if compacted && (before.compacting || before.compacted < now.compacted) {
        log.info("finished scheduled compaction", &[("compact-revision", now.compacted.into())]);
    }
    if before.compared < now.compared {
        log.info("finished compaction hash check", &[("revision", now.compared.into())]);
    }
    let fields = |(member, kind): &(MemberId, AlarmType)| {
        [("member-id", member.to_string().into()), ("alarm", kind.as_str_name().into())]
    };
    for alarm in now.alarms.iter().filter(|alarm| !before.alarms.contains(alarm)) {
        log.warn("alarm raised", &fields(alarm));
    }
    for alarm in before.alarms.iter().filter(|alarm| !now.alarms.contains(alarm)) {
        log.info("alarm cleared", &fields(alarm));
    }
}

/// etcd's lines about elections, publishing and the cluster's version.
fn log_changes(log: &Log, view: NodeView<'_>, before: &NodeState, now: &NodeState) {
    let NodeState { id, term, .. } = now;
    if now.role != before.role || now.term != before.term {
        let role = match now.role {
            Role::Follower => "follower",
            Role::PreCandidate => "pre-candidate",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
            Role::Learner => "learner",
        };
        if now.role == Role::PreCandidate && before.role == Role::Follower {
            log.raft(&format!("{id} is starting a new election at term {}", before.term));
        }
        log.raft(&format!("{id} became {role} at term {term}"));
    }
    match (before.leader, now.leader) {
        (None, Some(new)) => {
            log.raft(&format!("raft.node: {id} elected leader {new} at term {term}"));
        }
        (Some(old), None) => log.raft(&format!("raft.node: {id} lost leader {old} at term {term}")),
        (Some(old), Some(new)) if old != new => {
            log.raft(&format!("raft.node: {id} changed leader from {old} to {new} at term {term}"));
        }
        _ => {}
    }
    log_maintenance(log, before, now);
    let local = ("local-member-id", id.to_string().into());
    if now.published && !before.published {
        let member = view.membership().get(*id);
        let attributes = member.map_or_else(String::new, |member| {
            format!("{{Name:{} ClientURLs:[{}]}}", member.name, member.client_urls.join(" "))
        });
        log.info(
            "published local member to cluster through raft",
            &[local.clone(), ("local-member-attributes", attributes.into())],
        );
    }
    if let Some(version) = now.cluster_version.as_ref().filter(|_| before.cluster_version.is_none())
    {
        let short = version.rsplit_once('.').map_or(version.as_str(), |(short, _)| short);
        let version = ("cluster-version", short.into());
        log.info("set initial cluster version", &[local, version.clone()]);
        log.info("enabled capabilities for version", &[version]);
    }
}
