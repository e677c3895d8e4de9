//! A line becomes a [`Command`].
//!
//! An error is one sentence that says what to type instead. The parser only knows the language;
//! whether n9 exists is found out when the line runs.

use super::command::{Command, Condition, Direction, DiskFault, Etcdctl, Who};
use super::units::{duration_us, percent, quoted, rate_thousandths};
use super::vocabulary::{self, CONDITIONS, ETCDCTL, ETCDCTL_WORDS, WORLD};
use super::words::{self, Words};
use super::{ParseError, curl, docker, flags, message, siege, typed};
use crate::mutant::Mutant;

type Result<T> = std::result::Result<T, ParseError>;

/// Highest member number that a line may name; a world has far fewer.
pub const ALIAS_MAX: u32 = 99;

/// Most writes in a second that `load` takes.
pub const LOAD_MAX: u32 = 100_000;

/// Longest answer of a student, in bytes: a sentence or two.
pub const ANSWER_BYTES_MAX: usize = 400;

/// How long `until` waits when the line does not say.
pub const UNTIL_US: u64 = 60_000_000;

/// Reads one line.
///
/// # Errors
/// One sentence that says what to do.
pub fn parse(line: &str) -> Result<Command> {
    if let Some(typed) = typed::parse(line) {
        return Ok(Command::Type(typed));
    }
    let words = words::split(line)?;
    command(words, 0)
}

/// Reads a line that is cut already. `depth` counts the shells around it (`sh -c "..."`).
pub(super) fn command(mut words: Words, depth: u32) -> Result<Command> {
    docker::strip_prompt(&mut words);
    let Some(first) = words.words.first().map(|word| word.to_lowercase()) else {
        return Ok(Command::Nothing);
    };
    if first == "docker" || first == "sh" || first.ends_with("/sh") {
        return docker::command(words, depth);
    }
    if first == "etcdctl" || first.ends_with("/etcdctl") {
        words.words.remove(0);
        return Ok(etcdctl(None, words));
    }
    if ETCDCTL_WORDS.contains(&first.as_str()) || first.starts_with('-') {
        return Ok(etcdctl(None, words));
    }
    if first == "client" {
        return client(words, depth);
    }
    if words.stdin.is_some() {
        return Err(ParseError::new(format!(
            "{} reads no input. Only etcdctl's commands do.",
            quoted(&first)
        )));
    }
    let Words { words, .. } = words;
    let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    world(&first, &rest)
}

fn etcdctl(client: Option<String>, Words { words: args, stdin }: Words) -> Command {
    Command::Etcdctl(Etcdctl { client, at: None, args, stdin })
}

fn client(mut words: Words, depth: u32) -> Result<Command> {
    let usage = || usage("client");
    if words.words.len() < 3 {
        return Err(usage());
    }
    let name = name(&words.words[1], "client")?;
    words.words.drain(..2);
    match command(words, depth)? {
        Command::Etcdctl(mut call) if call.client.is_none() => {
            call.client = Some(name);
            Ok(Command::Etcdctl(call))
        }
        _ => Err(ParseError::new(
            "A client speaks etcdctl only. Write it like client A put color red.".to_string(),
        )),
    }
}

fn world(first: &str, rest: &[&str]) -> Result<Command> {
    let first = vocabulary::meant(first);
    if !vocabulary::begins(first) {
        return Err(unknown(first));
    }
    match first {
        "kill" => Ok(Command::Kill(members(rest, "kill")?)),
        "stop" => Ok(Command::Stop(members(rest, "stop")?)),
        "restart" | "start" if flags::are_in(rest) => flags::parse(rest),
        "restart" | "start" => Ok(Command::Restart(members(rest, "restart")?)),
        "wipe" => Ok(Command::Wipe(members(rest, "wipe")?)),
        "freeze" | "thaw" => freeze(first, rest),
        "power" => power(rest),
        "partition" => partition(rest),
        "heal" => heal(rest),
        "rough" => {
            let (link, more) = direction(rest, "rough")?;
            siege::rough(link, &more)
        }
        "ground" => siege::ground(rest),
        "traffic" => siege::traffic(rest),
        "settle" => siege::settle(rest),
        "interrupt" => nothing_more(rest, Command::Interrupt, "interrupt"),
        "drop" if rest.first() != Some(&"message") => drop_messages(rest),
        "drop" | "delay" | "hasten" | "double" => message::parse(first, rest),
        "slow" => slow(rest),
        "full" => full(rest),
        "break" => break_disk(rest),
        "rot" => rot(rest),
        "clock" => clock(rest),
        "campaign" => Ok(Command::Campaign(one(rest, "campaign")?)),
        "align" if rest == ["timers"] => Ok(Command::AlignTimers),
        "align" => Err(usage("align timers")),
        "rule" => match rest {
            [name, value] => {
                Ok(Command::Rule { name: name.to_lowercase(), value: value.to_lowercase() })
            }
            _ => Err(usage("rule")),
        },
        "plant" | "unplant" => plant(first, rest),
        "load" => load(rest),
        "hunt" => match rest {
            [time] => hunt(time),
            _ => Err(usage("hunt")),
        },
        "run" => match rest {
            [time] => Ok(Command::Run(duration_us(time)?)),
            _ => Err(usage("run")),
        },
        "until" => until(rest),
        "mark" => match rest {
            [word] => Ok(Command::Mark(name(word, "mark")?)),
            _ => Err(usage("mark")),
        },
        "answer" => said(first, rest).map(|(name, text)| Command::Answer { name, text }),
        "predict" => said(first, rest).map(|(name, text)| Command::Predict { name, text }),
        "hint" => match rest {
            [goal] => Ok(Command::Hint { goal: name(goal, "goal")?, number: 1 }),
            [goal, number] => match number.parse().ok().filter(|n| (1..=9).contains(n)) {
                Some(number) => Ok(Command::Hint { goal: name(goal, "goal")?, number }),
                None => Err(usage("hint")),
            },
            _ => Err(usage("hint")),
        },
        "curl" => curl::parse(rest),
        "status" => nothing_more(rest, Command::Status, "status"),
        "members" => nothing_more(rest, Command::Members, "members"),
        "help" => Ok(Command::Help((!rest.is_empty()).then(|| rest.join(" ").to_lowercase()))),
        other => Err(unknown(other)),
    }
}

fn unknown(word: &str) -> ParseError {
    let firsts =
        WORLD.iter().chain(ETCDCTL).map(|entry| entry.words.split(' ').next().unwrap_or(""));
    match vocabulary::nearest(word, firsts.chain(["etcdctl", "docker"])) {
        Some(near) => {
            ParseError::new(format!("There is no command {}. Did you mean {near}?", quoted(word)))
        }
        None => ParseError::new(format!(
            "There is no command {}. Type help for the list.",
            quoted(word)
        )),
    }
}

fn usage(words: &str) -> ParseError {
    let usage = vocabulary::find(words).map_or(words, |entry| entry.usage);
    ParseError::new(format!("Write it like {usage}."))
}

fn nothing_more(rest: &[&str], command: Command, words: &str) -> Result<Command> {
    if rest.is_empty() { Ok(command) } else { Err(usage(words)) }
}

/// A name for a client or a moment.
fn name(word: &str, what: &str) -> Result<String> {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if word.is_empty() || word.chars().count() > 40 || !word.chars().all(plain) {
        return Err(ParseError::new(format!(
            "{} is no name for a {what}. Use letters, digits, - and _, at most 40.",
            quoted(word)
        )));
    }
    Ok(word.to_string())
}

/// A question's name and the text behind it.
fn said(word: &str, rest: &[&str]) -> Result<(String, String)> {
    let [question, text @ ..] = rest else { return Err(usage(word)) };
    let text = text.join(" ");
    if text.is_empty() || text.len() > ANSWER_BYTES_MAX {
        return Err(usage(word));
    }
    Ok((name(question, "question")?, text))
}

/// One member of any kind; whether the kind fits is the caller's question.
pub(super) fn who(word: &str) -> Result<Who> {
    let wrong = || {
        ParseError::new(format!(
            "{} is no member. Write n1, n2, ... or leader or follower.",
            quoted(word)
        ))
    };
    match word.to_lowercase().as_str() {
        "leader" => return Ok(Who::Leader),
        "follower" => return Ok(Who::Follower),
        "followers" => return Ok(Who::Followers),
        "all" | "everyone" => return Ok(Who::All),
        "rest" => return Ok(Who::Rest),
        _ => {}
    }
    if let Some(digits) = word.strip_prefix(['n', 'N'])
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        let number = digits.parse().ok().filter(|n| (1..=ALIAS_MAX).contains(n));
        return Ok(Who::Alias(number.ok_or_else(wrong)?));
    }
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let begins = word.chars().next().is_some_and(char::is_alphabetic);
    if !begins || word.chars().count() > 60 || !word.chars().all(plain) {
        return Err(wrong());
    }
    Ok(Who::Name(word.to_string()))
}

/// One or more members; commas are as good as spaces.
fn members(words: &[&str], command: &str) -> Result<Vec<Who>> {
    let mut list = Vec::new();
    for word in words.iter().flat_map(|word| word.split(',')).filter(|word| !word.is_empty()) {
        let who = who(word)?;
        if who == Who::Rest {
            return Err(ParseError::new(format!(
                "rest has a meaning only in partition. Name the members, or write {command} all."
            )));
        }
        if !list.contains(&who) {
            list.push(who);
        }
    }
    if list.is_empty() { Err(usage(command)) } else { Ok(list) }
}

/// Exactly one member.
fn one(words: &[&str], command: &str) -> Result<Who> {
    let [word] = words else { return Err(usage(command)) };
    single(who(word)?)
}

fn single(who: Who) -> Result<Who> {
    match who {
        Who::All | Who::Rest | Who::Followers => Err(ParseError::new(format!(
            "Name one member here, not {who}: n1, n2, ... or leader or follower."
        ))),
        one => Ok(one),
    }
}

fn freeze(first: &str, rest: &[&str]) -> Result<Command> {
    let freeze = first == "freeze";
    if let ["client", client] = rest {
        let client = name(client, "client")?;
        return Ok(if freeze {
            Command::FreezeClient(client)
        } else {
            Command::ThawClient(client)
        });
    }
    let list = members(rest, first)?;
    Ok(if freeze { Command::Freeze(list) } else { Command::Thaw(list) })
}

fn power(rest: &[&str]) -> Result<Command> {
    match rest {
        ["off", list @ .., "torn"] if !list.is_empty() => {
            Ok(Command::PowerOff { members: members(list, "power off")?, torn: true })
        }
        ["off", list @ ..] if !list.is_empty() => {
            Ok(Command::PowerOff { members: members(list, "power off")?, torn: false })
        }
        ["on", list @ ..] if !list.is_empty() => Ok(Command::Restart(members(list, "restart")?)),
        _ => Err(usage("power off")),
    }
}

fn partition(rest: &[&str]) -> Result<Command> {
    let text = rest.join(" ");
    let mut groups = Vec::new();
    let mut seen = Vec::new();
    for part in text.split('|') {
        let mut group = Vec::new();
        for word in part.split([' ', ',']).filter(|word| !word.is_empty()) {
            let who = who(word)?;
            if seen.contains(&who) {
                return Err(ParseError::new(format!("{who} can be in one group only.")));
            }
            seen.push(who.clone());
            group.push(who);
        }
        if !group.is_empty() {
            groups.push(group);
        }
    }
    match groups.len() {
        0 => Err(usage("partition")),
        // One group is parted from everyone else.
        1 if !seen.contains(&Who::All) && !seen.contains(&Who::Rest) => {
            groups.push(vec![Who::Rest]);
            Ok(Command::Partition(groups))
        }
        1 => Err(usage("partition")),
        _ => Ok(Command::Partition(groups)),
    }
}

/// Everything, the links between groups, or one link.
fn heal(rest: &[&str]) -> Result<Command> {
    if rest.is_empty() {
        return Ok(Command::Heal);
    }
    if rest.iter().any(|word| word.contains("->")) {
        let (link, more) = direction(rest, "heal")?;
        return nothing_more(&more, Command::HealLink(link), "heal");
    }
    match partition(rest)? {
        Command::Partition(groups) => Ok(Command::Mend(groups)),
        other => Ok(other),
    }
}

/// Reads `n1->n2` or `n1 <-> n2` and gives what stands behind it.
fn direction<'a>(rest: &'a [&'a str], command: &str) -> Result<(Direction, Vec<&'a str>)> {
    // The arrow may stand alone or touch its members: look at the first three words only.
    let mut taken = 0;
    let mut text = String::new();
    for word in rest {
        text.push_str(word);
        taken += 1;
        let ends = !text.ends_with('>') && !text.ends_with('-');
        if text.contains("->") && ends || taken == 3 {
            break;
        }
    }
    let Some((from, to)) = text.split_once("->") else { return Err(usage(command)) };
    let (from, both) = match from.strip_suffix('<') {
        Some(from) => (from, true),
        None => (from, false),
    };
    if from.is_empty() || to.is_empty() {
        return Err(usage(command));
    }
    let end = |word: &str| match who(word)? {
        Who::Rest => single(Who::Rest),
        other => Ok(other),
    };
    let link = Direction { from: end(from)?, to: end(to)?, both };
    if link.from == link.to && link.from != Who::All && link.from != Who::Followers {
        return Err(ParseError::new(format!(
            "{} needs no link to itself. Name two members.",
            link.from
        )));
    }
    Ok((link, rest[taken..].to_vec()))
}

fn drop_messages(rest: &[&str]) -> Result<Command> {
    let (link, more) = direction(rest, "drop")?;
    match more.as_slice() {
        [] => Ok(Command::Drop { link, percent: 100 }),
        [share] => match percent(share) {
            Some(percent) => Ok(Command::Drop { link, percent }),
            None => Err(ParseError::new(format!(
                "{} is no share. Write it like 30%, from 0% to 100%.",
                quoted(share)
            ))),
        },
        _ => Err(usage("drop")),
    }
}

fn slow(rest: &[&str]) -> Result<Command> {
    match rest {
        ["link", rest @ ..] => {
            let (link, more) = direction(rest, "slow link")?;
            match more.as_slice() {
                [time] if off(time) => Ok(Command::SlowLink { link, delay_us: 0 }),
                [time] => Ok(Command::SlowLink { link, delay_us: duration_us(time)? }),
                _ => Err(usage("slow link")),
            }
        }
        ["disk", list @ .., time] if !list.is_empty() => {
            let fsync = if off(time) { None } else { Some(duration_us(time)?) };
            Ok(Command::Disk {
                members: members(list, "slow disk")?,
                fault: DiskFault::Fsync(fsync),
            })
        }
        _ => Err(usage("slow disk")),
    }
}

fn off(word: &str) -> bool {
    matches!(word, "off" | "normal")
}

fn full(rest: &[&str]) -> Result<Command> {
    match rest {
        ["disk", list @ .., "off"] if !list.is_empty() => Ok(Command::Disk {
            members: members(list, "full disk")?,
            fault: DiskFault::Full(false),
        }),
        ["disk", list @ ..] if !list.is_empty() => {
            Ok(Command::Disk { members: members(list, "full disk")?, fault: DiskFault::Full(true) })
        }
        _ => Err(usage("full disk")),
    }
}

fn break_disk(rest: &[&str]) -> Result<Command> {
    let (rest, broken) = match rest {
        [rest @ .., "off"] => (rest, false),
        rest => (rest, true),
    };
    let fault = match rest {
        ["disk", _, .., "reads"] => DiskFault::Reads(broken),
        ["disk", _, .., "writes"] => DiskFault::Writes(broken),
        ["disk", _, .., "syncs"] => DiskFault::Syncs(broken),
        _ => return Err(usage("break disk")),
    };
    Ok(Command::Disk { members: members(&rest[1..rest.len() - 1], "break disk")?, fault })
}

fn rot(rest: &[&str]) -> Result<Command> {
    match rest {
        [member, "wal", entry] => {
            Ok(Command::Rot { member: single(who(member)?)?, entry: number(entry)? })
        }
        _ => Err(usage("rot")),
    }
}

fn number(word: &str) -> Result<u64> {
    word.parse().map_err(|_| {
        ParseError::new(format!("{} is no whole number. Write it like 42.", quoted(word)))
    })
}

fn clock(rest: &[&str]) -> Result<Command> {
    match rest {
        [list @ .., rate] if !list.is_empty() => Ok(Command::Clock {
            members: members(list, "clock")?,
            rate_thousandths: rate_thousandths(rate)?,
        }),
        _ => Err(usage("clock")),
    }
}

fn plant(first: &str, rest: &[&str]) -> Result<Command> {
    let [code, list @ ..] = rest else { return Err(usage(first)) };
    let mutant = Mutant::from_name(code).ok_or_else(|| {
        let codes: Vec<&str> = Mutant::all().map(Mutant::code).collect();
        let codes = codes.join(", ");
        ParseError::new(format!("There is no {}. Write one of {codes}.", quoted(code)))
    })?;
    let members = if list.is_empty() { Vec::new() } else { members(list, first)? };
    Ok(Command::Plant { mutant, members, planted: first == "plant" })
}

fn load(rest: &[&str]) -> Result<Command> {
    let (rest, at) = match rest {
        [rest @ .., "at", member] => (rest, Some(single(who(member)?)?)),
        rest => (rest, None),
    };
    let (rate, for_us) = match rest {
        ["off" | "stop"] => return Ok(Command::LoadOff),
        [rate, "put/s" | "puts/s"] => (rate, None),
        [rate, "put/s" | "puts/s", "for", time] => (rate, Some(duration_us(time)?)),
        _ => return Err(usage("load")),
    };
    let puts_per_second =
        rate.parse().ok().filter(|n| (1..=LOAD_MAX).contains(n)).ok_or_else(|| {
            ParseError::new(format!(
                "{} is no rate. Write a whole number from 1 to {LOAD_MAX}, like load 20 put/s.",
                quoted(rate)
            ))
        })?;
    Ok(Command::Load { puts_per_second, for_us, at })
}

fn hunt(time: &str) -> Result<Command> {
    let seconds = duration_us(time)? / 1_000_000;
    if (1..=100_000).contains(&seconds) {
        return Ok(Command::Hunt(seconds));
    }
    let time = quoted(time);
    Err(ParseError::new(format!("{time} is no length of a hunt. Write it like hunt 60s.")))
}

fn until(rest: &[&str]) -> Result<Command> {
    let (rest, within_us) = match rest {
        [rest @ .., "within", time] => (rest, duration_us(time)?),
        rest => (rest, UNTIL_US),
    };
    let condition = match rest {
        ["leader"] => Condition::Leader,
        ["new", "leader"] => Condition::NewLeader,
        ["no", "leader"] => Condition::NoLeader,
        ["level"] => Condition::Level,
        ["violation"] => Condition::Violation,
        ["term", term] => Condition::Term(number(term)?),
        ["commit", index] => Condition::Commit(None, number(index)?),
        [member, "leads"] => Condition::Leads(single(who(member)?)?),
        [member, "up"] => Condition::Up(single(who(member)?)?),
        [member, "down"] => Condition::Down(single(who(member)?)?),
        [member, "commit", index] => Condition::Commit(Some(single(who(member)?)?), number(index)?),
        [member, "applied", index] => Condition::Applied(single(who(member)?)?, number(index)?),
        _ => {
            let list: Vec<&str> = CONDITIONS.iter().map(|entry| entry.words).collect();
            return Err(ParseError::new(format!(
                "until waits for one of: {}. Write it like until leader within 10s.",
                list.join(", ")
            )));
        }
    };
    Ok(Command::Until { condition, within_us })
}
