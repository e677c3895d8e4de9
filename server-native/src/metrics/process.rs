//! What Linux says about this process; nothing on systems without `/proc`.

use std::fs;

use super::sample;

/// Linux counts time in hundredths of a second for programs (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Appends it to the page.
pub(super) fn write(text: &mut String) {
    write_times(text);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = |name: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
        rest.trim().split(' ').next()?.parse::<u64>().ok()
    };
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let max_fds = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let max_fds = max_fds.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    let open_fds = fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64);
    let gauges = [
        (
            "process_resident_memory_bytes",
            "Resident memory size in bytes.",
            kilobytes("VmRSS:").map(|kilobytes| kilobytes * 1_024),
        ),
        (
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes.",
            kilobytes("VmSize:").map(|kilobytes| kilobytes * 1_024),
        ),
        ("process_open_fds", "Number of open file descriptors.", open_fds),
        ("process_max_fds", "Maximum number of open file descriptors.", max_fds),
        ("os_fd_used", "The number of used file descriptors.", open_fds),
        ("os_fd_limit", "The file descriptor limit.", max_fds),
    ];
    for (name, help, value) in gauges {
        if let Some(value) = value {
            sample(text, name, help, "gauge", value);
        }
    }
}

fn write_times(text: &mut String) {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return };
    // The second field is the name in parentheses, which may hold spaces.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let seconds = |number: usize| {
        let ticks = fields.get(number - 3).and_then(|field| field.parse::<f64>().ok());
        ticks.map(|ticks| ticks / TICKS_PER_SECOND)
    };
    if let (Some(user), Some(system)) = (seconds(14), seconds(15)) {
        let help = "Total user and system CPU time spent in seconds.";
        sample(text, "process_cpu_seconds_total", help, "counter", user + system);
    }
    let system = fs::read_to_string("/proc/stat").unwrap_or_default();
    let booted = system.lines().find_map(|line| line.strip_prefix("btime "));
    let booted = booted.and_then(|booted| booted.trim().parse::<f64>().ok());
    if let (Some(booted), Some(since)) = (booted, seconds(22)) {
        let help = "Start time of the process since unix epoch in seconds.";
        sample(text, "process_start_time_seconds", help, "gauge", booted + since);
    }
}
