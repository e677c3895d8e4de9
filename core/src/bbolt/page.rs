//! Pages as bytes: one that is being filled, and the meta page.

use super::PAGE_BYTES;

/// Bytes of a page before its elements.
pub(super) const HEADER_BYTES: usize = 16;
/// Bytes of one element, in leaves and branches.
pub(super) const ELEMENT_BYTES: usize = 16;
/// Bytes of a bucket's value before an inline page.
pub(super) const BUCKET_BYTES: usize = 16;
/// Bytes of a meta, its checksum included.
pub(super) const META_BYTES: usize = 64;
/// Bytes of a meta that its checksum covers.
pub(super) const META_SUMMED_BYTES: usize = 56;

pub(super) const BRANCH: u16 = 0x01;
pub(super) const LEAF: u16 = 0x02;
pub(super) const META: u16 = 0x04;
pub(super) const FREELIST: u16 = 0x10;

/// The flag of a leaf element whose value is a bucket.
pub(super) const IS_BUCKET: u32 = 1;

pub(super) const MAGIC: u32 = 0xED0C_DAED;
pub(super) const VERSION: u32 = 2;
/// The freelist of a database that writes none.
pub(super) const NO_FREELIST: u64 = u64::MAX;

/// A leaf or branch that is being filled.
pub(super) struct OpenPage {
    flags: u16,
    elements: Vec<Element>,
    /// Keys and values, one behind the other.
    data: Vec<u8>,
    /// Bytes that it may take: whole pages. A page of a large element has room behind it.
    room: usize,
}

struct Element {
    flags: u32,
    key_bytes: usize,
    value_bytes: usize,
    /// The page below, in a branch.
    child: u64,
}

impl OpenPage {
    pub(super) fn leaf() -> Self {
        Self { flags: LEAF, elements: Vec::new(), data: Vec::new(), room: PAGE_BYTES }
    }

    pub(super) fn branch() -> Self {
        Self { flags: BRANCH, ..Self::leaf() }
    }

    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    /// Bytes without padding.
    pub(super) fn bytes(&self) -> usize {
        HEADER_BYTES + self.elements.len() * ELEMENT_BYTES + self.data.len()
    }

    /// Whether another element with so many bytes of key and value fits.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes() + ELEMENT_BYTES + bytes <= self.room
    }

    pub(super) fn push(&mut self, flags: u32, key: &[u8], value: &[u8]) {
        let (key_bytes, value_bytes) = (key.len(), value.len());
        self.elements.push(Element { flags, key_bytes, value_bytes, child: 0 });
        self.data.extend_from_slice(key);
        self.data.extend_from_slice(value);
        self.room = self.room.max(self.bytes().next_multiple_of(PAGE_BYTES));
    }

    pub(super) fn push_child(&mut self, key: &[u8], child: u64) {
        self.push(0, key, &[]);
        self.elements.last_mut().expect("it was pushed above").child = child;
    }

    /// Takes the last child of a branch out again.
    pub(super) fn pop_child(&mut self) -> (Vec<u8>, u64) {
        let last = self.elements.pop().expect("a branch that is split has children");
        (self.data.split_off(self.data.len() - last.key_bytes), last.child)
    }

    /// The least key.
    pub(super) fn first_key(&self) -> &[u8] {
        &self.data[..self.elements.first().map_or(0, |element| element.key_bytes)]
    }

    /// Whole pages that it takes.
    pub(super) fn pages(&self) -> u64 {
        self.bytes().div_ceil(PAGE_BYTES) as u64
    }

    /// Appends the page, without padding.
    pub(super) fn encode(&self, id: u64, out: &mut Vec<u8>) {
        let count =
            u16::try_from(self.elements.len()).expect("an element has 16 bytes, a page 4096");
        let overflow = u32::try_from(self.pages() - 1).expect("a value is far below 4 GiB");
        put_header(id, self.flags, count, overflow, out);
        let mut data_at = self.elements.len() * ELEMENT_BYTES;
        for (number, element) in self.elements.iter().enumerate() {
            let position = number_u32(data_at - number * ELEMENT_BYTES);
            let (key_bytes, value_bytes) =
                (number_u32(element.key_bytes), number_u32(element.value_bytes));
            if self.flags == LEAF {
                for number in [element.flags, position, key_bytes, value_bytes] {
                    out.extend_from_slice(&number.to_le_bytes());
                }
            } else {
                out.extend_from_slice(&position.to_le_bytes());
                out.extend_from_slice(&key_bytes.to_le_bytes());
                out.extend_from_slice(&element.child.to_le_bytes());
            }
            data_at += element.key_bytes + element.value_bytes;
        }
        out.extend_from_slice(&self.data);
    }
}

fn number_u32(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a value is far below 4 GiB")
}

pub(super) fn put_header(id: u64, flags: u16, count: u16, overflow: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&overflow.to_le_bytes());
}

/// What a meta page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) page_bytes: u32,
    /// The root page of the tree of buckets.
    pub(super) root: u64,
    pub(super) freelist: u64,
    /// Number of pages; none at or above this is part of the database.
    pub(super) pages: u64,
    /// Number of the transaction that wrote it.
    pub(super) txid: u64,
}

impl Meta {
    /// Appends the meta, without the header of its page and without padding.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        for number in [MAGIC, VERSION, self.page_bytes, 0] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.root, 0, self.freelist, self.pages, self.txid] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let sum = fnv1a(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    /// Reads a meta; `None` when the bytes are none.
    pub(super) fn decode(bytes: &[u8; META_BYTES]) -> Option<Self> {
        let word = |at: usize| u32_at(bytes, at);
        let long = |at: usize| u64_at(bytes, at);
        let sound = word(0) == Some(MAGIC)
            && word(4) == Some(VERSION)
            && long(META_SUMMED_BYTES) == Some(fnv1a(&bytes[..META_SUMMED_BYTES]));
        if !sound {
            return None;
        }
        Some(Self {
            page_bytes: word(8)?,
            root: long(16)?,
            freelist: long(32)?,
            pages: long(40)?,
            txid: long(48)?,
        })
    }
}

/// FNV-1a with 64 bits, the checksum of a meta.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
