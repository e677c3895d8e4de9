//! A line that tells how far something is, as etcdctl 3.5 prints it where nobody told it how wide a
//! line is: ` 12 / 60   20.00% 00m48s`, five times a second, each time over the last one.

use std::time::Duration;

use crate::ctl::go;

/// How often the line is printed.
pub(super) const EVERY: Duration = Duration::from_millis(200);

/// How far something is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    total: u64,
    /// How far it was when it was printed last.
    current: u64,
    began: Duration,
    /// When that changed last, as far as it was seen.
    changed: Duration,
}

impl Bar {
    /// It begins `now`.
    pub(super) fn new(total: u64, now: Duration) -> Self {
        Self { total, current: 0, began: now, changed: now }
    }

    /// The line for this moment.
    pub(super) fn line(&mut self, current: u64, now: Duration) -> String {
        if current != self.current {
            (self.current, self.changed) = (current, now);
        }
        let left = self.left(now);
        let left = if left > 0 { format!(" {}", clock(left)) } else { String::new() };
        self.written(&left)
    }

    /// The last line, with the time that it took.
    pub(super) fn end(&mut self, current: u64, now: Duration) -> String {
        self.current = current;
        let seconds = now.saturating_sub(self.began).as_secs();
        let nanos = i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000);
        format!("{}\n", self.written(&format!(" {}", go::duration(nanos))))
    }

    fn written(&self, time: &str) -> String {
        let (current, total) = (self.current, self.total);
        // Hundredths of a percent, rounded; `total` is never 0.
        let part = (current * 20_000 + total) / (total * 2);
        let percent = format!("{}.{:02}", part / 100, part % 100);
        format!("\r {current} / {total}  {percent:>6}%{time}")
    }

    /// Seconds that are left if it goes on as it did.
    fn left(&self, now: Duration) -> u64 {
        if self.current == 0 {
            return 0;
        }
        let one = self.changed.saturating_sub(self.began).as_nanos() / u128::from(self.current);
        let all = one * u128::from(self.total.saturating_sub(self.current));
        let passed = now.saturating_sub(self.changed).as_nanos();
        u64::try_from(all.saturating_sub(passed) / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

/// `00m48s`, with days and hours in front when there are any.
fn clock(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let mut out = String::new();
    if days > 0 {
        out += &format!("{days}d");
    }
    if hours > 0 {
        out += &format!("{hours}h");
    }
    out + &format!("{:02}m{:02}s", seconds / 60 % 60, seconds % 60)
}
