//! `--auto-compaction-mode` and `--auto-compaction-retention`, in all the forms that etcd takes.
//!
//! | mode | retention | what is kept |
//! | --- | --- | --- |
//! | `periodic` | `8` | 8 hours |
//! | `periodic` | `90m` | an hour and a half |
//! | `revision` | `1000` | a thousand revisions |
//! | either | `0` | everything: no automatic compaction |
//!
//! Source: etcd `parseCompactionRetention` in `server/embed/etcd.go`.

use std::time::Duration;

use glasshouse_core::node::AutoCompaction;

use super::flags::parse_duration;

/// What the two flags ask for; `None` for nothing.
///
/// # Errors
/// etcd's and Go's sentences.
pub(super) fn auto_compaction(
    mode: &str,
    retention: &str,
) -> Result<Option<AutoCompaction>, String> {
    let is_periodic = match mode {
        "periodic" => true,
        "revision" => false,
        "" => return Err("undefined auto-compaction-mode".into()),
        mode => return Err(format!("unknown auto-compaction-mode {mode:?}")),
    };
    let retention = if retention.is_empty() { "0" } else { retention };
    let number = retention.parse::<i64>().ok().filter(|number| *number >= 0);
    let time = match number {
        Some(number) if !is_periodic => return Ok(revisions(number)),
        Some(hours) => {
            let hours = u64::try_from(hours).unwrap_or(0);
            Duration::from_secs(hours.saturating_mul(3_600))
        }
        None => parse_duration(retention).ok_or_else(|| {
            format!("error parsing CompactionRetention: {}", go_sentence(retention))
        })?,
    };
    if !is_periodic {
        // etcd takes the nanoseconds of a time for a number of revisions.
        return Ok(revisions(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)));
    }
    let period_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Ok((!time.is_zero()).then_some(AutoCompaction::Periodic { period_ms: period_ms.max(1) }))
}

fn revisions(revisions: i64) -> Option<AutoCompaction> {
    (revisions > 0).then_some(AutoCompaction::Revision { revisions })
}

/// What Go's `time.ParseDuration` says of a text that is no time.
fn go_sentence(text: &str) -> String {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let unit = &unsigned[number..];
    if number == 0 {
        return format!("time: invalid duration {text:?}");
    }
    if unit.is_empty() {
        return format!("time: missing unit in duration {text:?}");
    }
    let end = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
    format!("time: unknown unit {:?} in duration {text:?}", &unit[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_as_etcd_reads_it() {
        let periodic = |ms| Ok(Some(AutoCompaction::Periodic { period_ms: ms }));
        let revision = |n| Ok(Some(AutoCompaction::Revision { revisions: n }));
        assert_eq!(auto_compaction("periodic", "0"), Ok(None));
        assert_eq!(auto_compaction("revision", ""), Ok(None));
        assert_eq!(auto_compaction("periodic", "8"), periodic(8 * 3_600_000));
        assert_eq!(auto_compaction("periodic", "90m"), periodic(90 * 60_000));
        assert_eq!(auto_compaction("revision", "1000"), revision(1_000));
        assert_eq!(auto_compaction("revision", "1us"), revision(1_000));
    }

    #[test]
    fn what_is_no_time_is_refused_in_gos_words() {
        let refusal = |text| auto_compaction("periodic", text).unwrap_err();
        let head = "error parsing CompactionRetention: time: ";
        assert_eq!(refusal("abc"), format!("{head}invalid duration \"abc\""));
        assert_eq!(refusal("1.5"), format!("{head}missing unit in duration \"1.5\""));
        assert_eq!(refusal("-1"), format!("{head}missing unit in duration \"-1\""));
        assert_eq!(refusal("5d"), format!("{head}unknown unit \"d\" in duration \"5d\""));
        assert_eq!(auto_compaction("", "1"), Err("undefined auto-compaction-mode".into()));
        assert_eq!(
            auto_compaction("daily", "1"),
            Err("unknown auto-compaction-mode \"daily\"".into())
        );
    }
}
