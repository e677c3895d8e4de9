//! Requests for the leader, over a network that loses, doubles and reorders.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use super::*;

fn moved(id: MemberId, host: &str) -> Request {
    let peer_urls = vec![format!("http://{host}:2380")];
    api::MemberUpdateRequest { id: id.0, peer_urls }.into()
}

fn url_of(cluster: &Cluster, at: usize, id: MemberId) -> String {
    cluster.view(at).membership().get(id).unwrap().peer_urls[0].clone()
}

impl Cluster {
    /// Asks, and leaves the messages where they are.
    fn ask_only(&mut self, at: usize, request: Request) -> CallId {
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.input(at, Input::Request { call, caller: api::Caller::default(), request });
        call
    }

    fn is_done(&self, call: CallId) -> bool {
        matches!(self.answers.get(&call), Some(Ok(_)))
    }
}

#[test]
fn a_change_that_is_lost_is_handed_over_again() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let id = cluster.hosts[0].config.member_id;
    let call = cluster.ask_only((leader + 1) % 3, moved(id, "new"));
    assert_eq!(cluster.mail.len(), 1);
    cluster.mail.clear();
    cluster.ticks(4);
    assert!(!cluster.answers.contains_key(&call));
    cluster.ticks(3);
    assert!(cluster.is_done(call), "{:?}", cluster.answers);
    assert_eq!(url_of(&cluster, leader, id), "http://new:2380");
}

#[test]
fn a_refusal_that_is_lost_is_given_again() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    // Nobody is a learner.
    let request = Request::MemberPromote(api::MemberPromoteRequest { id: 7 });
    let call = cluster.ask_only((leader + 1) % 3, request);
    assert!(cluster.deliver_one());
    assert_eq!(cluster.mail.len(), 1, "the refusal");
    cluster.mail.clear();
    let log_end = cluster.view(leader).last_index();
    cluster.ticks(7);
    assert_eq!(cluster.answers[&call], Err(api::Error::MEMBER_NOT_FOUND));
    assert_eq!(cluster.view(leader).last_index(), log_end);
}

#[test]
fn a_change_in_the_log_of_a_dead_leader_is_made_once() {
    let mut cluster = Cluster::new(3);
    let old = cluster.elect();
    let (asked, other) = ((old + 1) % 3, (old + 2) % 3);
    let id = cluster.hosts[0].config.member_id;
    let call = cluster.ask_only(asked, moved(id, "new"));
    // The request, then the append to both; their answers find nobody.
    for _ in 0..3 {
        assert!(cluster.deliver_one());
    }
    cluster.stop(old);
    cluster.mail.clear();
    assert!(!cluster.answers.contains_key(&call));
    cluster.elect();
    cluster.ticks(10);
    assert!(cluster.is_done(call), "{:?}", cluster.answers);
    let changes = |at: usize| {
        let view = cluster.view(at);
        let entries = view.entries(view.first_index(), view.last_index());
        entries.iter().filter(|entry| entry.kind == EntryKind::ConfChange).count()
    };
    // Three for the first members.
    assert_eq!((changes(asked), changes(other)), (4, 4));
}

#[test]
fn a_change_that_its_own_leader_could_not_commit_goes_to_the_next_one() {
    let mut cluster = Cluster::new(3);
    let old = cluster.elect();
    let id = cluster.hosts[0].config.member_id;
    cluster.cut = vec![cluster.hosts[old].config.member_id];
    let call = cluster.ask(old, moved(id, "new"));
    cluster.elect();
    cluster.cut.clear();
    cluster.ticks(10);
    assert!(cluster.is_done(call), "{:?}", cluster.answers);
}

/// Clients move one member from host to host and add learners, through all members, while messages are
/// lost, doubled and reordered and members die. The log says what was made: nothing twice, nothing whose
/// client was refused, and everything whose client was told so.
#[test]
fn whatever_the_network_does_a_change_is_made_once_or_refused() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..30 {
        let mut chaos = Chaos::new(seed);
        chaos.rage();
        let (a, b) = chaos.judge();
        (done, refused) = (done + a, refused + b);
    }
    assert!(done > 200 && refused > 20, "{done} were made, {refused} refused");
}

struct Chaos {
    cluster: Cluster,
    random: ChaCha8Rng,
    /// The host that each call names; no two name the same.
    asked: BTreeMap<CallId, String>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let mut cluster = Cluster::with(3, |config| config.max_learners = 100);
        cluster.elect();
        Self { cluster, random: ChaCha8Rng::seed_from_u64(seed), asked: BTreeMap::new() }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random.next_u64() % end as u64).unwrap()
    }

    fn rage(&mut self) {
        for _ in 0..4_000 {
            let at = self.below(3);
            match self.below(200) {
                0..=3 if self.asked.len() < 40 => self.ask(at),
                4..=50 => self.cluster.input(at, Input::Tick),
                51 if self.below(4) == 0 => {
                    self.cluster.stop(at);
                    self.cluster.start(at);
                }
                52..=60 => self.mail(|mail, at| drop(mail.remove(at))),
                61..=75 => self.mail(|mail, at| mail.push_back(mail[at].clone())),
                _ => {
                    self.mail(|mail, at| mail.swap(0, at));
                    self.cluster.deliver_one();
                }
            }
        }
        self.cluster.ticks(200);
    }

    fn ask(&mut self, at: usize) {
        let id = self.cluster.hosts[0].config.member_id;
        let host = format!("host{}", self.asked.len());
        let request = if self.below(2) == 0 {
            moved(id, &host)
        } else {
            let peer_urls = vec![format!("http://{host}:2380")];
            api::MemberAddRequest { peer_urls, is_learner: true }.into()
        };
        let call = self.cluster.ask_only(at, request);
        self.asked.insert(call, host);
    }

    fn mail(&mut self, meddle: impl Fn(&mut VecDeque<(MemberId, MemberId, Bytes)>, usize)) {
        if !self.cluster.mail.is_empty() {
            let at = self.below(self.cluster.mail.len());
            meddle(&mut self.cluster.mail, at);
        }
    }

    /// How many changes were told to be made, and how many refused.
    fn judge(&self) -> (usize, usize) {
        let leader = self.cluster.leader().expect("there is peace");
        let made = made(self.cluster.view(leader));
        let (mut done, mut refused) = (0, 0);
        for (call, host) in &self.asked {
            let times = made.iter().filter(|made| *made == host).count();
            assert!(times <= 1, "{host} {times} times in {made:?}");
            match self.cluster.answers.get(call) {
                Some(Ok(_)) => {
                    assert_eq!(times, 1, "{host} was acknowledged");
                    done += 1;
                }
                Some(Err(error)) if *error == api::Error::UNHEALTHY => {
                    assert_eq!(times, 0, "{host} was refused");
                    refused += 1;
                }
                _ => {}
            }
        }
        let lists: Vec<_> = (0..3).map(|at| self.cluster.view(at).membership().clone()).collect();
        assert!(lists[0] == lists[1] && lists[1] == lists[2], "{lists:?}");
        (done, refused)
    }
}

/// The hosts in the order in which the log names them, each request once.
fn made(view: NodeView<'_>) -> Vec<String> {
    use prost::Message as _;
    let mut requests = std::collections::BTreeSet::new();
    let mut made = Vec::new();
    for entry in view.entries(view.first_index(), view.commit()) {
        let raw = ::raft::eraftpb::Entry {
            entry_type: ::raft::eraftpb::EntryType::EntryConfChangeV2,
            data: entry.data.clone(),
            ..Default::default()
        };
        let change = (entry.kind == EntryKind::ConfChange)
            .then(|| crate::raft::conf_change(&raw))
            .flatten()
            .map(|change| crate::membership::MemberChange::decode(change.context).unwrap());
        if let Some(change) = change.filter(|change| change.request != 0)
            && requests.insert(change.request)
        {
            let url = change.member.peer_urls[0].clone();
            made.push(url.trim_start_matches("http://").trim_end_matches(":2380").to_owned());
        }
    }
    made
}
