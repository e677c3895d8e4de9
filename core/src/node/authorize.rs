//! Beside the stages: who asks, and may he?
//!
//! ```text
//!   caller: token or certificate
//!      │  a token of an entry that is not applied here yet? the request waits for it
//!      ▼
//!   AuthInfo { user, auth revision } ──► header of the entry: apply asks again
//!      │                            ──► read: asked when the answer is there, at its place in the log
//!      ▼                            ──► Forward to the leader: the leader asks
//!   what never goes through the log (status, hashes, members): asked at once
//! ```
//!
//! What a user may do is decided in [`crate::auth`]; this file finds out who he is. Source: etcd
//! `AuthInfoFromCtx` and `doSerialize` in `server/etcdserver/v3_server.go`, `authMaintenanceServer` in
//! `server/etcdserver/api/v3rpc/maintenance.go`.

use std::collections::BTreeMap;

use super::{Effect, Node};
use crate::api::alarm_request::AlarmAction;
use crate::api::{Caller, Error, Request, RequestHeader, WatchCreateRequest, WatchRequest};
use crate::auth::{AuthInfo, ROOT, tokens};
use crate::id::{CallId, StreamId};
use crate::limits;
use crate::node::config::TokenKind;

/// Requests whose token this member cannot know yet.
#[derive(Default)]
pub(super) struct Early {
    calls: Vec<(u64, CallId, Request)>,
    streams: BTreeMap<StreamId, EarlyStream>,
}

/// Requests of one stream; all that come behind the first wait, too.
struct EarlyStream {
    index: u64,
    until_tick: u64,
    requests: Vec<WatchRequest>,
}

/// Who it is.
impl Node {
    /// Who makes this call; nobody when auth is off or the caller shows nothing.
    pub(super) fn who(&mut self, call: CallId) -> Result<AuthInfo, Error> {
        match self.calls.caller(call).cloned() {
            Some(caller) => self.identify(&caller),
            None => Ok(AuthInfo::default()),
        }
    }

    /// A token goes before a certificate. Using a token keeps it alive.
    fn identify(&mut self, caller: &Caller) -> Result<AuthInfo, Error> {
        if !self.auth.is_enabled() {
            return Ok(AuthInfo::default());
        }
        let revision = self.auth.revision();
        let Some(token) = caller.token() else {
            let name = caller.common_name.clone();
            return Ok(name.map_or_else(AuthInfo::default, |user| AuthInfo { user, revision }));
        };
        match self.config.token_kind {
            TokenKind::Simple => {
                let user = self.tokens.use_token(token, self.tick);
                let user = user.ok_or(Error::INVALID_AUTH_TOKEN)?.to_owned();
                Ok(AuthInfo { user, revision })
            }
            TokenKind::Signed => {
                let claims = caller.claims.as_ref().ok_or(Error::INVALID_AUTH_TOKEN)?;
                Ok(AuthInfo { user: claims.user.clone(), revision: claims.revision })
            }
        }
    }

    /// The header of an entry that this call proposes.
    pub(super) fn header_for(&mut self, call: CallId) -> Result<RequestHeader, Error> {
        let who = self.who(call)?;
        Ok(RequestHeader { id: self.new_id(), username: who.user, auth_revision: who.revision })
    }

    /// The header of an entry that this member proposes by itself: nothing hinders it.
    pub(super) fn own_header(&mut self) -> RequestHeader {
        let id = self.new_id();
        if !self.auth.is_enabled() {
            return RequestHeader { id, ..RequestHeader::default() };
        }
        RequestHeader { id, username: ROOT.to_owned(), auth_revision: self.auth.revision() }
    }

    /// The index that must be applied before this caller's token can be judged, if it is not yet.
    fn waits_for(&self, caller: &Caller) -> Option<u64> {
        let simple = self.config.token_kind == TokenKind::Simple;
        let token = caller.token().filter(|_| simple && self.auth.is_enabled())?;
        tokens::index_of(token).filter(|index| *index > self.applied.index)
    }
}

/// May he?
impl Node {
    /// What is asked before a request goes anywhere.
    pub(super) fn authorize(&mut self, call: CallId, request: &Request) -> Result<(), Error> {
        if !self.auth.is_enabled() {
            return Ok(());
        }
        match request {
            Request::Compact(_)
            | Request::Hash(_)
            | Request::HashKv(_)
            | Request::Defragment(_)
            | Request::Snapshot(_)
            | Request::MoveLeader(_)
            | Request::Downgrade(_)
            | Request::MemberAdd(_)
            | Request::MemberRemove(_)
            | Request::MemberUpdate(_)
            | Request::MemberPromote(_) => self.authorize_admin(call),
            Request::Alarm(alarm) if alarm.action != AlarmAction::Get as i32 => {
                self.authorize_admin(call)
            }
            Request::Alarm(_)
            | Request::Status(_)
            | Request::LeaseGrant(_)
            | Request::LeaseRevoke(_) => {
                let who = self.who(call)?;
                self.auth.check_somebody(&who)
            }
            Request::LeaseKeepAlive(_) | Request::LeaseTimeToLive(_) => {
                let who = self.who(call)?;
                self.authorize_lease(&who, request)
            }
            _ => Ok(()),
        }
    }

    /// The role `root` is needed.
    pub(super) fn authorize_admin(&mut self, call: CallId) -> Result<(), Error> {
        let who = self.who(call)?;
        self.auth.check_admin(&who)
    }

    /// What is asked when this member has the answer, as of what it has applied.
    pub(super) fn authorize_answer(
        &mut self,
        call: CallId,
        request: &Request,
    ) -> Result<(), Error> {
        if !self.auth.is_enabled() {
            return Ok(());
        }
        let who = self.who(call)?;
        match request {
            Request::Range(range) => self.auth.check_read(&who, &range.key, &range.range_end)?,
            Request::Txn(txn) => self.auth.check_txn(&who, txn, &self.lessor)?,
            Request::MemberList(_) => self.auth.check_somebody(&who)?,
            Request::LeaseLeases(_) => self.auth.check_leases(&who, &self.lessor)?,
            _ => return Ok(()),
        }
        // A signed token may be of another time than what this member has applied.
        let other = who.revision != 0 && who.revision != self.auth.revision();
        if other { Err(Error::AUTH_OLD_REVISION) } else { Ok(()) }
    }

    /// Keep-alives and questions about leases, at the member that was asked and at the leader.
    pub(super) fn authorize_lease(&self, who: &AuthInfo, request: &Request) -> Result<(), Error> {
        if !self.auth.is_enabled() {
            return Ok(());
        }
        match request {
            Request::LeaseKeepAlive(request) => {
                self.auth.check_somebody(who)?;
                self.auth.check_lease_write(who, request.id, &self.lessor)
            }
            Request::LeaseTimeToLive(request) if request.keys => {
                self.auth.check_lease_read(who, request.id, &self.lessor)
            }
            _ => self.auth.check_somebody(who),
        }
    }

    /// Who creates a watcher, if he may; else etcd's reason for the client.
    pub(super) fn authorize_watch(
        &mut self,
        stream: StreamId,
        create: &WatchCreateRequest,
    ) -> Result<Option<String>, Error> {
        if !self.auth.is_enabled() {
            return Ok(None);
        }
        let caller = self.watches.caller(stream).cloned().unwrap_or_default();
        let who = self.identify(&caller)?;
        // The range as it is meant: an empty key is the smallest one.
        let key = if create.key.is_empty() { &b"\0"[..] } else { &create.key };
        self.auth.check_read(&who, key, &create.range_end)?;
        Ok(Some(who.user))
    }
}

/// Tokens from the future.
impl Node {
    /// Holds a request back whose token this member will know in a moment.
    pub(super) fn hold_call(&mut self, call: CallId, request: &Request) -> bool {
        let index = self.calls.caller(call).and_then(|caller| self.waits_for(caller));
        if let Some(index) = index {
            self.early.calls.push((index, call, request.clone()));
        }
        index.is_some()
    }

    /// Holds a stream's request back, and all that come behind it.
    pub(super) fn hold_watch(&mut self, stream: StreamId, request: &WatchRequest) -> bool {
        if let Some(early) = self.early.streams.get_mut(&stream) {
            if early.requests.len() < limits::EARLY_WATCH_REQUESTS_MAX {
                early.requests.push(request.clone());
            }
            return true;
        }
        let Some(index) = self.watches.caller(stream).and_then(|caller| self.waits_for(caller))
        else {
            return false;
        };
        let until_tick = self.tick + self.patience_ticks();
        let requests = vec![request.clone()];
        self.early.streams.insert(stream, EarlyStream { index, until_tick, requests });
        true
    }

    /// A stream is over: nothing of it waits any more.
    pub(super) fn forget_early(&mut self, stream: StreamId) {
        self.early.streams.remove(&stream);
    }

    /// Lets those go on whose token can be judged now, and those who waited long enough.
    pub(super) fn release_early(&mut self, effects: &mut Vec<Effect>) {
        let (applied, tick) = (self.applied.index, self.tick);
        let calls: Vec<_> =
            self.early.calls.extract_if(.., |(index, _, _)| *index <= applied).collect();
        for (_, call, request) in calls {
            if self.calls.is_open(call) {
                self.route(call, request, effects);
            }
        }
        self.early.calls.retain(|(_, call, _)| self.calls.is_open(*call));
        let ripe = |early: &EarlyStream| early.index <= applied || early.until_tick <= tick;
        let streams: Vec<_> = self.early.streams.extract_if(.., |_, early| ripe(early)).collect();
        for (stream, early) in streams {
            for request in early.requests {
                self.serve_watch(stream, request, effects);
            }
        }
    }
}

/// The text with which a watcher is refused or canceled: Go's picture of a gRPC status.
pub(super) fn cancel_reason(error: &Error) -> String {
    format!("rpc error: code = {} desc = {}", error.code, error.message)
}
