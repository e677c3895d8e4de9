//! Transactions: compare, then do one of two lists of operations, at one revision.
//!
//! ```text
//!   client ──► check.rs ──► raft ──► execute.rs: choose branches ─► can all be done? ─► do it
//!              well formed?           by compares, all at the revision before the transaction
//! ```
//!
//! A transaction is checked twice. [`check_txn`] looks at the request alone and is done once,
//! before it is proposed; an error costs the cluster nothing. Execution looks at the store, on
//! every member, and refuses a transaction as a whole before its first write (etcd once crashed
//! between the two: issue 18667), so that there is no such thing as half a transaction.

mod check;
mod execute;
#[cfg(test)]
mod tests;

pub use check::{check_delete_range, check_put, check_range, check_txn};
pub use execute::{is_read_only, is_serializable};
