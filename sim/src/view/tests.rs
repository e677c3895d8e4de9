//! Frames, sentences and the feed, from small runs.

use super::call::{Action, Call, Reply, Stop};
use super::frame::{Fate, Frame, FrameRequest, Keep, Kind, Level, Life, Role};
use super::serve::Served;

fn ask(served: &mut Served, call: &Call) -> Reply {
    let question = serde_json::to_vec(call).unwrap();
    let reply: Reply = serde_json::from_slice(&served.answer(&question)).unwrap();
    assert_eq!(reply.error, None, "{call:?}");
    reply
}

fn boot(seed: u64, nodes: u32) -> Served {
    let mut served = Served::default();
    ask(&mut served, &Call::Boot { seed, nodes, actions: Vec::new() });
    served
}

fn run(served: &mut Served, until_ms: u64) {
    let call = Call::Run { until_us: until_ms * 1000, stop: Stop::Time, slices_max: 0 };
    assert_eq!(ask(served, &call).stopped, None);
}

fn exec(served: &mut Served, line: &str) -> u64 {
    ask(served, &Call::Exec { line: line.to_string() }).id.unwrap()
}

fn look(served: &mut Served) -> Frame {
    frame(served, FrameRequest::default())
}

fn frame(served: &mut Served, request: FrameRequest) -> Frame {
    *ask(served, &Call::Frame { request }).frame.unwrap()
}

fn leader(frame: &Frame) -> u32 {
    let leaders = frame.members.iter().filter(|member| member.role == Role::Leader);
    leaders.max_by_key(|member| member.term).unwrap().alias
}

#[test]
fn a_put_is_seen_from_the_terminal_to_three_disks() {
    let mut served = boot(7, 3);
    run(&mut served, 3_000);
    assert_eq!(look(&mut served).sentence.now, "n2 leads term 2. Everyone follows.");
    let id = exec(&mut served, "put color red");
    let waiting = look(&mut served);
    let entry = waiting.terminal.iter().find(|entry| entry.id == id).unwrap();
    assert_eq!((entry.done, entry.waits.as_str()), (false, "waits for n1"));
    assert!(waiting.wants_us > Some(waiting.time_us));
    assert_eq!(waiting.clients[0].call.as_ref().unwrap().words, "put color red");
    run(&mut served, 3_500);
    let done = look(&mut served);
    let entry = done.terminal.iter().find(|entry| entry.id == id).unwrap();
    assert_eq!((entry.output.as_str(), entry.done, entry.failed), ("OK\n", true, false));
    for row in &done.log.rows {
        let cell = row.cells.last().unwrap();
        assert_eq!((cell.words.as_str(), cell.keep), ("put color red", Keep::Durable));
        assert!(cell.committed && cell.changed);
    }
    assert_eq!(done.log.disks.last(), Some(&3));
    assert!(done.members.iter().all(|member| member.revision == 2));
    assert_eq!(done.marks.writes.iter().sum::<u32>(), 1);
}

#[test]
fn the_inspector_shows_peers_bytes_and_keys() {
    let mut served = boot(7, 3);
    run(&mut served, 2_000);
    exec(&mut served, "put color red");
    run(&mut served, 2_100);
    exec(&mut served, "put color blue");
    run(&mut served, 2_200);
    exec(&mut served, "del color");
    run(&mut served, 3_000);
    let frame = frame(&mut served, FrameRequest { select: Some(2), ..FrameRequest::default() });
    let inspector = frame.inspector.unwrap();
    assert_eq!(inspector.peers.iter().map(|peer| peer.alias).collect::<Vec<_>>(), [1, 3]);
    assert!(inspector.peers.iter().all(|peer| peer.mode == "replicate" && peer.heard_us.is_some()));
    assert_eq!(inspector.voters, [1, 2, 3]);
    let record =
        inspector.wal.records.iter().find(|r| r.words.ends_with("put color blue")).unwrap();
    assert!(record.hex.len() >= 32 && !record.bad && record.keep == Keep::Durable);
    let states: Vec<_> = inspector.wal.records.iter().filter(|r| r.kind == "state").collect();
    assert!(states.iter().all(|record| record.words.contains("vote n2")), "{states:?}");
    let values: Vec<_> = inspector.keys.rows[0]
        .changes
        .iter()
        .map(|change| (change.revision, change.value.as_deref()))
        .collect();
    assert_eq!(values, [(2, Some("red")), (3, Some("blue")), (4, None)]);
}

#[test]
fn the_inspector_shows_leases_and_watches() {
    let mut served = boot(7, 3);
    run(&mut served, 2_000);
    let granted = exec(&mut served, "lease grant 60");
    exec(&mut served, "watch color --endpoints=n1");
    run(&mut served, 2_500);
    let entry = look(&mut served).terminal.into_iter().find(|entry| entry.id == granted).unwrap();
    let id = entry.output.split_whitespace().nth(1).unwrap().to_string();
    exec(&mut served, &format!("put color red --lease={id}"));
    run(&mut served, 3_000);
    for member in 1..=3 {
        let request = FrameRequest { select: Some(member), ..FrameRequest::default() };
        let inspector = frame(&mut served, request).inspector.unwrap();
        let [lease] = inspector.leases.as_slice() else { panic!("{:?}", inspector.leases) };
        assert_eq!((lease.id.as_str(), lease.ttl, lease.left), (id.as_str(), 60, 60));
        assert_eq!((lease.keys.as_slice(), lease.key_count), (&["color".to_string()][..], 1));
        // n2 leads.
        assert_eq!(inspector.counts_leases, member == 2);
        let here = u64::from(member == 1);
        let watches = inspector.watches;
        assert_eq!((watches.streams, watches.watchers, watches.synced), (here, here, here));
    }
}

#[test]
fn a_cut_parts_the_sheet_and_the_sentence_tells_both_sides() {
    let mut served = boot(11, 5);
    run(&mut served, 3_000);
    let old = leader(&look(&mut served));
    exec(&mut served, "partition leader | rest");
    let cut = look(&mut served);
    assert_eq!(cut.cut.as_ref().unwrap().groups[0], [old]);
    assert_eq!(cut.links.iter().filter(|link| link.cut).count(), 8);
    run(&mut served, 3_122);
    let dropped = look(&mut served).messages;
    assert!(
        dropped
            .iter()
            .any(|message| message.fate == Fate::Dropped && message.kind == Kind::Heartbeat)
    );
    // The others elect a leader; the old one believes that it leads until it notices its loneliness.
    let id = exec(&mut served, "until new leader");
    for at in 0..40 {
        run(&mut served, 3_122 + at * 50);
        if look(&mut served).terminal.iter().any(|entry| entry.id == id && entry.done) {
            break;
        }
    }
    let both = look(&mut served);
    let new = leader(&both);
    assert_ne!(old, new);
    assert!(both.sentence.now.starts_with(&format!("n{new} leads term ")), "{}", both.sentence.now);
    exec(&mut served, "heal");
    let healed = look(&mut served);
    assert!(healed.cut.is_none() && healed.links.is_empty());
    assert!(healed.marks.cuts[0].to_us.is_some());
}

#[test]
fn what_a_power_failure_takes_is_drawn_as_lost() {
    let mut served = boot(4, 3);
    run(&mut served, 3_000);
    exec(&mut served, "slow disk all 200ms");
    exec(&mut served, "put balance 90");
    run(&mut served, 3_020);
    let before = look(&mut served);
    let detail = &before.sentence.detail;
    assert_eq!(detail, "put balance 90 waits: entry 9 is on 0 disks of the 2 it needs.");
    assert_eq!(before.members[0].squares.last().unwrap().keep, Keep::Cached);
    assert!(before.members.iter().all(|member| member.fsync_since_us.is_some()));
    exec(&mut served, "power off n1");
    let after = look(&mut served);
    assert_eq!(after.members[0].life, Life::Down);
    assert_eq!(after.members[0].squares.last().unwrap().keep, Keep::Lost);
    let told = after
        .events
        .iter()
        .any(|event| event.text.contains("n1 lost power. Entry 9 was not on its disk"));
    assert!(told, "{:?}", after.events);
    assert!(after.alternative.contains("n1 is down."), "{}", after.alternative);
}

#[test]
fn nobody_leads_when_too_few_are_there() {
    let mut served = boot(3, 5);
    run(&mut served, 3_000);
    exec(&mut served, "kill n1 n2 n3");
    run(&mut served, 6_000);
    let frame = look(&mut served);
    assert!(frame.sentence.stuck);
    assert!(
        frame
            .sentence
            .now
            .starts_with("Nobody can lead: 2 of 5 are up and connected; 3 are needed.")
    );
    assert_eq!(frame.marks.downs.len(), 3);
}

#[test]
fn stepping_stops_at_the_next_thing() {
    let mut served = boot(7, 3);
    let far = |stop| Call::Run { until_us: 60_000_000, stop, slices_max: 0 };
    let first = ask(&mut served, &far(Stop::Event));
    assert_eq!(first.stopped.as_deref(), Some("event"));
    let events = look(&mut served).events;
    assert!(events.last().unwrap().text.ends_with("It asks for pre-votes."), "{events:?}");
    let next = ask(&mut served, &far(Stop::Message));
    assert_eq!(next.stopped.as_deref(), Some("message"));
    assert!(next.time_us.unwrap() < first.time_us.unwrap() + 10_000);
    let few = Call::Run { until_us: 60_000_000, stop: Stop::Time, slices_max: 3 };
    assert_eq!(ask(&mut served, &few).stopped.as_deref(), Some("slices"));
}

#[test]
fn the_feed_comes_in_parts_and_messages_only_when_asked_for() {
    let mut served = boot(7, 3);
    run(&mut served, 3_000);
    let all = look(&mut served).events;
    assert!(all.iter().all(|event| event.level == Level::Change));
    let since_event = all.last().unwrap().seq;
    let rest = frame(&mut served, FrameRequest { since_event, ..FrameRequest::default() }).events;
    assert_eq!(rest, all[all.len() - 1..]);
    let request = FrameRequest { messages_too: true, ..FrameRequest::default() };
    let loud = frame(&mut served, request).events;
    assert!(loud.iter().any(|event| event.text == "n2 sends a heartbeat to two members."));
    assert!(loud.windows(2).all(|pair| pair[0].seq < pair[1].seq));
}

#[test]
fn the_log_of_a_run_is_the_run() {
    let mut served = boot(5, 5);
    for (at, line) in [
        (1_500, "load 40 put/s for 2s"),
        (1_777, "client A put k 1 --endpoints=follower"),
        (2_000, "kill leader"),
        (2_333, "status"),
        (3_500, "partition n1 n2 | rest"),
        (5_000, "heal"),
        (5_001, "nonsense"),
        (5_002, "restart all"),
    ] {
        // Looking often, or in odd steps, changes nothing.
        for step in 1..7 {
            let now = look(&mut served).time_us / 1000;
            run(&mut served, now + (at - now) * step / 7);
        }
        run(&mut served, at);
        exec(&mut served, line);
    }
    run(&mut served, 9_000);
    let first = look(&mut served);
    let actions = ask(&mut served, &Call::Actions).actions.unwrap();
    let lines: Vec<&str> = actions.iter().map(|action| action.line.as_str()).collect();
    assert_eq!(lines.len(), 6, "looks and refusals are not in the log: {lines:?}");
    let mut again = Served::default();
    ask(&mut again, &Call::Boot { seed: 5, nodes: 5, actions });
    run(&mut again, 9_000);
    assert_eq!(look(&mut again).trace, first.trace);
}

#[test]
fn a_frame_is_small() {
    let mut served = boot(5, 5);
    exec(&mut served, "load 100 put/s for 60s");
    run(&mut served, 10_000);
    let since_event = look(&mut served).events.last().unwrap().seq;
    let request = FrameRequest { select: Some(1), since_event, ..FrameRequest::default() };
    let json = serde_json::to_string(&frame(&mut served, request)).unwrap();
    assert!(json.len() < 30_000, "{} bytes", json.len());
}

#[test]
fn questions_that_make_no_sense_are_answered_with_a_sentence() {
    let mut served = Served::default();
    for (question, sentence) in [
        ("{}", "This question cannot be read: missing field `op` at line 1 column 2."),
        (r#"{"op":"frame"}"#, "There is no world yet. Send boot first."),
        (r#"{"op":"boot","seed":"1","nodes":10}"#, "A world has 1 to 9 members, not 10."),
        (
            r#"{"op":"boot","seed":"-1","nodes":3}"#,
            "This question cannot be read: a seed is a whole number below 2^64, as text.",
        ),
    ] {
        let reply: Reply = serde_json::from_slice(&served.answer(question.as_bytes())).unwrap();
        assert_eq!(reply.error.as_deref(), Some(sentence));
    }
    let late = vec![Action { time_us: 5, line: "kill n1".to_string() }];
    ask(&mut served, &Call::Boot { seed: 1, nodes: 1, actions: late });
    run(&mut served, 1);
    assert_eq!(look(&mut served).members[0].life, Life::Down);
}

/// Everything about a moment that does not depend on how it was come to.
fn moment(served: &mut Served) -> Frame {
    let mut frame = look(served);
    for row in &mut frame.log.rows {
        row.cells.iter_mut().for_each(|cell| cell.changed = false);
    }
    for member in &mut frame.members {
        member.changed.clear();
    }
    frame
}

fn action(time_ms: u64, line: &str) -> Action {
    Action { time_us: time_ms * 1_000, line: line.to_string() }
}

#[test]
fn a_world_goes_on_with_the_rest_of_a_run() {
    let actions = [action(3_000, "kill n1"), action(3_200, "put a 1"), action(4_000, "restart n1")];
    let mut whole = Served::default();
    ask(&mut whole, &Call::Boot { seed: 7, nodes: 3, actions: actions.to_vec() });
    run(&mut whole, 5_000);

    let mut parts = boot(7, 3);
    run(&mut parts, 2_500);
    let reply = ask(&mut parts, &Call::Resume { actions: actions.to_vec() });
    assert_eq!((reply.time_us, reply.done), (Some(2_500_000), Some(0)));
    run(&mut parts, 3_500);
    // What is to come can be exchanged, and be exchanged back.
    let other = [&actions[..2], &[action(3_600, "kill n3")]].concat();
    assert_eq!(ask(&mut parts, &Call::Resume { actions: other }).done, Some(2));
    assert_eq!(ask(&mut parts, &Call::Resume { actions: actions.to_vec() }).done, Some(2));
    run(&mut parts, 5_000);
    let (parts_at, whole_at) = (moment(&mut parts), moment(&mut whole));
    assert_eq!(parts_at.trace, whole_at.trace);
    assert_eq!(parts_at, whole_at);

    // But not what has been done.
    for wrong in [&actions[1..], &[action(3_000, "kill n1"), action(3_200, "put a 2")], &[]] {
        let call = serde_json::to_vec(&Call::Resume { actions: wrong.to_vec() }).unwrap();
        let reply: Reply = serde_json::from_slice(&parts.answer(&call)).unwrap();
        assert!(reply.error.is_some_and(|error| error.contains("another past")));
    }
}

#[test]
fn who_acts_while_a_run_is_repeated_takes_it_over() {
    let mut served = Served::default();
    let actions = vec![action(3_000, "kill n1"), action(4_000, "restart n1")];
    ask(&mut served, &Call::Boot { seed: 7, nodes: 3, actions });
    run(&mut served, 3_500);
    exec(&mut served, "status");
    assert_eq!(ask(&mut served, &Call::Actions).actions.unwrap().len(), 2, "looking is not acting");
    exec(&mut served, "put a 1");
    run(&mut served, 4_500);
    let done = ask(&mut served, &Call::Actions).actions.unwrap();
    let lines: Vec<_> = done.iter().map(|action| action.line.as_str()).collect();
    assert_eq!(lines, ["kill n1", "put a 1"]);
    assert_eq!(look(&mut served).members[0].life, Life::Down);
}

#[test]
fn a_step_back_ends_where_the_step_before_ended() {
    for stop in [Stop::Event, Stop::Message, Stop::Disk, Stop::Commit] {
        let mut served = boot(7, 3);
        run(&mut served, 3_000);
        exec(&mut served, "put a 1");
        let mut ends = Vec::new();
        for _ in 0..12 {
            let call = Call::Run { until_us: 60_000_000, stop, slices_max: 0 };
            let reply = ask(&mut served, &call);
            ends.extend(reply.time_us.filter(|_| reply.stopped.is_some()));
        }
        assert!(ends.len() > 2, "{stop:?}: {ends:?}");
        for pair in ends.windows(2) {
            let mut again = Served::default();
            let actions = vec![action(3_000, "put a 1")];
            ask(&mut again, &Call::Boot { seed: 7, nodes: 3, actions });
            let before = pair[1] - 1;
            let until_us = before - before % super::call::STEP_US;
            ask(&mut again, &Call::Run { until_us, stop: Stop::Time, slices_max: 0 });
            assert_eq!(ask(&mut again, &Call::Last { stop }).time_us, Some(pair[0]), "{stop:?}");
        }
    }
}

#[test]
fn another_token_makes_other_ids_and_changes_nothing() {
    let mut served = boot(7, 3);
    run(&mut served, 1_000);
    let inspected = |served: &mut Served| {
        let request = FrameRequest { select: Some(2), ..FrameRequest::default() };
        let frame = frame(served, request);
        let member = frame.members.iter().find(|member| member.alias == 2).unwrap().id.clone();
        (member, frame.inspector.unwrap(), frame.trace)
    };
    let identify = |served: &mut Served, token: &str| {
        let call = Call::Identify { member: 2, token: token.to_string() };
        ask(served, &call).identity.unwrap()
    };
    let (id, inspector, trace) = inspected(&mut served);
    let own = identify(&mut served, &inspector.token);
    assert_eq!((own.member, own.cluster), (id.clone(), inspector.cluster_id.clone()));
    let other = identify(&mut served, "another");
    assert!(other.member != id && other.cluster != inspector.cluster_id);
    assert_eq!(inspected(&mut served).2, trace);
    // A machine that is started with it is that member.
    exec(&mut served, "kill n2");
    exec(&mut served, "wipe n2");
    exec(&mut served, "start n2 --initial-cluster-token another");
    run(&mut served, 1_500);
    let (id, inspector, _) = inspected(&mut served);
    assert_eq!((other.member, other.cluster), (id, inspector.cluster_id));
    let nobody = served.answer(br#"{"op":"identify","member":9,"token":"a"}"#);
    let nobody: Reply = serde_json::from_slice(&nobody).unwrap();
    assert_eq!(nobody.error.as_deref(), Some("There is no member n9."));
}

#[test]
fn who_is_cut_off_is_told_in_full() {
    let mut served = boot(42, 5);
    run(&mut served, 3_000);
    assert_eq!(leader(&look(&mut served)), 5);
    exec(&mut served, "load 20 put/s for 3s");
    run(&mut served, 3_500);
    let names: Vec<String> = look(&mut served).clients.into_iter().map(|one| one.name).collect();
    assert!(names.contains(&"load-1".to_string()), "as in the history: {names:?}");
    exec(&mut served, "partition n1 n2 | rest");
    run(&mut served, 7_000);
    let frame = look(&mut served);
    let detail = frame.sentence.detail;
    assert!(
        detail.starts_with("n1 and n2 are ") && detail.ends_with(" entries behind."),
        "{detail}"
    );
    exec(&mut served, "heal");
    run(&mut served, 9_000);
    exec(&mut served, "partition leader | rest");
    run(&mut served, 14_000);
    // The leader had itself until it gave up, a second after the cut.
    let asks = look(&mut served)
        .events
        .into_iter()
        .rfind(|event| event.text.starts_with("n5 has heard no leader"));
    let asks = asks.unwrap();
    let gave_up = asks.time_us - 10_000_000;
    let silent: f64 = asks.text.split(' ').nth(6).unwrap().parse().unwrap();
    assert!(silent > 0.9 && silent * 1e6 < gave_up as f64 + 100_000.0, "{}", asks.text);
}

#[test]
fn the_drawing_in_words_has_articles_that_fit() {
    let mut served = boot(7, 3);
    let mut words = String::new();
    for ms in (1_000..3_000).step_by(2) {
        run(&mut served, ms);
        words += &look(&mut served).alternative;
    }
    assert!(
        words.contains("answer to an append from") && words.contains("answer to a heartbeat from")
    );
    assert!(!words.contains("answer to a append"));
}
