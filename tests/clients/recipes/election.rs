//! An election: the first of a queue leads, and its key's value is what it says (etcd:
//! `concurrency/election.go`). Every third leader dies instead of resigning: its session ends with nobody
//! to keep it alive, and only then another is elected.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Client, Compare, CompareOp, EventType, PutOptions, Txn, TxnOp, WatchOptions};
use tokio::time::timeout;

use super::queue;
use crate::counter::{TakesTurns, Turn, count_in_turns};
use crate::patient::Patient;
use crate::session::Session;
use crate::storm::{Storm, in_a_storm};

const PREFIX: &str = "election/";

/// Seconds that a session outlives its client: the least that a lease may have.
const TTL: i64 = 2;

const CANDIDATES: usize = 3;

struct Candidate {
    client: Patient,
    session: Session,
    name: String,
    terms: u64,
}

impl TakesTurns for Candidate {
    async fn take(&mut self) -> Turn {
        loop {
            if self.session.is_lost() {
                self.session = Session::open(&self.client, TTL).await;
            }
            let campaigns = format!("{} campaigns", self.name);
            let place = queue::enter(&self.client, PREFIX, &self.session, &campaigns).await;
            let Ok(place) = place else { continue };
            let stale = place.found.is_some_and(|value| value != campaigns.as_bytes());
            if stale && !self.say(&place.turn, &campaigns).await {
                continue;
            }
            let leads = queue::wait(&self.client, PREFIX, &place.turn).await;
            if leads && self.say(&place.turn, &format!("{} leads", self.name)).await {
                return place.turn;
            }
        }
    }

    async fn give(&mut self, turn: Turn) {
        self.terms += 1;
        if self.terms.is_multiple_of(3) {
            self.session = Session::open(&self.client, TTL).await;
        } else {
            queue::leave(&self.client, &turn).await;
        }
    }
}

impl Candidate {
    /// Puts a value into one's own key; false when that is gone.
    async fn say(&self, turn: &Turn, value: &str) -> bool {
        let mine = Compare::create_revision(turn.key.clone(), CompareOp::Equal, turn.revision);
        let options = PutOptions::new().with_lease(self.session.lease());
        let put = TxnOp::put(turn.key.clone(), value, Some(options));
        let txn = Txn::new().when([mine]).and_then([put]);
        let ask = |mut client: Client| {
            let txn = txn.clone();
            async move { client.txn(txn).await }
        };
        self.client.try_to(ask).await.is_ok_and(|answer| answer.succeeded())
    }
}

#[test]
fn an_election_has_one_winner_at_a_time() {
    in_a_storm(126, |urls, storm| async move {
        let client = Patient::connect(&urls).await;
        let observer = tokio::spawn(observe(client.clone(), storm.clone()));
        let mut candidates = Vec::new();
        for number in 0..CANDIDATES {
            let client = Patient::connect(&urls).await;
            let session = Session::open(&client, TTL).await;
            let name = format!("candidate {number}");
            candidates.push(Candidate { client, session, name, terms: 0 });
        }
        count_in_turns(client, storm, candidates).await;
        let seen = observer.await.unwrap();
        assert!(seen.is_sorted_by_key(|(revision, _)| *revision), "{seen:?}");
        for number in 0..CANDIDATES {
            let said = format!("candidate {number} leads");
            assert!(seen.iter().any(|(_, value)| *value == said), "{said:?} was never heard");
        }
    });
}

/// Leaders as one observer sees them: the revision of each one's key, and what it says.
async fn observe(client: Patient, storm: Arc<Storm>) -> Vec<(i64, String)> {
    let mut seen = Vec::new();
    while !storm.is_over() {
        let options = queue::first_of_queue();
        let get = |mut client: Client| {
            let options = options.clone();
            async move { client.get(PREFIX, Some(options)).await }
        };
        let found = client.ask(get).await;
        let Some(pair) = found.kvs().first() else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        seen.push((pair.create_revision(), pair.value_str().unwrap().to_owned()));
        let next = found.header().unwrap().revision() + 1;
        listen(&client, pair.key(), next, &storm, &mut seen).await;
    }
    seen
}

/// Hears one leader until its key is gone, the stream breaks or the storm is over.
async fn listen(
    client: &Patient,
    key: &[u8],
    next: i64,
    storm: &Storm,
    seen: &mut Vec<(i64, String)>,
) {
    let options = WatchOptions::new().with_start_revision(next);
    let watch = |mut client: Client| {
        let options = options.clone();
        async move { client.watch(key, Some(options)).await }
    };
    let mut stream = client.ask(watch).await;
    while !storm.is_over() {
        let message = match timeout(Duration::from_millis(200), stream.message()).await {
            Ok(Ok(Some(message))) => message,
            // Silence: the leader has said nothing new.
            Err(_) => continue,
            Ok(_) => return,
        };
        for event in message.events() {
            let pair = event.kv().unwrap();
            if event.event_type() == EventType::Delete {
                return;
            }
            seen.push((pair.create_revision(), pair.value_str().unwrap().to_owned()));
        }
    }
}
