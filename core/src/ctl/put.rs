//! `put`: from options, and perhaps standard input, to a put request.

use super::flags::{Arg, FlagSet};
use super::{Exit, go};
use crate::api::PutRequest;

/// A put whose value may still have to be read.
#[derive(Debug)]
pub(super) struct Pending {
    flags: FlagSet,
    key: Arg,
    /// `None` when it must be read from standard input.
    value: Option<Arg>,
}

const NEEDS: &str = "put command needs 1 argument and input from stdin or 2 arguments";

impl Pending {
    pub(super) fn new(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        let Some(key) = args.first() else { return Err(Exit::bad_args(NEEDS)) };
        let value = match (flags.bool("ignore-value"), args.get(1)) {
            (true, Some(_)) => {
                return Err(Exit::bad_args(
                    "put command needs only 1 argument when 'ignore-value' is set",
                ));
            }
            (true, None) => Some(Arg::new()),
            (false, value) => value.cloned(),
        };
        Ok(Self { flags: flags.clone(), key: key.clone(), value })
    }

    /// The request, when no input is needed.
    pub(super) fn ready(&self) -> Result<Option<PutRequest>, Exit> {
        self.value.as_ref().map(|value| self.request(value)).transpose()
    }

    /// The request, with all of standard input as its value.
    pub(super) fn on_input(&self, input: &[u8]) -> Result<PutRequest, Exit> {
        if input.is_empty() {
            return Err(Exit::bad_args(NEEDS));
        }
        self.request(input)
    }

    fn request(&self, value: &[u8]) -> Result<PutRequest, Exit> {
        let lease = go::parse_int(self.flags.string("lease"), 16)
            .map_err(|why| Exit::bad_args(format!("bad lease ID ({why}), expecting ID in Hex")))?;
        Ok(PutRequest {
            key: self.key.clone().into(),
            value: value.to_vec().into(),
            lease,
            prev_kv: self.flags.bool("prev-kv"),
            ignore_value: self.flags.bool("ignore-value"),
            ignore_lease: self.flags.bool("ignore-lease"),
        })
    }
}
