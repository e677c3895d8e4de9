//! A snapshot file as it leaves: part by part, as quickly as somebody takes it.

use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

use super::schema;
use crate::bbolt::Writer;
use crate::limits;
use crate::order;
use crate::store::{RowCursor, StoreError, StoreView};

/// One part of a snapshot file, which fits into one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Bytes of the database that follow. 0 for the last of them, and for the checksum behind it.
    pub remaining_bytes: u64,
    /// The bytes.
    pub bytes: Bytes,
}

/// A snapshot file of one commit of a store.
pub struct SnapshotFile {
    feed: Feed,
    writer: Writer,
    /// Bytes that are ready to leave.
    ready: BytesMut,
    hash: Sha256,
    total_bytes: u64,
    sent_bytes: u64,
    /// The checksum has left, too.
    ended: bool,
}

impl SnapshotFile {
    /// Measures the file that the store makes. Reads all of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(view: &StoreView) -> Result<Self, StoreError> {
        let mut measure = Writer::measure();
        let mut feed = Feed::new(view)?;
        while feed.step(&mut measure)? {}
        let plan = measure.finish();
        Ok(Self {
            feed: Feed::new(view)?,
            writer: Writer::new(plan),
            ready: BytesMut::new(),
            hash: Sha256::new(),
            total_bytes: plan.file_bytes(),
            sent_bytes: 0,
            ended: false,
        })
    }

    /// Bytes of the database; the checksum comes behind them.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The next part; `None` behind the checksum.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_part(&mut self) -> Result<Option<Part>, StoreError> {
        let remaining = self.total_bytes - self.sent_bytes;
        if remaining == 0 {
            let tail = Part {
                remaining_bytes: 0,
                bytes: Bytes::copy_from_slice(&self.hash.clone().finalize()),
            };
            let first = !std::mem::replace(&mut self.ended, true);
            return Ok(first.then_some(tail));
        }
        let wanted = usize::try_from(remaining).unwrap_or(usize::MAX);
        let wanted = wanted.min(limits::SNAPSHOT_FILE_PART_BYTES);
        while self.ready.len() < wanted {
            if !self.feed.step(&mut self.writer)? {
                self.writer.finish();
            }
            self.ready.extend_from_slice(&self.writer.take());
        }
        let bytes = self.ready.split_to(wanted).freeze();
        self.hash.update(&bytes);
        self.sent_bytes += bytes.len() as u64;
        Ok(Some(Part { remaining_bytes: self.total_bytes - self.sent_bytes, bytes }))
    }
}

/// Hands the rows of a store to a writer, bucket by bucket, one at a time.
struct Feed {
    buckets: std::vec::IntoIter<(&'static str, Source)>,
    current: Option<Source>,
}

enum Source {
    Few(std::vec::IntoIter<(Bytes, Bytes)>),
    Keys(Box<RowCursor>),
}

impl Feed {
    fn new(view: &StoreView) -> Result<Self, StoreError> {
        let few = |(name, rows): schema::Bucket| (name, Source::Few(rows.into_iter()));
        let mut buckets: Vec<_> = schema::small_buckets(view)?.into_iter().map(few).collect();
        buckets.push((schema::KEY, Source::Keys(Box::new(view.rows()?))));
        order::sort_by_key(&mut buckets, |(name, _)| *name);
        Ok(Self { buckets: buckets.into_iter(), current: None })
    }

    /// Puts one row, or begins a bucket. False at the end.
    fn step(&mut self, writer: &mut Writer) -> Result<bool, StoreError> {
        let put = match &mut self.current {
            None => None,
            Some(Source::Few(rows)) => rows.next().map(|(key, value)| writer.put(&key, &value)),
            Some(Source::Keys(rows)) => rows.next(|key, value| writer.put(&key.encode(), value))?,
        };
        if put.is_some() {
            return Ok(true);
        }
        let next = self.buckets.next();
        if let Some((name, _)) = &next {
            writer.bucket(name.as_bytes());
        }
        self.current = next.map(|(_, source)| source);
        Ok(self.current.is_some())
    }
}
