//! English.

use crate::place::MemberNo;
use crate::script::units::spoken;
use crate::view::frame::{Life, Role};
use crate::view::text::{Loss, Say, Touch};

/// "n2, n3, n4": members that act together.
fn list(who: &[MemberNo]) -> String {
    who.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// "n2 and n4", "n1, n2 and n3": members as the subject or object of a sentence.
fn and(who: &[MemberNo]) -> String {
    match who {
        [] => "nobody".to_string(),
        [one] => one.to_string(),
        [head @ .., last] => format!("{} and {last}", list(head)),
    }
}

/// `one` for exactly one, else `many`.
fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// Small numbers are words: "five members".
fn count(n: usize) -> String {
    const WORDS: [&str; 10] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(n).map_or_else(|| n.to_string(), ToString::to_string)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// "Entry 34 is" or "Entries 34 to 36 are".
fn entries(from: u64, to: u64) -> String {
    if from == to { format!("entry {to}") } else { format!("entries {from} to {to}") }
}

/// "put a 1" of the terminal, "A's put a 1" of a named client.
fn call(client: Option<&String>, words: &str) -> String {
    client.map_or_else(|| words.to_string(), |client| format!("{client}'s {words}"))
}

fn groups(groups: &[Vec<MemberNo>]) -> String {
    let parts: Vec<String> = groups.iter().map(|group| and(group)).collect();
    parts.join(" | ")
}

/// The fact as English.
pub(super) fn text(say: &Say) -> String {
    happened(say)
        .or_else(|| by_hand(say))
        .or_else(|| now(say))
        .or_else(|| label(say))
        .unwrap_or_default()
}

/// What members, disks and clients did.
#[expect(clippy::too_many_lines, reason = "one line for each sentence; splitting hides the list")]
fn happened(say: &Say) -> Option<String> {
    Some(match say {
        Say::WorldBegins { members: 1 } => {
            "One member starts. Its log holds its own name alone.".to_string()
        }
        Say::WorldBegins { members } => {
            let members = count(*members);
            format!(
                "{} members start. Their logs hold the list of the {members}.",
                capital(&members)
            )
        }
        Say::Up { who, last: 0, .. } => format!("{who} runs. Its disk is empty."),
        Say::Up { who, last, term } => {
            format!("{who} runs. Its disk holds entry {last} and term {term}.")
        }
        Say::Killed { who } => format!("{who} was killed. What it had written to files stays."),
        Say::Stopping { who } => format!("{who} was told to stop."),
        Say::Stopped { who } => format!("{who} has stopped."),
        Say::PowerFailed { who, lost: None } => {
            format!("{who} lost power. Every entry of its log was on its disk.")
        }
        Say::PowerFailed { who, lost: Some((from, to)) } => format!(
            "{who} lost power. {} {} not on its disk and may be lost there.",
            capital(&entries(*from, *to)),
            if from == to { "was" } else { "were" }
        ),
        Say::Frozen { who } => format!("{who} stands still, and its clock with it."),
        Say::Thawed { who } => format!("{who} goes on. It does not know how long it stood still."),
        Say::Halted { who, why } => format!("{who} stopped by itself: {why}"),
        Say::Refused { who, why } => format!("{who} does not start: {why}"),
        Say::StartsWith { who, flags } => {
            let words: Vec<String> =
                flags.iter().map(|(name, value)| format!("--{name} {value}")).collect();
            format!("{who} is started with {}.", words.join(" "))
        }
        Say::Wiped { who } => format!("The disk of {who} is empty."),
        Say::TurnsAway { who, from, theirs, ours } => {
            format!("{who} turns {from} away: cluster ID mismatch, {theirs} is not its own {ours}.")
        }
        Say::PreCandidate { who, silent_us: Some(us) } => {
            format!("{who} has heard no leader for {}. It asks for pre-votes.", spoken(*us))
        }
        Say::PreCandidate { who, silent_us: None } => format!("{who} asks for pre-votes."),
        Say::Candidate { who, term } => {
            format!("{who} stands for term {term} and votes for itself.")
        }
        Say::SplitVote { who, term, quorum } => format!(
            "{} stood for term {term}. Nobody got {} votes.",
            if who.len() == 2 { format!("{} both", and(who)) } else { and(who) },
            count(*quorum)
        ),
        Say::Votes { who, candidate, pre: true, .. } => {
            format!("{who} would vote for {candidate}.")
        }
        Say::Votes { who, candidate, term, .. } => {
            format!("{who} votes for {candidate} in term {term}.")
        }
        Say::RefusesVote { who, candidate, pre: true, .. } => {
            format!("{who} would not vote for {candidate}.")
        }
        Say::RefusesVote { who, candidate, term, .. } => {
            format!("{who} refuses {candidate} its vote in term {term}.")
        }
        Say::Leads { who, term, votes } => {
            format!("{who} leads term {term} with the votes of {}.", list(votes))
        }
        Say::Follows { who, leader, term } => format!("{who} follows {leader} in term {term}."),
        Say::Deposed { who, term } => format!("{who} hears of term {term} and leads no longer."),
        Say::LostQuorum { who, term } => {
            format!("{who} has not heard a majority and gives up leading term {term}.")
        }
        Say::GivesUp { who } => format!("{who} gives up its election."),
        Say::Committed { from, to, on_disk } => format!(
            "{} {} committed: {} {} on disk.",
            capital(&entries(*from, *to)),
            if from == to { "is" } else { "are" },
            list(on_disk),
            match (on_disk.len(), from == to) {
                (1, true) => "has it",
                (1, false) => "has them",
                (_, true) => "hold it",
                (_, false) => "hold them",
            }
        ),
        Say::SendsEntries { who, to, first, last } => {
            format!("{who} sends {} to {to}.", entries(*first, *last))
        }
        Say::SendsHeartbeats { who, to: 1 } => format!("{who} sends a heartbeat."),
        Say::SendsHeartbeats { who, to } => {
            format!("{who} sends a heartbeat to {} members.", count(*to))
        }
        Say::HasEntry { who, index } => format!("{who} has entry {index} on disk and says so."),
        Say::RefusesEntries { who, index } => {
            format!("{who} lacks what comes before and has entries up to {index}.")
        }
        Say::SendsSnapshot { who, to, index } => {
            format!("{who} sends {to} a snapshot up to entry {index}.")
        }
        Say::InstallsSnapshot { who, index } => {
            format!("{who} takes a snapshot up to entry {index} in place of its log.")
        }
        Say::CompactsLog { who, first } => {
            format!(
                "{who} drops its log before entry {first}. Its store holds what those entries did."
            )
        }
        Say::AsksReadIndex { who, leader } => {
            format!("{who} asks {leader} for the commit index before it answers a read.")
        }
        Say::HandsOn { who, leader } => format!("{who} hands a write on to {leader}."),
        Say::AsksForClient { who, leader } => format!("{who} asks {leader} for its client."),
        Say::HandsOver { who, to } => {
            format!("{who} hands leadership over: it tells {to} to campaign now.")
        }
        Say::LosesMessage { what, answer, from, to, why } => lost(what, *answer, *from, *to, *why),
        Say::SyncBegins { who, takes_us } => {
            format!("{who} waits {} for its disk.", spoken(*takes_us))
        }
        Say::DiskFails { who, reason } => format!("{who}'s disk failed: {reason}"),
        Say::Rots { who, place } => format!("A bit of {who}'s disk flipped, in {place}."),
        Say::CallArrives { client, words, at } => {
            format!("{} reached {at}.", call(client.as_ref(), words))
        }
        Say::CallAnswered { client, words, at, error: None, took_us } => {
            format!("{at} answered {} after {}.", call(client.as_ref(), words), spoken(*took_us))
        }
        Say::CallAnswered { client, words, at, error: Some(error), took_us } => {
            format!(
                "{at} answered {} after {}: {error}.",
                call(client.as_ref(), words),
                spoken(*took_us)
            )
        }
        Say::CallUnheard { client, words, at, write } => {
            let call = call(client.as_ref(), words);
            format!(
                "{call} found nobody listening at {at}.{}",
                if *write { " It has no effect." } else { "" }
            )
        }
        Say::CallBroken { client, words, at, write } => {
            let call = call(client.as_ref(), words);
            let effect = if *write { " Nobody knows whether it takes effect." } else { "" };
            format!("The connection to {at} broke before {call} was answered.{effect}")
        }
        Say::CallTimedOut { client, words, at, took_us, write } => {
            let call = call(client.as_ref(), words);
            let effect = if *write { " It may still take effect." } else { "" };
            format!("{call} got no answer from {at} in {}.{effect}", spoken(*took_us))
        }
        Say::ClientFrozen { client, frozen: true } => format!("Client {client} stands still."),
        Say::ClientFrozen { client, frozen: false } => format!("Client {client} goes on."),
        Say::Violated { property, known, seen, promise } => {
            format!("{} is broken: {known}, but {seen}. {promise}", capital(property))
        }
        Say::ViolatedTitle { property } => format!("{} is broken", capital(property)),
        _ => return None,
    })
}

fn answer_to(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("answer to {article} {what}")
}

fn lost(what: &str, answer: bool, from: MemberNo, to: MemberNo, why: Loss) -> String {
    let what = if answer { answer_to(what) } else { what.to_string() };
    let why = match why {
        Loss::Chance => "was lost on the way".to_string(),
        Loss::Cut => "ended at the cut".to_string(),
        Loss::Down => format!("found {to} not running"),
        Loss::Hand => "was taken out".to_string(),
    };
    format!("The {what} from {from} to {to} {why}.")
}

/// What a user, a script or a schedule did.
fn by_hand(say: &Say) -> Option<String> {
    Some(match say {
        Say::Parted { groups: parts } => format!("The network is cut: {}.", groups(parts)),
        Say::Mended { groups: parts } => {
            format!("The links between {} are whole again.", groups(parts))
        }
        Say::Healed => "All links are whole.".to_string(),
        Say::LinkCut { from, to } => format!("Nothing gets from {from} to {to}."),
        Say::LinkHealed { from, to } => format!("The link from {from} to {to} is whole."),
        Say::LinkSlow { from, to, delay_us: Some(us) } => {
            format!("Messages from {from} to {to} take {}.", spoken(*us))
        }
        Say::LinkSlow { from, to, delay_us: None } => {
            format!("Messages from {from} to {to} are as fast as usual.")
        }
        Say::LinkLossy { from, to, percent: 0 } => {
            format!("Messages from {from} to {to} arrive again.")
        }
        Say::LinkLossy { from, to, percent } => {
            format!("Of the messages from {from} to {to}, {percent} % are lost.")
        }
        Say::MessageTouched { id, how: Touch::Dropped } => format!("Message {id} was taken out."),
        Say::MessageTouched { id, how: Touch::Delayed(us) } => {
            format!("Message {id} is held back for {}.", spoken(*us))
        }
        Say::MessageTouched { id, how: Touch::Hastened(us) } => {
            format!("Message {id} arrives {} earlier.", spoken(*us))
        }
        Say::MessageTouched { id, how: Touch::Doubled } => format!("Message {id} is sent twice."),
        Say::DiskSlow { who, fsync_us: Some(us) } => {
            format!("An fsync of {who} takes {}.", spoken(*us))
        }
        Say::DiskSlow { who, fsync_us: None } => format!("{who}'s disk is as fast as usual."),
        Say::DiskFull { who, full: true } => format!("{who}'s disk is full."),
        Say::DiskFull { who, full: false } => format!("{who}'s disk has space again."),
        Say::DiskBroken { who, operation, failing: true } => {
            format!("{who}'s disk fails at every {operation}.")
        }
        Say::DiskBroken { who, operation, failing: false } => {
            format!("{who}'s disk does every {operation} again.")
        }
        Say::DiskLies { who, lying: true } => {
            format!("{who}'s disk calls bytes durable that it would lose.")
        }
        Say::DiskLies { who, lying: false } => format!("{who}'s disk is honest again."),
        Say::ClockRate { who, thousandths: 1000 } => format!("{who}'s clock keeps true time."),
        Say::ClockRate { who, thousandths } => {
            let rate = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            let rate = rate.trim_end_matches('0').trim_end_matches('.');
            format!("{who}'s clock runs {rate} times as fast as true time.")
        }
        Say::Campaigns { who } => format!("{who}'s election timer fires by hand."),
        Say::TimersAligned => "All members tick at the same moment.".to_string(),
        Say::RuleSet { name, on } => {
            let state = if *on { "on" } else { "off" };
            format!("The rule {name} is {state} for every member from its next start.")
        }
        Say::Planted { code, who, planted } => {
            let who = if who.is_empty() { String::from("every member") } else { and(who) };
            let does = if *planted { "is planted in" } else { "is taken out of" };
            format!("{code} {does} {who}.")
        }
        Say::Marked { name } => format!("This moment is called {name}."),
        _ => return None,
    })
}

/// The sentence of the moment.
fn now(say: &Say) -> Option<String> {
    let be = |who: &[MemberNo]| format!("{} {}", and(who), plural(who.len(), "is", "are"));
    Some(match say {
        Say::NowLeads { who, term, all: true, .. } => {
            format!("{who} leads term {term}. Everyone follows.")
        }
        Say::NowLeads { who, term, with, .. } if with.is_empty() => {
            format!("{who} leads term {term}, alone.")
        }
        Say::NowLeads { who, term, with, .. } => {
            format!("{who} leads term {term} with {}.", and(with))
        }
        Say::NowBelieves { who, term, cut: true } => {
            format!("{who} is cut off and still believes that it leads term {term}.")
        }
        Say::NowBelieves { who, term, cut: false } => {
            format!("{who} still believes that it leads term {term}.")
        }
        Say::NowFrozenLeader { who, term } => {
            format!("{who}, the leader of term {term}, stands still.")
        }
        Say::NowDown { who } => format!("{} down.", be(who)),
        Say::NowFrozen { who } => {
            format!("{} {} still.", and(who), plural(who.len(), "stands", "stand"))
        }
        Say::NowCluster { id, who } => format!("Cluster {id} is on {}.", and(who)),
        Say::NowHalted { who } => {
            format!("{} stopped by {}.", and(who), plural(who.len(), "itself", "themselves"))
        }
        Say::NowPreVote { who } => {
            format!(
                "Nobody leads. {} {} for pre-votes.",
                and(who),
                plural(who.len(), "asks", "ask")
            )
        }
        Say::NowElection { who, term } => {
            format!(
                "Nobody leads. {} {} for term {term}.",
                and(who),
                plural(who.len(), "stands", "stand")
            )
        }
        Say::NowWaits { first, in_ms } => {
            format!(
                "Nobody leads. {first} calls an election in {}, unless it hears a leader.",
                spoken(in_ms * 1000)
            )
        }
        Say::NowStuck { connected, members, quorum } => format!(
            "Nobody can lead: {connected} of {members} {} up and connected; {quorum} are needed.",
            plural(*connected, "is", "are")
        ),
        Say::NowNobody => "No member runs.".to_string(),
        _ => return waits(say),
    })
}

/// The second line of the sentence, and the text alternative.
fn waits(say: &Say) -> Option<String> {
    Some(match say {
        Say::WaitsForDisks { index, words, on, quorum } => format!(
            "{words} waits: entry {index} is on {on} {} of the {quorum} it needs.",
            plural(*on, "disk", "disks")
        ),
        Say::WaitsForAnswer { client, words, at, since_us } => {
            format!(
                "{} waits for {at}'s answer for {}.",
                call(client.as_ref(), words),
                spoken(*since_us)
            )
        }
        Say::WaitsForFsync { who, since_us } => {
            format!("{who} waits for its disk for {}.", spoken(*since_us))
        }
        Say::Behind { who, entries } => {
            format!(
                "{} {} {entries} {} behind.",
                and(who),
                if who.len() == 1 { "is" } else { "are" },
                if *entries == 1 { "entry" } else { "entries" }
            )
        }
        Say::AltCount { members } => {
            format!("{} {}.", capital(&count(*members)), plural(*members, "member", "members"))
        }
        Say::AltCut { groups: parts, for_us } => {
            format!("The network is cut for {}: {}.", spoken(*for_us), groups(parts))
        }
        Say::AltFlight { messages, more: 0 } => format!("In flight: {}.", messages.join("; ")),
        Say::AltFlight { messages, more } => {
            format!("In flight: {}; and {more} more.", messages.join("; "))
        }
        Say::AltMessage { what, answer, entry, from, to } => {
            let entry = entry.map(|index| format!(" {index}")).unwrap_or_default();
            let kind = if *answer { answer_to(what) } else { format!("{what}{entry}") };
            format!("{kind} from {from} to {to}")
        }
        _ => return None,
    })
}

fn role_of(role: Role, term: u64) -> String {
    match role {
        Role::Leader => format!("leader of term {term}"),
        Role::Follower => "follower".to_string(),
        Role::PreCandidate => "asks for pre-votes".to_string(),
        Role::Candidate => format!("candidate for term {term}"),
        Role::Learner => "learner".to_string(),
    }
}

fn life_of(life: Life) -> &'static str {
    match life {
        Life::Up => "up",
        Life::Starting => "starting",
        Life::Stopping => "stopping",
        Life::Down => "down",
        Life::Frozen => "frozen",
        Life::Halted => "halted",
    }
}

/// What stands beside a member.
fn label(say: &Say) -> Option<String> {
    Some(match say {
        Say::LabelRole { role, life: Life::Up, term, .. } => role_of(*role, *term),
        Say::LabelRole { role, life: Life::Frozen, term, .. } => {
            format!("frozen {}", role_of(*role, *term))
        }
        Say::LabelRole { life, since_us, .. } => {
            format!("{} {}", life_of(*life), spoken(*since_us))
        }
        Say::LabelLog { commit, last } => format!("commit {commit} of {last}"),
        Say::Spoken { who, role, life: Life::Up, term, durable, last } => {
            format!("{who}, {}, on disk to {durable} of {last}", role_of(*role, *term))
        }
        Say::Spoken { who, life, durable, last, .. } => {
            format!("{who}, {}, on disk to {durable} of {last}", life_of(*life))
        }
        _ => return None,
    })
}
