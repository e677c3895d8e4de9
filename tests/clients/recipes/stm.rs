//! Software transactional memory: reads of one revision, writes if none of them has changed since, and
//! once more from the start otherwise (etcd: `concurrency/stm.go`, isolation `Serializable`).
//!
//! Several workers move money between accounts. At no revision is there more or less of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use etcd_client::{
    Client, Compare, CompareOp, GetOptions, Txn, TxnOp, TxnOpResponse, WatchOptions,
};
use glasshouse_tests::random::Random;

use crate::patient::Patient;
use crate::storm::{Storm, in_a_storm};

const ACCOUNTS: usize = 4;
const BALANCE: u64 = 100;
const WORKERS: u64 = 4;

/// A value, and the revision that wrote it; 0 when there is none.
type Version = (Vec<u8>, i64);

/// One attempt at a transaction.
struct Stm<'a> {
    client: &'a Patient,
    /// That of the first read; all others read there, too.
    revision: Option<i64>,
    /// What a conflict has told of the keys that were read before.
    told: BTreeMap<String, Version>,
    reads: BTreeMap<String, Version>,
    writes: BTreeMap<String, String>,
}

/// How an attempt ends.
enum Commit {
    Done,
    /// Somebody wrote what was read: the same keys as they are now, and the revision.
    Conflict(BTreeMap<String, Version>, i64),
    /// The answer was lost; the transaction was made as a whole or not at all.
    Unknown,
}

impl<'a> Stm<'a> {
    fn begin(client: &'a Patient) -> Self {
        let (told, reads, writes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { client, revision: None, told, reads, writes }
    }

    /// The next attempt, which need not ask again for what a conflict has told.
    fn again(client: &'a Patient, told: BTreeMap<String, Version>, revision: i64) -> Self {
        Self { told, revision: Some(revision), ..Self::begin(client) }
    }

    /// Reads a key; an attempt reads its own writes.
    async fn get(&mut self, key: &str) -> u64 {
        if let Some(value) = self.writes.get(key) {
            return parse(value.as_bytes());
        }
        if !self.reads.contains_key(key) {
            let version = match self.told.remove(key) {
                Some(version) => version,
                None => self.fetch(key).await,
            };
            self.reads.insert(key.to_owned(), version);
        }
        parse(&self.reads[key].0)
    }

    /// Writes a key when the transaction is committed.
    fn put(&mut self, key: &str, value: u64) {
        self.writes.insert(key.to_owned(), value.to_string());
    }

    async fn commit(self) -> Commit {
        let unchanged = |(key, (_, revision)): (&String, &Version)| {
            Compare::mod_revision(&**key, CompareOp::Equal, *revision)
        };
        let compares: Vec<Compare> = self.reads.iter().map(unchanged).collect();
        let puts = self.writes.iter().map(|(key, value)| TxnOp::put(&**key, &**value, None));
        let gets = self.reads.keys().map(|key| TxnOp::get(&**key, None));
        let txn = Txn::new()
            .when(compares)
            .and_then(puts.collect::<Vec<_>>())
            .or_else(gets.collect::<Vec<_>>());
        let ask = |mut client: Client| {
            let txn = txn.clone();
            async move { client.txn(txn).await }
        };
        let answer = self.client.once(ask).await;
        let Some(answer) = answer else { return Commit::Unknown };
        if answer.succeeded() {
            return Commit::Done;
        }
        let mut told = BTreeMap::new();
        for (key, found) in self.reads.into_keys().zip(answer.op_responses()) {
            let TxnOpResponse::Get(found) = found else { panic!("a get is answered: {found:?}") };
            told.insert(key, version(found.kvs()));
        }
        Commit::Conflict(told, answer.header().unwrap().revision())
    }

    async fn fetch(&mut self, key: &str) -> Version {
        let options = GetOptions::new().with_revision(self.revision.unwrap_or(0));
        let get = |mut client: Client| {
            let options = options.clone();
            async move { client.get(key, Some(options)).await }
        };
        let found = self.client.ask(get).await;
        let revision = found.header().unwrap().revision();
        self.revision.get_or_insert(revision);
        version(found.kvs())
    }
}

fn version(found: &[etcd_client::KeyValue]) -> Version {
    found.first().map_or_else(Version::default, |pair| (pair.value().to_vec(), pair.mod_revision()))
}

fn parse(value: &[u8]) -> u64 {
    std::str::from_utf8(value).unwrap().parse().unwrap()
}

fn account(number: usize) -> String {
    format!("account/{number}")
}

#[test]
fn money_is_moved_and_neither_made_nor_lost() {
    in_a_storm(127, |urls, storm| async move {
        let client = Patient::connect(&urls).await;
        let puts: Vec<TxnOp> = (0..ACCOUNTS)
            .map(|number| TxnOp::put(account(number), BALANCE.to_string(), None))
            .collect();
        let open = |mut client: Client| {
            let txn = Txn::new().and_then(puts.clone());
            async move { client.txn(txn).await }
        };
        client.ask(open).await;
        let auditor = tokio::spawn(audit(client.clone(), storm.clone()));
        let mut workers = Vec::new();
        for seed in 0..WORKERS {
            let client = Patient::connect(&urls).await;
            workers.push(tokio::spawn(transfer(client, storm.clone(), Random::new(seed))));
        }
        let (mut transfers, mut conflicts) = (0, 0);
        for worker in workers {
            let (done, repeated) = worker.await.unwrap();
            assert!(done > 0, "one worker never came through");
            transfers += done;
            conflicts += repeated;
        }
        let audits = auditor.await.unwrap();
        println!("{transfers} transfers, {conflicts} conflicts, {audits} audits");
        assert!(conflicts > 0, "workers that never meet prove nothing");
        check_history(&client).await;
    });
}

/// Moves money at random; how often, and how often that had to be tried again.
async fn transfer(client: Patient, storm: Arc<Storm>, mut random: Random) -> (u64, u64) {
    let (mut done, mut conflicts) = (0, 0);
    while !storm.is_over() {
        let from = random.below(ACCOUNTS);
        let to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
        let (from, to, amount) = (account(from), account(to), 1 + random.number() % 50);
        let mut stm = Stm::begin(&client);
        loop {
            let (rich, poor) = (stm.get(&from).await, stm.get(&to).await);
            let amount = amount.min(rich);
            stm.put(&from, rich - amount);
            stm.put(&to, poor + amount);
            match stm.commit().await {
                Commit::Done => {
                    done += 1;
                    storm.did_one();
                }
                Commit::Unknown => {}
                Commit::Conflict(told, revision) => {
                    conflicts += 1;
                    stm = Stm::again(&client, told, revision);
                    continue;
                }
            }
            break;
        }
    }
    (done, conflicts)
}

/// Adds all accounts up, read one by one, over and over; how often.
async fn audit(client: Patient, storm: Arc<Storm>) -> u64 {
    let mut audits = 0;
    while !storm.is_over() {
        let mut stm = Stm::begin(&client);
        let mut sum = 0;
        for number in 0..ACCOUNTS {
            sum += stm.get(&account(number)).await;
        }
        assert_eq!(sum, BALANCE * ACCOUNTS as u64, "{:?}", stm.reads);
        audits += 1;
    }
    audits
}

/// The sum is the same at every revision that there ever was.
async fn check_history(client: &Patient) {
    let options = GetOptions::new().with_prefix();
    let get = |mut client: Client| {
        let options = options.clone();
        async move { client.get("account/", Some(options)).await }
    };
    let found = client.ask(get).await;
    let last = found.kvs().iter().map(etcd_client::KeyValue::mod_revision).max().unwrap();
    let watch = |mut client: Client| {
        let options = WatchOptions::new().with_prefix().with_start_revision(1);
        async move { client.watch("account/", Some(options)).await }
    };
    let mut stream = client.ask(watch).await;
    let (mut balances, mut revisions) = (BTreeMap::new(), BTreeSet::new());
    while revisions.last() != Some(&last) {
        // All events of one revision come in one message.
        let message = stream.message().await.unwrap().unwrap();
        let mut events = message.events().iter().peekable();
        while let Some(event) = events.next() {
            let pair = event.kv().unwrap();
            balances.insert(pair.key().to_vec(), parse(pair.value()));
            let next = events.peek().map(|next| next.kv().unwrap().mod_revision());
            if next != Some(pair.mod_revision()) {
                revisions.insert(pair.mod_revision());
                let sum: u64 = balances.values().sum();
                assert_eq!(sum, BALANCE * ACCOUNTS as u64, "at revision {}", pair.mod_revision());
            }
        }
    }
    println!("{} revisions with the same sum", revisions.len());
}
