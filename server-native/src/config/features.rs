//! `--feature-gates`, as Kubernetes' and etcd's programs read it: `Name=true,Other=false`; and the
//! comparisons of members that it switches on, which had flags of their own before.
//!
//! Source: etcd `server/features/etcd_features.go`.

use std::time::Duration;

use super::flags::Values;

/// Gates that etcd 3.6 has and that switch nothing here, because that is always so or does not exist.
const WITHOUT_EFFECT: [&str; 5] = [
    "StopGRPCServiceOnDefrag",
    "TxnModeWriteWithSharedBuffer",
    "LeaseCheckpoint",
    "LeaseCheckpointPersist",
    "SetMemberLocalAddr",
];

/// When members compare what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CorruptionChecks {
    /// Before this member serves: `--feature-gates InitialCorruptCheck=true`.
    pub initial: bool,
    /// From time to time: `--corrupt-check-time`.
    pub periodic: Option<Duration>,
    /// After compactions, looked for so often: `--compact-hash-check-time`, with
    /// `--feature-gates CompactHashCheck=true`.
    pub compaction: Option<Duration>,
}

/// What the flags say about that, by their present names or their old ones.
pub(super) fn corruption_checks(values: &Values) -> Result<CorruptionChecks, String> {
    let features = features(values.text("feature-gates"))?;
    let compaction =
        features.compact_hash_check || values.bool("experimental-compact-hash-check-enabled");
    let time = |flag: &str| Some(values.duration(flag)).filter(|time| !time.is_zero());
    Ok(CorruptionChecks {
        initial: features.initial_corrupt_check
            || values.bool("experimental-initial-corrupt-check"),
        periodic: time("corrupt-check-time"),
        compaction: time("compact-hash-check-time").filter(|_| compaction),
    })
}

/// The gates that switch something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Features {
    initial_corrupt_check: bool,
    compact_hash_check: bool,
}

/// Reads the flag's value.
///
/// # Errors
/// A sentence in the words of etcd's library.
fn features(text: &str) -> Result<Features, String> {
    let mut features = Features::default();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) =
            part.split_once('=').ok_or_else(|| format!("missing bool value for {part}"))?;
        let (name, value) = (name.trim(), value.trim());
        let on = super::flags::parse_bool(value)
            .ok_or_else(|| format!("invalid value of {name}={value}, err: parse error"))?;
        match name {
            "InitialCorruptCheck" => features.initial_corrupt_check = on,
            "CompactHashCheck" => features.compact_hash_check = on,
            "AllAlpha" => {
                features = Features { initial_corrupt_check: on, compact_hash_check: on };
            }
            name if WITHOUT_EFFECT.contains(&name) || name == "AllBeta" => {}
            name => return Err(format!("unrecognized feature gate: {name}")),
        }
    }
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_read_and_unknown_ones_refused() {
        let on = Features { initial_corrupt_check: true, compact_hash_check: false };
        assert_eq!(features(""), Ok(Features::default()));
        assert_eq!(features("InitialCorruptCheck=true,LeaseCheckpoint=false"), Ok(on));
        assert_eq!(features("AllAlpha=true, CompactHashCheck=false"), Ok(on));
        assert_eq!(features("Flying=true"), Err("unrecognized feature gate: Flying".into()));
        assert_eq!(features("Flying"), Err("missing bool value for Flying".into()));
    }
}
