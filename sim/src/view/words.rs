//! Requests and bytes in a few words, for feeds, labels and cells.

use glasshouse_core::api::{
    CompactionRequest, DeleteRangeRequest, PutRequest, RangeRequest, Request, TxnRequest,
};

/// Longest key or value that a label shows, in letters.
pub const LETTERS_MAX: usize = 24;

/// Bytes as text: what is no UTF-8 becomes a replacement sign, what is long is cut.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    // A letter has at most four bytes; looking at more of a large value would be waste.
    let head = &bytes[..bytes.len().min(LETTERS_MAX * 4)];
    let text = String::from_utf8_lossy(head);
    let mut short: String = text
        .chars()
        .take(LETTERS_MAX)
        .map(|letter| if letter.is_control() { '\u{b7}' } else { letter })
        .collect();
    if head.len() < bytes.len() || text.chars().nth(LETTERS_MAX).is_some() {
        short.push_str("...");
    }
    short
}

/// "put stock/apples 41", "get stock/ ...", "member list".
#[must_use]
pub fn request(request: &Request) -> String {
    match request {
        Request::Range(RangeRequest { key, range_end, .. }) => {
            format!("get {}", range(key, range_end))
        }
        Request::Put(PutRequest { key, value, .. }) => {
            format!("put {} {}", shown(key), shown(value))
        }
        Request::DeleteRange(DeleteRangeRequest { key, range_end, .. }) => {
            format!("del {}", range(key, range_end))
        }
        Request::Txn(TxnRequest { compare, success, failure }) => {
            format!(
                "txn of {} compares, {} or {} operations",
                compare.len(),
                success.len(),
                failure.len()
            )
        }
        Request::Compact(CompactionRequest { revision, .. }) => format!("compaction {revision}"),
        Request::LeaseGrant(grant) => format!("lease grant {}", grant.ttl),
        Request::LeaseRevoke(revoke) => format!("lease revoke {:x}", revoke.id),
        Request::LeaseKeepAlive(lease) => format!("lease keep-alive {:x}", lease.id),
        Request::LeaseTimeToLive(lease) => format!("lease timetolive {:x}", lease.id),
        Request::LeaseLeases(_) => "lease list".to_string(),
        Request::MemberList(_) => "member list".to_string(),
        Request::MemberAdd(add) => format!("member add {}", add.peer_urls.join(",")),
        Request::MemberRemove(remove) => format!("member remove {:x}", remove.id),
        Request::MemberUpdate(update) => format!("member update {:x}", update.id),
        Request::MemberPromote(promote) => format!("member promote {:x}", promote.id),
        Request::MoveLeader(to) => format!("move-leader {:x}", to.target_id),
        Request::Status(_) => "endpoint status".to_string(),
        Request::HashKv(_) => "endpoint hashkv".to_string(),
        other => other.name().to_lowercase(),
    }
}

fn range(key: &[u8], end: &[u8]) -> String {
    if end.is_empty() { shown(key) } else { format!("{} ...", shown(key)) }
}

/// Whether the request changes the store when it succeeds.
#[must_use]
pub fn writes(request: &Request) -> bool {
    matches!(request, Request::Put(_) | Request::DeleteRange(_) | Request::Txn(_))
}
