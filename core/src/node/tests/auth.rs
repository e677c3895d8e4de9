//! Users on whole members: who may do what, wherever he asks, and what apply refuses that was
//! proposed in time.

use api::authpb::Permission;
use api::authpb::permission::Type;
use api::{Caller, Error};

use super::*;
use crate::auth::PasswordOutcome;
use crate::node::config::TokenKind;

fn text(text: &str) -> String {
    text.to_owned()
}

fn add_user(name: &str) -> Request {
    let (name, password) = (text(name), format!("{name}'s"));
    api::AuthUserAddRequest { name, password, ..Default::default() }.into()
}

fn grant_role(user: &str, role: &str) -> Request {
    api::AuthUserGrantRoleRequest { user: text(user), role: text(role) }.into()
}

fn revoke_role(name: &str, role: &str) -> Request {
    api::AuthUserRevokeRoleRequest { name: text(name), role: text(role) }.into()
}

fn range(key: &str, serializable: bool) -> Request {
    api::RangeRequest { key: text(key).into(), serializable, ..Default::default() }.into()
}

impl Cluster {
    fn done(&mut self, at: usize, caller: &Caller, request: Request) -> Result<Response, Error> {
        let call = self.ask_as(at, caller.clone(), request);
        self.ticks(3);
        self.answers[&call].clone()
    }

    fn log_in(&mut self, at: usize, name: &str) -> Result<Caller, Error> {
        let (name, password) = (text(name), format!("{name}'s"));
        let request = api::AuthenticateRequest { name, password };
        match self.done(at, &Caller::default(), request.into())? {
            Response::Authenticate(response) => Ok(Caller::with_token(response.token)),
            other => panic!("{other:?}"),
        }
    }

    /// Three members with auth on: root, and alice, who may read and write keys `a`..`c`.
    fn with_users() -> (Self, Caller, Caller) {
        let mut cluster = Self::with(3, |config| config.bcrypt_cost = 4);
        let leader = cluster.elect();
        cluster.put(leader, "color", "red");
        let perm = Permission {
            perm_type: Type::Readwrite as i32,
            key: Bytes::from("a"),
            range_end: Bytes::from("c"),
        };
        let story: [Request; 7] = [
            add_user("root"),
            grant_role("root", "root"),
            add_user("alice"),
            api::AuthRoleAddRequest { name: text("ac") }.into(),
            api::AuthRoleGrantPermissionRequest { name: text("ac"), perm: Some(perm) }.into(),
            grant_role("alice", "ac"),
            api::AuthEnableRequest {}.into(),
        ];
        for request in story {
            cluster.done(leader, &Caller::default(), request).unwrap();
        }
        let root = cluster.log_in(leader, "root").unwrap();
        let alice = cluster.log_in((leader + 1) % 3, "alice").unwrap();
        (cluster, root, alice)
    }
}

#[test]
fn a_token_is_good_at_every_member_and_allows_what_its_user_may() {
    let (mut cluster, root, alice) = Cluster::with_users();
    for at in 0..3 {
        assert!(cluster.done(at, &alice, put("a", "1")).is_ok());
        assert!(cluster.done(at, &alice, range("a", false)).is_ok());
        assert!(cluster.done(at, &alice, range("b", true)).is_ok());
        let denied = Err(Error::PERMISSION_DENIED);
        assert_eq!(cluster.done(at, &alice, put("color", "blue")), denied);
        assert_eq!(cluster.done(at, &alice, range("color", false)), denied);
        assert_eq!(cluster.done(at, &alice, range("color", true)), denied);
        let nobody = Caller::default();
        assert_eq!(cluster.done(at, &nobody, put("a", "1")), Err(Error::USER_EMPTY));
        let forged = Caller::with_token("AAAAAAAAAAAAAAAA.1");
        assert_eq!(cluster.done(at, &forged, put("a", "1")), Err(Error::INVALID_AUTH_TOKEN));
        assert!(cluster.done(at, &root, range("color", false)).is_ok());
    }
    let by_certificate = Caller { common_name: Some(text("alice")), ..Caller::default() };
    assert!(cluster.done(0, &by_certificate, put("b", "1")).is_ok());
    assert_eq!(cluster.done(0, &by_certificate, put("x", "1")), Err(Error::PERMISSION_DENIED));
    let of_mallory = Caller { common_name: Some(text("mallory")), ..Caller::default() };
    assert_eq!(cluster.done(0, &of_mallory, put("b", "1")), Err(Error::PERMISSION_DENIED));
}

#[test]
fn only_root_manages_the_cluster() {
    let (mut cluster, root, alice) = Cluster::with_users();
    let leader = cluster.leader().unwrap();
    let requests: [Request; 7] = [
        api::CompactionRequest { revision: 2, physical: false }.into(),
        api::HashKvRequest::default().into(),
        api::MoveLeaderRequest { target_id: 1 }.into(),
        api::AlarmRequest { action: 1, alarm: 1, member_id: 1 }.into(),
        api::AuthStatusRequest {}.into(),
        api::MemberUpdateRequest { id: 1, peer_urls: vec![text("http://new:2380")] }.into(),
        add_user("eve"),
    ];
    for request in requests {
        let name = request.name();
        let asked = cluster.done(leader, &alice, request.clone());
        assert_eq!(asked, Err(Error::PERMISSION_DENIED), "{name}");
        let asked = cluster.done(leader, &Caller::default(), request.clone());
        assert_eq!(asked, Err(Error::USER_EMPTY), "{name}");
        let by_root = cluster.done(leader, &root, request);
        assert!(!matches!(by_root, Err(e) if e == Error::PERMISSION_DENIED), "{name}");
    }
    for request in
        [api::StatusRequest {}.into(), api::MemberListRequest { linearizable: true }.into()]
    {
        let request: Request = request;
        assert!(cluster.done(leader, &alice, request.clone()).is_ok());
        assert_eq!(cluster.done(leader, &Caller::default(), request), Err(Error::USER_EMPTY));
    }
}

#[test]
fn apply_refuses_what_was_proposed_before_a_role_was_taken_away() {
    let (mut cluster, root, alice) = Cluster::with_users();
    let leader = cluster.leader().unwrap();
    // Both stand in the log, in this order, before either is committed: the put was right when it
    // was asked, and is wrong at its place in the log.
    let host = &mut cluster.hosts[leader];
    let caller = |caller: &Caller| caller.clone();
    let (revoke, write) = (CallId(1_000_001), CallId(1_000_002));
    let inputs = [
        Input::Request { call: revoke, caller: caller(&root), request: revoke_role("alice", "ac") },
        Input::Request { call: write, caller: caller(&alice), request: put("a", "2") },
    ];
    let mut effects = Vec::new();
    host.node.as_mut().unwrap().step_all(inputs, &mut effects);
    for effect in effects {
        match effect {
            Effect::Append(append) => {
                let bytes = host.wal.entry(append.segment).or_default();
                bytes.truncate(usize::try_from(append.offset).unwrap());
                bytes.extend_from_slice(&append.bytes);
                host.held.push(append.seq);
            }
            Effect::Send { to, bytes, .. } => {
                cluster.mail.push_back((host.config.member_id, to, bytes));
            }
            other => panic!("{other:?}"),
        }
    }
    for seq in std::mem::take(&mut cluster.hosts[leader].held) {
        cluster.input(leader, Input::Persisted { seq });
    }
    cluster.deliver();
    cluster.ticks(3);
    assert!(cluster.answers[&revoke].is_ok());
    assert_eq!(cluster.answers[&write], Err(Error::AUTH_OLD_REVISION));
    assert_eq!(cluster.done(leader, &alice, put("a", "2")), Err(Error::PERMISSION_DENIED));
}

#[test]
fn tokens_end_with_their_time_their_password_and_their_user() {
    let (mut cluster, root, alice) = Cluster::with_users();
    let at = (cluster.leader().unwrap() + 2) % 3;
    let password = text("new");
    let change =
        api::AuthUserChangePasswordRequest { name: text("alice"), password, ..Default::default() };
    cluster.done(at, &root, change.into()).unwrap();
    assert_eq!(cluster.done(at, &alice, put("a", "1")), Err(Error::INVALID_AUTH_TOKEN));
    assert_eq!(cluster.log_in(at, "alice"), Err(Error::AUTH_FAILED), "that was the old password");
    assert_eq!(cluster.log_in(at, "nobody"), Err(Error::AUTH_FAILED));
    // Five minutes without use; root's token at this member is used meanwhile.
    let other = cluster.log_in(at, "root").unwrap();
    for _ in 0..4 {
        cluster.ticks(1_000);
        assert!(cluster.done(at, &root, range("a", false)).is_ok());
    }
    assert_eq!(cluster.done(at, &other, range("a", false)), Err(Error::INVALID_AUTH_TOKEN));
    assert_eq!(cluster.view(at).tokens(), 1);
    cluster.done(at, &root, api::AuthDisableRequest {}.into()).unwrap();
    assert_eq!(cluster.view(at).tokens(), 0);
    assert!(cluster.done(at, &alice, put("a", "1")).is_ok(), "everybody may do everything again");
    assert_eq!(cluster.log_in(at, "root"), Err(Error::AUTH_NOT_ENABLED));
}

#[test]
fn a_member_that_is_behind_waits_for_the_entry_of_a_token() {
    let (mut cluster, _, _) = Cluster::with_users();
    let leader = cluster.leader().unwrap();
    let behind = (leader + 1) % 3;
    let id = cluster.hosts[behind].config.member_id;
    cluster.cut = vec![id];
    let alice = cluster.log_in(leader, "alice").unwrap();
    let call = cluster.ask_as(behind, alice.clone(), range("a", true));
    assert!(!cluster.answers.contains_key(&call), "it cannot know the token yet");
    // A stream waits, too, with all that is asked on it.
    let stream = StreamId(7);
    cluster.watch_as(behind, stream, alice, "a", "c");
    assert!(!cluster.watched.contains_key(&stream));
    cluster.cut.clear();
    cluster.ticks(5);
    assert!(cluster.answers[&call].is_ok());
    assert!(cluster.watched[&stream][0].created && !cluster.watched[&stream][0].canceled);
}

impl Cluster {
    fn watch_as(&mut self, at: usize, stream: StreamId, caller: Caller, key: &str, end: &str) {
        self.input(at, Input::WatchOpened { stream, requires_leader: false, caller });
        let create = api::WatchCreateRequest {
            key: text(key).into(),
            range_end: text(end).into(),
            ..Default::default()
        };
        let union = api::watch_request::RequestUnion::CreateRequest(create);
        let request = api::WatchRequest { request_union: Some(union) };
        self.input(at, Input::Watch { stream, request });
    }
}

#[test]
fn watchers_are_asked_when_they_are_made_and_when_roles_change() {
    let (mut cluster, root, alice) = Cluster::with_users();
    let at = (cluster.leader().unwrap() + 1) % 3;
    let (good, bad, empty) = (StreamId(1), StreamId(2), StreamId(3));
    cluster.watch_as(at, good, alice.clone(), "a", "c");
    cluster.watch_as(at, bad, alice.clone(), "a", "d");
    // An empty key is the smallest one: all keys are meant.
    cluster.watch_as(at, empty, alice.clone(), "", "\0");
    let denied = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    for stream in [bad, empty] {
        let [refused] = &cluster.watched[&stream][..] else { panic!() };
        assert!(refused.created && refused.canceled && refused.watch_id == -1);
        assert_eq!(refused.cancel_reason, denied);
    }
    cluster.done(at, &alice, put("a", "1")).unwrap();
    cluster.done(at, &root, revoke_role("alice", "ac")).unwrap();
    cluster.done(at, &root, put("a", "2")).unwrap();
    let told = &cluster.watched[&good];
    assert_eq!(told.iter().map(|response| response.events.len()).collect::<Vec<_>>(), [0, 1, 0]);
    assert!(told[2].canceled && told[2].cancel_reason == denied && told[2].watch_id == 0);
}

#[test]
fn leases_obey_the_permissions_of_their_keys_at_every_member() {
    let (mut cluster, root, alice) = Cluster::with_users();
    for at in 0..3 {
        let grant = api::LeaseGrantRequest { id: 0, ttl: 60 };
        assert_eq!(cluster.done(at, &Caller::default(), grant.into()), Err(Error::USER_EMPTY));
        let Ok(Response::LeaseGrant(lease)) = cluster.done(at, &alice, grant.into()) else {
            panic!()
        };
        let id = lease.id;
        let leased =
            |key: &str| api::PutRequest { key: text(key).into(), lease: id, ..Default::default() };
        cluster.done(at, &alice, leased("a").into()).unwrap();
        let renew = api::LeaseKeepAliveRequest { id };
        let look = api::LeaseTimeToLiveRequest { id, keys: true };
        assert!(cluster.done(at, &alice, renew.into()).is_ok());
        assert!(cluster.done(at, &alice, look.into()).is_ok());
        cluster.done(at, &root, leased("x").into()).unwrap();
        let denied = Err(Error::PERMISSION_DENIED);
        assert_eq!(cluster.done(at, &alice, renew.into()), denied);
        assert_eq!(cluster.done(at, &alice, look.into()), denied);
        assert_eq!(cluster.done(at, &alice, leased("b").into()), denied);
        let revoke = api::LeaseRevokeRequest { id };
        assert_eq!(cluster.done(at, &alice, revoke.into()), denied);
        assert!(cluster.done(at, &root, revoke.into()).is_ok());
    }
}

#[test]
fn a_lease_that_runs_out_needs_no_permission() {
    let (mut cluster, root, _) = Cluster::with_users();
    let leader = cluster.leader().unwrap();
    let grant = api::LeaseGrantRequest { id: 7, ttl: 2 };
    cluster.done(leader, &root, grant.into()).unwrap();
    let put = api::PutRequest { key: Bytes::from("x"), lease: 7, ..Default::default() };
    cluster.done(leader, &root, put.into()).unwrap();
    cluster.ticks(40);
    assert!((0..3).all(|at| cluster.view(at).lessor().is_empty()));
}

#[test]
fn users_survive_a_restart_and_no_log_holds_a_password() {
    let (mut cluster, _, _) = Cluster::with_users();
    let leader = cluster.leader().unwrap();
    let auth = cluster.view(leader).auth().clone();
    for at in 0..3 {
        cluster.ticks(3);
        cluster.stop(at);
        cluster.start(at);
        cluster.ticks(30);
        assert!(cluster.view(at).auth().is_enabled());
        assert_eq!(cluster.view(at).auth().revision(), auth.revision());
        assert_eq!(
            cluster.view(at).auth().users().collect::<Vec<_>>(),
            auth.users().collect::<Vec<_>>()
        );
        assert_eq!(cluster.view(at).tokens(), 0, "tokens are memory");
    }
    // Nobody's password and nobody's token stands in a log or a store.
    let secret = b"alice's";
    for host in &cluster.hosts {
        assert!(
            !host.wal.values().any(|log| log.windows(secret.len()).any(|bytes| bytes == secret))
        );
    }
}

#[test]
fn a_password_that_changes_while_it_is_checked_is_checked_again() {
    let (mut cluster, root, _) = Cluster::with_users();
    let leader = cluster.leader().unwrap();
    // The check is under way: its outcome is held back.
    let (name, password) = (text("alice"), text("alice's"));
    let call = CallId(1_000_001);
    let request = api::AuthenticateRequest { name: name.clone(), password }.into();
    let mut effects = Vec::new();
    let node = cluster.hosts[leader].node.as_mut().unwrap();
    node.step(Input::Request { call, caller: Caller::default(), request }, &mut effects);
    let mut job = None;
    while job.is_none() {
        for effect in std::mem::take(&mut effects) {
            match effect {
                Effect::Send { to, bytes, .. } => {
                    cluster.mail.push_back((cluster.hosts[leader].config.member_id, to, bytes));
                }
                Effect::Password { job: found, .. } => job = Some(found),
                other => panic!("{other:?}"),
            }
        }
        let Some((from, to, bytes)) = cluster.mail.pop_front() else { break };
        let at = cluster.hosts.iter().position(|host| host.config.member_id == to).unwrap();
        if at == leader {
            let node = cluster.hosts[leader].node.as_mut().unwrap();
            node.step(Input::Message { from, bytes }, &mut effects);
        } else {
            cluster.input(at, Input::Message { from, bytes });
        }
    }
    let change =
        api::AuthUserChangePasswordRequest { name, password: text("new"), ..Default::default() };
    cluster.done(leader, &root, change.into()).unwrap();
    let outcome = PasswordOutcome::Checked(true);
    cluster.input(leader, Input::Password { job: job.unwrap(), outcome });
    cluster.ticks(3);
    assert_eq!(cluster.answers[&call], Err(Error::AUTH_FAILED));
}

#[test]
fn signed_tokens_say_who_and_of_when_their_bearer_is() {
    let mut cluster = Cluster::with(1, |config| {
        config.bcrypt_cost = 4;
        config.token_kind = TokenKind::Signed;
    });
    let at = cluster.elect();
    let story = [add_user("root"), grant_role("root", "root"), api::AuthEnableRequest {}.into()];
    for request in story {
        cluster.done(at, &Caller::default(), request).unwrap();
    }
    let token = cluster.log_in(at, "root").unwrap().token.unwrap();
    assert_eq!(token, "root at 3");
    let unverified = Caller::with_token(token.clone());
    assert_eq!(cluster.done(at, &unverified, put("a", "1")), Err(Error::INVALID_AUTH_TOKEN));
    let claims = Some(Box::new(api::Claims { user: text("root"), revision: 3 }));
    let verified = Caller { claims, ..unverified };
    assert!(cluster.done(at, &verified, put("a", "1")).is_ok());
    cluster.done(at, &verified, add_user("alice")).unwrap();
    assert_eq!(cluster.done(at, &verified, put("a", "1")), Err(Error::AUTH_OLD_REVISION));
    assert_eq!(cluster.done(at, &verified, range("a", true)), Err(Error::AUTH_OLD_REVISION));
}

#[test]
fn a_snapshot_file_is_for_root() {
    let (mut cluster, root, alice) = Cluster::with_users();
    let request = || api::SnapshotRequest::default().into();
    assert_eq!(cluster.done(0, &alice, request()), Err(Error::PERMISSION_DENIED));
    assert!(cluster.done(0, &Caller::default(), request()).is_err());
    assert!(matches!(cluster.done(0, &root, request()), Ok(Response::Snapshot(_))));
}
