//! The panels: each a function of a part of the state, without logic of its own.
//!
//! A panel gets what it shows as properties and tells what people do through [`Emit`]. Properties
//! hold pictures as `Rc`, compared by address, so a panel whose picture did not change costs
//! nothing.

use std::ops::Deref;
use std::rc::Rc;

use yew::Callback;

use crate::state::Msg;

pub(crate) mod chart;
pub(crate) mod cluster;
pub(crate) mod compare;
pub(crate) mod controls;
pub(crate) mod feed;
pub(crate) mod file;
pub(crate) mod first;
pub(crate) mod glyph;
pub(crate) mod history;
pub(crate) mod hunt;
pub(crate) mod inspector;
pub(crate) mod keys_by_revision;
pub(crate) mod lesson;
pub(crate) mod log;
pub(crate) mod menu;
pub(crate) mod palette;
pub(crate) mod say;
pub(crate) mod spacetime;
pub(crate) mod teach;
pub(crate) mod terminal;
pub(crate) mod timebar;
pub(crate) mod track;
pub(crate) mod traffic;
pub(crate) mod violation;
pub(crate) mod wal;

/// How a panel tells what people do.
pub(crate) type Emit = Callback<Msg>;

/// A shared value that is equal only to itself: comparing two pictures is comparing two addresses.
#[derive(Debug)]
pub(crate) struct Shared<T>(pub(crate) Rc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<&Rc<T>> for Shared<T> {
    fn from(rc: &Rc<T>) -> Self {
        Self(Rc::clone(rc))
    }
}
