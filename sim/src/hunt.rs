//! Hunts: the search for a run that breaks a property, and how it becomes a short story.
//!
//! ```text
//!   seed ──► Draw ──► Trial ──violation──► Case ──► shrink ──► Finding ──► page, file, verify
//!            what a     world and            all that     the same property,   seed, lines,
//!            seed asks  siege                was done     fewer lines          property, trace
//! ```
//!
//! [`draw`] is swarm testing (Groce and others, 2012): every seed draws its own mix of members, faults,
//! clients and ground, because a run that has a little of everything has too little of what it takes.
//! [`coverage`] keeps the runs that saw something new, and lets other seeds go on from them.
//! A [`case::Case`] is a run with nothing left to chance but its seed: who asks, and the list of what
//! was done to the cluster when. [`shrink`] leaves out of a case what is not needed for the
//! violation, until nothing more can be left out. A [`finding::Finding`] is what remains, as lines of
//! the command language with their times: a file of about a kilobyte and a link to the page say the
//! same run.

pub mod case;
pub mod coverage;
pub mod draw;
pub mod finding;
pub mod shrink;
pub mod story;
#[cfg(test)]
mod tests;
