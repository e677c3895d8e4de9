//! What was so at a moment: names such as `leader`, functions such as `term(n1)`.

use glasshouse_core::id::MemberId;

use super::eval::{Ctx, Eval};
use super::events;
use super::value::Value;
use crate::chronicle::{Book, Chronicle, role_name};
use crate::place::MemberNo;

/// Names that need no declaration.
pub(super) const NAMES: [&str; 14] = [
    "leader",
    "leaders",
    "followers",
    "members",
    "running",
    "start",
    "end",
    "asked",
    "branches",
    "interventions",
    "virtual_time",
    "true",
    "false",
    "none",
];

/// The value of a built-in name.
pub(super) fn name(eval: &Eval<'_>, name: &str, ctx: Ctx) -> Value {
    let chronicle = eval.chronicle(ctx);
    let run = eval.run(ctx);
    let leader = || chronicle.leader(ctx.at);
    let set = |keep: &dyn Fn(MemberNo, &Book) -> bool| {
        let kept = chronicle.books().filter(|(member, book)| keep(*member, book));
        Value::Set(kept.map(|(member, _)| Value::Member(member)).collect())
    };
    let runs = |book: &Book| book.up.at(ctx.at) == Some(&true);
    match name {
        "leader" => leader().map_or(Value::Nothing, Value::Member),
        "leaders" => set(&|_, book| book.leads(ctx.at).is_some()),
        "followers" => {
            let leader = leader();
            set(&|member, book| leader.is_some_and(|leader| leader != member) && runs(book))
        }
        "members" => set(&|_, book| book.up.at(ctx.at).is_some()),
        "running" => set(&|_, book| runs(book)),
        "start" => Value::Moment(run.start),
        "end" => Value::Moment(run.end),
        "branches" => Value::Set((0..eval.judge.runs.len()).map(Value::Branch).collect()),
        "interventions" => Value::number(super::functions::interventions(run)),
        "virtual_time" => Value::span(ctx.at.at.saturating_sub(run.start.at)),
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        other => events::member(other).map_or(Value::Nothing, Value::Member),
    }
}

/// Functions of one member, at the moment.
pub(super) const OF_MEMBER: [&str; 26] = [
    "up",
    "frozen",
    "role",
    "term",
    "vote",
    "follows",
    "commit",
    "applied",
    "first_index",
    "last_index",
    "durable_index",
    "rev",
    "compacted",
    "voters",
    "learners",
    "quorum",
    "id",
    "cluster_id",
    "client_urls",
    "name",
    "log_term",
    "log_put",
    "value",
    "create_rev",
    "mod_rev",
    "version",
];

/// Those of them that want an index or a key.
pub(super) const WITH_ONE_MORE: [&str; 6] =
    ["log_term", "log_put", "value", "create_rev", "mod_rev", "version"];

/// The value of such a function.
pub(super) fn of_member(eval: &Eval<'_>, name: &str, args: &[Value], ctx: Ctx) -> Value {
    let Some(Value::Member(member)) = args.first() else { return Value::Nothing };
    let Some(book) = eval.chronicle(ctx).book(*member) else { return Value::Nothing };
    found(book, name, *member, args.get(1), ctx).unwrap_or(Value::Nothing)
}

fn found(
    book: &Book,
    name: &str,
    member: MemberNo,
    more: Option<&Value>,
    ctx: Ctx,
) -> Option<Value> {
    let at = ctx.at;
    let number = |series: &crate::chronicle::Series<u64>| series.at(at).map(|n| Value::number(*n));
    let standing = || book.standing.at(at);
    let ids = |ids: &[MemberId]| Value::Set(ids.iter().map(|id| Value::Id(id.0)).collect());
    match name {
        "up" => Some(Value::Bool(book.up.at(at) == Some(&true))),
        "frozen" => Some(Value::Bool(book.frozen.at(at) == Some(&true))),
        "role" => standing().map(|standing| Value::Text(role_name(standing.role).to_owned())),
        "term" => standing().map(|standing| Value::number(standing.term)),
        "vote" => standing()?.vote.map(Value::Member),
        "follows" => standing()?.leader.map(Value::Member),
        "commit" => number(&book.commit),
        "applied" => number(&book.applied),
        "first_index" => number(&book.first),
        "last_index" => number(&book.last),
        "durable_index" => number(&book.durable),
        "rev" => book.revision.at(at).map(|revision| Value::signed(*revision)),
        "compacted" => book.compacted.at(at).map(|revision| Value::signed(*revision)),
        "voters" => book.config.at(at).map(|config| ids(&config.voters)),
        "learners" => book.config.at(at).map(|config| ids(&config.learners)),
        "quorum" => {
            book.config.at(at).map(|config| Value::number(config.voters.len() as u64 / 2 + 1))
        }
        "id" => book.id.at(at).or(book.id.last()).map(|id| Value::Id(id.0)),
        "cluster_id" => book.cluster.at(at).map(|id| Value::Id(id.0)),
        "client_urls" => book.client_urls.at(at).map(|urls| Value::Text(urls.join(","))),
        "name" => {
            let name = book.name.at(at).or(book.name.last()).cloned();
            Some(Value::Text(name.unwrap_or_else(|| member.published_name())))
        }
        "log_term" => Some(Value::number(book.entry(index(more)?, at)?.term)),
        "log_put" => {
            let (key, _) = book.entry(index(more)?, at)?.put.as_ref()?;
            Some(Value::Text(String::from_utf8_lossy(key).into_owned()))
        }
        _ => {
            let Some(Value::Text(key)) = more else { return None };
            let version = book.key(key.as_bytes(), at)?;
            match name {
                "value" => Some(Value::Text(String::from_utf8_lossy(&version.value).into_owned())),
                "create_rev" => Some(Value::signed(version.create_rev)),
                "mod_rev" => Some(Value::signed(version.mod_rev)),
                "version" => Some(Value::signed(version.version)),
                _ => None,
            }
        }
    }
}

/// A number as an index.
pub(super) fn index(value: Option<&Value>) -> Option<u64> {
    match value {
        Some(Value::Number(number))
            if *number >= 0.0 && number.fract() == 0.0 && *number < 1e15 =>
        {
            format!("{number}").parse().ok()
        }
        _ => None,
    }
}

/// The member of this id.
pub(super) fn member_of(chronicle: &Chronicle, id: u64) -> Option<MemberNo> {
    let is_it = |(_, book): &(MemberNo, &Book)| book.id.last() == Some(&MemberId(id));
    chronicle.books().find(is_it).map(|(member, _)| member)
}
