//! Which members are sick with what.

use std::collections::BTreeMap;

use super::Mutant;
use crate::place::MemberNo;

/// Members, by bit; machines that join later are in `ALL`, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Members(u16);

impl Members {
    const NONE: Self = Self(0);
    const ALL: Self = Self(u16::MAX);

    /// These, or all if the list is empty.
    fn of(list: &[MemberNo]) -> Self {
        match list {
            [] => Self::ALL,
            list => Self(list.iter().fold(0, |bits, no| bits | 1 << no.number())),
        }
    }

    fn has(self, no: MemberNo) -> bool {
        self.0 >> no.number() & 1 == 1
    }
}

/// The planted faults of a world, each with the members that have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plants(BTreeMap<Mutant, Members>);

impl Plants {
    /// One fault in these members, or in all if the list is empty.
    #[must_use]
    pub fn of(mutant: Mutant, members: &[MemberNo]) -> Self {
        Self(BTreeMap::from([(mutant, Members::of(members))]))
    }

    /// One fault where it shows: in all members, or in the first one if sick members would agree with each
    /// other.
    #[must_use]
    pub fn usual(mutant: Mutant) -> Self {
        let first = MemberNo::first(1).collect::<Vec<_>>();
        Self::of(mutant, if mutant.facts().in_first_only { &first } else { &[] })
    }

    /// The world is honest.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a member has this fault.
    #[must_use]
    pub fn has(&self, mutant: Mutant, no: MemberNo) -> bool {
        !self.0.is_empty() && self.0.get(&mutant).is_some_and(|members| members.has(no))
    }

    /// Whether any member has it.
    #[must_use]
    pub fn has_anywhere(&self, mutant: Mutant) -> bool {
        self.0.contains_key(&mutant)
    }

    /// These members, or all if the list is empty, have the fault from now on.
    pub fn plant(&mut self, mutant: Mutant, members: &[MemberNo]) {
        let sick = self.0.entry(mutant).or_insert(Members::NONE);
        sick.0 |= Members::of(members).0;
    }

    /// These members, or all, are sound again; says whether one of them was sick.
    pub fn unplant(&mut self, mutant: Mutant, members: &[MemberNo]) -> bool {
        let Some(sick) = self.0.get_mut(&mutant) else { return false };
        let cured = sick.0 & Members::of(members).0;
        sick.0 &= !cured;
        if *sick == Members::NONE {
            self.0.remove(&mutant);
        }
        cured != 0
    }

    /// The lines of the command language that plant all of them.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |(mutant, sick): (&Mutant, &Members)| {
            let mut line = format!("plant {mutant}");
            if *sick != Members::ALL {
                for no in MemberNo::first(MemberNo::MAX).filter(|no| sick.has(*no)) {
                    line.push_str(&format!(" {no}"));
                }
            }
            line
        };
        self.0.iter().map(line).collect()
    }

    /// The faults, and those of `members` that have each.
    pub fn iter(&self, members: &[MemberNo]) -> impl Iterator<Item = (Mutant, Vec<MemberNo>)> {
        self.0.iter().map(move |(mutant, sick)| {
            (*mutant, members.iter().copied().filter(|no| sick.has(*no)).collect())
        })
    }
}
