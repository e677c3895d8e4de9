//! A small cluster of nodes in one loop: messages arrive at once, disks are vectors.

mod auth;
mod backup;
mod compaction;
mod corruption;
mod forward;
mod lease;
mod members;
mod room;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::*;
use crate::api::{self, Request, Response};
use crate::id::{self, CallId, MemberId, StreamId};
use crate::membership::Member;
use crate::store::{MetaKey, Store, StoreBatch, Worked};
use crate::wal::{WalImage, WalSegment};

struct Host {
    config: Config,
    node: Option<Node>,
    wal: BTreeMap<u64, Vec<u8>>,
    store: Store,
    /// Appends that are not called durable yet, when the disk is held.
    held: Vec<u64>,
    hold_disk: bool,
    /// The store takes nothing: what is applied is known to this life only.
    hold_store: bool,
    /// The member dies as soon as a received snapshot is in its store, before its WAL knows.
    dies_at_install: bool,
}

struct Cluster {
    hosts: Vec<Host>,
    mail: VecDeque<(MemberId, MemberId, Bytes)>,
    answers: BTreeMap<CallId, Result<Response, api::Error>>,
    watched: BTreeMap<StreamId, Vec<api::WatchResponse>>,
    ended: BTreeMap<StreamId, api::Error>,
    cut: Vec<MemberId>,
    next_call: u64,
    lives: u64,
}

impl Cluster {
    fn new(size: usize) -> Self {
        Self::with(size, |_| {})
    }

    fn with(size: usize, change: impl Fn(&mut Config)) -> Self {
        let members: Vec<Member> = (1..=size)
            .map(|n| {
                let peer_urls = vec![format!("http://etcd{n}:2380")];
                let id = id::member_id(&peer_urls, "etcd-cluster");
                Member { id, name: format!("etcd{n}"), peer_urls, ..Member::default() }
            })
            .collect();
        let ids: Vec<MemberId> = members.iter().map(|m| m.id).collect();
        let hosts = members
            .iter()
            .map(|member| {
                let mut config = Config::new(member.id, id::cluster_id(&ids));
                config.bootstrap.clone_from(&members);
                config.name.clone_from(&member.name);
                config.client_urls = vec![format!("http://{}:2379", member.name)];
                change(&mut config);
                Host {
                    config,
                    node: None,
                    wal: BTreeMap::new(),
                    store: Store::in_memory(),
                    held: Vec::new(),
                    hold_disk: false,
                    hold_store: false,
                    dies_at_install: false,
                }
            })
            .collect();
        let mut cluster = Self {
            hosts,
            mail: VecDeque::new(),
            answers: BTreeMap::new(),
            watched: BTreeMap::new(),
            ended: BTreeMap::new(),
            cut: Vec::new(),
            next_call: 0,
            lives: 0,
        };
        (0..size).for_each(|at| cluster.start(at));
        cluster
    }

    fn start(&mut self, at: usize) {
        self.lives += 1;
        let host = &mut self.hosts[at];
        host.config.seed = self.lives;
        let segments = host
            .wal
            .iter()
            .map(|(number, bytes)| WalSegment { number: *number, bytes: bytes.clone().into() })
            .collect();
        let image = WalImage { segments };
        host.node = Some(Node::recover(host.config.clone(), image, host.store.clone()).unwrap());
        host.held.clear();
    }

    fn stop(&mut self, at: usize) {
        self.hosts[at].node = None;
    }

    fn view(&self, at: usize) -> NodeView<'_> {
        self.hosts[at].node.as_ref().unwrap().view()
    }

    fn input(&mut self, at: usize, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let host = &mut self.hosts[at];
            let Some(node) = &mut host.node else { return };
            let mut effects = Vec::new();
            node.step(input, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Append(append) => {
                        let bytes = host.wal.entry(append.segment).or_default();
                        bytes.truncate(usize::try_from(append.offset).unwrap());
                        bytes.extend_from_slice(&append.bytes);
                        if host.hold_disk {
                            host.held.push(append.seq);
                        } else {
                            inputs.push_back(Input::Persisted { seq: append.seq });
                        }
                    }
                    Effect::Store { .. } if host.hold_store => {}
                    Effect::Store { seq, batch } => {
                        host.store.commit(&batch).unwrap();
                        if host.dies_at_install && matches!(batch, StoreBatch::Install { .. }) {
                            host.node = None;
                            return;
                        }
                        inputs.push_back(Input::Stored { seq });
                    }
                    Effect::Work { id, work } => {
                        let done = host.store.work(&work).unwrap().unwrap_or(Worked::Defragmented);
                        inputs.push_back(Input::Worked { id, done: Ok(done) });
                    }
                    Effect::DropLogBefore { segment } => {
                        host.wal.retain(|number, _| *number >= segment);
                    }
                    Effect::Send { to, bytes, .. } => {
                        self.mail.push_back((host.config.member_id, to, bytes));
                    }
                    Effect::Respond { call, result } => {
                        assert!(self.answers.insert(call, result).is_none(), "answered twice");
                    }
                    Effect::Watch { stream, response } => {
                        self.watched.entry(stream).or_default().push(response);
                    }
                    Effect::WatchEnded { stream, error } => {
                        assert!(self.ended.insert(stream, error).is_none(), "ended twice");
                    }
                    Effect::Password { job, task } => {
                        inputs.push_back(Input::Password { job, outcome: task.run() });
                    }
                    Effect::SignToken { job, claims } => {
                        let token = Some(format!("{} at {}", claims.user, claims.revision));
                        inputs.push_back(Input::TokenSigned { job, token });
                    }
                    Effect::Stopped | Effect::Removed => host.node = None,
                    Effect::Halt { reason } => panic!("{} halted: {reason}", host.config.name),
                }
                if host.node.is_none() {
                    return;
                }
            }
        }
    }

    fn deliver(&mut self) {
        while self.deliver_one() {}
    }

    /// Delivers the oldest message; `false` when there is none.
    fn deliver_one(&mut self) -> bool {
        let Some((from, to, bytes)) = self.mail.pop_front() else { return false };
        if !self.cut.contains(&from) && !self.cut.contains(&to) {
            // A member that was added and not started has no host.
            if let Some(at) = self.hosts.iter().position(|h| h.config.member_id == to) {
                self.input(at, Input::Message { from, bytes });
            }
        }
        true
    }

    fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            for at in 0..self.hosts.len() {
                self.input(at, Input::Tick);
            }
            self.deliver();
        }
    }

    fn leader(&self) -> Option<usize> {
        self.hosts.iter().position(|host| {
            let view = host.node.as_ref().map(Node::view);
            view.is_some_and(|v| v.role() == Role::Leader && !self.cut.contains(&v.id()))
        })
    }

    fn elect(&mut self) -> usize {
        for _ in 0..100 {
            self.ticks(1);
            if let Some(at) = self.leader() {
                self.ticks(3);
                return at;
            }
        }
        panic!("no leader after 100 ticks");
    }

    fn ask(&mut self, at: usize, request: Request) -> CallId {
        self.ask_as(at, api::Caller::default(), request)
    }

    fn ask_as(&mut self, at: usize, caller: api::Caller, request: Request) -> CallId {
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.input(at, Input::Request { call, caller, request });
        self.deliver();
        call
    }

    /// Watches all keys of a member from a revision on.
    fn watch(&mut self, at: usize, stream: StreamId, start_revision: i64) {
        self.input(
            at,
            Input::WatchOpened { stream, requires_leader: true, caller: api::Caller::default() },
        );
        let request = api::WatchCreateRequest {
            range_end: Bytes::from_static(b"\0"),
            start_revision,
            ..api::WatchCreateRequest::default()
        };
        let union = api::watch_request::RequestUnion::CreateRequest(request);
        let request = api::WatchRequest { request_union: Some(union) };
        self.input(at, Input::Watch { stream, request });
    }

    /// The revisions that a stream was told of.
    fn heard(&self, stream: StreamId) -> Vec<i64> {
        let responses = self.watched.get(&stream).into_iter().flatten();
        let events = responses.flat_map(|response| &response.events);
        events.map(|event| event.kv.as_ref().unwrap().mod_revision).collect()
    }

    fn put(&mut self, at: usize, key: &str, value: &str) -> CallId {
        self.ask(at, put(key, value))
    }

    fn get(&mut self, at: usize, key: &str, serializable: bool) -> Option<String> {
        let request = api::RangeRequest {
            key: key.to_owned().into(),
            serializable,
            ..api::RangeRequest::default()
        };
        let call = self.ask(at, Request::Range(request));
        let Some(Ok(Response::Range(range))) = self.answers.get(&call) else { return None };
        Some(
            range
                .kvs
                .first()
                .map_or(String::new(), |kv| String::from_utf8(kv.value.to_vec()).unwrap()),
        )
    }
}

fn put(key: &str, value: &str) -> Request {
    Request::Put(api::PutRequest {
        key: key.to_owned().into(),
        value: value.to_owned().into(),
        ..api::PutRequest::default()
    })
}

#[test]
fn three_members_form_a_cluster_with_etcds_first_entries() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let view = cluster.view(leader);
    let words: Vec<String> =
        view.entries(1, view.last_index()).iter().map(EntryView::words).collect();
    // Three members by id, the leader's own entry, three names, the version.
    assert_eq!(words[..4], ["member etcd1", "member etcd3", "member etcd2", "leader"], "{words:?}");
    assert_eq!(words.len(), 8, "{words:?}");
    assert_eq!(view.term(), 2, "etcd's first members are of term 1");
    assert_eq!(view.membership().cluster_version(), Some("3.6.0"));
    assert_eq!(view.membership().members().count(), 3);
    assert!((0..3).all(|at| cluster.view(at).applied() == 8));
}

#[test]
fn a_put_on_any_member_is_read_on_every_member() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let call = cluster.put((leader + 1) % 3, "color", "red");
    let answer = cluster.answers[&call].as_ref().unwrap();
    let header = answer.header().unwrap();
    assert_eq!(header.revision, 2);
    assert_eq!(header.member_id, cluster.hosts[(leader + 1) % 3].config.member_id.0);
    for at in 0..3 {
        assert_eq!(cluster.get(at, "color", false).as_deref(), Some("red"), "member {at}");
    }
}

#[test]
fn a_member_that_restarts_has_what_it_acknowledged() {
    let mut cluster = Cluster::new(1);
    cluster.elect();
    for round in 0..5 {
        let call = cluster.put(0, "round", &round.to_string());
        assert!(cluster.answers[&call].is_ok());
        cluster.stop(0);
        cluster.start(0);
        cluster.elect();
        assert_eq!(cluster.get(0, "round", false), Some(round.to_string()));
    }
}

#[test]
fn a_returning_leader_follows_without_a_new_election() {
    let mut cluster = Cluster::new(3);
    let old = cluster.elect();
    cluster.stop(old);
    let new = cluster.elect();
    let term = cluster.view(new).term();
    cluster.put(new, "foo", "bar");
    cluster.start(old);
    cluster.ticks(40);
    assert_eq!(cluster.leader(), Some(new));
    assert_eq!(cluster.view(old).term(), term);
    assert_eq!(cluster.get(old, "foo", true).as_deref(), Some("bar"));
}

#[test]
fn without_a_quorum_reads_of_ones_own_answer_and_writes_time_out() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    cluster.put(leader, "color", "red");
    cluster.ticks(2);
    cluster.stop((leader + 1) % 3);
    cluster.stop((leader + 2) % 3);
    cluster.ticks(30);
    let status = cluster.ask(leader, Request::Status(api::StatusRequest {}));
    let Ok(Response::Status(status)) = &cluster.answers[&status] else { panic!("no status") };
    assert_eq!(status.errors, ["etcdserver: no leader"]);
    assert_eq!(cluster.get(leader, "color", true).as_deref(), Some("red"));
    let write = cluster.put(leader, "color", "blue");
    let read = cluster.get(leader, "color", false);
    assert!(read.is_none() && !cluster.answers.contains_key(&write));
    cluster.ticks(71);
    assert_eq!(cluster.answers[&write], Err(api::Error::TIMEOUT));
}

#[test]
fn a_follower_answers_an_append_only_when_its_disk_has_it() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    cluster.ticks(5);
    let (slow, off) = ((leader + 1) % 3, (leader + 2) % 3);
    cluster.stop(off);
    cluster.hosts[slow].hold_disk = true;
    let call = cluster.put(leader, "a", "1");
    cluster.ticks(2);
    assert!(!cluster.answers.contains_key(&call), "one disk of three has it");
    let seq = *cluster.hosts[slow].held.last().unwrap();
    cluster.input(slow, Input::Persisted { seq });
    cluster.deliver();
    assert!(cluster.answers[&call].is_ok());
}

#[test]
fn a_member_behind_a_compacted_log_gets_a_snapshot_in_parts() {
    let mut cluster = Cluster::with(3, |config| {
        config.snapshot_count = 20;
        config.snapshot_catchup_entries = 5;
        config.snapshot_chunk_bytes = 512;
        config.wal_segment_bytes = 4096;
    });
    let leader = cluster.elect();
    let late = (leader + 1) % 3;
    cluster.stop(late);
    for n in 0..100 {
        let call = cluster.put(leader, &format!("key{n}"), "a value of some length");
        assert!(cluster.answers[&call].is_ok());
        cluster.ticks(1);
    }
    let first = cluster.view(leader).first_index();
    assert!(first > 50, "the log begins at {first}");
    assert!(!cluster.hosts[leader].wal.contains_key(&0), "old segments are dropped");
    cluster.start(late);
    cluster.ticks(30);
    assert_eq!(cluster.view(late).applied(), cluster.view(leader).applied());
    let hash = |at: usize| cluster.view(at).mvcc().hash_kv(0).unwrap().hash;
    assert_eq!(hash(late), hash(leader));
    // And what was installed survives.
    cluster.stop(late);
    cluster.start(late);
    cluster.ticks(5);
    assert_eq!(cluster.get(late, "key99", true).as_deref(), Some("a value of some length"));
}

#[test]
fn a_snapshot_that_the_wal_does_not_know_of_yet_survives_a_crash() {
    let mut cluster = Cluster::with(3, |config| {
        config.snapshot_count = 20;
        config.snapshot_catchup_entries = 5;
    });
    let leader = cluster.elect();
    let late = (leader + 1) % 3;
    cluster.stop(late);
    for n in 0..60 {
        cluster.put(leader, &format!("key{n}"), "value");
        cluster.ticks(1);
    }
    cluster.hosts[late].dies_at_install = true;
    cluster.start(late);
    cluster.ticks(30);
    assert!(cluster.hosts[late].node.is_none(), "it died while installing");
    cluster.hosts[late].dies_at_install = false;
    // Twice: the first life writes entries behind the snapshot, the second must read them.
    for round in 0..2 {
        cluster.start(late);
        cluster.ticks(30);
        cluster.put(leader, "round", &round.to_string());
        cluster.ticks(3);
        assert_eq!(cluster.view(late).applied(), cluster.view(leader).applied());
        assert_eq!(cluster.get(late, "round", true), Some(round.to_string()));
        cluster.stop(late);
    }
}

#[test]
fn a_member_restarts_without_the_flags_of_its_first_start() {
    let mut cluster = Cluster::with(3, |config| config.store_flush_ticks = 1_000);
    cluster.ticks(1);
    cluster.stop(1);
    cluster.hosts[1].config.bootstrap.clear();
    cluster.start(1);
    cluster.elect();
    assert_eq!(cluster.view(1).membership().members().count(), 3);
}

#[test]
fn a_polite_leader_hands_over_before_it_goes() {
    let mut cluster = Cluster::new(3);
    let old = cluster.elect();
    cluster.input(old, Input::Stop);
    cluster.deliver();
    cluster.ticks(2);
    assert!(cluster.hosts[old].node.is_none(), "it has stopped");
    assert!(cluster.leader().is_some_and(|new| new != old), "and another leads already");
}

#[test]
fn a_leader_of_a_moment_waits_until_it_knows_to_whom_it_hands_over() {
    let mut cluster = Cluster::new(3);
    let old = cluster.elect();
    cluster.stop(old);
    let new = loop {
        (0..3).for_each(|at| cluster.input(at, Input::Tick));
        while cluster.leader().is_none() && cluster.deliver_one() {}
        if let Some(new) = cluster.leader() {
            break new;
        }
    };
    cluster.input(new, Input::Stop);
    assert!(cluster.hosts[new].node.is_some(), "nobody has answered it yet");
    cluster.deliver();
    cluster.ticks(2);
    assert!(cluster.hosts[new].node.is_none(), "it has stopped");
    assert!(cluster.leader().is_some(), "and the third leads already");
}

/// Every message arrives twice, and once more in the next term: a put that is handed to the leader is one
/// entry all the same.
#[test]
fn a_proposal_that_comes_again_is_not_taken_again() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let follower = (leader + 1) % 3;
    let ids: Vec<CallId> = (0..20)
        .map(|n| {
            cluster.next_call += 1;
            let call = CallId(cluster.next_call);
            let request = put("a", &n.to_string());
            let caller = api::Caller::default();
            cluster.input(follower, Input::Request { call, caller, request });
            call
        })
        .collect();
    let proposals: Vec<_> = cluster.mail.iter().cloned().collect();
    assert!(proposals.len() >= 20);
    cluster.mail.extend(proposals.clone());
    cluster.deliver();
    assert_eq!(cluster.view(leader).mvcc().revision(), 21, "twenty puts are twenty revisions");
    assert!(ids.iter().all(|call| cluster.answers[call].is_ok()));

    cluster.mail.extend(proposals.clone());
    cluster.deliver();
    cluster.input(follower, Input::Campaign);
    cluster.deliver();
    cluster.input(leader, Input::Campaign);
    cluster.deliver();
    assert_eq!(cluster.leader(), Some(leader), "it leads again, in another term");
    cluster.mail.extend(proposals);
    cluster.deliver();
    cluster.ticks(5);
    assert_eq!(cluster.view(leader).mvcc().revision(), 21);
}

#[test]
fn damaged_and_impossible_messages_are_refused() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let (from, to) = ((leader + 1) % 3, leader);
    let sender = cluster.hosts[from].config.member_id;
    // Every message of a while, with every byte changed in turn, at leader and follower.
    cluster.put(leader, "a", "1");
    cluster.hosts.iter_mut().for_each(|h| h.hold_disk = false);
    for at in 0..3 {
        cluster.input(at, Input::Tick);
    }
    let mail: Vec<_> = cluster.mail.drain(..).collect();
    assert!(!mail.is_empty());
    for (from, to, bytes) in &mail {
        let at = cluster.hosts.iter().position(|h| h.config.member_id == *to).unwrap();
        for place in 0..bytes.len() {
            for change in [0x01, 0x10, 0x80, 0xff] {
                let mut damaged = bytes.to_vec();
                damaged[place] ^= change;
                let input = Input::Message { from: *from, bytes: damaged.into() };
                cluster.input(at, input);
                cluster.mail.clear();
            }
        }
    }
    for (from, to, bytes) in &mail {
        let at = cluster.hosts.iter().position(|h| h.config.member_id == *to).unwrap();
        for bytes in impossible(bytes) {
            cluster.input(at, Input::Message { from: *from, bytes });
            cluster.mail.clear();
        }
    }
    let input = Input::Message { from: sender, bytes: Bytes::from_static(b"\xff\xff\xff") };
    let before = cluster.view(to).refused_messages();
    cluster.input(to, input);
    assert_eq!(cluster.view(to).refused_messages(), before + 1);
}

/// The same message with each of its numbers, and its kind, replaced by bad ones.
fn impossible(bytes: &Bytes) -> Vec<Bytes> {
    use prost::Message as _;
    use raft::eraftpb::{Entry, Message, MessageType};
    let envelope = crate::peer::Envelope::decode(bytes.clone()).unwrap();
    let Some(inner) = envelope.raft else { return Vec::new() };
    let original = crate::raft::message::decode(&inner).unwrap();
    let mut changed = Vec::new();
    let mut push = |message: Message| {
        let raft = Some(crate::raft::message::encode(&message));
        changed.push(crate::peer::Envelope { raft, ..Default::default() }.to_bytes());
    };
    for number in [0, 1, 2, 7, 9, 10, 100, 1 << 40, 1 << 62, u64::MAX - 1, u64::MAX] {
        type Field = fn(&mut Message) -> &mut u64;
        let fields: [Field; 8] = [
            |m| &mut m.term,
            |m| &mut m.log_term,
            |m| &mut m.index,
            |m| &mut m.commit,
            |m| &mut m.commit_term,
            |m| &mut m.reject_hint,
            |m| &mut m.request_snapshot,
            |m| &mut m.from,
        ];
        for kind in [
            MessageType::MsgAppend,
            MessageType::MsgAppendResponse,
            MessageType::MsgHeartbeat,
            MessageType::MsgHeartbeatResponse,
            MessageType::MsgRequestVote,
            MessageType::MsgRequestVoteResponse,
            MessageType::MsgRequestPreVote,
            MessageType::MsgRequestPreVoteResponse,
            MessageType::MsgReadIndex,
            MessageType::MsgReadIndexResp,
            MessageType::MsgPropose,
            MessageType::MsgSnapshot,
            MessageType::MsgTransferLeader,
            MessageType::MsgHup,
        ] {
            for field in fields {
                for reject in [false, true] {
                    let mut message = original.clone();
                    message.msg_type = kind;
                    message.reject = reject;
                    *field(&mut message) = number;
                    push(message.clone());
                    message.mut_entries().push(Entry {
                        index: number,
                        term: 1,
                        ..Entry::default()
                    });
                    push(message);
                }
            }
        }
    }
    changed
}

#[test]
fn watchers_of_every_member_hear_of_what_any_member_wrote() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let streams = [StreamId(1), StreamId(2), StreamId(3)];
    for (at, stream) in streams.into_iter().enumerate() {
        cluster.watch(at, stream, 0);
    }
    cluster.put(leader, "a", "1");
    cluster.put((leader + 1) % 3, "b", "2");
    cluster.ticks(2);
    cluster.watch(leader, StreamId(4), 3);
    for stream in streams {
        assert_eq!(cluster.heard(stream), [2, 3]);
        let header = cluster.watched[&stream][1].header.unwrap();
        assert_eq!((header.revision, header.raft_term), (2, cluster.view(leader).term()));
    }
    assert_eq!(cluster.heard(StreamId(4)), [3]);
    assert_eq!(cluster.view(leader).watches().counts().synced, 2);
}

#[test]
fn streams_that_require_a_leader_end_without_one() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let left = (leader + 1) % 3;
    cluster.watch(left, StreamId(1), 0);
    cluster.input(
        left,
        Input::WatchOpened {
            stream: StreamId(2),
            requires_leader: false,
            caller: api::Caller::default(),
        },
    );
    cluster.stop(leader);
    cluster.stop((leader + 2) % 3);
    cluster.ticks(60);
    assert_eq!(cluster.ended, BTreeMap::from([(StreamId(1), api::Error::NO_LEADER)]));
    cluster.watch(left, StreamId(3), 0);
    assert_eq!(cluster.ended[&StreamId(3)], api::Error::NO_LEADER);
    assert_eq!(cluster.view(left).watches().counts().streams, 1);
}

#[test]
fn watchers_of_a_member_that_gets_a_snapshot_miss_nothing() {
    let mut cluster = Cluster::with(3, |config| {
        config.snapshot_count = 20;
        config.snapshot_catchup_entries = 5;
        config.snapshot_chunk_bytes = 512;
        config.wal_segment_bytes = 4096;
    });
    let leader = cluster.elect();
    let late = (leader + 1) % 3;
    cluster.input(
        late,
        Input::WatchOpened {
            stream: StreamId(9),
            requires_leader: false,
            caller: api::Caller::default(),
        },
    );
    cluster.watch(late, StreamId(1), 0);
    cluster.put(leader, "a", "0");
    cluster.ticks(2);
    let id = cluster.hosts[late].config.member_id;
    cluster.cut.push(id);
    for round in 1..60 {
        cluster.put(leader, "a", &round.to_string());
        cluster.ticks(1);
    }
    // Without a leader for so long its stream ended; the client goes on at the same member.
    assert_eq!(cluster.ended[&StreamId(1)], api::Error::NO_LEADER);
    assert_eq!(cluster.heard(StreamId(1)), [2]);
    let request = api::WatchCreateRequest {
        key: Bytes::from_static(b"a"),
        start_revision: 3,
        ..api::WatchCreateRequest::default()
    };
    let union = api::watch_request::RequestUnion::CreateRequest(request);
    let request = api::WatchRequest { request_union: Some(union) };
    cluster.input(late, Input::Watch { stream: StreamId(9), request });
    cluster.cut.clear();
    cluster.ticks(60);
    for _ in 0..10 {
        cluster.input(late, Input::WatchTaken { stream: StreamId(9), responses: 1 });
        cluster.ticks(1);
    }
    assert!(cluster.view(late).first_index() > 20, "it got a snapshot");
    assert_eq!(cluster.heard(StreamId(9)), (3..62).collect::<Vec<i64>>());
}

#[test]
fn a_member_that_leaves_ends_its_streams() {
    let mut cluster = Cluster::new(1);
    cluster.elect();
    cluster.watch(0, StreamId(1), 0);
    cluster.input(0, Input::Stop);
    cluster.ticks(3);
    assert_eq!(cluster.ended[&StreamId(1)], api::Error::STOPPED);
}

#[test]
fn a_stop_waits_for_the_first_append() {
    let mut cluster = Cluster::new(3);
    cluster.hosts[0].hold_disk = true;
    cluster.input(0, Input::Stop);
    let store = cluster.hosts[0].store.clone();
    assert_eq!(store.meta(MetaKey::Applied).unwrap(), None, "no store before there is a log");
    let held = std::mem::take(&mut cluster.hosts[0].held);
    assert_eq!(held, [1], "the first members");
    cluster.input(0, Input::Persisted { seq: 1 });
    assert!(store.meta(MetaKey::Applied).unwrap().is_some(), "then what is applied is stored");
    assert!(cluster.hosts[0].node.is_none(), "and the process ends");
}
