//! Who is where: members and clients, the two kinds of places that the network joins.

use std::fmt;

/// A member of the simulated cluster by its number; `n1` is the first.
///
/// The number is the world's, not the cluster's: ids such as `ade526d28b1f92f7` are derived from
/// peer URLs ([`glasshouse_core::id`]), and the world translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberNo(u8);

impl MemberNo {
    /// The most members that a world can have.
    pub const MAX: u8 = 9;

    /// The member that scripts call `n{number}`; `None` unless `number` is 1 to 9.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// The members `n1 ..= n{count}`.
    pub fn first(count: u8) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (1..=count.min(Self::MAX)).map(Self)
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its place in a list of all members, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0 - 1)
    }

    /// The name that it publishes to the cluster (`--name`), as in the walkthroughs: `etcd1`.
    #[must_use]
    pub fn published_name(self) -> String {
        format!("etcd{}", self.0)
    }

    /// The URL that it announces to its peers.
    #[must_use]
    pub fn peer_url(self) -> String {
        format!("http://etcd{}:2380", self.0)
    }

    /// The address that it has beside its name: n1 is 172.16.80.20, as in the walkthroughs.
    #[must_use]
    pub fn address(self) -> String {
        format!("172.16.80.{}", 19 + self.0)
    }

    /// The member at this host, by name or address.
    #[must_use]
    pub fn of_host(host: &str) -> Option<Self> {
        Self::first(Self::MAX).find(|no| no.published_name() == host || no.address() == host)
    }

    /// The member that a client means by this endpoint: `n1`, `etcd1:2379`, `http://172.16.80.20:2379`.
    #[must_use]
    pub fn of_endpoint(endpoint: &str) -> Option<Self> {
        let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
        let host = rest.split_once(':').map_or(rest, |(host, _)| host);
        let numbered = || Self::first(Self::MAX).find(|no| no.to_string() == host);
        Self::of_host(host).or_else(numbered)
    }

    /// The member that listens for peers at this URL.
    #[must_use]
    pub fn of_peer_url(url: &str) -> Option<Self> {
        let (_, rest) = url.trim().split_once("://")?;
        Self::of_host(rest.strip_suffix(":2380")?)
    }

    /// The URL that it announces to clients.
    #[must_use]
    pub fn client_url(self) -> String {
        format!("http://etcd{}:2379", self.0)
    }
}

impl fmt::Display for MemberNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A client of the simulated cluster, numbered from 0 in the order of their creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNo(pub u16);

impl fmt::Display for ClientNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A member's machine.
    Member(MemberNo),
    /// A client's machine.
    Client(ClientNo),
}

impl Place {
    /// A number for traces: members are 1 to 9, clients count from 256.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::Member(member) => u32::from(member.0),
            Self::Client(client) => 256 + u32::from(client.0),
        }
    }

    /// The member, if it is one.
    #[must_use]
    pub fn member(self) -> Option<MemberNo> {
        match self {
            Self::Member(member) => Some(member),
            Self::Client(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(member) => member.fmt(f),
            Self::Client(client) => client.fmt(f),
        }
    }
}

impl From<MemberNo> for Place {
    fn from(member: MemberNo) -> Self {
        Self::Member(member)
    }
}

impl From<ClientNo> for Place {
    fn from(client: ClientNo) -> Self {
        Self::Client(client)
    }
}
