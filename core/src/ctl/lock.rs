//! `lock`: holds a lock until Ctrl-C, or as long as a program runs. See [`hold`](super::hold).

use bytes::Bytes;

use super::Exit;
use super::flags::{Arg, FlagSet};
use super::hold::{Holding, Prize};
use super::stream::Program;
use crate::api::{RangeResponse, Request};
use crate::concurrency::{Held, Lock, session as lease_of, unlock};

/// A lock, and the program that runs under it.
#[derive(Debug)]
pub(super) struct Locking {
    name: Arg,
    command: Vec<Arg>,
}

impl Locking {
    pub(super) fn job(flags: &FlagSet, args: &[Arg]) -> Result<Holding<Self>, Exit> {
        let Some((name, command)) = args.split_first() else {
            return Err(Exit::bad_args(
                "lock takes a lock name argument and an optional command to execute",
            ));
        };
        // A session without a time of its own has the usual one.
        let ttl = Some(flags.int64("ttl")).filter(|ttl| *ttl > 0);
        let locking = Self { name: name.clone(), command: command.to_vec() };
        Ok(Holding::new(locking, ttl.unwrap_or(lease_of::TTL_SECONDS)))
    }
}

impl Prize for Locking {
    type Recipe = Lock;
    /// The lock's key.
    type Proof = Bytes;

    const COMMAND: &str = "lock";
    const EXPIRED: &str = "session expired";

    fn enter(&self, lease: i64) -> (Lock, Request) {
        let (lock, enter) = Lock::begin(&self.name, lease);
        (lock, enter.into())
    }

    fn on_won(&self, held: Held) -> (Bytes, Option<Program>) {
        let program = || Program {
            command: self.command.clone(),
            environment: vec![
                ("ETCD_LOCK_KEY", held.key.to_vec()),
                ("ETCD_LOCK_REV", held.header.revision.to_string().into_bytes()),
            ],
        };
        let program = (!self.command.is_empty()).then(program);
        (held.key, program)
    }

    fn key(key: &Bytes) -> Bytes {
        key.clone()
    }

    fn check(found: &RangeResponse) -> Result<(), Exit> {
        if found.kvs.is_empty() { Err(Exit::error("lock lost on init")) } else { Ok(()) }
    }

    fn give_back(key: &Bytes) -> Request {
        unlock(key.clone()).into()
    }
}
