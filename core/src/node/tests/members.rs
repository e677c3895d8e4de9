//! The members change: through any member, one at a time, with the leader in the middle.

use super::*;

fn added(urls: &str) -> Request {
    Request::MemberAdd(api::MemberAddRequest { peer_urls: vec![urls.into()], is_learner: false })
}

fn learner(urls: &str) -> Request {
    Request::MemberAdd(api::MemberAddRequest { peer_urls: vec![urls.into()], is_learner: true })
}

fn removed(id: MemberId) -> Request {
    Request::MemberRemove(api::MemberRemoveRequest { id: id.0 })
}

fn promoted(id: MemberId) -> Request {
    Request::MemberPromote(api::MemberPromoteRequest { id: id.0 })
}

impl Cluster {
    fn id(&self, at: usize) -> MemberId {
        self.hosts[at].config.member_id
    }

    fn answer(&self, call: CallId) -> Result<&Response, &str> {
        match self.answers.get(&call) {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => Err(&error.message),
            None => Err("no answer yet"),
        }
    }

    /// Asks for a member, and gives its id.
    pub(super) fn add(&mut self, at: usize, request: Request) -> MemberId {
        let call = self.ask(at, request);
        self.deliver();
        match self.answer(call) {
            Ok(Response::MemberAdd(added)) => MemberId(added.member.as_ref().unwrap().id),
            other => panic!("{other:?}"),
        }
    }

    /// Starts a machine that joins under this id.
    pub(super) fn join(&mut self, id: MemberId) -> usize {
        let at = self.hosts.len();
        let mut config = self.hosts[0].config.clone();
        config.member_id = id;
        config.bootstrap.clear();
        config.name = format!("etcd{}", at + 1);
        config.client_urls = vec![format!("http://etcd{}:2379", at + 1)];
        self.hosts.push(Host {
            config,
            node: None,
            wal: BTreeMap::new(),
            store: Store::in_memory(),
            held: Vec::new(),
            hold_disk: false,
            hold_store: false,
            dies_at_install: false,
        });
        self.start(at);
        at
    }

    fn names(&self, at: usize) -> Vec<String> {
        let mut names: Vec<String> =
            self.view(at).membership().members().map(|member| member.name.clone()).collect();
        names.sort();
        names
    }

    fn is_down(&self, at: usize) -> bool {
        self.hosts[at].node.is_none()
    }
}

#[test]
fn a_member_joins_through_a_follower_and_gets_the_log() {
    let mut cluster = Cluster::new(2);
    let leader = cluster.elect();
    cluster.put(leader, "color", "red");
    let id = cluster.add(1 - leader, added("http://etcd3:2380"));
    assert_eq!(cluster.names(leader), ["", "etcd1", "etcd2"], "unstarted");
    let new = cluster.join(id);
    cluster.ticks(10);
    for at in 0..3 {
        assert_eq!(cluster.names(at), ["etcd1", "etcd2", "etcd3"]);
        assert_eq!(cluster.get(at, "color", false).as_deref(), Some("red"));
    }
    // It is a member in full: with the old leader gone, the other two go on.
    cluster.stop(leader);
    cluster.elect();
    let call = cluster.put(new, "color", "blue");
    assert!(cluster.answer(call).is_ok());
}

#[test]
fn a_member_that_joins_may_die_at_any_time_before_it_has_everything() {
    let mut cluster = Cluster::new(1);
    cluster.elect();
    for n in 0..20 {
        cluster.put(0, "n", &n.to_string());
    }
    let id = cluster.add(0, added("http://etcd2:2380"));
    let new = cluster.join(id);
    for _ in 0..30 {
        cluster.input(0, Input::Tick);
        cluster.input(new, Input::Tick);
        cluster.deliver_one();
        cluster.stop(new);
        cluster.start(new);
    }
    cluster.ticks(60);
    assert_eq!(cluster.names(new), ["etcd1", "etcd2"]);
    assert_eq!(cluster.get(new, "n", true).as_deref(), Some("19"));
}

#[test]
fn a_member_joins_from_a_snapshot() {
    let mut cluster = Cluster::with(1, |config| {
        config.snapshot_count = 10;
        config.snapshot_catchup_entries = 2;
    });
    cluster.elect();
    for n in 0..60 {
        cluster.put(0, &format!("key{n}"), "value");
        cluster.ticks(1);
    }
    assert!(cluster.view(0).first_index() > 10);
    let id = cluster.add(0, added("http://etcd2:2380"));
    let new = cluster.join(id);
    cluster.ticks(60);
    assert_eq!(cluster.names(new), ["etcd1", "etcd2"]);
    assert_eq!(cluster.get(new, "key0", true).as_deref(), Some("value"));
    cluster.stop(new);
    cluster.start(new);
    cluster.ticks(40);
    assert_eq!(cluster.get(new, "key59", false).as_deref(), Some("value"));
}

#[test]
fn a_removed_follower_ends() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    cluster.ticks(60);
    let (out, stays) = ((leader + 1) % 3, (leader + 2) % 3);
    let call = cluster.ask(stays, removed(cluster.id(out)));
    assert!(matches!(cluster.answer(call), Ok(Response::MemberRemove(r)) if r.members.len() == 2));
    cluster.ticks(20);
    assert!(cluster.is_down(out));
    let call = cluster.put(leader, "a", "b");
    assert!(cluster.answer(call).is_ok());
    // It knows from its own disk, too.
    cluster.start(out);
    cluster.ticks(20);
    assert!(cluster.is_down(out));
}

/// Two become one, and what stays forgets that it is committed: only the other vote brings it back.
#[test]
fn a_removed_member_votes_until_the_removal_cannot_be_forgotten() {
    let mut cluster = Cluster::new(2);
    let stays = cluster.elect();
    let goes = 1 - stays;
    cluster.ticks(60);
    cluster.hosts[stays].hold_store = true;
    let id = cluster.id(goes);
    cluster.ask(stays, removed(id));
    cluster.ticks(60);
    assert_eq!(cluster.view(stays).membership().voters().count(), 1);
    assert!(cluster.view(goes).is_removed());
    cluster.stop(stays);
    cluster.ticks(60);
    assert!(!cluster.is_down(goes), "nobody was sure, so it had to stay");
    cluster.hosts[stays].hold_store = false;
    cluster.start(stays);
    cluster.ticks(60);
    assert_eq!(cluster.leader(), Some(stays));
    assert!(cluster.is_down(goes));
}

/// Four become three, one of them has stored that and is lost for good: two of three are left, and need
/// the vote of the fourth.
#[test]
fn a_removed_member_waits_for_a_majority_that_remembers() {
    let mut cluster = Cluster::new(4);
    let knows = cluster.elect();
    cluster.ticks(60);
    let [goes, b, c] = [1, 2, 3].map(|next| (knows + next) % 4);
    for forgetful in [b, c] {
        cluster.hosts[forgetful].hold_store = true;
    }
    cluster.ask(knows, removed(cluster.id(goes)));
    cluster.ticks(40);
    assert!(cluster.view(goes).is_removed());
    assert!(!cluster.is_down(goes), "one of three remembers");
    for member in [knows, b, c] {
        cluster.stop(member);
    }
    for stays in [b, c] {
        cluster.hosts[stays].hold_store = false;
        cluster.start(stays);
    }
    cluster.ticks(80);
    assert!(cluster.leader().is_some_and(|leader| [b, c].contains(&leader)));
    assert!(cluster.is_down(goes), "two of three remember");
}

#[test]
fn a_member_that_was_down_when_it_was_removed_hears_of_it() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    cluster.ticks(60);
    let out = (leader + 1) % 3;
    cluster.stop(out);
    cluster.ticks(20);
    let call = cluster.ask(leader, removed(cluster.id(out)));
    assert!(cluster.answer(call).is_ok(), "{:?}", cluster.answer(call));
    let term = cluster.view(leader).term();
    cluster.start(out);
    cluster.ticks(60);
    assert!(cluster.is_down(out));
    assert_eq!(cluster.view(leader).term(), term, "it disturbed nobody");
}

#[test]
fn a_removed_leader_hands_over_and_ends() {
    for size in [2, 3, 5] {
        let mut cluster = Cluster::new(size);
        let leader = cluster.elect();
        cluster.ticks(60);
        let term = cluster.view(leader).term();
        let call = cluster.ask(leader, removed(cluster.id(leader)));
        assert!(cluster.answer(call).is_ok(), "{:?}", cluster.answer(call));
        let new = cluster.leader().expect("the next leader needs no time-out");
        assert_ne!(new, leader);
        assert_eq!(cluster.view(new).term(), term + 1);
        cluster.ticks(20);
        assert!(cluster.is_down(leader));
        let call = cluster.put(new, "a", "b");
        assert!(cluster.answer(call).is_ok());
    }
}

/// A leader comes to be removed all the same: it was elected again with the removal in its log.
#[test]
fn the_last_voter_leads_when_its_log_is_on_its_disk() {
    let mut cluster = Cluster::with(2, |config| {
        config.check_quorum = false;
        config.pre_vote = false;
    });
    let goes = cluster.elect();
    cluster.ticks(60);
    let last = 1 - goes;
    let ask = |cluster: &mut Cluster, request| {
        cluster.next_call += 1;
        let call = CallId(cluster.next_call);
        cluster.input(goes, Input::Request { call, caller: api::Caller::default(), request });
    };
    let (id, end) = (cluster.id(goes), cluster.view(goes).last_index());
    ask(&mut cluster, removed(id));
    // The other one leads now, and has put an empty entry and the removal into both logs.
    while cluster.view(goes).last_index() < end + 2 {
        assert!(cluster.deliver_one());
    }
    cluster.mail.clear();
    cluster.input(goes, Input::Campaign);
    while cluster.view(goes).role() != Role::Leader || cluster.view(last).last_index() < end + 3 {
        assert!(cluster.deliver_one());
    }
    // What comes behind its own empty entry is not on the other disk, when it goes.
    cluster.hosts[last].hold_disk = true;
    ask(&mut cluster, put("a", "b"));
    cluster.deliver();
    cluster.ticks(30);
    assert!(cluster.is_down(goes));
    assert_eq!(cluster.view(last).membership().voters().count(), 1);
    assert_eq!(cluster.view(last).role(), Role::Follower, "it has to wait for the disk");
    cluster.hosts[last].hold_disk = false;
    for seq in std::mem::take(&mut cluster.hosts[last].held) {
        cluster.input(last, Input::Persisted { seq });
    }
    assert_eq!(cluster.view(last).role(), Role::Leader, "it was called, and waits no longer");
    assert_eq!(cluster.get(last, "a", false).as_deref(), Some("b"));
}

#[test]
fn two_changes_at_once_are_made_one_after_the_other() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    cluster.ticks(60);
    let follower = (leader + 1) % 3;
    let calls: Vec<CallId> = (1..=4)
        .map(|n| {
            cluster.next_call += 1;
            let call = CallId(cluster.next_call);
            let request = match n {
                1 => learner("http://etcd7:2380"),
                2 => learner("http://etcd8:2380"),
                3 => added("http://etcd8:2380"),
                _ => removed(MemberId(77)),
            };
            let at = if n % 2 == 0 { leader } else { follower };
            cluster.input(at, Input::Request { call, caller: api::Caller::default(), request });
            call
        })
        .collect();
    cluster.deliver();
    let answers: Vec<Result<(), &str>> =
        calls.iter().map(|call| cluster.answer(*call).map(drop)).collect();
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(taken, 1, "{answers:?}");
    assert_eq!(answers[3], Err("etcdserver: member not found"));
    assert!(answers.iter().all(|answer| *answer != Err("no answer yet")), "{answers:?}");
    let lists: Vec<_> = (0..3)
        .map(|at| cluster.view(at).membership().members().cloned().collect::<Vec<_>>())
        .collect();
    assert!(lists[0] == lists[1] && lists[1] == lists[2] && lists[0].len() == 4);
}

#[test]
fn a_learner_is_promoted_when_it_has_caught_up() {
    let mut cluster = Cluster::new(1);
    cluster.elect();
    for n in 0..50 {
        cluster.put(0, "n", &n.to_string());
    }
    let id = cluster.add(0, learner("http://etcd2:2380"));
    let early = cluster.ask(0, promoted(id));
    let not_ready = "etcdserver: can only promote a learner member which is in sync with leader";
    assert_eq!(cluster.answer(early).map(drop), Err(not_ready));
    let second = cluster.ask(0, learner("http://etcd3:2380"));
    let too_many = "etcdserver: too many learner members in cluster";
    assert_eq!(cluster.answer(second).map(drop), Err(too_many));

    let new = cluster.join(id);
    cluster.ticks(30);
    assert_eq!(cluster.view(new).role(), Role::Learner);
    assert_eq!(cluster.get(new, "n", true).as_deref(), Some("49"));
    let refused = cluster.put(new, "n", "x");
    let learner = Err("etcdserver: rpc not supported for learner");
    assert_eq!(cluster.answer(refused).map(drop), learner);
    // It has no vote: the leader alone is the quorum.
    cluster.stop(new);
    let call = cluster.put(0, "n", "50");
    assert!(cluster.answer(call).is_ok());
    cluster.start(new);
    cluster.ticks(30);

    let call = cluster.ask(0, promoted(id));
    assert!(cluster.answer(call).is_ok(), "{:?}", cluster.answer(call));
    let again = cluster.ask(new, promoted(id));
    let voter = "etcdserver: can only promote a learner member";
    assert_eq!(cluster.answer(again).map(drop), Err(voter));
    assert_eq!(cluster.view(new).role(), Role::Follower);
    cluster.stop(new);
    let call = cluster.put(0, "n", "51");
    cluster.ticks(2);
    assert_eq!(cluster.answer(call).map(drop), Err("no answer yet"), "two votes are needed");
}

#[test]
fn the_quorum_is_not_put_at_risk() {
    let unhealthy = Err("etcdserver: unhealthy cluster");
    let not_started = Err("etcdserver: re-configuration failed due to not enough started members");
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    cluster.ticks(60);
    let (a, b) = ((leader + 1) % 3, (leader + 2) % 3);
    cluster.stop(a);
    cluster.ticks(15);
    let add = cluster.ask(leader, added("http://etcd4:2380"));
    assert_eq!(cluster.answer(add).map(drop), unhealthy, "one of three is away");
    let remove = cluster.ask(b, removed(cluster.id(b)));
    assert_eq!(cluster.answer(remove).map(drop), unhealthy, "the last follower must stay");
    cluster.start(a);
    cluster.ticks(5);
    let add = cluster.ask(leader, added("http://etcd4:2380"));
    assert_eq!(cluster.answer(add).map(drop), unhealthy, "it is back for too short a time");
    cluster.ticks(60);
    let id = cluster.add(leader, added("http://etcd4:2380"));
    // Nobody has started the fourth: a fifth would make the quorum three of three.
    cluster.ticks(60);
    let fifth = cluster.ask(leader, added("http://etcd5:2380"));
    assert_eq!(cluster.answer(fifth).map(drop), unhealthy);
    let back = cluster.ask(leader, removed(id));
    assert!(cluster.answer(back).is_ok());

    let mut single = Cluster::new(1);
    single.elect();
    let last = single.ask(0, removed(single.id(0)));
    assert_eq!(single.answer(last).map(drop), not_started);
    single.add(0, added("http://etcd2:2380"));
    let third = single.ask(0, added("http://etcd3:2380"));
    assert_eq!(single.answer(third).map(drop), not_started);
}

#[test]
fn leadership_goes_to_whom_a_client_names() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let to = (leader + 1) % 3;
    let request = |id: MemberId| Request::MoveLeader(api::MoveLeaderRequest { target_id: id.0 });
    let wrong = cluster.ask(to, request(cluster.id(to)));
    assert_eq!(cluster.answer(wrong).map(drop), Err("etcdserver: not leader"));
    let nobody = cluster.ask(leader, request(MemberId(7)));
    assert_eq!(cluster.answer(nobody).map(drop), Err("etcdserver: bad leader transferee"));
    let call = cluster.ask(leader, request(cluster.id(to)));
    cluster.ticks(2);
    assert_eq!(cluster.answer(call), Ok(&Response::MoveLeader(Default::default())));
    assert_eq!(cluster.leader(), Some(to));
}

#[test]
fn urls_of_a_member_can_change() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let id = cluster.id(0);
    let update = |url: &str| {
        Request::MemberUpdate(api::MemberUpdateRequest { id: id.0, peer_urls: vec![url.into()] })
    };
    let call = cluster.ask((leader + 1) % 3, update("http://moved:2380"));
    assert!(cluster.answer(call).is_ok(), "{:?}", cluster.answer(call));
    for at in 0..3 {
        let member = cluster.view(at).membership().get(id).cloned().unwrap();
        assert_eq!(member.peer_urls, ["http://moved:2380"]);
        assert_eq!(member.name, "etcd1");
    }
    let taken = cluster.ask(leader, update("http://etcd2:2380"));
    assert_eq!(cluster.answer(taken).map(drop), Err("etcdserver: Peer URLs already exists"));
    let bad = cluster.ask(leader, update("moved"));
    assert_eq!(cluster.answer(bad).map(drop), Err("etcdserver: given member URLs are invalid"));
}

#[test]
fn an_update_names_a_member_first_and_urls_that_can_be_reached() {
    let mut cluster = Cluster::new(1);
    cluster.elect();
    let id = cluster.id(0);
    let mut update = |id: MemberId, urls: &[&str]| {
        let peer_urls = urls.iter().map(|url| (*url).to_owned()).collect();
        let request = Request::MemberUpdate(api::MemberUpdateRequest { id: id.0, peer_urls });
        let call = cluster.ask(0, request);
        cluster.deliver();
        match cluster.answer(call) {
            Ok(Response::MemberUpdate(updated)) => Ok(updated.members[0].peer_urls.clone()),
            Ok(other) => panic!("{other:?}"),
            Err(text) => Err(text.to_owned()),
        }
    };
    assert_eq!(
        update(MemberId(1), &["nonsense"]).unwrap_err(),
        api::Error::MEMBER_NOT_FOUND.message
    );
    assert_eq!(update(id, &["nonsense"]).unwrap_err(), api::Error::MEMBER_BAD_URLS.message);
    assert_eq!(update(id, &[]).unwrap_err(), api::Error::MEMBER_BAD_URLS.message);
    let urls = ["http://etcd1:2480", "http://etcd1:2380"];
    assert_eq!(update(id, &urls).unwrap(), urls, "in the order given");
}
