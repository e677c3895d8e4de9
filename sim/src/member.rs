//! One member: its process, its disk, its clock and its mailbox, on one madsim node.
//!
//! The task of a member is short, because everything hard is in the node:
//!
//! ```text
//!    wait a moment (the process starts) ─► read the disk ─► Node::recover ─► bind the port
//!        ┌──────────────────────────────────────────────────────────────────────┘
//!        └► next of: tick · disk is done · message ─► Node::step ─► effects ─┐
//!           ▲──────────────────────────────────────────────────────────────-─┘
//! ```
//!
//! A frozen member's task is not run by madsim: its mailbox fills, its disk goes on. A killed
//! one loses the task, the mailbox and the socket.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use glasshouse_core::id::{ClusterId, MemberId, member_id};
use glasshouse_core::membership::Member as Listed;
use glasshouse_core::node::{Append, Input, Node};
use glasshouse_core::store::Store;
use madsim::datagram::DatagramSocket;
use madsim::task::NodeId;
use madsim::time::TimerId;

use crate::clock::{Nanos, Rate};
use crate::disk::Disk;
use crate::network::MessageId;
use crate::place::{ClientNo, MemberNo};
use crate::trace::Standing;
use crate::world::{CommandLine, Spec, State};

/// The token of the cluster, as in the walkthroughs; ids are derived from it.
pub const CLUSTER_TOKEN: &str = "etcd-cluster";
/// The port of every socket of the simulated network.
pub(crate) const PORT: u16 = 2380;

/// Whether a member's process runs, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// It was never started.
    New,
    /// The process runs and has not read its disk yet.
    Starting,
    /// It takes part.
    Up,
    /// It was asked to leave and is on its way out.
    Stopping,
    /// The process is stopped (SIGSTOP).
    Frozen,
    /// SIGKILL.
    Killed,
    /// It left politely.
    Stopped,
    /// The machine has no power.
    PoweredOff,
    /// It gave up by itself: why.
    Halted(String),
    /// It could not start from what its disk holds: why.
    Refused(String),
}

impl MemberState {
    /// There is a process (it may be frozen).
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Starting | Self::Up | Self::Stopping | Self::Frozen)
    }
}

/// A node and what the world knows of its last step.
pub(crate) struct Process {
    pub(crate) node: Node,
    pub(crate) store: Store,
    pub(crate) seen: Seen,
}

/// What was last recorded of a node, to see what a step changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) standing: Standing,
    pub(crate) commit: u64,
    pub(crate) applied: u64,
    pub(crate) first_index: u64,
}

/// A member of the world.
pub(crate) struct Member {
    pub(crate) no: MemberNo,
    /// Its id in the cluster.
    pub(crate) id: MemberId,
    /// Its madsim node.
    pub(crate) place: NodeId,
    /// Its cluster.
    pub(crate) cluster: ClusterId,
    /// The first members with whom its log begins; none when it joins a running cluster.
    pub(crate) first: Vec<Listed>,
    /// What its process is started with.
    pub(crate) line: CommandLine,
    /// The URLs that its process publishes for clients.
    pub(crate) client_urls: Vec<String>,
    /// As whom it asks a registry.
    pub(crate) asks_as: Option<ClientNo>,
    pub(crate) state: MemberState,
    /// What it was before it was frozen.
    pub(crate) thawed: MemberState,
    /// Counts the lives of the process: what was asked by an earlier one is ignored.
    pub(crate) life: u32,
    pub(crate) rate: Rate,
    pub(crate) disk: Disk,
    process: Option<Process>,
    mailbox: VecDeque<Input>,
    waker: Option<Waker>,
    pub(crate) tick: Option<TimerId>,
    /// Ticks of the process so far.
    pub(crate) ticks: u64,
    /// Appends that a planted fault keeps from the disk.
    pub(crate) withheld: Vec<Append>,
}

impl Member {
    pub(crate) fn new(spec: &Spec, no: MemberNo, place: NodeId) -> Self {
        Self {
            no,
            id: member_id(&[no.peer_url()], CLUSTER_TOKEN),
            place,
            cluster: ClusterId::default(),
            first: Vec::new(),
            line: CommandLine::first(no, spec.member_numbers()),
            client_urls: vec![no.client_url()],
            asks_as: None,
            state: MemberState::New,
            thawed: MemberState::New,
            life: 0,
            rate: Rate::TRUE,
            disk: Disk::new(spec.seed, no, spec.fsync, spec.fsync_jitter),
            process: None,
            mailbox: VecDeque::new(),
            waker: None,
            tick: None,
            ticks: 0,
            withheld: Vec::new(),
        }
    }

    /// The node, while a process has read its disk.
    pub(crate) fn node(&self) -> Option<&Node> {
        self.process.as_ref().map(|process| &process.node)
    }

    pub(crate) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    pub(crate) fn process_mut(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    pub(crate) fn set_process(&mut self, process: Process) {
        self.process = Some(process);
    }

    /// Takes the process away; its mailbox goes with it.
    pub(crate) fn take_process(&mut self) -> Option<Process> {
        self.mailbox.clear();
        self.waker = None;
        self.withheld.clear();
        self.process.take()
    }

    /// Puts an input into the mailbox of the process, if there is one.
    pub(crate) fn tell(&mut self, input: Input) {
        if self.process.is_some() {
            self.mailbox.push_back(input);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }

    /// The true time between two ticks of this member's clock.
    pub(crate) fn tick_time(&self, tick_ms: u64) -> Nanos {
        self.rate.true_time(tick_ms * crate::clock::MILLIS)
    }
}

/// The address of a member in madsim's network.
pub(crate) fn member_ip(no: MemberNo) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, no.number()))
}

/// The socket that a member listens on.
pub(crate) fn member_addr(no: MemberNo) -> SocketAddr {
    SocketAddr::new(member_ip(no), PORT)
}

/// What a member's task waits for.
enum Mail {
    Input(Input),
    Message(MessageId),
}

/// The task of one life of a member.
pub(crate) async fn drive(state: Arc<Mutex<State>>, no: MemberNo, life: u32, startup: Nanos) {
    use crate::world::{discover, lock};
    madsim::time::sleep(Duration::from_nanos(startup)).await;
    let sync_time = lock(&state).begin_recovery(no, life);
    if sync_time > 0 {
        madsim::time::sleep(Duration::from_nanos(sync_time)).await;
    }
    let way = lock(&state).way(no, life);
    if let Some(way) = way
        && !discover(&state, no, life, way).await
    {
        return;
    }
    if !lock(&state).recover(no, life) {
        return;
    }
    let socket = DatagramSocket::bind(member_addr(no))
        .expect("the last life's socket died with it, and no other node has this address");
    lock(&state).arm_tick(no);
    while lock(&state).is_alive(no, life) {
        match next_mail(&state, no, &socket).await {
            Mail::Input(input) => lock(&state).on_input(no, input),
            Mail::Message(id) => lock(&state).on_arrival(id),
        }
    }
}

/// The next input of the mailbox, or else the next message of the socket.
async fn next_mail(state: &Mutex<State>, no: MemberNo, socket: &DatagramSocket) -> Mail {
    poll_fn(|context| {
        let mut guard = crate::world::lock(state);
        let member = guard.member_mut(no);
        if let Some(input) = member.mailbox.pop_front() {
            return Poll::Ready(Mail::Input(input));
        }
        member.waker = Some(context.waker().clone());
        drop(guard);
        pin!(socket.recv()).poll(context).map(|(payload, _)| Mail::Message(message_id(&*payload)))
    })
    .await
}

/// The name of the message that a datagram stands for.
pub(crate) fn message_id(payload: &(dyn std::any::Any + Send + Sync)) -> MessageId {
    *payload.downcast_ref().expect("this world sends nothing else through its network")
}
