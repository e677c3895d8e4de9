//! Somebody who changes users, roles and permissions while clients work: turns auth on and off, gives
//! rights and takes them away, changes passwords, deletes users and adds them again.
//!
//! Everything goes through the members' API as root, and draws from a random stream of its own, so that it
//! shifts no other. It appears in every second run: the others show that nothing changes without it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use glasshouse_core::api::authpb::Permission;
use glasshouse_core::api::{
    AuthDisableRequest, AuthEnableRequest, AuthRoleAddRequest, AuthRoleGrantPermissionRequest,
    AuthRoleRevokePermissionRequest, AuthUserAddRequest, AuthUserChangePasswordRequest,
    AuthUserDeleteRequest, AuthUserGrantRoleRequest, AuthUserRevokeRoleRequest, Request,
};

use crate::asker::Asker;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::login::{Login, USERS};
use crate::place::ClientNo;
use crate::rng::Stream;
use crate::world::{State, lock};

/// The last part of its time, in which it turns auth off and leaves everybody alone.
const FAREWELL: Nanos = 6 * SECOND;

const ROLES: [&str; 2] = ["some", "all"];

struct Warden(Asker);

/// The task of the warden; it ends before `until`.
pub(crate) async fn guard(state: Arc<Mutex<State>>, no: ClientNo, until: Nanos) {
    let (seed, members) = {
        let state = lock(&state);
        (state.spec.seed, state.spec.members)
    };
    let mut random = Stream::new(seed, "warden", 0, 0);
    if random.below(2) == 0 {
        return;
    }
    let login = Login::new("root");
    let mut warden = Warden(Asker { no, random, members, login });
    warden.0.pause(2 * SECOND, 6 * SECOND).await;
    for request in beginning() {
        warden.0.ask(&state, request).await;
    }
    while lock(&state).now() + FAREWELL < until {
        let wish = warden.wish();
        warden.0.ask(&state, wish).await;
        warden.0.pause(100 * MILLIS, 3 * SECOND).await;
    }
    // In peace auth is off, or clients without rights would ask for ever.
    while warden.0.ask(&state, AuthDisableRequest {}).await.is_none() {}
}

/// Root, the users of the workloads, and a role that may do what they do.
fn beginning() -> Vec<Request> {
    let mut requests = vec![add_user("root"), grant_role("root", "root")];
    requests.extend(ROLES.map(|name| AuthRoleAddRequest { name: name.to_owned() }.into()));
    requests.push(grant("all", 2, "key", "kez"));
    for user in USERS {
        requests.extend([add_user(user), grant_role(user, "all")]);
    }
    requests.push(AuthEnableRequest {}.into());
    requests
}

fn add_user(name: &str) -> Request {
    let (name, password) = (name.to_owned(), name.to_owned());
    AuthUserAddRequest { name, password, ..Default::default() }.into()
}

fn grant_role(user: &str, role: &str) -> Request {
    AuthUserGrantRoleRequest { user: user.to_owned(), role: role.to_owned() }.into()
}

fn grant(role: &str, perm_type: i32, key: &str, range_end: &str) -> Request {
    let (key, range_end) = (Bytes::from(key.to_owned()), Bytes::from(range_end.to_owned()));
    let perm = Some(Permission { perm_type, key, range_end });
    AuthRoleGrantPermissionRequest { name: role.to_owned(), perm }.into()
}

impl Warden {
    /// What to change next. More is given than taken away, or nobody would get anything done.
    fn wish(&mut self) -> Request {
        let user = USERS[usize::try_from(self.0.random.below(3)).unwrap_or(0)];
        let (first, span) = (self.0.random.below(12), self.0.random.below(6));
        let kind = i32::try_from(self.0.random.below(3)).unwrap_or(0);
        let (key, range_end) = match span {
            0 => (format!("key{first:03}"), String::new()),
            1 => (format!("key{first:03}"), String::from("\0")),
            _ => (format!("key{first:03}"), format!("key{:03}", first + span)),
        };
        match self.0.random.below(14) {
            0..=2 => grant_role(user, "all"),
            3 => AuthUserRevokeRoleRequest { name: user.into(), role: "all".into() }.into(),
            4 => grant_role(user, "some"),
            5 => AuthUserRevokeRoleRequest { name: user.into(), role: "some".into() }.into(),
            6 | 7 => grant("some", kind, &key, &range_end),
            8 => {
                let (key, range_end) = (Bytes::from(key), Bytes::from(range_end));
                AuthRoleRevokePermissionRequest { role: "some".into(), key, range_end }.into()
            }
            9 => AuthUserDeleteRequest { name: user.into() }.into(),
            10 => add_user(user),
            11 => {
                let (name, password) = (user.to_owned(), user.to_owned());
                AuthUserChangePasswordRequest { name, password, ..Default::default() }.into()
            }
            12 => AuthDisableRequest {}.into(),
            _ => AuthEnableRequest {}.into(),
        }
    }
}
