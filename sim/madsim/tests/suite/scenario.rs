//! A world with everything in it that could differ between two runs: tasks that
//! race, timers, both kinds of sockets, loss, buggify, and a host that kills,
//! restarts, pauses and clogs at fixed times.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{select_biased, FutureExt};
use madsim::datagram::DatagramSocket;
use madsim::net::Endpoint;
use madsim::rand::{thread_rng, Rng, SeedableRng};
use madsim::runtime::Runtime;
use madsim::task::NodeId;
use madsim::time::{sleep, TimeHandle};
use madsim::Config;
use rand_xoshiro::Xoshiro256PlusPlus;

const NODES: u64 = 5;
/// Not a multiple of anything else here.
const FAULT_EVERY: Duration = Duration::from_micros(137_003);

/// What happened, one line for each event.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<String>>);

impl Trace {
    pub(crate) fn note(&self, at: Duration, who: u64, what: &str) {
        writeln!(self.0.lock().unwrap(), "{} n{who} {what}", at.as_nanos()).unwrap();
    }

    /// From inside of a task.
    pub(crate) fn note_now(&self, who: u64, what: &str) {
        self.note(TimeHandle::current().elapsed(), who, what);
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// FNV-1a, 64 bits.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

pub(crate) fn addr(node: u64, port: u16) -> SocketAddr {
    SocketAddr::new([10, 0, 0, u8::try_from(node).unwrap()].into(), port)
}

pub(crate) struct Chaos {
    pub(crate) runtime: Runtime,
    pub(crate) trace: Trace,
    nodes: Vec<NodeId>,
    faults: Xoshiro256PlusPlus,
    next_fault: Duration,
    now: Duration,
}

impl Chaos {
    pub(crate) fn new(seed: u64) -> Self {
        let mut config = Config::default();
        config.net.packet_loss_rate = 0.05;
        let runtime = Runtime::with_seed_and_config(seed, config);
        let trace = Trace::default();
        let nodes = (1..=NODES)
            .map(|me| {
                let trace = trace.clone();
                runtime
                    .create_node()
                    .ip(addr(me, 0).ip())
                    .init(move || live(me, trace.clone()))
                    .build()
                    .id()
            })
            .collect();
        Self {
            runtime,
            trace,
            nodes,
            faults: Xoshiro256PlusPlus::seed_from_u64(seed),
            next_fault: FAULT_EVERY,
            now: Duration::ZERO,
        }
    }

    /// Runs until `end`, stopping after each `slice` besides.
    pub(crate) fn run(&mut self, end: Duration, mut slice: impl FnMut() -> Duration) {
        while self.now < end {
            self.now = (self.now + slice()).min(self.next_fault).min(end);
            self.runtime.run_until(self.now);
            if self.now == self.next_fault {
                self.next_fault += FAULT_EVERY;
                self.fault();
            }
        }
    }

    fn fault(&mut self) {
        let mut any = || self.nodes[usize::try_from(self.faults.gen_range(0..NODES)).unwrap()];
        let (a, b) = (any(), any());
        let (handle, net) = (self.runtime.handle(), self.runtime.net());
        let what = self.faults.gen_range(0..8u64);
        match what {
            0 => handle.kill(a),
            1 | 2 => handle.restart(a),
            3 => handle.pause(a),
            4 => handle.resume(a),
            5 => net.clog_link(a, b),
            6 => net.unclog_link(a, b),
            _ => net.unclog_node(a),
        }
        self.trace.note(self.runtime.elapsed(), 0, &format!("fault {what} {a} {b}"));
    }
}

/// One life of a node.
async fn live(me: u64, trace: Trace) {
    trace.note_now(me, "up");
    madsim::buggify::enable();
    madsim::task::spawn(endpoint(me, trace.clone()));
    let socket = DatagramSocket::bind(addr(me, 1)).unwrap();
    loop {
        let nap = Duration::from_micros(thread_rng().gen_range(1_000..40_000u64));
        select_biased! {
            (msg, from) = socket.recv().fuse() => {
                let text = msg.downcast::<String>().unwrap();
                trace.note_now(me, &format!("got {text} from {from}"));
                if thread_rng().gen_range(0..3u64) > 0 {
                    let latency = Duration::from_micros(thread_rng().gen_range(0..900u64));
                    socket.send_after(from, latency, text);
                }
            }
            () = sleep(nap).fuse() => {
                // Two messages with one deadline: they arrive in this order.
                let to = addr(thread_rng().gen_range(1..=NODES), 1);
                for part in ["first", "second"] {
                    let sent = socket.send_after(to, nap / 7, Box::new(format!("{part} of {me}")));
                    trace.note_now(me, &format!("{part} to {to}: {sent}"));
                }
            }
        }
    }
}

/// Upstream's own sockets, with their random delays and losses.
async fn endpoint(me: u64, trace: Trace) {
    let endpoint = Endpoint::bind(addr(me, 2)).await.unwrap();
    let mut buffer = [0; 16];
    loop {
        let to = addr(me % NODES + 1, 2);
        endpoint.send_to(to, 0, &me.to_le_bytes()).await.unwrap();
        let answer =
            madsim::time::timeout(Duration::from_millis(30), endpoint.recv_from(0, &mut buffer));
        let heard = answer.await.is_ok();
        trace.note_now(me, &format!("heard {heard}"));
    }
}
