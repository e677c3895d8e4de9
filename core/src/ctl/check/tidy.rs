//! After a check: its keys are deleted, and on request history is compacted and space given back.

use std::collections::VecDeque;
use std::time::Duration;

use crate::api::{
    CompactionRequest, DefragmentRequest, DeleteRangeRequest, RangeRequest, Response,
};
use crate::ctl::flags::{Arg, FlagSet};
use crate::ctl::get::Span;
use crate::ctl::session::{CallError, CallId, Endpoint, Session};
use crate::ctl::{Exit, go};

/// How long each call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The keys of a check: whether there are any before, and their end.
#[derive(Debug)]
pub(super) struct Tidy {
    prefix: Arg,
    compacts: bool,
    defragments: bool,
    /// Deletions: `check datascale` gives them all the time, and fails with them.
    is_strict: bool,
    left: VecDeque<String>,
    call: Option<(CallId, Stage)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Deleting,
    Compacting(i64),
    Defragmenting,
}

/// How far the tidying is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tidied {
    /// It was another call.
    NotMine,
    Going,
    Done,
}

impl Tidy {
    pub(super) fn new(flags: &FlagSet, is_strict: bool) -> Self {
        Self {
            prefix: flags.string("prefix").to_vec(),
            compacts: flags.bool("auto-compact"),
            defragments: flags.bool("auto-defrag"),
            is_strict,
            left: VecDeque::new(),
            call: None,
        }
    }

    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Asks whether somebody has keys there.
    pub(super) fn look(&self, session: &mut Session) -> Result<CallId, Exit> {
        let (key, range_end) = Span::Prefix.range(&self.prefix, None)?;
        let (key, range_end) = (key.into(), range_end.into());
        let request = RangeRequest { key, range_end, limit: 1, ..RangeRequest::default() };
        Ok(session.ask_patiently(request))
    }

    /// Refuses to touch somebody's keys.
    pub(super) fn must_be_empty(&self, found: &Response) -> Result<(), Exit> {
        let Response::Range(found) = found else {
            return Err(crate::ctl::session::wrong_answer(&"check", found));
        };
        if found.kvs.is_empty() {
            return Ok(());
        }
        let quote = if self.is_strict { "" } else { "'" };
        let mut text = format!("prefix {} has keys. Delete with ", go::quote(&self.prefix));
        text += &format!("{quote}etcdctl del --prefix ");
        let text = [text.as_bytes(), &self.prefix, quote.as_bytes(), b" first"].concat();
        Err(Exit::invalid_input(text))
    }

    /// Begins.
    pub(super) fn begin(&mut self, session: &mut Session) -> Result<(), Exit> {
        let (key, range_end) = Span::Prefix.range(&self.prefix, None)?;
        let (key, range_end) = (key.into(), range_end.into());
        let request = DeleteRangeRequest { key, range_end, ..DeleteRangeRequest::default() };
        let patience = (!self.is_strict).then_some(PATIENCE);
        let id = session.call(Endpoint::Any, request.into(), patience);
        self.call = Some((id, Stage::Deleting));
        self.left = session.config().endpoints.iter().cloned().collect();
        Ok(())
    }

    /// Takes the answer to a call of its own, and goes on.
    pub(super) fn on_result(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: &Result<Response, CallError>,
    ) -> Result<Tidied, Exit> {
        let Some((_, stage)) = self.call.take_if(|(own, _)| *own == id) else {
            return Ok(Tidied::NotMine);
        };
        match (stage, result) {
            (Stage::Deleting, Err(error)) if !self.is_strict => {
                session
                    .output()
                    .out_line(format!("FAIL: Cleanup failed during key deletion: ERROR({error})"));
            }
            (_, Err(error)) => return Err(error.clone().into()),
            (Stage::Deleting, Ok(deleted)) if self.compacts => {
                let revision = deleted.header().map_or(0, |header| header.revision);
                session.output().out_line(format!("Compacting with revision {revision}"));
                let request = CompactionRequest { revision, physical: true };
                let id = session.call(Endpoint::Any, request.into(), Some(PATIENCE));
                self.call = Some((id, Stage::Compacting(revision)));
                return Ok(Tidied::Going);
            }
            (Stage::Deleting, Ok(_)) => {}
            (Stage::Compacting(revision), Ok(_)) => {
                session.output().out_line(format!("Compacted with revision {revision}"));
            }
            (Stage::Defragmenting, Ok(_)) => {
                let endpoint = self.left.pop_front().unwrap_or_default();
                let endpoint = go::quote(endpoint.as_bytes());
                session.output().out_line(format!("Defragmented {endpoint}"));
            }
        }
        Ok(self.defragment(session))
    }

    fn defragment(&mut self, session: &mut Session) -> Tidied {
        let Some(endpoint) = self.left.front().filter(|_| self.defragments).cloned() else {
            return Tidied::Done;
        };
        session.output().out_line(format!("Defragmenting {}", go::quote(endpoint.as_bytes())));
        let endpoint = Endpoint::Named(endpoint);
        let id = session.call(endpoint, DefragmentRequest {}.into(), Some(PATIENCE));
        self.call = Some((id, Stage::Defragmenting));
        Tidied::Going
    }
}
