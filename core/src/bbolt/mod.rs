//! bbolt's file format: the database file in which etcd keeps everything, and which it hands out
//! as a snapshot.
//!
//! Glasshouse keeps its data elsewhere ([`store`](crate::store)), but a snapshot is also an agreement
//! between programs: `etcdutl` and `etcdctl` look into it, and an etcd starts from it. So this module
//! writes such a file once, front to back, and reads one that comes from anywhere.
//!
//! ```text
//!   page 0    page 1    page 2     page 3 ...                                           last page
//!   +-------+ +-------+ +--------+ +------+ +------+ +--------+ +------+      +--------+ +-------+
//!   | meta  | | meta  | |freelist| | leaf | | leaf | | branch | | leaf | ...  | branch | | leaf  |
//!   | txid 0| | txid 1| | (none) | |      | |      | |        | |      |      |        | | root  |
//!   +-------+ +---+---+ +--------+ +------+ +------+ +--------+ +------+      +--------+ +-------+
//!                 |                \------------- bucket "key" ------------------------/     ^
//!                 +--------------------------------------------------------------------------+
//! ```
//!
//! Everything is a multiple of one page, 4096 bytes here. All numbers are little-endian.
//!
//! ```text
//!   a page            0        8      10      12         16
//!                     +--------+-------+-------+----------+- - - - - - - - - - - -
//!                     | its id | flags | count | overflow |  elements, then bytes
//!                     |  u64   |  u16  |  u16  |   u32    |
//!                     +--------+-------+-------+----------+- - - - - - - - - - - -
//!   flags: 1 branch, 2 leaf, 4 meta, 16 freelist; `overflow` more pages belong to this one
//!
//!   leaf element      flags u32 | pos u32 | key bytes u32 | value bytes u32
//!   branch element    pos u32 | key bytes u32 | page id u64    the least key below that page
//!   (`pos` counts from the element itself; the key lies there, the value right behind it)
//!
//!   meta   magic u32 | version u32 | page bytes u32 | 0 u32 | root page u64 | sequence u64 |
//!          freelist page u64 | number of pages u64 | txid u64 | FNV-1a of all before it u64
//! ```
//!
//! A database is a B+tree of buckets, by name. The value of a bucket, marked by flag 1 of its element,
//! is `root page u64 | sequence u64`; a small bucket has root 0, and its only leaf follows right there
//! (*inline*). Two metas take turns in bbolt, so that a torn one never hurts; the one with the
//! higher transaction number counts.
//!
//! Source: `go.etcd.io/bbolt`, `internal/common/{page,meta,inode,bucket}.go`.

mod page;
mod reader;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

pub use self::reader::{Item, ReadError, Reader, Source};
pub use self::writer::{Plan, Writer};

/// Bytes of a page in files that are written here: what etcd uses wherever the system's pages have as
/// many.
pub const PAGE_BYTES: usize = 4096;
