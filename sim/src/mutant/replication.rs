//! The log on its way from a leader to its followers, and what it concludes from their answers.

use std::collections::BTreeMap;

use glasshouse_core::id::MemberId;
use glasshouse_core::node::NodeView;
use glasshouse_core::order;
use glasshouse_core::peer::{Envelope, MessageInfo};
use prost::Message as _;

use super::message::{RaftEntry, RaftMessage, kind};

/// (leader, its term, follower): up to where the follower was told that entries are committed.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<(MemberId, u64, MemberId), u64>);

impl Told {
    /// M01: entries of earlier terms travel before those of the leader's own, and so does the word that
    /// they are committed (which is no fault). They count as that as soon as a majority has them (which is
    /// Raft's figure 8).
    pub(super) fn commit_any_term(
        &mut self,
        leader: NodeView<'_>,
        info: &mut MessageInfo,
        message: &mut RaftMessage,
    ) {
        let to = MemberId(message.to);
        let told = self.0.entry((leader.id(), message.term, to)).or_default();
        let reaches = match message.kind {
            kind::APPEND => {
                let is_earlier = |entry: &&RaftEntry| entry.term < message.term;
                let earlier = message.entries.iter().take_while(is_earlier).count();
                let is_news = *told < on_a_majority(leader).min(message.index);
                if earlier > 0 || (is_news && message.log_term < message.term) {
                    message.entries.truncate(earlier);
                }
                message.last().1
            }
            kind::HEARTBEAT => matched(leader, to),
            _ => return,
        };
        message.commit = message.commit.max(on_a_majority(leader).min(reaches));
        *told = message.commit;
        info.commit = message.commit;
        info.entries = u32::try_from(message.entries.len()).unwrap_or(u32::MAX);
    }
}

/// The last index that a majority of the voters has, as the leader knows it.
fn on_a_majority(leader: NodeView<'_>) -> u64 {
    let mut all: Vec<u64> =
        leader.membership().voters().map(|voter| matched(leader, voter.id)).collect();
    order::sort(&mut all);
    let behind = all.len().saturating_sub(1) / 2;
    all.get(behind).copied().unwrap_or(0)
}

fn matched(leader: NodeView<'_>, id: MemberId) -> u64 {
    leader.progress().iter().find(|peer| peer.id == id).map_or(0, |peer| peer.matched)
}

/// M14: an answer that comes late, behind a newer one, is taken for the answer to what was sent last.
pub(super) fn match_from_next(leader: NodeView<'_>, message: &mut RaftMessage) {
    if message.kind != kind::APPENDED || message.reject {
        return;
    }
    let progress = leader.progress();
    let Some(peer) = progress.iter().find(|peer| peer.id.0 == message.from) else { return };
    if message.index < peer.matched {
        message.index = peer.next.saturating_sub(1).min(leader.last_index());
    }
}

/// M30: the snapshot says that it ends one entry before the one that it ends with.
pub(super) fn snapshot_index_off(sender: NodeView<'_>, envelope: &mut Envelope) -> Option<()> {
    let chunk = envelope.chunk.as_mut()?;
    let mut message = RaftMessage::decode(chunk.last.clone()?).ok()?;
    let place = message.snapshot.as_mut()?.place.as_mut()?;
    place.index = place.index.checked_sub(1).filter(|index| *index > 0)?;
    place.term = sender.term_at(place.index).unwrap_or(place.term);
    chunk.last = Some(message.encode_to_vec().into());
    Some(())
}
