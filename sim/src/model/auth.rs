//! Users and roles of the oracle: who may do what, asked the slow way.
//!
//! Nothing is merged or kept beside the lists that the log adds up to: a range is allowed when a walk over
//! all permissions of all roles of the user gets from its beginning to its end. It shares nothing with
//! [`glasshouse_core::auth`] but the messages.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use glasshouse_core::api::authpb::permission::Type;
use glasshouse_core::api::request_op::Request as Op;
use glasshouse_core::api::{InternalRaftRequest, PutRequest, Request, TxnRequest};

use super::Model;

/// A range of keys, and what is allowed with it.
type Grant = (Bytes, Bytes, i32);

/// Users and roles after some entry of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Auth {
    /// Who asks must say who it is.
    pub enabled: bool,
    /// Changes of users and roles so far; etcd counts from 1.
    pub changes: u64,
    /// The roles of each user.
    pub users: BTreeMap<String, BTreeSet<String>>,
    /// The permissions of each role.
    pub roles: BTreeMap<String, Vec<Grant>>,
}

impl Auth {
    /// Applies an entry; `false` when it is not about users and roles.
    pub(super) fn apply(&mut self, request: &InternalRaftRequest) -> bool {
        let user = request.header.as_ref().map_or("", |header| header.username.as_str());
        let is_admin = self.is_admin(user);
        let changed = if let Some(add) = &request.auth_user_add {
            is_admin && !add.name.is_empty() && self.add_user(&add.name)
        } else if let Some(delete) = &request.auth_user_delete {
            let locked = self.enabled && delete.name == "root";
            is_admin && !locked && self.users.remove(&delete.name).is_some()
        } else if let Some(change) = &request.auth_user_change_password {
            is_admin && self.users.contains_key(&change.name)
        } else if let Some(grant) = &request.auth_user_grant_role {
            let exists = grant.role == "root" || self.roles.contains_key(&grant.role);
            let roles = self.users.get_mut(&grant.user);
            is_admin && exists && roles.is_some_and(|roles| roles.insert(grant.role.clone()))
        } else if let Some(revoke) = &request.auth_user_revoke_role {
            let locked = self.enabled && revoke.name == "root" && revoke.role == "root";
            let roles = self.users.get_mut(&revoke.name);
            is_admin && !locked && roles.is_some_and(|roles| roles.remove(&revoke.role))
        } else if let Some(add) = &request.auth_role_add {
            is_admin && !add.name.is_empty() && self.add_role(&add.name)
        } else if let Some(delete) = &request.auth_role_delete {
            let locked = self.enabled && delete.role == "root";
            is_admin && !locked && self.delete_role(&delete.role)
        } else if let Some(grant) = &request.auth_role_grant_permission {
            is_admin
                && grant.perm.as_ref().is_some_and(|perm| {
                    let wanted = (perm.key.clone(), perm.range_end.clone(), perm.perm_type);
                    self.grant(&grant.name, wanted)
                })
        } else if let Some(revoke) = &request.auth_role_revoke_permission {
            is_admin && self.revoke(&revoke.role, (&revoke.key, &revoke.range_end))
        } else if request.auth_disable.is_some() {
            is_admin && std::mem::take(&mut self.enabled)
        } else if request.auth_enable.is_some() {
            self.enabled |= self.is_root("root");
            false
        } else {
            return false;
        };
        self.changes += u64::from(changed);
        true
    }

    fn add_user(&mut self, name: &str) -> bool {
        let new = !self.users.contains_key(name);
        self.users.entry(name.to_owned()).or_default();
        new
    }

    fn add_role(&mut self, name: &str) -> bool {
        let new = !self.roles.contains_key(name);
        self.roles.entry(name.to_owned()).or_default();
        new
    }

    fn delete_role(&mut self, name: &str) -> bool {
        let existed = self.roles.remove(name).is_some();
        if existed {
            for roles in self.users.values_mut() {
                roles.remove(name);
            }
        }
        existed
    }

    fn grant(&mut self, role: &str, wanted: Grant) -> bool {
        let (key, end, kind) = &wanted;
        let holds_a_key = end.is_empty() || end.as_ref() == b"\0" || key < end;
        let Some(grants) = self.roles.get_mut(role) else { return false };
        if key.is_empty() || !holds_a_key {
            return false;
        }
        // etcd looks at the first range only that does not begin before this one.
        let place = grants.partition_point(|(k, _, _)| k < key);
        match grants.get_mut(place) {
            Some(known) if (&known.0, &known.1) == (key, end) => known.2 = *kind,
            _ => grants.insert(grants.partition_point(|(k, _, _)| k <= key), wanted),
        }
        true
    }

    fn revoke(&mut self, role: &str, (key, end): (&Bytes, &Bytes)) -> bool {
        let Some(grants) = self.roles.get_mut(role) else { return false };
        let before = grants.len();
        grants.retain(|(k, e, _)| (k, e) != (key, end));
        grants.len() < before
    }

    /// He may change users and members, as anybody while auth is off.
    pub(super) fn is_admin(&self, user: &str) -> bool {
        !self.enabled || self.is_root(user)
    }

    /// He may do everything.
    #[must_use]
    pub fn is_root(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|roles| roles.contains("root"))
    }

    /// Whether a user may read, or write, all keys of a range.
    fn may(&self, user: &str, write: bool, key: &[u8], range_end: &[u8]) -> bool {
        let Some(roles) = self.users.get(user) else { return !self.enabled };
        if !self.enabled || self.is_root(user) {
            return true;
        }
        let other = if write { Type::Read } else { Type::Write } as i32;
        let grants: Vec<_> = roles
            .iter()
            .filter_map(|role| self.roles.get(role))
            .flatten()
            .filter(|(_, _, kind)| *kind != other)
            .map(|(key, end, _)| (key.to_vec(), end_of(key, end)))
            .collect();
        let goal = end_of(key, range_end);
        let mut at = key.to_vec();
        // From one grant that holds the place to the end of it, until nothing is left of the range.
        loop {
            let further = grants
                .iter()
                .filter(|(from, to)| *from <= at && to.as_ref().is_none_or(|to| *to > at))
                .map(|(_, to)| to.clone());
            match (further.max_by_key(|to| (to.is_none(), to.clone())), &goal) {
                (None, _) => return false,
                (Some(None), _) => return true,
                (Some(Some(to)), Some(goal)) if to >= *goal => return true,
                (Some(Some(to)), _) => at = to,
            }
        }
    }

    /// Whether a client's request is one that this user may make, as far as keys are concerned that it
    /// names: which keys a lease has is another matter.
    #[must_use]
    pub fn allows(&self, user: &str, request: &Request) -> bool {
        match request {
            Request::Range(range) => self.may(user, false, &range.key, &range.range_end),
            Request::Put(put) => self.allows_put(user, put, None),
            Request::DeleteRange(delete) => self.may(user, true, &delete.key, &delete.range_end),
            Request::Txn(txn) => self.allows_txn(user, txn, None),
            Request::Compact(_) => !self.enabled || self.is_root(user),
            _ => true,
        }
    }

    /// Whether an entry of the log may do what it says.
    pub(super) fn allows_entry(&self, entry: &InternalRaftRequest, model: &Model) -> bool {
        let Some(header) = entry.header.as_ref().filter(|_| self.enabled) else {
            return !self.enabled;
        };
        let user = header.username.as_str();
        let of_today = header.auth_revision == self.changes + 1;
        if let Some(put) = &entry.put {
            of_today && self.allows_put(user, put, Some(model))
        } else if let Some(delete) = &entry.delete_range {
            of_today && self.may(user, true, &delete.key, &delete.range_end)
        } else if let Some(txn) = &entry.txn {
            // One that touches no key is not asked about any.
            let empty = txn.compare.is_empty() && txn.success.is_empty() && txn.failure.is_empty();
            empty || of_today && self.allows_txn(user, txn, Some(model))
        } else if let Some(revoke) = &entry.lease_revoke {
            let keys = model.keys_of(revoke.id);
            self.is_root(user) || keys.iter().all(|key| of_today && self.may(user, true, key, b""))
        } else if entry.compaction.is_some() {
            self.is_root(user)
        } else {
            true
        }
    }

    /// With a model, the keys of the lease count, too.
    fn allows_put(&self, user: &str, put: &PutRequest, model: Option<&Model>) -> bool {
        let lease = Some(put.lease).filter(|id| *id != 0);
        let of_lease = || match (model, lease) {
            (Some(model), Some(lease)) => model.keys_of(lease),
            _ => BTreeSet::new(),
        };
        self.may(user, true, &put.key, b"")
            && (!put.prev_kv || self.may(user, false, &put.key, b""))
            && of_lease().iter().all(|key| self.may(user, true, key, b""))
    }

    fn allows_txn(&self, user: &str, txn: &TxnRequest, model: Option<&Model>) -> bool {
        let compares = txn.compare.iter().all(|c| self.may(user, false, &c.key, &c.range_end));
        let ops = txn.success.iter().chain(&txn.failure).filter_map(|op| op.request.as_ref());
        compares
            && ops.into_iter().all(|op| match op {
                Op::RequestRange(range) => self.may(user, false, &range.key, &range.range_end),
                Op::RequestPut(put) => self.allows_put(user, put, model),
                Op::RequestDeleteRange(delete) => {
                    self.may(user, true, &delete.key, &delete.range_end)
                }
                Op::RequestTxn(txn) => self.allows_txn(user, txn, model),
            })
    }
}

/// Where a range ends; `None` for nowhere.
fn end_of(key: &[u8], range_end: &[u8]) -> Option<Vec<u8>> {
    match range_end {
        [] => Some([key, b"\0"].concat()),
        [0] => None,
        end => Some(end.to_vec()),
    }
}
