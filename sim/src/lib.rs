//! Placeholder of the first commit.
pub mod view;
pub mod script;
