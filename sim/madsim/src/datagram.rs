//! Datagrams whose fate the caller decides.
//!
//! Upstream's `Endpoint` draws the latency of a message, adds a random delay of at
//! least 1 ms to sending and to receiving, and hands messages that wait in its
//! mailbox over in no particular order. A lab in which a student delays, drops or
//! duplicates *one* message needs the opposite: whoever sends says when the
//! message arrives, and nothing else has a say.
//!
//! ```text
//!   sender ── send_after(dst, latency, msg) ──┬─ link or node clogged ──► false
//!                                             ├─ nobody bound at dst  ──► false
//!                                             └─ true: at now + latency ──► recv()
//! ```
//!
//! Links, partitions and the death of nodes stay madsim's: a message is checked
//! against them when it is sent. A node that is killed loses its sockets, so a
//! message in flight towards it is lost, also when the node is back before the
//! message would have arrived (as it is with a broken TCP connection).
//!
//! No call here draws from the run's generator.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::context;
use crate::net::network::{IpProtocol::Udp, Socket};
use crate::net::{NetSim, Payload};
use crate::task::{NodeId, NodeInfo};

impl NetSim {
    /// Hands `msg` to the [`DatagramSocket`] at `dst` after exactly `latency` of
    /// virtual time (timers fire up to 50 ns late, and wait for a poll under way).
    ///
    /// `src_port` is what the receiver sees beside the address of node `src`.
    /// Returns whether the message was sent: not when the link is clogged at this
    /// moment, and not when nobody is bound at `dst`.
    pub fn send_after(
        &self,
        src: NodeId,
        src_port: u16,
        dst: SocketAddr,
        latency: Duration,
        msg: Payload,
    ) -> bool {
        let network = self.network.lock();
        let route = network
            .resolve_dest_node(src, dst, Udp)
            .filter(|&node| !network.link_clogged(src, node))
            .and_then(|node| network.socket_at(src, node, dst, Udp));
        drop(network);
        let Some((src_ip, socket)) = route else { return false };
        let src = SocketAddr::new(src_ip, src_port);
        self.time.add_timer(latency, move || socket.deliver(src, dst, msg));
        true
    }

    /// Whether a message from `src` to `dst` would be stopped, by the link or by
    /// either node.
    #[must_use]
    pub fn is_clogged(&self, src: NodeId, dst: NodeId) -> bool {
        self.network.lock().link_clogged(src, dst)
    }
}

/// A bound address of a node. Dropping it frees the address.
pub struct DatagramSocket {
    net: Arc<NetSim>,
    node: Arc<NodeInfo>,
    addr: SocketAddr,
    inbox: Arc<Inbox>,
}

impl DatagramSocket {
    /// Binds an address of the node on which the calling task runs.
    ///
    /// # Errors
    /// The address is another node's, or in use.
    ///
    /// # Panics
    /// Outside of a task.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let net = NetSim::current();
        let node = context::current_task().node.clone();
        let inbox = Arc::new(Inbox::default());
        let addr = net.network.lock().bind(node.id, addr, Udp, inbox.clone())?;
        Ok(Self { net, node, addr, inbox })
    }

    /// The bound address; a port of 0 was replaced by a free one.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// [`NetSim::send_after`] from this address.
    pub fn send_after(&self, dst: SocketAddr, latency: Duration, msg: Payload) -> bool {
        self.net.send_after(self.node.id, self.addr.port(), dst, latency, msg)
    }

    /// The next message and its sender, in order of arrival. One task receives.
    pub async fn recv(&self) -> (Payload, SocketAddr) {
        poll_fn(|context| {
            let mut state = self.inbox.state();
            if let Some(message) = state.messages.pop_front() {
                return Poll::Ready(message);
            }
            state.receiver = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The next message, if one has arrived.
    pub fn try_recv(&self) -> Option<(Payload, SocketAddr)> {
        self.inbox.state().messages.pop_front()
    }
}

impl Drop for DatagramSocket {
    fn drop(&mut self) {
        // The death of the node has freed the address already, and its next life
        // may have bound it again.
        if !self.node.is_killed() {
            self.net.network.lock().close(self.node.id, self.addr, Udp);
        }
    }
}

/// Messages that have arrived.
#[derive(Default)]
struct Inbox(Mutex<InboxState>);

#[derive(Default)]
struct InboxState {
    messages: VecDeque<(Payload, SocketAddr)>,
    receiver: Option<Waker>,
}

impl Inbox {
    /// A panic elsewhere leaves the queue whole.
    fn state(&self) -> MutexGuard<'_, InboxState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket for Inbox {
    fn deliver(&self, src: SocketAddr, _dst: SocketAddr, msg: Payload) {
        let receiver = {
            let mut state = self.state();
            state.messages.push_back((msg, src));
            state.receiver.take()
        };
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }
}
