//! The first start of a cluster, as the flags describe it: checked by [`glasshouse_core::bootstrap`].

use glasshouse_core::bootstrap::{Bootstrap, PeerMap, check_urls, first_members, told_cluster};

use super::Settings;

impl Settings {
    /// Who the first members are, from `--initial-cluster` and what belongs to it.
    ///
    /// # Errors
    /// etcd's sentence about the first contradiction.
    pub fn bootstrap(&self) -> Result<Bootstrap, String> {
        first_members(&self.name, &self.initial_cluster, &self.token, &self.advertise_peer)
    }

    /// The members of the cluster that this one is to join, by name.
    ///
    /// # Errors
    /// etcd's sentence about the first contradiction (`VerifyJoinExisting`).
    pub fn existing_cluster(&self) -> Result<PeerMap, String> {
        let cluster = told_cluster(&self.name, &self.initial_cluster)?;
        check_urls(&cluster)?;
        Ok(cluster)
    }
}
