//! Unknown names are told when a lesson is loaded, not when it is graded.

use std::collections::BTreeSet;

use super::ast::{Arg, Expr, Goal, Kind, Scope};
use super::events::{self, OP_FIELDS, PATTERNS, Source};
use super::functions::FUNCTIONS;
use super::{Wrong, state};
use crate::check::Property;
use crate::script::vocabulary::nearest;

type Result = std::result::Result<(), Wrong>;

/// What a goal may speak of.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    /// Names of the lesson.
    pub names: BTreeSet<String>,
    /// Its questions.
    pub questions: BTreeSet<String>,
}

impl Scopes {
    /// Checks a goal.
    ///
    /// # Errors
    /// The first name that means nothing, and where it stands.
    pub fn goal(&self, goal: &Goal) -> Result {
        let mut bound = Vec::new();
        for (name, value) in &goal.lets {
            self.expr(value, &mut bound)?;
            // A name that stood for itself would never end.
            if self.name(value.at, name, &bound).is_ok() {
                return Err(wrong(value.at, format!("The name {name} is taken already.")));
            }
            bound.push(name.clone());
        }
        self.expr(&goal.formula, &mut bound)
    }

    /// Checks an expression.
    ///
    /// # Errors
    /// The first name that means nothing, and where it stands.
    pub fn expr(&self, expr: &Expr, bound: &mut Vec<String>) -> Result {
        match &expr.kind {
            Kind::Number(_) | Kind::Duration(_) | Kind::Text(_) => Ok(()),
            Kind::Name(name) => self.name(expr.at, name, bound),
            Kind::List(list) | Kind::Set(list) => {
                list.iter().try_for_each(|expr| self.expr(expr, bound))
            }
            Kind::Call(name, args) => self.call(expr.at, name, args, bound),
            Kind::Field(body, field) => {
                let known = events::is_field(field) || matches!(field.as_str(), "begin" | "end");
                if !known {
                    return Err(wrong(expr.at, format!("No event has a field \"{field}\".")));
                }
                self.expr(body, bound)
            }
            Kind::Outcome(_, body) | Kind::Unary(_, body) => self.expr(body, bound),
            Kind::Binary(_, left, right) => {
                self.expr(left, bound)?;
                self.expr(right, bound)
            }
            Kind::Quantified { name, set, body, .. } => {
                self.expr(set, bound)?;
                bound.push(name.clone());
                let checked = self.expr(body, bound);
                bound.pop();
                checked
            }
            Kind::Scoped(body, scope, arg) => {
                self.expr(body, bound)?;
                if *scope == Scope::Within && !matches!(arg.kind, Kind::Duration(_)) {
                    let sentence = "Behind \"within\" stands a duration, like 5s.".to_owned();
                    return Err(wrong(arg.at, sentence));
                }
                self.expr(arg, bound)
            }
            Kind::In(branch, body) => {
                // A name that nobody gave is that of a branch.
                if !matches!(branch.kind, Kind::Name(_)) {
                    self.expr(branch, bound)?;
                }
                self.expr(body, bound)
            }
        }
    }

    fn name(&self, at: usize, name: &str, bound: &[String]) -> Result {
        let known = bound.iter().any(|known| known == name)
            || self.names.contains(name)
            || state::NAMES.contains(&name)
            || events::member(name).is_some();
        if known {
            return Ok(());
        }
        let all = bound
            .iter()
            .map(String::as_str)
            .chain(self.names.iter().map(String::as_str))
            .chain(state::NAMES);
        Err(wrong(at, unknown("name", name, all)))
    }

    fn question(&self, at: usize, question: &str) -> Result {
        if self.questions.contains(question) {
            return Ok(());
        }
        let all = self.questions.iter().map(String::as_str);
        Err(wrong(at, unknown("question", question, all)))
    }

    fn call(&self, at: usize, name: &str, args: &[Arg], bound: &mut Vec<String>) -> Result {
        if let Some(pattern) = events::pattern(name) {
            for (place, arg) in args.iter().enumerate() {
                let ops = if pattern.source == Source::Ops { &OP_FIELDS[..] } else { &[] };
                match &arg.name {
                    Some((field, _))
                        if !pattern.fields.contains(&field.as_str())
                            && !ops.contains(&field.as_str()) =>
                    {
                        let fields = pattern.fields.iter().chain(ops).copied();
                        let list = fields.collect::<Vec<_>>().join(", ");
                        let sentence = format!("{name} has no field \"{field}\"; it has {list}.");
                        return Err(wrong(arg.value.at, sentence));
                    }
                    None if place >= pattern.fields.len() => {
                        let most = pattern.fields.len();
                        let sentence =
                            format!("{name} takes {most} values without a name at most.");
                        return Err(wrong(arg.value.at, sentence));
                    }
                    None if events::takes_name(pattern) => match &arg.value.kind {
                        Kind::Name(question) if pattern.name == "answered" => {
                            self.question(at, question)?;
                        }
                        _ => {}
                    },
                    _ => self.expr(&arg.value, bound)?,
                }
            }
            return Ok(());
        }
        let one_more = usize::from(state::WITH_ONE_MORE.contains(&name));
        let of_member = state::OF_MEMBER.contains(&name).then_some((1 + one_more, 1 + one_more));
        let other = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let Some((fewest, most)) = of_member.or(other.map(|(_, fewest, most)| (*fewest, *most)))
        else {
            let all = PATTERNS.iter().map(|pattern| pattern.name);
            let all = all.chain(FUNCTIONS.iter().map(|(name, ..)| *name)).chain(state::OF_MEMBER);
            return Err(wrong(at, unknown("event and no function", name, all)));
        };
        if args.len() < fewest || args.len() > most {
            let sentence = format!("{name} takes {fewest} to {most} values, not {}.", args.len());
            return Err(wrong(at, sentence));
        }
        if let Some(arg) = args.iter().find(|arg| arg.name.is_some()) {
            return Err(wrong(arg.value.at, format!("{name} takes values without names.")));
        }
        match (name, args.first().map(|arg| &arg.value.kind)) {
            ("answer", Some(Kind::Name(question) | Kind::Text(question))) => {
                self.question(at, question)
            }
            ("holds", Some(Kind::Text(property))) => {
                let mut all = Property::ALL.into_iter().map(Property::name);
                if all.any(|known| known == property) {
                    return Ok(());
                }
                let all = Property::ALL.into_iter().map(Property::name);
                Err(wrong(at, unknown("property", property, all)))
            }
            ("list", _) => {
                is_field(&args[1].value)?;
                self.expr(&args[0].value, bound)
            }
            _ => args.iter().try_for_each(|arg| self.expr(&arg.value, bound)),
        }
    }
}

/// A field's name in quotes.
fn is_field(field: &Expr) -> Result {
    match &field.kind {
        Kind::Text(name) if events::is_field(name) => Ok(()),
        Kind::Text(name) => Err(wrong(field.at, format!("No event has a field \"{name}\"."))),
        _ => Err(wrong(field.at, "list wants the name of a field in quotes.".to_owned())),
    }
}

fn wrong(at: usize, sentence: String) -> Wrong {
    Wrong { at, sentence }
}

fn unknown<'a>(what: &str, name: &str, all: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, all) {
        Some(near) => format!("There is no {what} \"{name}\". Is {near} meant?"),
        None => format!("There is no {what} \"{name}\"."),
    }
}
