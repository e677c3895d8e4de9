//! A member that starts its first life and knows nobody asks a registry who the others are.
//!
//! ```text
//!   start n2 --discovery-endpoints n1 --discovery-token T
//!     process ─► disk: no log ─► core::discovery ─► client "etcd2-discovery" ─► network ─► n1, a cluster of its own
//!                                      └─► --initial-cluster ─► a first start as any other
//! ```
//!
//! The questions are calls of a client of this world, so they travel through its network, stand in the record and
//! can be lost. The process does not take part in anything before it has its answer; killed, it forgets the way.

use std::sync::Mutex;
use std::time::Duration;

use glasshouse_core::api::{Caller, Request, Response};
use glasshouse_core::discovery::{Discovery, Step};
use glasshouse_core::id::member_id;

use super::flags::Flag;
use super::{State, lock};
use crate::clock::{Nanos, SECOND};
use crate::place::MemberNo;
use crate::trace::Life;
use crate::workload::end_of;

/// How long an answer of the registry is waited for (`--discovery-request-timeout`).
const PATIENCE: Nanos = 5 * SECOND;

impl State {
    /// The way of a process to its cluster, if its line names a registry and its disk has no log.
    pub(crate) fn way(&self, no: MemberNo, life: u32) -> Option<Discovery> {
        let member = self.member(no);
        let (line, is_first) = (&member.line, member.disk.has_no_log());
        if !self.is_alive(no, life) || !line.discovers() || !is_first {
            return None;
        }
        let (name, token) = (line.get(Flag::Name), line.get(Flag::DiscoveryToken));
        let urls: Vec<&str> = line.get(Flag::AdvertisePeer).split(',').map(str::trim).collect();
        let announced: Vec<String> = urls.iter().map(|url| format!("{name}={url}")).collect();
        Some(Discovery::new(token, member_id(&urls, token), &announced.join(",")))
    }

    /// The machines of the registry that its line names.
    fn registry(&self, no: MemberNo) -> Vec<MemberNo> {
        let endpoints = self.member(no).line.get(Flag::DiscoveryEndpoints).split(',');
        let known = endpoints.filter_map(|endpoint| MemberNo::of_endpoint(endpoint.trim()));
        known.filter(|other| other.index() < self.members.len()).collect()
    }
}

/// Goes a member's way to its end. `false`: the process has ended.
pub(crate) async fn discover(
    state: &Mutex<State>,
    no: MemberNo,
    life: u32,
    mut way: Discovery,
) -> bool {
    loop {
        match way.step() {
            Step::Ask(request) => {
                let answer = ask(state, no, &request).await;
                way.on_answer(answer.as_ref());
            }
            Step::Pause(ms) => {
                madsim::time::sleep(Duration::from_millis(ms)).await;
                way.on_time();
            }
            Step::Joined(cluster) => {
                lock(state).member_mut(no).line.set(Flag::InitialCluster, cluster);
                return true;
            }
            Step::Refused(why) => {
                let mut state = lock(state);
                if state.is_alive(no, life) {
                    state.end_process(no, Life::Refused(why.sentence()));
                }
                return false;
            }
        }
        if !lock(state).is_alive(no, life) {
            return false;
        }
    }
}

/// Asks one machine of the registry after the other.
async fn ask(state: &Mutex<State>, no: MemberNo, request: &Request) -> Option<Response> {
    let registry = lock(state).registry(no);
    for member in registry {
        let call = {
            let mut state = lock(state);
            let known = state.member(no).asks_as;
            let client = known
                .unwrap_or_else(|| state.add_client(&format!("{}-discovery", no.published_name())));
            state.member_mut(no).asks_as = Some(client);
            state.call(client, member, Caller::default(), request.clone(), PATIENCE)
        };
        if let Some(response) = end_of(state, call).await.success() {
            return Some(response.clone());
        }
    }
    None
}
