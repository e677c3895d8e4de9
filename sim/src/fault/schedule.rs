//! Faults drawn from a seed, one after the other, each with a plan for its end.

use std::collections::BTreeMap;

use super::plot::Plot;
use super::{Deed, FaultPlan, Kinds};
use crate::clock::{MILLIS, Nanos, Rate, SECOND};
use crate::place::{MemberNo, Place};
use crate::rng::Stream;
use crate::world::{Action, DiskOperation, State, Trouble};

/// One kind of fault: does it now, and plans its end.
type Strike = fn(&mut Schedule, &mut State, Nanos);

/// What comes next.
#[derive(Debug)]
pub(super) struct Schedule {
    plan: FaultPlan,
    random: Stream,
    members: Vec<MemberNo>,
    /// Whom it aims at.
    leader: Option<MemberNo>,
    /// When the next fault is.
    next: Nanos,
    /// What has to be done to end the faults that are on, by time.
    repairs: BTreeMap<(Nanos, u64), Action>,
    repairs_made: u64,
    /// Something that waits for its moment.
    plot: Option<Plot>,
    /// What was done at this moment.
    done: Vec<Action>,
}

/// The first whole millisecond that is not before `at`.
fn whole(at: Nanos) -> Nanos {
    at.div_ceil(MILLIS) * MILLIS
}

impl Schedule {
    pub(super) fn new(seed: u64, plan: FaultPlan) -> Self {
        Self {
            plan,
            random: Stream::new(seed, "faults", 0, 0),
            members: Vec::new(),
            leader: None,
            next: whole(plan.from),
            repairs: BTreeMap::new(),
            repairs_made: 0,
            plot: None,
            done: Vec::new(),
        }
    }

    /// When it wants to act next; the end of time once everything has healed.
    pub(super) fn due(&self) -> Nanos {
        let plot = self.plot.as_ref().map_or(Nanos::MAX, Plot::due);
        let due = self.next_repair().min(self.next).min(plot);
        if due < self.plan.until { due } else { Nanos::MAX }
    }

    /// Does what is due, and writes it down.
    pub(super) fn advance(&mut self, state: &mut State, now: Nanos, deeds: &mut Vec<Deed>) {
        if now < self.due() {
            return;
        }
        self.repair(state, now);
        // Machines may have joined.
        self.members = state.numbers().collect();
        self.leader = state.leader().filter(|_| self.plan.aims_at_leader);
        if self.plot.is_some() {
            self.go_on_plotting(state, now);
        }
        if now >= self.next {
            // Whoever waits for a moment is not disturbed.
            if self.plot.is_none() {
                self.revive(state, now);
                self.strike(state, now);
            }
            self.next = whole(now + self.random.between(self.plan.gap / 10, self.plan.gap * 2));
        }
        deeds.extend(self.done.drain(..).map(|action| Deed { at: now, action }));
    }

    /// Does it, if the world lets it be done.
    fn act(&mut self, state: &mut State, action: Action) -> bool {
        let done = state.act(action.clone()).is_ok();
        if done {
            self.done.push(action);
        }
        done
    }

    /// Lets the plot do what it waits for.
    fn go_on_plotting(&mut self, state: &mut State, now: Nanos) {
        let mut wanted = Vec::new();
        let goes_on = self.plot.as_mut().is_some_and(|plot| plot.advance(state, now, &mut wanted));
        for action in wanted {
            self.act(state, action);
        }
        if !goes_on {
            self.plot = None;
            // What it cut does not stay cut.
            self.repair_at(now + self.plan.gap, Action::Heal);
        }
    }

    fn figure_8(&mut self, state: &mut State, now: Nanos) {
        let mut wanted = Vec::new();
        self.plot = Plot::figure_8(state, now, &mut wanted);
        for action in wanted {
            self.act(state, action);
        }
    }

    /// What one link carries to or from the leader is late, by more than anybody waits.
    fn delay_link(&mut self, state: &mut State, now: Nanos) {
        let (one, other) = (state.leader().unwrap_or(self.members[0]), self.member());
        let one_way = whole(self.span(300 * MILLIS, SECOND));
        let (from, to) = if self.random.chance(500_000) { (one, other) } else { (other, one) };
        let (from, to) = (Place::from(from), Place::from(to));
        let at = now + self.span(SECOND, 8 * SECOND);
        if from != to {
            self.act(state, Action::SlowLink { from, to, one_way: Some(one_way) });
            self.repair_at(at, Action::SlowLink { from, to, one_way: None });
        }
    }

    fn next_repair(&self) -> Nanos {
        self.repairs.first_key_value().map_or(Nanos::MAX, |((at, _), _)| *at)
    }

    fn repair_at(&mut self, at: Nanos, action: Action) {
        self.repairs_made += 1;
        self.repairs.insert((whole(at), self.repairs_made), action);
    }

    /// Does what is due. A repair that is no longer needed is refused, which is fine.
    fn repair(&mut self, state: &mut State, now: Nanos) {
        while self.next_repair() <= now
            && let Some((_, action)) = self.repairs.pop_first()
        {
            // A machine whose member was removed is the operator's.
            let gone = matches!(action, Action::Restart(no) if state.is_removed(no));
            if !gone {
                self.act(state, action);
            }
        }
    }

    /// Members that gave up by themselves are started again some time.
    fn revive(&mut self, state: &State, now: Nanos) {
        for no in self.members.clone() {
            let planned = self.repairs.values().any(|action| *action == Action::Restart(no));
            if !state.member(no).state.is_running() && !planned && !state.is_removed(no) {
                let at = now + self.random.between(SECOND / 2, 4 * SECOND);
                self.repair_at(at, Action::Restart(no));
            }
        }
    }

    /// Somebody.
    fn member(&mut self) -> MemberNo {
        let anyone = *self.random.pick(&self.members);
        match self.leader {
            Some(leader) if self.random.chance(500_000) => leader,
            _ => anyone,
        }
    }

    fn span(&mut self, low: Nanos, high: Nanos) -> Nanos {
        self.random.between(low, high)
    }

    /// One fault, and the plan for its end.
    fn strike(&mut self, state: &mut State, now: Nanos) {
        let Kinds { crashes, power, network, disks, clocks } = self.plan.kinds;
        let plots = self.plan.plots && crashes && network;
        let kinds: [(bool, Strike); 18] = [
            (crashes, Self::kill),
            (crashes, Self::stop),
            (crashes, Self::freeze),
            (power, Self::power_off),
            (power, Self::power_off),
            (power, Self::power_off_all),
            (power, Self::power_off_a_voter),
            (network, Self::partition),
            (network, Self::isolate_leader),
            (network, Self::cut_one_way),
            (network, Self::trouble_links),
            (network, Self::delay_link),
            (plots, Self::figure_8),
            (plots, Self::figure_8),
            (plots, Self::figure_8),
            (disks, Self::slow_disk),
            (disks, Self::break_disk),
            (clocks, Self::bend_clock),
        ];
        let allowed: Vec<_> = kinds.iter().filter(|(on, _)| *on).map(|(_, fault)| *fault).collect();
        if !allowed.is_empty() {
            let fault = *self.random.pick(&allowed);
            fault(self, state, now);
        }
    }

    // --- machines ---

    fn restart_later(&mut self, now: Nanos, no: MemberNo) {
        let at = now + self.span(50 * MILLIS, 5 * SECOND);
        self.repair_at(at, Action::Restart(no));
    }

    fn kill(&mut self, state: &mut State, now: Nanos) {
        let no = self.member();
        if self.act(state, Action::Kill(no)) {
            self.restart_later(now, no);
        }
    }

    fn stop(&mut self, state: &mut State, now: Nanos) {
        let no = self.member();
        if self.act(state, Action::Stop(no)) {
            // Leaving takes a moment; if it takes too long, somebody loses patience.
            let patience = now + self.span(SECOND, 2 * SECOND);
            self.repair_at(patience, Action::Kill(no));
            self.restart_later(patience, no);
        }
    }

    fn freeze(&mut self, state: &mut State, now: Nanos) {
        let no = self.member();
        if self.act(state, Action::Freeze(no)) {
            let at = now + self.span(100 * MILLIS, 3 * SECOND);
            self.repair_at(at, Action::Thaw(no));
        }
    }

    fn power_off(&mut self, state: &mut State, now: Nanos) {
        let (member, torn) = (self.member(), self.random.chance(500_000));
        if self.act(state, Action::PowerOff { member, torn }) {
            self.restart_later(now, member);
        }
    }

    fn power_off_all(&mut self, state: &mut State, now: Nanos) {
        let torn = self.random.chance(500_000);
        for member in self.members.clone() {
            self.act(state, Action::PowerOff { member, torn });
            let at = now + self.span(50 * MILLIS, SECOND);
            self.repair_at(at, Action::Restart(member));
        }
    }

    /// An election is called, and a machine dies about when it votes.
    fn power_off_a_voter(&mut self, state: &mut State, now: Nanos) {
        let (candidate, member) = (self.member(), self.member());
        if self.act(state, Action::Campaign(candidate)) {
            let at = now + self.span(4 * MILLIS, 20 * MILLIS);
            self.repair_at(at, Action::PowerOff { member, torn: false });
            self.restart_later(at, member);
        }
    }

    // --- the network ---

    fn partition(&mut self, state: &mut State, now: Nanos) {
        let sides = self.random.word();
        let side = |no: &MemberNo| sides >> no.number() & 1 == 0;
        let (left, right): (Vec<_>, Vec<_>) = self.members.iter().copied().partition(side);
        self.split(state, now, left, right);
    }

    fn isolate_leader(&mut self, state: &mut State, now: Nanos) {
        let alone = state.leader().unwrap_or(self.members[0]);
        let rest = self.members.iter().copied().filter(|no| *no != alone).collect();
        self.split(state, now, vec![alone], rest);
    }

    fn split(&mut self, state: &mut State, now: Nanos, left: Vec<MemberNo>, right: Vec<MemberNo>) {
        let at = now + self.span(500 * MILLIS, 6 * SECOND);
        if left.is_empty() || right.is_empty() {
            return;
        }
        let places = |side: Vec<MemberNo>| side.into_iter().map(Place::from).collect();
        let groups = vec![places(left), places(right)];
        if self.act(state, Action::Partition(groups.clone())) {
            self.repair_at(at, Action::Mend(groups));
        }
    }

    fn cut_one_way(&mut self, state: &mut State, now: Nanos) {
        let (from, to) = (Place::from(self.member()), Place::from(self.member()));
        if from != to && self.act(state, Action::CutLink { from, to }) {
            let at = now + self.span(500 * MILLIS, 6 * SECOND);
            self.repair_at(at, Action::HealLink { from, to });
        }
    }

    /// All links of one member lose, double, reorder and delay for a while.
    fn trouble_links(&mut self, state: &mut State, now: Nanos) {
        let no = self.member();
        // Whole percents, in millionths.
        let chance = |random: &mut Stream| u32::try_from(random.below(20)).unwrap_or(0) * 10_000;
        let trouble = Trouble {
            loss: chance(&mut self.random),
            duplicates: chance(&mut self.random),
            reordered: chance(&mut self.random),
        };
        let one_way = whole(self.random.between(2 * MILLIS, 300 * MILLIS));
        let slow = self.random.chance(300_000);
        let at = now + self.span(SECOND, 8 * SECOND);
        for other in self.members.clone() {
            for (from, to) in [(no, other), (other, no)] {
                let (from, to) = (Place::from(from), Place::from(to));
                self.act(state, Action::RoughLink { from, to, trouble });
                if slow {
                    self.act(state, Action::SlowLink { from, to, one_way: Some(one_way) });
                }
                self.repair_at(at, Action::HealLink { from, to });
            }
        }
    }

    // --- disks and clocks ---

    fn slow_disk(&mut self, state: &mut State, now: Nanos) {
        let member = self.member();
        let fsync = Some(whole(self.span(5 * MILLIS, 400 * MILLIS)));
        self.act(state, Action::SlowDisk { member, fsync });
        let at = now + self.span(SECOND, 6 * SECOND);
        self.repair_at(at, Action::SlowDisk { member, fsync: None });
    }

    /// The disk is full or fails; the member gives up and is started again when it works.
    fn break_disk(&mut self, state: &mut State, now: Nanos) {
        let member = self.member();
        let at = now + self.span(200 * MILLIS, 3 * SECOND);
        let operation = match self.random.below(4) {
            0 => {
                self.act(state, Action::FullDisk { member, full: true });
                self.repair_at(at, Action::FullDisk { member, full: false });
                return;
            }
            1 => DiskOperation::Read,
            2 => DiskOperation::Write,
            _ => DiskOperation::Sync,
        };
        self.act(state, Action::DiskErrors { member, operation, failing: true });
        self.repair_at(at, Action::DiskErrors { member, operation, failing: false });
    }

    fn bend_clock(&mut self, state: &mut State, now: Nanos) {
        let member = self.member();
        let rate = u32::try_from(self.random.between(400, 2_500)).ok();
        let rate = rate.and_then(|rate| Rate::from_millionths(rate * 1_000)).unwrap_or(Rate::TRUE);
        self.act(state, Action::ClockRate { member, rate });
        let at = now + self.span(SECOND, 8 * SECOND);
        self.repair_at(at, Action::ClockRate { member, rate: Rate::TRUE });
    }
}
