//! A small etcd as the oracle: the store that the committed log adds up to.
//!
//! It applies every committed entry once, in order, and keeps all versions of every key, so it can
//! say what a correct member answers at any revision. It is written to be read next to etcd's
//! documentation, and shares nothing with [`glasshouse_core::mvcc`] but the messages: a mistake
//! would have to be made twice to go unnoticed.

mod auth;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use glasshouse_core::api::compare::{CompareResult, CompareTarget, TargetUnion};
use glasshouse_core::api::request_op::Request as Op;
use glasshouse_core::api::{
    AlarmRequest, AlarmType, Compare, DeleteRangeRequest, InternalRaftRequest, KeyValue,
    PutRequest, TxnRequest, alarm_request::AlarmAction,
};
use glasshouse_core::limits::LEASE_TTL_SECONDS_MAX;
use glasshouse_core::order;
use prost::Message as _;

pub use self::auth::Auth;

/// A key from one revision to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The revision that made it.
    pub revision: i64,
    /// The revision at which the key began to exist.
    pub created: i64,
    /// Puts since then.
    pub version: i64,
    /// The value; `None` says that the key was deleted.
    pub value: Option<Bytes>,
    /// The lease that it is attached to, or 0.
    pub lease: i64,
}

impl Version {
    /// The key was deleted at this revision.
    fn gone(revision: i64) -> Self {
        Self { revision, created: 0, version: 0, value: None, lease: 0 }
    }
}

/// One change of one key by a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Bytes,
    /// What it was, if it existed.
    pub before: Option<Version>,
    /// What it became.
    pub after: Version,
}

/// All keys with their past.
#[derive(Clone, Debug)]
pub struct Model {
    keys: BTreeMap<Bytes, Vec<Version>>,
    revision: i64,
    compacted: i64,
    alarms: BTreeSet<(u64, i32)>,
    /// Members whose `NOSPACE` is their own word, which only they take back.
    own_word: BTreeSet<u64>,
    /// Members that were removed: nobody hears them any more.
    removed: BTreeSet<u64>,
    /// Seconds for which each lease was granted.
    leases: BTreeMap<i64, i64>,
    /// Users and roles; shared, because checkers keep old ones.
    auth: Arc<Auth>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
            revision: 1,
            compacted: 0,
            alarms: BTreeSet::new(),
            own_word: BTreeSet::new(),
            removed: BTreeSet::new(),
            leases: BTreeMap::new(),
            auth: Arc::default(),
        }
    }
}

/// The bounds of etcd's `key` and `range_end`: one key, everything from a key on (`\0`), or
/// everything between two.
fn bounds(key: &Bytes, end: &Bytes) -> (Bound<Bytes>, Bound<Bytes>) {
    let from = Bound::Included(key.clone());
    match end.as_ref() {
        [] => (from.clone(), from),
        [0] => (from, Bound::Unbounded),
        _ => (from, Bound::Excluded(end.clone().max(key.clone()))),
    }
}

impl Model {
    /// The revision of the last transaction that changed something.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The revision below which history is forgotten.
    #[must_use]
    pub fn compacted(&self) -> i64 {
        self.compacted
    }

    /// Applies the payload of a committed entry; gives what it changed, in order of keys.
    pub fn apply(&mut self, payload: &Bytes) -> Vec<Change> {
        let Ok(request) = InternalRaftRequest::decode(payload.clone()) else { return Vec::new() };
        let next = self.revision + 1;
        let mut changed = BTreeMap::new();
        if let Some(alarm) = request.alarm {
            self.apply_alarm(&alarm);
        } else if let Some(space) = request.space {
            self.apply_space(space.member_id, space.exhausted);
        } else if self.apply_auth(&request)
            || self.stands(AlarmType::Corrupt)
            || !self.auth.allows_entry(&request, self)
        {
        } else if let Some(put) = request.put {
            if !self.stands(AlarmType::Nospace) && self.allows(&put) {
                self.put(&put, next, &mut changed);
            }
        } else if let Some(delete) = request.delete_range {
            self.delete(&delete, next, &mut changed);
        } else if let Some(txn) = request.txn {
            let refused = self.stands(AlarmType::Nospace) && puts_something(&txn);
            let mut steps = Vec::new();
            self.choose(&txn, &mut steps);
            if !refused && steps.iter().all(|step| self.allows_step(step)) {
                for step in steps {
                    match step {
                        Op::RequestPut(put) => self.put(put, next, &mut changed),
                        Op::RequestDeleteRange(delete) => self.delete(delete, next, &mut changed),
                        Op::RequestRange(_) | Op::RequestTxn(_) => {}
                    }
                }
            }
        } else if let Some(compaction) = request.compaction {
            self.compact(compaction.revision);
        } else if let Some(grant) = request.lease_grant {
            if !self.stands(AlarmType::Nospace) && grant.ttl <= LEASE_TTL_SECONDS_MAX {
                self.leases.entry(grant.id).or_insert(grant.ttl);
            }
        } else if let Some(revoke) = request.lease_revoke
            && self.leases.remove(&revoke.id).is_some()
        {
            for key in self.keys_of(revoke.id) {
                changed.insert(key, Version::gone(next));
            }
        }
        let before = self.revision;
        let changes: Vec<Change> = changed
            .into_iter()
            .map(|(key, after)| Change { before: self.at(&key, before).cloned(), key, after })
            .collect();
        if !changes.is_empty() {
            self.revision = next;
            for Change { key, after, .. } in &changes {
                self.keys.entry(key.clone()).or_default().push(after.clone());
            }
        }
        changes
    }

    // --- reading ---

    /// Users and roles.
    #[must_use]
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// The leases, and for how many seconds each was granted.
    pub fn leases(&self) -> impl Iterator<Item = (i64, i64)> {
        self.leases.iter().map(|(id, ttl)| (*id, *ttl))
    }

    /// For how many seconds a lease was granted, if it was and has not been revoked.
    #[must_use]
    pub fn lease(&self, id: i64) -> Option<i64> {
        self.leases.get(&id).copied()
    }

    /// The keys that are attached to a lease now, in order.
    #[must_use]
    pub fn keys_of(&self, lease: i64) -> BTreeSet<Bytes> {
        let attached =
            |key: &&Bytes| self.at(key, self.revision).is_some_and(|now| now.lease == lease);
        order::set(self.keys.keys().filter(attached).cloned())
    }

    /// The key as it was at a revision, if it existed.
    #[must_use]
    pub fn at(&self, key: &[u8], revision: i64) -> Option<&Version> {
        let versions = self.keys.get(key)?;
        let later = versions.partition_point(|version| version.revision <= revision);
        versions[..later].last().filter(|version| version.value.is_some())
    }

    /// The keys of a range that existed at a revision, in order.
    pub fn range(
        &self,
        key: &Bytes,
        end: &Bytes,
        revision: i64,
    ) -> impl Iterator<Item = (&Bytes, &Version)> {
        let keys = self.keys.range(bounds(key, end)).map(|(key, _)| key);
        keys.filter_map(move |key| Some((key, self.at(key, revision)?)))
    }

    /// Whether a pair is exactly what the key was at a revision.
    #[must_use]
    pub fn agrees(&self, pair: &KeyValue, revision: i64) -> bool {
        self.at(&pair.key, revision).is_some_and(|version| {
            (version.revision, version.created, version.version)
                == (pair.mod_revision, pair.create_revision, pair.version)
                && version.lease == pair.lease
                && version.value.as_ref() == Some(&pair.value)
        })
    }

    // --- writing ---

    /// Whether an entry is about users and roles; then it is carried out.
    fn apply_auth(&mut self, request: &InternalRaftRequest) -> bool {
        let mut next = (*self.auth).clone();
        let is_about_users = next.apply(request);
        if is_about_users {
            self.auth = Arc::new(next);
        }
        is_about_users
    }

    fn now(&self, key: &[u8], changed: &BTreeMap<Bytes, Version>) -> Option<Version> {
        match changed.get(key) {
            Some(version) => Some(version.clone()).filter(|version| version.value.is_some()),
            None => self.at(key, self.revision).cloned(),
        }
    }

    fn put(&self, put: &PutRequest, next: i64, changed: &mut BTreeMap<Bytes, Version>) {
        let before = self.now(&put.key, changed);
        let kept = before.as_ref().filter(|_| put.ignore_value).and_then(|v| v.value.clone());
        let lease = before.as_ref().filter(|_| put.ignore_lease).map(|version| version.lease);
        let version = Version {
            revision: next,
            created: before.as_ref().map_or(next, |version| version.created),
            version: before.as_ref().map_or(0, |version| version.version) + 1,
            value: Some(kept.unwrap_or_else(|| put.value.clone())),
            lease: lease.unwrap_or(put.lease),
        };
        changed.insert(put.key.clone(), version);
    }

    fn delete(
        &self,
        delete: &DeleteRangeRequest,
        next: i64,
        changed: &mut BTreeMap<Bytes, Version>,
    ) {
        let within = bounds(&delete.key, &delete.range_end);
        let stored = self.keys.range(within.clone()).map(|(key, _)| key.clone());
        let fresh = changed.range(within).map(|(key, _)| key.clone());
        for key in order::set(stored.chain(fresh)) {
            if self.now(&key, changed).is_some() {
                changed.insert(key, Version::gone(next));
            }
        }
    }

    /// A put names a lease that was granted, and one that keeps something needs a key to keep it of.
    fn allows(&self, put: &PutRequest) -> bool {
        let keeps = put.ignore_value || put.ignore_lease;
        let granted = put.lease == 0 || self.leases.contains_key(&put.lease);
        granted && (!keeps || self.at(&put.key, self.revision).is_some())
    }

    fn allows_step(&self, step: &Op) -> bool {
        match step {
            Op::RequestPut(put) => self.allows(put),
            Op::RequestRange(range) => {
                let asked = range.revision;
                asked <= self.revision && (asked <= 0 || asked >= self.compacted)
            }
            Op::RequestDeleteRange(_) | Op::RequestTxn(_) => true,
        }
    }

    /// The operations of a transaction that its compares choose; nested compares, too, see the
    /// store as it was before.
    fn choose<'a>(&self, txn: &'a TxnRequest, steps: &mut Vec<&'a Op>) {
        let succeeded = txn.compare.iter().all(|compare| self.holds(compare));
        let ops = if succeeded { &txn.success } else { &txn.failure };
        for op in ops.iter().filter_map(|op| op.request.as_ref()) {
            match op {
                Op::RequestTxn(nested) => self.choose(nested, steps),
                op => steps.push(op),
            }
        }
    }

    /// A compare holds if it holds for every key of its range. Where there is no key, the numbers
    /// are zero and a value compares false.
    fn holds(&self, compare: &Compare) -> bool {
        let mut found = self.range(&compare.key, &compare.range_end, self.revision).peekable();
        if found.peek().is_some() {
            return found.all(|(_, version)| holds_for(compare, version));
        }
        let absent = Version::gone(0);
        compare.target() != CompareTarget::Value && holds_for(compare, &absent)
    }

    fn compact(&mut self, revision: i64) {
        if revision <= self.compacted || revision > self.revision {
            return;
        }
        self.compacted = revision;
        self.keys.retain(|_, versions| {
            let later = versions.partition_point(|version| version.revision <= revision);
            // The last version at the compacted revision stays readable, unless it is a deletion.
            let gone = later > 0 && versions[later - 1].value.is_none();
            versions.drain(..if gone { later } else { later.saturating_sub(1) });
            !versions.is_empty()
        });
    }

    fn stands(&self, alarm: AlarmType) -> bool {
        self.alarms.iter().any(|&(_, kind)| kind == alarm as i32)
    }

    fn apply_alarm(&mut self, request: &AlarmRequest) {
        let one = (request.member_id, request.alarm);
        match AlarmAction::try_from(request.action) {
            Ok(AlarmAction::Activate) if request.alarm != AlarmType::None as i32 => {
                self.alarms.insert(one);
                self.forget_word(one);
            }
            Ok(AlarmAction::Deactivate) => {
                self.alarms.remove(&one);
                self.forget_word(one);
            }
            _ => {}
        }
    }

    /// A client raised or cleared this alarm: it is nobody's own word any more.
    fn forget_word(&mut self, (member, kind): (u64, i32)) {
        if kind == AlarmType::Nospace as i32 {
            self.own_word.remove(&member);
        }
    }

    /// A member says that it has no room, or takes that back.
    fn apply_space(&mut self, member: u64, exhausted: bool) {
        let one = (member, AlarmType::Nospace as i32);
        if self.removed.contains(&member) {
        } else if exhausted {
            if self.alarms.insert(one) {
                self.own_word.insert(member);
            }
        } else if self.own_word.remove(&member) {
            self.alarms.remove(&one);
        }
    }

    /// A committed entry removes a member, if its user may: its word goes with it.
    pub fn on_removal(&mut self, member: u64, user: &str) {
        if self.auth.is_admin(user) {
            self.apply_space(member, false);
            self.removed.insert(member);
        }
    }
}

fn puts_something(txn: &TxnRequest) -> bool {
    let mut ops = txn.success.iter().chain(&txn.failure).filter_map(|op| op.request.as_ref());
    ops.any(|op| match op {
        Op::RequestPut(_) => true,
        Op::RequestTxn(nested) => puts_something(nested),
        Op::RequestRange(_) | Op::RequestDeleteRange(_) => false,
    })
}

fn holds_for(compare: &Compare, version: &Version) -> bool {
    let order = match (&compare.target_union, compare.target()) {
        (Some(TargetUnion::Version(asked)), CompareTarget::Version) => version.version.cmp(asked),
        (Some(TargetUnion::CreateRevision(asked)), CompareTarget::Create) => {
            version.created.cmp(asked)
        }
        (Some(TargetUnion::ModRevision(asked)), CompareTarget::Mod) => version.revision.cmp(asked),
        (Some(TargetUnion::Lease(asked)), CompareTarget::Lease) => version.lease.cmp(asked),
        (asked, CompareTarget::Value) => {
            let own = version.value.as_deref().unwrap_or_default();
            own.cmp(match asked {
                Some(TargetUnion::Value(value)) => value,
                _ => &[],
            })
        }
        // A request that names one number and brings another compares with zero.
        (_, CompareTarget::Version) => version.version.cmp(&0),
        (_, CompareTarget::Create) => version.created.cmp(&0),
        (_, CompareTarget::Mod) => version.revision.cmp(&0),
        (_, CompareTarget::Lease) => version.lease.cmp(&0),
    };
    match compare.result() {
        CompareResult::Equal => order.is_eq(),
        CompareResult::Greater => order.is_gt(),
        CompareResult::Less => order.is_lt(),
        CompareResult::NotEqual => order.is_ne(),
    }
}

#[cfg(test)]
mod tests;
