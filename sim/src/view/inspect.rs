//! The inspector: one member's peers, WAL bytes and keys.

use bytes::Bytes;
use glasshouse_core::api::RangeRequest;
use glasshouse_core::id::member_id;
use glasshouse_core::lease::Lease;
use glasshouse_core::mvcc::{KeyHistory, Write};
use glasshouse_core::node::{NodeView, ProgressMode};
use glasshouse_core::order;
use glasshouse_core::wal;
use glasshouse_core::watch::WatchCounts;

use super::frame::{
    Inspector, KEYS_MAX, Keep, KeyChange, KeyRow, Keys, LEASES_MAX, LeaseRow, Peer,
    WAL_RECORD_BYTES_MAX, WAL_RECORDS_MAX, WalRecord, WalTail, Watching,
};
use super::look::Look;
use super::picture::alias;
use super::traffic::Traffic;
use super::words::shown;
use crate::clock::MICROS;
use crate::disk::SegmentView;
use crate::place::MemberNo;
use crate::world::{CommandLine, Flag, World};

/// Keys of a lease that are named.
const LEASE_KEYS_MAX: usize = 3;

/// Keys whose histories are looked at: enough for every lesson, little enough for every frame.
const HISTORIES_MAX: usize = 500;

/// Changes of one key that are shown.
const CHANGES_MAX: usize = 6;

/// Where the last look into a WAL segment ended, so that the next one need not read it whole.
#[derive(Debug, Default)]
pub(super) struct Inspect {
    member: Option<MemberNo>,
    segment: u64,
    /// Offset of the first record that was shown.
    from: u64,
}

impl Inspect {
    /// The inspector of a member, and the bytes of its store's file.
    pub(super) fn inspector(
        &mut self,
        world: &World,
        member: MemberNo,
        look: &Look,
        traffic: &Traffic,
    ) -> Option<(Inspector, u64)> {
        let (disk, line) = (world.disk(member), world.command_line(member));
        let seen = world.with_node(member, |node| {
            let peers: Vec<_> = node.progress();
            let voters: Vec<_> =
                node.membership().members().map(|peer| (peer.id, peer.is_learner)).collect();
            let calls = (node.open_calls(), node.refused_messages());
            (peers, voters, keys(&node, look), leases(&node), watches(&node), calls)
        });
        // Records name members by id; the page knows them as n1, n2, ...
        let name = |no: MemberNo| (world.member_id(no).to_string(), no.to_string());
        let names: Vec<(String, String)> = world.members().into_iter().map(name).collect();
        let mut inspector = Inspector {
            alias: alias(member),
            wal: disk
                .wal
                .last()
                .map(|segment| self.tail(member, segment, look, &names))
                .unwrap_or_default(),
            client_url: line.get(Flag::AdvertiseClient).to_owned(),
            peer_url: line.get(Flag::AdvertisePeer).to_owned(),
            token: line.token().to_owned(),
            is_hashed: is_hashed(world, member, &line),
            cluster_id: world.cluster_of(member).to_string(),
            command_line: line.to_string(),
            ..Inspector::default()
        };
        if let Some((peers, voters, keys, leases, watches, (open_calls, refused))) = seen {
            for peer in peers {
                let Some(no) = world.member_of_id(peer.id).filter(|no| *no != member) else {
                    continue;
                };
                inspector.peers.push(Peer {
                    alias: alias(no),
                    mode: mode(peer.mode).to_string(),
                    matched: peer.matched,
                    next: peer.next,
                    heard_us: traffic.heard(member, no).map(|at| at / MICROS),
                    paused: peer.paused,
                });
            }
            order::sort_by_key(&mut inspector.peers, |peer| peer.alias);
            for (id, learner) in voters {
                if let Some(no) = world.member_of_id(id) {
                    let list =
                        if learner { &mut inspector.learners } else { &mut inspector.voters };
                    list.push(alias(no));
                }
            }
            order::sort(&mut inspector.voters);
            inspector.keys = keys;
            (inspector.leases, inspector.lease_count, inspector.counts_leases) = leases;
            inspector.watches = watches;
            inspector.open_calls = open_calls as u64;
            inspector.refused_messages = refused;
        }
        Some((inspector, disk.store_live_len))
    }

    /// The last records of a segment.
    fn tail(
        &mut self,
        member: MemberNo,
        segment: &SegmentView,
        look: &Look,
        names: &[(String, String)],
    ) -> WalTail {
        let live = segment.live.len() as u64;
        if self.member != Some(member) || self.segment != segment.number || self.from > live {
            *self = Self { member: Some(member), segment: segment.number, from: 0 };
        }
        let same = common(&segment.live, &segment.durable);
        let from = usize::try_from(self.from).expect("below the length of the segment");
        let views = wal::dump(&segment.live.slice(from..));
        let mut records: Vec<WalRecord> = Vec::new();
        let mut end = self.from;
        for view in &views {
            let offset = self.from + view.offset;
            end = offset + view.len;
            let keep = match (end <= same, look.lost_cache) {
                (true, _) => Keep::Durable,
                (false, true) => Keep::Lost,
                (false, false) => Keep::Cached,
            };
            records.push(WalRecord {
                offset,
                len: view.len,
                kind: format!("{:?}", view.kind).to_lowercase(),
                words: names
                    .iter()
                    .fold(view.words.clone(), |words, (id, no)| words.replace(id, no)),
                crc: format!("{:08x}", view.crc),
                keep,
                bad: false,
                hex: hex(&segment.live, offset, view.len),
            });
        }
        if end < live {
            records.push(WalRecord {
                offset: end,
                len: live - end,
                kind: "unreadable".to_string(),
                words: "no valid record".to_string(),
                keep: if live <= same { Keep::Durable } else { Keep::Cached },
                bad: true,
                hex: hex(&segment.live, end, live - end),
                ..WalRecord::default()
            });
        }
        let skip = records.len().saturating_sub(WAL_RECORDS_MAX);
        records.drain(..skip);
        if let Some(first) = records.first().filter(|record| !record.bad) {
            self.from = first.offset;
        }
        WalTail { segment: segment.number, written: live, durable: same, records }
    }
}

/// Whether a member's id is what its command line would make it.
fn is_hashed(world: &World, member: MemberNo, line: &CommandLine) -> bool {
    let urls: Vec<&str> = line.get(Flag::AdvertisePeer).split(',').collect();
    member_id(&urls, line.token()) == world.member_id(member)
}

/// How many bytes at the beginning are the same.
fn common(live: &Bytes, durable: &Bytes) -> u64 {
    if durable.len() <= live.len() && live[..durable.len()] == durable[..] {
        return durable.len() as u64;
    }
    live.iter().zip(durable).take_while(|(a, b)| a == b).count() as u64
}

fn hex(bytes: &Bytes, offset: u64, len: u64) -> String {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(WAL_RECORD_BYTES_MAX);
    bytes[from..].iter().take(len).map(|byte| format!("{byte:02x}")).collect()
}

fn mode(mode: ProgressMode) -> &'static str {
    match mode {
        ProgressMode::Probe => "probe",
        ProgressMode::Replicate => "replicate",
        ProgressMode::Snapshot => "snapshot",
    }
}

/// The keys that changed last, each with a few of its changes.
/// The leases, how many there are, and whether their time is counted here.
fn leases(node: &NodeView<'_>) -> (Vec<LeaseRow>, u64, bool) {
    let row = |(id, lease): (i64, &Lease)| LeaseRow {
        id: format!("{id:x}"),
        ttl: lease.ttl,
        left: lease.seconds_left(),
        keys: lease.keys.iter().take(LEASE_KEYS_MAX).map(|key| shown(key)).collect(),
        key_count: lease.keys.len() as u64,
    };
    let lessor = node.lessor();
    let rows = lessor.leases().take(LEASES_MAX).map(row).collect();
    (rows, lessor.len() as u64, node.lease_deadlines().is_some())
}

fn watches(node: &NodeView<'_>) -> Watching {
    let WatchCounts { streams, watchers, synced, untaken } = node.watches().counts();
    Watching { streams, watchers, synced, untaken }
}

fn keys(node: &NodeView<'_>, look: &Look) -> Keys {
    let mvcc = node.mvcc();
    let waiting = mvcc.undurable_rows().map(|row| row.revision.main).min();
    let stored = waiting.map_or(look.revision, |first| first - 1);
    let mut histories = mvcc.histories(b"", HISTORIES_MAX);
    order::sort_by_key(&mut histories, |key| std::cmp::Reverse(last_change(key)));
    histories.truncate(KEYS_MAX);
    order::sort_by(&mut histories, |a, b| a.key.cmp(&b.key));
    let change = |key: &KeyHistory, write: &Write| {
        let revision = write.revision.main;
        let keep = if revision <= stored { Keep::Durable } else { Keep::Cached };
        let at = RangeRequest { key: key.key.clone(), revision, ..RangeRequest::default() };
        let found = mvcc.range(&at).ok().and_then(|found| found.kvs.into_iter().next());
        let value = found.filter(|_| write.version > 0).map(|kv| shown(&kv.value));
        KeyChange { revision, value, keep, term: 0 }
    };
    let row = |key: &KeyHistory| {
        let from = key.writes.len().saturating_sub(CHANGES_MAX);
        let changes = key.writes[from..].iter().map(|write| change(key, write)).collect();
        KeyRow { key: shown(&key.key), changes }
    };
    Keys {
        revision: look.revision,
        compacted: look.compacted,
        stored,
        count: mvcc.live_keys(),
        rows: histories.iter().map(row).collect(),
    }
}

fn last_change(key: &KeyHistory) -> i64 {
    key.writes.last().map_or(0, |write| write.revision.main)
}
