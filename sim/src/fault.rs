//! Seeded schedules of faults, each with a time to heal and a judgement at its end.
//!
//! ```text
//!    0 s      from                                     until           until + settle
//!    ├─────────┼────────────────────────────────────────┼──────────────────┤
//!     calm      faults, several at once, each with its   everything heals;  a leader, equal
//!               own end                                  no new calls       logs, equal stores
//! ```
//!
//! Every fault is an [`Action`] that a user could do as well, so a schedule that finds something
//! can be written down as a script. A fault never asks for more than the protocol promises to
//! survive: machines die, links fail, disks are slow, full or broken, clocks run wrong; but a disk
//! does not lie, and what rots is rotted in tests of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::check::liveness;
use crate::clock::{MILLIS, Nanos, Rate, SECOND};
use crate::member::MemberState;
use crate::operator;
use crate::place::{MemberNo, Place};
use crate::rng::Stream;
use crate::world::{Action, DiskOperation, State, Trouble, lock};

/// Kinds of faults that a schedule may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Processes are killed, stopped and frozen.
    pub crashes: bool,
    /// Machines lose power, with and without torn sectors, one or all at once.
    pub power: bool,
    /// Links are cut, one-sided and in partitions, or lose, double, reorder and delay.
    pub network: bool,
    /// Disks are slow, full or failing.
    pub disks: bool,
    /// Clocks run fast and slow.
    pub clocks: bool,
    /// Members are added, promoted and removed.
    pub members: bool,
}

impl Kinds {
    /// Everything.
    pub const ALL: Self = Self {
        crashes: true,
        power: true,
        network: true,
        disks: true,
        clocks: true,
        members: true,
    };
}

/// A schedule of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    /// What may happen.
    pub kinds: Kinds,
    /// When the first fault may happen.
    pub from: Nanos,
    /// When everything heals.
    pub until: Nanos,
    /// How long the cluster may take to come to rest.
    pub settle: Nanos,
    /// Mean time between two faults.
    pub gap: Nanos,
}

impl FaultPlan {
    /// A schedule of everything that ends in time for a run of this length to be judged.
    #[must_use]
    pub fn within(length: Nanos) -> Self {
        let settle = (20 * SECOND).min(length / 2);
        Self {
            kinds: Kinds::ALL,
            from: (2 * SECOND).min(length / 8),
            until: length - settle,
            settle: settle - settle / 10,
            gap: 1500 * MILLIS,
        }
    }
}

/// One kind of fault: does it now, and plans its end.
type Strike = fn(&mut Schedule, &mut State, Nanos);

/// The task of a schedule.
struct Schedule {
    plan: FaultPlan,
    random: Stream,
    members: Vec<MemberNo>,
    /// What has to be done to end the faults that are on, by time.
    repairs: BTreeMap<(Nanos, u64), Action>,
    repairs_made: u64,
}

/// Carries a schedule out.
pub(crate) async fn rage(state: Arc<Mutex<State>>, plan: FaultPlan) {
    let (seed, members) = {
        let state = lock(&state);
        (state.spec.seed, state.numbers().collect())
    };
    let random = Stream::new(seed, "faults", 0, 0);
    let mut schedule =
        Schedule { plan, random, members, repairs: BTreeMap::new(), repairs_made: 0 };
    let mut next = plan.from;
    while next < plan.until {
        let now = wait_until(&state, schedule.next_repair().min(next)).await;
        next = schedule.advance(&mut lock(&state), now, next);
    }
    wait_until(&state, plan.until).await;
    schedule.heal(&mut lock(&state));
    settle(&state, plan).await;
}

/// Waits until a moment, or a little longer; says when it is.
async fn wait_until(state: &Mutex<State>, at: Nanos) -> Nanos {
    let now = lock(state).now();
    if at > now {
        madsim::time::sleep(Duration::from_nanos(at - now)).await;
    }
    lock(state).now()
}

/// Waits for the cluster to come to rest, and judges it.
async fn settle(state: &Mutex<State>, plan: FaultPlan) {
    let deadline = plan.until + plan.settle;
    loop {
        let later = lock(state).now() + 200 * MILLIS;
        let now = wait_until(state, later).await;
        if judge(&mut lock(state), now, deadline, plan) {
            return;
        }
    }
}

/// Looks whether there is peace; says whether the judgement is final.
fn judge(state: &mut State, now: Nanos, deadline: Nanos, plan: FaultPlan) -> bool {
    if state.violation.is_some() {
        return true;
    }
    for no in state.numbers() {
        // It was on its way out when everything healed.
        if state.member(no).state == MemberState::Stopped {
            let _ = state.act(Action::Restart(no));
        }
        // It was removed before it read in any log whom to ask.
        if state.is_removed(no) && state.has_read_nothing(no) {
            let _ = state.act(Action::Kill(no));
        }
    }
    operator::start_added(state);
    match liveness::unrest(state, deadline) {
        None => {
            let verdict = liveness::judge_stores(state);
            state.violate(verdict);
            state.settled_at = Some(now);
            true
        }
        Some(missing) if now >= deadline => {
            let verdict = liveness::never_settled(missing, plan.settle / SECOND);
            state.violate(Some(verdict));
            true
        }
        Some(_) => false,
    }
}

impl Schedule {
    /// Does what is due; says when the next fault is.
    fn advance(&mut self, state: &mut State, now: Nanos, next: Nanos) -> Nanos {
        self.repair(state, now);
        // Machines may have joined.
        self.members = state.numbers().collect();
        if now < next {
            return next;
        }
        self.revive(state, now);
        self.strike(state, now);
        now + self.random.between(self.plan.gap / 10, self.plan.gap * 2)
    }

    fn next_repair(&self) -> Nanos {
        self.repairs.first_key_value().map_or(Nanos::MAX, |((at, _), _)| *at)
    }

    fn repair_at(&mut self, at: Nanos, action: Action) {
        self.repairs_made += 1;
        self.repairs.insert((at, self.repairs_made), action);
    }

    /// Does what is due. A repair that is no longer needed is refused, which is fine.
    fn repair(&mut self, state: &mut State, now: Nanos) {
        while self.next_repair() <= now
            && let Some((_, action)) = self.repairs.pop_first()
        {
            let _ = state.act(action);
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

    fn member(&mut self) -> MemberNo {
        *self.random.pick(&self.members)
    }

    fn span(&mut self, low: Nanos, high: Nanos) -> Nanos {
        self.random.between(low, high)
    }

    /// One fault, and the plan for its end.
    fn strike(&mut self, state: &mut State, now: Nanos) {
        let Kinds { crashes, power, network, disks, clocks, members: _ } = self.plan.kinds;
        let kinds: [(bool, Strike); 14] = [
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
        if state.act(Action::Kill(no)).is_ok() {
            self.restart_later(now, no);
        }
    }

    fn stop(&mut self, state: &mut State, now: Nanos) {
        let no = self.member();
        if state.act(Action::Stop(no)).is_ok() {
            // Leaving takes a moment; if it takes too long, somebody loses patience.
            let patience = now + self.span(SECOND, 2 * SECOND);
            self.repair_at(patience, Action::Kill(no));
            self.restart_later(patience, no);
        }
    }

    fn freeze(&mut self, state: &mut State, now: Nanos) {
        let no = self.member();
        if state.act(Action::Freeze(no)).is_ok() {
            let at = now + self.span(100 * MILLIS, 3 * SECOND);
            self.repair_at(at, Action::Thaw(no));
        }
    }

    fn power_off(&mut self, state: &mut State, now: Nanos) {
        let (member, torn) = (self.member(), self.random.chance(500_000));
        if state.act(Action::PowerOff { member, torn }).is_ok() {
            self.restart_later(now, member);
        }
    }

    fn power_off_all(&mut self, state: &mut State, now: Nanos) {
        let torn = self.random.chance(500_000);
        for member in self.members.clone() {
            let _ = state.act(Action::PowerOff { member, torn });
            let at = now + self.span(50 * MILLIS, SECOND);
            self.repair_at(at, Action::Restart(member));
        }
    }

    /// An election is called, and a machine dies about when it votes.
    fn power_off_a_voter(&mut self, state: &mut State, now: Nanos) {
        let (candidate, member) = (self.member(), self.member());
        if state.act(Action::Campaign(candidate)).is_ok() {
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
        let places = |side: &[MemberNo]| side.iter().copied().map(Place::from).collect();
        let groups = vec![places(&left), places(&right)];
        if state.act(Action::Partition(groups)).is_ok() {
            let at = now + self.span(500 * MILLIS, 6 * SECOND);
            for (&a, &b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
                self.repair_at(at, Action::HealLink { from: a.into(), to: b.into() });
                self.repair_at(at, Action::HealLink { from: b.into(), to: a.into() });
            }
        }
    }

    fn cut_one_way(&mut self, state: &mut State, now: Nanos) {
        let (from, to) = (Place::from(self.member()), Place::from(self.member()));
        if from != to && state.act(Action::CutLink { from, to }).is_ok() {
            let at = now + self.span(500 * MILLIS, 6 * SECOND);
            self.repair_at(at, Action::HealLink { from, to });
        }
    }

    /// All links of one member lose, double, reorder and delay for a while.
    fn trouble_links(&mut self, state: &mut State, now: Nanos) {
        let no = self.member();
        let chance = |random: &mut Stream| u32::try_from(random.below(200_000)).unwrap_or(0);
        let trouble = Trouble {
            loss: chance(&mut self.random),
            duplicates: chance(&mut self.random),
            reordered: chance(&mut self.random),
        };
        let one_way = self.random.between(2 * MILLIS, 300 * MILLIS);
        let slow = self.random.chance(300_000);
        let at = now + self.span(SECOND, 8 * SECOND);
        for other in self.members.clone() {
            for (from, to) in [(no, other), (other, no)] {
                let (from, to) = (Place::from(from), Place::from(to));
                let _ = state.act(Action::RoughLink { from, to, trouble });
                if slow {
                    let _ = state.act(Action::SlowLink { from, to, one_way: Some(one_way) });
                }
                self.repair_at(at, Action::HealLink { from, to });
            }
        }
    }

    // --- disks and clocks ---

    fn slow_disk(&mut self, state: &mut State, now: Nanos) {
        let member = self.member();
        let fsync = Some(self.span(5 * MILLIS, 400 * MILLIS));
        let _ = state.act(Action::SlowDisk { member, fsync });
        let at = now + self.span(SECOND, 6 * SECOND);
        self.repair_at(at, Action::SlowDisk { member, fsync: None });
    }

    /// The disk is full or fails; the member gives up and is started again when it works.
    fn break_disk(&mut self, state: &mut State, now: Nanos) {
        let member = self.member();
        let at = now + self.span(200 * MILLIS, 3 * SECOND);
        let operation = match self.random.below(4) {
            0 => {
                let _ = state.act(Action::FullDisk { member, full: true });
                self.repair_at(at, Action::FullDisk { member, full: false });
                return;
            }
            1 => DiskOperation::Read,
            2 => DiskOperation::Write,
            _ => DiskOperation::Sync,
        };
        let _ = state.act(Action::DiskErrors { member, operation, failing: true });
        self.repair_at(at, Action::DiskErrors { member, operation, failing: false });
    }

    fn bend_clock(&mut self, state: &mut State, now: Nanos) {
        let member = self.member();
        let rate = self.random.between(400_000, 2_500_000);
        let rate = u32::try_from(rate).ok().and_then(Rate::from_millionths).unwrap_or(Rate::TRUE);
        let _ = state.act(Action::ClockRate { member, rate });
        let at = now + self.span(SECOND, 8 * SECOND);
        self.repair_at(at, Action::ClockRate { member, rate: Rate::TRUE });
    }

    // --- peace ---

    /// Ends every fault.
    fn heal(&mut self, state: &mut State) {
        self.repairs.clear();
        self.members = state.numbers().collect();
        let _ = state.act(Action::Heal);
        for member in self.members.clone() {
            let operations = [DiskOperation::Read, DiskOperation::Write, DiskOperation::Sync];
            for operation in operations {
                let _ = state.act(Action::DiskErrors { member, operation, failing: false });
            }
            let _ = state.act(Action::FullDisk { member, full: false });
            let _ = state.act(Action::SlowDisk { member, fsync: None });
            let _ = state.act(Action::ClockRate { member, rate: Rate::TRUE });
            let _ = state.act(Action::Thaw(member));
            let _ = state.act(Action::Restart(member));
        }
    }
}
