//! The ordered keys: an order-statistic B+tree.
//!
//! Leaves hold keys with their histories ([`KeyIndex`]); branches hold children, the keys that
//! divide them, and for each child **how many keys below it are live at the head**. That number is
//! what etcd's tree lacks: a list of the first 100 of a million keys, with `count`, is answered by
//! adding up a few counts beside one path, and subtrees of deleted keys are skipped unseen.
//!
//! ```text
//!                 +-------------------------------+
//!                 |    3     "k"    2    "t"   0  |          branch: live keys, low keys between
//!                 +-------------------------------+
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

mod keys;

use std::ops::ControlFlow;

use self::keys::Keys;
use super::key_index::KeyIndex;

/// Entries of a full node. 64 make a path of four nodes for ten million keys; in tests a few
/// hundred keys shall make a deep tree.
const NODE_MAX: usize = if cfg!(test) { 6 } else { 64 };
/// A node with fewer entries is merged with a neighbour, when both fit into one.
const NODE_MIN: usize = NODE_MAX / 3;

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
    Leaf(Leaf),
    Branch(Branch),
}

#[derive(Debug, Default)]
struct Leaf {
    keys: Keys,
    /// Of each key.
    histories: Vec<KeyIndex>,
}

#[derive(Debug)]
struct Branch {
    /// One fewer than children: between two of them, the lowest key that may be below the right
    /// one.
    lows: Keys,
    children: Vec<Child>,
}

#[derive(Debug)]
struct Child {
    /// Keys below that exist at the head.
    live: u64,
    node: Node,
}

/// What a change of one key did to the nodes above it.
struct Changed<T> {
    result: T,
    /// Change of the number of live keys: -1, 0 or 1.
    live: i64,
    /// The node was full: this is its upper part, with its low key.
    split: Option<(Box<[u8]>, Child)>,
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Leaf::default())
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
                Node::Leaf(leaf) => {
                    return leaf.keys.search(key).ok().map(|position| &leaf.histories[position]);
                }
                Node::Branch(branch) => node = &branch.children[branch.child_of(key)].node,
            }
        }
    }

    /// Changes the history of a key, a new one if it has none. `change` must leave a row in it.
    pub(super) fn change<T>(&mut self, key: &[u8], change: impl FnOnce(&mut KeyIndex) -> T) -> T {
        let mut is_new = false;
        let changed = self.root.change(key, &mut is_new, change);
        self.keys += u64::from(is_new);
        self.live = self.live.checked_add_signed(changed.live).expect("live keys are counted");
        if let Some((low, upper)) = changed.split {
            let node = std::mem::take(&mut self.root);
            let lower = Child { live: self.live - upper.live, node };
            let mut branch = Branch::new();
            branch.children.push(lower);
            branch.insert(1, low, upper);
            self.root = Node::Branch(branch);
        }
        changed.result
    }

    /// Forgets a key that is deleted and has no history left.
    pub(super) fn remove(&mut self, key: &[u8]) {
        if self.root.remove(key) {
            self.keys -= 1;
        }
        while let Node::Branch(branch) = &mut self.root {
            match branch.children.len() {
                0 => self.root = Node::default(),
                1 => self.root = branch.children.swap_remove(0).node,
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
            Self::Leaf(leaf) => {
                let position = leaf.keys.search(key).unwrap_or_else(|position| {
                    *is_new = true;
                    leaf.keys.insert(position, key.into());
                    leaf.histories.insert(position, KeyIndex::default());
                    position
                });
                let history = &mut leaf.histories[position];
                let before = history.is_live();
                let result = change(history);
                let live = i64::from(history.is_live()) - i64::from(before);
                Changed { result, live, split: leaf.split(position) }
            }
            Self::Branch(branch) => {
                let position = branch.child_of(key);
                let child = &mut branch.children[position];
                let Changed { result, live, split } = child.node.change(key, is_new, change);
                child.live = child.live.checked_add_signed(live).expect("live keys are counted");
                let Some((low, upper)) = split else {
                    return Changed { result, live, split: None };
                };
                child.live -= upper.live;
                branch.insert(position + 1, low, upper);
                Changed { result, live, split: branch.split(position + 1) }
            }
        }
    }

    /// Whether the key was there.
    fn remove(&mut self, key: &[u8]) -> bool {
        match self {
            Self::Leaf(leaf) => match leaf.keys.search(key) {
                Ok(position) => {
                    leaf.keys.remove(position);
                    let history = leaf.histories.remove(position);
                    debug_assert!(history.is_empty());
                    true
                }
                Err(_) => false,
            },
            Self::Branch(branch) => {
                let position = branch.child_of(key);
                let removed = branch.children[position].node.remove(key);
                branch.merge(position);
                removed
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.histories.len(),
            Self::Branch(branch) => branch.children.len(),
        }
    }

    fn live_below(&self, key: &[u8]) -> u64 {
        match self {
            Self::Leaf(leaf) => {
                let end = leaf.keys.search(key).unwrap_or_else(|position| position);
                leaf.histories[..end].iter().filter(|history| history.is_live()).count() as u64
            }
            Self::Branch(branch) => {
                let position = branch.child_of(key);
                let left: u64 = branch.children[..position].iter().map(|child| child.live).sum();
                left + branch.children[position].node.live_below(key)
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
            Self::Leaf(leaf) => {
                let begin = leaf.keys.search(low).unwrap_or_else(|position| position);
                let until =
                    end.map(|end| leaf.keys.search(end).unwrap_or_else(|position| position));
                for position in begin..until.unwrap_or(leaf.keys.len()) {
                    let (key, history) = (leaf.keys.get(position), &leaf.histories[position]);
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
            Self::Branch(branch) => {
                let begin = branch.child_of(low);
                for (position, child) in branch.children.iter().enumerate().skip(begin) {
                    // What is below the first may begin before the range: its count says nothing.
                    if position > begin {
                        if end.is_some_and(|end| branch.lows.get(position - 1) >= end) {
                            return ControlFlow::Break(None);
                        }
                        if live_only && child.live <= *skip {
                            *skip -= child.live;
                            continue;
                        }
                    }
                    child.node.visit(low, end, skip, live_only, visit)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

impl Leaf {
    /// Splits the leaf if it has become too long by what was inserted at `position`.
    fn split(&mut self, position: usize) -> Option<(Box<[u8]>, Child)> {
        let at = split_position(self.histories.len(), position)?;
        let keys = self.keys.split_off(at, NODE_MAX + 1);
        let mut histories = Vec::with_capacity(NODE_MAX + 1);
        histories.extend(self.histories.drain(at..));
        let live = histories.iter().filter(|history| history.is_live()).count() as u64;
        let low = keys.get(0).into();
        Some((low, Child { live, node: Node::Leaf(Self { keys, histories }) }))
    }
}

impl Branch {
    fn new() -> Self {
        let children = Vec::with_capacity(NODE_MAX + 1);
        Self { lows: Keys::with_capacity(NODE_MAX), children }
    }

    /// The child below which a key is, if it is anywhere.
    fn child_of(&self, key: &[u8]) -> usize {
        self.lows.search(key).map_or_else(|position| position, |position| position + 1)
    }

    /// Inserts a child that is not the first.
    fn insert(&mut self, position: usize, low: Box<[u8]>, child: Child) {
        self.lows.insert(position - 1, low);
        self.children.insert(position, child);
    }

    fn split(&mut self, position: usize) -> Option<(Box<[u8]>, Child)> {
        let at = split_position(self.children.len(), position)?;
        let mut upper = Self::new();
        upper.lows = self.lows.split_off(at, NODE_MAX);
        upper.children.extend(self.children.drain(at..));
        let live = upper.children.iter().map(|child| child.live).sum();
        // The key between the two parts goes up.
        let low = self.lows.remove(at - 1);
        Some((low, Child { live, node: Node::Branch(upper) }))
    }

    /// Puts a child that has become short together with a neighbour; an empty one goes away.
    fn merge(&mut self, position: usize) {
        let len = self.children[position].node.len();
        if len == 0 {
            self.children.remove(position);
            if !self.children.is_empty() {
                self.lows.remove(position.saturating_sub(1));
            }
            return;
        }
        let fits = |left: usize| match self.children.get(left..left + 2) {
            Some([left, right]) => left.node.len() + right.node.len() <= NODE_MAX,
            _ => false,
        };
        let left =
            [Some(position), position.checked_sub(1)].into_iter().flatten().find(|p| fits(*p));
        let Some(left) = left.filter(|_| len < NODE_MIN) else { return };
        let (low, right) = (self.lows.remove(left), self.children.remove(left + 1));
        let left = &mut self.children[left];
        left.live += right.live;
        match (&mut left.node, right.node) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                left.keys.append(right.keys);
                left.histories.extend(right.histories);
            }
            (Node::Branch(left), Node::Branch(right)) => {
                left.lows.insert(left.lows.len(), low);
                left.lows.append(right.lows);
                left.children.extend(right.children);
            }
            _ => unreachable!("neighbours are equally high above the leaves"),
        }
    }
}

/// Where to split a node of `len` entries, if it must be, after an insert at `position`. When that
/// was the very end, the lower part stays full: who writes keys in ascending order gets full nodes.
fn split_position(len: usize, position: usize) -> Option<usize> {
    (len > NODE_MAX).then_some(if position + 1 == len { position } else { len / 2 })
}
