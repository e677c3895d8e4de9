//! The errors that a member answers with: etcd's texts and gRPC's codes, byte for byte.
//!
//! etcd's clients recognise an error by its *text*, so that none of these may be reworded. Source:
//! `api/v3rpc/rpctypes/error.go` of etcd, at the tag that `core/proto/SOURCE.md` names.

use std::borrow::Cow;
use std::fmt;

/// A status code of gRPC, with gRPC's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Code {
    /// No error.
    Ok = 0,
    /// The caller gave up.
    Canceled = 1,
    /// An error without a code of its own.
    Unknown = 2,
    /// The request can never succeed as it is.
    InvalidArgument = 3,
    /// The time given to the call is over; it may still have happened.
    DeadlineExceeded = 4,
    /// What the request names does not exist.
    NotFound = 5,
    /// What the request wants to create exists.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A quota or a limit is used up.
    ResourceExhausted = 8,
    /// The system is not in the state that the request needs.
    FailedPrecondition = 9,
    /// A conflict with another caller.
    Aborted = 10,
    /// A position outside of what exists, such as a compacted revision.
    OutOfRange = 11,
    /// The member does not know this call.
    Unimplemented = 12,
    /// A broken invariant.
    Internal = 13,
    /// The member cannot serve at the moment; a retry may succeed.
    Unavailable = 14,
    /// Data is lost or corrupt.
    DataLoss = 15,
    /// The caller did not prove who it is.
    Unauthenticated = 16,
}

impl Code {
    const ALL: [Self; 17] = [
        Self::Ok,
        Self::Canceled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The code with this number; a number that gRPC does not define is [`Code::Unknown`].
    pub fn from_number(number: i32) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index))
            .copied()
            .unwrap_or(Self::Unknown)
    }

    /// gRPC's number.
    pub fn number(self) -> i32 {
        i32::from(self as u8)
    }

    /// The name that Go's clients print, as in `rpc error: code = Unavailable`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Canceled => "Canceled",
            Self::Unknown => "Unknown",
            Self::InvalidArgument => "InvalidArgument",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::PermissionDenied => "PermissionDenied",
            Self::ResourceExhausted => "ResourceExhausted",
            Self::FailedPrecondition => "FailedPrecondition",
            Self::Aborted => "Aborted",
            Self::OutOfRange => "OutOfRange",
            Self::Unimplemented => "Unimplemented",
            Self::Internal => "Internal",
            Self::Unavailable => "Unavailable",
            Self::DataLoss => "DataLoss",
            Self::Unauthenticated => "Unauthenticated",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An answer that is an error: data for the client, equal on every member that applied the same log.
///
/// A failing disk or corrupt bytes are no `Error`: the node halts instead of answering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// gRPC's code.
    pub code: Code,
    /// etcd's text, with its prefix `etcdserver: `.
    pub message: Cow<'static, str>,
}

impl Error {
    /// An error whose text is none of etcd's own, such as a transport's.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// Whether `message` is one of etcd's own texts.
    pub fn is_etcd_text(message: &str) -> bool {
        Self::ALL.iter().any(|error| error.message == message)
    }
}

/// Declares one constant for each of etcd's errors, and the list of them all.
macro_rules! errors {
    ($($code:ident { $($name:ident = $text:literal,)+ })+) => {
        impl Error {
            $($(
                #[doc = concat!("`etcdserver: ", $text, "`")]
                pub const $name: Self = Self {
                    code: Code::$code,
                    message: Cow::Borrowed(concat!("etcdserver: ", $text)),
                };
            )+)+

            /// Every error that has a constant here.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)+)+];
        }
    };
}

errors! {
    InvalidArgument {
        EMPTY_KEY = "key is not provided",
        KEY_NOT_FOUND = "key not found",
        VALUE_PROVIDED = "value is provided",
        LEASE_PROVIDED = "lease is provided",
        TOO_MANY_OPS = "too many operations in txn request",
        DUPLICATE_KEY = "duplicate key given in txn request",
        INVALID_CLIENT_API_VERSION = "invalid client api version",
        INVALID_SORT_OPTION = "invalid sort option",
        MEMBER_BAD_URLS = "given member URLs are invalid",
        REQUEST_TOO_LARGE = "request is too large",
        USER_EMPTY = "user name is empty",
        ROLE_EMPTY = "role name is empty",
        AUTH_FAILED = "authentication failed, invalid user ID or password",
        PERMISSION_NOT_GIVEN = "permission not given",
        INVALID_AUTH_MANAGEMENT = "invalid auth management",
        AUTH_OLD_REVISION = "revision of auth store is old",
        WRONG_DOWNGRADE_VERSION_FORMAT = "wrong downgrade target version format",
        INVALID_DOWNGRADE_TARGET_VERSION = "invalid downgrade target version",
    }
    OutOfRange {
        COMPACTED = "mvcc: required revision has been compacted",
        FUTURE_REVISION = "mvcc: required revision is a future revision",
        LEASE_TTL_TOO_LARGE = "too large lease TTL",
    }
    ResourceExhausted {
        NO_SPACE = "mvcc: database space exceeded",
        TOO_MANY_REQUESTS = "too many requests",
    }
    NotFound {
        LEASE_NOT_FOUND = "requested lease not found",
        MEMBER_NOT_FOUND = "member not found",
    }
    FailedPrecondition {
        LEASE_EXISTS = "lease already exists",
        MEMBER_EXISTS = "member ID already exist",
        PEER_URL_EXISTS = "Peer URLs already exists",
        MEMBER_NOT_ENOUGH_STARTED = "re-configuration failed due to not enough started members",
        MEMBER_NOT_LEARNER = "can only promote a learner member",
        LEARNER_NOT_READY = "can only promote a learner member which is in sync with leader",
        TOO_MANY_LEARNERS = "too many learner members in cluster",
        CLUSTER_ID_MISMATCH = "cluster ID mismatch",
        ROOT_USER_NOT_EXIST = "root user does not exist",
        ROOT_ROLE_NOT_EXIST = "root user does not have root role",
        USER_ALREADY_EXISTS = "user name already exists",
        USER_NOT_FOUND = "user name not found",
        ROLE_ALREADY_EXISTS = "role name already exists",
        ROLE_NOT_FOUND = "role name not found",
        ROLE_NOT_GRANTED = "role is not granted to the user",
        PERMISSION_NOT_GRANTED = "permission is not granted to the role",
        AUTH_NOT_ENABLED = "authentication is not enabled",
        NOT_LEADER = "not leader",
        NOT_CAPABLE = "not capable",
        NOT_SUPPORTED_FOR_LEARNER = "rpc not supported for learner",
        BAD_LEADER_TRANSFEREE = "bad leader transferee",
        CLUSTER_VERSION_UNAVAILABLE = "cluster version not found during downgrade",
        DOWNGRADE_IN_PROCESS = "cluster has a downgrade job in progress",
        NO_INFLIGHT_DOWNGRADE = "no inflight downgrade job",
    }
    PermissionDenied {
        PERMISSION_DENIED = "permission denied",
    }
    Unauthenticated {
        INVALID_AUTH_TOKEN = "invalid auth token",
    }
    Unavailable {
        NO_LEADER = "no leader",
        LEADER_CHANGED = "leader changed",
        STOPPED = "server stopped",
        TIMEOUT = "request timed out",
        TIMEOUT_DUE_TO_LEADER_FAIL = "request timed out, possibly due to previous leader failure",
        TIMEOUT_DUE_TO_CONNECTION_LOST = "request timed out, possibly due to connection lost",
        TIMEOUT_WAIT_APPLIED_INDEX = "request timed out, waiting for the applied index took too long",
        UNHEALTHY = "unhealthy cluster",
    }
    DataLoss {
        CORRUPT = "corrupt cluster",
    }
    Canceled {
        WATCH_CANCELED = "watch canceled",
        CANCELED = "request canceled",
    }
    DeadlineExceeded {
        DEADLINE_EXCEEDED = "context deadline exceeded",
    }
}
