//! The keys of one node, in order, and quick to search.
//!
//! Keys have memory of their own, so that looking at one is a cache miss. But keys that are
//! neighbours look alike: all keys of a node begin with the same bytes, and the eight bytes behind
//! those tell most of them apart. These *heads* lie together as numbers, so that a search looks at
//! two keys: the first, for the shared bytes, and the one it finds.
//!
//! ```text
//!   /registry/pods/kube-system/coredns    shared: 15 bytes    heads: "kube-sys" as a number
//!   /registry/pods/shop/cart-1                                       "shop/car"
//!   /registry/pods/shop/cart-2                                       "shop/car"
//!   /registry/pods/web                                               "web\0\0\0\0\0"
//! ```

use std::cmp::Ordering;

/// Keys in ascending order, without duplicates.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// All keys are equal up to here.
    shared: usize,
    /// The eight bytes behind, zeros where a key ends, as a number that sorts like them.
    heads: Vec<u64>,
    keys: Vec<Box<[u8]>>,
}

impl Keys {
    /// Room for `capacity` keys.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { shared: 0, heads: Vec::with_capacity(capacity), keys: Vec::with_capacity(capacity) }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn get(&self, position: usize) -> &[u8] {
        &self.keys[position]
    }

    /// The position of a key, or that at which it would have to be inserted.
    pub(super) fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let Some(first) = self.keys.first() else { return Err(0) };
        let (shared, rest) = key.split_at(self.shared.min(key.len()));
        match shared.cmp(&first[..self.shared]) {
            Ordering::Less => return Err(0),
            Ordering::Greater => return Err(self.keys.len()),
            Ordering::Equal => {}
        }
        let head = head(rest);
        let begin = self.heads.partition_point(|other| *other < head);
        let alike = self.heads[begin..].iter().take_while(|other| **other == head).count();
        let found = self.keys[begin..begin + alike].binary_search_by(|other| (**other).cmp(key));
        found.map(|position| begin + position).map_err(|position| begin + position)
    }

    /// Inserts a key where [`Self::search`] said.
    pub(super) fn insert(&mut self, position: usize, key: Box<[u8]>) {
        // Between two keys that begin alike, so does the new one; at the ends it may not.
        let is_end = position == 0 || position == self.keys.len();
        let shared = match self.keys.first() {
            Some(first) if is_end => common(&first[..self.shared], &key),
            Some(_) => self.shared,
            None => key.len(),
        };
        self.heads.insert(position, head(&key[shared..]));
        self.keys.insert(position, key);
        if shared != self.shared {
            self.share(shared);
        }
    }

    pub(super) fn remove(&mut self, position: usize) -> Box<[u8]> {
        self.heads.remove(position);
        self.keys.remove(position)
    }

    /// Takes the keys from `position` on away, into room for `capacity` keys.
    pub(super) fn split_off(&mut self, position: usize, capacity: usize) -> Self {
        let mut upper = Self::with_capacity(capacity);
        upper.keys.extend(self.keys.drain(position..));
        self.share_most();
        upper.share_most();
        upper
    }

    /// Appends keys that are above those here.
    pub(super) fn append(&mut self, mut upper: Self) {
        self.keys.append(&mut upper.keys);
        self.share_most();
    }

    fn share_most(&mut self) {
        let shared = match (self.keys.first(), self.keys.last()) {
            // What the first and the last have in common, all between them have.
            (Some(first), Some(last)) => common(first, last),
            _ => 0,
        };
        self.share(shared);
    }

    fn share(&mut self, shared: usize) {
        self.shared = shared;
        self.heads.clear();
        self.heads.extend(self.keys.iter().map(|key| head(&key[shared..])));
    }
}

/// The first eight bytes as a number.
fn head(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(head) => u64::from_be_bytes(*head),
        None => {
            let mut head = [0; 8];
            head[..bytes.len()].copy_from_slice(bytes);
            u64::from_be_bytes(head)
        }
    }
}

/// How many bytes two keys have in common at their beginning.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
