//! One message in the hands of a user: lost, held back, hastened, or sent twice while it is on its way.
//!
//! ```text
//!   drop message 412            it does not arrive
//!   delay message 412 20ms      it arrives so much later
//!   hasten message 412 2ms      it arrives so much earlier, and may overtake others; not before now
//!   double message 412 [20ms]   it arrives a second time, right behind itself or so much later
//! ```
//!
//! Messages are numbered in the order of sending. One run with one seed sends the same ones, so a line
//! that names one means the same wherever the run is repeated.

use super::ParseError;
use super::command::{Command, Hand};
use super::units::{duration_us, quoted, spoken};
use super::vocabulary;
use crate::clock::MICROS;
use crate::network::MessageId;
use crate::world::{Action, World};

/// Reads what stands behind the first word: `drop`, `delay`, `hasten` or `double`.
pub(super) fn parse(first: &str, rest: &[&str]) -> Result<Command, ParseError> {
    let (id, hand) = match (first, rest) {
        ("drop", ["message", id]) => (id, Hand::Drop),
        ("double", ["message", id]) => (id, Hand::Double(0)),
        ("double", ["message", id, time]) => (id, Hand::Double(duration_us(time)?)),
        ("delay", ["message", id, time]) => (id, Hand::Delay(duration_us(time)?)),
        ("hasten", ["message", id, time]) => (id, Hand::Hasten(duration_us(time)?)),
        _ => {
            let words = format!("{first} message");
            let usage = vocabulary::find(&words).map_or("", |entry| entry.usage);
            return Err(ParseError::new(format!("Write it like {usage}.")));
        }
    };
    let number = id.strip_prefix('m').unwrap_or(id).parse().map_err(|_| {
        ParseError::new(format!("{} is no number of a message. Write it like 412.", quoted(id)))
    })?;
    Ok(Command::Message { id: number, hand })
}

/// Does it.
pub(super) fn act(world: &mut World, id: u64, hand: Hand) -> Result<String, String> {
    let message = MessageId(id);
    let (action, text) = match hand {
        Hand::Drop => (Action::DropMessage(message), format!("Message {id} is taken out.\n")),
        Hand::Double(us) => (
            Action::DuplicateMessage { id: message, after: us.saturating_mul(MICROS) },
            format!("Message {id} is doubled.\n"),
        ),
        Hand::Hasten(us) => (
            Action::HastenMessage { id: message, by: us.saturating_mul(MICROS) },
            format!("Message {id} arrives {} earlier.\n", spoken(us)),
        ),
        Hand::Delay(us) => (
            Action::DelayMessage { id: message, by: us.saturating_mul(MICROS) },
            format!("Message {id} is held back for {}.\n", spoken(us)),
        ),
    };
    world.act(action).map_err(|refused| refused.to_string())?;
    Ok(text)
}
