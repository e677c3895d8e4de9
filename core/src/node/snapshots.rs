//! Snapshots on their way: from this member to slow ones, and from a leader to this one.
//!
//! [`crate::snapshot`] holds the two ends; this file ties them to raft, the store and the network.

use bytes::Bytes;
use prost::Message as _;
use protobuf::Message as _;
use raft::eraftpb::{Message, Snapshot, SnapshotMetadata};

use super::{Effect, Node, storing};
use crate::alarm::Alarms;
use crate::auth::Auth;
use crate::id::MemberId;
use crate::lease::Lessor;
use crate::membership::Membership;
use crate::mvcc::Mvcc;
use crate::peer::{Envelope, MessageInfo, MessageKind, SnapshotChunk, SnapshotChunkAck};
use crate::raft::{Base, Output, message};
use crate::snapshot::{Contents, MetaRow, Progress, Receiver, Sender, Verdict};
use crate::store::{MetaKey, StoreError, check_rows};
use crate::wal::Batch;

/// Meta rows that a snapshot carries.
const META: [MetaKey; 5] =
    [MetaKey::Applied, MetaKey::Members, MetaKey::Alarms, MetaKey::Compact, MetaKey::Revision];

/// A received snapshot that raft has taken and the store is swapping in.
pub(super) struct Installing {
    place: SnapshotMetadata,
    /// raft's output that brought it; it is persisted behind the swap.
    output: Output,
}

/// The sending side.
impl Node {
    /// raft wants to send a snapshot: open the store and start the transfer.
    pub(super) fn begin_snapshot(&mut self, message: Message, effects: &mut Vec<Effect>) {
        let to = MemberId(message.to);
        match self.new_sender(message) {
            Ok(Some(sender)) => {
                self.sending.insert(to, sender);
                self.pump(to, effects);
            }
            Ok(None) => self.raft.on_snapshot_sent(to, false),
            Err(error) => self.halt(error.to_string(), effects),
        }
    }

    fn new_sender(&mut self, mut message: Message) -> Result<Option<Sender>, StoreError> {
        let reader = self.store.snapshot()?;
        let mut contents = Contents::default();
        for key in META {
            if let Some(value) = reader.meta(key)? {
                contents.meta.push(MetaRow { key: u32::from(key as u8), value });
            }
        }
        // The store may have moved on since raft looked; what is sent is what the reader sees.
        let Some(place) = find(&contents, MetaKey::Applied)
            .and_then(|bytes| SnapshotMetadata::parse_from_bytes(bytes).ok())
        else {
            return Ok(None);
        };
        let (index, term) = (place.index, message.term);
        let mut snapshot = Snapshot::default();
        snapshot.set_metadata(place);
        snapshot.data = contents.encode_to_vec().into();
        message.set_snapshot(snapshot);
        self.next_transfer += 1;
        let bytes = message::encode(&message);
        let number = (self.next_transfer, self.tick);
        let chunk_bytes = self.config.snapshot_chunk_bytes;
        Ok(Some(Sender::new(number, (index, term), reader, bytes, chunk_bytes)))
    }

    pub(super) fn on_snapshot_ack(
        &mut self,
        from: MemberId,
        ack: &SnapshotChunkAck,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(sender) = self.sending.get_mut(&from) {
            sender.on_ack(ack, self.tick);
            self.pump(from, effects);
        }
    }

    /// Transfers go on, are repeated, or end; a member that no longer leads drops them.
    pub(super) fn tick_snapshots(&mut self, effects: &mut Vec<Effect>) {
        if !self.raft.is_leader() {
            self.sending.clear();
        }
        let receivers: Vec<MemberId> = self.sending.keys().copied().collect();
        for to in receivers {
            self.pump(to, effects);
        }
    }

    fn pump(&mut self, to: MemberId, effects: &mut Vec<Effect>) {
        let Some(sender) = self.sending.get_mut(&to) else { return };
        let parts = match sender.parts(self.tick) {
            Ok(parts) => parts,
            Err(error) => return self.halt(error.to_string(), effects),
        };
        let progress = sender.progress;
        for part in parts {
            let info = chunk_info(&part);
            self.send(to, info, &Envelope { chunk: Some(part), ..Envelope::default() }, effects);
        }
        if progress != Progress::Sending {
            self.sending.remove(&to);
            self.raft.on_snapshot_sent(to, progress == Progress::Arrived);
        }
    }
}

/// The receiving side.
impl Node {
    pub(super) fn on_snapshot_chunk(
        &mut self,
        from: MemberId,
        chunk: &SnapshotChunk,
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        check_rows(&chunk.rows).map_err(|_| "its rows are damaged")?;
        if let Some(last) = &chunk.last {
            self.check_last(from, last)?;
        }
        if self.storing.is_installing() {
            return Ok(());
        }
        if self.receiving.as_ref().is_none_or(|receiver| receiver.is_other(from, chunk)) {
            if chunk.part != 0 {
                // The beginning was before this life or before another transfer: start again.
                let ack =
                    SnapshotChunkAck { transfer: chunk.transfer, next_part: 0, refused: true };
                self.send_ack(from, ack, effects);
                return Ok(());
            }
            self.receiving = Some(Receiver::new(from, chunk));
        }
        let Some(receiver) = &mut self.receiving else { return Ok(()) };
        match receiver.on_part(chunk) {
            Verdict::Answer(ack) => self.send_ack(from, ack, effects),
            Verdict::Stage { first } => {
                let seq = self.stage(first, chunk.rows.clone(), effects);
                if let Some(receiver) = &mut self.receiving {
                    receiver.staging(seq, chunk);
                }
            }
        }
        Ok(())
    }

    /// raft's message in the last part must hold a whole snapshot before raft sees it.
    fn check_last(&self, from: MemberId, last: &Bytes) -> Result<(), &'static str> {
        let message = message::decode(last)?;
        message::check_snapshot(&self.raft, from, &message)?;
        let contents = contents_of(message.get_snapshot()).ok_or("its contents are damaged")?;
        let members = find(&contents, MetaKey::Members).ok_or("it names no members")?;
        Membership::from_bytes(members).map_err(|_| "its members are damaged")?;
        Ok(())
    }

    /// A part lies aside, durably.
    pub(super) fn on_part_stored(&mut self, seq: u64, effects: &mut Vec<Effect>) {
        let Some(receiver) = &mut self.receiving else { return };
        let Some((ack, last)) = receiver.on_stored(seq) else { return };
        let from = receiver.from;
        self.send_ack(from, ack, effects);
        if let Some(last) = last {
            self.receiving = None;
            if let Ok(message) = message::decode(&last) {
                self.raft.on_message(message);
            }
        }
    }

    fn send_ack(&mut self, to: MemberId, ack: SnapshotChunkAck, effects: &mut Vec<Effect>) {
        let info = MessageInfo {
            kind: MessageKind::Snapshot,
            answer: true,
            reject: ack.refused,
            term: self.raft.term(),
            index: 0,
            log_term: 0,
            commit: 0,
            entries: 0,
        };
        self.send(to, info, &Envelope { chunk_ack: Some(ack), ..Envelope::default() }, effects);
    }

    /// raft took the snapshot: swap the rows in, and hold raft back until that is durable.
    pub(super) fn install(
        &mut self,
        snapshot: Snapshot,
        output: Output,
        effects: &mut Vec<Effect>,
    ) {
        let Some(contents) = contents_of(&snapshot) else {
            return self.halt(String::from("a snapshot without contents was accepted"), effects);
        };
        let place = snapshot.get_metadata().clone();
        let mut meta: Vec<(MetaKey, Bytes)> = META
            .into_iter()
            .filter_map(|key| find(&contents, key).map(|bytes| (key, bytes.clone())))
            .collect();
        meta.retain(|(key, _)| *key != MetaKey::Applied);
        meta.push((MetaKey::Applied, storing::encode(&place)));
        self.storing.installing = Some(Installing { place, output });
        self.swap_in(meta, effects);
    }

    /// The store is the snapshot now: read the state from it, then let the WAL and raft go on.
    pub(super) fn on_installed(&mut self, effects: &mut Vec<Effect>) {
        let Some(Installing { place, mut output }) = self.storing.installing.take() else {
            panic!("a swap ended that was not begun");
        };
        if let Err(reason) = self.reload() {
            return self.halt(reason, effects);
        }
        self.applied = Base { index: place.index, term: place.term };
        self.cancel_unpermitted(effects);
        let batch = Batch {
            snapshot: Some(&place),
            entries: &output.entries,
            hard_state: output.hard_state.as_ref(),
        };
        let append = self.wal.append(&batch);
        let seq = append.seq;
        effects.push(Effect::Append(append));
        self.on_place_stored(place, effects);
        self.after_append(seq, &mut output, effects);
    }

    /// Reads from the store what lives in memory.
    fn reload(&mut self) -> Result<(), String> {
        let store = self.store.clone();
        let before = self.mvcc.revision();
        let (mvcc, attached) = Mvcc::open_with_leases(store.clone()).map_err(|e| e.to_string())?;
        self.mvcc = mvcc;
        self.room.stored_bytes = store.in_use_bytes();
        self.lessor = Lessor::open(store.leases().map_err(|e| e.to_string())?, attached);
        let auth = Auth::open(store.auth().map_err(|e| e.to_string())?);
        if auth.revision() != self.auth.revision() {
            // Who was deleted and who has another password is not to be seen any more.
            self.tokens.clear();
        }
        self.auth = auth;
        self.watches.resync(before);
        (self.membership, self.alarms) = load(&store)?;
        Ok(())
    }
}

/// The members and alarms of a store.
pub(super) fn load(store: &crate::store::Store) -> Result<(Membership, Alarms), String> {
    let read = |key| store.meta(key).map_err(|e| e.to_string());
    let membership = match read(MetaKey::Members)? {
        Some(bytes) => Membership::from_bytes(&bytes).map_err(|e| e.to_string())?,
        None => Membership::default(),
    };
    let alarms = match read(MetaKey::Alarms)? {
        Some(bytes) => Alarms::from_bytes(&bytes).map_err(|e| e.to_string())?,
        None => Alarms::default(),
    };
    Ok((membership, alarms))
}

fn contents_of(snapshot: &Snapshot) -> Option<Contents> {
    Contents::decode(snapshot.data.clone()).ok()
}

fn find(contents: &Contents, key: MetaKey) -> Option<&Bytes> {
    let number = u32::from(key as u8);
    contents.meta.iter().find(|row| row.key == number).map(|row| &row.value)
}

fn chunk_info(chunk: &SnapshotChunk) -> MessageInfo {
    MessageInfo {
        kind: MessageKind::Snapshot,
        answer: false,
        reject: false,
        term: chunk.term,
        index: chunk.index,
        log_term: 0,
        commit: 0,
        entries: 0,
    }
}
