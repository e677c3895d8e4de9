//! What one member was, at any moment.

use std::collections::BTreeMap;

use bytes::Bytes;
use glasshouse_core::api::InternalRaftRequest;
use glasshouse_core::id::{ClusterId, MemberId};
use glasshouse_core::node::{EntryKind, EntryView, NodeView, Role};
use prost::Message as _;

use super::series::{Moment, Series};
use crate::trace::{Life, Standing, TraceHash};

/// An entry of a log, without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The term of the leader that made it.
    pub term: u64,
    /// A hash over kind and payload: equal entries have equal ones.
    pub digest: u64,
    /// The key that it puts, if it is a put of one key.
    pub put: Option<(Bytes, Bytes)>,
}

impl Entry {
    fn of(entry: &EntryView) -> Self {
        let mut hash = TraceHash::new();
        hash.word(match entry.kind {
            EntryKind::Empty => 0,
            EntryKind::Request => 1,
            EntryKind::ConfChange => 2,
        });
        hash.bytes(&entry.data);
        let request = (entry.kind == EntryKind::Request)
            .then(|| InternalRaftRequest::decode(entry.data.clone()).ok())
            .flatten();
        let put = request.and_then(|request| request.put).map(|put| (put.key, put.value));
        Self { term: entry.term, digest: hash.value(), put }
    }
}

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The value.
    pub value: Bytes,
    /// Revision of the first put of this generation.
    pub create_rev: i64,
    /// Revision of the last put.
    pub mod_rev: i64,
    /// Puts of this generation.
    pub version: i64,
    /// The lease that it hangs on; 0 for none.
    pub lease: i64,
}

/// Who is in the cluster, as a member has applied it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Members with a vote.
    pub voters: Vec<MemberId>,
    /// Members without one.
    pub learners: Vec<MemberId>,
}

/// What one member was, at any moment.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Its id in the cluster; a machine that joins again has another one.
    pub id: Series<MemberId>,
    /// Its cluster; a machine may start as a member of another one.
    pub cluster: Series<ClusterId>,
    /// The name that its process publishes (`--name`).
    pub name: Series<String>,
    /// The URLs for clients under which it stands in its own list of the members.
    pub client_urls: Series<Vec<String>>,
    /// It runs and takes part (also while it stands still).
    pub up: Series<bool>,
    /// It stands still (SIGSTOP).
    pub frozen: Series<bool>,
    /// Role, term, vote, leader; of a member that is down the last that was known.
    pub standing: Series<Standing>,
    /// Commit index.
    pub commit: Series<u64>,
    /// Applied index.
    pub applied: Series<u64>,
    /// First index of the log.
    pub first: Series<u64>,
    /// Last index of the log.
    pub last: Series<u64>,
    /// Last index that is on its own disk, as the node was told.
    pub durable: Series<u64>,
    /// Revision of the store.
    pub revision: Series<i64>,
    /// Compacted revision of the store.
    pub compacted: Series<i64>,
    /// Configuration.
    pub config: Series<Config>,
    /// The process has just read its disk: what it was before does not count.
    fresh: bool,
    log: BTreeMap<u64, Series<Option<Entry>>>,
    keys: BTreeMap<Bytes, Series<Option<Version>>>,
}

/// What a look at a member has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) changed: bool,
    pub(super) truncated: Option<(u64, u64)>,
}

impl Book {
    /// The entry of its log at an index.
    #[must_use]
    pub fn entry(&self, index: u64, at: Moment) -> Option<&Entry> {
        self.log.get(&index)?.at(at)?.as_ref()
    }

    /// Indexes at which its log ever held an entry, and what it held.
    pub fn log(&self) -> impl Iterator<Item = (u64, &Series<Option<Entry>>)> {
        self.log.iter().map(|(index, series)| (*index, series))
    }

    /// What a key of its store holds.
    #[must_use]
    pub fn key(&self, key: &[u8], at: Moment) -> Option<&Version> {
        self.keys.get(key)?.at(at)?.as_ref()
    }

    /// The term that it leads, while it runs and is not frozen.
    #[must_use]
    pub fn leads(&self, at: Moment) -> Option<u64> {
        let standing = self.standing.at(at)?;
        let runs = self.up.at(at) == Some(&true) && self.frozen.at(at) != Some(&true);
        (runs && standing.role == Role::Leader).then_some(standing.term)
    }

    pub(super) fn on_standing(&mut self, moment: Moment, standing: Standing) -> Option<Standing> {
        let fresh = std::mem::take(&mut self.fresh);
        let before = self.standing.last().copied().filter(|_| !fresh);
        self.standing.set(moment, standing);
        before
    }

    pub(super) fn on_life(&mut self, moment: Moment, step: &Life) {
        match step {
            Life::Up { .. } => {
                self.fresh = true;
                self.up.set(moment, true);
            }
            Life::Frozen => {
                self.frozen.set(moment, true);
            }
            Life::Thawed => {
                self.frozen.set(moment, false);
            }
            Life::Starting | Life::Stopping => {}
            Life::Killed
            | Life::Stopped
            | Life::PoweredOff
            | Life::Halted(_)
            | Life::Refused(_) => {
                self.up.set(moment, false);
                self.frozen.set(moment, false);
            }
        }
    }

    /// Compares a member with what was known of it.
    pub(super) fn look(&mut self, moment: Moment, view: NodeView<'_>) -> Seen {
        let mut seen = Seen::default();
        let mut changed = self.id.set(moment, view.id());
        changed |= self.cluster.set(moment, view.cluster_id());
        changed |= self.look_at_names(moment, view);
        changed |= self.applied.set(moment, view.applied());
        changed |= self.commit.set(moment, view.commit());
        changed |= self.durable.set(moment, view.durable_index());
        let log = self.look_at_log(moment, view);
        changed |= log.changed;
        seen.truncated = log.truncated;
        let before = self.revision.last().copied();
        let revision = view.mvcc().revision();
        if before != Some(revision) {
            changed = true;
            self.look_at_keys(moment, view, before);
            self.revision.set(moment, revision);
        }
        changed |= self.compacted.set(moment, view.mvcc().compacted().max(0));
        let known = self.config.last();
        let (mut voters, mut learners) = (Vec::new(), Vec::new());
        for member in view.membership().members() {
            if member.is_learner { &mut learners } else { &mut voters }.push(member.id);
        }
        if known.is_none_or(|known| known.voters != voters || known.learners != learners) {
            changed |= self.config.set(moment, Config { voters, learners });
        }
        seen.changed = changed;
        seen
    }

    /// Name and URLs; compared before they are copied, as this is done at every step.
    fn look_at_names(&mut self, moment: Moment, view: NodeView<'_>) -> bool {
        let mut changed = false;
        if self.name.last().is_none_or(|known| known != view.name()) {
            changed |= self.name.set(moment, view.name().to_owned());
        }
        let listed = view.membership().get(view.id());
        let urls = listed.map_or(&[][..], |member| &member.client_urls[..]);
        if self.client_urls.last().is_none_or(|known| known != urls) {
            changed |= self.client_urls.set(moment, urls.to_vec());
        }
        changed
    }

    /// The disk of the machine is empty.
    pub(super) fn forget_disk(&mut self, moment: Moment) {
        for series in self.log.values_mut() {
            series.set(moment, None);
        }
        for series in self.keys.values_mut() {
            series.set(moment, None);
        }
        self.last.set(moment, 0);
    }

    fn look_at_log(&mut self, moment: Moment, view: NodeView<'_>) -> Seen {
        let (first, last) = (view.first_index(), view.last_index());
        let known_last = self.last.last().copied().unwrap_or(0);
        let mut changed = self.first.set(moment, first);
        changed |= self.last.set(moment, last);
        // Logs that agree at one index agree up to it: look back to the first place that differs.
        let mut same = known_last.min(last);
        let known = |book: &Self, index: u64| {
            let entry = book.log.get(&index).and_then(Series::last)?;
            entry.as_ref().map(|entry| entry.term)
        };
        while same >= first && same > 0 && known(self, same) != view.term_at(same) {
            same -= 1;
        }
        let truncated =
            (known_last > same && known_last >= first).then_some((same + 1, known_last));
        if same < last {
            for entry in view.entries((same + 1).max(first), last) {
                let series = self.log.entry(entry.index).or_default();
                changed |= series.set(moment, Some(Entry::of(&entry)));
            }
        }
        for index in last + 1..=known_last {
            changed |= self.log.entry(index).or_default().set(moment, None);
        }
        Seen { changed, truncated }
    }

    fn look_at_keys(&mut self, moment: Moment, view: NodeView<'_>, before: Option<i64>) {
        let grown = before.is_some_and(|before| before < view.mvcc().revision());
        let mut next = before.unwrap_or(0);
        if grown {
            for (row, pair) in view.mvcc().changes_after(next) {
                next = row.revision.main;
                let version = (!row.tombstone).then(|| version_of(&pair));
                self.keys.entry(pair.key).or_default().set(moment, version);
            }
        }
        if !grown || next != view.mvcc().revision() {
            // It read its disk, or took a snapshot: the store is another one.
            self.look_at_all_keys(moment, view);
        }
    }

    fn look_at_all_keys(&mut self, moment: Moment, view: NodeView<'_>) {
        let all = glasshouse_core::api::RangeRequest {
            key: vec![0].into(),
            range_end: vec![0].into(),
            ..Default::default()
        };
        let Ok(found) = view.mvcc().range(&all) else { return };
        let mut gone: Vec<Bytes> = self.keys.keys().cloned().collect();
        for pair in found.kvs {
            if let Ok(place) = gone.binary_search(&pair.key) {
                gone.remove(place);
            }
            let version = version_of(&pair);
            self.keys.entry(pair.key).or_default().set(moment, Some(version));
        }
        for key in gone {
            self.keys.entry(key).or_default().set(moment, None);
        }
    }
}

fn version_of(pair: &glasshouse_core::api::KeyValue) -> Version {
    Version {
        value: pair.value.clone(),
        create_rev: pair.create_revision,
        mod_rev: pair.mod_revision,
        version: pair.version,
        lease: pair.lease,
    }
}
