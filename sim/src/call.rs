//! Clients' calls: what was asked, whether an answer came, and who waits for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use glasshouse_core::api;
use glasshouse_core::id::CallId;
use madsim::time::TimerId;

use crate::check::Asked;
use crate::clock::Nanos;
use crate::place::{ClientNo, MemberNo};
use crate::trace::CallEnd;
use crate::world::CallView;

/// Ended calls that are kept to be looked at.
const ENDED_CALLS: usize = 4096;

/// A call that waits for its end.
#[derive(Debug)]
pub(crate) struct OpenCall {
    pub(crate) client: ClientNo,
    pub(crate) member: MemberNo,
    /// What the client shows of itself.
    pub(crate) caller: api::Caller,
    pub(crate) request: Arc<api::Request>,
    pub(crate) began_at: Nanos,
    /// What the client may rely on: everything acknowledged before it called.
    pub(crate) asked: Asked,
    /// Ends the call when its time is over.
    pub(crate) deadline: Option<TimerId>,
    /// The task that waits for the end.
    pub(crate) waker: Option<Waker>,
}

/// All calls of a world.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    last: u64,
    open: BTreeMap<CallId, OpenCall>,
    ended: BTreeMap<CallId, (OpenCall, Nanos, CallEnd)>,
    forgetting: VecDeque<CallId>,
}

impl Calls {
    /// A name for the next call.
    pub(crate) fn next_id(&mut self) -> CallId {
        self.last += 1;
        CallId(self.last)
    }

    pub(crate) fn insert(&mut self, id: CallId, call: OpenCall) {
        self.open.insert(id, call);
    }

    pub(crate) fn get(&self, id: CallId) -> Option<&OpenCall> {
        self.open.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: CallId) -> Option<&mut OpenCall> {
        self.open.get_mut(&id)
    }

    /// Ends a call; `None` when it has ended already. The caller gets who asked whom.
    pub(crate) fn end(&mut self, id: CallId, at: Nanos, end: &CallEnd) -> Option<&mut OpenCall> {
        let call = self.open.remove(&id)?;
        if self.forgetting.len() == ENDED_CALLS
            && let Some(oldest) = self.forgetting.pop_front()
        {
            self.ended.remove(&oldest);
        }
        self.forgetting.push_back(id);
        self.ended.insert(id, (call, at, end.clone()));
        self.ended.get_mut(&id).map(|(call, _, _)| call)
    }

    /// How a call ended, if it did.
    pub(crate) fn ended(&self, id: CallId) -> Option<&CallEnd> {
        self.ended.get(&id).map(|(_, _, end)| end)
    }

    /// Open calls at this member.
    pub(crate) fn open_at(&self, member: MemberNo) -> Vec<CallId> {
        self.open.iter().filter(|(_, call)| call.member == member).map(|(&id, _)| id).collect()
    }

    pub(crate) fn view(&self, id: CallId) -> Option<CallView> {
        if let Some(call) = self.open.get(&id) {
            return Some(view(id, call, None));
        }
        self.ended.get(&id).map(|(call, at, end)| view(id, call, Some((*at, end.clone()))))
    }

    pub(crate) fn open(&self) -> Vec<CallView> {
        self.open.iter().map(|(&id, call)| view(id, call, None)).collect()
    }
}

fn view(id: CallId, call: &OpenCall, end: Option<(Nanos, CallEnd)>) -> CallView {
    CallView {
        id,
        client: call.client,
        member: call.member,
        request: Arc::clone(&call.request),
        began_at: call.began_at,
        end,
    }
}
