//! `del`: from options to a delete request.

use super::flags::{Arg, FlagSet};
use super::get::Span;
use super::{Exit, Output};
use crate::api::DeleteRangeRequest;

/// Builds the request; the checks and their order are etcdctl's.
pub(super) fn request(
    flags: &FlagSet,
    args: &[Arg],
    output: &mut Output,
) -> Result<DeleteRangeRequest, Exit> {
    let ([key] | [key, _]) = args else {
        return Err(Exit::bad_args(
            "del command needs one argument as key and an optional argument as range_end",
        ));
    };
    let (key, range_end) = Span::from_flags(flags)?.range(key, args.get(1))?;
    if args.len() > 1 && !flags.bool("range") {
        output.err_line(
            "In etcd v3.6, the operation will be suspended for a few seconds to provide the user time to verify range.",
        );
    }
    Ok(DeleteRangeRequest {
        key: key.into(),
        range_end: range_end.into(),
        prev_kv: flags.bool("prev-kv"),
    })
}
