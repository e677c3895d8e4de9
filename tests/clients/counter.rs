//! A counter that one at a time may raise, and its history as the judge.
//!
//! ```text
//!   take a turn ──► read n ──► If my key is still the one that I made
//!                              Then counter = n + 1, by the revision that made my key
//!                          ──► give the turn back
//! ```
//!
//! The write does not look at the counter: if two clients ever had the turn at once, both would read the
//! same n, and the history would show n + 1 twice. The revision is the fence: a client that has lost its
//! turn without knowing it cannot write, and a write that was sent before a turn ended is refused after it.

use std::sync::Arc;

use etcd_client::{Client, Compare, CompareOp, Txn, TxnOp, WatchOptions};
use tokio::time::{Duration, timeout};

use crate::patient::Patient;
use crate::storm::Storm;

const COUNTER: &str = "counter";

/// How long the history may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// A key that says whose turn it is, and the revision that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) key: Vec<u8>,
    pub(crate) revision: i64,
}

/// One of several clients that take turns.
pub(crate) trait TakesTurns: Send + 'static {
    /// Waits until it is this client's turn.
    fn take(&mut self) -> impl Future<Output = Turn> + Send;
    /// Lets the next one have it.
    fn give(&mut self, turn: Turn) -> impl Future<Output = ()> + Send;
}

/// What became of the writes of one client.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    acknowledged: u64,
    /// Nobody told whether it was written.
    unknown: u64,
    /// The turn was lost before the write.
    refused: u64,
}

/// Lets clients raise the counter in turns until the storm is over, and judges.
pub(crate) async fn count_in_turns<T: TakesTurns>(
    client: Patient,
    storm: Arc<Storm>,
    takers: Vec<T>,
) {
    let tasks: Vec<_> = takers
        .into_iter()
        .map(|taker| tokio::spawn(take_turns(client.clone(), storm.clone(), taker)))
        .collect();
    let mut all = Tally::default();
    for task in tasks {
        let tally = task.await.unwrap();
        assert!(tally.acknowledged > 0, "one never had its turn");
        all.acknowledged += tally.acknowledged;
        all.unknown += tally.unknown;
        all.refused += tally.refused;
    }
    println!("{all:?}");
    let history = history(&client).await;
    let numbers = history.iter().map(|(number, _)| *number);
    let count = history.len() as u64;
    assert!(numbers.eq(1..=count), "two had their turn at once: {history:?}");
    assert!(history.is_sorted_by_key(|(_, fence)| *fence), "out of turn: {history:?}");
    let possible = all.acknowledged..=all.acknowledged + all.unknown;
    assert!(possible.contains(&count), "{count} writes, {all:?}");
}

async fn take_turns<T: TakesTurns>(client: Patient, storm: Arc<Storm>, mut taker: T) -> Tally {
    let mut tally = Tally::default();
    while !storm.is_over() {
        let turn = taker.take().await;
        match raise(&client, &turn).await {
            Some(true) => tally.acknowledged += 1,
            Some(false) => tally.refused += 1,
            None => tally.unknown += 1,
        }
        taker.give(turn).await;
        storm.did_one();
    }
    tally
}

/// Writes once: true when the counter was raised, false when the turn was over, `None` when nobody told.
async fn raise(client: &Patient, turn: &Turn) -> Option<bool> {
    let found = client.ask(|mut client| async move { client.get(COUNTER, None).await }).await;
    let number = found.kvs().first().map_or(0, |pair| parse(pair.value()).0);
    let mine = Compare::create_revision(turn.key.clone(), CompareOp::Equal, turn.revision);
    let value = format!("{} {}", number + 1, turn.revision);
    let txn = Txn::new().when([mine]).and_then([TxnOp::put(COUNTER, value, None)]);
    let write = |mut client: Client| {
        let txn = txn.clone();
        async move { client.txn(txn).await }
    };
    let answer = client.once(write).await?;
    Some(answer.succeeded())
}

/// Every value that the counter had, from the first: the number, and the fence of who wrote it.
async fn history(client: &Patient) -> Vec<(u64, i64)> {
    let found = client.ask(|mut client| async move { client.get(COUNTER, None).await }).await;
    let last = found.kvs().first().expect("somebody counted").mod_revision();
    let from_the_first = WatchOptions::new().with_start_revision(1);
    let watch = |mut client: Client| {
        let options = from_the_first.clone();
        async move { client.watch(COUNTER, Some(options)).await }
    };
    let mut stream = client.ask(watch).await;
    let mut history = Vec::new();
    loop {
        let message = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        for event in message.events() {
            let pair = event.kv().unwrap();
            history.push(parse(pair.value()));
            if pair.mod_revision() == last {
                return history;
            }
        }
    }
}

fn parse(value: &[u8]) -> (u64, i64) {
    let text = std::str::from_utf8(value).unwrap();
    let (number, fence) = text.split_once(' ').unwrap();
    (number.parse().unwrap(), fence.parse().unwrap())
}
