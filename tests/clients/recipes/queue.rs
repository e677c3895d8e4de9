//! A queue of keys below a prefix: whose key was made first comes first (etcd: `concurrency/key.go`).
//!
//! ```text
//!   mutex/7a  revision 12   has its turn
//!   mutex/3c  revision 15   watches mutex/7a: when that is deleted it is first
//!   mutex/51  revision 19   watches mutex/3c
//! ```
//!
//! Each key hangs on its client's session, so a client that dies gives its place up.

use etcd_client::{
    Client, Compare, CompareOp, Error, EventType, GetOptions, KeyValue, PutOptions, SortOrder,
    SortTarget, Txn, TxnOp, TxnOpResponse, WatchOptions,
};

use crate::counter::Turn;
use crate::patient::Patient;
use crate::session::Session;

/// A place in the queue, and what stood in the key before.
pub(super) struct Place {
    pub(super) turn: Turn,
    /// The value of the key when it was there already.
    pub(super) found: Option<Vec<u8>>,
    /// The first of the queue, at that moment.
    pub(super) first: Option<Turn>,
}

/// Takes a place, or finds the one that this session has: asking twice is asking once.
pub(super) async fn enter(
    client: &Patient,
    prefix: &str,
    session: &Session,
    value: &str,
) -> Result<Place, Error> {
    let key = format!("{prefix}{:x}", session.lease());
    let absent = Compare::create_revision(&*key, CompareOp::Equal, 0);
    let options = PutOptions::new().with_lease(session.lease());
    let put = TxnOp::put(&*key, value, Some(options));
    let get = TxnOp::get(&*key, None);
    let first = TxnOp::get(prefix, Some(first_of_queue()));
    let txn = Txn::new().when([absent]).and_then([put, first.clone()]).or_else([get, first]);
    let ask = |mut client: Client| {
        let txn = txn.clone();
        async move { client.txn(txn).await }
    };
    let answer = client.try_to(ask).await?;
    let mut answers = answer.op_responses().into_iter();
    let (own, first) = (answers.next(), answers.next());
    let first = pairs(first).first().map(turn_of);
    if answer.succeeded() {
        let revision = answer.header().expect("every answer has a header").revision();
        return Ok(Place { turn: Turn { key: key.into(), revision }, found: None, first });
    }
    let own = pairs(own).remove(0);
    Ok(Place { turn: turn_of(&own), found: Some(own.value().to_vec()), first })
}

/// Waits until nobody is in front; false when one's own place was lost meanwhile.
pub(super) async fn wait(client: &Patient, prefix: &str, turn: &Turn) -> bool {
    loop {
        let in_front = GetOptions::new()
            .with_prefix()
            .with_sort(SortTarget::Create, SortOrder::Descend)
            .with_limit(1)
            .with_max_create_revision(turn.revision - 1);
        let get = |mut client: Client| {
            let options = in_front.clone();
            async move { client.get(prefix, Some(options)).await }
        };
        let found = client.ask(get).await;
        let Some(pair) = found.kvs().first() else { break };
        let revision = found.header().expect("every answer has a header").revision();
        wait_for_delete(client, pair.key(), revision).await;
    }
    let key = &turn.key[..];
    let own = client.ask(|mut client| async move { client.get(key, None).await }).await;
    own.kvs().first().is_some_and(|pair| pair.create_revision() == turn.revision)
}

/// Gives a place up; nothing happens to a later one of the same key.
pub(super) async fn leave(client: &Patient, turn: &Turn) {
    let mine = Compare::create_revision(turn.key.clone(), CompareOp::Equal, turn.revision);
    let txn = Txn::new().when([mine]).and_then([TxnOp::delete(turn.key.clone(), None)]);
    let ask = |mut client: Client| {
        let txn = txn.clone();
        async move { client.txn(txn).await }
    };
    client.ask(ask).await;
}

/// The options that find the first of a queue.
pub(super) fn first_of_queue() -> GetOptions {
    let first = GetOptions::new().with_prefix().with_limit(1);
    first.with_sort(SortTarget::Create, SortOrder::Ascend)
}

/// Waits for the deletion of a key that existed at this revision.
async fn wait_for_delete(client: &Patient, key: &[u8], revision: i64) {
    let options = WatchOptions::new().with_start_revision(revision);
    loop {
        let watch = |mut client: Client| {
            let options = options.clone();
            async move { client.watch(key, Some(options)).await }
        };
        let mut stream = client.ask(watch).await;
        // A stream that breaks is opened again, from the same revision: a deletion is not missed.
        while let Ok(Some(message)) = stream.message().await {
            assert!(!message.canceled(), "{message:?}");
            if message.events().iter().any(|event| event.event_type() == EventType::Delete) {
                return;
            }
        }
    }
}

fn pairs(answer: Option<TxnOpResponse>) -> Vec<KeyValue> {
    match answer {
        Some(TxnOpResponse::Get(mut found)) => found.take_kvs(),
        // Of a put.
        _ => Vec::new(),
    }
}

fn turn_of(pair: &KeyValue) -> Turn {
    Turn { key: pair.key().to_vec(), revision: pair.create_revision() }
}
