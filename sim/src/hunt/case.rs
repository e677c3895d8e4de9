//! A run with nothing left to chance but its seed.

use crate::cast::Cast;
use crate::clock::{MILLIS, Nanos};
use crate::fault::{Deed, Peace, Siege};
use crate::mutant::Plants;
use crate::run::Trial;
use crate::script::siege::{ground_line, line_of};
use crate::world::{Ground, Spec};

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The seed.
    pub seed: u64,
    /// First members, 1 to 9.
    pub members: u8,
    /// The settings of the world.
    pub ground: Ground,
    /// Planted faults, and the members that have them.
    pub mutants: Plants,
    /// Who asks.
    pub cast: Cast,
    /// What is done to the cluster.
    pub deeds: Vec<Deed>,
    /// When everything heals, and how long the cluster may take to come to rest.
    pub peace: Option<(Nanos, Nanos)>,
    /// When the run is over.
    pub end: Nanos,
}

impl Case {
    /// The world before its first event.
    #[must_use]
    pub fn spec(&self) -> Spec {
        Spec { mutants: self.mutants.clone(), ..self.ground.spec(self.seed, self.members) }
    }

    /// The run at its beginning.
    #[must_use]
    pub fn begin(&self) -> Trial {
        let peace = self.peace.map(|(from, within)| Peace::new(from, within));
        let siege = Siege::written(self.deeds.clone(), peace);
        Trial::new(self.spec(), &self.cast, siege)
    }

    /// Plays it to its end, or to the violation.
    #[must_use]
    pub fn play(&self) -> Trial {
        let mut trial = self.begin();
        trial.run_until(self.end);
        trial
    }

    /// The same run as lines of the command language, each with its time.
    ///
    /// `None` for a deed that the language has no words for; a hunt has no such deeds.
    #[must_use]
    pub fn lines(&self) -> Option<Vec<(Nanos, String)>> {
        let mut lines = Vec::new();
        let ground = ground_line(&self.ground);
        if !ground.is_empty() {
            lines.push((0, ground));
        }
        lines.extend(self.mutants.lines().into_iter().map(|line| (0, line)));
        lines.push((0, self.cast.to_string()));
        for deed in &self.deeds {
            lines.push((deed.at, line_of(&deed.action)?));
        }
        if let Some((from, within)) = self.peace {
            let at = lines.partition_point(|(at, _)| *at <= from);
            lines.insert(at, (from, format!("settle {}ms", within / MILLIS)));
        }
        Some(lines)
    }

    /// How many lines it takes to do it again: what a student has to type.
    #[must_use]
    pub fn interventions(&self) -> usize {
        self.lines().map_or(usize::MAX, |lines| lines.len())
    }
}
