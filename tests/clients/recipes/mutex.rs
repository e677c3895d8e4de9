//! A mutex: the first of a queue holds it (etcd: `concurrency/mutex.go`).

use super::queue;
use crate::counter::{TakesTurns, Turn, count_in_turns};
use crate::patient::Patient;
use crate::session::Session;
use crate::storm::in_a_storm;

const PREFIX: &str = "mutex/";

/// Seconds that a session outlives its client.
const TTL: i64 = 10;

const WORKERS: usize = 4;

struct Mutex {
    client: Patient,
    session: Session,
}

impl TakesTurns for Mutex {
    async fn take(&mut self) -> Turn {
        loop {
            if self.session.is_lost() {
                self.session = Session::open(&self.client, TTL).await;
            }
            // It fails when the lease has ended, and the session does not know it yet.
            let place = queue::enter(&self.client, PREFIX, &self.session, "").await;
            let Ok(place) = place else { continue };
            // Whoever is first needs no second look.
            let is_first = place.first.as_ref().is_none_or(|first| *first == place.turn);
            if is_first || queue::wait(&self.client, PREFIX, &place.turn).await {
                return place.turn;
            }
        }
    }

    async fn give(&mut self, turn: Turn) {
        queue::leave(&self.client, &turn).await;
    }
}

#[test]
fn a_mutex_lets_in_one_at_a_time() {
    in_a_storm(125, |urls, storm| async move {
        let client = Patient::connect(&urls).await;
        let mut workers = Vec::new();
        for _ in 0..WORKERS {
            let client = Patient::connect(&urls).await;
            let session = Session::open(&client, TTL).await;
            workers.push(Mutex { client, session });
        }
        count_in_turns(client, storm, workers).await;
    });
}
