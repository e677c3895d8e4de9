//! Whether a goal holds in a run.

use glasshouse_core::order;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{Arg, Binary, Expr, Goal, Kind, Outcome, Quantifier, Scope, Unary};
use super::events::{self, At, Occurrence, Source};
use super::functions;
use super::state;
use super::value::Value;
use crate::chronicle::{Chronicle, FACTS_MAX, MESSAGES_MAX, Moment, OPS_MAX, Status, WORK_MAX};
use crate::lesson::answer::Wanted;

/// Steps that one goal may take: a second of work, a thousand times what a goal of a lesson needs.
pub const STEPS_MAX: u64 = 20_000_000;

/// A branch of a submission, done again.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its name.
    pub name: &'a str,
    /// What happened in it.
    pub chronicle: &'a Chronicle,
    /// When the lesson began: what was before is set-up.
    pub start: Moment,
    /// Now.
    pub end: Moment,
}

/// Whether a goal holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// It does.
    Met {
        /// In which branch.
        branch: usize,
        /// The moment that decided.
        at: Moment,
    },
    /// It does not, or not yet: the part that failed.
    NotMet(String),
    /// Nobody can say: why.
    Undecided(String),
}

impl Judged {
    /// It holds.
    #[must_use]
    pub fn is_met(&self) -> bool {
        matches!(self, Self::Met { .. })
    }
}

/// What goals are judged with.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// All branches, at least one.
    pub runs: &'a [Run<'a>],
    /// Names that the lesson gives to all of its goals.
    pub names: &'a [(String, Expr)],
    /// The questions.
    pub wanted: &'a BTreeMap<String, Wanted>,
}

impl Judge<'_> {
    /// Judges a goal: it holds if it holds in one branch.
    #[must_use]
    pub fn judge(&self, goal: &Goal) -> Judged {
        let mut missing = None;
        for run in 0..self.runs.len() {
            let mut eval = Eval::new(self, &goal.lets);
            let whole = eval.whole(run);
            match eval.truth(&goal.formula, whole) {
                Ok(Some(at)) => return Judged::Met { branch: run, at },
                Ok(None) => {
                    let why = eval.why_not(&goal.formula, whole);
                    missing.get_or_insert(Judged::NotMet(why));
                }
                Err(Undecided(why)) => missing = Some(Judged::Undecided(why)),
            }
        }
        missing.unwrap_or_else(|| Judged::NotMet("Nothing was done.".to_owned()))
    }

    /// The event that happened at a moment that decided, in a few words.
    #[must_use]
    pub fn event(&self, branch: usize, at: Moment) -> Option<String> {
        events::words(self.runs.get(branch)?.chronicle, at)
    }

    /// The value of an expression at the end of a branch.
    ///
    /// # Errors
    /// One sentence: it cannot be decided.
    pub fn value(&self, expr: &Expr, run: usize) -> std::result::Result<Value, String> {
        let mut eval = Eval::new(self, &[]);
        let whole = eval.whole(run);
        eval.eval(expr, whole).map_err(|Undecided(why)| why)
    }
}

/// Nobody can say, because of this.
pub(super) struct Undecided(pub(super) String);

pub(super) type Result<T> = std::result::Result<T, Undecided>;

/// Where an expression is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ctx {
    pub(super) run: usize,
    /// The window begins behind this.
    pub(super) from: Moment,
    /// It ends with this.
    pub(super) to: Moment,
    /// The moment for what is so.
    pub(super) at: Moment,
}

/// One evaluation.
pub(super) struct Eval<'a> {
    pub(super) judge: &'a Judge<'a>,
    lets: &'a [(String, Expr)],
    pub(super) env: Vec<(String, Value)>,
    memo: BTreeMap<(usize, String), Value>,
    found: BTreeMap<(usize, &'static str), Rc<Vec<Occurrence>>>,
    steps: u64,
}

impl<'a> Eval<'a> {
    fn new(judge: &'a Judge<'a>, lets: &'a [(String, Expr)]) -> Self {
        let (env, memo, found) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { judge, lets, env, memo, found, steps: 0 }
    }

    /// The whole of a branch.
    pub(super) fn whole(&self, run: usize) -> Ctx {
        let Run { start, end, .. } = self.judge.runs[run];
        Ctx { run, from: start, to: end, at: end }
    }

    pub(super) fn run(&self, ctx: Ctx) -> Run<'a> {
        self.judge.runs[ctx.run]
    }

    pub(super) fn chronicle(&self, ctx: Ctx) -> &'a Chronicle {
        self.judge.runs[ctx.run].chronicle
    }

    /// Counts work.
    pub(super) fn step(&mut self, steps: u64) -> Result<()> {
        self.steps += steps;
        if self.steps > STEPS_MAX {
            return Err(Undecided(format!("It takes more than {STEPS_MAX} steps to decide.")));
        }
        Ok(())
    }

    // --- truth ---

    /// The moment that decided that it holds; `None` when it does not.
    pub(super) fn truth(&mut self, expr: &Expr, ctx: Ctx) -> Result<Option<Moment>> {
        self.step(1)?;
        match &expr.kind {
            Kind::Unary(Unary::Not, body) => {
                Ok(if self.truth(body, ctx)?.is_some() { None } else { Some(ctx.at) })
            }
            Kind::Unary(Unary::No, body) => {
                Ok(if self.truth(body, ctx)?.is_some() { None } else { Some(ctx.to) })
            }
            Kind::Unary(Unary::Ever, body) => self.ever(body, ctx),
            Kind::Unary(Unary::Always, body) => self.always(body, ctx),
            Kind::Binary(Binary::And, left, right) => {
                let Some(first) = self.truth(left, ctx)? else { return Ok(None) };
                Ok(self.truth(right, ctx)?.map(|second| first.max(second)))
            }
            Kind::Binary(Binary::Or, left, right) => {
                let (first, second) = (self.truth(left, ctx)?, self.truth(right, ctx)?);
                Ok(first.into_iter().chain(second).min())
            }
            Kind::Binary(Binary::Then, left, right) => {
                let Some(first) = self.truth(left, ctx)? else { return Ok(None) };
                self.truth(right, Ctx { from: first.max(ctx.from), ..ctx })
            }
            Kind::Binary(Binary::AtLeast | Binary::Greater, left, right) => {
                self.many(expr, left, right, ctx)
            }
            Kind::Quantified { how, name, set, body } => {
                self.quantified(*how, name, set, body, ctx)
            }
            Kind::Scoped(body, scope, arg) if *scope != Scope::While => {
                match self.narrow(ctx, *scope, arg)? {
                    Some(narrow) => self.truth(body, narrow),
                    None => Ok(None),
                }
            }
            Kind::Name(name) if self.bound(name).is_none() && self.defined(name).is_some() => {
                // A name for a formula is looked at where it stands.
                match self.defined(name) {
                    Some(expr) => self.truth(expr, ctx),
                    None => Ok(None),
                }
            }
            Kind::In(branch, body) => match self.branch(branch, ctx)? {
                Some(run) => {
                    let whole = self.whole(run);
                    self.truth(body, whole)
                }
                None => Ok(None),
            },
            _ => Ok(match self.eval(expr, ctx)? {
                Value::Bool(true) => Some(ctx.at),
                Value::Events(events) => events.first().map(|event| decided(*event)),
                _ => None,
            }),
        }
    }

    /// `count(E) >= 3` is decided by the third.
    fn many(&mut self, expr: &Expr, left: &Expr, right: &Expr, ctx: Ctx) -> Result<Option<Moment>> {
        if let Kind::Call(name, args) = &left.kind
            && let ("count", [Arg { name: None, value }]) = (name.as_str(), args.as_slice())
            && let Value::Events(events) = self.eval(value, ctx)?
            && let Value::Number(many) = self.eval(right, ctx)?
        {
            let strict = matches!(expr.kind, Kind::Binary(Binary::Greater, ..));
            let nth = events.iter().zip(1_u32..).find(|(_, nth)| {
                let nth = f64::from(*nth);
                if strict { nth > many } else { nth >= many }
            });
            let none_wanted = if strict { many < 0.0 } else { many <= 0.0 };
            return Ok(nth.map(|(event, _)| decided(*event)).or(none_wanted.then_some(ctx.at)));
        }
        Ok((self.eval(expr, ctx)? == Value::Bool(true)).then_some(ctx.at))
    }

    /// The moments of a window at which something may have changed.
    fn moments(&self, ctx: Ctx) -> Vec<Moment> {
        let changes = self.chronicle(ctx).changes();
        let from = changes.partition_point(|moment| *moment <= ctx.from);
        let to = changes.partition_point(|moment| *moment <= ctx.to);
        let inner = changes.get(from..to).unwrap_or_default().iter().copied();
        let begin = (ctx.from <= ctx.to).then_some(ctx.from);
        begin.into_iter().chain(inner).chain(begin.map(|_| ctx.to)).collect()
    }

    fn ever(&mut self, body: &Expr, ctx: Ctx) -> Result<Option<Moment>> {
        if self.is_events(body) {
            return self.truth(body, ctx);
        }
        for moment in self.moments(ctx) {
            if self.truth(body, Ctx { to: moment, at: moment, ..ctx })?.is_some() {
                return Ok(Some(moment));
            }
        }
        Ok(None)
    }

    fn always(&mut self, body: &Expr, ctx: Ctx) -> Result<Option<Moment>> {
        let moments = self.moments(ctx);
        for moment in &moments {
            if self.truth(body, Ctx { to: *moment, at: *moment, ..ctx })?.is_none() {
                return Ok(None);
            }
        }
        Ok(moments.last().copied())
    }

    fn quantified(
        &mut self,
        how: Quantifier,
        name: &str,
        set: &Expr,
        body: &Expr,
        ctx: Ctx,
    ) -> Result<Option<Moment>> {
        let set = self.eval(set, ctx)?;
        let items = set.items().unwrap_or_default();
        let mut held = Vec::new();
        for item in items {
            self.env.push((name.to_owned(), item.clone()));
            let truth = self.truth(body, ctx);
            self.env.pop();
            held.extend(truth?);
        }
        let holds = match how {
            Quantifier::All => !items.is_empty() && held.len() == items.len(),
            Quantifier::Some => !held.is_empty(),
            Quantifier::Exactly(many) => held.len() == many as usize,
        };
        let decided = match how {
            Quantifier::Some => held.iter().min(),
            Quantifier::All | Quantifier::Exactly(_) => held.iter().max(),
        };
        Ok(holds.then_some(decided.copied().unwrap_or(ctx.at)))
    }

    // --- windows and moments ---

    fn narrow(&mut self, ctx: Ctx, scope: Scope, arg: &Expr) -> Result<Option<Ctx>> {
        if scope == Scope::Within {
            let Value::Span(span) = self.eval(arg, ctx)? else { return Ok(None) };
            let until = Moment::after(ctx.from.at.saturating_add(span.unsigned_abs()));
            let to = ctx.to.min(until);
            return Ok(Some(Ctx { to, at: ctx.at.min(to), ..ctx }));
        }
        let begins = scope == Scope::Before;
        let Some(moment) = self.moment(arg, begins, ctx)? else { return Ok(None) };
        let end = self.run(ctx).end;
        Ok(match scope {
            Scope::After if moment > ctx.at => None,
            Scope::After => Some(Ctx { from: ctx.from.max(moment), ..ctx }),
            Scope::Before => {
                let to = ctx.to.min(moment.before());
                Some(Ctx { to, at: ctx.at.min(to), ..ctx })
            }
            // What is still to come is not known.
            Scope::At if moment > end && moment.at > end.at => None,
            Scope::At => Some(Ctx { to: moment, at: moment, ..ctx }),
            Scope::Within | Scope::While => Some(ctx),
        })
    }

    /// The moment that an expression means: the begin or the end of its first event.
    fn moment(&mut self, expr: &Expr, begins: bool, ctx: Ctx) -> Result<Option<Moment>> {
        let value = self.operand(expr, ctx)?;
        Ok(as_moment(&value, begins))
    }

    /// The same as [`Self::eval`], but a name that stands for events means those of the whole run: whoever gives a moment
    /// a name may speak of it from anywhere.
    pub(super) fn operand(&mut self, expr: &Expr, ctx: Ctx) -> Result<Value> {
        match &expr.kind {
            Kind::Name(name) if self.bound(name).is_none() && self.defined(name).is_some() => {
                let whole = self.whole(ctx.run);
                self.eval(expr, whole)
            }
            _ => self.eval(expr, ctx),
        }
    }

    pub(super) fn branch(&mut self, expr: &Expr, ctx: Ctx) -> Result<Option<usize>> {
        let named = match &expr.kind {
            Kind::Name(name) if self.bound(name).is_none() => Value::Text(name.clone()),
            _ => self.eval(expr, ctx)?,
        };
        Ok(match named {
            Value::Branch(run) => Some(run),
            Value::Text(name) => self.judge.runs.iter().position(|run| run.name == name),
            _ => None,
        })
    }

    // --- values ---

    fn bound(&self, name: &str) -> Option<&Value> {
        self.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn defined(&self, name: &str) -> Option<&'a Expr> {
        let all = self.judge.names.iter().chain(self.lets);
        all.rev().find(|(known, _)| known == name).map(|(_, expr)| expr)
    }

    /// Whether an expression is a pattern of events.
    fn is_events(&self, expr: &Expr) -> bool {
        match &expr.kind {
            Kind::Call(name, _) => {
                events::pattern(name).is_some() || matches!(name.as_str(), "first" | "last")
            }
            Kind::Outcome(..) | Kind::Binary(Binary::Either, ..) => true,
            Kind::Scoped(body, Scope::After | Scope::Before | Scope::Within | Scope::While, _) => {
                self.is_events(body)
            }
            Kind::Name(name) => match self.bound(name) {
                Some(value) => matches!(value, Value::Events(_)),
                None => self.defined(name).is_some_and(|expr| self.is_events(expr)),
            },
            _ => false,
        }
    }

    pub(super) fn eval(&mut self, expr: &Expr, ctx: Ctx) -> Result<Value> {
        self.step(1)?;
        Ok(match &expr.kind {
            Kind::Number(number) => Value::Number(*number),
            Kind::Duration(us) => events::nanos(*us),
            Kind::Text(text) => Value::Text(text.clone()),
            Kind::Name(name) => self.name(name, ctx)?,
            Kind::List(list) => Value::List(self.each(list, ctx)?),
            Kind::Set(list) => Value::Set(self.each(list, ctx)?),
            Kind::Call(name, args) => match events::pattern(name) {
                Some(pattern) => Value::Events(self.find(pattern, args, ctx)?),
                None => functions::call(self, name, args, ctx)?,
            },
            Kind::Field(body, field) => {
                let body = self.operand(body, ctx)?;
                self.field(&body, field)
            }
            Kind::Outcome(outcome, body) => {
                let body = self.eval(body, ctx)?;
                let Value::Events(found) = body else { return Ok(Value::Nothing) };
                Value::Events(self.ended(*outcome, found, ctx))
            }
            Kind::Unary(Unary::Minus, body) => match self.eval(body, ctx)? {
                Value::Number(number) => Value::Number(-number),
                Value::Span(span) => Value::Span(span.saturating_neg()),
                _ => Value::Nothing,
            },
            Kind::Binary(Binary::Either, left, right) => {
                let (left, right) = (self.eval(left, ctx)?, self.eval(right, ctx)?);
                either(left, right)
            }
            Kind::Binary(sign @ (Binary::Equal | Binary::Unequal), left, right) => {
                let equal = self.equal(left, right, ctx)?;
                Value::Bool(equal == (*sign == Binary::Equal))
            }
            Kind::Binary(
                sign @ (Binary::Plus | Binary::Minus | Binary::Times | Binary::Per),
                l,
                r,
            ) => {
                let (left, right) = (self.operand(l, ctx)?, self.operand(r, ctx)?);
                functions::arithmetic(*sign, &left, &right)
            }
            Kind::Binary(Binary::Then | Binary::Or | Binary::And, ..)
            | Kind::Unary(..)
            | Kind::Quantified { .. }
            | Kind::In(..) => Value::Bool(self.truth(expr, ctx)?.is_some()),
            Kind::Binary(sign, left, right) => {
                let (left, right) = (self.eval(left, ctx)?, self.eval(right, ctx)?);
                Value::Bool(holds(*sign, &left, &right))
            }
            Kind::Scoped(body, Scope::While, condition) => {
                let Value::Events(found) = self.eval(body, ctx)? else { return Ok(Value::Nothing) };
                let mut kept = Vec::new();
                for event in found {
                    let then = Ctx { to: event.from, at: event.from, ..ctx };
                    if self.truth(condition, then)?.is_some() {
                        kept.push(event);
                    }
                }
                Value::Events(kept)
            }
            Kind::Scoped(body, scope, arg) => match self.narrow(ctx, *scope, arg)? {
                Some(narrow) => self.eval(body, narrow)?,
                None if self.is_events(body) => Value::Events(Vec::new()),
                None => Value::Nothing,
            },
        })
    }

    fn each(&mut self, list: &[Expr], ctx: Ctx) -> Result<Vec<Value>> {
        list.iter().map(|expr| self.eval(expr, ctx)).collect()
    }

    fn name(&mut self, name: &str, ctx: Ctx) -> Result<Value> {
        if let Some(value) = self.bound(name) {
            return Ok(value.clone());
        }
        if let Some(expr) = self.defined(name) {
            let key = (ctx.run, name.to_owned());
            let value = match self.memo.get(&key) {
                Some(value) => value.clone(),
                None => {
                    let whole = self.whole(ctx.run);
                    let value = self.eval(expr, whole)?;
                    self.memo.insert(key, value.clone());
                    value
                }
            };
            // A name stands for events of the whole run; here those of the window are meant.
            return Ok(match value {
                Value::Events(events) => {
                    self.step(events.len() as u64)?;
                    Value::Events(events.into_iter().filter(|event| inside(*event, ctx)).collect())
                }
                value => value,
            });
        }
        Ok(state::name(self, name, ctx))
    }

    /// Equality; an answer is compared as its question wants it.
    fn equal(&mut self, left: &Expr, right: &Expr, ctx: Ctx) -> Result<bool> {
        for (answer, other) in [(left, right), (right, left)] {
            if let Kind::Call(call, args) = &answer.kind
                && call == "answer"
                && let [
                    Arg {
                        value: Expr { kind: Kind::Name(question) | Kind::Text(question), .. },
                        ..
                    },
                ] = args.as_slice()
            {
                let Some((event, given)) = self.answer(question, ctx)? else { return Ok(false) };
                self.env.push(("asked".to_owned(), Value::Moment(event.from)));
                let right = self.eval(other, ctx);
                self.env.pop();
                let wanted = self.judge.wanted.get(question).cloned().unwrap_or_default();
                return Ok(wanted.is_right(&given, &right?));
            }
        }
        let (left, right) = (self.eval(left, ctx)?, self.eval(right, ctx)?);
        Ok(left.equals(&right))
    }

    /// The last answer to a question that can be read.
    pub(super) fn answer(
        &mut self,
        question: &str,
        ctx: Ctx,
    ) -> Result<Option<(Occurrence, Value)>> {
        let pattern = events::pattern("answered").expect("it is in the table");
        let found = self.raw(pattern, ctx)?;
        let chronicle = self.chronicle(ctx);
        let is_it = |event: &&Occurrence| {
            let name = events::field(chronicle, **event, "name");
            inside(**event, ctx) && name == Value::Text(question.to_owned())
        };
        let Some(last) = found.iter().rev().find(is_it).copied() else { return Ok(None) };
        let Value::Text(text) = events::field(chronicle, last, "text") else { return Ok(None) };
        let wanted = self.judge.wanted.get(question).cloned().unwrap_or_default();
        let id_of = |id| state::member_of(chronicle, id);
        Ok(wanted.read(&text, id_of).map(|value| (last, value)))
    }

    // --- events ---

    fn raw(&mut self, pattern: &'static events::Pattern, ctx: Ctx) -> Result<Rc<Vec<Occurrence>>> {
        let chronicle = self.chronicle(ctx);
        let lost = chronicle.lost();
        let (lost, most, what) = match pattern.source {
            Source::Facts => (lost.facts, FACTS_MAX, "events"),
            Source::Mail => (lost.messages, MESSAGES_MAX, "messages"),
            Source::Ops => (lost.ops, OPS_MAX, "operations"),
            Source::Work => (lost.work, WORK_MAX, "fsyncs and commits"),
        };
        if lost > 0 {
            return Err(Undecided(format!("The run has more than {most} {what}.")));
        }
        let key = (ctx.run, pattern.name);
        if let Some(found) = self.found.get(&key) {
            return Ok(Rc::clone(found));
        }
        let found = Rc::new(events::all(pattern, chronicle, ctx.run));
        self.step(found.len() as u64)?;
        self.found.insert(key, Rc::clone(&found));
        Ok(found)
    }

    /// The events of a pattern in the window.
    fn find(
        &mut self,
        pattern: &'static events::Pattern,
        args: &[Arg],
        ctx: Ctx,
    ) -> Result<Vec<Occurrence>> {
        let all = self.raw(pattern, ctx)?;
        let mut wanted: Vec<(&str, Binary, &Expr, Option<Value>)> = Vec::new();
        for (place, arg) in args.iter().enumerate() {
            let (field, sign) = match &arg.name {
                Some((name, sign)) => (name.as_str(), *sign),
                None => (pattern.fields.get(place).copied().unwrap_or_default(), Binary::Equal),
            };
            // What is the same for all events is looked at once.
            let constant = if let (Kind::Name(name), None, true) =
                (&arg.value.kind, &arg.name, events::takes_name(pattern))
            {
                Some(Value::Text(name.clone()))
            } else if self.is_constant(&arg.value) {
                Some(self.eval(&arg.value, ctx)?)
            } else {
                None
            };
            wanted.push((field, sign, &arg.value, constant));
        }
        let chronicle = self.chronicle(ctx);
        let mut found = Vec::new();
        'events: for event in all.iter().filter(|event| inside(**event, ctx)) {
            self.step(1)?;
            for (field, sign, expr, constant) in &wanted {
                let value = match constant {
                    Some(value) => value.clone(),
                    None => {
                        let before = event.from.before();
                        let then = Ctx { to: before, at: before, ..ctx };
                        self.eval(expr, then)?
                    }
                };
                let has = events::field(chronicle, *event, field);
                if !holds(*sign, &has, &value) {
                    continue 'events;
                }
            }
            found.push(*event);
        }
        Ok(found)
    }

    fn is_constant(&self, expr: &Expr) -> bool {
        match &expr.kind {
            Kind::Number(_) | Kind::Duration(_) | Kind::Text(_) => true,
            Kind::Name(name) => {
                self.bound(name).is_some()
                    || self.defined(name).is_some()
                    || events::member(name).is_some()
            }
            Kind::Scoped(_, Scope::At, _) => true,
            _ => false,
        }
    }

    /// Operations of the window that ended so, inside of it.
    fn ended(&self, outcome: Outcome, found: Vec<Occurrence>, ctx: Ctx) -> Vec<Occurrence> {
        let ended = |event: &Occurrence| {
            let At::Op(place) = event.at else { return false };
            let run = self.judge.runs[event.branch];
            let Some(op) = run.chronicle.ops().get(place) else { return false };
            let so = match &op.status {
                Status::Open => false,
                Status::Ok(_) => outcome == Outcome::Ok,
                Status::Err(_) => matches!(outcome, Outcome::Err | Outcome::Failed),
                Status::Unknown(_) => matches!(outcome, Outcome::Unknown | Outcome::Failed),
            };
            so && event.to <= ctx.to
        };
        let mut kept: Vec<Occurrence> = found.into_iter().filter(ended).collect();
        order::sort_by_key(&mut kept, |event| event.to);
        kept
    }

    /// A field of the first event.
    fn field(&self, body: &Value, field: &str) -> Value {
        let Value::Events(events) = body else { return Value::Nothing };
        let Some(first) = events.first() else { return Value::Nothing };
        match field {
            "begin" => Value::Moment(first.from),
            "end" => Value::Moment(first.to),
            _ => events::field(self.judge.runs[first.branch].chronicle, *first, field),
        }
    }
}

/// When an event counts as having happened.
fn decided(event: Occurrence) -> Moment {
    if event.to.at == u64::MAX { event.from } else { event.to }
}

/// Whether an event begins in a window.
pub(super) fn inside(event: Occurrence, ctx: Ctx) -> bool {
    event.from > ctx.from && event.from <= ctx.to
}

/// The moment that a value means.
pub(super) fn as_moment(value: &Value, begins: bool) -> Option<Moment> {
    match value {
        Value::Moment(moment) => Some(*moment),
        Value::Events(events) => {
            events.first().map(|event| if begins { event.from } else { decided(*event) })
        }
        _ => None,
    }
}

/// Comparisons.
fn holds(sign: Binary, left: &Value, right: &Value) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = || left.compare(right);
    match sign {
        Binary::Equal => left.equals(right),
        Binary::Unequal => !left.equals(right),
        Binary::Less => order() == Some(Less),
        Binary::AtMost => matches!(order(), Some(Less | Equal)),
        Binary::Greater => order() == Some(Greater),
        Binary::AtLeast => matches!(order(), Some(Greater | Equal)),
        Binary::Contains => match (left, right) {
            (Value::Text(left), Value::Text(right)) => left.contains(right.as_str()),
            _ => false,
        },
        Binary::In => right.items().is_some_and(|items| items.iter().any(|item| left.equals(item))),
        _ => false,
    }
}

/// The events of both, in order.
fn either(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Events(mut left), Value::Events(right)) => {
            left.extend(right);
            order::sort_by_key(&mut left, |event| event.from);
            Value::Events(left)
        }
        _ => Value::Nothing,
    }
}
