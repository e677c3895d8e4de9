//! The command line of a machine: what its etcd is started with.
//!
//! ```text
//!   etcd --name infra1 --initial-cluster infra0=http://172.16.80.20:2380,infra1=http://172.16.80.21:2380
//!        --initial-advertise-peer-urls http://172.16.80.21:2380     told to the others at the first start
//!        --initial-cluster-token etcd-cluster-1                     hashed into the ids
//!        --advertise-client-urls http://172.16.80.21:2379           published again at every start
//! ```
//!
//! A machine begins with the line that fits its world. A start that names flags changes these and keeps the
//! others, as somebody does who edits one line of a unit file. What is not here (`--listen-peer-urls`,
//! `--data-dir` ...) cannot be chosen in a world: a machine listens on its own addresses and has one disk.

use std::collections::BTreeMap;
use std::fmt;

use crate::member::CLUSTER_TOKEN;
use crate::place::MemberNo;

/// A flag that a line may give to a member, by etcd's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// `--name`: published again at every start.
    Name,
    /// `--initial-advertise-peer-urls`: what this member tells the others at its first start.
    AdvertisePeer,
    /// `--initial-cluster`: the first members.
    InitialCluster,
    /// `--initial-cluster-token`: goes into the ids.
    Token,
    /// `--initial-cluster-state`: `new`, or `existing`.
    State,
    /// `--advertise-client-urls`: published again at every start.
    AdvertiseClient,
    /// `--discovery-endpoints`: the registry at which the first members find each other.
    DiscoveryEndpoints,
    /// `--discovery-token`: the new cluster's name there, and the token of its ids.
    DiscoveryToken,
}

impl Flag {
    /// All of them, as `etcd --help` sorts them.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::AdvertisePeer,
        Self::InitialCluster,
        Self::Token,
        Self::State,
        Self::AdvertiseClient,
        Self::DiscoveryEndpoints,
        Self::DiscoveryToken,
    ];

    /// Its name, without the dashes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::AdvertisePeer => "initial-advertise-peer-urls",
            Self::InitialCluster => "initial-cluster",
            Self::Token => "initial-cluster-token",
            Self::State => "initial-cluster-state",
            Self::AdvertiseClient => "advertise-client-urls",
            Self::DiscoveryEndpoints => "discovery-endpoints",
            Self::DiscoveryToken => "discovery-token",
        }
    }

    /// The flag of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.name() == name)
    }
}

/// Flags with their values, as a line gives them.
pub type Flags = Vec<(Flag, String)>;

/// What a machine's etcd is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    values: BTreeMap<Flag, String>,
    /// Somebody gave it flags, or took its disk away: at a first start it finds out by them who it is.
    decides: bool,
}

impl CommandLine {
    /// The line of a first member of a world of these machines.
    #[must_use]
    pub fn first(no: MemberNo, all: impl Iterator<Item = MemberNo>) -> Self {
        let pair = |no: MemberNo| format!("{}={}", no.published_name(), no.peer_url());
        let cluster: Vec<String> = all.map(pair).collect();
        Self::of(no, cluster.join(","), "new")
    }

    /// The line of a machine that joins a running cluster, told of all of its members.
    pub(super) fn joins(no: MemberNo, cluster: String) -> Self {
        Self::of(no, cluster, "existing")
    }

    fn of(no: MemberNo, cluster: String, state: &str) -> Self {
        let values = BTreeMap::from([
            (Flag::Name, no.published_name()),
            (Flag::AdvertisePeer, no.peer_url()),
            (Flag::InitialCluster, cluster),
            (Flag::Token, CLUSTER_TOKEN.to_owned()),
            (Flag::State, state.to_owned()),
            (Flag::AdvertiseClient, no.client_url()),
        ]);
        Self { values, decides: false }
    }

    /// The value of a flag.
    #[must_use]
    pub fn get(&self, flag: Flag) -> &str {
        self.values.get(&flag).map_or("", String::as_str)
    }

    /// Whether a first start goes by this line.
    pub(super) fn decides(&self) -> bool {
        self.decides
    }

    /// From now on it does.
    pub(super) fn decide(&mut self) {
        self.decides = true;
    }

    /// Whether a registry says who the first members are.
    pub(super) fn discovers(&self) -> bool {
        self.values.contains_key(&Flag::DiscoveryEndpoints)
            && self.values.contains_key(&Flag::DiscoveryToken)
    }

    /// The token of the ids.
    #[must_use]
    pub fn token(&self) -> &str {
        self.get(if self.discovers() { Flag::DiscoveryToken } else { Flag::Token })
    }

    /// A registry has said who the first members are.
    pub(super) fn set(&mut self, flag: Flag, value: String) {
        self.values.insert(flag, value);
    }

    /// Somebody edits the line. Of `--initial-cluster` and a registry the one that is named last holds.
    pub(super) fn edit(&mut self, flags: &Flags) {
        for (flag, value) in flags {
            if *flag == Flag::InitialCluster {
                self.values.remove(&Flag::DiscoveryEndpoints);
                self.values.remove(&Flag::DiscoveryToken);
            }
            self.values.insert(*flag, value.clone());
        }
        self.decides = true;
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("etcd")?;
        // What a registry says takes the place of these two.
        let is_said =
            |flag: &Flag| !(self.discovers() && matches!(flag, Flag::InitialCluster | Flag::Token));
        let mut said = self.values.iter().filter(|(flag, _)| is_said(flag));
        said.try_for_each(|(flag, value)| write!(f, " --{} {value}", flag.name()))
    }
}
