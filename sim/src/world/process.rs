//! The life of a member's process: start, recovery, every step, and each kind of end.

use std::sync::Arc;

use glasshouse_core::auth::password;
use glasshouse_core::node::{Append, Config, Effect, Input, Node, NodeView, Role};
use glasshouse_core::store::{Store, Work, Worked};
use madsim::time::TimerId;

use super::State;
use super::flags::Flag;
use crate::check::stable;
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::member::{self, MemberState, Process, Seen};
use crate::mutant::Mutant;
use crate::place::{MemberNo, Place};
use crate::rng::Stream;
use crate::trace::{Carried, DiskStep, DropReason, Life, Standing, What};

/// What a removed member says last, in etcd's words.
const REMOVED: &str = "the member has been permanently removed from the cluster";

/// Time that a member's helpers take to hash or check a password: bcrypt's at the default cost. The
/// work that is really done is as little as bcrypt allows.
const PASSWORD_TIME: Nanos = 50 * MILLIS;

/// When every world begins, in seconds since 1970: 2026-01-01. Ids of added members depend on it.
const EPOCH_UNIX_S: u64 = 1_767_225_600;

impl State {
    /// Starts the process of a member that has none.
    pub(crate) fn start(&mut self, no: MemberNo) {
        let startup = self.spec.startup;
        let member = self.member_mut(no);
        member.life += 1;
        member.state = MemberState::Starting;
        let (life, place) = (member.life, member.place);
        if life > 1 {
            self.handle.restart(place);
        }
        self.counts.starts += 1;
        self.event(What::Life { member: no, step: Life::Starting });
        self.spawn_on(Place::Member(no), member::drive(self.shared(), no, life, startup));
    }

    /// This life of the process goes on.
    pub(crate) fn is_alive(&self, no: MemberNo, life: u32) -> bool {
        let member = self.member(no);
        self.violation.is_none() && member.life == life && member.state.is_running()
    }

    /// The process wants to read its disk; says how long making its files durable takes.
    pub(crate) fn begin_recovery(&mut self, no: MemberNo, life: u32) -> Nanos {
        if self.is_alive(no, life) { self.member_mut(no).disk.startup_sync_time() } else { 0 }
    }

    /// Reads the disk and makes a node of it; `false` when the process has to end.
    pub(crate) fn recover(&mut self, no: MemberNo, life: u32) -> bool {
        if !self.is_alive(no, life) {
            return false;
        }
        let (node, store) = match self.read_disk(no, life) {
            Ok(read) => read,
            Err(reason) => {
                self.end_process(no, Life::Refused(reason));
                return false;
            }
        };
        let seen = self.seen(node.view());
        let up = Life::Up {
            cluster: node.view().cluster_id(),
            last_index: node.view().last_index(),
            applied: seen.applied,
            term: seen.standing.term,
        };
        let now = self.now();
        let checks = self.checks.of_mut(no);
        checks.at(now);
        let verdict = checks.on_recovered(no, node.view(), &seen);
        let member = self.member_mut(no);
        member.ticks = 0;
        member.set_process(Process { node, store, seen });
        if member.state == MemberState::Starting {
            member.state = MemberState::Up;
        }
        self.chronicle(no);
        self.event(What::Life { member: no, step: up });
        self.event(What::Standing { member: no, standing: seen.standing });
        self.violate(verdict);
        true
    }

    /// The node that goes on from what the disk holds, and its store.
    fn read_disk(&mut self, no: MemberNo, life: u32) -> Result<(Node, Store), String> {
        let wal = self.member_mut(no).disk.read_wal()?;
        self.identify(no, &wal)?;
        let mut config = self.config(no, life);
        self.as_it_is_configured(no, &mut config);
        let disk = &mut self.member_mut(no).disk;
        let store = Store::open(disk.open_store()?).map_err(|error| error.to_string())?;
        self.lose_revision(no, &store);
        if let Some(node) = self.cut_damaged_log(no, &config, &store)? {
            return Ok((node, store));
        }
        let node = Node::recover(config, wal, store.clone()).map_err(|error| error.to_string())?;
        Ok((node, store))
    }

    fn config(&self, no: MemberNo, life: u32) -> Config {
        let spec = &self.spec;
        let member = self.member(no);
        let mut seed = Stream::new(spec.seed, "node", no.number().into(), life.into());
        Config {
            bootstrap: member.first.clone(),
            name: member.line.get(Flag::Name).to_owned(),
            client_urls: member.client_urls.clone(),
            seed: seed.word(),
            tick_ms: spec.tick_ms,
            election_ticks: spec.election_ticks,
            pre_vote: self.rules.pre_vote,
            check_quorum: self.rules.check_quorum,
            spread_timeouts: self.rules.spread,
            append_bytes: spec.append_bytes,
            snapshot_count: spec.snapshot_count,
            snapshot_catchup_entries: spec.snapshot_catchup_entries,
            snapshot_chunk_bytes: spec.snapshot_chunk_bytes,
            wal_segment_bytes: spec.wal_segment_bytes,
            store_flush_ticks: spec.store_flush_ticks,
            lease_checkpoint_seconds: spec.lease_checkpoint_seconds,
            strict_reconfig_check: spec.strict_reconfig_check,
            quota_backend_bytes: spec.quota_backend_bytes,
            corrupt_check_ms: spec.corrupt_check_ms,
            auto_compaction: spec.auto_compaction,
            bcrypt_cost: password::COST_MIN,
            started_unix_s: EPOCH_UNIX_S + self.now() / SECOND,
            ..Config::new(member.id, member.cluster)
        }
    }

    // --- one step ---

    /// Plans the next tick of a member's clock.
    pub(crate) fn arm_tick(&mut self, no: MemberNo) {
        let (tick_ms, member) = (self.spec.tick_ms, self.member(no));
        let (span, life) = (member.tick_time(tick_ms), member.life);
        self.arm_tick_in(no, life, span);
    }

    /// Plans a tick after `span`.
    pub(crate) fn arm_tick_in(&mut self, no: MemberNo, life: u32, span: Nanos) {
        let timer = self.after(span, move |state| {
            if state.is_alive(no, life) {
                let member = state.member_mut(no);
                member.tick = None;
                member.tell(Input::Tick);
            }
        });
        let earlier: Option<TimerId> = self.member_mut(no).tick.replace(timer);
        if let Some(earlier) = earlier {
            self.cancel_timer(earlier);
        }
    }

    /// The process takes an input from its mailbox.
    pub(crate) fn on_input(&mut self, no: MemberNo, input: Input) {
        if matches!(input, Input::Tick) && self.member(no).tick.is_none() {
            self.arm_tick(no);
        }
        self.step(no, input);
    }

    /// Steps the node, looks at what changed, and carries out what it wants.
    pub(crate) fn step(&mut self, no: MemberNo, input: Input) {
        if self.violation.is_some() {
            return;
        }
        let stored = matches!(input, Input::Stored { .. });
        let ticks = matches!(input, Input::Tick);
        if ticks {
            self.on_tick_of(no);
        }
        let mut effects = std::mem::take(&mut self.effects);
        let Some(process) = self.member_mut(no).process_mut() else { return };
        process.node.step(input, &mut effects);
        let appended = effects.iter().rev().find_map(|effect| match effect {
            Effect::Append(append) => Some(append.seq),
            _ => None,
        });
        self.follow_calls(no, appended);
        self.observe(no, stored);
        if ticks && let Some(process) = self.members[no.index()].process() {
            self.checks.of_mut(no).on_tick(no, process.node.view());
        }
        if let Some(seq) = appended
            && let Some(process) = self.members[no.index()].process()
        {
            self.checks.of_mut(no).on_appended(no, seq, process.node.view());
        }
        for effect in effects.drain(..) {
            if self.violation.is_some() || self.member(no).process().is_none() {
                break;
            }
            self.carry_out(no, effect);
        }
        effects.clear();
        self.effects = effects;
    }

    /// Records what a step changed and lets the checkers judge it.
    fn observe(&mut self, no: MemberNo, stored: bool) {
        let now = self.now();
        self.chronicle(no);
        let Some(process) = self.members[no.index()].process() else { return };
        let before = process.seen;
        let after = self.seen(process.node.view());
        if before != after {
            self.record_changes(no, &before, &after);
            if let Some(process) = self.member_mut(no).process_mut() {
                process.seen = after;
            }
        }
        if self.spec.checked
            && let Some(process) = self.members[no.index()].process()
        {
            let checks = self.checks.of_mut(no);
            checks.at(now);
            let verdict = checks.on_step(no, process.node.view(), &before, &after, stored);
            let verdict = verdict.or_else(|| stable::judge(self, no, &before, &after));
            self.violate(verdict);
        }
    }

    fn record_changes(&mut self, no: MemberNo, before: &Seen, after: &Seen) {
        if before.standing != after.standing {
            if after.standing.role == Role::Leader && before.standing.role != Role::Leader {
                self.counts.elections += 1;
            }
            self.event(What::Standing { member: no, standing: after.standing });
        }
        if after.first_index > before.first_index {
            self.counts.snapshots += 1;
            if after.first_index > before.commit + 1 {
                let index = after.first_index - 1;
                self.event(What::SnapshotInstalled { member: no, index });
            } else {
                self.event(What::Compacted { member: no, first_index: after.first_index });
            }
        }
        if before.commit != after.commit {
            self.event(What::Committed { member: no, index: after.commit });
        }
        if before.applied != after.applied {
            self.event(What::Applied { member: no, index: after.applied });
        }
    }

    fn seen(&self, view: NodeView<'_>) -> Seen {
        Seen {
            standing: Standing {
                role: view.role(),
                term: view.term(),
                vote: view.vote().and_then(|id| self.no_of(id)),
                leader: view.leader().and_then(|id| self.no_of(id)),
            },
            commit: view.commit(),
            applied: view.applied(),
            first_index: view.first_index(),
        }
    }

    fn carry_out(&mut self, no: MemberNo, effect: Effect) {
        match effect {
            Effect::Append(append) => self.append(no, append),
            Effect::Store { seq, mut batch } => {
                if !self.plants.is_empty() {
                    self.as_it_is_stored(no, &mut batch);
                }
                self.member_mut(no).disk.queue_batch(seq, batch);
                self.begin_store(no);
            }
            Effect::Work { id, work } => self.work(no, id, &work),
            Effect::DropLogBefore { segment } => {
                if self.member_mut(no).disk.drop_segments(segment) {
                    let step = DiskStep::SegmentsDropped { first: segment };
                    self.event(What::Disk { member: no, step });
                }
            }
            Effect::Send { to, mut info, mut bytes } => {
                let Some(to) = self.receiver(no, to, info.kind) else { return };
                self.as_it_leaves(no, to, &mut info, &mut bytes);
                let verdict = self.checks.of_mut(no).on_sent(no, to, &info);
                self.violate(verdict);
                self.send_peer(no, to, info, bytes);
            }
            Effect::Respond { call, result } => self.answer(no, call, Arc::new(result)),
            Effect::Watch { stream, response } => self.tell(no, stream, Ok(response)),
            Effect::WatchEnded { stream, error } => self.tell(no, stream, Err(error)),
            Effect::Password { job, task } => {
                let outcome = task.run();
                self.tell_after(no, PASSWORD_TIME, Input::Password { job, outcome });
            }
            // Simulated members give out simple tokens.
            Effect::SignToken { job, claims: _ } => {
                self.tell_after(no, PASSWORD_TIME, Input::TokenSigned { job, token: None });
            }
            Effect::Stopped => self.end_process(no, Life::Stopped),
            Effect::Removed => {
                self.counts.removals += 1;
                self.end_process(no, Life::Halted(REMOVED.into()));
            }
            Effect::Halt { reason } => self.end_process(no, Life::Halted(reason)),
        }
    }

    /// Gives the process an input after a while, if it still lives then.
    fn tell_after(&mut self, no: MemberNo, span: Nanos, input: Input) {
        let life = self.member(no).life;
        self.after(span, move |state| {
            if state.is_alive(no, life) {
                state.member_mut(no).tell(input);
            }
        });
    }

    // --- the disk ---

    fn append(&mut self, no: MemberNo, append: Append) {
        let Some(append) = self.as_it_is_written(no, append) else { return };
        self.member_mut(no).disk.queue_append(append);
        self.begin_wal(no);
    }

    /// Begins the next batch of appends, if the disk is free.
    fn begin_wal(&mut self, no: MemberNo) {
        let now = self.now();
        let began = match self.member_mut(no).disk.begin_wal(now) {
            None => return,
            Some(Ok(began)) => began,
            Some(Err(reason)) => return self.disk_failed(no, reason),
        };
        let mut last = 0;
        for step in began.steps {
            if let DiskStep::Wrote { append, .. } = step {
                last = append;
            }
            self.event(What::Disk { member: no, step });
        }
        if last > 0 && self.is_sick(Mutant::AckBeforeFsync, no) {
            self.member_mut(no).tell(Input::Persisted { seq: last });
        }
        let (token, life) = (began.token, self.member(no).life);
        self.after(began.until - now, move |state| state.end_wal(no, life, token));
    }

    fn end_wal(&mut self, no: MemberNo, life: u32, token: u64) {
        match self.member_mut(no).disk.end_wal(token) {
            None => {}
            Some(Err(reason)) => self.disk_failed(no, reason),
            Some(Ok(0)) => self.begin_wal(no),
            Some(Ok(seq)) => {
                self.event(What::Disk { member: no, step: DiskStep::Synced { append: seq } });
                self.checks.of_mut(no).on_synced(no, seq);
                if self.member(no).life == life && !self.is_sick(Mutant::AckBeforeFsync, no) {
                    let member = self.member_mut(no);
                    // With a planted fault, the last records count although nobody wrote them.
                    let last = member.withheld.last().filter(|_| member.disk.is_idle());
                    let withheld = last.map_or(0, |append| append.seq);
                    member.tell(Input::Persisted { seq: seq.max(withheld) });
                }
                self.begin_wal(no);
            }
        }
    }

    /// Begins the next commit of the store, if the disk is free.
    fn begin_store(&mut self, no: MemberNo) {
        let now = self.now();
        let Some((token, batch, until)) = self.member_mut(no).disk.begin_store(now) else { return };
        self.event(What::Disk { member: no, step: DiskStep::CommitBegan { batch, until } });
        self.after(until - now, move |state| state.end_store(no, token));
    }

    fn end_store(&mut self, no: MemberNo, token: u64) {
        let member = self.member_mut(no);
        let Some(store) = member.process().map(|process| process.store.clone()) else { return };
        match member.disk.end_store(token, &store) {
            None => {}
            Some(Err(reason)) => self.disk_failed(no, reason),
            Some(Ok(seq)) => {
                if self.is_sick(Mutant::DefragmentForgets, no) {
                    self.remember_stored(no, &store);
                }
                self.member_mut(no).tell(Input::Stored { seq });
                let step = DiskStep::CommitDone { batch: seq };
                self.event(What::Disk { member: no, step });
                self.begin_store(no);
            }
        }
    }

    /// Work beside the log takes no time in this world. Its disks do not care for space.
    fn work(&mut self, no: MemberNo, id: u64, work: &Work) {
        let member = self.member_mut(no);
        let Some(store) = member.process().map(|process| process.store.clone()) else { return };
        let done = store.work(work).map(|done| done.unwrap_or(Worked::Defragmented));
        if matches!(work, Work::Defragment) && self.is_sick(Mutant::DefragmentForgets, no) {
            self.forget_index(no, &store);
        }
        let member = self.member_mut(no);
        member.tell(Input::Worked { id, done: done.map_err(|error| error.to_string()) });
    }

    fn disk_failed(&mut self, no: MemberNo, reason: String) {
        let step = DiskStep::Failed { reason: reason.clone() };
        self.event(What::Disk { member: no, step });
        self.member_mut(no).tell(Input::DiskFailed { reason });
    }

    // --- the end ---

    /// The process ends, whatever the way.
    pub(crate) fn end_process(&mut self, no: MemberNo, how: Life) {
        let place = self.member(no).place;
        self.handle.kill(place);
        let member = self.member_mut(no);
        if let Some(tick) = member.tick.take() {
            self.cancel_timer(tick);
        }
        let member = self.member_mut(no);
        let process = member.take_process();
        if matches!(how, Life::Stopped) {
            // The store is closed properly before the file is let go.
            drop(process);
            member.disk.on_exit();
        } else {
            member.disk.on_kill(process.as_ref().map(|process| &process.store));
            drop(process);
        }
        member.state = match &how {
            Life::Stopped => MemberState::Stopped,
            Life::Halted(reason) => MemberState::Halted(reason.clone()),
            Life::Refused(reason) => MemberState::Refused(reason.clone()),
            Life::PoweredOff => MemberState::PoweredOff,
            _ => MemberState::Killed,
        };
        let now = self.now();
        let checks = self.checks.of_mut(no);
        checks.at(now);
        checks.on_ended(no);
        let power_off = matches!(how, Life::PoweredOff);
        self.event(What::Life { member: no, step: how });
        self.lose_connections(no, power_off);
    }

    /// What was on its way to a dead process is lost, and its clients notice.
    fn lose_connections(&mut self, no: MemberNo, power_off: bool) {
        for id in self.network.flights_to(no.into()) {
            self.drop_flight(id, DropReason::ReceiverDied);
        }
        self.lose_streams(no, power_off);
        if power_off {
            // A machine without power says nothing to anybody: clients wait until their time is
            // over.
            return;
        }
        for call in self.calls.open_at(no) {
            self.break_call(call);
        }
    }

    /// A message leaves the network without having arrived.
    pub(crate) fn drop_flight(&mut self, id: crate::network::MessageId, why: DropReason) {
        if let Some(flight) = self.network.land(id) {
            if matches!(flight.carries, Carried::Peer(_)) {
                self.counts.dropped += 1;
            }
            let (from, to, carries) = (flight.from, flight.to, flight.carries);
            self.event(What::Dropped { id, from, to, carries, why });
            self.lose_of_stream(carries);
        }
    }
}
