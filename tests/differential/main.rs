//! The same requests to a real etcd and to ours: the same answers, field by field.
//!
//! One member of each, with the same history from the first revision on. What must differ is taken
//! out before the comparison, and nothing else: ids of member and cluster, and the term. Texts and
//! codes of errors are compared as they are.
//!
//! ```text
//!   requests that proptest makes up ──┬──► etcd 3.5.16 ──► answer ─┐
//!                                     │                             ├──► equal
//!                                     └──► glasshouse  ──► answer ─┘
//! ```
//!
//! `PROPTEST_RNG_SEED` makes up other lists; CI asks the same ones each time.

mod requests;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use glasshouse_core::api::{Error, Request, Response};
use glasshouse_server::client::Connection;
use glasshouse_tests::cluster::{Cluster, glasshouse};
use glasshouse_tests::tools;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

/// Requests of one made-up list: enough for revisions to be compacted and asked for again.
const REQUESTS: usize = 100;

/// Lists that are made up; 10,000 requests in all.
const CASES: u32 = 100;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// One member that is asked.
struct Side {
    cluster: Cluster,
    connection: Connection,
}

/// Both members, and what carries requests to them.
struct Pair {
    runtime: Runtime,
    etcd: Side,
    ours: Side,
}

impl Pair {
    /// Starts both on loopback addresses of this test's own block; `None` without a real etcd.
    fn start(block: u8) -> Option<Self> {
        let etcd = tools::etcd("3.5.16")?.join("etcd");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let etcd = Side::start(&runtime, etcd, block);
        let ours = Side::start(&runtime, glasshouse(), block + 1);
        Some(Self { runtime, etcd, ours })
    }

    /// Sends a request to both. Returns the revision in the answer, if there is one.
    ///
    /// # Errors
    /// What is different.
    fn compare(&self, request: &Request) -> Result<Option<i64>, String> {
        let ask = |side: &Side| {
            let answer = self.runtime.block_on(side.connection.clone().ask(request.clone()));
            answer.map(comparable)
        };
        let (etcd, ours) = (ask(&self.etcd), ask(&self.ours));
        if etcd == ours || is_wanted(request, &etcd, &ours) {
            let header = etcd.as_ref().ok().and_then(Response::header);
            return Ok(header.map(|header| header.revision));
        }
        Err(format!("{request:#?}\n--- etcd answers\n{etcd:#?}\n--- glasshouse answers\n{ours:#?}"))
    }
}

impl Side {
    fn start(runtime: &Runtime, program: PathBuf, block: u8) -> Self {
        let mut cluster = Cluster::on_addresses(1, block);
        cluster.program = program;
        cluster.start_all();
        let address = cluster.members[0].address();
        let connection = runtime.block_on(Connection::open(&address, PATIENCE));
        let connection = connection.expect("the member serves");
        Self { cluster, connection }
    }
}

type Answer = Result<Response, Error>;

/// The differences that we want, each with its reason.
fn is_wanted(request: &Request, etcd: &Answer, ours: &Answer) -> bool {
    match (request, etcd, ours) {
        // Up to the revision of its last compaction, 0 included, etcd answers from a cache what it
        // hashed while it compacted. Ours is a hash of the rows that are there, or says that they
        // are gone: a member that has restarted, and has no cache, says the same.
        (Request::HashKv(hash), Ok(Response::HashKv(_)), Ok(Response::HashKv(ours))) => {
            ours.compact_revision >= 0 && hash.revision <= ours.compact_revision
        }
        (Request::HashKv(_), Ok(Response::HashKv(_)), Err(error)) => *error == Error::COMPACTED,
        _ => false,
    }
}

/// An answer without what two clusters cannot share.
fn comparable(mut response: Response) -> Response {
    let header = response.header_mut();
    (header.cluster_id, header.member_id, header.raft_term) = (0, 0, 0);
    if let Response::HashKv(hash) = &mut response {
        // A field of 3.6.
        hash.hash_revision = 0;
    }
    response
}

#[test]
fn requests_that_are_made_up_are_answered_as_by_etcd() {
    let Some(pair) = Pair::start(33) else { return };
    let head = RefCell::new(1);
    let mut config =
        Config { failure_persistence: None, max_shrink_iters: 500, ..Config::with_cases(CASES) };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let result = TestRunner::new(config).run(&requests::list(REQUESTS), |list| {
        for made_up in list {
            let request = made_up.at(*head.borrow());
            if let Some(revision) = pair.compare(&request).map_err(TestCaseError::fail)? {
                head.replace(revision);
            }
        }
        Ok(())
    });
    if let Err(failure) = result {
        // etcd may have ended itself over what it was asked.
        let log = pair.etcd.cluster.members[0].log();
        let last: Vec<&str> = log.lines().rev().take(20).collect();
        panic!("{failure}\n--- etcd's log, newest line first\n{}", last.join("\n"));
    }
}
