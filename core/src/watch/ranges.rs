//! Which watchers want a key.
//!
//! Most watchers name one key, and those are found in a map. The others name a range, and ranges
//! overlap: they stand in a balanced tree (AVL), in order of their first key, and every node knows
//! how far the ranges below it reach. A subtree that ends before the key, or begins behind it, is
//! not looked into:
//!
//! ```text
//!                     [d, k)  reach: open
//!                    /                   \
//!         [a, f)  reach: z           [m, open)  reach: open
//!         /              \
//!   [a, b) reach: b   [b, z) reach: z          who wants "g"?  [d, k) and [b, z)
//! ```
//!
//! Every subtree that is entered holds a match or lies on the path to the key. So with `n` ranges,
//! `m` of which match, a look costs O(log n + m log(n / m)): next to nothing beside what the matches
//! cost to send. Watchers of equal ranges share a node.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

/// The keys that a watcher wants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Span {
    /// One key.
    One(Bytes),
    /// All keys from the first on, up to the end.
    Many(Bytes, End),
}

/// Where a range ends. An open end is above every key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// In front of this key.
    Before(Bytes),
    /// Nowhere.
    Open,
}

impl End {
    fn is_above(&self, key: &[u8]) -> bool {
        match self {
            Self::Before(end) => key < end,
            Self::Open => true,
        }
    }
}

impl Span {
    /// The key and the end of the range, as requests write them.
    pub(crate) fn as_range(&self) -> (&[u8], &[u8]) {
        match self {
            Self::One(key) => (key, b""),
            Self::Many(key, End::Open) => (key, b"\0"),
            Self::Many(key, End::Before(end)) => (key, end),
        }
    }

    /// What `key` and `range_end` of a request mean: an empty key is the smallest one, and the end
    /// `\0` is no end. `None` for a range that holds no key.
    pub(crate) fn new(key: &Bytes, range_end: &Bytes) -> Option<Self> {
        // Memory of its own: a slice of the request would keep the whole receive buffer alive.
        let low = if key.is_empty() { Bytes::from_static(b"\0") } else { copy(key) };
        match &range_end[..] {
            [] => Some(Self::One(low)),
            [0] => Some(Self::Many(low, End::Open)),
            end => (low[..] < *end).then(|| Self::Many(low, End::Before(copy(range_end)))),
        }
    }
}

fn copy(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// Watchers (or what stands for them) by the keys that they want.
#[derive(Debug)]
pub(crate) struct Ranges<T> {
    keys: BTreeMap<Bytes, BTreeSet<T>>,
    root: Link<T>,
}

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self { keys: BTreeMap::new(), root: None }
    }
}

impl<T: Ord + Copy> Ranges<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.root.is_none()
    }

    pub(crate) fn insert(&mut self, span: &Span, watcher: T) {
        match span {
            Span::One(key) => {
                self.keys.entry(key.clone()).or_default().insert(watcher);
            }
            Span::Many(low, end) => {
                self.root = Some(insert(self.root.take(), low, end, watcher));
            }
        }
    }

    /// Takes a watcher out; nothing happens when it is not there.
    pub(crate) fn remove(&mut self, span: &Span, watcher: T) {
        match span {
            Span::One(key) => {
                if let Some(watchers) = self.keys.get_mut(key) {
                    watchers.remove(&watcher);
                    if watchers.is_empty() {
                        self.keys.remove(key);
                    }
                }
            }
            Span::Many(low, end) => self.root = remove(self.root.take(), low, end, watcher),
        }
    }

    /// Shows every watcher that wants `key`, each once, always in the same order.
    pub(crate) fn visit(&self, key: &[u8], mut found: impl FnMut(T)) {
        if let Some(watchers) = self.keys.get(key) {
            watchers.iter().copied().for_each(&mut found);
        }
        visit(&self.root, key, &mut found);
    }
}

type Link<T> = Option<Box<Node<T>>>;

/// One range with all who watch it.
#[derive(Debug)]
struct Node<T> {
    low: Bytes,
    end: End,
    watchers: BTreeSet<T>,
    /// The greatest end in this subtree.
    reach: End,
    height: u8,
    left: Link<T>,
    right: Link<T>,
}

fn visit<T: Copy>(link: &Link<T>, key: &[u8], found: &mut impl FnMut(T)) {
    let Some(node) = link.as_deref().filter(|node| node.reach.is_above(key)) else { return };
    visit(&node.left, key, found);
    if node.low[..] <= *key {
        if node.end.is_above(key) {
            node.watchers.iter().copied().for_each(&mut *found);
        }
        visit(&node.right, key, found);
    }
}

fn insert<T: Ord>(link: Link<T>, low: &Bytes, end: &End, watcher: T) -> Box<Node<T>> {
    let Some(mut node) = link else {
        return Box::new(Node {
            low: low.clone(),
            end: end.clone(),
            watchers: BTreeSet::from([watcher]),
            reach: end.clone(),
            height: 1,
            left: None,
            right: None,
        });
    };
    match (low, end).cmp(&(&node.low, &node.end)) {
        Ordering::Less => node.left = Some(insert(node.left.take(), low, end, watcher)),
        Ordering::Greater => node.right = Some(insert(node.right.take(), low, end, watcher)),
        Ordering::Equal => {
            node.watchers.insert(watcher);
            return node;
        }
    }
    balance(node)
}

fn remove<T: Ord>(link: Link<T>, low: &Bytes, end: &End, watcher: T) -> Link<T> {
    let mut node = link?;
    match (low, end).cmp(&(&node.low, &node.end)) {
        Ordering::Less => node.left = remove(node.left.take(), low, end, watcher),
        Ordering::Greater => node.right = remove(node.right.take(), low, end, watcher),
        Ordering::Equal => {
            node.watchers.remove(&watcher);
            if node.watchers.is_empty() {
                return join(node.left.take(), node.right.take());
            }
            return Some(node);
        }
    }
    Some(balance(node))
}

/// One tree of two neighbours whose heights differ by at most one.
fn join<T>(left: Link<T>, right: Link<T>) -> Link<T> {
    let Some(right) = right else { return left };
    let (rest, mut first) = take_first(right);
    first.left = left;
    first.right = rest;
    Some(balance(first))
}

fn take_first<T>(mut node: Box<Node<T>>) -> (Link<T>, Box<Node<T>>) {
    match node.left.take() {
        None => (node.right.take(), node),
        Some(left) => {
            let (rest, first) = take_first(left);
            node.left = rest;
            (Some(balance(node)), first)
        }
    }
}

fn height<T>(link: &Link<T>) -> u8 {
    link.as_ref().map_or(0, |node| node.height)
}

/// What a node knows of its subtree, after its children have changed.
fn renew<T>(node: &mut Node<T>) {
    node.height = 1 + height(&node.left).max(height(&node.right));
    let below = [&node.left, &node.right].into_iter().flatten().map(|child| &child.reach);
    node.reach = below.fold(&node.end, std::cmp::max).clone();
}

/// Rotates until the heights of the children differ by at most one.
fn balance<T>(mut node: Box<Node<T>>) -> Box<Node<T>> {
    let (left, right) = (height(&node.left), height(&node.right));
    if left > right + 1
        && let Some(mut child) = node.left.take()
    {
        if height(&child.right) > height(&child.left) {
            child = raise_right(child);
        }
        node.left = Some(child);
        return raise_left(node);
    }
    if right > left + 1
        && let Some(mut child) = node.right.take()
    {
        if height(&child.left) > height(&child.right) {
            child = raise_left(child);
        }
        node.right = Some(child);
        return raise_right(node);
    }
    renew(&mut node);
    node
}

/// The left child takes the place of the node, which becomes its right child.
fn raise_left<T>(mut node: Box<Node<T>>) -> Box<Node<T>> {
    let Some(mut child) = node.left.take() else { return node };
    node.left = child.right.take();
    renew(&mut node);
    child.right = Some(node);
    renew(&mut child);
    child
}

/// The mirror image of [`raise_left`].
fn raise_right<T>(mut node: Box<Node<T>>) -> Box<Node<T>> {
    let Some(mut child) = node.right.take() else { return node };
    node.right = child.left.take();
    renew(&mut node);
    child.left = Some(node);
    renew(&mut child);
    child
}

#[cfg(test)]
impl<T: Ord + Copy> Ranges<T> {
    /// Checks order, balance and reach of every node; returns the height of the tree.
    pub(crate) fn check(&self) -> u8 {
        fn check<T>(link: &Link<T>) -> Option<(u8, &End)> {
            let node = link.as_deref()?;
            let (left, right) = (check(&node.left), check(&node.right));
            let heights = (left.map_or(0, |l| l.0), right.map_or(0, |r| r.0));
            assert!(heights.0.abs_diff(heights.1) <= 1, "the tree leans");
            assert_eq!(node.height, 1 + heights.0.max(heights.1));
            let reaches = [left, right].into_iter().flatten().map(|(_, reach)| reach);
            assert_eq!(&node.reach, reaches.fold(&node.end, std::cmp::max));
            let place = (&node.low, &node.end);
            assert!(node.left.as_ref().is_none_or(|child| (&child.low, &child.end) < place));
            assert!(node.right.as_ref().is_none_or(|child| (&child.low, &child.end) > place));
            Some((node.height, &node.reach))
        }
        check(&self.root).map_or(0, |(height, _)| height)
    }
}
