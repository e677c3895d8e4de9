//! Planted faults of watches: one for each of etcd's guarantees to watchers.
//!
//! They sit on the streams between a sound member and its clients, and change what is said there.
//!
//! | guarantee | planted fault |
//! | --- | --- |
//! | ordered | the events of a response come backwards |
//! | unique | a response is sent twice |
//! | reliable | the last event of a response is left out |
//! | atomic | a revision comes in two responses that do not say so |
//! | resumable | a watch that goes on from a revision begins behind it |
//! | bookmarkable | progress overtakes events |
//! | `prev_kv` | the pair before is the pair after |
//! | `is_create` | every put seems to make its key |
//! | filter | filters are forgotten |

use std::collections::BTreeMap;

use glasshouse_core::api::watch_request::RequestUnion;
use glasshouse_core::api::{Event, KeyValue, WatchRequest, WatchResponse};
use glasshouse_core::id::StreamId;

use super::Mutant;

/// A fault that would show at once touches one response with events in this many.
const EVERY: u64 = 10;

/// The planted faults of a world, and what they remember.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    with_events: u64,
    /// Events that the next word of progress overtakes.
    held: BTreeMap<StreamId, WatchResponse>,
}

impl Watching {
    /// A request on its way to a member.
    pub(crate) fn ask(mutants: &[Mutant], request: &mut WatchRequest) {
        let Some(RequestUnion::CreateRequest(create)) = &mut request.request_union else { return };
        if mutants.contains(&Mutant::ForgottenFilter) {
            create.filters.clear();
        }
        if mutants.contains(&Mutant::LateResume) && create.start_revision > 0 {
            create.start_revision += 1;
        }
    }

    /// What becomes of a response on its way to a client.
    pub(crate) fn tell(
        &mut self,
        mutants: &[Mutant],
        stream: StreamId,
        mut response: WatchResponse,
    ) -> Vec<WatchResponse> {
        let has_events = !response.events.is_empty();
        self.with_events += u64::from(has_events);
        let is_hit = has_events && self.with_events.is_multiple_of(EVERY);
        let mut before = None;
        for mutant in mutants {
            match mutant {
                Mutant::LostEvent if is_hit => drop(response.events.pop()),
                Mutant::DoubledEvent if is_hit => before = Some(response.clone()),
                Mutant::BackwardEvents => response.events.reverse(),
                Mutant::TornRevision => before = tear(&mut response),
                Mutant::OvertakingProgress => return self.hold(stream, response),
                Mutant::FalsePrevKv => response.events.iter_mut().for_each(falsify_prev_kv),
                Mutant::FalseCreate => response.events.iter_mut().for_each(falsify_create),
                _ => {}
            }
        }
        before.into_iter().chain([response]).collect()
    }

    /// Events wait, one response of each stream; whatever comes next goes ahead of them if it is
    /// progress, and behind them if it is not.
    fn hold(&mut self, stream: StreamId, response: WatchResponse) -> Vec<WatchResponse> {
        let is_progress = response.events.is_empty() && !response.created && !response.canceled;
        let held = self.held.remove(&stream);
        if is_progress {
            return [response].into_iter().chain(held).collect();
        }
        if response.events.is_empty() {
            return held.into_iter().chain([response]).collect();
        }
        self.held.insert(stream, response);
        held.into_iter().collect()
    }
}

/// Cuts a response inside its last revision, if it can be; gives the first part.
fn tear(response: &mut WatchResponse) -> Option<WatchResponse> {
    let revision = |event: &Event| event.kv.as_ref().map(|pair| pair.mod_revision);
    let [.., left, right] = &response.events[..] else { return None };
    if revision(left) != revision(right) {
        return None;
    }
    let last = response.events.pop();
    let first = response.clone();
    response.events = last.into_iter().collect();
    Some(first)
}

fn falsify_prev_kv(event: &mut Event) {
    if event.prev_kv.is_some() {
        event.prev_kv.clone_from(&event.kv);
    }
}

fn falsify_create(event: &mut Event) {
    let is_put = |pair: &&mut KeyValue| pair.version > 0;
    if let Some(pair) = event.kv.as_mut().filter(is_put) {
        (pair.create_revision, pair.version) = (pair.mod_revision, 1);
    }
}
