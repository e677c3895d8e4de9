//! Functions: of events, of answers, of several runs. Those of one member are in [`super::state`].

use super::ast::{Arg, Binary};
use super::eval::{Ctx, Eval, Result, Run, as_moment};
use super::events::{At, Occurrence};
use super::state;
use super::value::Value;
use crate::chronicle::{Fact, Moment};
use crate::clock::{Nanos, SECOND};
use crate::script::{Command, parse};
use glasshouse_core::order;

/// How far behind an event the longest gap is looked for.
const GAP_WITHIN: Nanos = 3 * SECOND;

/// Functions that are not of one member: name, fewest and most arguments.
pub(super) const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("count", 1, 1),
    ("first", 1, 1),
    ("last", 1, 1),
    ("t", 1, 1),
    ("gap", 2, 2),
    ("latency", 1, 1),
    ("p50", 1, 1),
    ("p99", 1, 1),
    ("slowest", 1, 1),
    ("stddev", 1, 1),
    ("index_of", 1, 1),
    ("moment", 1, 1),
    ("answer", 1, 1),
    ("holds", 1, 1),
    ("used", 1, 1),
    ("same_log", 2, 3),
    ("same_actions", 2, 6),
    ("member_id", 2, 2),
    ("pick", 2, 2),
    ("list", 2, 2),
];

/// Those that mean the events of the window where they stand.
const OF_WINDOW: [&str; 8] = ["count", "first", "last", "p50", "p99", "slowest", "stddev", "list"];

/// Calls a function that is no pattern of events.
pub(super) fn call(eval: &mut Eval<'_>, name: &str, args: &[Arg], ctx: Ctx) -> Result<Value> {
    if name == "answer" {
        let question = args.first().and_then(|arg| match &arg.value.kind {
            super::ast::Kind::Name(name) | super::ast::Kind::Text(name) => Some(name.clone()),
            _ => None,
        });
        let given = eval.answer(question.as_deref().unwrap_or_default(), ctx)?;
        return Ok(given.map_or(Value::Nothing, |(_, value)| value));
    }
    let mut values = Vec::with_capacity(args.len());
    for arg in args {
        values.push(match OF_WINDOW.contains(&name) {
            true => eval.eval(&arg.value, ctx)?,
            false => eval.operand(&arg.value, ctx)?,
        });
    }
    if state::OF_MEMBER.contains(&name) {
        return Ok(state::of_member(eval, name, &values, ctx));
    }
    let empty = Vec::new();
    let events = match values.first() {
        Some(Value::Events(events)) => events,
        _ => &empty,
    };
    Ok(match name {
        "count" => match values.first() {
            Some(Value::Events(events)) => Value::number(events.len() as u64),
            Some(other) => {
                other.items().map_or(Value::Nothing, |items| Value::number(items.len() as u64))
            }
            None => Value::Nothing,
        },
        "first" => match values.first() {
            Some(Value::Set(items) | Value::List(items)) => {
                items.first().cloned().unwrap_or(Value::Nothing)
            }
            _ => Value::Events(events.iter().take(1).copied().collect()),
        },
        "last" => match values.first() {
            Some(Value::Set(items) | Value::List(items)) => {
                items.last().cloned().unwrap_or(Value::Nothing)
            }
            _ => Value::Events(events.iter().rev().take(1).copied().collect()),
        },
        "member_id" => member_id(&values).unwrap_or(Value::Nothing),
        "pick" => pick(&values).unwrap_or(Value::Nothing),
        "list" => list(eval, events, values.get(1)),
        "t" => match values.first().and_then(|value| as_moment(value, false)) {
            Some(moment) => Value::span(moment.at.saturating_sub(eval.run(ctx).start.at)),
            None => Value::Nothing,
        },
        "moment" => marked(eval, values.first(), ctx),
        "gap" => gap(events, values.get(1), eval.run(ctx).end),
        "latency" => events.first().map_or(Value::Nothing, |event| Value::span(length(event))),
        "p50" => quantile(events, 50),
        "p99" => quantile(events, 99),
        "slowest" => quantile(events, 100),
        "stddev" => deviation(events),
        "index_of" => index_of(eval, events, ctx),
        "holds" => holds(eval, values.first(), ctx),
        "used" => used(eval.run(ctx), values.first()),
        "same_log" => same_log(eval, &values, ctx)?,
        "same_actions" => same_actions(eval, &values),
        _ => Value::Nothing,
    })
}

/// Sums, differences, products and quotients.
pub(super) fn arithmetic(sign: Binary, left: &Value, right: &Value) -> Value {
    let moment = |value: &Value| match value {
        Value::Moment(_) | Value::Events(_) => as_moment(value, false),
        _ => None,
    };
    match (sign, left, right) {
        (_, Value::Number(a), Value::Number(b)) => Value::Number(match sign {
            Binary::Plus => a + b,
            Binary::Minus => a - b,
            Binary::Times => a * b,
            _ if *b == 0.0 => return Value::Nothing,
            _ => a / b,
        }),
        (Binary::Plus, Value::Span(a), Value::Span(b)) => Value::Span(a.saturating_add(*b)),
        (Binary::Minus, Value::Span(a), Value::Span(b)) => Value::Span(a.saturating_sub(*b)),
        (Binary::Per, Value::Span(a), Value::Span(b)) if *b != 0 => {
            Value::Number(*a as f64 / *b as f64)
        }
        (Binary::Times, Value::Span(span), Value::Number(by))
        | (Binary::Times, Value::Number(by), Value::Span(span)) => scaled(*span, *by),
        (Binary::Per, Value::Span(span), Value::Number(by)) if *by != 0.0 => {
            scaled(*span, 1.0 / by)
        }
        (Binary::Plus | Binary::Minus, when, Value::Span(span)) => match moment(when) {
            Some(moment) => {
                let by = span.unsigned_abs();
                let later = (*span >= 0) == (sign == Binary::Plus);
                let at =
                    if later { moment.at.saturating_add(by) } else { moment.at.saturating_sub(by) };
                Value::Moment(Moment::after(at))
            }
            None => Value::Nothing,
        },
        (Binary::Minus, left, right) => match (moment(left), moment(right)) {
            (Some(left), Some(right)) => {
                let signed = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
                Value::Span(signed(left.at).saturating_sub(signed(right.at)))
            }
            _ => Value::Nothing,
        },
        _ => Value::Nothing,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a float that is too large becomes the largest span"
)]
fn scaled(span: i64, by: f64) -> Value {
    Value::Span((span as f64 * by) as i64)
}

fn length(event: &Occurrence) -> Nanos {
    event.to.at.saturating_sub(event.from.at)
}

/// `p50`, `p99` of how long operations took that are over.
fn quantile(events: &[Occurrence], percent: usize) -> Value {
    let over = events.iter().filter(|event| event.to.at != u64::MAX);
    let mut lengths: Vec<Nanos> = over.map(length).collect();
    order::sort(&mut lengths);
    let place = (lengths.len() * percent).div_ceil(100).saturating_sub(1);
    lengths.get(place).map_or(Value::Nothing, |length| Value::span(*length))
}

/// How far apart the lengths of operations lie that are over: the root of their mean square distance from the mean.
fn deviation(events: &[Occurrence]) -> Value {
    let over = events.iter().filter(|event| event.to.at != u64::MAX);
    let lengths: Vec<f64> = over.map(|event| length(event) as f64).collect();
    if lengths.is_empty() {
        return Value::Nothing;
    }
    let many = lengths.len() as f64;
    let mean = lengths.iter().sum::<f64>() / many;
    let squares = lengths.iter().map(|length| (length - mean) * (length - mean));
    scaled(1, (squares.sum::<f64>() / many).sqrt())
}

/// The longest stretch without the end of such an event, in the three seconds behind a moment; it may have
/// begun before.
fn gap(events: &[Occurrence], around: Option<&Value>, end: Moment) -> Value {
    let Some(around) = around.and_then(|value| as_moment(value, true)) else {
        return Value::Nothing;
    };
    let until = around.at.saturating_add(GAP_WITHIN).min(end.at);
    let mut ends: Vec<Nanos> =
        events.iter().map(|event| event.to.at).filter(|at| *at <= until).collect();
    order::sort(&mut ends);
    let behind = ends.partition_point(|at| *at <= around.at);
    let mut last = behind.checked_sub(1).map_or(around.at, |place| ends[place]);
    let mut longest = 0;
    for at in ends[behind..].iter().copied().chain([until]) {
        longest = longest.max(at - last);
        last = at;
    }
    Value::span(longest)
}

/// The moment that the student named.
fn marked(eval: &Eval<'_>, name: Option<&Value>, ctx: Ctx) -> Value {
    let Some(Value::Text(name)) = name else { return Value::Nothing };
    let facts = eval.chronicle(ctx).facts().iter();
    let mut marks = facts.filter(|noted| {
        matches!(&noted.fact, Fact::Line(line)
            if super::events::said(line).is_some_and(|said| said.0 == "mark" && said.1 == *name))
    });
    marks.next().map_or(Value::Nothing, |noted| Value::Moment(noted.moment))
}

/// The index of the log entry that a put became, in whatever log.
fn index_of(eval: &Eval<'_>, events: &[Occurrence], ctx: Ctx) -> Value {
    let chronicle = eval.chronicle(ctx);
    let op = events.first().and_then(|event| match event.at {
        At::Op(place) => chronicle.ops().get(place),
        _ => None,
    });
    let Some(op) = op else { return Value::Nothing };
    let glasshouse_core::api::Request::Put(put) = op.request.as_ref() else {
        return Value::Nothing;
    };
    let is_it = |moment: &Moment, entry: &crate::chronicle::Entry| {
        *moment >= op.called
            && entry.put.as_ref().is_some_and(|(key, value)| *key == put.key && *value == put.value)
    };
    let indexes = chronicle.books().filter_map(|(_, book)| {
        let mut log = book.log();
        let found = log.find(|(_, series)| {
            series.steps().iter().any(|(at, entry)| entry.as_ref().is_some_and(|e| is_it(at, e)))
        });
        found.map(|(index, _)| index)
    });
    indexes.min().map_or(Value::Nothing, Value::number)
}

/// The id that follows from peer URLs, with commas between them, and a token.
fn member_id(values: &[Value]) -> Option<Value> {
    let [Value::Text(urls), Value::Text(token)] = values else { return None };
    let urls: Vec<&str> = urls.split(',').collect();
    Some(Value::Id(glasshouse_core::id::member_id(&urls, token).0))
}

/// An item of a list or set, from 0.
fn pick(values: &[Value]) -> Option<Value> {
    let nth = usize::try_from(state::index(values.get(1))?).ok()?;
    values.first()?.items()?.get(nth).cloned()
}

/// A field of each event, in their order.
fn list(eval: &Eval<'_>, events: &[Occurrence], field: Option<&Value>) -> Value {
    let Some(Value::Text(field)) = field else { return Value::Nothing };
    let of = |event: &Occurrence| {
        super::events::field(eval.judge.runs[event.branch].chronicle, *event, field)
    };
    Value::List(events.iter().map(of).collect())
}

/// A property was not violated.
fn holds(eval: &Eval<'_>, property: Option<&Value>, ctx: Ctx) -> Value {
    let Some(Value::Text(property)) = property else { return Value::Nothing };
    let violated = eval.chronicle(ctx).facts().iter().any(|noted| {
        noted.moment <= ctx.to
            && matches!(&noted.fact, Fact::Violated(v) if v.property.name() == property)
    });
    Value::Bool(!violated)
}

/// Lines of the student that do something, as commands.
fn commands(run: Run<'_>) -> Vec<Command> {
    let facts = run.chronicle.facts().iter();
    let lines = facts.filter(|noted| noted.moment > run.start && noted.moment <= run.end);
    lines
        .filter_map(|noted| match &noted.fact {
            Fact::Line(line) => parse(line).ok(),
            _ => None,
        })
        .collect()
}

/// How often the student did something to the world from outside; etcdctl, marks and answers do not count.
pub(super) fn interventions(run: Run<'_>) -> u64 {
    let commands = commands(run);
    commands.iter().filter(|command| command.is_intervention()).count() as u64
}

/// How often a command was used.
fn used(run: Run<'_>, word: Option<&Value>) -> Value {
    let Some(Value::Text(word)) = word else { return Value::Nothing };
    let commands = commands(run);
    let uses = commands.iter().filter(|command| command.words().contains(&word.as_str()));
    Value::number(uses.count() as u64)
}

/// Logs of two members are equal up to an index, or up to the lower commit index.
fn same_log(eval: &mut Eval<'_>, values: &[Value], ctx: Ctx) -> Result<Value> {
    let (Value::Member(one), Value::Member(other)) = (&values[0], &values[1]) else {
        return Ok(Value::Nothing);
    };
    let chronicle = eval.chronicle(ctx);
    let (Some(one), Some(other)) = (chronicle.book(*one), chronicle.book(*other)) else {
        return Ok(Value::Nothing);
    };
    let commit = |book: &crate::chronicle::Book| book.commit.at(ctx.at).copied().unwrap_or(0);
    let to = state::index(values.get(2)).unwrap_or_else(|| commit(one).min(commit(other)));
    let first = |book: &crate::chronicle::Book| book.first.at(ctx.at).copied().unwrap_or(1);
    let from = first(one).max(first(other));
    eval.step(to.saturating_sub(from))?;
    let same = (from..=to).all(|index| one.entry(index, ctx.at) == other.entry(index, ctx.at));
    Ok(Value::Bool(same))
}

/// Two branches did the same, one behind the other, whenever that was. Commands that are named further may differ.
fn same_actions(eval: &Eval<'_>, values: &[Value]) -> Value {
    let (Some(Value::Branch(one)), Some(Value::Branch(other))) = (values.first(), values.get(1))
    else {
        return Value::Nothing;
    };
    let but: Vec<&str> = values[2..]
        .iter()
        .filter_map(|value| match value {
            Value::Text(word) => Some(word.as_str()),
            _ => None,
        })
        .collect();
    let done = |run: usize| -> Vec<Command> {
        let kept = |command: &Command| {
            let words = command.words();
            let asks = matches!(
                command,
                Command::Mark(_) | Command::Answer { .. } | Command::Predict { .. }
            );
            !asks && !but.iter().any(|word| words.contains(word))
        };
        commands(eval.judge.runs[run]).into_iter().filter(kept).collect()
    };
    Value::Bool(done(*one) == done(*other))
}
