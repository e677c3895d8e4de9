//! The keys that a user may read, or write: ranges, merged.
//!
//! A user has roles, and each role has permissions for ranges; ranges touch and overlap. A request for a
//! range is allowed when its *union* covers it, so they are merged once, when users and roles change, and a
//! request costs one look into a map:
//!
//! ```text
//!   role a:   [a────────f)                [m──► no end
//!   role b:        [d────────k)  "k"
//!   merged:   [a─────────────────k\0)     [m──►          may it read [b, k)? yes. [b, n)? no.
//! ```
//!
//! A single key is the range up to the key that follows it, which is itself with a zero byte behind.
//! Source: etcd `server/auth/range_perm_cache.go`.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

/// Where a range ends: before a key, or nowhere.
type End = Option<Bytes>;

/// Ranges that neither touch nor overlap: first key, end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(BTreeMap<Bytes, End>);

impl Ranges {
    /// Adds the range that `key` and `range_end` of a permission mean.
    pub(crate) fn add(&mut self, key: &Bytes, range_end: &Bytes) {
        let end = match &range_end[..] {
            [] => Some(after(key)),
            [0] => None,
            _ => Some(range_end.clone()),
        };
        self.insert(key.clone(), end);
    }

    fn insert(&mut self, mut begin: Bytes, mut end: End) {
        let before = self.0.range(..=begin.clone()).next_back();
        if let Some((first, last)) = before
            && reaches(last, &begin)
        {
            begin = first.clone();
            end = further(end, last.clone());
        }
        while let Some((first, last)) =
            self.0.range((Bound::Included(begin.clone()), Bound::Unbounded)).next()
            && reaches(&end, first)
        {
            let first = first.clone();
            end = further(end, last.clone());
            self.0.remove(&first);
        }
        self.0.insert(begin, end);
    }

    /// Whether everything that `key` and `range_end` of a request mean lies inside. A range that holds
    /// no key, because its end is not above its beginning, counts as its first key, as in etcd.
    #[must_use]
    pub fn cover(&self, key: &[u8], range_end: &[u8]) -> bool {
        let up_to_key: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Unbounded, Bound::Included(key));
        let Some((_, end)) = self.0.range::<[u8], _>(up_to_key).next_back() else { return false };
        match (end, range_end) {
            (None, _) => true,
            (Some(end), []) => key < end,
            (Some(_), [0]) => false,
            (Some(end), range_end) => key < end && range_end <= end,
        }
    }

    /// The ranges in order: first key, end (`None`: no end).
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, Option<&Bytes>)> {
        self.0.iter().map(|(begin, end)| (begin, end.as_ref()))
    }
}

/// The key that follows `key` in order.
fn after(key: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next.into()
}

/// A range with this end touches or overlaps one that begins at `key` or before.
fn reaches(end: &End, key: &Bytes) -> bool {
    end.as_ref().is_none_or(|end| end >= key)
}

fn further(one: End, other: End) -> End {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        _ => None,
    }
}
