//! Lines and what they mean.

use std::collections::{BTreeMap, BTreeSet};

use super::complete::{Known, complete};
use super::*;
use crate::rng::Stream;
use crate::view::call::Stop;
use crate::view::frame::FrameRequest;

fn meaning(line: &str) -> String {
    match parse(line) {
        Ok(command) => format!("{command:?}"),
        Err(error) => format!("! {error}"),
    }
}

#[test]
fn the_commands_of_the_bench() {
    for (line, expected) in [
        ("", "Nothing"),
        ("  # kill n1", "Nothing"),
        ("kill n2 # the leader", "Kill([Alias(2)])"),
        ("KILL Leader", "Kill([Leader])"),
        ("kill n1, n3", "Kill([Alias(1), Alias(3)])"),
        ("stop etcd2", "Stop([Name(\"etcd2\")])"),
        ("power off n1 n2 torn", "PowerOff { members: [Alias(1), Alias(2)], torn: true }"),
        ("restart all", "Restart([All])"),
        ("freeze client A", "FreezeClient(\"A\")"),
        ("partition n1 | n2 n3", "Partition([[Alias(1)], [Alias(2), Alias(3)]])"),
        ("partition leader|rest", "Partition([[Leader], [Rest]])"),
        ("partition n1,n2", "Partition([[Alias(1), Alias(2)], [Rest]])"),
        (
            "drop n1->n2",
            "Drop { link: Direction { from: Alias(1), to: Alias(2), both: false }, percent: 100 }",
        ),
        (
            "drop n1 <-> leader 30%",
            "Drop { link: Direction { from: Alias(1), to: Leader, both: true }, percent: 30 }",
        ),
        (
            "slow link n1 ->n3 300ms",
            "SlowLink { link: Direction { from: Alias(1), to: Alias(3), both: false }, delay_us: 300000 }",
        ),
        ("drop message 412", "Message { id: 412, hand: Drop }"),
        ("delay message m412 20ms", "Message { id: 412, hand: Delay(20000) }"),
        ("hasten message 412 1.5ms", "Message { id: 412, hand: Hasten(1500) }"),
        ("double message 7", "Message { id: 7, hand: Double(0) }"),
        ("double message 7 20ms", "Message { id: 7, hand: Double(20000) }"),
        ("slow disk n3 20ms", "Disk { members: [Alias(3)], fault: Fsync(Some(20000)) }"),
        ("slow disk all off", "Disk { members: [All], fault: Fsync(None) }"),
        ("full disk n1 off", "Disk { members: [Alias(1)], fault: Full(false) }"),
        ("break disk n1 n2 writes", "Disk { members: [Alias(1), Alias(2)], fault: Writes(true) }"),
        ("rot n3 wal 42", "Rot { member: Alias(3), entry: 42 }"),
        ("clock n1 0.5x", "Clock { members: [Alias(1)], rate_thousandths: 500 }"),
        ("campaign n5", "Campaign(Alias(5))"),
        ("plant m05", "Plant { mutant: LocalRead, members: [], planted: true }"),
        (
            "unplant M05 n2,n3",
            "Plant { mutant: LocalRead, members: [Alias(2), Alias(3)], planted: false }",
        ),
        ("rule PreVote off", "Rule { name: \"prevote\", value: \"off\" }"),
        ("load 20 put/s for 30s", "Load { puts_per_second: 20, for_us: Some(30000000), at: None }"),
        ("load off", "LoadOff"),
        ("hunt 60s", "Hunt(60)"),
        ("run 1.5s", "Run(1500000)"),
        ("until leader", "Until { condition: Leader, within_us: 60000000 }"),
        ("until new leader within 5s", "Until { condition: NewLeader, within_us: 5000000 }"),
        ("until n3 applied 12", "Until { condition: Applied(Alias(3), 12), within_us: 60000000 }"),
        ("mark before-the-cut", "Mark(\"before-the-cut\")"),
        ("help slow disk", "Help(Some(\"slow disk\"))"),
        ("^C", "Interrupt"),
        ("^D", "Type(Typed { client: None, line: None })"),
        ("<", "Type(Typed { client: None, line: Some(\"\") })"),
        ("< put a \"b", "Type(Typed { client: None, line: Some(\"put a \\\"b\") })"),
        ("<  two # blanks ", "Type(Typed { client: None, line: Some(\" two # blanks \") })"),
        ("client A ^D", "Type(Typed { client: Some(\"A\"), line: None })"),
        ("client A < < b", "Type(Typed { client: Some(\"A\"), line: Some(\"< b\") })"),
    ] {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn lines_of_etcdctl_and_of_the_walkthroughs() {
    let call = |line: &str| match parse(line) {
        Ok(Command::Etcdctl(call)) => {
            let who = call.client.map(|client| format!("{client}: ")).unwrap_or_default();
            let at = call.at.map(|at| format!("{at}: ")).unwrap_or_default();
            let stdin = call.stdin.map(|text| format!(" < {text:?}")).unwrap_or_default();
            format!("{who}{at}{}{stdin}", call.args.join(" · "))
        }
        other => panic!("{line}: {other:?}"),
    };
    for (line, expected) in [
        ("etcdctl put \"two words\" 'it''s'", "put · two words · its"),
        ("get a#b --prefix # all", "get · a#b · --prefix"),
        ("client A put color red", "A: put · color · red"),
        ("client A etcdctl get color", "A: get · color"),
        ("$ ETCDCTL_API=3 etcdctl endpoint status", "endpoint · status"),
        ("--endpoints=n1 get k", "--endpoints=n1 · get · k"),
        ("docker exec -it 6d4 etcdctl member list", "! "),
        ("docker exec -it etcd1 etcdctl member list", "etcd1: member · list"),
        (
            "docker exec n2 /bin/sh -c \"export ETCDCTL_API=3 && /usr/local/bin/etcdctl put foo bar\"",
            "n2: put · foo · bar",
        ),
        (
            "txn <<< \"mod(\\\"a\\\") = \\\"0\\\"\\n\\nput a 1\\n\"",
            "txn < \"mod(\\\"a\\\") = \\\"0\\\"\\n\\nput a 1\\n\\n\"",
        ),
        (
            "txn <<END\nmod(\"a\") = \"0\"\n\nput a 1\n\nEND\n",
            "txn < \"mod(\\\"a\\\") = \\\"0\\\"\\n\\nput a 1\\n\\n\"",
        ),
    ] {
        if expected == "! " {
            assert!(parse(line).is_err(), "a container's hash is no member: {line}");
        } else {
            assert_eq!(call(line), expected, "{line}");
        }
    }
    assert_eq!(meaning("docker stop etcd2"), "Stop([Name(\"etcd2\")])");
    assert_eq!(meaning("docker start etcd2"), "Restart([Name(\"etcd2\")])");
}

#[test]
fn a_line_that_cannot_be_read_says_what_to_type() {
    for (line, expected) in [
        ("kil n1", "! There is no command \"kil\". Did you mean kill?"),
        ("prat n1", "! There is no command \"prat\". Type help for the list."),
        ("patrition n1", "! There is no command \"patrition\". Did you mean partition?"),
        ("kill", "! Write it like kill n2."),
        ("kill n0", "! \"n0\" is no member. Write n1, n2, ... or leader or follower."),
        (
            "kill rest",
            "! rest has a meaning only in partition. Name the members, or write kill all.",
        ),
        ("campaign all", "! Name one member here, not all: n1, n2, ... or leader or follower."),
        ("run 5", "! Give 5 a unit: 5s or 5ms."),
        ("run fast", "! \"fast\" is no duration. Write it like 300ms, 1.5s or 2m."),
        ("run 25h", "! 25h is too long. The longest duration is 24h."),
        ("partition n1 | n1", "! n1 can be in one group only."),
        ("partition", "! Write it like partition n1 | n2 n3."),
        ("drop message", "! Write it like drop message 412."),
        ("delay message 412", "! Write it like delay message 412 20ms."),
        ("hasten message 412", "! Write it like hasten message 412 2ms."),
        ("double message x", "! \"x\" is no number of a message. Write it like 412."),
        ("drop n1", "! Write it like drop n1->n2 [30%]."),
        ("drop n1->n1", "! n1 needs no link to itself. Name two members."),
        (
            "clock n1 1000x",
            "! \"1000x\" is no clock rate. Write it like 0.5x or 2x, between 0.01x and 100x.",
        ),
        ("x", "! There is no command \"x\". Type help for the list."),
        ("<put a 1", "! There is no command \"<put\". Did you mean put?"),
        ("put \"a", "! A quote is open. Close it with \"."),
        ("kill n1 <<< x", "! \"kill\" reads no input. Only etcdctl's commands do."),
        (
            "client A kill n1",
            "! A client speaks etcdctl only. Write it like client A put color red.",
        ),
        (
            "docker logs n1",
            "! Of Docker there are stop, kill, start, pause, unpause and exec. Write it like docker stop n2.",
        ),
    ] {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn times_as_people_say_them() {
    for (us, expected) in [
        (0, "0 us"),
        (1_500, "1.5 ms"),
        (18_000, "18 ms"),
        (1_022_000, "1.022 s"),
        (1_400_000, "1.4 s"),
        (120_000_000, "2 min"),
    ] {
        assert_eq!(units::spoken(us), expected);
    }
}

#[test]
fn completion_knows_where_the_cursor_is() {
    let known = Known {
        members: (1..=3).map(|n| (format!("n{n}"), "follower".to_string())).collect(),
        clients: vec!["A".to_string()],
        keys: vec!["stock/apples".to_string()],
    };
    let words = |line: &str| -> String {
        let (start, found) = complete(line, line.len(), &known);
        let words: Vec<String> = found.into_iter().map(|candidate| candidate.text).collect();
        format!("{start}: {}", words.join(" "))
    };
    for (line, expected) in [
        ("pa", "0: partition"),
        ("kill l", "5: leader"),
        ("kill n", "5: n1 n2 n3"),
        ("partition n1 | r", "15: rest"),
        ("client A pu", "9: put"),
        ("etcdctl endpoint s", "17: status"),
        ("get st", "4: stock/apples"),
        ("get k --endpoints=n1,", "6: --endpoints=n1,n2 --endpoints=n1,n3"),
        ("get k --keys", "6: --keys-only"),
        ("put k v -w t", "11: table"),
        ("until new ", "10: leader"),
        ("slow ", "5: disk link"),
        ("heal ", "5: "),
    ] {
        assert_eq!(words(line), expected, "{line:?}");
    }
    assert_eq!(complete("потом kill", 3, &known).0, 0, "a cursor inside a letter is no panic");
}

/// The lines that a usage stands for: with and without what is in brackets, and with each of what bars part. The
/// first one has everything.
fn lines_of(usage: &str) -> Vec<String> {
    if let Some((before, rest)) = usage.split_once(" [") {
        let (inside, after) = rest.split_once(']').unwrap();
        let both = [format!("{before} {inside}{after}"), format!("{before}{after}")];
        return both.iter().flat_map(|line| lines_of(line)).collect();
    }
    let line = usage.replace("--FLAG VALUE ...", "--name etcd4");
    match line.split(' ').find(|word| word.len() > 1 && word.contains('|')) {
        Some(choice) => choice.split('|').map(|one| line.replace(choice, one)).collect(),
        None => vec![line],
    }
}

/// The name at the beginning of a text.
fn name_in(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// What an enum of `command.rs` declares.
fn variants(of: &str) -> BTreeSet<String> {
    let source = include_str!("command.rs");
    let body = source.split(&format!("pub enum {of} {{\n")).nth(1).unwrap();
    let lines = body.split("\n}\n").next().unwrap().lines();
    let variants = lines.filter_map(|line| line.strip_prefix("    ")).map(name_in);
    variants.filter(|name| name.starts_with(char::is_uppercase)).collect()
}

/// Every line of the help can be typed, and everything that can be typed is in the help: each kind of command, of
/// fault and of condition is what some line of it means. A command whose first word is not in the table is unknown to
/// the parser as well.
#[test]
fn the_help_shows_every_command_and_nothing_else() {
    const ENUMS: [(&str, &str); 4] = [
        ("Command", ""),
        ("Hand", " hand: "),
        ("DiskFault", " fault: "),
        ("Condition", " condition: "),
    ];
    let mut meant: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let all = help::help(None);
    let tables = [vocabulary::WORLD, vocabulary::ETCDCTL, vocabulary::CONDITIONS].concat();
    for entry in &tables {
        let printed = format!("{all}{}", help::help(entry.usage.split(' ').next()));
        assert!(printed.contains(entry.usage) && printed.contains(entry.help), "{}", entry.usage);
        for line in lines_of(entry.usage) {
            let debug = meaning(&line);
            assert!(!debug.starts_with('!'), "{line}: {debug}");
            for (of, before) in ENUMS {
                if let Some((_, rest)) = debug.split_once(before) {
                    meant.entry(of).or_default().insert(name_in(rest));
                }
            }
        }
    }
    for (of, _) in ENUMS {
        let mut declared = variants(of);
        // An empty line.
        declared.remove("Nothing");
        assert!(declared.len() > 3, "{of}");
        let hidden: Vec<&String> = declared.difference(&meant[of]).collect();
        assert!(hidden.is_empty(), "the help shows no line for {of}: {hidden:?}");
    }
}

/// Lessons lock and count commands by the words of the help.
#[test]
fn commands_are_called_as_in_the_help() {
    for entry in vocabulary::WORLD {
        let command = parse(&lines_of(entry.usage)[0]).unwrap();
        let words = command.words().join(" ");
        let same = match command {
            // Whoever types at another terminal asks etcdctl.
            Command::Etcdctl(_) => entry.words == "client",
            Command::Type(_) => ["<", "^D"].contains(&entry.words),
            Command::Message { .. } => entry.words.ends_with(&words),
            _ => entry.words == words,
        };
        assert!(same, "{} is called {words:?}", entry.usage);
    }
}

#[test]
fn help_knows_every_word_that_a_line_may_begin_with() {
    let firsts = vocabulary::WORLD.iter().chain(vocabulary::ETCDCTL);
    let firsts = firsts.map(|entry| entry.words.split(' ').next().unwrap());
    let others = vocabulary::ALIASES.iter().map(|(alias, _)| *alias);
    for word in firsts.chain(others).chain(vocabulary::ETCDCTL_WORDS.iter().copied()) {
        let told = help::help(Some(&word.to_lowercase()));
        assert!(!told.contains("There is no command"), "{word}: {told}");
    }
    assert!(help::help(Some("slow")).contains("slow disk n3 20ms"));
    assert!(help::help(Some("hasten")).contains("hasten message 412 2ms"));
    assert_eq!(help::help(Some("cut")), help::help(Some("partition")));
    assert_eq!(help::help(Some("snapshot")), "Type snapshot --help: etcdctl tells it.\n");
    assert_eq!(help::help(Some("kil")), "There is no command \"kil\". Did you mean kill?\n");
}

/// The output of the last line, and the lines of the log.
fn typed(bench: &mut Bench, line: &str) -> String {
    let id = bench.type_line(line);
    bench.finish(id, 10_000_000);
    let entry = bench.entry(id).unwrap();
    assert!(entry.done || bench.rests(id), "{entry:?}");
    entry.output.clone()
}

/// A bench with a leader.
fn bench_with_a_leader() -> Bench {
    let mut bench = Bench::new(Setup::new(3, 3), Vec::new());
    let id = bench.exec("until leader");
    bench.finish(id, 60_000_000);
    bench
}

fn asks(bench: &mut Bench) -> Option<(String, bool)> {
    let asks = bench.frame(&FrameRequest::default()).asks;
    asks.map(|asks| (asks.prompt, asks.secret))
}

#[test]
fn what_is_typed_goes_to_the_command_that_waits() {
    let mut bench = bench_with_a_leader();
    let first = bench.type_line("txn -i");
    assert_eq!(bench.entry(first).unwrap().output, "compares:\n");
    assert_eq!(asks(&mut bench), Some(("compares:".to_string(), false)));
    assert_eq!(typed(&mut bench, "version(\"kill n1\") = \"0\""), "");
    assert_eq!(asks(&mut bench), Some(("compares:".to_string(), false)));
    assert_eq!(typed(&mut bench, ""), "success requests (get, put, del):\n");
    // A click is no line of the keyboard, and client A has a keyboard of its own.
    let click = bench.exec("mark here");
    assert!(bench.entry(click).unwrap().done);
    assert_eq!(typed(&mut bench, "client A put a 1"), "OK\n");
    assert_eq!(typed(&mut bench, "put \"b\" 'c"), "");
    assert_eq!(typed(&mut bench, ""), "failure requests (get, put, del):\n");
    assert_eq!(typed(&mut bench, ""), "SUCCESS\n\nOK\n");
    assert_eq!(asks(&mut bench), None);
    assert_eq!(
        bench.entry(first).unwrap().output,
        "compares:\nversion(\"kill n1\") = \"0\"\n\nsuccess requests (get, put, del):\n\
         put \"b\" 'c\n\nfailure requests (get, put, del):\n\nSUCCESS\n\nOK\n"
    );
    assert_eq!(typed(&mut bench, "get b"), "b\nc\n");
    let log: Vec<&str> = bench.log().iter().map(|action| action.line.as_str()).collect();
    assert_eq!(
        log[log.len() - 9..],
        [
            "txn -i",
            "< version(\"kill n1\") = \"0\"",
            "<",
            "mark here",
            "client A put a 1",
            "< put \"b\" 'c",
            "<",
            "<",
            "get b"
        ]
    );
}

#[test]
fn a_password_is_not_shown() {
    let mut bench = bench_with_a_leader();
    let add = bench.type_line("user add root");
    assert_eq!(bench.entry(add).unwrap().output, "Password of root: ");
    assert_eq!(asks(&mut bench), Some(("Password of root:".to_string(), true)));
    assert_eq!(
        typed(&mut bench, "rabbit hole "),
        "\nType password of root again for confirmation: "
    );
    assert_eq!(typed(&mut bench, "rabbit hole "), "\nUser root created\n");
    let terminal = bench.frame(&FrameRequest::default()).terminal;
    assert!(terminal.iter().all(|entry| !entry.line.contains("rabbit")), "{terminal:?}");
    assert!(terminal.iter().all(|entry| !entry.output.contains("rabbit")), "{terminal:?}");
    assert_eq!(typed(&mut bench, "auth enable"), "Authentication Enabled\n");
    assert_eq!(typed(&mut bench, "--user root auth status"), "Password: ");
    assert!(typed(&mut bench, "rabbit hole ").starts_with("\nAuthentication Status: true\n"));
}

#[test]
fn keys_end_input_and_commands() {
    let mut bench = bench_with_a_leader();
    typed(&mut bench, "put a");
    typed(&mut bench, "one");
    typed(&mut bench, " two");
    assert_eq!(typed(&mut bench, "^D"), "OK\n");
    assert_eq!(typed(&mut bench, "get a --print-value-only"), "one\n two\n\n");
    typed(&mut bench, "watch -i");
    assert_eq!(
        typed(&mut bench, "until leader"),
        "Invalid command until leader (only support watch)\n"
    );
    assert_eq!(typed(&mut bench, "^D"), "Error: error reading watch request line: EOF\n");
    typed(&mut bench, "client A txn -i");
    assert_eq!(asks(&mut bench), None, "it is another keyboard");
    assert_eq!(typed(&mut bench, "client A "), "success requests (get, put, del):\n");
    typed(&mut bench, "interrupt");
    assert_eq!(
        typed(&mut bench, "< a"),
        "No command waits for input. Begin one, such as txn -i.\n"
    );
}

/// What lines are made of.
const PIECES: &[&str] = &[
    "kill",
    "restart",
    "all",
    "freeze",
    "thaw",
    "stop",
    "heal",
    "clock",
    "campaign",
    "n1",
    "n2",
    "->",
    "<->",
    "|",
    " ",
    "  ",
    "\"",
    "'",
    "\\",
    "<<",
    "<<<",
    "END",
    "\n",
    "#",
    "partition",
    "leader",
    "rest",
    "slow",
    "disk",
    "link",
    "20ms",
    "99999999999999999999s",
    "0.5x",
    "docker",
    "exec",
    "sh",
    "-c",
    "&&",
    "export A=B",
    "client",
    "A",
    "put",
    "k",
    "\u{1F512}",
    "é",
    "until",
    "within",
    "load",
    "1e9",
    "put/s",
    "for",
    "%",
    "-1",
    "\0",
    "rot",
    "wal",
    "power",
    "off",
    "txn -i",
    "watch -i",
    "user add",
    "<",
    "^D",
];

/// Lines that the two tests below make up; more when a hunt by hand asks for them.
fn made_up_lines() -> u32 {
    std::env::var("GLASSHOUSE_LINES").map_or(40_000, |lines| lines.parse().unwrap())
}

/// A line of random pieces.
fn made_up_line(dice: &mut Stream) -> String {
    let mut line = String::new();
    for _ in 0..dice.below(10) {
        match dice.below(40) {
            0 => line.extend(char::from_u32(u32::try_from(dice.below(0x11_0000)).unwrap())),
            _ => line.extend([*dice.pick(PIECES)]),
        }
        if dice.below(3) > 0 {
            line.push(' ');
        }
    }
    line
}

/// Any text at all is either a command or one sentence.
#[test]
fn no_line_is_a_panic() {
    let mut dice = Stream::new(42, "lines", 0, 0);
    for _ in 0..made_up_lines() {
        let line = made_up_line(&mut dice);
        if let Err(error) = parse(&line) {
            assert!(error.to_string().len() < 600, "{line:?}: {error}");
        }
        let cursor = usize::try_from(dice.below(line.len() as u64 + 2)).unwrap();
        let _ = complete(&line, cursor, &Known::default());
    }
}

/// Whatever is typed, the world goes on and every line is answered.
#[test]
fn any_line_can_be_typed_into_a_running_world() {
    let mut dice = Stream::new(7, "lines", 0, 0);
    let mut bench = Bench::new(Setup::new(3, 3), Vec::new());
    bench.run_until(2_000_000, Stop::Time, 0);
    for number in 0..made_up_lines() / 100 {
        // Some lines are typed, others come from elsewhere.
        let line = made_up_line(&mut dice);
        let id = if number % 4 == 0 { bench.exec(&line) } else { bench.type_line(&line) };
        assert_eq!(id, u64::from(number) + 1);
        bench.run_until(bench.now_us() + 20_000, Stop::Time, 0);
        assert_eq!(bench.world().violation(), None);
        let _ =
            bench.frame(&FrameRequest { select: Some(1 + number % 4), ..FrameRequest::default() });
    }
    for _ in 0..made_up_lines() / 100 {
        bench.exec("interrupt");
    }
    for line in [
        "heal",
        "restart all",
        "thaw all",
        "slow disk all off",
        "full disk all off",
        "clock all 1x",
    ] {
        bench.exec(line);
    }
    let id = bench.exec("until leader");
    bench.finish(id, 120_000_000);
    let entry = bench.entry(id).unwrap();
    assert!(entry.done && !entry.failed, "{entry:?}");
}
