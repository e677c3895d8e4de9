//! Clusters, each with checkers of its own.
//!
//! A world begins as one cluster. A machine that starts with other flags, or after its disk was taken away, may
//! become a member of another one: two clusters have two leaders, two logs and two stores, and that breaks
//! nothing. What one machine does is judged by the checkers of its present cluster; the others know it no more.
//!
//! When the disks of all machines of a cluster were taken away, nothing is left of it that could be contradicted:
//! what begins under its id then (same addresses, same token) is another cluster, and is judged anew.

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::id::{ClusterId, MemberId, StreamId};
use glasshouse_core::order;

use super::Checks;
use crate::clock::{Nanos, Rate};
use crate::member::Member;
use crate::place::MemberNo;
use crate::world::Action;

/// The checkers of all clusters.
#[derive(Debug)]
pub(crate) struct Clusters {
    /// The cluster that the world began as.
    home: ClusterId,
    /// Of each machine.
    of: Vec<ClusterId>,
    all: BTreeMap<ClusterId, Checks>,
    /// Machines whose disks were taken away, and that were not started since.
    blank: BTreeSet<MemberNo>,
    /// What leaders are told about leases, and how fast clocks run: for a cluster that comes later.
    checkpoints: (u64, u64),
    rates: Vec<Rate>,
}

impl Clusters {
    pub(crate) fn new(home: ClusterId, members: &[Member]) -> Self {
        let ids = order::map(members.iter().map(|member| (member.no, member.id)));
        Self {
            home,
            of: vec![home; members.len()],
            all: BTreeMap::from([(home, Checks::new(members.len(), ids))]),
            blank: BTreeSet::new(),
            checkpoints: (0, 0),
            rates: Vec::new(),
        }
    }

    /// The checkers of a machine's cluster.
    pub(crate) fn of(&self, no: MemberNo) -> &Checks {
        self.of_cluster(self.of.get(no.index()).copied().unwrap_or(self.home))
    }

    /// The same, to tell them something.
    pub(crate) fn of_mut(&mut self, no: MemberNo) -> &mut Checks {
        let cluster = self.of.get(no.index()).copied().unwrap_or(self.home);
        self.all.get_mut(&cluster).expect("a machine's cluster has checkers")
    }

    /// The checkers of a cluster.
    pub(crate) fn of_cluster(&self, cluster: ClusterId) -> &Checks {
        let known = self.all.get(&cluster).or_else(|| self.all.get(&self.home));
        known.expect("the first cluster has checkers")
    }

    /// Those of the cluster that the world began as.
    pub(crate) fn home(&self) -> &Checks {
        self.of_cluster(self.home)
    }

    /// The same, to tell them something.
    pub(crate) fn home_mut(&mut self) -> &mut Checks {
        self.all.get_mut(&self.home).expect("the first cluster has checkers")
    }

    /// A machine begins with an empty disk as this member of this cluster.
    pub(crate) fn on_new_machine(&mut self, no: MemberNo, cluster: ClusterId, id: MemberId) {
        super::renew(&mut self.of, no, cluster);
        self.blank.remove(&no);
        if !self.all.contains_key(&cluster) {
            self.begin(cluster);
        }
        for (known, checks) in &mut self.all {
            // Elsewhere it is nobody: it has no vote there and holds no entry.
            checks.on_new_machine(no, if *known == cluster { id } else { MemberId(0) });
        }
    }

    /// The disk of a machine is taken away.
    pub(crate) fn on_wiped(&mut self, no: MemberNo, cluster: ClusterId, id: MemberId) {
        self.on_new_machine(no, cluster, id);
        self.blank.insert(no);
        let is_left = |(at, of): (usize, &ClusterId)| {
            *of == cluster && !self.blank.iter().any(|blank| blank.index() == at)
        };
        if !self.of.iter().enumerate().any(is_left) {
            self.begin(cluster);
        }
    }

    /// Checkers that know nothing yet of a cluster.
    fn begin(&mut self, cluster: ClusterId) {
        let home = self.home();
        let (calm, now) = (home.calm.clone(), home.now());
        let mut checks = Checks::new(self.of.len(), BTreeMap::new());
        checks.calm = calm;
        checks.expect_checkpoints(self.checkpoints.0, self.checkpoints.1);
        checks.at(now);
        checks.on_rates(now, self.rates.iter().copied());
        self.all.insert(cluster, checks);
    }

    /// What leaders are told about leases.
    pub(crate) fn expect_checkpoints(&mut self, every_seconds: u64, tick_ms: u64) {
        self.checkpoints = (every_seconds, tick_ms);
        self.all.values_mut().for_each(|checks| checks.expect_checkpoints(every_seconds, tick_ms));
    }

    /// Clocks of members run at these rates from now on.
    pub(crate) fn on_rates(&mut self, now: Nanos, rates: impl Iterator<Item = Rate>) {
        self.rates = rates.collect();
        let rates = &self.rates;
        self.all.values_mut().for_each(|checks| checks.on_rates(now, rates.iter().copied()));
    }

    /// Something is done to the world.
    pub(crate) fn on_action(&mut self, now: Nanos, action: &Action) {
        self.all.values_mut().for_each(|checks| checks.calm.on_action(now, action));
    }

    /// A stream is over for its client.
    pub(crate) fn on_stream_ended(&mut self, stream: StreamId) {
        self.all.values_mut().for_each(|checks| checks.on_stream_ended(stream));
    }

    /// How many leases have run out, everywhere.
    pub(crate) fn expired_leases(&self) -> u64 {
        self.all.values().map(Checks::expired_leases).sum()
    }
}
