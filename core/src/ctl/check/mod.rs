//! `check perf` and `check datascale`: many puts, and a judgement.
//!
//! | file | what it is |
//! | --- | --- |
//! | `load` | puts of random keys, so many at once and no faster than a rate |
//! | `bar` | the line that tells how far it is |
//! | `report` | durations and errors, added up |
//! | `tidy` | the keys are deleted, history compacted, space given back |
//! | `work` | these together, as both checks do them |
//! | `perf`, `datascale` | the two commands |

mod bar;
mod datascale;
mod load;
mod perf;
mod report;
mod tidy;
mod work;

pub(super) use self::datascale::Datascale;
pub(super) use self::perf::Perf;
use super::Exit;
use super::flags::FlagSet;

/// The four workloads, as `--load` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Small,
    Medium,
    Large,
    XLarge,
}

impl Size {
    fn from_flags(flags: &FlagSet) -> Result<Self, Exit> {
        match flags.string("load") {
            b"s" | b"small" => Ok(Self::Small),
            b"m" | b"medium" => Ok(Self::Medium),
            b"l" | b"large" => Ok(Self::Large),
            b"xl" | b"xLarge" => Ok(Self::XLarge),
            other => Err(Exit::bad_feature([b"unknown load option ", other].concat())),
        }
    }
}
