//! Beside the stages: what takes the whole store, asked for by a client or for a comparison of all
//! members, and done by the world.
//!
//! A hash reads every row; a defragmentation writes every row anew. The node does neither: it
//! decides *what* exactly, and the world does it beside the log ([`Effect::Work`]).
//!
//! ```text
//!   HashKV ──► wait until what is applied now is stored ──► plan ──► Effect::Work ──► disk
//!   answer ◄────────────────────────────────────────────── Input::Worked ◄──────────────┘
//! ```
//!
//! A plan names its rows by revision, so that it does not matter what is committed meanwhile.

use std::collections::BTreeMap;

use super::{Effect, Node};
use crate::api::{self, Request, Response};
use crate::id::{CallId, MemberId};
use crate::limits;
use crate::peer::{Envelope, Hashed, MessageInfo, MessageKind, WantHash};
use crate::store::{Work, Worked};

/// Who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// A client.
    Call(CallId),
    /// Another member, for its comparison of this id.
    Peer(MemberId, u64),
    /// A comparison of this member's own.
    Check(u64),
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The keys' hash at a main revision.
    HashKv(i64),
    /// Everything's hash.
    Hash,
    Defragment,
}

/// Work that waits, and work that the world has begun.
#[derive(Debug, Default)]
pub(super) struct Working {
    last_id: u64,
    /// Who waits until this index is stored.
    waiting: Vec<(u64, For, Wish)>,
    /// Who waits for the world; for a hash, the answer without it.
    begun: BTreeMap<u64, (For, Response)>,
}

impl Working {
    fn has_place(&self) -> bool {
        self.waiting.len() + self.begun.len() < limits::WORKS_MAX
    }
}

impl Node {
    pub(super) fn ask_work(&mut self, call: CallId, request: &Request, effects: &mut Vec<Effect>) {
        let wish = match request {
            Request::HashKv(hash) => match self.mvcc.check_hash(hash.revision) {
                Ok(revision) => Wish::HashKv(revision),
                Err(error) => return self.respond(call, Err(error), effects),
            },
            Request::Hash(_) => Wish::Hash,
            Request::Defragment(_) => Wish::Defragment,
            other => unreachable!("{} is no work on the store", other.name()),
        };
        if !self.working.has_place() {
            return self.respond(call, Err(api::Error::TOO_MANY_REQUESTS), effects);
        }
        // It takes as long as it takes.
        self.calls.hold(call);
        self.working.waiting.push((self.applied.index, For::Call(call), wish));
    }

    /// A comparison of members wants a hash.
    pub(super) fn want_hash(&mut self, whom: For, revision: i64, effects: &mut Vec<Effect>) {
        match self.mvcc.check_hash(revision) {
            Ok(revision) => {
                self.working.waiting.push((self.applied.index, whom, Wish::HashKv(revision)));
            }
            Err(error) => self.end_work(whom, Err(error), effects),
        }
    }

    /// Another member wants a hash for its comparison. One that asks for too many gets none.
    pub(super) fn on_hash_wanted(
        &mut self,
        from: MemberId,
        wanted: WantHash,
        effects: &mut Vec<Effect>,
    ) {
        if self.working.has_place() {
            self.want_hash(For::Peer(from, wanted.id), wanted.revision, effects);
        }
    }

    /// Begins what no longer has to wait.
    pub(super) fn drive_working(&mut self, effects: &mut Vec<Effect>) {
        if self.working.waiting.is_empty() || self.storing.is_installing() {
            return;
        }
        let stored = if self.mvcc.unstored_bytes() == 0 { u64::MAX } else { self.stored.index };
        let ready: Vec<_> =
            self.working.waiting.extract_if(.., |(index, ..)| *index <= stored).collect();
        for (_, whom, wish) in ready {
            let is_gone = matches!(whom, For::Call(call) if !self.calls.is_open(call));
            if !is_gone {
                self.begin_work(whom, wish, effects);
            }
        }
        if !self.working.waiting.is_empty() {
            self.flush(effects);
        }
    }

    fn begin_work(&mut self, whom: For, wish: Wish, effects: &mut Vec<Effect>) {
        let header = Some(api::ResponseHeader {
            revision: self.mvcc.revision(),
            ..api::ResponseHeader::default()
        });
        let (work, response) = match wish {
            Wish::HashKv(revision) => match self.mvcc.hash_plan(revision) {
                Ok(plan) => {
                    let response = api::HashKvResponse {
                        header,
                        hash: 0,
                        compact_revision: plan.compacted,
                        hash_revision: plan.revision,
                    };
                    (Work::HashRows(plan), response.into())
                }
                Err(error) => return self.end_work(whom, Err(error), effects),
            },
            Wish::Hash => (Work::HashAll, api::HashResponse { header, hash: 0 }.into()),
            Wish::Defragment => (Work::Defragment, api::DefragmentResponse::default().into()),
        };
        self.working.last_id += 1;
        let id = self.working.last_id;
        self.working.begun.insert(id, (whom, response));
        effects.push(Effect::Work { id, work });
    }

    pub(super) fn on_worked(
        &mut self,
        id: u64,
        done: Result<Worked, String>,
        effects: &mut Vec<Effect>,
    ) {
        let Some((whom, mut response)) = self.working.begun.remove(&id) else {
            panic!("work {id} was never given out");
        };
        match (&mut response, done) {
            (Response::HashKv(answer), Ok(Worked::Hashed(hash))) => answer.hash = hash,
            (Response::Hash(answer), Ok(Worked::Hashed(hash))) => answer.hash = hash,
            (Response::Defragment(_), Ok(Worked::Defragmented)) => {}
            // The store is as it was, only not smaller.
            (Response::Defragment(_), Err(reason)) => {
                let error = api::Error::new(api::Code::Unknown, format!("glasshouse: {reason}"));
                return self.end_work(whom, Err(error), effects);
            }
            (_, Err(reason)) => return self.halt(reason, effects),
            (_, Ok(done)) => panic!("work {id} ended with {done:?}, which was not asked for"),
        }
        self.end_work(whom, Ok(response), effects);
    }

    fn end_work(
        &mut self,
        whom: For,
        result: Result<Response, api::Error>,
        effects: &mut Vec<Effect>,
    ) {
        let hash = match &result {
            Ok(Response::HashKv(hash)) => Some(*hash),
            _ => None,
        };
        match whom {
            For::Call(call) => self.respond(call, result, effects),
            For::Peer(to, id) => {
                let info = MessageInfo {
                    answer: true,
                    reject: hash.is_none(),
                    ..MessageInfo::of(MessageKind::Hash, self.raft.term())
                };
                let hashed = Some(Hashed { id, hash });
                self.send(to, info, &Envelope { hashed, ..Envelope::default() }, effects);
            }
            For::Check(id) => self.on_own_hash(id, hash, effects),
        }
    }
}
