//! Patterns of events: their names, their fields, and which facts they mean.
//!
//! Every pattern has a row in [`PATTERNS`]; the first field is the one that may be given without its
//! name: `kill(n1)`, `put("color")`.

use glasshouse_core::api::{Request, RequestOp, Response, TxnRequest, request_op};
use glasshouse_core::node::Role;

use super::value::Value;
use crate::chronicle::{Chronicle, Fact, Leg, Mail, Moment, News, Op, Status, Watched, Work};
use crate::clock::MICROS;
use crate::place::{MemberNo, Place};
use crate::script::{Command, parse};
use crate::trace::{DiskStep, Life};
use crate::world::{Action, RotTarget, Rule};

/// Where the events of a pattern are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Facts,
    Mail,
    Ops,
    Work,
}

/// A kind of event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    pub(super) name: &'static str,
    pub(super) source: Source,
    pub(super) fields: &'static [&'static str],
}

const fn fact(name: &'static str, fields: &'static [&'static str]) -> Pattern {
    Pattern { name, source: Source::Facts, fields }
}

const fn mail(name: &'static str) -> Pattern {
    let fields = &[
        "kind", "from", "to", "answer", "reject", "term", "index", "log_term", "commit", "entries",
    ];
    Pattern { name, source: Source::Mail, fields }
}

const fn op(name: &'static str, fields: &'static [&'static str]) -> Pattern {
    Pattern { name, source: Source::Ops, fields }
}

const fn work(name: &'static str) -> Pattern {
    Pattern { name, source: Source::Work, fields: &["member", "took"] }
}

/// Fields that every operation has.
pub(super) const OP_FIELDS: [&str; 6] =
    ["via", "client", "text", "served_by", "revision", "raft_term"];

/// All patterns.
pub(super) const PATTERNS: &[Pattern] = &[
    // What somebody did.
    fact("fault", &["member"]),
    fact("kill", &["member"]),
    fact("stop", &["member"]),
    fact("power_off", &["member", "torn"]),
    fact("restart", &["member"]),
    fact("join", &["member"]),
    fact("start", &["member", "flags"]),
    fact("wipe", &["member"]),
    fact("freeze", &["member"]),
    fact("thaw", &["member"]),
    fact("freeze_client", &["client"]),
    fact("thaw_client", &["client"]),
    fact("partition", &[]),
    fact("heal", &[]),
    fact("cut", &["from", "to"]),
    fact("slow_link", &["from", "to", "delay"]),
    fact("slow_disk", &["member", "delay"]),
    fact("rot", &["member", "index"]),
    fact("clock", &["member"]),
    fact("campaign", &["member"]),
    fact("align", &[]),
    fact("rule", &["name", "on"]),
    fact("plant", &["code"]),
    fact("unplant", &["code"]),
    fact("mark", &["name"]),
    fact("answered", &["name", "text"]),
    fact("predicted", &["name", "text"]),
    // What members went through.
    fact("starts", &["member"]),
    fact("ends", &["member"]),
    fact("halted", &["member", "text"]),
    fact("refused", &["member", "text"]),
    fact("peer_refused", &["member", "from", "text", "theirs", "ours"]),
    fact("elected", &["member", "term"]),
    fact("deposed", &["member", "term", "reason"]),
    fact("candidate", &["member", "term"]),
    fact("asks", &["member", "term"]),
    fact("voted", &["member", "vote", "term"]),
    fact("term_rises", &["member", "term"]),
    fact("truncated", &["member", "from", "to"]),
    fact("committed", &["member", "index"]),
    fact("log_compacted", &["member", "index"]),
    fact("installed", &["member", "index"]),
    fact("bytes_lost", &["member", "bytes", "kept"]),
    fact("rotted", &["member"]),
    fact("disk_failed", &["member", "text"]),
    fact("violated", &["property"]),
    // What clients heard of their watches.
    fact("watching", &["key", "rev", "via", "client"]),
    fact("told", &["key", "value", "rev", "kind", "via", "client"]),
    fact("watch_ended", &["text", "compacted", "via", "client"]),
    // Messages between members.
    mail("sent"),
    mail("delivered"),
    mail("dropped"),
    // What disks were busy with: fsyncs of the log, commits of the store.
    work("fsync"),
    work("backend_commit"),
    // What clients asked.
    op("put", &["key", "value", "lease"]),
    op("get", &["key", "value", "mode", "rev", "rows", "mod_rev", "create_rev", "version"]),
    op("del", &["key", "deleted"]),
    op("txn", &["succeeded", "compares", "compared", "written"]),
    op("compaction", &["rev"]),
    op("lease_grant", &["asked", "ttl", "id"]),
    op("lease_revoke", &["id"]),
    op("lease_keep_alive", &["id", "ttl"]),
    op("lease_timetolive", &["id", "ttl"]),
    op("member_list", &["rows", "unstarted"]),
    op("member_add", &["url", "id"]),
    op("member_remove", &["id"]),
    op("member_update", &["id"]),
    op("member_promote", &["id"]),
    op("move_leader", &["id"]),
    op("endpoint_status", &[]),
    op("endpoint_hashkv", &["hash"]),
];

/// The pattern of this name.
pub(super) fn pattern(name: &str) -> Option<&'static Pattern> {
    PATTERNS.iter().find(|pattern| pattern.name == name)
}

/// Why a message of another cluster is turned away, in etcd's words.
const OTHER_CLUSTER: &str = "cluster ID mismatch";

/// Patterns whose first value is a name that stands for itself: `answered(leader_now)`.
pub(super) fn takes_name(pattern: &Pattern) -> bool {
    matches!(pattern.name, "answered" | "predicted" | "mark")
}

/// Whether some event has such a field.
pub(super) fn is_field(name: &str) -> bool {
    OP_FIELDS.contains(&name) || PATTERNS.iter().any(|pattern| pattern.fields.contains(&name))
}

/// One event of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When it began.
    pub from: Moment,
    /// When it was over: the same, unless it is an operation. An open operation is not over.
    pub to: Moment,
    pub(super) at: At,
    /// The branch that it belongs to.
    pub(super) branch: usize,
}

/// Where it stands in the chronicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Fact(usize),
    Mail(usize),
    Op(usize),
    Work(usize),
}

/// The events of a pattern in a chronicle, before their fields are asked for.
pub(super) fn all(pattern: &Pattern, chronicle: &Chronicle, branch: usize) -> Vec<Occurrence> {
    let point = |moment, at| Occurrence { from: moment, to: moment, at, branch };
    match pattern.source {
        Source::Facts => {
            let facts = chronicle.facts().iter().enumerate();
            let of_kind = facts.filter(|(_, noted)| is(pattern.name, &noted.fact));
            of_kind.map(|(place, noted)| point(noted.moment, At::Fact(place))).collect()
        }
        Source::Mail => {
            let leg = |mail: &Mail| match mail.leg {
                Leg::Sent => "sent",
                Leg::Delivered => "delivered",
                Leg::Dropped(_) => "dropped",
            };
            let mails = chronicle.mail().iter().enumerate();
            let of_kind = mails.filter(|(_, mail)| leg(mail) == pattern.name);
            of_kind.map(|(place, mail)| point(mail.moment, At::Mail(place))).collect()
        }
        Source::Ops => {
            let ops = chronicle.ops().iter().enumerate();
            let of_kind = ops.filter(|(_, op)| op.kind() == pattern.name);
            let span = |(place, op): (usize, &Op)| Occurrence {
                from: op.called,
                to: op.returned.unwrap_or(Moment { at: u64::MAX, seq: u64::MAX }),
                at: At::Op(place),
                branch,
            };
            of_kind.map(span).collect()
        }
        Source::Work => {
            let works = chronicle.work().iter().enumerate();
            let of_kind = works.filter(|(_, work)| work.store == (pattern.name != "fsync"));
            let span = |(place, work): (usize, &Work)| Occurrence {
                from: work.began,
                to: work.ended.unwrap_or(Moment { at: u64::MAX, seq: u64::MAX }),
                at: At::Work(place),
                branch,
            };
            of_kind.map(span).collect()
        }
    }
}

/// Whether a fact is one of this pattern.
fn is(name: &str, fact: &Fact) -> bool {
    match fact {
        Fact::Done(action) => is_done(name, action),
        Fact::Line(line) => {
            matches!(name, "mark" | "answered" | "predicted")
                && said(line).is_some_and(|s| s.0 == name)
        }
        Fact::Life(_, step) => match name {
            "starts" => matches!(step, Life::Up { .. }),
            "ends" => matches!(
                step,
                Life::Killed
                    | Life::Stopped
                    | Life::PoweredOff
                    | Life::Halted(_)
                    | Life::Refused(_)
            ),
            "halted" => matches!(step, Life::Halted(_)),
            "refused" => matches!(step, Life::Refused(_)),
            _ => false,
        },
        Fact::Standing { before, now, .. } => {
            let role = before.map(|before| before.role);
            match name {
                "elected" => now.role == Role::Leader && role != Some(Role::Leader),
                "deposed" => now.role != Role::Leader && role == Some(Role::Leader),
                "candidate" => {
                    let again = before.is_some_and(|before| before.term == now.term);
                    now.role == Role::Candidate && !(role == Some(Role::Candidate) && again)
                }
                "asks" => now.role == Role::PreCandidate && role != Some(Role::PreCandidate),
                "voted" => {
                    now.vote.is_some()
                        && before
                            .is_none_or(|before| before.vote != now.vote || before.term != now.term)
                }
                "term_rises" => before.is_some_and(|before| before.term < now.term),
                _ => false,
            }
        }
        Fact::PeerRefused { .. } => name == "peer_refused",
        Fact::Truncated { .. } => name == "truncated",
        Fact::Committed { .. } => name == "committed",
        Fact::Compacted { .. } => name == "log_compacted",
        Fact::Installed { .. } => name == "installed",
        Fact::Disk(_, step) => match step {
            DiskStep::Lost { .. } => name == "bytes_lost",
            DiskStep::Rotted { .. } => name == "rotted",
            _ => name == "disk_failed",
        },
        Fact::Violated(_) => name == "violated",
        Fact::Watched(watched) => match watched.news {
            News::Created { .. } => name == "watching",
            News::Changed { .. } => name == "told",
            News::Ended { .. } => name == "watch_ended",
        },
    }
}

/// The same for what somebody did.
fn is_done(name: &str, action: &Action) -> bool {
    match action {
        Action::Kill(_) => matches!(name, "kill" | "fault"),
        Action::Stop(_) => matches!(name, "stop" | "fault"),
        Action::PowerOff { .. } => matches!(name, "power_off" | "fault"),
        Action::Restart(_) => name == "restart",
        Action::Join(_) => name == "join",
        Action::Start { .. } => name == "start",
        Action::Wipe(_) => name == "wipe",
        Action::Freeze(_) => name == "freeze",
        Action::Thaw(_) => name == "thaw",
        Action::FreezeClient(_) => name == "freeze_client",
        Action::ThawClient(_) => name == "thaw_client",
        Action::Partition(_) => name == "partition",
        Action::Heal | Action::Mend(_) | Action::HealLink { .. } => name == "heal",
        Action::CutLink { .. } => name == "cut",
        Action::SlowLink { .. } => name == "slow_link",
        Action::SlowDisk { .. } => name == "slow_disk",
        Action::Rot { .. } => name == "rot",
        Action::ClockRate { .. } => name == "clock",
        Action::Campaign(_) => name == "campaign",
        Action::AlignTimers => name == "align",
        Action::Rule(_) => name == "rule",
        Action::Plant { planted, .. } => name == if *planted { "plant" } else { "unplant" },
        _ => false,
    }
}

/// What a line says that is done by saying it: pattern, name, text.
pub(super) fn said(line: &str) -> Option<(&'static str, String, String)> {
    match parse(line).ok()? {
        Command::Mark(name) => Some(("mark", name, String::new())),
        Command::Answer { name, text } => Some(("answered", name, text)),
        Command::Predict { name, text } => Some(("predicted", name, text)),
        _ => None,
    }
}

/// A field of an event; nothing when this one has no such field.
pub(super) fn field(chronicle: &Chronicle, occurrence: Occurrence, name: &str) -> Value {
    match occurrence.at {
        At::Fact(place) => {
            chronicle.facts().get(place).map(|noted| fact_field(chronicle, &noted.fact, name))
        }
        At::Mail(place) => chronicle.mail().get(place).map(|mail| mail_field(mail, name)),
        At::Op(place) => chronicle.ops().get(place).map(|op| op_field(chronicle, op, name)),
        At::Work(place) => chronicle.work().get(place).map(|work| work_field(work, name)),
    }
    .unwrap_or(Value::Nothing)
}

fn fact_field(chronicle: &Chronicle, fact: &Fact, name: &str) -> Value {
    let (member, more) = match fact {
        Fact::Done(action) => return action_field(chronicle, action, name),
        Fact::Line(line) => {
            let Some((_, called, text)) = said(line) else { return Value::Nothing };
            return match name {
                "name" => Value::Text(called),
                "text" => Value::Text(text),
                _ => Value::Nothing,
            };
        }
        Fact::Violated(violation) => {
            let property = violation.property.name().to_owned();
            return if name == "property" { Value::Text(property) } else { Value::Nothing };
        }
        Fact::Watched(watched) => return watched_field(chronicle, watched, name),
        Fact::Life(member, step) => {
            let text = match step {
                Life::Halted(why) | Life::Refused(why) => Value::Text(why.clone()),
                _ => Value::Nothing,
            };
            (*member, vec![("text", text)])
        }
        Fact::Standing { member, before, now } => {
            let higher = before.is_some_and(|before| before.term < now.term);
            let reason = if higher { "higher-term" } else { "no-quorum" };
            let vote = now.vote.map_or(Value::Nothing, Value::Member);
            let reason = Value::Text(reason.to_owned());
            let fields =
                vec![("term", Value::number(now.term)), ("vote", vote), ("reason", reason)];
            (*member, fields)
        }
        Fact::PeerRefused { member, from, theirs, ours } => {
            let fields = vec![
                ("from", Value::Member(*from)),
                ("text", Value::Text(OTHER_CLUSTER.to_owned())),
                ("theirs", Value::Id(theirs.0)),
                ("ours", Value::Id(ours.0)),
            ];
            (*member, fields)
        }
        Fact::Truncated { member, from, to } => {
            (*member, vec![("from", Value::number(*from)), ("to", Value::number(*to))])
        }
        Fact::Committed { member, index } | Fact::Installed { member, index } => {
            (*member, vec![("index", Value::number(*index))])
        }
        Fact::Compacted { member, first } => (*member, vec![("index", Value::number(*first))]),
        Fact::Disk(member, step) => {
            let fields = match step {
                DiskStep::Lost { lost, kept } => {
                    vec![("bytes", Value::number(*lost)), ("kept", Value::number(*kept))]
                }
                DiskStep::Failed { reason } => vec![("text", Value::Text(reason.clone()))],
                _ => Vec::new(),
            };
            (*member, fields)
        }
    };
    if name == "member" {
        return Value::Member(member);
    }
    more.into_iter().find(|(known, _)| *known == name).map_or(Value::Nothing, |(_, value)| value)
}

fn watched_field(chronicle: &Chronicle, watched: &Watched, name: &str) -> Value {
    match (name, &watched.news) {
        ("via", _) => Value::Member(watched.member),
        ("client", _) => Value::Text(chronicle.client(watched.client).to_owned()),
        ("key", News::Created { key, .. } | News::Changed { key, .. }) => text(key),
        ("rev", News::Created { from: revision, .. } | News::Changed { revision, .. }) => {
            Value::signed(*revision)
        }
        ("value", News::Changed { value: Some(value), .. }) => text(value),
        ("kind", News::Changed { value, .. }) => {
            Value::Text(if value.is_some() { "put" } else { "delete" }.to_owned())
        }
        ("text", News::Ended { why, .. }) => Value::Text(why.clone()),
        ("compacted", News::Ended { compacted, .. }) => Value::signed(*compacted),
        _ => Value::Nothing,
    }
}

fn action_field(chronicle: &Chronicle, action: &Action, name: &str) -> Value {
    let place = |place: &Place| place.member().map_or(Value::Nothing, Value::Member);
    let span = |time: &Option<u64>| time.map_or(Value::Nothing, Value::span);
    if name == "member" {
        return action_member(action).map_or(Value::Nothing, Value::Member);
    }
    match (action, name) {
        (Action::Start { flags, .. }, "flags") => {
            let words = flags.iter().map(|(flag, value)| format!("--{} {value}", flag.name()));
            Value::Text(words.collect::<Vec<_>>().join(" "))
        }
        (Action::PowerOff { torn, .. }, "torn") => Value::Bool(*torn),
        (Action::FreezeClient(client) | Action::ThawClient(client), "client") => {
            Value::Text(chronicle.client(*client).to_owned())
        }
        (Action::CutLink { from, .. } | Action::SlowLink { from, .. }, "from") => place(from),
        (Action::CutLink { to, .. } | Action::SlowLink { to, .. }, "to") => place(to),
        (Action::SlowLink { one_way, .. }, "delay") => span(one_way),
        (Action::SlowDisk { fsync, .. }, "delay") => span(fsync),
        (Action::Rot { target: RotTarget::Entry(index), .. }, "index") => Value::number(*index),
        (Action::Rule(rule), "name") => {
            let name = match rule {
                Rule::PreVote(_) => "prevote",
                Rule::CheckQuorum(_) => "checkquorum",
                Rule::Spread(_) => "spread",
            };
            Value::Text(name.to_owned())
        }
        (Action::Rule(Rule::PreVote(on) | Rule::CheckQuorum(on) | Rule::Spread(on)), "on") => {
            Value::Bool(*on)
        }
        (Action::Plant { mutant, .. }, "code") => Value::Text(mutant.code().to_owned()),
        _ => Value::Nothing,
    }
}

fn mail_field(mail: &Mail, name: &str) -> Value {
    let info = &mail.info;
    match name {
        "kind" => Value::Text(info.kind.name().to_owned()),
        "from" => Value::Member(mail.from),
        "to" => Value::Member(mail.to),
        "answer" => Value::Bool(info.answer),
        "reject" => Value::Bool(info.reject),
        "term" => Value::number(info.term),
        "index" => Value::number(info.index),
        "log_term" => Value::number(info.log_term),
        "commit" => Value::number(info.commit),
        "entries" => Value::number(info.entries.into()),
        _ => Value::Nothing,
    }
}

fn work_field(work: &Work, name: &str) -> Value {
    match (name, work.ended) {
        ("member", _) => Value::Member(work.member),
        ("took", Some(ended)) => Value::span(ended.at.saturating_sub(work.began.at)),
        _ => Value::Nothing,
    }
}

fn op_field(chronicle: &Chronicle, op: &Op, name: &str) -> Value {
    let told = match &op.status {
        Status::Ok(response) => Some(response),
        _ => None,
    };
    match name {
        "via" => return Value::Member(op.member),
        "client" => return Value::Text(chronicle.client(op.client).to_owned()),
        "text" => {
            return match &op.status {
                Status::Err(text) | Status::Unknown(text) => Value::Text(text.clone()),
                Status::Open | Status::Ok(_) => Value::Nothing,
            };
        }
        _ => {}
    }
    if let Some(header) = told.and_then(Response::header) {
        match name {
            "revision" => return Value::signed(header.revision),
            "served_by" => return Value::Id(header.member_id),
            "raft_term" => return Value::number(header.raft_term),
            _ => {}
        }
    }
    asked_field(op, name).or_else(|| told_field(told?, name)).unwrap_or(Value::Nothing)
}

/// A field of what was asked.
fn asked_field(op: &Op, name: &str) -> Option<Value> {
    Some(match (op.request.as_ref(), name) {
        (Request::Put(put), "key") => text(&put.key),
        (Request::Put(put), "value") => text(&put.value),
        (Request::Put(put), "lease") => Value::Id(put.lease.cast_unsigned()),
        (Request::Range(range), "key") => text(&range.key),
        (Request::Range(range), "rev") => Value::signed(range.revision),
        (Request::Range(range), "mode") => {
            Value::Text(if range.serializable { "ser" } else { "lin" }.to_owned())
        }
        (Request::DeleteRange(delete), "key") => text(&delete.key),
        (Request::Txn(txn), "compares") => Value::number(txn.compare.len() as u64),
        (Request::Txn(txn), "compared") => {
            keys(txn.compare.iter().map(|compare| compare.key.as_ref()))
        }
        (Request::Txn(txn), "written") => keys(written(txn)),
        (Request::Compact(compact), "rev") => Value::signed(compact.revision),
        (Request::LeaseGrant(grant), "asked") => Value::signed(grant.ttl),
        (Request::LeaseRevoke(lease), "id") => Value::Id(lease.id.cast_unsigned()),
        (Request::LeaseKeepAlive(lease), "id") => Value::Id(lease.id.cast_unsigned()),
        (Request::LeaseTimeToLive(lease), "id") => Value::Id(lease.id.cast_unsigned()),
        (Request::MemberAdd(add), "url") => Value::Text(add.peer_urls.join(",")),
        (Request::MemberRemove(member), "id") => Value::Id(member.id),
        (Request::MemberUpdate(member), "id") => Value::Id(member.id),
        (Request::MemberPromote(member), "id") => Value::Id(member.id),
        (Request::MoveLeader(to), "id") => Value::Id(to.target_id),
        _ => return None,
    })
}

/// A field of what the client was told.
fn told_field(response: &Response, name: &str) -> Option<Value> {
    Some(match (response, name) {
        (Response::Range(range), "value") => text(&range.kvs.first()?.value),
        (Response::Range(range), "mod_rev") => Value::signed(range.kvs.first()?.mod_revision),
        (Response::Range(range), "create_rev") => Value::signed(range.kvs.first()?.create_revision),
        (Response::Range(range), "version") => Value::signed(range.kvs.first()?.version),
        (Response::Range(range), "rows") => Value::signed(range.count),
        (Response::DeleteRange(delete), "deleted") => Value::signed(delete.deleted),
        (Response::Txn(txn), "succeeded") => Value::Bool(txn.succeeded),
        (Response::LeaseGrant(lease), "ttl") => Value::signed(lease.ttl),
        (Response::LeaseGrant(lease), "id") => Value::Id(lease.id.cast_unsigned()),
        (Response::LeaseKeepAlive(lease), "ttl") => Value::signed(lease.ttl),
        (Response::LeaseTimeToLive(lease), "ttl") => Value::signed(lease.ttl),
        (Response::MemberList(list), "rows") => Value::number(list.members.len() as u64),
        // Who has not published a name has never run: etcdctl prints such a row as `unstarted`.
        (Response::MemberList(list), "unstarted") => {
            Value::number(list.members.iter().filter(|member| member.name.is_empty()).count() as u64)
        }
        (Response::MemberAdd(add), "id") => Value::Id(add.member.as_ref()?.id),
        (Response::HashKv(hash), "hash") => Value::number(hash.hash.into()),
        _ => return None,
    })
}

/// The keys that a transaction puts or deletes in its first branch.
fn written(txn: &TxnRequest) -> impl Iterator<Item = &[u8]> {
    txn.success.iter().filter_map(|op: &RequestOp| match op.request.as_ref()? {
        request_op::Request::RequestPut(put) => Some(put.key.as_ref()),
        request_op::Request::RequestDeleteRange(delete) => Some(delete.key.as_ref()),
        _ => None,
    })
}

/// Keys as one text, with spaces between them: `compared ~ "acc/a"`.
fn keys<'a>(keys: impl Iterator<Item = &'a [u8]>) -> Value {
    let keys: Vec<_> = keys.map(String::from_utf8_lossy).collect();
    Value::Text(keys.join(" "))
}

fn text(bytes: &[u8]) -> Value {
    Value::Text(String::from_utf8_lossy(bytes).into_owned())
}

/// What happened at a moment that decided, in a few words; nothing when it was no event but a state.
pub(super) fn words(chronicle: &Chronicle, moment: Moment) -> Option<String> {
    let ops = chronicle.ops().iter();
    let op = ops.filter(|op| op.returned == Some(moment)).map(|op| {
        let ended = match &op.status {
            Status::Ok(_) => "ok",
            Status::Err(text) | Status::Unknown(text) => text,
            Status::Open => "open",
        };
        format!("{} at {}: {ended}", crate::view::words::request(&op.request), op.member)
    });
    let facts = chronicle.facts();
    let from = facts.partition_point(|noted| noted.moment < moment);
    let fact = || {
        let at = facts.get(from..).unwrap_or_default().iter();
        at.take_while(|noted| noted.moment == moment).find_map(|noted| fact_words(&noted.fact))
    };
    let mail = || {
        let mail = chronicle.mail();
        let at = mail.partition_point(|mail| mail.moment < moment);
        let mail = mail.get(at).filter(|mail| mail.moment == moment)?;
        Some(format!("{} from {} to {}", mail.info.kind.name(), mail.from, mail.to))
    };
    op.last().or_else(fact).or_else(mail)
}

fn fact_words(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Done(action) => {
            let known =
                PATTERNS.iter().find(|known| is(known.name, fact) && known.name != "fault")?;
            let word = known.name.replace('_', " ");
            match action_member(action) {
                Some(member) => format!("{word} {member}"),
                None => word,
            }
        }
        Fact::Line(line) => line.clone(),
        Fact::PeerRefused { member, from, .. } => {
            format!("{member} turns {from} away: {OTHER_CLUSTER}")
        }
        Fact::Life(member, Life::Up { .. }) => format!("{member} is up"),
        Fact::Life(member, _) => format!("{member} ends"),
        Fact::Standing { member, now, .. } if is("elected", fact) => {
            format!("{member} leads term {}", now.term)
        }
        Fact::Standing { member, now, .. } if is("deposed", fact) => {
            format!("{member} leads no more in term {}", now.term)
        }
        Fact::Standing { member, now, .. } => {
            format!("{member} is {} of term {}", crate::chronicle::role_name(now.role), now.term)
        }
        Fact::Truncated { member, from, .. } => {
            format!("{member} takes back entries from {from} on")
        }
        Fact::Committed { member, index } => format!("{member} knows that {index} is committed"),
        Fact::Compacted { member, first } => format!("the log of {member} begins at {first}"),
        Fact::Installed { member, index } => format!("{member} takes a snapshot up to {index}"),
        Fact::Disk(member, _) => format!("the disk of {member}"),
        Fact::Violated(violation) => format!("{} is violated", violation.property.name()),
        Fact::Watched(watched) => {
            let member = watched.member;
            match &watched.news {
                News::Created { from, .. } => format!("{member} watches from revision {from} on"),
                News::Changed { revision, .. } => format!("{member} tells of revision {revision}"),
                News::Ended { why, .. } => format!("a watch at {member} ends: {why}"),
            }
        }
    })
}

fn action_member(action: &Action) -> Option<MemberNo> {
    match action {
        Action::Kill(member)
        | Action::Stop(member)
        | Action::Restart(member)
        | Action::Join(member)
        | Action::Start { member, .. }
        | Action::Wipe(member)
        | Action::Freeze(member)
        | Action::Thaw(member)
        | Action::Campaign(member)
        | Action::PowerOff { member, .. }
        | Action::SlowDisk { member, .. }
        | Action::ClockRate { member, .. }
        | Action::Rot { member, .. } => Some(*member),
        _ => None,
    }
}

/// The members that a range of numbers means, for names such as `n1`.
pub(super) fn member(name: &str) -> Option<MemberNo> {
    let number = name.strip_prefix('n')?.parse().ok()?;
    MemberNo::from_number(number)
}

/// Nanoseconds of a literal.
pub(super) fn nanos(us: u64) -> Value {
    Value::span(us.saturating_mul(MICROS))
}
