//! How the checks of `/livez` and `/readyz` ended.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use super::head;

/// Outcomes by page and check.
#[derive(Debug, Default)]
pub struct HealthChecks(Mutex<BTreeMap<(&'static str, &'static str), Outcomes>>);

#[derive(Clone, Copy, Debug, Default)]
struct Outcomes {
    success: u64,
    error: u64,
    /// The last one was a success.
    well: bool,
}

impl HealthChecks {
    /// A check of a page has ended.
    pub fn count(&self, page: &'static str, check: &'static str, well: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = all.entry((page, check)).or_default();
        outcomes.well = well;
        *if well { &mut outcomes.success } else { &mut outcomes.error } += 1;
    }

    /// Appends them to a page of metrics.
    pub(super) fn write(&self, text: &mut String) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return;
        }
        let name = "etcd_server_healthcheck";
        head(text, name, "The result of each kind of healthcheck.", "gauge");
        for ((page, check), outcomes) in &*all {
            let well = u8::from(outcomes.well);
            let _ = writeln!(text, "{name}{{name=\"{check}\",type=\"{page}\"}} {well}");
        }
        let name = "etcd_server_healthchecks_total";
        head(text, name, "The total number of each kind of healthcheck.", "counter");
        for ((page, check), outcomes) in &*all {
            for (status, count) in [("error", outcomes.error), ("success", outcomes.success)] {
                if count > 0 {
                    let labels = format!("name=\"{check}\",status=\"{status}\",type=\"{page}\"");
                    let _ = writeln!(text, "{name}{{{labels}}} {count}");
                }
            }
        }
    }
}
