//! `compaction`: from a revision to a request.

use super::flags::{Arg, FlagSet};
use super::{Exit, go};
use crate::api::CompactionRequest;

/// Builds the request.
pub(super) fn request(flags: &FlagSet, args: &[Arg]) -> Result<CompactionRequest, Exit> {
    let [revision] = args else {
        return Err(Exit::bad_args("compaction command needs 1 argument"));
    };
    let revision = go::parse_int(revision, 10).map_err(Exit::error)?;
    Ok(CompactionRequest { revision, physical: flags.bool("physical") })
}
