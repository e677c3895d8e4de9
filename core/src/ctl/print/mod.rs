//! The five formats of `--write-out`.
//!
//! Not every format can print everything: `table` knows members and endpoints only, `protobuf`
//! everything but endpoints.

mod access;
mod cluster;
mod fields;
mod json;
mod protobuf;
mod simple;
pub(super) mod table;

use super::cluster::Picture;
use super::endpoint::{Health, Said};
use super::{Exit, Output};
use crate::api::downgrade_request::DowngradeAction;
use crate::api::{
    AlarmResponse, AuthRoleGetResponse, AuthRoleListResponse, AuthStatusResponse,
    AuthUserGetResponse, AuthUserListResponse, DeleteRangeResponse, DowngradeResponse,
    HashKvResponse, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseLeasesResponse,
    LeaseRevokeResponse, LeaseTimeToLiveResponse, Member, MemberAddResponse, MemberListResponse,
    MemberPromoteResponse, MemberRemoveResponse, MemberUpdateResponse, MoveLeaderResponse,
    PutResponse, RangeResponse, ResponseHeader, StatusResponse, TxnResponse, WatchResponse,
};

/// A value of `--write-out`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Simple,
    Json,
    Fields,
    Table,
    Protobuf,
}

impl Format {
    /// In the order of etcdctl's help, for completion.
    pub(super) const NAMES: [(&str, Self); 5] = [
        ("fields", Self::Fields),
        ("json", Self::Json),
        ("protobuf", Self::Protobuf),
        ("simple", Self::Simple),
        ("table", Self::Table),
    ];

    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        Self::NAMES.iter().find(|(other, _)| other.as_bytes() == name).map(|(_, format)| *format)
    }

    pub(super) fn unsupported(self) -> Exit {
        let name = Self::NAMES.iter().find(|(_, format)| *format == self).map(|(name, _)| *name);
        let name = name.expect("every format has a name");
        Exit::bad_feature(format!("{name} not supported as output format"))
    }
}

/// Everything that a command may print.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report<'a> {
    Get(&'a RangeResponse),
    Put(&'a PutResponse),
    Del(&'a DeleteRangeResponse),
    Txn(&'a TxnResponse),
    Grant(&'a LeaseGrantResponse),
    /// The response does not say which lease it was.
    Revoke(i64, &'a LeaseRevokeResponse),
    KeepAlive(&'a LeaseKeepAliveResponse),
    TimeToLive {
        response: &'a LeaseTimeToLiveResponse,
        /// Its keys were asked for.
        keys: bool,
    },
    Leases(&'a LeaseLeasesResponse),
    MemberList(&'a MemberListResponse),
    MemberAdd(&'a MemberAddResponse),
    /// With the id that the line named.
    MemberRemove(u64, &'a MemberRemoveResponse),
    MemberUpdate(u64, &'a MemberUpdateResponse),
    MemberPromote(u64, &'a MemberPromoteResponse),
    /// From whom to whom.
    MoveLeader(u64, u64, &'a MoveLeaderResponse),
    Health(&'a [Health]),
    Status(&'a [Said<StatusResponse>]),
    HashKv(&'a [Said<HashKvResponse>]),
    Watch(&'a WatchResponse),
    AuthStatus(&'a AuthStatusResponse),
    /// A sentence about something whose answer is a header only.
    Changed(&'a [u8], Option<&'a ResponseHeader>),
    /// With the name that the line gave.
    RoleGet(&'a [u8], &'a AuthRoleGetResponse),
    RoleList(&'a AuthRoleListResponse),
    /// With the name that the line gave.
    UserGet(&'a [u8], &'a AuthUserGetResponse),
    UserList(&'a AuthUserListResponse),
    Alarms(&'a AlarmResponse),
    Downgrade(DowngradeAction, &'a DowngradeResponse),
    Cluster(&'a Picture),
}

/// A format with its options.
#[derive(Clone, Copy, Debug)]
pub(super) struct Printer {
    pub(super) format: Format,
    /// Keys and values as `\x66\x6f\x6f`, member ids in hexadecimal.
    pub(super) hex: bool,
    /// Values without keys.
    pub(super) value_only: bool,
}

impl Printer {
    /// Prints a report.
    pub(super) fn print(&self, report: Report<'_>, output: &mut Output) -> Result<(), Exit> {
        match self.format {
            Format::Simple => simple::print(report, *self, output),
            Format::Json => json::print(report, self.hex, output),
            Format::Fields => fields::print(report, output)?,
            Format::Table => table::print(report, output)?,
            Format::Protobuf => protobuf::print(report, output)?,
        }
        Ok(())
    }
}

/// A header that is absent reads as zeros.
fn header(header: Option<&ResponseHeader>) -> ResponseHeader {
    header.copied().unwrap_or_default()
}

const MEMBER_COLUMNS: [&str; 6] =
    ["ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"];

fn member_row(member: &Member) -> [String; 6] {
    [
        format!("{:x}", member.id),
        if member.name.is_empty() { "unstarted" } else { "started" }.to_owned(),
        member.name.clone(),
        member.peer_urls.join(","),
        member.client_urls.join(","),
        member.is_learner.to_string(),
    ]
}

const HEALTH_COLUMNS: [&str; 4] = ["ENDPOINT", "HEALTH", "TOOK", "ERROR"];

fn health_row(health: &Health) -> [String; 4] {
    [health.endpoint.clone(), health.healthy.to_string(), health.took.clone(), health.error.clone()]
}

const STATUS_COLUMNS: [&str; 10] = [
    "ENDPOINT",
    "ID",
    "VERSION",
    "DB SIZE",
    "IS LEADER",
    "IS LEARNER",
    "RAFT TERM",
    "RAFT INDEX",
    "RAFT APPLIED INDEX",
    "ERRORS",
];

fn status_row(said: &Said<StatusResponse>) -> [String; 10] {
    let status = &said.response;
    let member_id = header(status.header.as_ref()).member_id;
    [
        said.endpoint.clone(),
        format!("{member_id:x}"),
        status.version.clone(),
        human_bytes(u64::try_from(status.db_size).unwrap_or(0)),
        (status.leader == member_id).to_string(),
        status.is_learner.to_string(),
        status.raft_term.to_string(),
        status.raft_index.to_string(),
        status.raft_applied_index.to_string(),
        status.errors.join(", "),
    ]
}

const HASH_COLUMNS: [&str; 2] = ["ENDPOINT", "HASH"];

fn hash_row(said: &Said<HashKvResponse>) -> [String; 2] {
    [said.endpoint.clone(), said.response.hash.to_string()]
}

/// A size in powers of 1000 with two significant digits: `9 B`, `2.0 kB`, `20 kB`, `1.1 GB`.
pub(super) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let mut scale: u128 = 1;
    let mut unit = 0;
    while u128::from(bytes) >= scale * 1000 {
        scale *= 1000;
        unit += 1;
    }
    // Rounded to tenths first and to whole units after, as the original does.
    let tenths = (u128::from(bytes) * 20 + scale) / (scale * 2);
    let unit = UNITS[unit];
    if tenths < 100 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", round_half_even(tenths))
    }
}

/// Tenths to whole units; a half goes to the even neighbour, as in C's `%.0f`.
fn round_half_even(tenths: u128) -> u128 {
    let (whole, rest) = (tenths / 10, tenths % 10);
    whole + u128::from(rest > 5 || rest == 5 && whole % 2 == 1)
}
