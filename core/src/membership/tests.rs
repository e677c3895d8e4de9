use super::*;
use crate::api::Error;

fn voter(id: u64, name: &str) -> Member {
    Member {
        id: MemberId(id),
        name: name.to_owned(),
        peer_urls: vec![format!("http://m{id}:2380")],
        ..Member::default()
    }
}

fn cluster(members: &[Member]) -> Membership {
    let mut membership = Membership::default();
    members.iter().for_each(|member| membership.make(&MemberChange::first(member)));
    membership
}

fn change(kind: ChangeKind, member: &Member) -> MemberChange {
    MemberChange {
        kind: kind as i32,
        member: to_api(member),
        request: 7,
        learners_max: 1,
        user: String::new(),
    }
}

fn learner(id: u64) -> Member {
    Member { is_learner: true, ..voter(id, "") }
}

#[test]
fn a_change_is_refused_with_etcds_error() {
    use ChangeKind::{Add, Promote, Remove, Update};
    let mut members = cluster(&[voter(1, "a"), voter(2, "b"), learner(3)]);
    members.make(&change(Add, &voter(4, "d")));
    members.make(&change(Remove, &voter(4, "d")));
    let same_url = Member { peer_urls: vec!["http://m1:2380".into()], ..voter(9, "") };
    let cases = [
        (change(Add, &voter(9, "")), Ok(())),
        (change(Add, &voter(1, "")), Err(Error::MEMBER_EXISTS)),
        (change(Add, &voter(4, "")), Err(Error::MEMBER_NOT_FOUND)),
        (change(Add, &same_url), Err(Error::PEER_URL_EXISTS)),
        (change(Add, &learner(9)), Err(Error::TOO_MANY_LEARNERS)),
        (change(Remove, &voter(2, "")), Ok(())),
        (change(Remove, &voter(9, "")), Err(Error::MEMBER_NOT_FOUND)),
        (change(Update, &voter(1, "")), Ok(())),
        (change(Update, &voter(9, "")), Err(Error::MEMBER_NOT_FOUND)),
        (
            change(Update, &Member { id: MemberId(2), ..same_url.clone() }),
            Err(Error::PEER_URL_EXISTS),
        ),
        (change(Promote, &learner(3)), Ok(())),
        (change(Promote, &voter(1, "")), Err(Error::MEMBER_NOT_LEARNER)),
        (change(Promote, &voter(9, "")), Err(Error::MEMBER_NOT_FOUND)),
        (MemberChange::default(), Err(Error::MEMBER_NOT_FOUND)),
    ];
    for (change, expected) in cases {
        assert_eq!(members.check(&change), expected, "{change:?}");
    }
}

#[test]
fn the_last_voter_stays() {
    let members = cluster(&[voter(1, "a"), learner(2)]);
    let remove = change(ChangeKind::Remove, &voter(1, ""));
    assert_eq!(members.check(&remove), Err(not_enough_started()));
    assert_eq!(members.check(&change(ChangeKind::Remove, &learner(2))), Ok(()));
}

#[test]
fn an_update_keeps_what_it_does_not_name() {
    let mut members = cluster(&[voter(1, "a")]);
    members.make(&change(ChangeKind::Add, &learner(2)));
    members.set_attributes(MemberId(2), "b", &["http://m2:2379".into()]);
    let moved = Member { peer_urls: vec!["http://new:2380".into()], ..voter(2, "") };
    members.make(&change(ChangeKind::Update, &moved));
    let expected = Member {
        id: MemberId(2),
        name: "b".into(),
        peer_urls: vec!["http://new:2380".into()],
        client_urls: vec!["http://m2:2379".into()],
        is_learner: true,
    };
    assert_eq!(members.get(MemberId(2)), Some(&expected));
    members.make(&change(ChangeKind::Promote, &moved));
    assert_eq!(members.get(MemberId(2)), Some(&Member { is_learner: false, ..expected }));
    assert_eq!(Membership::from_bytes(&members.to_bytes()).unwrap(), members);
}

#[test]
fn a_change_that_comes_again_is_known_until_many_others_came() {
    let mut members = cluster(&[voter(1, "a")]);
    assert!(members.decide(0) && members.decide(0), "the first members have no id");
    assert!(members.decide(7));
    assert!(!members.decide(7));
    let mut again = Membership::from_bytes(&members.to_bytes()).unwrap();
    assert!(!again.decide(7), "it is stored");
    let others = limits::MEMBER_CHANGES_REMEMBERED as u64;
    (100..99 + others).for_each(|id| assert!(again.decide(id)));
    assert!(again.has_decided(7));
    assert!(again.decide(99 + others));
    assert!(!again.has_decided(7));
}

/// The table of etcd's `TestIsReadyToAddVotingMember` and its neighbours, in our own words:
/// (names of the voters; may one join, may the first leave, may a learner be promoted).
#[test]
fn a_majority_must_have_started() {
    let cases: [(&[&str], bool, bool, bool); 6] = [
        (&["a"], true, false, true),
        (&["a", "b"], true, true, true),
        (&["a", ""], false, false, true),
        (&["a", "b", "c"], true, true, true),
        (&["a", "b", ""], false, false, true),
        (&["a", "", ""], false, false, false),
    ];
    for (names, add, remove, promote) in cases {
        let voters: Vec<Member> = (1..).zip(names).map(|(id, name)| voter(id, name)).collect();
        let members = cluster(&voters);
        let found = (
            members.is_ready_to_add(),
            members.is_ready_to_remove(MemberId(1)),
            members.is_ready_to_promote(),
        );
        assert_eq!(found, (add, remove, promote), "{names:?}");
    }
}

#[test]
fn urls_are_checked_and_sorted() {
    let good = ["http://10.0.0.2:2380", " http://10.0.0.1:2380 ", "https://[::1]:2380"];
    let good: Vec<String> = good.map(str::to_owned).to_vec();
    assert_eq!(
        check_peer_urls(&good).unwrap(),
        ["http://10.0.0.1:2380", "http://10.0.0.2:2380", "https://[::1]:2380"]
    );
    for bad in ["", "127.0.0.1:2380", "ftp://a:1", "http://a", "http://a:1/path", "http://a:b"] {
        assert_eq!(check_peer_urls(&[bad.to_owned()]), Err(Error::MEMBER_BAD_URLS), "{bad}");
    }
    assert_eq!(check_peer_urls(&[]), Err(Error::MEMBER_BAD_URLS));
}
