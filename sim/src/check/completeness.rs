//! Leader Completeness: an entry that was committed in a term is in the logs of the leaders of all
//! later terms (Raft 5.4). This is where a lost write shows first: before any client can see it.

use super::ledger::Ledger;
use super::{Property, Violation};
use crate::place::MemberNo;

/// A member has become leader: its log must hold everything that was committed in earlier terms
/// (a late winner of an old term may lack what a newer term has committed; nobody follows it).
/// Equal logs have equal chains, so looking at the last such index is looking at all of them.
pub(super) fn on_leader(ledger: &Ledger, no: MemberNo, term: u64) -> Option<Violation> {
    let (index, committed) = ledger.committed_before(term)?;
    let own = ledger.link_at(no, index);
    // A log that begins behind the index holds it in its snapshot.
    if ledger.base_of(no) > index || own == Some(committed) {
        return None;
    }
    let has = match own {
        Some(link) => format!("has an entry of term {} there", link.term),
        None => String::from("has nothing there"),
    };
    Some(Violation::new(
        Property::LeaderCompleteness,
        no,
        format!("entry {index} of term {} is committed", committed.term),
        format!("{no}, elected leader of term {term}, {has}"),
    ))
}
