//! What both checks do: refuse to touch somebody's keys, put many of their own, and delete them.
//!
//! ```text
//!   begin ──► Heard::Clear ──► load.let_in ──► Heard::Put ... until load.is_idle
//!                                                   tidy ──► Heard::Tidied
//! ```

use std::time::Duration;

use super::load::Load;
use super::tidy::{Tidied, Tidy};
use crate::api::Response;
use crate::ctl::Exit;
use crate::ctl::flags::FlagSet;
use crate::ctl::session::{CallError, CallId, Session};

/// The puts of a check, with what comes before and after.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) load: Load,
    tidy: Tidy,
    /// Whether somebody has keys there.
    look: Option<CallId>,
}

/// What an answer was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nobody has keys there.
    Clear,
    /// A put ended.
    Put,
    /// Everything is deleted again.
    Tidied,
    /// Nothing to speak of.
    Nothing,
}

impl Work {
    /// `clients` puts at once, with the random part of a key and a value of so many bytes. A strict
    /// check fails with its tidying.
    pub(super) fn new(
        flags: &FlagSet,
        is_strict: bool,
        clients: usize,
        key_bytes: usize,
        value_bytes: usize,
    ) -> Self {
        let tidy = Tidy::new(flags, is_strict);
        let load = Load::new(tidy.prefix(), clients, key_bytes, value_bytes);
        Self { load, tidy, look: None }
    }

    /// Asks whether somebody has keys there.
    pub(super) fn begin(&mut self, session: &mut Session) -> Result<(), Exit> {
        self.look = Some(self.tidy.look(session)?);
        Ok(())
    }

    /// Deletes what was put.
    pub(super) fn tidy(&mut self, session: &mut Session) -> Result<(), Exit> {
        self.tidy.begin(session)
    }

    /// Takes the answer to a call.
    pub(super) fn on_answer(
        &mut self,
        session: &mut Session,
        id: CallId,
        result: Result<Response, CallError>,
        took: Duration,
    ) -> Result<Heard, Exit> {
        if self.look.take_if(|look| *look == id).is_some() {
            self.tidy.must_be_empty(&result?)?;
            return Ok(Heard::Clear);
        }
        if self.load.on_result(session, id, &result, took) {
            return Ok(Heard::Put);
        }
        Ok(match self.tidy.on_result(session, id, &result)? {
            Tidied::Done => Heard::Tidied,
            Tidied::Going | Tidied::NotMine => Heard::Nothing,
        })
    }
}
