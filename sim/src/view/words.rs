//! Requests and bytes in a few words, for feeds, labels and cells.

use glasshouse_core::api::{
    CompactionRequest, DeleteRangeRequest, PutRequest, RangeRequest, Request, Response, TxnRequest,
};

/// Longest key or value that a label shows, in letters.
pub const LETTERS_MAX: usize = 24;

/// How a cut text ends.
const CUT: &str = "...";

/// Bytes as text: what is no UTF-8 becomes a replacement sign, what is long is cut, and so are the dots with which
/// a load fills its values up.
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
        short.push_str(CUT);
    }
    let letters = short.trim_end_matches('.').len();
    short.truncate(short.len().min(letters + CUT.len()));
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

/// Question and answer: "get stock/apples 41", "del a: 1 key", "txn: else".
#[must_use]
pub fn operation(asked: &Request, told: Option<&Response>) -> String {
    match (asked, told) {
        (Request::Txn(_), Some(Response::Txn(txn))) if !txn.succeeded => "txn: else".to_string(),
        (Request::Txn(_), _) => "txn".to_string(),
        (Request::Range(ask), Some(Response::Range(found))) => {
            let value = match found.kvs.as_slice() {
                _ if ask.count_only || !ask.range_end.is_empty() => {
                    format!(": {} keys", found.count)
                }
                [] => ": nothing".to_string(),
                [pair, ..] => format!(" {}", shown(&pair.value)),
            };
            request(asked) + &value
        }
        (Request::DeleteRange(_), Some(Response::DeleteRange(gone))) => {
            let plural = if gone.deleted == 1 { "" } else { "s" };
            format!("{}: {} key{plural}", request(asked), gone.deleted)
        }
        _ => request(asked),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_and_padding_are_cut() {
        assert_eq!(shown(b"plums"), "plums");
        assert_eq!(shown(b"wait..."), "wait...");
        assert_eq!(shown(b"0.7............."), "0.7...");
        assert_eq!(shown(&[b'a'; 25]), format!("{}...", "a".repeat(24)));
        assert_eq!(shown(&[b'.'; 25]), "...");
        assert_eq!(shown(b"a\n\xff"), "a\u{b7}\u{fffd}");
    }
}
