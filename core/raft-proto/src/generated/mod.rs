//! Output of `tests/codegen.rs`, never opened by hand.

#[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
#[allow(missing_docs, unreachable_pub, unused_parens, unused_qualifications)]
#[allow(elided_lifetimes_in_paths, mismatched_lifetime_syntaxes)]
// The generator's own list of allowed lints names one that rustc has dropped.
#[allow(renamed_and_removed_lints)]
#[rustfmt::skip]
pub mod eraftpb;
