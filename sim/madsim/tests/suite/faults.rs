//! Timers, datagrams, and what the host can do to nodes and links.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::scenario::{addr, Trace};
use madsim::datagram::DatagramSocket;
use madsim::net::Payload;
use madsim::runtime::{NodeHandle, Runtime};
use madsim::time::TimeHandle;

const MILLI: Duration = Duration::from_millis(1);

/// A node that notes what arrives at its port 1. Binds again in each life.
fn listener(runtime: &Runtime, me: u64, trace: &Trace) -> NodeHandle {
    let trace = trace.clone();
    let life = move || {
        let trace = trace.clone();
        async move {
            let socket = DatagramSocket::bind(addr(me, 1)).unwrap();
            trace.note_now(me, "up");
            loop {
                let (msg, from) = socket.recv().await;
                trace.note_now(me, &format!("{} from {from}", msg.downcast::<&str>().unwrap()));
            }
        }
    };
    runtime.create_node().ip(addr(me, 1).ip()).init(life).build()
}

fn text(text: &'static str) -> Payload {
    Box::new(text)
}

/// What happened, without the digits below a millisecond.
fn events(trace: &Trace) -> Vec<String> {
    let millis = |line: &str| {
        let (nanos, rest) = line.split_once(' ').unwrap();
        format!("{} {rest}", nanos.parse::<u64>().unwrap() / 1_000_000)
    };
    trace.text().lines().map(millis).collect()
}

#[test]
fn a_datagram_arrives_after_its_latency() {
    let runtime = Runtime::new();
    let trace = Trace::default();
    let (a, _b) = (listener(&runtime, 1, &trace), listener(&runtime, 2, &trace));
    runtime.run_until(MILLI);
    let send = |micros, msg| {
        let latency = Duration::from_micros(micros);
        assert!(runtime.net().send_after(a.id(), 9, addr(2, 1), latency, text(msg)));
    };
    send(300, "second");
    send(300, "third");
    send(300, "fourth");
    send(250, "first");
    send(0, "at once");
    runtime.run_until(2 * MILLI);
    let arrived: Vec<(u64, String)> = trace
        .text()
        .lines()
        .skip(2)
        .map(|line| line.split_once(' ').unwrap())
        .map(|(nanos, what)| (nanos.parse().unwrap(), what.to_owned()))
        .collect();
    let order: Vec<&str> = arrived.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(
        order,
        [
            "n2 at once from 10.0.0.1:9",
            "n2 first from 10.0.0.1:9",
            "n2 second from 10.0.0.1:9",
            "n2 third from 10.0.0.1:9",
            "n2 fourth from 10.0.0.1:9",
        ]
    );
    for ((nanos, what), expected) in arrived.iter().zip([0, 250_000, 300_000, 300_000, 300_000]) {
        let late = nanos - 1_000_000 - expected;
        assert!(late < 200, "{what} is {late} ns late");
    }
}

#[test]
fn clogged_links_and_nodes() {
    let runtime = Runtime::new();
    let trace = Trace::default();
    let (a, b) = (listener(&runtime, 1, &trace).id(), listener(&runtime, 2, &trace).id());
    runtime.run_until(MILLI);
    let net = runtime.net();
    let sent = || {
        let sent = net.send_after(a, 1, addr(2, 1), MILLI, text("x"));
        assert_eq!(sent, !net.is_clogged(a, b));
        sent
    };
    assert!(sent());
    net.clog_link(a, b);
    assert!(!sent() && !net.is_clogged(b, a), "one direction");
    net.unclog_link(a, b);
    assert!(sent());
    net.clog_node_out(a);
    assert!(!sent());
    net.unclog_node(a);
    net.clog_node_in(b);
    assert!(!sent());
    net.unclog_node(b);
    // On its way when the link breaks: it arrives.
    assert!(sent());
    net.clog_link(a, b);
    runtime.run_until(3 * MILLI);
    assert_eq!(events(&trace).iter().filter(|line| line.contains(" x ")).count(), 3);
}

#[test]
fn nobody_is_bound() {
    let runtime = Runtime::new();
    let trace = Trace::default();
    let (a, b) = (listener(&runtime, 1, &trace), listener(&runtime, 2, &trace));
    let send = |port| runtime.net().send_after(a.id(), 1, addr(2, port), MILLI, text("x"));
    assert!(!send(1), "not yet");
    runtime.run_until(MILLI);
    assert!(send(1) && !send(7));
    assert!(!runtime.net().send_after(a.id(), 1, addr(99, 1), MILLI, text("x")), "no such node");
    runtime.handle().kill(b.id());
    assert!(!send(1), "the dead hear nothing");
}

/// Killed with a message in flight: the next life does not hear it.
#[test]
fn kill_then_restart() {
    let runtime = Runtime::new();
    let trace = Trace::default();
    let (a, b) = (listener(&runtime, 1, &trace), listener(&runtime, 2, &trace));
    runtime.run_until(10 * MILLI);
    let send = |latency, msg| runtime.net().send_after(a.id(), 1, addr(2, 1), latency, text(msg));
    assert!(send(10 * MILLI, "lost"));
    runtime.handle().kill(b.id());
    assert!(runtime.handle().is_exit(b.id()));
    runtime.run_until(15 * MILLI);
    runtime.handle().restart(b.id());
    assert!(!runtime.handle().is_exit(b.id()));
    runtime.run_until(16 * MILLI);
    assert!(send(10 * MILLI, "heard"));
    runtime.run_until(50 * MILLI);
    assert_eq!(events(&trace)[2..], ["15 n2 up", "26 n2 heard from 10.0.0.1:1"]);
}

/// A restart frees the sockets of the life before, also without a kill.
#[test]
fn restart_of_a_living_node() {
    let runtime = Runtime::new();
    let trace = Trace::default();
    let a = listener(&runtime, 1, &trace);
    for millis in 1..=3 {
        runtime.run_until(millis * MILLI);
        runtime.handle().restart(a.id());
    }
    runtime.run_until(10 * MILLI);
    assert_eq!(events(&trace), ["0 n1 up", "1 n1 up", "2 n1 up", "3 n1 up"]);
}

#[test]
fn a_paused_node_hears_later() {
    let runtime = Runtime::new();
    let trace = Trace::default();
    let (a, b) = (listener(&runtime, 1, &trace), listener(&runtime, 2, &trace));
    runtime.run_until(10 * MILLI);
    runtime.handle().pause(b.id());
    for msg in ["one", "two", "three"] {
        assert!(runtime.net().send_after(a.id(), 1, addr(2, 1), MILLI, text(msg)));
    }
    runtime.run_until(30 * MILLI);
    runtime.handle().resume(b.id());
    runtime.run_until(40 * MILLI);
    let heard = ["one", "two", "three"].map(|msg| format!("30 n2 {msg} from 10.0.0.1:1"));
    assert_eq!(events(&trace)[2..], heard);
}

#[test]
fn a_dropped_socket_frees_its_address() {
    let runtime = Runtime::new();
    let node = runtime.create_node().ip(addr(1, 1).ip()).build();
    let done = node.spawn(async {
        let first = DatagramSocket::bind(addr(1, 1)).unwrap();
        assert!(DatagramSocket::bind(addr(1, 1)).is_err(), "in use");
        assert!(DatagramSocket::bind(addr(2, 1)).is_err(), "another node's");
        drop(first);
        let second = DatagramSocket::bind(addr(1, 1)).unwrap();
        assert!(second.send_after(second.local_addr(), Duration::ZERO, text("to myself")));
        assert!(second.try_recv().is_none());
        assert_eq!(*second.recv().await.0.downcast::<&str>().unwrap(), "to myself");
    });
    runtime.run_until(MILLI);
    assert!(done.is_finished());
}

/// A callback may set and cancel timers and read the clock.
#[test]
fn timers() {
    let runtime = Runtime::new();
    let time = runtime.handle().time().clone();
    let fired = Arc::new(Mutex::new(vec![]));
    let note = |name: &'static str| {
        let (fired, time) = (fired.clone(), time.clone());
        move || fired.lock().unwrap().push((name, time.elapsed().as_nanos()))
    };
    let micros = Duration::from_micros;
    time.add_timer(micros(20), note("c"));
    time.add_timer(micros(10), note("a"));
    time.add_timer(micros(10), note("b"));
    let never = time.add_timer(micros(40), note("never"));
    let again: TimeHandle = time.clone();
    let later = note("later");
    time.add_timer(micros(30), move || {
        again.cancel_timer(never);
        again.add_timer(micros(30), later);
    });
    time.cancel_timer(never_twice(&time));
    runtime.run_until(MILLI);
    let expected = [("a", 10_050), ("b", 10_050), ("c", 20_050), ("later", 60_100)];
    assert_eq!(*fired.lock().unwrap(), expected);
}

/// A timer that was cancelled already.
fn never_twice(time: &TimeHandle) -> madsim::time::TimerId {
    let id = time.add_timer(MILLI, || panic!("was cancelled"));
    time.cancel_timer(id);
    id
}
