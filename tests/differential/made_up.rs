//! Lists of requests that proptest makes up, and makes small when an answer differs.

use std::cell::RefCell;
use std::time::Duration;

use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{
    Error, Event, Member, MemberAddResponse, MemberListResponse, MemberRemoveRequest, PutRequest,
    Request, Response, WatchCreateRequest, WatchRequest, WatchResponse,
};
use glasshouse_tests::pair::{PATIENCE, Pair, Side, Stream};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use prost_reflect::prost::Message as _;
use tokio::time::timeout;

use super::requests::{self, Step};

/// Requests of one made-up list: enough for revisions to be compacted and asked for again.
const REQUESTS: usize = 100;

/// Lists that are made up; 10,000 requests in all.
const CASES: u32 = 100;

const WATCH: &str = "/etcdserverpb.Watch/Watch";

/// After so long a change of the members is lost in etcd: [`Pair::call`] says why.
const LOST: Duration = Duration::from_secs(10);

type Answer = Result<Response, Error>;

/// Both, and what the steps so far have left behind.
struct Stage<'a> {
    pair: &'a Pair,
    /// The newest revision.
    head: i64,
    /// The learner that was added last, as each side calls it.
    learner: [u64; 2],
    /// The port of the next one's URL: an id is a hash of URL and second, and none comes back.
    port: u16,
}

impl Stage<'_> {
    /// Does a step on both sides.
    ///
    /// # Errors
    /// What is different.
    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Ask(mut request) => {
                if let Request::MemberAdd(add) = &mut request {
                    self.port += 1;
                    let port = self.port.to_string();
                    add.peer_urls.iter_mut().for_each(|url| *url = url.replace("2380", &port));
                }
                self.compare([request.clone(), request])
            }
            Step::RemoveLearner => {
                let requests = self.learner.map(|id| MemberRemoveRequest { id }.into());
                self.compare(requests)
            }
            Step::Watch(create) => self.watch(&create),
        }
    }

    fn compare(&mut self, requests: [Request; 2]) -> Result<(), String> {
        let request = requests[0].clone();
        let [theirs, ours] = requests;
        let ask = |side: &Side, request: Request| {
            self.pair.runtime.block_on(async {
                if matches!(request, Request::MemberAdd(_) | Request::MemberRemove(_)) {
                    let first = side.connection.clone().ask(request.clone());
                    if let Ok(answer) = timeout(LOST, first).await {
                        return answer;
                    }
                }
                side.connection.clone().ask(request).await
            })
        };
        let mut answers = [ask(&self.pair.etcd, theirs), ask(&self.pair.ours, ours)];
        for (id, answer) in self.learner.iter_mut().zip(&answers) {
            if let Ok(Response::MemberAdd(added)) = answer {
                *id = added.member.as_ref().map_or(0, |member| member.id);
            }
        }
        answers.iter_mut().filter_map(|answer| answer.as_mut().ok()).for_each(make_comparable);
        let [etcd, ours] = answers;
        if etcd == ours || is_wanted(&request, &etcd, &ours) {
            if let Some(header) = etcd.as_ref().ok().and_then(Response::header) {
                self.head = self.head.max(header.revision);
            }
            return Ok(());
        }
        Err(format!("{request:#?}\n--- etcd answers\n{etcd:#?}\n--- glasshouse answers\n{ours:#?}"))
    }

    /// Opens the watch, puts its first key, and compares all that is heard up to that put.
    fn watch(&mut self, create: &WatchCreateRequest) -> Result<(), String> {
        let first =
            WatchRequest { request_union: Some(RequestUnion::CreateRequest(create.clone())) };
        let open = |side: &Side| {
            let mut stream =
                side.open(self.pair.runtime.handle(), WATCH, None, first.encode_to_vec().into());
            let created = self.pair.runtime.block_on(next(&mut stream));
            (stream, created)
        };
        let mut streams = [open(&self.pair.etcd), open(&self.pair.ours)];
        let put =
            PutRequest { key: create.key.clone(), value: "seen".into(), ..Default::default() };
        self.compare([put.clone().into(), put.into()])?;
        let [theirs, ours] = [0, 1].map(|side| {
            let (stream, created) = &mut streams[side];
            let mut heard = vec![std::mem::take(created)];
            self.pair.runtime.block_on(async {
                while heard.last().is_some_and(|last| !is_last(last, create, self.head)) {
                    heard.push(next(stream).await);
                }
            });
            flat(heard)
        });
        if theirs == ours {
            return Ok(());
        }
        Err(format!("{create:#?}\n--- etcd says\n{theirs:#?}\n--- glasshouse says\n{ours:#?}"))
    }
}

/// The next response; one that says so when nothing came.
async fn next(stream: &mut Stream) -> WatchResponse {
    let nothing =
        |why: String| WatchResponse { canceled: true, cancel_reason: why, ..Default::default() };
    match timeout(PATIENCE, stream.next()).await {
        Ok(Ok(Some(bytes))) => WatchResponse::decode(bytes).expect("it is a response"),
        other => nothing(format!("{other:?}")),
    }
}

/// Nothing more comes: the watch has ended, or shows the put, or begins behind it.
fn is_last(response: &WatchResponse, create: &WatchCreateRequest, put: i64) -> bool {
    let revisions = response.events.iter().filter_map(|event| event.kv.as_ref());
    response.canceled
        || create.start_revision > put
        || revisions.map(|pair| pair.mod_revision).any(|revision| revision == put)
}

/// How the watch was created and how it ended, and its events. In how many responses they come is
/// up to each side.
fn flat(heard: Vec<WatchResponse>) -> (Vec<WatchResponse>, Vec<Event>) {
    let (mut others, mut events) = (Vec::new(), Vec::new());
    for mut response in heard {
        events.append(&mut response.events);
        response.header = None;
        others.push(response);
    }
    others.retain(|response| response.created || response.canceled);
    (others, events)
}

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

/// Takes out of an answer what two clusters cannot share.
fn make_comparable(response: &mut Response) {
    let header = response.header_mut();
    (header.cluster_id, header.member_id, header.raft_term) = (0, 0, 0);
    match response {
        // A field of 3.6.
        Response::HashKv(hash) => hash.hash_revision = 0,
        Response::LeaseTimeToLive(lease) => {
            // The clock's second more or less; and etcd's order of the keys changes.
            if lease.ttl > 0 && (lease.granted_ttl - 2..=lease.granted_ttl).contains(&lease.ttl) {
                lease.ttl = lease.granted_ttl;
            }
            lease.keys.sort();
        }
        Response::MemberList(list) => list.members.iter_mut().for_each(without_place),
        Response::MemberAdd(added) => {
            added.members.iter_mut().chain(&mut added.member).for_each(without_place);
        }
        Response::MemberRemove(removed) => removed.members.iter_mut().for_each(without_place),
        _ => {}
    }
    if let Response::MemberList(MemberListResponse { members, .. })
    | Response::MemberAdd(MemberAddResponse { members, .. }) = response
    {
        members.sort_by_key(|member| member.is_learner);
    }
}

/// A started member has an address and a name after it; a learner's id is a hash of the time.
fn without_place(member: &mut Member) {
    member.id = 0;
    if !member.name.is_empty() {
        *member = Member { is_learner: member.is_learner, ..Member::default() };
    }
}

#[test]
fn requests_that_are_made_up_are_answered_as_by_etcd() {
    let Some(mut pair) = Pair::start("3.5.16", 54, &[]) else { return };
    let stage = RefCell::new(Stage { pair: &pair, head: 1, learner: [5, 5], port: 2_380 });
    let mut config =
        Config { failure_persistence: None, max_shrink_iters: 500, ..Config::with_cases(CASES) };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let result = TestRunner::new(config).run(&requests::list(REQUESTS), |list| {
        for made_up in list {
            let step = made_up.at(stage.borrow().head);
            stage.borrow_mut().take(step).map_err(TestCaseError::fail)?;
        }
        Ok(())
    });
    if let Err(failure) = result {
        // etcd may have ended itself over what it was asked.
        panic!("{failure}\n{:?}", pair.check_alive());
    }
}
