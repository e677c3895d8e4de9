//! Stage 4: messages to and from the other members.
//!
//! Bytes that are damaged, or that no member of this cluster can have sent, are counted and dropped:
//! the sender repeats what matters.

use bytes::Bytes;
use prost::Message as _;
use raft::eraftpb::{Message, MessageType};

use super::{Effect, Node};
use crate::id::MemberId;
use crate::peer::{Envelope, MessageInfo};
use crate::raft::message;

impl Node {
    pub(super) fn on_message(&mut self, from: MemberId, bytes: &Bytes, effects: &mut Vec<Effect>) {
        if self.take_message(from, bytes, effects).is_err() {
            self.refused_messages += 1;
        }
    }

    fn take_message(
        &mut self,
        from: MemberId,
        bytes: &Bytes,
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        let envelope = Envelope::decode(bytes.clone()).map_err(|_| "not an envelope")?;
        if let Some(removed) = envelope.removed {
            return self.on_removed(from, removed, effects);
        }
        if self.membership.is_removed(from) && !self.hands_over(from, &envelope) {
            self.tell_removed(from, effects);
            return Err("its sender was removed from the cluster");
        }
        self.on_heard(from);
        if let Some(chunk) = envelope.chunk {
            return self.on_snapshot_chunk(from, &chunk, effects);
        }
        if let Some(ack) = envelope.chunk_ack {
            self.on_snapshot_ack(from, &ack, effects);
            return Ok(());
        }
        if let Some(message) = envelope.forward {
            return self.on_forward(from, message, effects);
        }
        if let Some(message) = envelope.forwarded {
            return self.on_forwarded(from, message, effects);
        }
        if let Some(wanted) = envelope.want_hash {
            self.on_hash_wanted(from, wanted, effects);
            return Ok(());
        }
        if let Some(hashed) = envelope.hashed {
            self.on_hashed(from, hashed, effects);
            return Ok(());
        }
        let message = message::decode(&envelope.raft.ok_or("an empty envelope")?)?;
        message::check(&self.raft, from, &message)?;
        if message.msg_type == MessageType::MsgPropose {
            self.take_proposal(from, envelope.mark)?;
        }
        self.raft.on_message(message);
        // A queue of messages must not be able to push raft past what it asked to persist.
        Ok(())
    }

    /// The leader that was removed a moment ago names its successor; nothing else of it counts.
    fn hands_over(&self, from: MemberId, envelope: &Envelope) -> bool {
        let message = envelope.raft.as_ref().and_then(|bytes| message::decode(bytes).ok());
        self.raft.leader() == Some(from)
            && message.is_some_and(|message| message.msg_type == MessageType::MsgTimeoutNow)
    }

    /// Sends raft's messages; snapshots go their own way, in parts.
    pub(super) fn send_all(&mut self, messages: Vec<Message>, effects: &mut Vec<Effect>) {
        for message in messages {
            if message.msg_type == MessageType::MsgSnapshot {
                self.begin_snapshot(message, effects);
                continue;
            }
            let is_proposal = message.msg_type == MessageType::MsgPropose;
            let mark = is_proposal.then(|| self.mark_proposal());
            let raft = Some(message::encode(&message));
            let envelope = Envelope { raft, mark, ..Envelope::default() };
            self.send(MemberId(message.to), message::info(&message), &envelope, effects);
        }
    }

    pub(super) fn send(
        &mut self,
        to: MemberId,
        info: MessageInfo,
        envelope: &Envelope,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::Send { to, info, bytes: envelope.to_bytes() });
    }
}
