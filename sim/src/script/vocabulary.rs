//! Every command with its usage and meaning: the one source of help, completion and suggestions.

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// How it begins; two words for some.
    pub words: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it does, in one sentence.
    pub help: &'static str,
}

const fn entry(words: &'static str, usage: &'static str, help: &'static str) -> Entry {
    Entry { words, usage, help }
}

/// Commands of the bench.
pub const WORLD: &[Entry] = &[
    entry("kill", "kill n2", "SIGKILL: the process dies, what it wrote to files stays."),
    entry("stop", "stop n2", "SIGTERM: a leader hands leadership over, then the process ends."),
    entry(
        "power off",
        "power off n2 [torn]",
        "The machine dies: bytes that were not fsynced are lost; torn leaves a part of the last write.",
    ),
    entry("restart", "restart n2", "Starts a member that is down, from its disk."),
    entry(
        "start",
        "start n4 [--FLAG VALUE ...]",
        "Starts a machine that joins: the next one, after member add etcd4 --peer-urls=http://etcd4:2380; or a member that is down, with other flags: name, initial-*, advertise-client-urls, discovery-*.",
    ),
    entry("wipe", "wipe n2", "Empties the disk of a machine whose process does not run."),
    entry("freeze", "freeze n2", "SIGSTOP: the process stands still and its clock with it."),
    entry("thaw", "thaw n2", "SIGCONT: the process goes on."),
    entry("freeze client", "freeze client A", "The same for a client: it stands still."),
    entry("thaw client", "thaw client A", "The client goes on."),
    entry(
        "partition",
        "partition n1 | n2 n3",
        "Cuts the network between the groups; rest is everyone else.",
    ),
    entry(
        "heal",
        "heal [n1 | n2 n3]",
        "Mends all cuts, drops and slow links, or those between groups.",
    ),
    entry("heal", "heal n1->n2", "Mends one link in one direction; <-> is both."),
    entry(
        "drop",
        "drop n1->n2 [30%]",
        "Loses messages in one direction, all or a part; <-> is both.",
    ),
    entry("drop message", "drop message 412", "Takes one message out that is on its way."),
    entry("delay message", "delay message 412 20ms", "Holds one message back that is on its way."),
    entry(
        "hasten message",
        "hasten message 412 2ms",
        "Lets one message arrive earlier that is on its way: it overtakes others.",
    ),
    entry("double message", "double message 412 [20ms]", "Lets one message arrive twice."),
    entry(
        "rough",
        "rough n1->n2 lost=10% doubled=5% reordered=3%",
        "A link loses, doubles and reorders messages in one direction; <-> is both.",
    ),
    entry("slow link", "slow link n1->n3 300ms", "Delays messages in one direction; <-> is both."),
    entry("slow disk", "slow disk n3 20ms", "Sets how long an fsync takes; off is the usual time."),
    entry("full disk", "full disk n3 [off]", "The disk takes no more bytes."),
    entry(
        "break disk",
        "break disk n3 reads|writes|syncs [off]",
        "Reads, writes or fsyncs fail with an I/O error.",
    ),
    entry("rot", "rot n3 wal 42", "Flips one bit in the durable WAL record of entry 42."),
    entry("clock", "clock n1 0.5x", "Sets the rate of a member's clock."),
    entry("campaign", "campaign n5", "Lets a member's election timer fire now."),
    entry("align timers", "align timers", "Gives all members the same phase of their tick."),
    entry(
        "rule",
        "rule prevote off",
        "Switches a rule: prevote, checkquorum, or spread (election timeouts are drawn).",
    ),
    entry(
        "plant",
        "plant M07 [n2 n3]",
        "Plants a known bug by its code, in all members or in some; what it is, the lab tells when it is found.",
    ),
    entry("unplant", "unplant M07 [n2 n3]", "Takes it out again."),
    entry(
        "client",
        "client A put color red",
        "A client with a name of its own, beside the terminal.",
    ),
    entry(
        "interrupt",
        "interrupt",
        "Ctrl-C: ends the last etcdctl command that still runs, such as watch.",
    ),
    entry(
        "<",
        "< TEXT",
        "In a script: types a line into the command that waits for input; < alone is an empty line.",
    ),
    entry("^D", "^D", "Ctrl-D: ends the input of the command that waits for it, such as put KEY."),
    entry(
        "load",
        "load 20 put/s for 30s [at n1]",
        "Background clients write, at all members or at one.",
    ),
    entry("load", "load off", "Ends them."),
    entry(
        "hunt",
        "hunt 60s",
        "At the beginning of a run: clients and faults as seeded as glasshouse-lab run has them.",
    ),
    entry(
        "ground",
        "ground short-log quota=8192 compact=100 compare=3s loose-reconfig single-appends clients-only",
        "As the first line of a run: the settings that hunts vary; clients-only stops at what clients see.",
    ),
    entry(
        "traffic",
        "traffic 10/s for 4s clients=2 keys=3 watchers=1 ops=put,get with=members,auth,locks",
        "Clients as hunts have them; ops=all is everything that they can ask.",
    ),
    entry(
        "settle",
        "settle 18s",
        "Everything heals, and the cluster has to come to rest within this time.",
    ),
    entry("run", "run 5s", "Lets virtual time flow."),
    entry("until", "until leader", "Lets time flow until something holds; help until lists what."),
    entry("mark", "mark before-the-cut", "Names this moment."),
    entry("predict", "predict P1 no", "In a lesson: what you expect, before you see it."),
    entry(
        "answer",
        "answer leader n2",
        "In a lesson: your answer to a question; the last one counts.",
    ),
    entry("hint", "hint G1 [2]", "In a lesson: a hint to a goal; the second costs a tenth of it."),
    entry(
        "curl",
        "curl n1/metrics [| grep wal_fsync]",
        "How long fsyncs and commits of a member's disk took, as histograms.",
    ),
    entry("status", "status", "All members at a glance."),
    entry("members", "members", "Numbers, names, ids and addresses of the members."),
    entry("help", "help [COMMAND]", "This list, or one command."),
];

/// Commands of etcdctl that a session understands.
pub const ETCDCTL: &[Entry] = &[
    entry("put", "put KEY VALUE", "Writes a key; without VALUE it is typed, up to Ctrl-D."),
    entry("get", "get KEY [RANGE_END]", "Reads a key or a range of keys."),
    entry("del", "del KEY [RANGE_END]", "Deletes a key or a range of keys."),
    entry(
        "txn",
        "txn -i",
        "Compares, then does one of two lists: typed line by line, or txn <<< \"A\\n\\nB\\n\\nC\\n\".",
    ),
    entry(
        "watch",
        "watch KEY [RANGE_END]",
        "Prints changes as they come; interrupt ends it. -i reads lines: watch KEY, progress.",
    ),
    entry("compaction", "compaction REVISION", "Forgets the history before a revision."),
    entry("lease grant", "lease grant SECONDS", "A lease: keys put with it vanish when it ends."),
    entry(
        "lease keep-alive",
        "lease keep-alive ID --once",
        "Renews a lease; goes on without --once.",
    ),
    entry("lease timetolive", "lease timetolive ID --keys", "How much of a lease is left."),
    entry("lease list", "lease list", "All leases."),
    entry("lease revoke", "lease revoke ID", "Ends a lease: all its keys go in one revision."),
    entry("member list", "member list", "The members of the cluster."),
    entry(
        "member add",
        "member add etcd4 --peer-urls=http://etcd4:2380 [--learner]",
        "Lets a member join; start n4 starts it.",
    ),
    entry("member remove", "member remove ID", "Removes a member for good."),
    entry("member update", "member update ID --peer-urls=URL", "Gives a member another peer URL."),
    entry("member promote", "member promote ID", "Makes a learner a voter."),
    entry("move-leader", "move-leader ID", "Hands leadership to a member."),
    entry("endpoint status", "endpoint status", "What the asked members know of themselves."),
    entry("endpoint health", "endpoint health", "Whether the asked members answer a read."),
    entry("endpoint hashkv", "endpoint hashkv", "A hash over each member's keys."),
    entry(
        "cluster status",
        "cluster status -w table",
        "Every member, asked for at any one; without a quorum, too.",
    ),
    entry("user add", "user add NAME[:PASSWORD]", "Adds a user; asks for the password."),
    entry("user passwd", "user passwd NAME", "Asks for a user's new password."),
    entry("user grant-role", "user grant-role USER ROLE", "Gives a user a role."),
    entry("role add", "role add ROLE", "Adds a role."),
    entry(
        "role grant-permission",
        "role grant-permission ROLE readwrite KEY --prefix",
        "Lets a role read or write keys.",
    ),
    entry("auth enable", "auth enable", "From now on, who asks must say who it is."),
    entry("lock", "lock NAME", "Waits for a lock and holds it; interrupt gives it back."),
    entry("elect", "elect NAME VALUE", "Stands for election; interrupt resigns. -l NAME looks on."),
    entry(
        "make-mirror",
        "make-mirror n1 --prefix=a/ --dest-prefix=b/",
        "Copies keys, and goes on.",
    ),
    entry("check perf", "check perf", "Writes for a minute and judges how quick that was."),
    entry("check datascale", "check datascale", "Writes many keys and tells what they weigh."),
    entry("alarm list", "alarm list", "What members complain of."),
];

/// Flags of etcdctl, for completion.
pub const FLAGS: &[Entry] = &[
    entry("--endpoints=", "--endpoints=n1,n2", "Members to ask, in order."),
    entry("--cluster", "--cluster", "Ask every member of the member list."),
    entry("--write-out=", "--write-out=table", "simple, json, fields or table."),
    entry("-w", "-w table", "Short for --write-out."),
    entry("--consistency=", "--consistency=s", "l: linearizable, s: the member's own store."),
    entry("--prefix", "--prefix", "All keys that begin with KEY."),
    entry("--from-key", "--from-key", "All keys from KEY on."),
    entry("--rev=", "--rev=5", "Read at this revision."),
    entry("--limit=", "--limit=10", "At most so many keys."),
    entry("--keys-only", "--keys-only", "No values."),
    entry("--count-only", "--count-only", "Only how many."),
    entry("--print-value-only", "--print-value-only", "Only the values."),
    entry("--lease=", "--lease=6c5a1f96", "Attach the key to this lease."),
    entry("--ignore-lease", "--ignore-lease", "Keep the key's lease."),
    entry("--keys", "--keys", "The keys of the lease, too."),
    entry("--once", "--once", "Renew once and end."),
    entry("--prev-kv", "--prev-kv", "Print what was there before."),
    entry("--progress-notify", "--progress-notify", "Tell now and then how far a watch is."),
    entry("--command-timeout=", "--command-timeout=5s", "How long to wait for an answer."),
    entry("--order=", "--order=ASCEND", "ASCEND or DESCEND."),
    entry("--sort-by=", "--sort-by=KEY", "CREATE, KEY, MODIFY, VALUE or VERSION."),
];

/// Other words for commands of the bench, as people bring them along.
pub const ALIASES: &[(&str, &str)] = &[("cut", "partition"), ("^c", "interrupt"), ("?", "help")];

/// First words that belong to etcdctl, also those that this build does not know yet: a line that
/// begins with one goes to etcdctl, whose own error tells the rest.
pub const ETCDCTL_WORDS: &[&str] = &[
    "alarm",
    "auth",
    "check",
    "cluster",
    "compaction",
    "compact",
    "completion",
    "defrag",
    "del",
    "downgrade",
    "elect",
    "endpoint",
    "get",
    "lease",
    "lock",
    "make-mirror",
    "member",
    "move-leader",
    "put",
    "role",
    "snapshot",
    "txn",
    "user",
    "version",
    "watch",
];

/// Whether a line is one of etcdctl's, so that what it prints is etcd's text and not the bench's.
#[must_use]
pub fn speaks_etcdctl(line: &str) -> bool {
    const SHELLS: [&str; 5] = ["etcdctl", "docker", "sh", "client", "curl"];
    let first = line.split_whitespace().next().unwrap_or_default();
    ETCDCTL_WORDS.contains(&first) || SHELLS.contains(&first) || first.starts_with('-')
}

/// Conditions of `until`.
pub const CONDITIONS: &[Entry] = &[
    entry("leader", "until leader", "A member leads and a majority follows it."),
    entry(
        "new leader",
        "until new leader",
        "A member leads a higher term than the leader that was there.",
    ),
    entry("no leader", "until no leader", "No running member believes that it leads."),
    entry("n3 leads", "until n3 leads", "This member leads."),
    entry("n3 up", "until n3 up", "This member runs."),
    entry("n3 down", "until n3 down", "This member does not run."),
    entry("term", "until term 4", "Some member has reached the term."),
    entry("commit", "until commit 20", "A majority knows that the entry is committed."),
    entry("n3 commit", "until n3 commit 20", "This member knows that the entry is committed."),
    entry("n3 applied", "until n3 applied 20", "This member has applied the entry."),
    entry("level", "until level", "All running members have applied the same last entry."),
    entry("violation", "until violation", "A property broke."),
];

/// The command that a first word means; the word itself, unless it is another one for a command.
#[must_use]
pub fn meant(first: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == first).map_or(first, |(_, word)| *word)
}

/// Whether a command of the bench begins with this word: what is not in the list, and so not in the help, is none.
#[must_use]
pub fn begins(first: &str) -> bool {
    WORLD.iter().any(|entry| entry.words.split(' ').next() == Some(first))
}

/// The entry of a bench command that begins with these words.
#[must_use]
pub fn find(words: &str) -> Option<&'static Entry> {
    WORLD.iter().chain(ETCDCTL).find(|entry| entry.words == words)
}

/// The known word that is nearest to `word`, when one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = match word.chars().count() {
        0 => return None,
        1..=5 => 1,
        6..=24 => 2,
        // Nobody misspells a word that long.
        _ => return None,
    };
    known
        .into_iter()
        // Every single letter is near to `<`, and nobody means it.
        .filter(|candidate| candidate.starts_with(char::is_alphabetic))
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, left out, replaced or swapped with their neighbour
/// (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replace = last[j] + usize::from(a[i] != b[j]);
            let mut best = replace.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
