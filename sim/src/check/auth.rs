//! Auth: nobody gets through who may not, and all members know the same users.
//!
//! * **Permitted.** A call that succeeded was permitted, to the user whose token it showed, by the users and
//!   roles as they stood at some place of the committed log between its call and its return. So nobody
//!   gets through behind a right whose loss was committed before he asked. A serializable read may be
//!   judged by an older state, as it may tell older values.
//! * **Equal.** A member that has applied the log up to an index has the users, roles and auth revision
//!   that the log adds up to at that index.
//!
//! What the log adds up to is the model's word (`model/auth.rs`), which also leaves out writes that
//! may not be done; so a member that does one anyway differs in its store, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use glasshouse_core::api::{Caller, Request, Response};
use glasshouse_core::node::{EntryView, NodeView};
use glasshouse_core::order;
use glasshouse_core::txn;

use super::{Property, Violation};
use crate::model::{Auth, Model};
use crate::place::MemberNo;

/// How many states of users and roles there had been when a client asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked(usize);

/// Who might do what, and when.
#[derive(Debug, Default)]
pub(super) struct Rights {
    /// Users and roles behind each entry that changed them, with its index.
    states: Vec<(u64, Arc<Auth>)>,
    /// The users of tokens that clients were given.
    users: BTreeMap<String, String>,
    /// Revision and switch of each member when it was compared last.
    compared: BTreeMap<MemberNo, (u64, bool)>,
}

impl Rights {
    /// An entry is committed for the first time anywhere, and the model has applied it.
    pub(super) fn on_committed(&mut self, entry: &EntryView, model: &Model) {
        if self.states.last().is_none_or(|(_, known)| known != model.auth()) {
            self.states.push((entry.index, Arc::clone(model.auth())));
        }
    }

    pub(super) fn asked(&self) -> Asked {
        Asked(self.states.len())
    }

    /// A client was answered.
    pub(super) fn on_answer(
        &mut self,
        member: MemberNo,
        caller: &Caller,
        request: &Request,
        response: &Response,
        Asked(asked): Asked,
    ) -> Option<Violation> {
        if let (Request::Authenticate(request), Response::Authenticate(response)) =
            (request, response)
        {
            self.users.insert(response.token.clone(), request.name.clone());
        }
        let may_be_old = match request {
            Request::Range(range) => range.serializable,
            Request::Txn(txn) => txn::is_serializable(txn),
            _ => false,
        };
        let first = if may_be_old { 0 } else { asked.saturating_sub(1) };
        let user = caller.token.as_ref().and_then(|token| self.users.get(token));
        let user = user.map_or("", String::as_str);
        let states = self.states.get(first..)?;
        let permitted = states.iter().any(|(_, auth)| auth.allows(user, request));
        (!permitted && !states.is_empty()).then(|| {
            let index = states[0].0;
            let known = format!("since entry {index} nothing permits that to {user:?}");
            let seen = format!("{member} answers {}", request.name());
            Violation::new(Property::Auth, member, known, seen)
        })
    }

    /// A member has applied something.
    pub(super) fn on_applied(&mut self, no: MemberNo, view: NodeView<'_>) -> Option<Violation> {
        let ours = view.auth();
        let later = self.states.partition_point(|(index, _)| *index <= view.applied());
        let (_, theirs) = self.states.get(later.checked_sub(1)?)?;
        let now = (ours.revision(), ours.is_enabled());
        if self.compared.insert(no, now) == Some(now) && now == (theirs.changes + 1, theirs.enabled)
        {
            return None;
        }
        let users = ours
            .users()
            .map(|(name, user)| (name.to_owned(), order::set(user.roles.iter().cloned())));
        let grant = |perm: &glasshouse_core::api::authpb::Permission| {
            (perm.key.clone(), perm.range_end.clone(), perm.perm_type)
        };
        let roles = ours
            .roles()
            .map(|(name, role)| (name.to_owned(), role.key_permission.iter().map(grant).collect()));
        let ours = Auth {
            enabled: now.1,
            changes: now.0 - 1,
            users: order::map(users),
            roles: order::map(roles),
        };
        (ours != **theirs).then(|| {
            let known = format!("the log up to {} adds up to {theirs:?}", view.applied());
            Violation::new(Property::Auth, no, known, format!("{no} has {ours:?}"))
        })
    }
}
