//! Auth: users, their roles, and which keys a role may read and write.
//!
//! ```text
//!   user ──has──► roles ──permit──► ranges of keys        root (the role) may do everything
//!
//!   client ── name, password ──► any member: read index, bcrypt beside the node
//!          ◄─ token ─────────── Authenticate through the log: all members know the token
//!
//!   client ── token, request ──► any member: whose token is it?
//!                                │ reads: may that user? answer
//!                                ▼ writes: entry { user, revision of users and roles, request }
//!                               log ──► apply, on every member: may that user, as things stand *here*?
//! ```
//!
//! Users and roles live in the replicated state, next to the keys: they change by entries of the log, so
//! at one place in the log all members answer alike. Two ideas carry the rest:
//!
//! - **A write is judged when it is applied**, not when it is asked. Between the two, a role may be taken
//!   away; whoever hears that it was can rely on it, because every later entry is judged without it.
//! - **The auth revision** counts changes of users and roles (not of keys). An entry carries the revision
//!   at which its user was found to be who he is; one that is older than the state that it meets is refused
//!   with `revision of auth store is old`, and the client asks again with a fresh token.
//!
//! Which checks belong to which request is [`permit`]'s page; how passwords are hashed without stopping
//! the node, [`password`]'s; how tokens live and end, `tokens`'s. In the log and the store are bcrypt hashes,
//! never passwords.
//!
//! Source: etcd `server/auth/store.go`, and `server/etcdserver/apply/apply_auth.go` of 3.6.14, which holds
//! the checks that were added after security reports.

pub mod password;
pub mod permit;
mod ranges;
mod roles;
#[cfg(test)]
mod tests;
pub(crate) mod tokens;
mod users;

use std::collections::{BTreeMap, BTreeSet};

pub use self::password::{Password, PasswordOutcome, PasswordTask};
pub use self::ranges::Ranges;
use crate::api::authpb::permission::Type;
use crate::api::authpb::{Role, User};
use crate::api::{
    AuthDisableResponse, AuthEnableResponse, AuthStatusResponse, Error, InternalRaftRequest,
    RequestHeader, Response,
};
use crate::store::{AuthKey, AuthRow, AuthState};

/// The user and the role that may do everything.
pub const ROOT: &str = "root";

/// Who asks, as an entry of the log says it; the default is nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthInfo {
    /// The user's name; empty for nobody.
    pub user: String,
    /// The revision of users and roles at which he proved to be that user; 0 for nobody.
    pub revision: u64,
}

impl AuthInfo {
    /// Who stands in the header of an entry.
    #[must_use]
    pub fn of(header: Option<&RequestHeader>) -> Self {
        header.map_or_else(Self::default, |header| Self {
            user: header.username.clone(),
            revision: header.auth_revision,
        })
    }
}

/// What one user may do with keys: the union over his roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Keys that he may read.
    pub read: Ranges,
    /// Keys that he may write.
    pub write: Ranges,
}

/// Users and roles of the cluster: what applying the log has made of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Auth {
    enabled: bool,
    revision: u64,
    users: BTreeMap<String, User>,
    roles: BTreeMap<String, Role>,
    /// Derived from the two above, for each user.
    permissions: BTreeMap<String, Permissions>,
    /// Rows that are not as the store has them.
    changed: BTreeSet<AuthKey>,
}

impl Default for Auth {
    /// A new cluster: everybody may do everything. etcd counts from 1.
    fn default() -> Self {
        Self {
            enabled: false,
            revision: 1,
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            permissions: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl Auth {
    /// Takes over what a store holds.
    #[must_use]
    pub fn open(rows: Vec<AuthRow>) -> Self {
        let mut auth = Self::default();
        for row in rows {
            match row {
                AuthRow::State(state) => {
                    auth.enabled = state.enabled;
                    auth.revision = state.revision.max(1);
                }
                AuthRow::User(name, user) => drop(auth.users.insert(name, user)),
                AuthRow::Role(name, role) => drop(auth.roles.insert(name, role)),
            }
        }
        auth.merge_all();
        auth
    }

    /// Whether who asks must say who it is.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The number of the last change of users and roles.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// All users, in order of their names.
    pub fn users(&self) -> impl Iterator<Item = (&str, &User)> {
        self.users.iter().map(|(name, user)| (name.as_str(), user))
    }

    /// All roles, in order of their names.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.roles.iter().map(|(name, role)| (name.as_str(), role))
    }

    /// A user.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// What a user may do with keys, beside what the role `root` lets him do.
    #[must_use]
    pub fn permissions(&self, user: &str) -> Option<&Permissions> {
        self.permissions.get(user)
    }

    /// Carries out an entry of the log; `None` when it is about something else. `Authenticate` is not
    /// here: what it changes is the tokens of a member.
    pub(crate) fn apply(
        &mut self,
        who: &AuthInfo,
        request: &InternalRaftRequest,
    ) -> Option<Result<Response, Error>> {
        if is_for_admins(request)
            && let Err(error) = self.check_admin(who)
        {
            return Some(Err(error));
        }
        self.apply_state(request)
            .or_else(|| self.apply_user(who, request))
            .or_else(|| self.apply_role(who, request))
    }

    fn apply_state(&mut self, request: &InternalRaftRequest) -> Option<Result<Response, Error>> {
        if request.auth_enable.is_some() {
            return Some(self.enable().map(|()| AuthEnableResponse::default().into()));
        }
        if request.auth_disable.is_some() {
            self.disable();
            return Some(Ok(AuthDisableResponse::default().into()));
        }
        if request.auth_status.is_some() {
            let (enabled, auth_revision) = (self.enabled, self.revision);
            return Some(Ok(AuthStatusResponse { header: None, enabled, auth_revision }.into()));
        }
        None
    }

    fn apply_user(
        &mut self,
        who: &AuthInfo,
        request: &InternalRaftRequest,
    ) -> Option<Result<Response, Error>> {
        if let Some(add) = &request.auth_user_add {
            return Some(self.add_user(add).map(Response::UserAdd));
        }
        if let Some(delete) = &request.auth_user_delete {
            return Some(self.delete_user(&delete.name).map(Response::UserDelete));
        }
        if let Some(get) = &request.auth_user_get {
            return Some(self.get_user(who, &get.name).map(Response::UserGet));
        }
        if let Some(change) = &request.auth_user_change_password {
            return Some(self.change_password(change).map(Response::UserChangePassword));
        }
        if let Some(grant) = &request.auth_user_grant_role {
            return Some(self.grant_role(&grant.user, &grant.role).map(Response::UserGrantRole));
        }
        if let Some(revoke) = &request.auth_user_revoke_role {
            return Some(
                self.revoke_role(&revoke.name, &revoke.role).map(Response::UserRevokeRole),
            );
        }
        request.auth_user_list.as_ref().map(|_| Ok(Response::UserList(self.list_users())))
    }

    fn apply_role(
        &mut self,
        who: &AuthInfo,
        request: &InternalRaftRequest,
    ) -> Option<Result<Response, Error>> {
        if let Some(add) = &request.auth_role_add {
            return Some(self.add_role(&add.name).map(Response::RoleAdd));
        }
        if let Some(delete) = &request.auth_role_delete {
            return Some(self.delete_role(&delete.role).map(Response::RoleDelete));
        }
        if let Some(get) = &request.auth_role_get {
            return Some(self.get_role(who, &get.role).map(Response::RoleGet));
        }
        if let Some(grant) = &request.auth_role_grant_permission {
            return Some(self.grant_permission(grant).map(Response::RoleGrantPermission));
        }
        if let Some(revoke) = &request.auth_role_revoke_permission {
            return Some(self.revoke_permission(revoke).map(Response::RoleRevokePermission));
        }
        request.auth_role_list.as_ref().map(|_| Ok(Response::RoleList(self.list_roles())))
    }

    /// From now on nobody may do anything without a user. It counts as no change of users and roles.
    fn enable(&mut self) -> Result<(), Error> {
        if self.enabled {
            return Ok(());
        }
        let root = self.users.get(ROOT).ok_or(Error::ROOT_USER_NOT_EXIST)?;
        if !has_role(root, ROOT) {
            return Err(Error::ROOT_ROLE_NOT_EXIST);
        }
        self.enabled = true;
        self.changed.insert(AuthKey::State);
        Ok(())
    }

    fn disable(&mut self) {
        if self.enabled {
            self.enabled = false;
            self.commit();
        }
    }

    /// One more change of users and roles.
    fn commit(&mut self) {
        self.revision += 1;
        self.changed.insert(AuthKey::State);
    }

    /// What the next batch for the store must hold.
    pub(crate) fn take_rows(&mut self) -> Vec<(AuthKey, Option<AuthRow>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| (key.clone(), self.row(&key))).collect()
    }

    fn row(&self, key: &AuthKey) -> Option<AuthRow> {
        match key {
            AuthKey::State => {
                let (enabled, revision) = (self.enabled, self.revision);
                Some(AuthRow::State(AuthState { enabled, revision }))
            }
            AuthKey::User(name) => {
                self.users.get(name).map(|user| AuthRow::User(name.clone(), user.clone()))
            }
            AuthKey::Role(name) => {
                self.roles.get(name).map(|role| AuthRow::Role(name.clone(), role.clone()))
            }
        }
    }

    /// Derives again what one user may do.
    fn merge(&mut self, name: &str) {
        let Some(user) = self.users.get(name) else {
            self.permissions.remove(name);
            return;
        };
        let mut merged = Permissions::default();
        let roles = user.roles.iter().filter_map(|role| self.roles.get(role));
        for permission in roles.flat_map(|role| &role.key_permission) {
            let kind = permission.perm_type();
            if kind != Type::Write {
                merged.read.add(&permission.key, &permission.range_end);
            }
            if kind != Type::Read {
                merged.write.add(&permission.key, &permission.range_end);
            }
        }
        self.permissions.insert(name.to_owned(), merged);
    }

    /// Derives again what the users of one role may do.
    fn merge_users_of(&mut self, role: &str) {
        let users: Vec<String> = self
            .users
            .iter()
            .filter(|(_, user)| has_role(user, role))
            .map(|(name, _)| name.clone())
            .collect();
        users.iter().for_each(|name| self.merge(name));
    }

    fn merge_all(&mut self) {
        let users: Vec<String> = self.users.keys().cloned().collect();
        users.iter().for_each(|name| self.merge(name));
    }
}

/// Roles of a user are kept in order.
fn has_role(user: &User, role: &str) -> bool {
    user.roles.binary_search_by(|known| known.as_str().cmp(role)).is_ok()
}

/// What only users with the role `root` may ask (etcd `needAdminPermission`).
fn is_for_admins(request: &InternalRaftRequest) -> bool {
    request.auth_enable.is_some()
        || request.auth_disable.is_some()
        || request.auth_status.is_some()
        || request.auth_user_add.is_some()
        || request.auth_user_delete.is_some()
        || request.auth_user_change_password.is_some()
        || request.auth_user_grant_role.is_some()
        || request.auth_user_revoke_role.is_some()
        || request.auth_user_list.is_some()
        || request.auth_role_add.is_some()
        || request.auth_role_delete.is_some()
        || request.auth_role_grant_permission.is_some()
        || request.auth_role_revoke_permission.is_some()
        || request.auth_role_list.is_some()
}
