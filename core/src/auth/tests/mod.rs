//! Users and roles without a node: what etcd's store answers, and when it counts a change.

mod passwords;
mod ranges;

use super::*;
use crate::api::authpb::Permission;
use crate::api::*;
use crate::lease::Lessor;

/// An entry of the log that asks for one thing.
macro_rules! entry {
    ($field:ident: $request:expr) => {
        InternalRaftRequest { $field: Some($request), ..InternalRaftRequest::default() }
    };
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn add_user(name: &str) -> InternalRaftRequest {
    let hashed_password = password::to_log("a hash");
    entry!(auth_user_add: AuthUserAddRequest { name: text(name), hashed_password, ..Default::default() })
}

fn add_role(name: &str) -> InternalRaftRequest {
    entry!(auth_role_add: AuthRoleAddRequest { name: text(name) })
}

fn grant_role(user: &str, role: &str) -> InternalRaftRequest {
    entry!(auth_user_grant_role: AuthUserGrantRoleRequest { user: text(user), role: text(role) })
}

fn revoke_role(name: &str, role: &str) -> InternalRaftRequest {
    entry!(auth_user_revoke_role: AuthUserRevokeRoleRequest { name: text(name), role: text(role) })
}

fn grant(role: &str, kind: Type, key: &str, range_end: &str) -> InternalRaftRequest {
    let (key, range_end) = (text(key).into(), text(range_end).into());
    let perm = Some(Permission { perm_type: kind as i32, key, range_end });
    entry!(auth_role_grant_permission: AuthRoleGrantPermissionRequest { name: text(role), perm })
}

fn enable() -> InternalRaftRequest {
    entry!(auth_enable: AuthEnableRequest {})
}

fn root(auth: &Auth) -> AuthInfo {
    somebody("root", auth)
}

fn somebody(user: &str, auth: &Auth) -> AuthInfo {
    AuthInfo { user: text(user), revision: auth.revision() }
}

/// Carries entries out as root and returns what went wrong with the last one.
fn apply<const N: usize>(auth: &mut Auth, entries: [InternalRaftRequest; N]) -> Result<(), Error> {
    let mut last = Ok(());
    for entry in entries {
        let who = root(auth);
        last = auth.apply(&who, &entry).expect("it is about users").map(drop);
    }
    last
}

/// Root, and alice, who may read `a`..`c` and write `b`.
fn two_users() -> Auth {
    let mut auth = Auth::default();
    apply(
        &mut auth,
        [
            add_user("root"),
            grant_role("root", "root"),
            add_user("alice"),
            add_role("reader"),
            grant("reader", Type::Read, "a", "c"),
            grant("reader", Type::Write, "b", ""),
            grant_role("alice", "reader"),
            enable(),
        ],
    )
    .unwrap();
    auth
}

#[test]
fn auth_needs_a_root_user_with_the_root_role() {
    let mut auth = Auth::default();
    assert_eq!(apply(&mut auth, [enable()]), Err(Error::ROOT_USER_NOT_EXIST));
    assert_eq!(apply(&mut auth, [add_user("root"), enable()]), Err(Error::ROOT_ROLE_NOT_EXIST));
    // The role need not have been added.
    assert_eq!(apply(&mut auth, [grant_role("root", "root"), enable(), enable()]), Ok(()));
    assert!(auth.is_enabled());
    // What would lock everybody out is refused while it is on.
    let last_ways_out = [
        entry!(auth_user_delete: AuthUserDeleteRequest { name: text("root") }),
        entry!(auth_role_delete: AuthRoleDeleteRequest { role: text("root") }),
        revoke_role("root", "root"),
    ];
    for entry in last_ways_out {
        assert_eq!(apply(&mut auth, [entry]), Err(Error::INVALID_AUTH_MANAGEMENT));
    }
    let revision = auth.revision();
    let disable = entry!(auth_disable: AuthDisableRequest {});
    assert_eq!(apply(&mut auth, [disable.clone(), disable]), Ok(()));
    assert_eq!(auth.revision(), revision + 1, "the second one changed nothing");
    assert_eq!(apply(&mut auth, [revoke_role("root", "root")]), Ok(()));
}

#[test]
fn changes_are_counted_as_etcd_counts_them() {
    let mut auth = Auth::default();
    let delete_role =
        |role: &str| entry!(auth_role_delete: AuthRoleDeleteRequest { role: text(role) });
    let revoke = |key: &str, range_end: &str| {
        let (key, range_end) = (text(key).into(), text(range_end).into());
        entry!(auth_role_revoke_permission: AuthRoleRevokePermissionRequest { role: text("r"), key, range_end })
    };
    let story = [
        (add_user(""), Err(Error::USER_EMPTY), 1),
        (add_user("u"), Ok(()), 2),
        (add_user("u"), Err(Error::USER_ALREADY_EXISTS), 2),
        (add_role(""), Err(Error::ROLE_EMPTY), 2),
        (add_role("r"), Ok(()), 3),
        (add_role("r"), Err(Error::ROLE_ALREADY_EXISTS), 3),
        (grant_role("nobody", "r"), Err(Error::USER_NOT_FOUND), 3),
        (grant_role("u", "none"), Err(Error::ROLE_NOT_FOUND), 3),
        (grant_role("u", "r"), Ok(()), 4),
        // Granted already: no error, and no change.
        (grant_role("u", "r"), Ok(()), 4),
        (grant("none", Type::Read, "a", ""), Err(Error::ROLE_NOT_FOUND), 4),
        (grant("r", Type::Read, "", "b"), Err(Error::INVALID_AUTH_MANAGEMENT), 4),
        (grant("r", Type::Read, "b", "a"), Err(Error::INVALID_AUTH_MANAGEMENT), 4),
        (grant("r", Type::Read, "b", "b"), Err(Error::INVALID_AUTH_MANAGEMENT), 4),
        (grant("r", Type::Read, "b", "\0"), Ok(()), 5),
        (grant("r", Type::Write, "b", "\0"), Ok(()), 6),
        (grant("r", Type::Write, "b", "\0"), Ok(()), 7),
        (revoke("b", "c"), Err(Error::PERMISSION_NOT_GRANTED), 7),
        (revoke("b", "\0"), Ok(()), 8),
        (revoke_role("u", "none"), Err(Error::ROLE_NOT_GRANTED), 8),
        (delete_role("r"), Ok(()), 9),
        (delete_role("r"), Err(Error::ROLE_NOT_FOUND), 9),
        // The role went with all that had it.
        (revoke_role("u", "r"), Err(Error::ROLE_NOT_GRANTED), 9),
    ];
    for (entry, answer, revision) in story {
        assert_eq!(apply(&mut auth, [entry.clone()]), answer, "{entry:?}");
        assert_eq!(auth.revision(), revision, "{entry:?}");
    }
    let without = entry!(auth_role_grant_permission: AuthRoleGrantPermissionRequest::default());
    assert_eq!(apply(&mut auth, [without]), Err(Error::PERMISSION_NOT_GIVEN));
}

#[test]
fn ranges_that_begin_alike_stand_side_by_side() {
    let mut auth = Auth::default();
    let grants = [("a", "c"), ("b", ""), ("a", "d"), ("a", "c"), ("a", "d")];
    apply(&mut auth, [add_role("r")]).unwrap();
    for (key, range_end) in grants {
        apply(&mut auth, [grant("r", Type::Read, key, range_end)]).unwrap();
    }
    let (_, role) = auth.roles().next().unwrap();
    let ranges: Vec<_> =
        role.key_permission.iter().map(|p| (&p.key[..], &p.range_end[..])).collect();
    // As etcd: it finds the first range that begins at the key, not the equal one behind it.
    assert_eq!(ranges, [(&b"a"[..], &b"c"[..]), (b"a", b"d"), (b"a", b"d"), (b"b", b"")]);
}

#[test]
fn who_asks_must_be_somebody_who_may_and_of_today() {
    let auth = two_users();
    let alice = somebody("alice", &auth);
    assert_eq!(auth.check_read(&alice, b"a", b"c"), Ok(()));
    assert_eq!(auth.check_read(&alice, b"a", b"d"), Err(Error::PERMISSION_DENIED));
    assert_eq!(auth.check_write(&alice, b"b", b""), Ok(()));
    assert_eq!(auth.check_write(&alice, b"a", b""), Err(Error::PERMISSION_DENIED));
    assert_eq!(auth.check_write(&root(&auth), b"a", b"\0"), Ok(()));
    assert_eq!(auth.check_read(&AuthInfo::default(), b"a", b""), Err(Error::USER_EMPTY));
    let old = AuthInfo { revision: alice.revision - 1, ..alice.clone() };
    assert_eq!(auth.check_read(&old, b"a", b""), Err(Error::AUTH_OLD_REVISION));
    assert_eq!(auth.check_read(&somebody("eve", &auth), b"a", b""), Err(Error::PERMISSION_DENIED));
    assert_eq!(auth.check_admin(&alice), Err(Error::PERMISSION_DENIED));
    assert_eq!(auth.check_admin(&somebody("eve", &auth)), Err(Error::USER_NOT_FOUND));
    assert_eq!(auth.check_admin(&AuthInfo::default()), Err(Error::USER_EMPTY));
    // Who has root's role is not asked how old his proof is.
    assert_eq!(auth.check_admin(&AuthInfo { user: text("root"), revision: 1 }), Ok(()));
}

#[test]
fn everybody_may_ask_about_himself() {
    let mut auth = two_users();
    let get_user = |name: &str| entry!(auth_user_get: AuthUserGetRequest { name: text(name) });
    let get_role = |role: &str| entry!(auth_role_get: AuthRoleGetRequest { role: text(role) });
    let list = entry!(auth_user_list: AuthUserListRequest {});
    let alice = somebody("alice", &auth);
    let mut ask = |entry| auth.apply(&alice, &entry).unwrap().map(drop);
    assert_eq!(ask(get_user("alice")), Ok(()));
    assert_eq!(ask(get_user("root")), Err(Error::PERMISSION_DENIED));
    assert_eq!(ask(get_role("reader")), Ok(()));
    assert_eq!(ask(get_role("other")), Err(Error::PERMISSION_DENIED));
    assert_eq!(ask(list), Err(Error::PERMISSION_DENIED));
    assert_eq!(ask(add_role("mine")), Err(Error::PERMISSION_DENIED));
}

#[test]
fn a_transaction_needs_what_all_of_its_operations_need() {
    let auth = two_users();
    let alice = somebody("alice", &auth);
    let put = |key: &str, prev_kv| {
        request_op::Request::RequestPut(PutRequest {
            key: text(key).into(),
            prev_kv,
            ..Default::default()
        })
    };
    let delete = |key: &str, range_end: &str, prev_kv| {
        let (key, range_end) = (text(key).into(), text(range_end).into());
        request_op::Request::RequestDeleteRange(DeleteRangeRequest { key, range_end, prev_kv })
    };
    let get = |key: &str| {
        request_op::Request::RequestRange(RangeRequest {
            key: text(key).into(),
            ..Default::default()
        })
    };
    let txn =
        |op| TxnRequest { failure: vec![RequestOp { request: Some(op) }], ..Default::default() };
    let nested = |op| request_op::Request::RequestTxn(txn(op));
    let compare = |key: &str| {
        let compare = Compare { key: text(key).into(), ..Default::default() };
        TxnRequest { compare: vec![compare], ..Default::default() }
    };
    let may = |txn: &TxnRequest| auth.check_txn(&alice, txn, &Lessor::default()).is_ok();
    assert!(may(&txn(put("b", true))) && may(&txn(delete("b", "", true))) && may(&txn(get("a"))));
    assert!(may(&compare("a")) && may(&txn(nested(put("b", false)))));
    assert!(!may(&txn(put("a", false))) && !may(&txn(delete("b", "c", false))));
    assert!(!may(&txn(get("c"))) && !may(&compare("c")));
    assert!(!may(&txn(nested(put("a", false)))) && !may(&txn(nested(nested(get("c"))))));
}

#[test]
fn a_lease_is_as_forbidden_as_the_keys_that_it_has() {
    let auth = two_users();
    let alice = somebody("alice", &auth);
    let mut lessor = Lessor::default();
    lessor.grant(7, 60).unwrap();
    let revoke = entry!(lease_revoke: LeaseRevokeRequest { id: 7 });
    let put = PutRequest { key: text("b").into(), lease: 7, ..Default::default() };
    let put = entry!(put: put);
    lessor.on_write(b"b", 7);
    assert_eq!(auth.check_entry(&alice, &revoke, &lessor), Ok(()));
    assert_eq!(auth.check_entry(&alice, &put, &lessor), Ok(()));
    lessor.on_write(b"a", 7);
    assert_eq!(auth.check_entry(&alice, &revoke, &lessor), Err(Error::PERMISSION_DENIED));
    assert_eq!(auth.check_entry(&alice, &put, &lessor), Err(Error::PERMISSION_DENIED));
    assert_eq!(auth.check_entry(&root(&auth), &revoke, &lessor), Ok(()));
    assert_eq!(auth.check_lease_read(&alice, 7, &lessor), Ok(()));
    lessor.on_write(b"z", 7);
    assert_eq!(auth.check_leases(&alice, &lessor), Err(Error::PERMISSION_DENIED));
}

#[test]
fn what_a_store_holds_makes_the_same_users() {
    let mut auth = two_users();
    let rows: Vec<AuthRow> = auth.take_rows().into_iter().filter_map(|(_, row)| row).collect();
    assert_eq!(Auth::open(rows), auth);
    assert_eq!(auth.take_rows(), []);
    apply(&mut auth, [entry!(auth_role_delete: AuthRoleDeleteRequest { role: text("reader") })])
        .unwrap();
    let keys: Vec<_> =
        auth.take_rows().into_iter().map(|(key, row)| (key, row.is_some())).collect();
    let (state, alice) = (AuthKey::State, AuthKey::User(text("alice")));
    assert_eq!(keys, [(state, true), (alice, true), (AuthKey::Role(text("reader")), false)]);
}
