//! Lessons: a world, a text, goals, and a grade that believes nothing.
//!
//! ```text
//!   labs/NN-name/lab.toml ──► Lab ──► open: a world with its seed, set up, at "mark start"
//!               lesson.md                         │  lines of the student, with their times
//!                                                 ▼
//!                                             Submission: seed's name and lines, a kilobyte of text
//!                                                 │  grade: every branch is done again
//!                                                 ▼
//!                            goal ◄── Judge ◄── Chronicle of each branch
//!                              └──► met · not met · undecided ──► Grade
//! ```
//!
//! | module | what it is |
//! | --- | --- |
//! | [`lab`] | a lesson as data, read from text |
//! | [`file`](mod@file) | a lesson as one file, to be fetched and given away |
//! | [`goal`] | the language of goals: parser, checks, evaluation |
//! | [`answer`] | kinds of answers, and when two are the same |
//! | [`submission`] | what a student hands in |
//! | [`grade`](mod@grade) | a submission, done again and judged |
//! | [`solution`] | a script that plays a lesson from its beginning to its end |
//! | [`change`] | wrong solutions, one for each goal |
//! | [`offer`] | what happened in a run, as goals: for whoever writes a lesson |
//! | [`setup`] | what was done in a run, as prepared lines |
//! | [`library`] | the lessons of this build |
//!
//! Everything that a student says or does is a line of the command language, `answer` and `predict` too. So it
//! has its place in the order of events, travels in links, and a branch has it in its past.

pub mod answer;
pub mod change;
pub mod file;
pub mod goal;
pub mod grade;
pub mod lab;
pub mod library;
pub mod offer;
pub mod setup;
pub mod solution;
pub mod submission;

pub use self::grade::{Grade, grade};
pub use self::lab::Lab;
pub use self::submission::Submission;
