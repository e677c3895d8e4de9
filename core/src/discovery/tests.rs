//! The machine against a registry that is a list of pairs.

use super::*;
use crate::api::{KeyValue, PutResponse, RangeResponse};
use crate::id::member_id;

/// A registry: key, value, create revision.
#[derive(Default)]
struct Registry(Vec<(String, String, i64)>);

impl Registry {
    fn with_size(size: &str) -> Self {
        let mut registry = Self::default();
        registry.put("/_etcd/registry/T/_config/size", size);
        registry
    }

    fn put(&mut self, key: &str, value: &str) {
        let revision = self.0.len() as i64 + 2;
        match self.0.iter_mut().find(|(known, ..)| known == key) {
            Some((_, known, _)) => value.clone_into(known),
            None => self.0.push((key.to_owned(), value.to_owned(), revision)),
        }
    }

    fn answer(&mut self, request: &Request) -> Response {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        match request {
            Request::Put(put) => {
                self.put(&text(&put.key), &text(&put.value));
                PutResponse::default().into()
            }
            Request::Range(range) => {
                let key = text(&range.key);
                let is_meant = |known: &str| match range.range_end.is_empty() {
                    true => known == key,
                    false => known.starts_with(&key),
                };
                let found = self.0.iter().filter(|(known, ..)| is_meant(known));
                let kvs = found.map(|(key, value, revision)| KeyValue {
                    key: key.clone().into(),
                    value: value.clone().into(),
                    create_revision: *revision,
                    ..KeyValue::default()
                });
                RangeResponse { kvs: kvs.collect(), ..RangeResponse::default() }.into()
            }
            other => panic!("a registry is asked {other:?}"),
        }
    }
}

fn member(number: u8) -> Discovery {
    let url = format!("http://10.0.0.{number}:2380");
    Discovery::new("T", member_id(&[&url], "T"), &format!("m{number}={url}"))
}

/// Goes on until it waits or is over.
fn go_on(member: &mut Discovery, registry: &mut Registry) -> Step {
    member.on_time();
    loop {
        match member.step() {
            Step::Ask(request) => member.on_answer(Some(&registry.answer(&request))),
            other => return other,
        }
    }
}

/// Three of three find each other, in the order in which they came; a fourth has no place.
#[test]
fn members_wait_for_the_last_one() {
    let mut registry = Registry::with_size("3");
    let [mut a, mut b, mut c, mut d] = [1, 2, 3, 4].map(member);
    assert_eq!(go_on(&mut b, &mut registry), Step::Pause(1_000));
    assert_eq!(go_on(&mut a, &mut registry), Step::Pause(1_000));
    assert_eq!(go_on(&mut b, &mut registry), Step::Pause(1_000));
    let all = "m2=http://10.0.0.2:2380,m1=http://10.0.0.1:2380,m3=http://10.0.0.3:2380";
    for member in [&mut c, &mut a, &mut b] {
        assert_eq!(go_on(member, &mut registry), Step::Joined(all.to_owned()));
    }
    let refused = go_on(&mut d, &mut registry);
    assert_eq!(refused, Step::Refused(DiscoveryError::Full));
    assert_eq!(registry.0.len(), 4, "the fourth leaves no trace");
    assert_eq!(
        DiscoveryError::Full.sentence(),
        "failed to join discovery cluster (discovery: cluster is full)"
    );
    // Who has its place may come again: it lost its disk before it had a log.
    assert_eq!(go_on(&mut member(3), &mut registry), Step::Joined(all.to_owned()));
}

/// Two look at the same moment, and both see one free place: the order of the registry decides.
#[test]
fn of_two_that_come_at_once_the_registry_takes_one() {
    let mut registry = Registry::with_size("1");
    let (mut a, mut b) = (member(1), member(2));
    for member in [&mut a, &mut b] {
        for _ in 0..2 {
            let Step::Ask(request) = member.step() else { panic!("it asks") };
            let answer = registry.answer(&request);
            member.on_answer(Some(&answer));
        }
    }
    let joined = Step::Joined("m1=http://10.0.0.1:2380".to_owned());
    assert_eq!(go_on(&mut a, &mut registry), joined);
    assert_eq!(go_on(&mut b, &mut registry), Step::Refused(DiscoveryError::Full));
}

#[test]
fn without_a_proper_size_nobody_begins() {
    for (size, error) in [
        ("0", DiscoveryError::BadSize),
        ("-1", DiscoveryError::BadSize),
        ("three", DiscoveryError::BadSize),
        ("", DiscoveryError::BadSize),
    ] {
        let mut registry = Registry::with_size(size);
        assert_eq!(go_on(&mut member(1), &mut registry), Step::Refused(error), "{size:?}");
    }
    let refused = go_on(&mut member(1), &mut Registry::default());
    assert_eq!(refused, Step::Refused(DiscoveryError::NoSize));
}

/// What others wrote there is passed over, or refused, and never more than that.
#[test]
fn strange_rows_are_no_members() {
    let mut registry = Registry::with_size("2");
    registry.put("/_etcd/registry/T/members/x", "nonsense");
    assert_eq!(go_on(&mut member(1), &mut registry), Step::Pause(1_000));
    registry.put("/_etcd/registry/T/members/y", "m9=no url");
    assert_eq!(go_on(&mut member(1), &mut registry), Step::Refused(DiscoveryError::InvalidUrl));
}

/// A registry that cannot be asked is asked again, less and less often.
#[test]
fn silence_is_waited_out() {
    let (mut member, mut registry) = (member(1), Registry::with_size("1"));
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let Step::Ask(_) = member.step() else { panic!("it asks") };
        member.on_answer(None);
        let Step::Pause(ms) = member.step() else { panic!("it waits") };
        pauses.push(ms / 1_000);
        member.on_time();
    }
    assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 256, 256]);
    let joined = Step::Joined("m1=http://10.0.0.1:2380".to_owned());
    assert_eq!(go_on(&mut member, &mut registry), joined);
}
