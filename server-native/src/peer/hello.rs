//! Who calls whom: the headers with which a connection between members begins.
//!
//! The names are those of etcd's peer protocol, because their meaning is the same.

use glasshouse_core::{ClusterId, MemberId};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// The path that is asked for.
pub(super) const PATH: &str = "/raft/glasshouse";

/// The protocol that the connection changes to; its number goes up when frames change.
pub(super) const PROTOCOL: &str = "glasshouse-raft/1";

pub(super) const CLUSTER_ID: HeaderName = HeaderName::from_static("x-etcd-cluster-id");
const FROM: HeaderName = HeaderName::from_static("x-server-from");
const TO: HeaderName = HeaderName::from_static("x-raft-to");
pub(super) const VERSION: HeaderName = HeaderName::from_static("x-server-version");

/// What a member hears that was removed, with status 410.
pub const REMOVED: &str = "the member has been permanently removed from the cluster";

/// A member of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The cluster.
    pub cluster: ClusterId,
    /// The member.
    pub member: MemberId,
}

/// What a caller says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// Who calls.
    pub(super) from: Identity,
    /// Whom it means to call.
    pub(super) to: MemberId,
    /// Its version.
    pub(super) version: String,
}

/// Why a caller is turned away; the text is the body of the answer, and etcd's where etcd has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// A header is missing or is not what it should be.
    #[error("the header {0} is missing or cannot be read")]
    Malformed(&'static str),
    /// The caller is of another cluster.
    #[error("cluster ID mismatch")]
    OtherCluster,
    /// The caller was removed from the cluster.
    #[error("{REMOVED}")]
    Removed,
    /// The caller wants somebody else.
    #[error("to field mismatch")]
    OtherMember,
}

impl Hello {
    /// Writes the headers.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let ascii = |text: String| {
            HeaderValue::try_from(text).expect("hex numbers and versions are valid in headers")
        };
        headers.insert(CLUSTER_ID, ascii(self.from.cluster.to_string()));
        headers.insert(FROM, ascii(self.from.member.to_string()));
        headers.insert(TO, ascii(self.to.to_string()));
        headers.insert(VERSION, ascii(self.version.clone()));
    }

    /// Reads the headers.
    ///
    /// # Errors
    /// The first header that cannot be read.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let id = |name: &HeaderName, label| {
            text(name)
                .and_then(|text| u64::from_str_radix(text, 16).ok())
                .ok_or(Refusal::Malformed(label))
        };
        Ok(Self {
            from: Identity {
                cluster: ClusterId(id(&CLUSTER_ID, "X-Etcd-Cluster-ID")?),
                member: MemberId(id(&FROM, "X-Server-From")?),
            },
            to: MemberId(id(&TO, "X-Raft-To")?),
            version: text(&VERSION).unwrap_or("unknown").to_owned(),
        })
    }

    /// Whether `us` is the one that is meant, and the caller no removed member.
    ///
    /// # Errors
    /// Why the caller must be turned away.
    pub(super) fn check(&self, us: Identity, is_removed: bool) -> Result<(), Refusal> {
        if self.from.cluster != us.cluster {
            return Err(Refusal::OtherCluster);
        }
        if is_removed {
            return Err(Refusal::Removed);
        }
        if self.to != us.member {
            return Err(Refusal::OtherMember);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Identity = Identity { cluster: ClusterId(0xc1), member: MemberId(0xa) };

    fn hello() -> Hello {
        let from = Identity { cluster: ClusterId(0xc1), member: MemberId(0xb) };
        Hello { from, to: MemberId(0xa), version: "3.6.0".into() }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut headers = HeaderMap::new();
        hello().write(&mut headers);
        let got = Hello::read(&headers).unwrap();
        assert_eq!(got, hello());
        assert_eq!(got.check(US, false), Ok(()));
    }

    #[test]
    fn strangers_are_refused() {
        let mut other = hello();
        other.from.cluster = ClusterId(0xc2);
        assert_eq!(other.check(US, false), Err(Refusal::OtherCluster));
        let misled = Hello { to: MemberId(3), ..hello() };
        assert_eq!(misled.check(US, false), Err(Refusal::OtherMember));
        let mut headers = HeaderMap::new();
        hello().write(&mut headers);
        headers.insert(TO, HeaderValue::from_static("xyz"));
        assert_eq!(Hello::read(&headers), Err(Refusal::Malformed("X-Raft-To")));
    }
}
