//! `get`: from options to a range request.

use super::flags::{Arg, FlagSet};
use super::print::Format;
use super::{Exit, go};
use crate::api::RangeRequest;
use crate::api::range_request::{SortOrder, SortTarget};

/// How the answer is to be shown; etcdctl complains about these options after the call only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show {
    count_only: bool,
    value_only: bool,
}

impl Show {
    pub(super) fn from_flags(flags: &FlagSet) -> Self {
        Self { count_only: flags.bool("count-only"), value_only: flags.bool("print-value-only") }
    }

    /// Whether only values are printed, when the format can do what the options ask.
    pub(super) fn check(self, format: Format) -> Result<bool, Exit> {
        if self.count_only && format != Format::Fields {
            return Err(Exit::bad_args("--count-only is only for `--write-out=fields`"));
        }
        if self.value_only && format != Format::Simple {
            return Err(Exit::bad_args("print-value-only is only for `--write-out=simple`"));
        }
        Ok(self.value_only)
    }
}

/// Builds the request; the checks and their order are etcdctl's.
pub(super) fn request(flags: &FlagSet, args: &[Arg]) -> Result<RangeRequest, Exit> {
    let Some(key) = args.first() else {
        return Err(Exit::bad_args(
            "get command needs one argument as key and an optional argument as range_end",
        ));
    };
    let keys_only = flags.bool("keys-only");
    let count_only = flags.bool("count-only");
    let span = Span::from_flags(flags)?;
    if keys_only && count_only {
        return Err(Exit::bad_args(
            "`--keys-only` and `--count-only` cannot be set at the same time, choose one",
        ));
    }
    let serializable = match flags.string("consistency") {
        b"s" => true,
        b"l" => false,
        other => {
            return Err(Exit::bad_feature(format!(
                "unknown consistency flag {}",
                go::quote(other)
            )));
        }
    };
    let (key, range_end) = span.range(key, args.get(1))?;
    let order = sort_order(flags.string("order"))?;
    let target = sort_target(flags.string("sort-by"))?;
    // Keys come in ascending order anyhow; asking for it would cost the member a sort.
    let order = match (target, order) {
        (SortTarget::Key, SortOrder::Ascend) => SortOrder::None,
        (_, order) => order,
    };
    Ok(RangeRequest {
        key: key.into(),
        range_end: range_end.into(),
        limit: flags.int64("limit"),
        revision: flags.int64("rev").max(0),
        sort_order: order.into(),
        sort_target: target.into(),
        serializable,
        keys_only,
        count_only,
        ..Default::default()
    })
}

fn sort_order(name: &[u8]) -> Result<SortOrder, Exit> {
    match name.to_ascii_uppercase().as_slice() {
        b"" => Ok(SortOrder::None),
        b"ASCEND" => Ok(SortOrder::Ascend),
        b"DESCEND" => Ok(SortOrder::Descend),
        _ => Err(Exit::bad_feature([b"bad sort order ", name].concat())),
    }
}

fn sort_target(name: &[u8]) -> Result<SortTarget, Exit> {
    match name.to_ascii_uppercase().as_slice() {
        b"" | b"KEY" => Ok(SortTarget::Key),
        b"CREATE" => Ok(SortTarget::Create),
        b"MODIFY" => Ok(SortTarget::Mod),
        b"VALUE" => Ok(SortTarget::Value),
        b"VERSION" => Ok(SortTarget::Version),
        _ => Err(Exit::bad_feature([b"bad sort target ", name].concat())),
    }
}

/// Which keys are meant: `get` and `del` share these options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// The key, or `[key, range_end)` when an end is given.
    Given,
    /// Every key that begins with it.
    Prefix,
    /// The key and every key after it.
    FromKey,
}

impl Span {
    pub(super) fn from_flags(flags: &FlagSet) -> Result<Self, Exit> {
        match (flags.bool("prefix"), flags.bool("from-key")) {
            (true, true) => Err(Exit::bad_args(
                "`--prefix` and `--from-key` cannot be set at the same time, choose one",
            )),
            (true, false) => Ok(Self::Prefix),
            (false, true) => Ok(Self::FromKey),
            (false, false) => Ok(Self::Given),
        }
    }

    /// The request's key and range end. An empty key with an open end means all keys, which the
    /// protocol writes as `\0` to `\0`.
    pub(super) fn range(self, key: &[u8], end: Option<&Arg>) -> Result<(Arg, Arg), Exit> {
        let open_end = vec![0];
        match (self, end) {
            (Self::Given, end) => Ok((key.to_vec(), end.cloned().unwrap_or_default())),
            (_, Some(_)) => Err(Exit::bad_args(
                "too many arguments, only accept one argument when `--prefix` or `--from-key` is set",
            )),
            (_, None) if key.is_empty() => Ok((vec![0], open_end)),
            (Self::Prefix, None) => Ok((key.to_vec(), prefix_end(key))),
            (Self::FromKey, None) => Ok((key.to_vec(), open_end)),
        }
    }
}

/// The first key after all keys that begin with `prefix`: its last byte that can grow, grown.
pub(super) fn prefix_end(prefix: &[u8]) -> Arg {
    match prefix.iter().rposition(|byte| *byte < 0xff) {
        Some(last) => {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            end
        }
        None => vec![0],
    }
}
