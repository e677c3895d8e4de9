//! The services `Lock` and `Election`: clients that take turns by asking a member for it.

use std::sync::Arc;

use etcd_client::{LeaderKey, LockOptions, ProclaimOptions, ResignOptions};
use tokio::time::{Duration, timeout};

use crate::counter::{TakesTurns, Turn, count_in_turns};
use crate::patient::Patient;
use crate::session::Session;
use crate::storm::{Storm, in_a_storm};

const WORKERS: usize = 3;

/// Seconds that a session outlives its client.
const TTL: i64 = 10;

// --- Lock ---

const LOCK: &str = "lock";

struct Locker {
    client: Patient,
    session: Session,
}

impl TakesTurns for Locker {
    async fn take(&mut self) -> Turn {
        loop {
            if self.session.is_lost() {
                self.session = Session::open(&self.client, TTL).await;
            }
            let options = LockOptions::new().with_lease(self.session.lease());
            let lock = |mut client: etcd_client::Client| {
                let options = options.clone();
                async move { client.lock(LOCK, Some(options)).await }
            };
            let Ok(held) = self.client.wait_for(lock).await else { continue };
            let key = held.key();
            let found =
                self.client.ask(|mut client| async move { client.get(key, None).await }).await;
            // Nothing is found when the lease has ended in between.
            if let Some(pair) = found.kvs().first() {
                return Turn { key: key.to_vec(), revision: pair.create_revision() };
            }
        }
    }

    async fn give(&mut self, turn: Turn) {
        let key = &turn.key[..];
        self.client.ask(|mut client| async move { client.unlock(key).await }).await;
    }
}

#[test]
fn the_lock_service_lets_in_one_at_a_time() {
    in_a_storm(123, |urls, storm| async move {
        let client = Patient::connect(&urls).await;
        let mut lockers = Vec::new();
        for _ in 0..WORKERS {
            let client = Patient::connect(&urls).await;
            let session = Session::open(&client, TTL).await;
            lockers.push(Locker { client, session });
        }
        count_in_turns(client, storm, lockers).await;
    });
}

// --- Election ---

const ELECTION: &str = "election";

struct Candidate {
    client: Patient,
    session: Session,
    name: String,
    elected: Option<LeaderKey>,
}

impl TakesTurns for Candidate {
    async fn take(&mut self) -> Turn {
        loop {
            if self.session.is_lost() {
                self.session = Session::open(&self.client, TTL).await;
            }
            let (name, lease) = (&*self.name, self.session.lease());
            let campaign = |mut client: etcd_client::Client| async move {
                client.campaign(ELECTION, name, lease).await
            };
            let Ok(mut won) = self.client.wait_for(campaign).await else { continue };
            let leader = won.take_leader().expect("who is elected is told so");
            if self.proclaim(&leader).await {
                let turn = Turn { key: leader.key().to_vec(), revision: leader.rev() };
                self.elected = Some(leader);
                return turn;
            }
        }
    }

    async fn give(&mut self, _: Turn) {
        let leader = self.elected.take().expect("a turn is given once");
        let resign = |mut client: etcd_client::Client| {
            let options = ResignOptions::new().with_leader(leader.clone());
            async move { client.resign(Some(options)).await }
        };
        self.client.ask(resign).await;
    }
}

impl Candidate {
    /// Says something as the leader; false when somebody else leads by now.
    async fn proclaim(&self, leader: &LeaderKey) -> bool {
        let value = format!("{} leads", self.name);
        let proclaim = |mut client: etcd_client::Client| {
            let options = ProclaimOptions::new().with_leader(leader.clone());
            let value = value.clone();
            async move { client.proclaim(value, Some(options)).await }
        };
        match self.client.try_to(proclaim).await {
            Ok(_) => true,
            Err(error) => {
                assert!(error.to_string().contains("election: not leader"), "{error:?}");
                false
            }
        }
    }
}

#[test]
fn the_election_service_elects_one_at_a_time() {
    in_a_storm(124, |urls, storm| async move {
        let client = Patient::connect(&urls).await;
        let observer = tokio::spawn(observe(client.clone(), storm.clone()));
        let mut candidates = Vec::new();
        for number in 0..WORKERS {
            let client = Patient::connect(&urls).await;
            let session = Session::open(&client, TTL).await;
            let name = format!("candidate {number}");
            candidates.push(Candidate { client, session, name, elected: None });
        }
        count_in_turns(client, storm, candidates).await;
        let seen = observer.await.unwrap();
        // Some leaders are over before an observer hears of them, but none comes back.
        assert!(seen.is_sorted_by_key(|(revision, _)| *revision), "{seen:?}");
        for number in 0..WORKERS {
            let said = format!("candidate {number} leads");
            assert!(seen.iter().any(|(_, value)| *value == said), "{said:?} was never heard");
        }
    });
}

/// The leaders that one observer is told of: the revision of each one's key, and what it says.
async fn observe(client: Patient, storm: Arc<Storm>) -> Vec<(i64, String)> {
    let mut seen = Vec::new();
    while !storm.is_over() {
        let open = |mut client: etcd_client::Client| async move { client.observe(ELECTION).await };
        let mut leaders = client.ask(open).await;
        // A stream that ends, or breaks, is opened at another member.
        while let Ok(Ok(Some(leader))) = timeout(Duration::from_secs(3), leaders.message()).await {
            let pair = leader.kv().expect("a leader has a key");
            seen.push((pair.create_revision(), pair.value_str().unwrap().to_owned()));
            if storm.is_over() {
                break;
            }
        }
    }
    seen
}
