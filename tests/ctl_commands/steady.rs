//! What differs from run to run, made equal: times, sizes of files, ids of leases, and etcdctl's log;
//! the length of raft's log, to which every login adds an entry and every lease that expires; and hashes
//! of stores with random ids of leases in them.

/// Names of such numbers.
const NUMBERS: [&str; 14] = [
    "\"dbSize\":",
    "\"dbSizeInUse\":",
    "\"DBSize\" : ",
    "\"totalSize\":",
    "\"raftIndex\":",
    "\"raftAppliedIndex\":",
    "\"RaftIndex\" : ",
    "\"RaftAppliedIndex\" : ",
    "\"hash\":",
    "\"Hash\" : ",
    "ENDPOINT, ",
    // Leases have random ids.
    "\"ID\":",
    "\"ID\" : ",
    "\"id\":",
];

/// A text with everything in it that is the same in every run.
pub(crate) fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines().filter(|line| !is_noise(line)) {
        out += &steady_line(line);
        out.push('\n');
    }
    // Whether the last line ends is part of the output.
    if !text.ends_with('\n') && !out.is_empty() {
        out.pop();
    }
    out
}

/// etcdctl's log tells of retries, and of files that it makes, with times; `stty` complains that there is
/// no terminal.
fn is_noise(line: &str) -> bool {
    line.starts_with("{\"level\"") || line.contains("Z\tinfo\t") || line.starts_with("stty:")
}

fn steady_line(line: &str) -> String {
    let mut line = line.to_owned();
    for name in NUMBERS {
        line = without(&line, name, |c| c.is_ascii_digit());
    }
    for name in ["took = ", "\"took\":\"", "\"Took\" : "] {
        line = without(&line, name, |c| c.is_alphanumeric() || c == '.');
    }
    if line.starts_with(['|', '+']) {
        return table(&line);
    }
    if let Some((before, _)) = line.split_once(" granted with TTL")
        && before.starts_with("lease ")
    {
        line = line.replace(before, "lease …");
    }
    let is_lease = line.len() == 16 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_lease { "…".to_owned() } else { sizes(&line) }
}

/// The line with what stands behind `name` taken out.
fn without(line: &str, name: &str, of: impl Fn(char) -> bool + Copy) -> String {
    let mut parts = line.split(name);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| format!("{out}{name}…{}", part.trim_start_matches(of)))
}

/// `20 kB`, and the two indices of raft's log behind the term.
fn sizes(line: &str) -> String {
    let mut cells: Vec<&str> = line.split(", ").collect();
    if let [_, _, _, _, "true" | "false", _, _, index, applied, _] = cells.as_mut_slice() {
        (*index, *applied) = ("…", "…");
    }
    let is_size = |cell: &str| {
        let (number, unit) = cell.split_once(' ').unwrap_or_default();
        number.parse::<f64>().is_ok() && matches!(unit, "B" | "kB" | "MB")
    };
    let cells = cells.into_iter().map(|cell| if is_size(cell.trim()) { "…" } else { cell });
    cells.collect::<Vec<_>>().join(", ")
}

/// A row without its widths: they depend on the times and sizes in it.
fn table(line: &str) -> String {
    if line.starts_with('+') {
        return "+".to_owned();
    }
    let is_time = |cell: &str| {
        let number = cell.trim_end_matches(char::is_alphabetic);
        number.len() < cell.len() && number.parse::<f64>().is_ok()
    };
    let mut cells: Vec<&str> = line.split('|').map(str::trim).collect();
    match cells.as_mut_slice() {
        // A status.
        [_, _, _, _, _, "true" | "false", _, _, index, applied, _, _] => {
            (*index, *applied) = ("…", "…");
        }
        // A hash.
        [_, "ENDPOINT" | "http://ENDPOINT", hash, _] if *hash != "HASH" => *hash = "…",
        _ => {}
    }
    let cells = cells.into_iter();
    let cells = cells.map(|cell| if is_time(cell) { "…".to_owned() } else { sizes(cell) });
    cells.collect::<Vec<_>>().join("|")
}
