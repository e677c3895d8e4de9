//! A whole database, written once from front to back.
//!
//! The metas stand in front and say how many pages follow and which one is the root. So a file is
//! written twice, the first time without bytes: [`Writer::measure`] takes the same rows as
//! [`Writer::new`] and only counts pages. Both run the same code, so the [`Plan`] of the one is true of
//! the other; this is asserted at the end.

use super::PAGE_BYTES;
use super::page::{BUCKET_BYTES, FREELIST, HEADER_BYTES, IS_BUCKET, META, Meta, put_header};
use super::tree::{Pages, Tree, pad};

/// The page of the freelist, which is empty: nothing was ever deleted from this file.
const FREELIST_PAGE: u64 = 2;
/// The first page behind metas and freelist.
const FIRST_PAGE: u64 = 3;
/// Bytes of a leaf that a bucket may have inline (bbolt's `maxInlineBucketSize`).
const INLINE_BYTES_MAX: usize = PAGE_BYTES / 4;

/// What the metas of a file must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pages: u64,
    root: u64,
}

impl Plan {
    /// Bytes of the file.
    #[must_use]
    pub fn file_bytes(self) -> u64 {
        self.pages * PAGE_BYTES as u64
    }
}

/// Writes a database from sorted rows. What it holds at any time is the pages that are not yet
/// [taken](Self::take) and one page for each level of the tree.
pub struct Writer {
    pages: Pages,
    /// The tree of buckets.
    root: Tree,
    /// The bucket that is being filled.
    bucket: Option<(Vec<u8>, Tree)>,
    plan: Option<Plan>,
}

impl Writer {
    /// A writer that only counts.
    #[must_use]
    pub fn measure() -> Self {
        let pages = Pages { next: FIRST_PAGE, out: None };
        Self { pages, root: Tree::new(), bucket: None, plan: None }
    }

    /// A writer of the file that was measured.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let mut out = Vec::new();
        for txid in 0..FREELIST_PAGE {
            put_header(txid, META, 0, 0, &mut out);
            let meta = Meta {
                page_bytes: u32::try_from(PAGE_BYTES).expect("4096"),
                root: plan.root,
                freelist: FREELIST_PAGE,
                pages: plan.pages,
                txid,
            };
            meta.encode(&mut out);
            pad(&mut out);
        }
        put_header(FREELIST_PAGE, FREELIST, 0, 0, &mut out);
        pad(&mut out);
        let pages = Pages { next: FIRST_PAGE, out: Some(out) };
        Self { pages, root: Tree::new(), bucket: None, plan: Some(plan) }
    }

    /// Begins a bucket; its name is greater than those before.
    pub fn bucket(&mut self, name: &[u8]) {
        self.end_bucket();
        self.bucket = Some((name.to_vec(), Tree::new()));
    }

    /// Appends a row to the bucket; its key is greater than those before, and not empty.
    ///
    /// # Panics
    /// When no bucket was begun, or the key is not in order: rows come from this program.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        let (_, tree) = self.bucket.as_mut().expect("a bucket is begun first");
        tree.push(0, key, value, &mut self.pages);
    }

    /// Ends the file. Its last bytes are there to be taken.
    ///
    /// # Panics
    /// When the rows are not those that were measured.
    pub fn finish(&mut self) -> Plan {
        self.end_bucket();
        let root = std::mem::replace(&mut self.root, Tree::new());
        let root = root.finish(&mut self.pages);
        let written = Plan { pages: self.pages.next, root };
        if let Some(plan) = self.plan {
            assert_eq!(written, plan, "the file is as it was measured");
        }
        written
    }

    /// Bytes that are finished and not taken.
    #[must_use]
    pub fn ready_bytes(&self) -> usize {
        self.pages.out.as_ref().map_or(0, Vec::len)
    }

    /// Takes the bytes that are finished, the next ones of the file.
    pub fn take(&mut self) -> Vec<u8> {
        self.pages.out.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn end_bucket(&mut self) {
        let Some((name, tree)) = self.bucket.take() else { return };
        let mut value = Vec::with_capacity(BUCKET_BYTES + HEADER_BYTES);
        let inline = tree.only_leaf(INLINE_BYTES_MAX);
        if let Some(leaf) = inline {
            value.resize(BUCKET_BYTES, 0);
            leaf.encode(0, &mut value);
        } else {
            let root = tree.finish(&mut self.pages);
            value.extend_from_slice(&root.to_le_bytes());
            value.resize(BUCKET_BYTES, 0);
        }
        self.root.push(IS_BUCKET, &name, &value, &mut self.pages);
    }
}
