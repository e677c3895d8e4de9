//! The ordered keys: an order-statistic B+tree.
//!
//! Leaves hold keys with their histories ([`KeyIndex`]), branches hold children with the lowest key
//! that may be below each, and **how many keys below it are live at the head**. That number is what
//! etcd's tree lacks: a list of the first 100 of a million keys, with `count`, is answered by adding
//! up a few counts beside one path, and subtrees of deleted keys are skipped unseen.
//!
//! ```text
//!                 +----------------------------------+
//!                 |  ..  : 3  |  "k" : 2  | "t" : 0  |          branch: low key, live keys
//!                 +----------------------------------+
//!                   /               |            \
//!      +------------------+  +-------------+  +-------------+
//!      | a b (c) f        |  | k  m        |  | (t) (z)     |    leaves; (c) is deleted
//!      +------------------+  +-------------+  +-------------+
//!
//!      live keys below "m" = 3 + 1
//! ```
//!
//! Reads at old revisions must look at every key of the range, because which keys lived then is
//! known only to the keys themselves.

use std::ops::ControlFlow;

use super::key_index::KeyIndex;

/// Entries of a full node. 64 make a path of four nodes for ten million keys.
const NODE_MAX: usize = 64;
/// A node with fewer entries is merged with a neighbour, when both fit into one.
const NODE_MIN: usize = NODE_MAX / 4;

/// A range of keys, as requests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRange<'a> {
    /// One key.
    One(&'a [u8]),
    /// From the first key up to, and without, the second.
    Between(&'a [u8], &'a [u8]),
    /// The key and everything above it.
    From(&'a [u8]),
}

impl<'a> KeyRange<'a> {
    /// What `key` and `range_end` of a request mean; `range_end` "\0" stands for no end.
    pub(crate) fn new(key: &'a [u8], range_end: &'a [u8]) -> Self {
        match range_end {
            [] => Self::One(key),
            [0] => Self::From(key),
            end => Self::Between(key, end),
        }
    }

    /// Whether a key is in the range.
    pub(crate) fn contains(self, key: &[u8]) -> bool {
        match self {
            Self::One(one) => key == one,
            Self::Between(low, end) => low <= key && key < end,
            Self::From(low) => low <= key,
        }
    }
}

/// The keys with their histories.
#[derive(Debug, Default)]
pub(super) struct Index {
    root: Node,
    live: u64,
    keys: u64,
}

#[derive(Debug)]
enum Node {
    Leaf(Vec<Entry>),
    Branch(Vec<Child>),
}

#[derive(Debug)]
struct Entry {
    key: Box<[u8]>,
    history: KeyIndex,
}

#[derive(Debug)]
struct Child {
    /// No key below is less; the first child of a branch is searched for lesser keys all the same.
    low: Box<[u8]>,
    /// Keys below that exist at the head.
    live: u64,
    node: Node,
}

/// What a change of one key did to the nodes above it.
struct Changed<T> {
    result: T,
    /// Change of the number of live keys: -1, 0 or 1.
    live: i64,
    /// The node was full: this is its upper part.
    split: Option<Child>,
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

impl Index {
    /// Keys that exist at the head.
    pub(super) fn live(&self) -> u64 {
        self.live
    }

    /// Keys with any history, deleted ones included.
    pub(super) fn keys(&self) -> u64 {
        self.keys
    }

    /// The history of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&KeyIndex> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    return find(entries, key).ok().map(|position| &entries[position].history);
                }
                Node::Branch(children) => node = &children[child_of(children, key)].node,
            }
        }
    }

    /// Changes the history of a key, a new one if it has none. `change` must leave a row in it.
    pub(super) fn change<T>(&mut self, key: &[u8], change: impl FnOnce(&mut KeyIndex) -> T) -> T {
        let mut is_new = false;
        let changed = self.root.change(key, &mut is_new, change);
        self.keys += u64::from(is_new);
        self.live = self.live.checked_add_signed(changed.live).expect("live keys are counted");
        if let Some(upper) = changed.split {
            let lower = std::mem::take(&mut self.root);
            let lower = Child { low: Box::default(), live: self.live - upper.live, node: lower };
            self.root = Node::Branch(vec![lower, upper]);
        }
        changed.result
    }

    /// Forgets a key that is deleted and has no history left.
    pub(super) fn remove(&mut self, key: &[u8]) {
        if self.root.remove(key) {
            self.keys -= 1;
        }
        while let Node::Branch(children) = &mut self.root {
            match children.len() {
                0 => self.root = Node::default(),
                1 => self.root = children.swap_remove(0).node,
                _ => break,
            }
        }
    }

    /// How many keys of the range exist at the head.
    pub(super) fn count(&self, range: KeyRange<'_>) -> u64 {
        match range {
            KeyRange::One(key) => u64::from(self.get(key).is_some_and(KeyIndex::is_live)),
            KeyRange::From(low) => self.live - self.root.live_below(low),
            KeyRange::Between(low, end) => {
                self.root.live_below(end).saturating_sub(self.root.live_below(low))
            }
        }
    }

    /// Shows the keys of the range, deleted ones included, in order, until `visit` breaks.
    pub(super) fn visit<B>(
        &self,
        range: KeyRange<'_>,
        mut visit: impl FnMut(&[u8], &KeyIndex) -> ControlFlow<B>,
    ) -> Option<B> {
        let (low, end) = match range {
            KeyRange::One(key) => return visit(key, self.get(key)?).break_value(),
            KeyRange::Between(low, end) => (low, Some(end)),
            KeyRange::From(low) => (low, None),
        };
        self.root.visit(low, end, &mut 0, false, &mut visit).break_value().flatten()
    }

    /// Shows the keys of the range that exist at the head, in order, without the first `skip` of
    /// them, until `visit` breaks. Skipping costs O(log n).
    pub(super) fn visit_live<B>(
        &self,
        range: KeyRange<'_>,
        mut skip: u64,
        mut visit: impl FnMut(&[u8], &KeyIndex) -> ControlFlow<B>,
    ) -> Option<B> {
        let (low, end) = match range {
            KeyRange::One(key) => {
                let history = self.get(key).filter(|history| history.is_live() && skip == 0)?;
                return visit(key, history).break_value();
            }
            KeyRange::Between(low, end) => (low, Some(end)),
            KeyRange::From(low) => (low, None),
        };
        self.root.visit(low, end, &mut skip, true, &mut visit).break_value().flatten()
    }
}

impl Node {
    fn change<T>(
        &mut self,
        key: &[u8],
        is_new: &mut bool,
        change: impl FnOnce(&mut KeyIndex) -> T,
    ) -> Changed<T> {
        match self {
            Self::Leaf(entries) => {
                let position = find(entries, key).unwrap_or_else(|position| {
                    *is_new = true;
                    let entry = Entry { key: key.into(), history: KeyIndex::default() };
                    entries.insert(position, entry);
                    position
                });
                let history = &mut entries[position].history;
                let before = history.is_live();
                let result = change(history);
                let live = i64::from(history.is_live()) - i64::from(before);
                let split = split(entries, position).map(|upper| {
                    let live = upper.iter().filter(|entry| entry.history.is_live()).count() as u64;
                    Child { low: upper[0].key.clone(), live, node: Self::Leaf(upper) }
                });
                Changed { result, live, split }
            }
            Self::Branch(children) => {
                let position = child_of(children, key);
                let child = &mut children[position];
                let Changed { result, live, split: upper } = child.node.change(key, is_new, change);
                child.live = child.live.checked_add_signed(live).expect("live keys are counted");
                let Some(upper) = upper else { return Changed { result, live, split: None } };
                child.live -= upper.live;
                children.insert(position + 1, upper);
                let split = split(children, position + 1).map(|upper| {
                    let live = upper.iter().map(|child| child.live).sum();
                    Child { low: upper[0].low.clone(), live, node: Self::Branch(upper) }
                });
                Changed { result, live, split }
            }
        }
    }

    /// Whether the key was there.
    fn remove(&mut self, key: &[u8]) -> bool {
        match self {
            Self::Leaf(entries) => match find(entries, key) {
                Ok(position) => {
                    debug_assert!(entries[position].history.is_empty());
                    entries.remove(position);
                    true
                }
                Err(_) => false,
            },
            Self::Branch(children) => {
                let position = child_of(children, key);
                let removed = children[position].node.remove(key);
                merge(children, position);
                removed
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Branch(children) => children.len(),
        }
    }

    fn live_below(&self, key: &[u8]) -> u64 {
        match self {
            Self::Leaf(entries) => {
                let end = find(entries, key).unwrap_or_else(|position| position);
                entries[..end].iter().filter(|entry| entry.history.is_live()).count() as u64
            }
            Self::Branch(children) => {
                let position = child_of(children, key);
                let left: u64 = children[..position].iter().map(|child| child.live).sum();
                left + children[position].node.live_below(key)
            }
        }
    }

    /// Breaks with `Some` when `visit` does, with `None` behind `end`.
    fn visit<B>(
        &self,
        low: &[u8],
        end: Option<&[u8]>,
        skip: &mut u64,
        live_only: bool,
        visit: &mut impl FnMut(&[u8], &KeyIndex) -> ControlFlow<B>,
    ) -> ControlFlow<Option<B>> {
        match self {
            Self::Leaf(entries) => {
                let begin = find(entries, low).unwrap_or_else(|position| position);
                for Entry { key, history } in &entries[begin..] {
                    if end.is_some_and(|end| &**key >= end) {
                        return ControlFlow::Break(None);
                    }
                    if live_only && !history.is_live() {
                        continue;
                    }
                    if *skip > 0 {
                        *skip -= 1;
                        continue;
                    }
                    if let ControlFlow::Break(value) = visit(key, history) {
                        return ControlFlow::Break(Some(value));
                    }
                }
            }
            Self::Branch(children) => {
                let begin = child_of(children, low);
                for (position, child) in children.iter().enumerate().skip(begin) {
                    // Of the first child only a part may be in the range: its count says nothing.
                    let whole = live_only && position > begin;
                    if whole && child.live <= *skip {
                        *skip -= child.live;
                        if end.is_some_and(|end| &*child.low >= end) {
                            return ControlFlow::Break(None);
                        }
                        continue;
                    }
                    child.node.visit(low, end, skip, live_only, visit)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn find(entries: &[Entry], key: &[u8]) -> Result<usize, usize> {
    entries.binary_search_by(|entry| (*entry.key).cmp(key))
}

/// The child in which `key` is, if it is anywhere.
fn child_of(children: &[Child], key: &[u8]) -> usize {
    children.partition_point(|child| *child.low <= *key).saturating_sub(1)
}

/// Splits a node that has become too long by what was inserted at `position`, and returns the upper
/// part. After an insert at the very end the lower part stays full: who writes keys in ascending
/// order gets full nodes.
fn split<T>(entries: &mut Vec<T>, position: usize) -> Option<Vec<T>> {
    if entries.len() <= NODE_MAX {
        return None;
    }
    let at = if position + 1 == entries.len() { position } else { entries.len() / 2 };
    // The upper part gets room to grow; a split-off vector would have none.
    let mut upper = Vec::with_capacity(NODE_MAX + 1);
    upper.extend(entries.drain(at..));
    Some(upper)
}

/// Puts a node that has become short together with a neighbour; an empty one goes away.
fn merge(children: &mut Vec<Child>, position: usize) {
    let len = children[position].node.len();
    if len == 0 {
        children.remove(position);
        return;
    }
    if len >= NODE_MIN {
        return;
    }
    let fits = |left: usize| {
        children
            .get(left + 1)
            .is_some_and(|right| children[left].node.len() + right.node.len() <= NODE_MAX)
    };
    let Some(left) =
        [Some(position), position.checked_sub(1)].into_iter().flatten().find(|&left| fits(left))
    else {
        return;
    };
    let right = children.remove(left + 1);
    let left = &mut children[left];
    left.live += right.live;
    match (&mut left.node, right.node) {
        (Node::Leaf(left), Node::Leaf(right)) => left.extend(right),
        (Node::Branch(left), Node::Branch(right)) => left.extend(right),
        _ => unreachable!("neighbours are equally high above the leaves"),
    }
}
