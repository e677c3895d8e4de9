//! Puts of random keys: so many at once, and no faster than they are let in.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::report::Report;
use crate::api::{PutRequest, Response};
use crate::ctl::flags::Arg;
use crate::ctl::session::{CallError, CallId, Session};

/// Puts that are under way or wait for a client.
#[derive(Debug)]
pub(super) struct Load {
    prefix: Arg,
    /// The random part of a key: a number in front, zeros and what earlier numbers left behind it.
    key: Vec<u8>,
    value: Bytes,
    clients: usize,
    under_way: BTreeSet<CallId>,
    /// Puts that are let in and wait for a client.
    waiting: u64,
    /// Puts that have ended.
    pub(super) ended: u64,
    pub(super) report: Report,
}

impl Load {
    /// `clients` puts at once under a prefix, with keys and values of so many bytes.
    pub(super) fn new(prefix: &[u8], clients: usize, key: usize, value: usize) -> Self {
        Self {
            prefix: prefix.to_vec(),
            key: vec![0; key],
            value: vec![0; value].into(),
            clients,
            under_way: BTreeSet::new(),
            waiting: 0,
            ended: 0,
            report: Report::default(),
        }
    }

    /// Lets more puts in.
    pub(super) fn let_in(&mut self, session: &mut Session, more: u64) {
        self.waiting += more;
        while self.waiting > 0 && self.under_way.len() < self.clients {
            self.waiting -= 1;
            let request = self.next(session.draw());
            // etcdctl gives them no deadline.
            self.under_way.insert(session.ask_patiently(request));
        }
    }

    /// A put ended; `false` when this was another call.
    pub(super) fn on_result(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: &Result<Response, CallError>,
        took: Duration,
    ) -> bool {
        if !self.under_way.remove(&id) {
            return false;
        }
        self.ended += 1;
        match result {
            Ok(_) => self.report.add(took),
            Err(error) => self.report.add_error(error.to_string()),
        }
        self.let_in(session, 0);
        true
    }

    /// Nothing is under way and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.waiting == 0
    }

    /// How many more may be let in before they would pile up: etcdctl lets as many wait as it has
    /// clients.
    pub(super) fn room(&self) -> u64 {
        (self.clients as u64).saturating_sub(self.waiting)
    }

    fn next(&mut self, random: u64) -> PutRequest {
        // A positive number as Go's `PutVarint` writes it: doubled, seven bits to a byte.
        let mut rest = random >> 1 << 1;
        for byte in &mut self.key {
            *byte = u8::try_from(rest & 0x7f).expect("seven bits");
            rest >>= 7;
            if rest == 0 {
                break;
            }
            *byte |= 0x80;
        }
        let key = [self.prefix.as_slice(), &self.key].concat().into();
        PutRequest { key, value: self.value.clone(), ..PutRequest::default() }
    }
}
