//! The feed: what happened, event by event, in plain words.
//!
//! The [`Narrator`] reads the record and remembers just enough to say *why*: when a member last
//! heard a leader, whose votes a candidate has, which entries each follower called durable. It
//! never looks at a node, so the same record always gives the same feed.

mod by_hand;
mod feed;

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_core::id::{CallId, ClusterId};
use glasshouse_core::node::Role;
use glasshouse_core::order;
use glasshouse_core::peer::{MessageInfo, MessageKind};

use self::feed::{Feed, Look};
use super::frame::{self, Icon, Level};
use super::text::{Loss, Say};
use super::words;
use crate::clock::{MICROS, MILLIS, Nanos};
use crate::place::{ClientNo, MemberNo, Place};
use crate::trace::{CallEnd, Carried, DiskStep, DropReason, Event, Life, Standing, What};
use crate::world::Action;

/// Who a client is, for the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The terminal.
    You,
    /// A client with a name.
    Named(String),
    /// One of a background load; the feed tells of it only with the messages.
    Background,
}

/// Turns the record into the feed.
#[derive(Debug, Default)]
pub struct Narrator {
    quorum: usize,
    speakers: BTreeMap<ClientNo, Speaker>,
    /// Starts with the world itself: its first sentence tells of them.
    opening: BTreeSet<MemberNo>,
    heard: BTreeMap<MemberNo, Nanos>,
    standing: BTreeMap<MemberNo, Standing>,
    votes: BTreeMap<MemberNo, (u64, BTreeSet<MemberNo>)>,
    candidates: BTreeMap<u64, BTreeSet<MemberNo>>,
    has: BTreeMap<MemberNo, (u64, u64)>,
    /// The last committed entry that was said, of each cluster.
    committed: BTreeMap<ClusterId, u64>,
    /// How many first members the world has: their entries are committed from the beginning.
    first: u64,
    clusters: BTreeMap<MemberNo, ClusterId>,
    /// Commits that are not said yet, so that a busy leader does not fill the feed.
    commits: Option<Commits>,
    said_commit: Nanos,
    calls: BTreeMap<CallId, Call>,
    losses: BTreeMap<MemberNo, Option<(u64, u64)>>,
    /// Who turned whom away, last: the clusters of both.
    turned_away: BTreeMap<(MemberNo, MemberNo), (ClusterId, ClusterId)>,
    beat: Option<Beat>,
    feed: Feed,
}

#[derive(Debug)]
struct Call {
    client: ClientNo,
    member: MemberNo,
    words: String,
    write: bool,
    began_at: Nanos,
}

/// After a commit was said, the next ones are said together, no sooner than this.
const COMMITS_TOGETHER: Nanos = 200 * MILLIS;

/// Commits of one leader that are said together.
#[derive(Debug)]
struct Commits {
    at: Nanos,
    cluster: ClusterId,
    who: MemberNo,
    term: u64,
    from: u64,
    to: u64,
    on_disk: Vec<MemberNo>,
}

/// The last event of the feed, if it is a heartbeat.
#[derive(Clone, Copy, Debug)]
struct Beat {
    who: MemberNo,
    at: Nanos,
    to: usize,
    seq: u64,
}

/// How what a hand did looks.
const BY_HAND: Look = Look { icon: Icon::Dial, term: 0, member: None, level: Level::Change };

impl Narrator {
    /// A narrator for a world of so many members, which begins with its first sentence.
    #[must_use]
    pub fn new(members: usize) -> Self {
        let mut narrator =
            Self { quorum: members / 2 + 1, first: members as u64, ..Self::default() };
        narrator.say(0, Look { icon: Icon::None, ..BY_HAND }, &Say::WorldBegins { members });
        narrator
    }

    /// Tells who a client is; clients that were not introduced are a background load.
    pub fn introduce(&mut self, client: ClientNo, speaker: Speaker) {
        self.speakers.insert(client, speaker);
    }

    /// The next power failure of `who` finds these entries of its log not durable.
    pub fn will_lose(&mut self, who: MemberNo, entries: Option<(u64, u64)>) {
        self.losses.insert(who, entries);
    }

    /// Events of the feed from `seq` on, the newest [`frame::EVENTS_MAX`], in order.
    #[must_use]
    pub fn feed(&self, seq: u64, messages_too: bool) -> Vec<frame::Event> {
        self.feed.since(seq, messages_too)
    }

    /// Events so far that are more than a message.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.feed.changes_said
    }

    /// The present moment gets a name.
    pub fn mark(&mut self, at: Nanos, name: &str) {
        self.say(at, BY_HAND, &Say::Marked { name: name.to_string() });
    }

    /// Adds a line to the feed and gives its number.
    fn say(&mut self, at: Nanos, look: Look, say: &Say) -> u64 {
        if look.level != Level::Message && look.icon != Icon::Commit {
            // What was committed before this is said before it.
            self.said_commit = 0;
            self.say_commits(at);
        }
        self.feed.add(at, look, say.text())
    }

    /// Takes the next event of the record.
    pub fn hear(&mut self, event: &Event) {
        let at = event.at;
        self.say_commits(at);
        match &event.what {
            What::Fault(action) => self.on_action(at, action),
            What::Life { member, step } => self.on_life(at, *member, step),
            What::Sent { from, to, carries: Carried::Peer(info), .. } => {
                if let (Some(from), Some(to)) = (from.member(), to.member()) {
                    self.on_sent(at, from, to, *info);
                }
            }
            What::Delivered { from, to, carries, .. } => {
                self.on_delivered(at, *from, *to, *carries);
            }
            What::Dropped { from, to, carries, why, .. } => {
                if let (Some(from), Some(to), Carried::Peer(info)) =
                    (from.member(), to.member(), carries)
                {
                    self.on_dropped(at, from, to, *info, *why);
                }
            }
            What::Disk { member, step } => self.on_disk(at, *member, step),
            What::Called { call, client, member, request } => {
                let words = words::request(request);
                let write = words::writes(request);
                let open = Call { client: *client, member: *member, words, write, began_at: at };
                self.calls.insert(*call, open);
            }
            What::Returned { call, end, .. } => self.on_returned(at, *call, end),
            What::Standing { member, standing } => self.on_standing(at, *member, *standing),
            What::Committed { member, index } => self.on_committed(at, *member, *index),
            What::Compacted { member, first_index } => {
                let say = Say::CompactsLog { who: *member, first: *first_index };
                self.say(at, Look::of(Icon::Snapshot, *member), &say);
            }
            What::SnapshotInstalled { member, index } => {
                let say = Say::InstallsSnapshot { who: *member, index: *index };
                self.say(at, Look::of(Icon::Snapshot, *member), &say);
            }
            What::PeerRefused { member, from, theirs, ours } => {
                self.on_turned_away(at, (*member, *from), (*theirs, *ours));
            }
            What::Violated(violation) => {
                let (_, say) = super::violation(violation);
                let look = Look { icon: Icon::Violation, level: Level::Violation, ..BY_HAND };
                self.say(at, look, &say);
            }
            What::Sent { .. }
            | What::Delayed { .. }
            | What::Applied { .. }
            | What::StreamOpened { .. }
            | What::Watched { .. }
            | What::StreamEnded { .. }
            | What::Note(_) => {}
        }
    }

    /// Said once for each pair of machines and their clusters; the repetitions are no more than messages.
    fn on_turned_away(
        &mut self,
        at: Nanos,
        (who, from): (MemberNo, MemberNo),
        (theirs, ours): (ClusterId, ClusterId),
    ) {
        let is_news = self.turned_away.insert((who, from), (theirs, ours)) != Some((theirs, ours));
        let (theirs, ours) = (theirs.to_string(), ours.to_string());
        let look = Look::of(Icon::Cut, who);
        let look = if is_news { look } else { look.quiet() };
        self.say(at, look, &Say::TurnsAway { who, from, theirs, ours });
    }

    fn on_life(&mut self, at: Nanos, who: MemberNo, step: &Life) {
        if let Life::Up { cluster, .. } = step {
            self.clusters.insert(who, *cluster);
            self.heard.insert(who, at);
        }
        let opens = self.opening.remove(&who);
        let (icon, say) = match step {
            Life::Starting => {
                if at == 0 {
                    self.opening.insert(who);
                }
                return;
            }
            Life::Up { .. } if opens => return,
            Life::Up { last_index, term, .. } => {
                (Icon::Up, Say::Up { who, last: *last_index, term: *term })
            }
            Life::Killed => (Icon::Down, Say::Killed { who }),
            Life::Stopping => (Icon::Down, Say::Stopping { who }),
            Life::Stopped => (Icon::Down, Say::Stopped { who }),
            Life::PoweredOff => {
                let lost = self.losses.remove(&who).flatten();
                (Icon::Down, Say::PowerFailed { who, lost })
            }
            Life::Frozen => (Icon::Down, Say::Frozen { who }),
            Life::Thawed => (Icon::Up, Say::Thawed { who }),
            Life::Halted(why) => (Icon::Down, Say::Halted { who, why: why.clone() }),
            Life::Refused(why) => (Icon::Down, Say::Refused { who, why: why.clone() }),
        };
        if matches!(step, Life::Killed | Life::Stopped | Life::PoweredOff) {
            self.standing.remove(&who);
        }
        self.say(at, Look::of(icon, who), &say);
    }

    fn on_standing(&mut self, at: Nanos, who: MemberNo, now: Standing) {
        let before = self.standing.insert(who, now);
        let role_before = before.map_or(Role::Follower, |before| before.role);
        let term = now.term;
        if now.role != role_before {
            match now.role {
                Role::PreCandidate => {
                    let silent_us = self.heard.get(&who).map(|heard| (at - heard) / MICROS);
                    self.split_vote(at, term);
                    self.say(
                        at,
                        Look::of(Icon::PreVote, who).term(term),
                        &Say::PreCandidate { who, silent_us },
                    );
                }
                Role::Candidate => {
                    self.split_vote(at, term - 1);
                    self.candidates.entry(term).or_default().insert(who);
                    self.say(
                        at,
                        Look::of(Icon::Vote, who).term(term),
                        &Say::Candidate { who, term },
                    );
                }
                Role::Leader => self.on_leader(at, who, term),
                Role::Follower | Role::Learner => {
                    self.on_step_down(at, who, role_before, before, now);
                }
            }
        } else if now.role == Role::Candidate && before.is_some_and(|before| before.term < term) {
            self.split_vote(at, term - 1);
            self.candidates.entry(term).or_default().insert(who);
            self.say(at, Look::of(Icon::Vote, who).term(term), &Say::Candidate { who, term });
        }
        let leader_before = before.and_then(|before| before.leader);
        if let Some(leader) = now.leader
            && leader != who
            && (leader_before != Some(leader) || before.is_some_and(|before| before.term != term))
        {
            self.heard.insert(who, at);
            let say = Say::Follows { who, leader, term };
            self.say(at, Look::of(Icon::Follower, who).term(term).quiet(), &say);
        }
    }

    fn on_leader(&mut self, at: Nanos, who: MemberNo, term: u64) {
        self.candidates.clear();
        let mut votes: BTreeSet<MemberNo> = match self.votes.get(&who) {
            Some((voted, members)) if *voted == term => members.clone(),
            _ => BTreeSet::new(),
        };
        votes.insert(who);
        self.has.clear();
        let say = Say::Leads { who, term, votes: votes.into_iter().collect() };
        self.say(at, Look::of(Icon::Leader, who).term(term), &say);
    }

    fn on_step_down(
        &mut self,
        at: Nanos,
        who: MemberNo,
        from: Role,
        before: Option<Standing>,
        now: Standing,
    ) {
        let look = Look::of(Icon::Follower, who).term(now.term);
        if from == Role::Leader {
            // It led itself until now.
            self.heard.insert(who, at);
        }
        let say = match from {
            Role::Leader if before.is_some_and(|before| before.term < now.term) => {
                Say::Deposed { who, term: now.term }
            }
            Role::Leader => Say::LostQuorum { who, term: now.term },
            Role::PreCandidate | Role::Candidate => {
                self.say(at, look.quiet(), &Say::GivesUp { who });
                return;
            }
            Role::Follower | Role::Learner => return,
        };
        self.say(at, look, &say);
    }

    /// A new attempt begins: if two or more stood for `term` or an earlier one in vain, say so.
    fn split_vote(&mut self, at: Nanos, term: u64) {
        while let Some(first) = self.candidates.first_entry()
            && *first.key() <= term
        {
            let (term, who) = first.remove_entry();
            if who.len() > 1 {
                let say =
                    Say::SplitVote { who: who.into_iter().collect(), term, quorum: self.quorum };
                self.say(at, Look { icon: Icon::Vote, term, ..BY_HAND }, &say);
            }
        }
    }

    fn on_committed(&mut self, at: Nanos, who: MemberNo, index: u64) {
        let leads = self.standing.get(&who).filter(|standing| standing.role == Role::Leader);
        let Some(term) = leads.map(|standing| standing.term) else { return };
        let cluster = self.clusters.get(&who).copied().unwrap_or_default();
        let committed = self.committed.get(&cluster).copied().unwrap_or(self.first);
        if index <= committed {
            return;
        }
        let has_it =
            self.has.iter().filter(|(_, (told_in, has))| *told_in == term && *has >= index);
        let mut on_disk = order::set(has_it.map(|(member, _)| *member));
        // The leader's own disk counts too, but it need not be done: others may be a majority.
        if on_disk.len() < self.quorum {
            on_disk.insert(who);
        }
        let open = self.commits.take_if(|commits| commits.cluster == cluster);
        let from = open.map_or(committed + 1, |commits| commits.from);
        self.flush_commits();
        self.committed.insert(cluster, index);
        let on_disk = on_disk.into_iter().collect();
        self.commits = Some(Commits { at, cluster, who, term, from, to: index, on_disk });
        self.say_commits(at);
    }

    /// Says what was committed, if the last time is long enough ago.
    fn say_commits(&mut self, now: Nanos) {
        if self.said_commit > 0 && now < self.said_commit + COMMITS_TOGETHER {
            return;
        }
        if self.commits.is_some() {
            self.said_commit = now;
            self.flush_commits();
        }
    }

    fn flush_commits(&mut self) {
        if let Some(Commits { at, who, term, from, to, on_disk, .. }) = self.commits.take() {
            let look = Look::of(Icon::Commit, who).term(term);
            self.say(at, look, &Say::Committed { from, to, on_disk });
        }
    }

    fn on_sent(&mut self, at: Nanos, from: MemberNo, to: MemberNo, info: MessageInfo) {
        let quiet = |icon: Icon| Look::of(icon, from).term(info.term).quiet();
        let who = from;
        match (info.kind, info.answer) {
            (MessageKind::Heartbeat, false) => self.on_heartbeat(at, who, info.term),
            (MessageKind::Append, false) if info.entries > 0 => {
                let (first, last) = (info.index + 1, info.index + u64::from(info.entries));
                self.say(at, quiet(Icon::Append), &Say::SendsEntries { who, to, first, last });
            }
            (MessageKind::Append, true) if info.reject => {
                self.say(at, quiet(Icon::Append), &Say::RefusesEntries { who, index: info.index });
            }
            (MessageKind::Append, true) if self.has.get(&who) != Some(&(info.term, info.index)) => {
                self.say(at, quiet(Icon::Disk), &Say::HasEntry { who, index: info.index });
            }
            (MessageKind::Vote | MessageKind::PreVote, true) => {
                let pre = info.kind == MessageKind::PreVote;
                let (candidate, term) = (to, info.term);
                let say = if info.reject {
                    Say::RefusesVote { who, candidate, term, pre }
                } else {
                    Say::Votes { who, candidate, term, pre }
                };
                self.say(at, quiet(if pre { Icon::PreVote } else { Icon::Vote }), &say);
            }
            (MessageKind::Snapshot, false) => {
                self.say(
                    at,
                    quiet(Icon::Snapshot),
                    &Say::SendsSnapshot { who, to, index: info.index },
                );
            }
            (MessageKind::ReadIndex, false) => {
                self.say(at, quiet(Icon::ReadIndex), &Say::AsksReadIndex { who, leader: to });
            }
            (MessageKind::Forward, false) => {
                self.say(at, quiet(Icon::Client), &Say::AsksForClient { who, leader: to });
            }
            (MessageKind::Propose, false) => {
                self.say(at, quiet(Icon::Client), &Say::HandsOn { who, leader: to });
            }
            (MessageKind::TimeoutNow, false) => {
                self.say(at, Look::of(Icon::Leader, who), &Say::HandsOver { who, to });
            }
            _ => {}
        }
    }

    /// Heartbeats to several members at one moment are one event.
    fn on_heartbeat(&mut self, at: Nanos, who: MemberNo, term: u64) {
        let to = match self.beat.take() {
            Some(beat) if beat.who == who && beat.at == at && self.feed.take_back(beat.seq) => {
                beat.to + 1
            }
            _ => 1,
        };
        let look = Look::of(Icon::Heartbeat, who).term(term).quiet();
        let seq = self.say(at, look, &Say::SendsHeartbeats { who, to });
        self.beat = Some(Beat { who, at, to, seq });
    }

    fn on_delivered(&mut self, at: Nanos, from: Place, to: Place, carries: Carried) {
        match (carries, from.member(), to.member()) {
            (Carried::Peer(info), Some(from), Some(to)) => self.on_peer_message(at, from, to, info),
            (Carried::Request(call), _, Some(at_member)) => {
                let Some(open) = self.calls.get(&call) else { return };
                let words = open.words.clone();
                let Some((client, background)) = self.speaker(open.client) else { return };
                let look = Look::of(Icon::Client, at_member);
                let say = Say::CallArrives { client, words, at: at_member };
                self.say(at, if background { look.quiet() } else { look }, &say);
            }
            _ => {}
        }
    }

    fn on_peer_message(&mut self, at: Nanos, from: MemberNo, to: MemberNo, info: MessageInfo) {
        match (info.kind, info.answer) {
            // A leader of an earlier term is heard and not listened to.
            (MessageKind::Heartbeat | MessageKind::Append | MessageKind::Snapshot, false)
                if self.standing.get(&to).is_none_or(|standing| standing.term <= info.term) =>
            {
                self.heard.insert(to, at);
            }
            (MessageKind::Append, true) if !info.reject => {
                let has = self.has.entry(from).or_default();
                *has = (*has).max((info.term, info.index));
            }
            (MessageKind::Vote, true) if !info.reject => {
                let votes = self.votes.entry(to).or_default();
                if votes.0 != info.term {
                    *votes = (info.term, BTreeSet::new());
                }
                votes.1.insert(from);
            }
            _ => {}
        }
    }

    fn on_dropped(
        &mut self,
        at: Nanos,
        from: MemberNo,
        to: MemberNo,
        info: MessageInfo,
        why: DropReason,
    ) {
        let icon = match info.kind {
            MessageKind::Heartbeat => Icon::Heartbeat,
            MessageKind::Append => Icon::Append,
            MessageKind::Vote => Icon::Vote,
            MessageKind::PreVote => Icon::PreVote,
            MessageKind::Snapshot => Icon::Snapshot,
            MessageKind::ReadIndex => Icon::ReadIndex,
            MessageKind::Propose
            | MessageKind::TimeoutNow
            | MessageKind::Removed
            | MessageKind::Forward
            | MessageKind::Hash
            | MessageKind::Other => Icon::None,
        };
        let why = match why {
            DropReason::Loss => Loss::Chance,
            DropReason::Cut => Loss::Cut,
            DropReason::NobodyListens | DropReason::ReceiverDied => Loss::Down,
            DropReason::ByHand => Loss::Hand,
        };
        let say = Say::LosesMessage { what: info.kind.name(), answer: info.answer, from, to, why };
        self.say(at, Look::of(icon, from).term(info.term).quiet(), &say);
    }

    fn on_disk(&mut self, at: Nanos, who: MemberNo, step: &DiskStep) {
        match step {
            DiskStep::SyncBegan { until } => {
                let takes_us = until.saturating_sub(at) / MICROS;
                self.say(
                    at,
                    Look::of(Icon::Waits, who).quiet(),
                    &Say::SyncBegins { who, takes_us },
                );
            }
            DiskStep::Failed { reason } => {
                self.say(
                    at,
                    Look::of(Icon::Dial, who),
                    &Say::DiskFails { who, reason: reason.clone() },
                );
            }
            DiskStep::Wrote { .. }
            | DiskStep::Synced { .. }
            | DiskStep::CommitBegan { .. }
            | DiskStep::CommitDone { .. }
            | DiskStep::SegmentsDropped { .. }
            | DiskStep::Lost { .. }
            | DiskStep::Rotted { .. } => {}
        }
    }

    fn on_returned(&mut self, at: Nanos, call: CallId, end: &CallEnd) {
        let Some(open) = self.calls.remove(&call) else { return };
        let Some((client, background)) = self.speaker(open.client) else { return };
        let took_us = (at - open.began_at) / MICROS;
        let (words, member, write) = (open.words, open.member, open.write);
        let say = match end {
            CallEnd::Answer(result) => {
                let error = result.as_ref().as_ref().err().map(|error| error.message.to_string());
                Say::CallAnswered { client, words, at: member, error, took_us }
            }
            CallEnd::NoConnection => Say::CallUnheard { client, words, at: member, write },
            CallEnd::Broken => Say::CallBroken { client, words, at: member, write },
            CallEnd::TimedOut => Say::CallTimedOut { client, words, at: member, took_us, write },
            CallEnd::Canceled => return,
        };
        let look = Look::of(Icon::Client, member);
        self.say(at, if background { look.quiet() } else { look }, &say);
    }

    /// The name to say, and whether it is a background client's call.
    fn speaker(&self, client: ClientNo) -> Option<(Option<String>, bool)> {
        Some(match self.speakers.get(&client) {
            Some(Speaker::You) => (None, false),
            Some(Speaker::Named(name)) => (Some(name.clone()), false),
            Some(Speaker::Background) | None => (Some("load".to_string()), true),
        })
    }

    fn on_action(&mut self, at: Nanos, action: &Action) {
        let Some(say) = by_hand::said(action) else { return };
        let icon = match &say {
            Say::Parted { .. }
            | Say::Mended { .. }
            | Say::Healed
            | Say::LinkCut { .. }
            | Say::LinkHealed { .. } => Icon::Cut,
            _ => Icon::Dial,
        };
        let say = match (say, action) {
            (
                Say::ClientFrozen { frozen, .. },
                Action::FreezeClient(client) | Action::ThawClient(client),
            ) => {
                let name = self.speaker(*client).and_then(|(name, _)| name);
                Say::ClientFrozen { client: name.unwrap_or_else(|| "you".to_string()), frozen }
            }
            (say, _) => say,
        };
        self.say(at, Look { icon, ..BY_HAND }, &say);
    }
}
