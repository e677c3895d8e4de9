//! Changes of membership, as `raft` asks about them.
//!
//! There are two messages for a change: [`ConfChange`] moves one node, and
//! [`ConfChangeV2`] any number of them. Everything but the encoding of an entry
//! treats them alike, through [`ConfChangeI`].
//!
//! | `transition` | changes | [`enter_joint`](ConfChangeV2::enter_joint) | meaning |
//! | --- | --- | --- | --- |
//! | `Auto` | 0 | `None` | leave the joint configuration |
//! | `Auto` | 1 | `None` | a simple change, old and new majorities overlap |
//! | `Auto` | 2 or more | `Some(true)` | joint, left by the leader |
//! | `Implicit` | any | `Some(true)` | joint, left by the leader |
//! | `Explicit` | any | `Some(false)` | joint, left when an empty change is applied |

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::eraftpb::{
    ConfChange, ConfChangeSingle, ConfChangeTransition, ConfChangeType, ConfChangeV2, ConfState,
};

/// Says what happens to one node.
#[must_use]
pub fn new_conf_change_single(node_id: u64, change: ConfChangeType) -> ConfChangeSingle {
    ConfChangeSingle { node_id, change_type: change, ..Default::default() }
}

/// Either form of a change.
///
/// The name ends in `I` because `raft` imports it under that name.
pub trait ConfChangeI {
    /// This change in the general form.
    fn into_v2(self) -> ConfChangeV2;

    /// The general form, borrowed when it is that already.
    fn as_v2(&self) -> Cow<'_, ConfChangeV2>;

    /// The one-node form, if this is it. The entry is then written as such, which
    /// nodes that know no other form can read.
    fn as_v1(&self) -> Option<&ConfChange>;
}

impl ConfChangeI for ConfChange {
    fn into_v2(self) -> ConfChangeV2 {
        let change = new_conf_change_single(self.node_id, self.change_type);
        ConfChangeV2 { changes: vec![change].into(), context: self.context, ..Default::default() }
    }

    fn as_v2(&self) -> Cow<'_, ConfChangeV2> {
        Cow::Owned(self.clone().into_v2())
    }

    fn as_v1(&self) -> Option<&ConfChange> {
        Some(self)
    }
}

impl ConfChangeI for ConfChangeV2 {
    fn into_v2(self) -> ConfChangeV2 {
        self
    }

    fn as_v2(&self) -> Cow<'_, ConfChangeV2> {
        Cow::Borrowed(self)
    }

    fn as_v1(&self) -> Option<&ConfChange> {
        None
    }
}

impl ConfChangeV2 {
    /// Whether this change enters a joint configuration and, if it does, whether
    /// the leader leaves it by itself. The table above has the cases.
    ///
    /// The answer looks at this change alone. Two learners that are voters today
    /// would need a joint configuration as well; counting changes is the safe side.
    #[must_use]
    pub fn enter_joint(&self) -> Option<bool> {
        match self.transition {
            ConfChangeTransition::Auto => (self.changes.len() > 1).then_some(true),
            ConfChangeTransition::Implicit => Some(true),
            ConfChangeTransition::Explicit => Some(false),
        }
    }

    /// Whether this change leaves a joint configuration. Its context may say
    /// anything.
    #[must_use]
    pub fn leave_joint(&self) -> bool {
        self.transition == ConfChangeTransition::Auto && self.changes.is_empty()
    }
}

/// Whether both name the same members in the same roles.
///
/// The lists are sets: `raft` fills them from hash sets, so that their order
/// differs between builds.
#[must_use]
pub fn conf_state_eq(a: &ConfState, b: &ConfState) -> bool {
    let same = |a: &[u64], b: &[u64]| a == b || BTreeSet::from_iter(a) == BTreeSet::from_iter(b);
    a.auto_leave == b.auto_leave
        && same(&a.voters, &b.voters)
        && same(&a.learners, &b.learners)
        && same(&a.voters_outgoing, &b.voters_outgoing)
        && same(&a.learners_next, &b.learners_next)
}

/// Voters and learners of a configuration that is not joint.
impl<V, L> From<(V, L)> for ConfState
where
    V: IntoIterator<Item = u64>,
    L: IntoIterator<Item = u64>,
{
    fn from((voters, learners): (V, L)) -> Self {
        Self {
            voters: voters.into_iter().collect(),
            learners: learners.into_iter().collect(),
            ..Self::default()
        }
    }
}
