//! The inspector: one member's peers, bytes and keys.

use serde::{Deserialize, Serialize};

use super::{Alias, Keep, no, zero};

/// The inspector of one member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inspector {
    /// Whose.
    pub alias: Alias,
    /// What the leader knows of its peers; empty for others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<Peer>,
    /// The end of its write-ahead log.
    pub wal: WalTail,
    /// Its keys by revision.
    pub keys: Keys,
    /// Members of its configuration: names of the voters and learners.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voters: Vec<Alias>,
    /// Learners of its configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub learners: Vec<Alias>,
    /// Leases that it knows, in order of id; at most [`LEASES_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<LeaseRow>,
    /// How many leases there are.
    #[serde(skip_serializing_if = "zero")]
    pub lease_count: u64,
    /// It leads, so it counts their time.
    #[serde(skip_serializing_if = "no")]
    pub counts_leases: bool,
    /// Who watches at this member.
    pub watches: Watching,
    /// Client calls that wait at this member.
    #[serde(skip_serializing_if = "zero")]
    pub open_calls: u64,
    /// Messages that it refused because they were damaged.
    #[serde(skip_serializing_if = "zero")]
    pub refused_messages: u64,
    /// Its client URL.
    pub client_url: String,
    /// Its peer URL.
    pub peer_url: String,
    /// The token that its command line names.
    pub token: String,
    /// Its id is the hash of that URL and that token; else its log knows another one.
    #[serde(skip_serializing_if = "no")]
    pub is_hashed: bool,
    /// Its cluster's id in hex: a hash of the ids of the first members.
    pub cluster_id: String,
    /// What its etcd is started with.
    pub command_line: String,
}

/// Most leases in an [`Inspector`].
pub const LEASES_MAX: usize = 12;

/// A lease, as the log has made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeaseRow {
    /// Its id in hex, as etcdctl prints it.
    pub id: String,
    /// Seconds that it was granted for.
    pub ttl: i64,
    /// Seconds that a leader would give it that were elected now.
    pub left: i64,
    /// The keys that end with it, shortened, in order; at most as many as a line holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// How many keys there are.
    #[serde(skip_serializing_if = "zero")]
    pub key_count: u64,
}

/// Watchers of one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watching {
    /// Streams of clients.
    #[serde(skip_serializing_if = "zero")]
    pub streams: u64,
    /// Watchers on them.
    #[serde(skip_serializing_if = "zero")]
    pub watchers: u64,
    /// Those that have been told of everything; the others read history.
    #[serde(skip_serializing_if = "zero")]
    pub synced: u64,
    /// Responses that clients have not taken yet.
    #[serde(skip_serializing_if = "zero")]
    pub untaken: u64,
}

/// What the leader knows of one peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Peer {
    /// The peer.
    pub alias: Alias,
    /// `probe`, `replicate` or `snapshot`.
    pub mode: String,
    /// Last index known to be on its disk.
    pub matched: u64,
    /// Next index to send.
    pub next: u64,
    /// When the leader last got a message of it in this term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_us: Option<u64>,
    /// Nothing is sent until it answers.
    #[serde(skip_serializing_if = "no")]
    pub paused: bool,
}

/// The end of a write-ahead log, as bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WalTail {
    /// The segment that is shown.
    pub segment: u64,
    /// Bytes of it that are written.
    pub written: u64,
    /// Bytes of it that would survive a power failure.
    pub durable: u64,
    /// The last records, oldest first; at most [`WAL_RECORDS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<WalRecord>,
}

/// Most records in a [`WalTail`].
pub const WAL_RECORDS_MAX: usize = 8;

/// Most bytes of one record that a frame shows.
pub const WAL_RECORD_BYTES_MAX: usize = 64;

/// One record of the write-ahead log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WalRecord {
    /// Its place in the segment.
    pub offset: u64,
    /// Its length in bytes, header and padding included.
    pub len: u64,
    /// `entry`, `state`, `snapshot`, ...
    pub kind: String,
    /// What it says: "entry 34 · put stock/apples 41".
    pub words: String,
    /// Its checksum in hex.
    pub crc: String,
    /// What a crash would do to it.
    pub keep: Keep,
    /// The checksum does not fit the bytes.
    #[serde(skip_serializing_if = "no")]
    pub bad: bool,
    /// Its first bytes in hex, without spaces.
    pub hex: String,
}

/// The keys of a store, by revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keys {
    /// The current revision.
    pub revision: i64,
    /// History up to here is compacted: the wall.
    pub compacted: i64,
    /// Revisions above this one are only in memory (a crash replays them from the WAL).
    pub stored: i64,
    /// How many keys exist now.
    pub count: u64,
    /// The keys that changed last, in order of name; at most [`KEYS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<KeyRow>,
}

/// Most keys in [`Keys`].
pub const KEYS_MAX: usize = 12;

/// The life of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyRow {
    /// The key as text, shortened.
    pub key: String,
    /// Its changes, oldest first.
    pub changes: Vec<KeyChange>,
}

/// One change of a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyChange {
    /// The revision that made it.
    #[serde(rename = "r")]
    pub revision: i64,
    /// The value as text, shortened; absent for a tombstone.
    #[serde(rename = "v", skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What a crash would do to the row in the store (the WAL still has it).
    #[serde(rename = "k")]
    pub keep: Keep,
    /// The term of the entry that made it, where the log still knows; 0 is ink.
    #[serde(rename = "t", skip_serializing_if = "zero")]
    pub term: u64,
}
