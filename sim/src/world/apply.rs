//! Carrying out an [`Action`]: what it means, and when it cannot be done.

use glasshouse_core::node::Input;
use glasshouse_core::wal;

use super::{Action, Refused, RotTarget, Rule, State};
use crate::member::MemberState;
use crate::mutant::Mutant;
use crate::network::{LinkView, MessageId};
use crate::place::{ClientNo, MemberNo, Place};
use crate::trace::{DiskStep, DropReason, Life, What};

/// One sentence for whoever asked for something impossible.
fn refuse<T>(sentence: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(sentence.into()))
}

impl State {
    /// Does it, or says why not.
    pub(crate) fn act(&mut self, action: Action) -> Result<(), Refused> {
        if let Some(violation) = &self.violation {
            return refuse(format!("the run has ended: {violation}"));
        }
        self.check_places(&action)?;
        self.checks.on_action(self.now(), &action);
        match action {
            Action::Restart(no) => self.restart(action, no),
            Action::Start { member, ref flags } => {
                let flags = flags.clone();
                self.start_with(action, member, &flags)
            }
            Action::Wipe(no) => self.wipe(action, no),
            Action::Join(no) => self.join(action, no),
            Action::Kill(no) => self.end_by(action, no, Life::Killed),
            Action::PowerOff { member, torn } => self.power_off(action, member, torn),
            Action::Stop(no) => self.stop(action, no),
            Action::Freeze(no) => self.freeze(action, no),
            Action::Thaw(no) => self.thaw(action, no),
            Action::FreezeClient(no) => self.freeze_client(action, no, true),
            Action::ThawClient(no) => self.freeze_client(action, no, false),
            Action::DropMessage(id) => self.on_flight(action, id, |state| {
                state.drop_flight(id, DropReason::ByHand);
            }),
            Action::DelayMessage { id, by } => {
                self.on_flight(action, id, |state| state.delay(id, by))
            }
            Action::HastenMessage { id, by } => {
                self.on_flight(action, id, |state| state.hasten(id, by))
            }
            Action::DuplicateMessage { id, after } => {
                self.on_flight(action, id, |state| state.duplicate(id, after))
            }
            Action::Campaign(no) => self.campaign(action, no),
            Action::Rot { member, target } => self.rot(action, member, target),
            Action::Plant { mutant, ref members, planted } => {
                let members = members.clone();
                self.plant(action, mutant, &members, planted)
            }
            other => {
                self.event(What::Fault(other.clone()));
                self.turn_dial(other);
                Ok(())
            }
        }
    }

    /// Every place that an action names must exist.
    fn check_places(&self, action: &Action) -> Result<(), Refused> {
        let exists = |place: Place| match place {
            Place::Member(no) => no.index() < self.members.len(),
            Place::Client(no) => usize::from(no.0) < self.clients.len(),
        };
        match places_of(action).into_iter().find(|&place| !exists(place)) {
            Some(place) => refuse(format!("there is no {place} in this world")),
            None => Ok(()),
        }
    }

    /// Actions that only change a setting; they are always possible.
    fn turn_dial(&mut self, action: Action) {
        match action {
            Action::Partition(groups) => between(&groups, |from, to| self.cut(from, to)),
            Action::Mend(groups) => between(&groups, |from, to| self.heal(from, to)),
            Action::CutLink { from, to } => self.cut(from, to),
            Action::HealLink { from, to } => self.heal(from, to),
            Action::Heal => self.heal_all(),
            Action::SlowLink { from, to, one_way } => {
                self.network.set(from, to, |link| link.one_way = one_way);
            }
            Action::RoughLink { from, to, trouble } => {
                self.network.set(from, to, |link| link.trouble = trouble);
            }
            Action::DropNext { from, to, kind } => {
                self.network.set(from, to, |link| link.drops_next = Some(kind));
            }
            Action::SlowDisk { member, fsync } => self.member_mut(member).disk.set_fsync(fsync),
            Action::FullDisk { member, full } => {
                self.member_mut(member).disk.set_troubles(|troubles| troubles.full = full);
            }
            Action::LyingDisk { member, lying } => {
                self.member_mut(member).disk.set_troubles(|troubles| troubles.lying = lying);
            }
            Action::DiskErrors { member, operation, failing } => {
                self.member_mut(member).disk.set_failing(operation, failing);
            }
            Action::ClockRate { member, rate } => {
                self.member_mut(member).rate = rate;
                let now = self.now();
                self.checks.on_rates(now, self.members.iter().map(|member| member.rate));
                if self.member(member).tick.is_some() {
                    self.arm_tick(member);
                }
            }
            Action::AlignTimers => self.align_timers(),
            Action::Rule(Rule::PreVote(on)) => self.rules.pre_vote = on,
            Action::Rule(Rule::CheckQuorum(on)) => self.rules.check_quorum = on,
            Action::Rule(Rule::Spread(on)) => self.rules.spread = on,
            _ => unreachable!("`act` carries out everything that can be refused"),
        }
    }

    fn plant(
        &mut self,
        action: Action,
        mutant: Mutant,
        members: &[MemberNo],
        planted: bool,
    ) -> Result<(), Refused> {
        if planted {
            self.plants.plant(mutant, members);
        } else if !self.plants.unplant(mutant, members) {
            return refuse(format!("{mutant} is not planted there"));
        }
        self.event(What::Fault(action));
        Ok(())
    }

    // --- processes ---

    fn restart(&mut self, action: Action, no: MemberNo) -> Result<(), Refused> {
        if self.member(no).state.is_running() {
            return refuse(format!("{no} is running; kill or stop it first"));
        }
        self.event(What::Fault(action));
        self.start(no);
        Ok(())
    }

    fn end_by(&mut self, action: Action, no: MemberNo, how: Life) -> Result<(), Refused> {
        if !self.member(no).state.is_running() {
            return refuse(format!("{no} is not running"));
        }
        self.event(What::Fault(action));
        self.end_process(no, how);
        Ok(())
    }

    /// A machine can lose power whether or not its process runs: the page cache is lost either way.
    fn power_off(&mut self, action: Action, no: MemberNo, torn: bool) -> Result<(), Refused> {
        if self.member(no).state == MemberState::PoweredOff {
            return refuse(format!("{no} has no power already"));
        }
        self.event(What::Fault(action));
        if self.member(no).state.is_running() {
            self.end_process(no, Life::PoweredOff);
        } else {
            self.event(What::Life { member: no, step: Life::PoweredOff });
        }
        let member = self.member_mut(no);
        member.state = MemberState::PoweredOff;
        let loss = member.disk.on_power_off(torn);
        let step = DiskStep::Lost { lost: loss.lost, kept: loss.kept };
        self.event(What::Disk { member: no, step });
        Ok(())
    }

    fn stop(&mut self, action: Action, no: MemberNo) -> Result<(), Refused> {
        match self.member(no).state {
            MemberState::Up => {
                self.event(What::Fault(action));
                self.event(What::Life { member: no, step: Life::Stopping });
                let member = self.member_mut(no);
                member.state = MemberState::Stopping;
                member.tell(Input::Stop);
                Ok(())
            }
            // It has nothing to hand over yet.
            MemberState::Starting => self.end_by(action, no, Life::Stopped),
            MemberState::Stopping => refuse(format!("{no} is leaving already")),
            MemberState::Frozen => refuse(format!("{no} is frozen; thaw or kill it")),
            _ => refuse(format!("{no} is not running")),
        }
    }

    fn freeze(&mut self, action: Action, no: MemberNo) -> Result<(), Refused> {
        let state = self.member(no).state.clone();
        if !state.is_running() || state == MemberState::Frozen {
            return refuse(format!("{no} is not running"));
        }
        self.event(What::Fault(action));
        self.event(What::Life { member: no, step: Life::Frozen });
        let member = self.member_mut(no);
        member.thawed = std::mem::replace(&mut member.state, MemberState::Frozen);
        let place = member.place;
        self.handle.pause(place);
        Ok(())
    }

    fn thaw(&mut self, action: Action, no: MemberNo) -> Result<(), Refused> {
        if self.member(no).state != MemberState::Frozen {
            return refuse(format!("{no} is not frozen"));
        }
        self.event(What::Fault(action));
        self.event(What::Life { member: no, step: Life::Thawed });
        let member = self.member_mut(no);
        member.state = member.thawed.clone();
        let place = member.place;
        self.handle.resume(place);
        Ok(())
    }

    fn freeze_client(&mut self, action: Action, no: ClientNo, on: bool) -> Result<(), Refused> {
        let client = &mut self.clients[usize::from(no.0)];
        if client.frozen == on {
            let is = if on { "is frozen already" } else { "is not frozen" };
            return refuse(format!("{} {is}", client.name));
        }
        client.frozen = on;
        let place = client.place;
        if on {
            self.handle.pause(place);
        } else {
            self.handle.resume(place);
        }
        self.event(What::Fault(action));
        Ok(())
    }

    fn campaign(&mut self, action: Action, no: MemberNo) -> Result<(), Refused> {
        if self.member(no).state != MemberState::Up {
            return refuse(format!("{no} is not running"));
        }
        self.event(What::Fault(action));
        self.member_mut(no).tell(Input::Campaign);
        Ok(())
    }

    /// All members tick together from the next tick on.
    fn align_timers(&mut self) {
        let tick_ms = self.spec.tick_ms;
        for no in self.numbers() {
            let member = self.member(no);
            if member.tick.is_some() {
                let (life, span) = (member.life, member.tick_time(tick_ms));
                self.arm_tick_in(no, life, span);
            }
        }
    }

    // --- the network ---

    fn cut(&mut self, from: Place, to: Place) {
        let now = self.now();
        self.network.cut(now, from, to);
        self.net.clog_link(self.node_of(from), self.node_of(to));
    }

    fn heal(&mut self, from: Place, to: Place) {
        self.network.heal(from, to);
        self.net.unclog_link(self.node_of(from), self.node_of(to));
    }

    fn heal_all(&mut self) {
        for (from, to) in self.network.links() {
            if self.network.link_view(from, to) != LinkView::default() {
                self.heal(from, to);
            }
        }
    }

    fn on_flight(
        &mut self,
        action: Action,
        id: MessageId,
        change: impl FnOnce(&mut Self),
    ) -> Result<(), Refused> {
        if self.network.flight(id).is_none() {
            return refuse(format!("message {id} is not on its way"));
        }
        self.event(What::Fault(action));
        change(self);
        Ok(())
    }

    // --- rot ---

    fn rot(&mut self, action: Action, no: MemberNo, target: RotTarget) -> Result<(), Refused> {
        let Some((segment, offset, bit)) = self.locate(no, target) else {
            return refuse(match target {
                RotTarget::Entry(index) => format!("the durable log of {no} has no entry {index}"),
                RotTarget::Wal { .. } | RotTarget::Store { .. } => {
                    format!("the disk of {no} has no such byte")
                }
            });
        };
        self.event(What::Fault(action));
        let disk = &mut self.member_mut(no).disk;
        match segment {
            Some(segment) => disk.rot_wal(segment, offset, bit),
            None => disk.rot_store(offset, bit),
        };
        let step = DiskStep::Rotted { segment, offset, bit };
        self.event(What::Disk { member: no, step });
        Ok(())
    }

    /// (segment or store, byte, bit) of what shall rot, if it exists.
    fn locate(&self, no: MemberNo, target: RotTarget) -> Option<(Option<u64>, u64, u8)> {
        let disk = &self.member(no).disk;
        match target {
            RotTarget::Wal { segment, offset, bit } => {
                disk.has_wal_byte(segment, offset).then_some((Some(segment), offset, bit))
            }
            RotTarget::Store { offset, bit } => {
                disk.has_store_byte(offset).then_some((None, offset, bit))
            }
            RotTarget::Entry(index) => disk.durable_wal().find_map(|(segment, bytes)| {
                let records = wal::dump(&bytes.into());
                let holds = |record: &wal::RecordView| {
                    record.kind == wal::RecordKind::Entry && record.index == index
                };
                let record = records.into_iter().rfind(holds)?;
                // The middle of the record: its payload, unless it is very short.
                Some((Some(segment), record.offset + record.len / 2, 3))
            }),
        }
    }
}

/// Visits every direction of every link between places of different groups.
fn between(groups: &[Vec<Place>], mut visit: impl FnMut(Place, Place)) {
    for (i, group) in groups.iter().enumerate() {
        for &from in group {
            let others = groups.iter().enumerate().filter(|(j, _)| *j != i);
            for &to in others.flat_map(|(_, other)| other) {
                visit(from, to);
            }
        }
    }
}

/// The places that an action names.
fn places_of(action: &Action) -> Vec<Place> {
    match action {
        Action::Restart(no)
        | Action::Start { member: no, .. }
        | Action::Wipe(no)
        | Action::Kill(no)
        | Action::Stop(no)
        | Action::Freeze(no)
        | Action::Thaw(no)
        | Action::Campaign(no) => vec![(*no).into()],
        Action::PowerOff { member, .. }
        | Action::SlowDisk { member, .. }
        | Action::FullDisk { member, .. }
        | Action::DiskErrors { member, .. }
        | Action::LyingDisk { member, .. }
        | Action::Rot { member, .. }
        | Action::ClockRate { member, .. } => vec![(*member).into()],
        Action::FreezeClient(no) | Action::ThawClient(no) => vec![(*no).into()],
        Action::Plant { members, .. } => members.iter().copied().map(Place::from).collect(),
        Action::Partition(groups) | Action::Mend(groups) => {
            groups.iter().flatten().copied().collect()
        }
        Action::CutLink { from, to }
        | Action::HealLink { from, to }
        | Action::SlowLink { from, to, .. }
        | Action::RoughLink { from, to, .. }
        | Action::DropNext { from, to, .. } => vec![*from, *to],
        Action::Heal
        | Action::DropMessage(_)
        | Action::DelayMessage { .. }
        | Action::HastenMessage { .. }
        | Action::DuplicateMessage { .. }
        // A machine that joins may be a new one.
        | Action::Join(_)
        | Action::AlignTimers
        | Action::Rule(_) => Vec::new(),
    }
}
