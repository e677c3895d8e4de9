//! Goals: formulas over a recorded run.
//!
//! ```text
//!   let d = stop(f) | kill(f);                  a name for a pattern of events
//!   d then ok put(key = "foo2") before restart(f)
//!     then restart(f)
//!     then ok get(key = "foo2", via = f)        one behind the other
//!   and term(leader) @ start = term(leader) @ end
//! ```
//!
//! An expression is looked at in a **window** of the run, first the whole of it from the moment at which the
//! lesson began, and at a **moment**, first the end of the window. A pattern of events is true if the window
//! has such an event; a comparison is true if it is so at the moment.
//!
//! | loosest first | means |
//! | --- | --- |
//! | `F then F` | the second holds in the window behind the moment that decided the first |
//! | `F or F`, `F and F`, `not F` | |
//! | `ever F`, `always F` | at some, at every moment of the window |
//! | `no E` | the window has no such event |
//! | `all m in SET: F`, `some`, `exactly 2` | of members, branches, values; nothing holds of all of an empty set |
//! | `in B: F` | the same, looked at in another branch |
//! | `a = b`, `!=` `<` `<=` `>` `>=`, `a ~ b`, `a in SET` | `~`: contains the text |
//! | `a + b`, `a - b`, `a * b`, `a / b` | numbers, spans of time, moments |
//! | `X after E`, `X before E`, `X within 5s` | X in a smaller window |
//! | `E while F` | events that begin while F holds; F is a comparison, or in brackets |
//! | `x @ E` | x at a moment: `start`, `end`, an event, `first(E) + 2s` in brackets |
//! | `E \| E` | events of either kind |
//! | `ok E`, `err E`, `unknown E`, `failed E` | operations that ended so |
//! | `e.term` | a field of the first event |
//! | `list(E, "rev")` | that field of each event, in their order |
//!
//! `X after E` begins where the first E ends, `X before E` ends where the first E begins; a window behind an
//! event that did not happen has nothing in it, and nothing is true in it. Arguments of a pattern such as `kill(leader)`
//! are looked at just before each event.
//!
//! A name that stands for events means those of the window, where it is a formula or is counted; as a moment
//! (`after d`, `x @ d`, `d + 2s`, `gap(ok put(), d)`) it means that of the whole run.
//!
//! A goal without `in` holds if it holds in one branch of the submission.
//!
//! The language is total: no recursion, no loops but over members, branches, moments and events, a budget of steps
//! ([`STEPS_MAX`]), and three results: met, with the moment that decided; not met, with the part that failed;
//! undecided, with the reason. The tables of names are in `functions` and `events`, and [`check`] tells of an
//! unknown one when a lesson is loaded.

pub mod ast;
pub mod check;
pub mod parse;

mod eval;
mod events;
mod functions;
mod lex;
mod print;
mod state;
mod value;
mod why;

use std::fmt;

pub use self::ast::{Expr, Goal};
pub use self::eval::{Judge, Judged, Run, STEPS_MAX};
pub use self::events::Occurrence;
pub use self::value::Value;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Byte in the text.
    pub at: usize,
    /// What, in one sentence.
    pub sentence: String,
}

impl Wrong {
    /// The sentence with line and column, for whoever has the text before him.
    #[must_use]
    pub fn told(&self, text: &str) -> String {
        let before: String =
            text.char_indices().take_while(|(at, _)| *at < self.at).map(|(_, c)| c).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("line {line}, column {column}: {}", self.sentence)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.sentence)
    }
}
