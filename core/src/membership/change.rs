//! One change of the members, as it travels through the log.
//!
//! An entry of the log that changes the members carries a [`MemberChange`] as raft's context. Who
//! votes follows from it, so raft and [`Membership`] cannot drift apart. A change
//! that contradicts the members at its place in the log is refused there, by the same rule on every
//! member (etcd `ValidateConfigurationChange`, `server/etcdserver/api/membership/cluster.go`).

use super::{Member, Membership};
use crate::api::{self, Error};
use crate::id::MemberId;

/// What happens to one member. The numbers are in the log: never give one to another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum ChangeKind {
    /// Nothing that this build knows.
    Unknown = 0,
    /// It joins, as a voter or as a learner.
    Add = 1,
    /// It leaves for good.
    Remove = 2,
    /// It has other peer URLs.
    Update = 3,
    /// A learner becomes a voter.
    Promote = 4,
}

/// A change of the members. One of them may be under way at a time, and each concerns one member, so
/// the majorities before and after it overlap (dissertation 4.1).
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct MemberChange {
    #[prost(enumeration = "ChangeKind", tag = "1")]
    pub(crate) kind: i32,
    /// The member; removal and promotion look at its id only.
    #[prost(message, required, tag = "2")]
    pub(crate) member: api::Member,
    /// Id of the proposal, 0 for the first members: ties the applied entry to the call that waits.
    #[prost(fixed64, tag = "3")]
    pub(crate) request: u64,
    /// Most learners that its proposer allows (`--max-learners`). It travels with the change because
    /// apply may not depend on a flag of one member.
    #[prost(uint32, tag = "4")]
    pub(crate) learners_max: u32,
    /// Who asked for it; empty when nobody had to say.
    #[prost(string, tag = "5")]
    pub(crate) user: String,
}

impl MemberChange {
    /// A first member of a cluster.
    pub(crate) fn first(member: &Member) -> Self {
        Self {
            kind: ChangeKind::Add as i32,
            member: super::to_api(&Member { client_urls: Vec::new(), ..member.clone() }),
            request: 0,
            learners_max: 0,
            user: String::new(),
        }
    }

    /// Whom it concerns.
    pub(crate) fn id(&self) -> MemberId {
        MemberId(self.member.id)
    }
}

impl Membership {
    /// Whether this change fits the members as they stand.
    ///
    /// # Errors
    /// etcd's error about the first contradiction.
    pub(crate) fn check(&self, change: &MemberChange) -> Result<(), Error> {
        let id = change.id();
        if self.is_removed(id) {
            return Err(Error::MEMBER_NOT_FOUND);
        }
        let known = self.get(id);
        match change.kind() {
            ChangeKind::Unknown => Err(Error::MEMBER_NOT_FOUND),
            ChangeKind::Add => {
                if known.is_some() {
                    return Err(Error::MEMBER_EXISTS);
                }
                self.check_urls_are_free(change)?;
                let learners = self.members().filter(|member| member.is_learner).count();
                let room = usize::try_from(change.learners_max).unwrap_or(usize::MAX);
                if change.member.is_learner && learners >= room {
                    return Err(Error::TOO_MANY_LEARNERS);
                }
                Ok(())
            }
            ChangeKind::Remove => {
                let member = known.ok_or(Error::MEMBER_NOT_FOUND)?;
                // Nobody would be left to agree on anything, not even on another member.
                if !member.is_learner && self.voters().count() == 1 {
                    return Err(not_enough_started());
                }
                Ok(())
            }
            ChangeKind::Update => {
                known.ok_or(Error::MEMBER_NOT_FOUND)?;
                self.check_urls_are_free(change)
            }
            ChangeKind::Promote => match known {
                None => Err(Error::MEMBER_NOT_FOUND),
                Some(member) if !member.is_learner => Err(Error::MEMBER_NOT_LEARNER),
                Some(_) => Ok(()),
            },
        }
    }

    /// Carries out a change that passed [`Membership::check`].
    pub(crate) fn make(&mut self, change: &MemberChange) {
        let id = change.id();
        match change.kind() {
            ChangeKind::Unknown => {}
            ChangeKind::Add => {
                self.members.insert(id, super::from_api(change.member.clone()));
            }
            ChangeKind::Remove => {
                self.members.remove(&id);
                self.removed.insert(id);
            }
            ChangeKind::Update => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.peer_urls.clone_from(&change.member.peer_urls);
                }
            }
            ChangeKind::Promote => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.is_learner = false;
                }
            }
        }
    }

    fn check_urls_are_free(&self, change: &MemberChange) -> Result<(), Error> {
        let others = self.members().filter(|member| member.id != change.id());
        let taken = others.flat_map(|member| &member.peer_urls);
        if taken.into_iter().any(|url| change.member.peer_urls.contains(url)) {
            return Err(Error::PEER_URL_EXISTS);
        }
        Ok(())
    }

    /// Whether a voter may join: a majority of the voters then must have started by now. A cluster of
    /// one may always grow, or a restored one could never be more than that
    /// (etcd `IsReadyToAddVotingMember`).
    pub(crate) fn is_ready_to_add(&self) -> bool {
        let (voters, started) = self.count_voters(None);
        started == 1 && voters == 1 || is_majority(started, voters + 1)
    }

    /// Whether this voter may leave: a majority of those that stay must have started
    /// (etcd `IsReadyToRemoveVotingMember`).
    pub(crate) fn is_ready_to_remove(&self, id: MemberId) -> bool {
        let (voters, started) = self.count_voters(Some(id));
        is_majority(started, voters)
    }

    /// Whether a learner may become a voter; it counts as started
    /// (etcd `IsReadyToPromoteMember`).
    pub(crate) fn is_ready_to_promote(&self) -> bool {
        let (voters, started) = self.count_voters(None);
        is_majority(started + 1, voters + 1)
    }

    /// (voters, those of them that have started), without one of them.
    fn count_voters(&self, without: Option<MemberId>) -> (usize, usize) {
        let voters = || self.voters().filter(|member| Some(member.id) != without);
        (voters().count(), voters().filter(|member| !member.name.is_empty()).count())
    }
}

/// A change that would leave too few members that have started. etcd's table of errors has a code for
/// it, but its server forgets to use it (`toGRPCErrorMap` in `v3rpc/util.go`).
pub(crate) fn not_enough_started() -> Error {
    Error::new(api::Code::Unknown, Error::MEMBER_NOT_ENOUGH_STARTED.message)
}

/// The peer URLs of a request, in order.
///
/// # Errors
/// `given member URLs are invalid`.
pub(crate) fn check_peer_urls(urls: &[String]) -> Result<Vec<String>, Error> {
    api::check_urls(urls).map_err(|_| Error::MEMBER_BAD_URLS)
}

fn is_majority(of: usize, all: usize) -> bool {
    of > all / 2
}
