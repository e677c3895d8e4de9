//! Reading a database that comes from anywhere.
//!
//! Nothing in the file is believed: every page must be what it says, be reached once, hold its keys
//! in order, and lie within the file; and what is not reached must be in the freelist. These are the
//! checks of bbolt's own `Tx.Check`, and of its assertions, which would end the process. What is wrong
//! is a [`ReadError`], which names the page.

use super::page::{
    BRANCH, BUCKET_BYTES, ELEMENT_BYTES, FREELIST, HEADER_BYTES, IS_BUCKET, LEAF, META, META_BYTES,
    Meta, NO_FREELIST, u16_at, u32_at, u64_at,
};

/// Levels of a tree at most. Each branch of a sound tree has two children or more.
const DEPTH_MAX: usize = 64;

/// Bytes of a file, read where they are needed.
pub trait Source {
    /// Bytes of the file.
    fn len_bytes(&self) -> u64;

    /// Fills `bytes` from `offset` on.
    ///
    /// # Errors
    /// What the system said.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), String>;
}

impl Source for &[u8] {
    fn len_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), String> {
        let from = usize::try_from(offset).ok().and_then(|from| self.get(from..));
        match from.and_then(|rest| rest.get(..bytes.len())) {
            Some(part) => {
                bytes.copy_from_slice(part);
                Ok(())
            }
            None => Err("unexpected EOF".into()),
        }
    }
}

/// Why a database cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The system could not read the file.
    #[error("cannot read the file: {0}")]
    Io(String),
    /// Neither meta is one.
    #[error("it is no bbolt database: both meta pages are invalid")]
    NoMeta,
    /// Something is not as bbolt would have written it.
    #[error("the database is damaged at page {page}: {what}")]
    Damaged {
        /// The page.
        page: u64,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// One thing in a database, as [`Reader::visit`] comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A bucket begins.
    Bucket {
        /// Its name.
        name: &'a [u8],
    },
    /// A row of the bucket that began last.
    Row {
        /// The bucket.
        bucket: &'a [u8],
        /// The key.
        key: &'a [u8],
        /// The value.
        value: &'a [u8],
    },
}

/// An open database.
pub struct Reader<S> {
    source: S,
    meta: Meta,
    page_bytes: u64,
}

impl<S: Source> Reader<S> {
    /// Finds the meta that counts.
    ///
    /// # Errors
    /// When there is none, or the file is shorter than it says.
    pub fn open(source: S) -> Result<Self, ReadError> {
        let meta = newest_meta(&source)?;
        let page_bytes = u64::from(meta.page_bytes);
        let bytes = meta.pages.checked_mul(page_bytes);
        if bytes.is_none_or(|bytes| bytes > source.len_bytes()) {
            return Err(damaged(0, "the file is shorter than its meta page says"));
        }
        Ok(Self { source, meta, page_bytes })
    }

    /// Bytes of the pages; the file may be longer.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.meta.pages * self.page_bytes
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Shows everything to `visit`, buckets in order of name and rows in order of key, and checks the
    /// whole file on the way. What was seen before an error is not to be trusted.
    ///
    /// # Errors
    /// The first thing that is wrong with the file, or the first error of `visit`.
    pub fn visit<E: From<ReadError>>(
        &self,
        mut visit: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut seen = Seen::new(self.meta.pages);
        let mut root = Walk::default();
        self.walk(
            self.meta.root,
            &mut root,
            0,
            &mut seen,
            &mut |seen, page, flags, name, value| {
                if flags != IS_BUCKET {
                    return Err(damaged(page, "a row stands where only buckets may").into());
                }
                visit(Item::Bucket { name })?;
                let mut row = |page, flags, key: &[u8], value: &[u8]| {
                    if flags == 0 {
                        visit(Item::Row { bucket: name, key, value })
                    } else {
                        Err(damaged(page, "a bucket stands in a bucket, which etcd never does")
                            .into())
                    }
                };
                let root = u64_at(value, 0).filter(|_| value.len() >= BUCKET_BYTES);
                let root = root.ok_or_else(|| damaged(page, "a bucket has no header"))?;
                let mut rows = Walk::default();
                if root == 0 {
                    let inline = Page { id: page, bytes: value[BUCKET_BYTES..].to_vec() };
                    if inline.flags() != Some(LEAF) {
                        return Err(damaged(page, "an inline bucket is no leaf").into());
                    }
                    return rows.leaf(&inline, &mut row);
                }
                self.walk(root, &mut rows, 0, seen, &mut |_, page, flags, key, value| {
                    row(page, flags, key, value)
                })
            },
        )?;
        Ok(self.check_rest(&mut seen)?)
    }

    /// Shows the elements of all leaves below a page.
    fn walk<E: From<ReadError>>(
        &self,
        id: u64,
        walk: &mut Walk,
        depth: usize,
        seen: &mut Seen,
        visit: &mut Visit<'_, E>,
    ) -> Result<(), E> {
        let page = self.page(id, seen)?;
        match page.flags() {
            Some(LEAF) => {
                walk.leaf(&page, &mut |id, flags, key, value| visit(seen, id, flags, key, value))
            }
            Some(BRANCH) if depth < DEPTH_MAX => {
                let children = page.len()?;
                if children == 0 {
                    return Err(damaged(id, "a branch has no children").into());
                }
                for number in 0..children {
                    let (key, child) = page.child(number)?;
                    walk.descend(id, key)?;
                    self.walk(child, walk, depth + 1, seen, visit)?;
                }
                Ok(())
            }
            Some(BRANCH) => Err(damaged(id, "the tree is too deep").into()),
            _ => Err(damaged(id, "it is neither a branch nor a leaf").into()),
        }
    }

    /// Reads a page with what overflows it, once.
    fn page(&self, id: u64, seen: &mut Seen) -> Result<Page, ReadError> {
        if !(2..self.meta.pages).contains(&id) {
            return Err(damaged(id, "it is outside of the database"));
        }
        let mut header = [0; HEADER_BYTES];
        self.read(id * self.page_bytes, &mut header)?;
        if u64_at(&header, 0) != Some(id) {
            return Err(damaged(id, "it says that it is another page"));
        }
        let overflow = u32_at(&header, 12).map_or(0, u64::from);
        let end = id + overflow + 1;
        if end > self.meta.pages {
            return Err(damaged(id, "it overflows the end of the database"));
        }
        (id..end).try_for_each(|page| seen.mark(page))?;
        let bytes = (overflow + 1) * self.page_bytes;
        let bytes = usize::try_from(bytes).map_err(|_| damaged(id, "it is too large"))?;
        let mut page = vec![0; bytes];
        self.read(id * self.page_bytes, &mut page)?;
        Ok(Page { id, bytes: page })
    }

    /// What no tree reaches must be free.
    fn check_rest(&self, seen: &mut Seen) -> Result<(), ReadError> {
        if self.meta.freelist == NO_FREELIST {
            return Ok(());
        }
        let page = self.page(self.meta.freelist, seen)?;
        if page.flags() != Some(FREELIST) {
            return Err(damaged(page.id, "it is no freelist"));
        }
        let count = u16_at(&page.bytes, 10).unwrap_or(0);
        // More than fit into the count: then their number stands in front of them.
        let (first, count): (u64, u64) = match count {
            u16::MAX => (1, u64_at(&page.bytes, HEADER_BYTES).unwrap_or(0)),
            count => (0, u64::from(count)),
        };
        for number in first..first.saturating_add(count) {
            let at = usize::try_from(number).ok().and_then(|number| number.checked_mul(8));
            let free = at.and_then(|at| u64_at(&page.bytes, HEADER_BYTES.checked_add(at)?));
            let free = free.ok_or_else(|| damaged(page.id, "the freelist is cut"))?;
            if !(2..self.meta.pages).contains(&free) {
                return Err(damaged(free, "it is free, but outside of the database"));
            }
            seen.mark(free)?;
        }
        match (2..self.meta.pages).find(|id| !seen.has(*id)) {
            Some(lost) => Err(damaged(lost, "it is neither used nor free")),
            None => Ok(()),
        }
    }

    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), ReadError> {
        self.source.read_at(offset, bytes).map_err(ReadError::Io)
    }
}

/// Takes an element: the pages that were seen, its page, its flags, its key, its value.
type Visit<'a, E> = dyn FnMut(&mut Seen, u64, u32, &[u8], &[u8]) -> Result<(), E> + 'a;

/// Takes an element of a leaf: its page, its flags, its key, its value.
type VisitRow<'a, E> = dyn FnMut(u64, u32, &[u8], &[u8]) -> Result<(), E> + 'a;

fn damaged(page: u64, what: &'static str) -> ReadError {
    ReadError::Damaged { page, what }
}

/// The valid meta with the higher transaction number. The second one stands one page behind the first,
/// and only a meta tells how large a page is: when the first is damaged, all sizes are tried.
fn newest_meta(source: &impl Source) -> Result<Meta, ReadError> {
    let meta_at = |offset: u64| {
        let mut bytes = [0; HEADER_BYTES + META_BYTES];
        source.read_at(offset, &mut bytes).ok()?;
        let meta = Meta::decode(bytes.last_chunk()?)?;
        let sound = u16_at(&bytes, 8) == Some(META)
            && (512..=65_536).contains(&meta.page_bytes)
            && meta.page_bytes.is_power_of_two();
        sound.then_some(meta)
    };
    let first = meta_at(0);
    let sizes: Vec<u64> = match first {
        Some(first) => vec![u64::from(first.page_bytes)],
        None => (9..=16).map(|bits| 1 << bits).collect(),
    };
    let second = sizes
        .into_iter()
        .find_map(|size| meta_at(size).filter(|meta| u64::from(meta.page_bytes) == size));
    let newest = [first, second].into_iter().flatten().max_by_key(|meta| meta.txid);
    newest.ok_or(ReadError::NoMeta)
}

/// Which pages were reached.
struct Seen(Vec<u64>);

impl Seen {
    fn new(pages: u64) -> Self {
        let words = usize::try_from(pages.div_ceil(64)).unwrap_or(0);
        Self(vec![0; words])
    }

    fn has(&self, page: u64) -> bool {
        let word = usize::try_from(page / 64).ok().and_then(|word| self.0.get(word));
        word.is_some_and(|word| word & (1 << (page % 64)) != 0)
    }

    fn mark(&mut self, page: u64) -> Result<(), ReadError> {
        if self.has(page) {
            return Err(damaged(page, "it is used twice"));
        }
        let word = usize::try_from(page / 64).ok().and_then(|word| self.0.get_mut(word));
        *word.ok_or_else(|| damaged(page, "it is outside of the database"))? |= 1 << (page % 64);
        Ok(())
    }
}

/// How far a walk through one tree has come.
#[derive(Default)]
struct Walk {
    last_key: Option<Vec<u8>>,
    /// What the branch above promised to be the least key.
    least_key: Option<Vec<u8>>,
}

impl Walk {
    /// Goes below a branch, at this key.
    fn descend(&mut self, page: u64, key: &[u8]) -> Result<(), ReadError> {
        if self.last_key.as_deref().is_some_and(|last| key <= last) {
            return Err(damaged(page, "its keys are not in order"));
        }
        self.least_key = Some(key.to_vec());
        Ok(())
    }

    /// Shows the elements of one leaf.
    fn leaf<E: From<ReadError>>(
        &mut self,
        page: &Page,
        visit: &mut VisitRow<'_, E>,
    ) -> Result<(), E> {
        for number in 0..page.len()? {
            let (flags, key, value) = page.row(number)?;
            if self.least_key.take().is_some_and(|least| key < &least[..])
                || self.last_key.as_deref().is_some_and(|last| key <= last)
            {
                return Err(damaged(page.id, "its keys are not in order").into());
            }
            let last = self.last_key.get_or_insert_default();
            last.clear();
            last.extend_from_slice(key);
            visit(page.id, flags, key, value)?;
        }
        Ok(())
    }
}

/// A page as it was read, with what overflows it.
struct Page {
    id: u64,
    bytes: Vec<u8>,
}

impl Page {
    fn flags(&self) -> Option<u16> {
        u16_at(&self.bytes, 8)
    }

    fn len(&self) -> Result<usize, ReadError> {
        let count = u16_at(&self.bytes, 10).map(usize::from);
        count.ok_or_else(|| damaged(self.id, "it is cut"))
    }

    /// (flags, key, value) of an element of a leaf.
    fn row(&self, number: usize) -> Result<(u32, &[u8], &[u8]), ReadError> {
        let at = HEADER_BYTES + number * ELEMENT_BYTES;
        let find = || {
            let word = |offset| u32_at(&self.bytes, at + offset);
            let (position, key, value) = (word(4)?, word(8)?, word(12)?);
            let from = self.bytes.get(at.checked_add(usize::try_from(position).ok()?)?..)?;
            let (key, rest) = from.split_at_checked(usize::try_from(key).ok()?)?;
            Some((word(0)?, key, rest.get(..usize::try_from(value).ok()?)?))
        };
        let row = find().filter(|(_, key, _)| !key.is_empty());
        row.ok_or_else(|| damaged(self.id, "an element lies outside of it, or has no key"))
    }

    /// (least key, page) of an element of a branch.
    fn child(&self, number: usize) -> Result<(&[u8], u64), ReadError> {
        let at = HEADER_BYTES + number * ELEMENT_BYTES;
        let find = || {
            let position = usize::try_from(u32_at(&self.bytes, at)?).ok()?;
            let from = self.bytes.get(at.checked_add(position)?..)?;
            let key = from.get(..usize::try_from(u32_at(&self.bytes, at + 4)?).ok()?)?;
            Some((key, u64_at(&self.bytes, at + 8)?))
        };
        let child = find().filter(|(key, _)| !key.is_empty());
        child.ok_or_else(|| damaged(self.id, "an element lies outside of it, or has no key"))
    }
}
