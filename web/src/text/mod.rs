//! What the page says, one file for each language.
//!
//! Sentences about the run come finished from the simulation, in a frame; here are the words of
//! the interface around them.

pub(crate) mod en;
