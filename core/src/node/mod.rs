//! One member: it is told what happened and says what it wants done.
//!
//! [`Node::step`] is the only way to change a node. It takes one [`Input`], passes it through the
//! stages (each one file here), and appends [`Effect`]s. The world carries the effects out and
//! reports back with further inputs. Nothing else goes in or out, so a run is repeated by repeating
//! the inputs.
//!
//! ```text
//!                  request ──► propose ──► raft ◄── on_message          (inputs)
//!                     │                     │
//!                     ▼                     ▼  drive: until raft has no more to say
//!                   read            persist ─ replicate ─ commit ─ apply ─ notify ─ respond
//! ```
//!
//! Three kinds of errors, never mixed: an answer to a client ([`crate::api::Error`]), a failure of the
//! world ([`Effect::Halt`]: the node stops and says why), and a bug of ours (an assertion, in release
//! builds too: a node that contradicts itself must not go on acknowledging).

mod apply;
mod authorize;
mod backup;
mod calls;
mod commit;
mod compaction;
mod config;
mod corruption;
mod downgrade;
mod effect;
mod expire;
mod forward;
mod hearing;
mod input;
mod members;
mod move_leader;
mod notify;
mod once;
mod passwords;
mod persist;
mod propose;
mod read;
mod recover;
mod removal;
mod replicate;
mod request;
mod respond;
mod room;
mod snapshots;
mod start;
mod stop;
mod storing;
mod tally;
#[cfg(test)]
mod tests;
mod view;
mod words;
mod working;

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

pub use compaction::AutoCompaction;
pub use config::{Config, TokenKind};
pub use effect::{Append, Effect};
pub use input::Input;
pub use recover::RecoverError;
pub use tally::Tally;
pub use view::{EntryKind, EntryView, NodeView, PeerProgress, ProgressMode, Role, WalPosition};

use crate::alarm::Alarms;
use crate::auth::{Auth, tokens::Tokens};
use crate::id::MemberId;
use crate::lease::Lessor;
use crate::membership::Membership;
use crate::mvcc::Mvcc;
use crate::raft::{Base, Raft};
use crate::snapshot;
use crate::store::Store;
use crate::wal::Wal;
use crate::watch::Watches;

/// One member of a cluster, without any I/O.
pub struct Node {
    config: Config,
    /// Ticks since this life began.
    tick: u64,
    /// Ids of proposals, seeded so that two lives do not share any.
    ids: ChaCha8Rng,
    raft: Raft,
    wal: Wal,
    store: Store,
    mvcc: Mvcc,
    lessor: Lessor,
    /// Users and roles.
    auth: Auth,
    /// Who proved his password to which member a while ago; this member's memory only.
    tokens: Tokens,
    membership: Membership,
    alarms: Alarms,
    /// The last entry that is applied in memory.
    applied: Base,
    /// The last entry that is in the durable store.
    stored: Base,
    calls: calls::Calls,
    proposals: propose::Proposals,
    reads: read::Reads,
    changes: members::Changes,
    moves: move_leader::Moves,
    hearing: hearing::Hearing,
    removals: removal::Removals,
    once: once::Once,
    forwards: forward::Forwards,
    passwords: passwords::Passwords,
    early: authorize::Early,
    expiry: expire::Expiry,
    backups: backup::Backups,
    persisting: persist::Persisting,
    storing: storing::Storing,
    sending: BTreeMap<MemberId, snapshot::Sender>,
    next_transfer: u64,
    receiving: Option<snapshot::Receiver>,
    watches: Watches,
    /// Ticks since this member last knew a leader.
    leaderless_ticks: u64,
    tally: Tally,
    room: room::Room,
    corruption: corruption::Corruption,
    working: working::Working,
    compactions: compaction::Compactions,
    start: start::Start,
    stopping: Option<stop::Stopping>,
    halted: Option<String>,
    refused_messages: u64,
    /// The append that makes durable what recovery found; it leaves with the first step.
    first_append: Option<Append>,
}

impl Node {
    /// Changes the node by one input; what it wants done is appended to `effects`.
    pub fn step(&mut self, input: Input, effects: &mut Vec<Effect>) {
        self.step_all(std::iter::once(input), effects);
    }

    /// Changes the node by several inputs and lets raft speak once behind them, so that many
    /// proposals share one append and one message (group commit).
    pub fn step_all(&mut self, inputs: impl IntoIterator<Item = Input>, effects: &mut Vec<Effect>) {
        effects.extend(self.first_append.take().map(Effect::Append));
        for input in inputs {
            if self.halted.is_some() {
                return;
            }
            self.on_input(input, effects);
        }
        self.drive(effects);
    }

    /// Everything about the node, to look at.
    #[must_use]
    pub fn view(&self) -> NodeView<'_> {
        NodeView { node: self }
    }

    fn on_input(&mut self, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Tick => self.on_tick(effects),
            Input::Request { call, caller, request } => {
                self.on_request(call, caller, request, effects);
            }
            Input::Cancel { call } => self.calls.close(call),
            Input::WatchOpened { stream, requires_leader, caller } => {
                self.on_watch_opened(stream, requires_leader, caller, effects);
            }
            Input::Watch { stream, request } => self.on_watch(stream, request, effects),
            Input::WatchTaken { stream, responses } => self.watches.on_taken(stream, responses),
            Input::WatchClosed { stream } => self.on_watch_closed(stream),
            Input::Message { from, bytes } => self.on_message(from, &bytes, effects),
            Input::Unreachable { peer } => {
                self.raft.on_unreachable(peer);
                self.on_peer_away(peer, effects);
            }
            Input::Persisted { seq } => self.on_persisted(seq, effects),
            Input::Stored { seq } => self.on_stored(seq, effects),
            Input::Password { job, outcome } => self.on_password(job, outcome, effects),
            Input::TokenSigned { job, token } => self.on_token_signed(job, token, effects),
            Input::Worked { id, done } => self.on_worked(id, done, effects),
            Input::DiskFailed { reason } => {
                self.halt(format!("the disk failed: {reason}"), effects);
            }
            Input::Campaign => self.raft.campaign(),
            Input::Stop => self.on_stop(),
        }
    }

    fn on_tick(&mut self, effects: &mut Vec<Effect>) {
        self.tick += 1;
        self.raft.on_tick();
        self.tick_hearing();
        self.tick_removal(effects);
        self.expire_calls(effects);
        self.retry_read_index();
        self.tick_forwards(effects);
        self.tick_leases(effects);
        self.tick_snapshots(effects);
        self.tick_room();
        self.tick_start();
        self.tick_compaction();
        self.tick_corruption(effects);
        self.tick_store(effects);
        self.tick_watches(effects);
        self.tokens.expire(self.tick);
        self.sweep_passwords();
        self.release_early(effects);
    }

    /// Lets raft speak until it has nothing more to say. Applying an entry may make it speak again.
    fn drive(&mut self, effects: &mut Vec<Effect>) {
        while self.halted.is_none() {
            self.propose_waiting(effects);
            self.follow_leader(effects);
            self.drive_changes(effects);
            if self.storing.is_installing() {
                break;
            }
            let Some(output) = self.raft.output() else { break };
            self.on_output(output, effects);
        }
        if self.halted.is_none() {
            self.answer_moves(effects);
            self.notify_behind(effects);
            self.flush_full_batch(effects);
            self.drive_compaction(effects);
            self.drive_working(effects);
            self.drive_removal(effects);
            self.drive_stop(effects);
        }
    }

    /// The node must not go on.
    fn halt(&mut self, reason: String, effects: &mut Vec<Effect>) {
        if self.halted.is_none() {
            effects.push(Effect::Halt { reason: reason.clone() });
            self.halted = Some(reason);
        }
    }
}
