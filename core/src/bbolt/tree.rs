//! A B+tree, built from sorted rows in one pass.
//!
//! One page of each level is open. A leaf that is full is written, and its least key goes into the
//! open branch above it; a branch that is full does the same one level up. So pages leave in the order
//! of their ids, the root last, and what is held is one page for each level, however many rows
//! there are:
//!
//! ```text
//!   rows ──► [ open leaf ] ──full──► page 3, 4, 5, 7 ...
//!                  │ least key, page
//!                  ▼
//!            [ open branch ] ──full──► page 6 ...
//!                  │
//!                  ▼  ...
//! ```

use super::PAGE_BYTES;
use super::page::OpenPage;

/// Where finished pages go.
pub(super) struct Pages {
    /// The id of the next page.
    pub(super) next: u64,
    /// Bytes of finished pages that were not taken yet; `None` when only their number matters.
    pub(super) out: Option<Vec<u8>>,
}

impl Pages {
    /// Writes a page, or counts it; returns its id.
    fn write(&mut self, page: &OpenPage) -> u64 {
        let id = self.next;
        self.next += page.pages();
        if let Some(out) = &mut self.out {
            page.encode(id, out);
            pad(out);
        }
        id
    }
}

/// Fills the last page up with zeros.
pub(super) fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(PAGE_BYTES), 0);
}

/// A tree that is being built.
pub(super) struct Tree {
    leaf: OpenPage,
    /// Open branches; the first one is right above the leaves.
    branches: Vec<OpenPage>,
    /// The last key; what follows must be greater.
    last_key: Vec<u8>,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { leaf: OpenPage::leaf(), branches: Vec::new(), last_key: Vec::new() }
    }

    /// Appends a row.
    pub(super) fn push(&mut self, flags: u32, key: &[u8], value: &[u8], pages: &mut Pages) {
        assert!(key > &self.last_key[..], "rows come in order, and no key is empty");
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        if self.leaf.len() > 0 && !self.leaf.has_room(key.len() + value.len()) {
            let full = std::mem::replace(&mut self.leaf, OpenPage::leaf());
            let id = pages.write(&full);
            self.add_child(0, full.first_key(), id, pages);
        }
        self.leaf.push(flags, key, value);
    }

    /// The only leaf, when the tree has no other and it is no larger than this.
    pub(super) fn only_leaf(&self, bytes_max: usize) -> Option<&OpenPage> {
        (self.branches.is_empty() && self.leaf.bytes() <= bytes_max).then_some(&self.leaf)
    }

    /// Writes what is open; returns the id of the root.
    pub(super) fn finish(mut self, pages: &mut Pages) -> u64 {
        let leaf = std::mem::replace(&mut self.leaf, OpenPage::leaf());
        let mut root = pages.write(&leaf);
        let mut least = leaf.first_key().to_vec();
        let mut level = 0;
        while level < self.branches.len() {
            self.add_child(level, &least, root, pages);
            let branch = std::mem::replace(&mut self.branches[level], OpenPage::branch());
            assert!(
                branch.len() >= 2,
                "a branch is begun only for a page that another one follows"
            );
            root = pages.write(&branch);
            least = branch.first_key().to_vec();
            level += 1;
        }
        root
    }

    /// Notes a finished page in the branch above it.
    fn add_child(&mut self, level: usize, least_key: &[u8], id: u64, pages: &mut Pages) {
        if level == self.branches.len() {
            self.branches.push(OpenPage::branch());
        }
        let branch = &mut self.branches[level];
        // bbolt wants two children below every branch. The last one of a full branch moves to the
        // next, so that neither ever has fewer.
        if branch.len() >= 3 && !branch.has_room(least_key.len()) {
            let (key, child) = branch.pop_child();
            let full = std::mem::replace(branch, OpenPage::branch());
            branch.push_child(&key, child);
            branch.push_child(least_key, id);
            let id = pages.write(&full);
            self.add_child(level + 1, full.first_key(), id, pages);
        } else {
            branch.push_child(least_key, id);
        }
    }
}
