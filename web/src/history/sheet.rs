//! Where everything stands in the drawing of a history.
//!
//! Time goes to the right, each client has a row, or several when its operations overlap. Silence is
//! folded: a step of time is drawn as long as it lasts, but within bounds, and words get their room. So
//! moments keep their order, and the times stand below.
//!
//! ```text
//!            put a 1         get a 1
//!   you   ──[====●==]───────────[ ● ]──       bars from question to answer
//!                 ╲            ╱              pins where they take effect, joined in that order
//!   A     ─────────[ ● ]──────╱──────
//!               10.5 s      12.1 s
//! ```

use std::collections::BTreeMap;

use glasshouse_sim::view::call::history::{History, Kind, Operation, Outcome};

/// Operations that are drawn, the newest ones; the list has them all.
const DRAWN_MAX: usize = 60;
/// Where time begins: the names of the clients stand before it.
const LEFT: f64 = 104.0;
/// Height of a row, and where the first one lies.
const ROW: f64 = 58.0;
const TOP: f64 = 52.0;
/// Half the height of a bar.
pub(crate) const HALF: f64 = 9.0;
/// Pixels for a virtual millisecond, and the bounds of one step of time.
const PX_PER_MS: f64 = 3.0;
const STEP: std::ops::RangeInclusive<f64> = 5.0..=64.0;
/// Width of a letter of the words over a bar, and what is left free behind them.
const LETTER: f64 = 6.7;
const FREE: f64 = 10.0;
/// The shortest bar, and the room that a time needs below.
const BAR_MIN: f64 = 12.0;
const TICK: f64 = 92.0;
/// Rows of one client; more operations at once lie upon each other.
const LANES_MAX: usize = 3;

/// A client's row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) client: String,
    /// The member that it asked last; only in its first row.
    pub(crate) at: Option<u32>,
    pub(crate) y: f64,
}

/// An operation's bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// Which of the history's operations.
    pub(crate) nth: usize,
    pub(crate) row: usize,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) y: f64,
    /// Its end is not known.
    pub(crate) is_open: bool,
}

/// The drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) rows: Vec<Row>,
    pub(crate) bars: Vec<Bar>,
    /// Where operations take effect, in the order found.
    pub(crate) pins: Vec<(f64, f64)>,
    /// Times below.
    pub(crate) ticks: Vec<(f64, u64)>,
    /// Stretches in which no leader could commit.
    pub(crate) stalls: Vec<(f64, f64)>,
    /// Refuted: the end of the operation that contradicts, where the stuck one begins, and its row.
    pub(crate) breaks: Option<Break>,
    /// Operations that are not drawn.
    pub(crate) hidden: u64,
}

/// The point at which the line breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Break {
    /// When the contradicting operation was over.
    pub(crate) known_x: Option<f64>,
    pub(crate) known_us: u64,
    /// When the stuck one was asked.
    pub(crate) asked_us: u64,
    /// Where the crossed box stands.
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Moments and where they are drawn, in order.
struct Axis(Vec<(u64, f64)>);

impl Axis {
    /// Where a moment is: between its neighbours in proportion.
    fn x(&self, us: u64) -> f64 {
        let next = self.0.partition_point(|(at, _)| *at < us);
        match (next.checked_sub(1).and_then(|before| self.0.get(before)), self.0.get(next)) {
            (_, Some((at, x))) if *at == us => *x,
            (Some((from, a)), Some((to, b))) => {
                a + (b - a) * (us - from) as f64 / (to - from).max(1) as f64
            }
            (Some((_, x)), None) | (None, Some((_, x))) => *x,
            (None, None) => LEFT,
        }
    }
}

/// An operation without a known end may take effect until now.
fn end_of(one: &Operation, now_us: u64) -> u64 {
    let is_known = matches!(one.outcome, Outcome::Done | Outcome::Refused);
    one.returned_us.filter(|_| is_known).unwrap_or(now_us).max(one.called_us)
}

impl Sheet {
    pub(crate) fn new(history: &History) -> Self {
        let all = &history.operations;
        let from = all.len().saturating_sub(DRAWN_MAX);
        let told = [history.verdict.stuck, history.verdict.against];
        let is_drawn =
            |(nth, one): &(usize, &Operation)| *nth >= from || told.contains(&Some(one.id));
        let drawn: Vec<(usize, &Operation)> = all.iter().enumerate().filter(is_drawn).collect();
        let Some(first_us) = drawn.first().map(|(_, one)| one.called_us) else {
            return Self::default();
        };
        let now_us = history.time_us;
        let (rows, lanes) = rows(&drawn, now_us);
        let axis = axis(history, &drawn, &lanes, first_us);
        let bar = |(&(nth, one), &row): (&(usize, &Operation), &usize)| {
            let end_us = end_of(one, now_us);
            let from = axis.x(one.called_us);
            let is_open = !matches!(one.outcome, Outcome::Done | Outcome::Refused);
            let to = axis.x(end_us).max(from + BAR_MIN);
            Bar { nth, row, from, to, y: rows[row].y, is_open }
        };
        let bars: Vec<Bar> = drawn.iter().zip(&lanes).map(bar).collect();
        let end = bars.iter().map(|bar| bar.to.max(bar.from + label(&all[bar.nth])));
        let width = end.fold(0.0, f64::max) + FREE;
        let height = TOP + ROW * rows.len() as f64;
        let stall = |span: &glasshouse_sim::view::frame::Span| {
            let to = span.to_us.unwrap_or(now_us);
            (to > first_us).then(|| (axis.x(span.from_us.max(first_us)), axis.x(to)))
        };
        Self {
            pins: pins(all, &bars, &axis),
            ticks: ticks(&drawn, &axis),
            stalls: history.stalls.iter().filter_map(stall).filter(|(a, b)| b > a).collect(),
            breaks: breaks(history, &bars, &axis),
            hidden: history.earlier + (all.len() - drawn.len()) as u64,
            width,
            height,
            rows,
            bars,
        }
    }

    /// The operation that a key goes to from the `nth` bar.
    pub(crate) fn next(&self, nth: usize, way: super::Way) -> Option<usize> {
        let bar = self.bars.get(nth)?;
        let row = match way {
            super::Way::Earlier => return nth.checked_sub(1),
            super::Way::Later => return (nth + 1 < self.bars.len()).then_some(nth + 1),
            super::Way::Up => bar.row.checked_sub(1)?,
            super::Way::Down => bar.row + 1,
        };
        let there = self.bars.iter().enumerate().filter(|(_, other)| other.row == row);
        let far = |other: &Bar| (other.from - bar.from).abs();
        there.min_by(|(_, a), (_, b)| far(a).total_cmp(&far(b))).map(|(nth, _)| nth)
    }
}

/// The rows, and in which each operation lies: the terminal first, then by name.
fn rows(drawn: &[(usize, &Operation)], now_us: u64) -> (Vec<Row>, Vec<usize>) {
    let mut free_us: BTreeMap<(bool, &str), Vec<u64>> = BTreeMap::new();
    let mut lanes = Vec::new();
    let mut at = BTreeMap::new();
    for (_, one) in drawn {
        let client = (one.client != "you", one.client.as_str());
        let lane_ends = free_us.entry(client).or_default();
        let free = lane_ends.iter().position(|end| *end <= one.called_us);
        let lane = free.unwrap_or_else(|| lane_ends.len().min(LANES_MAX - 1));
        if lane == lane_ends.len() {
            lane_ends.push(0);
        }
        lane_ends[lane] = end_of(one, now_us).max(lane_ends[lane]);
        lanes.push((client, lane));
        at.insert(client, one.member);
    }
    let mut rows = Vec::new();
    let mut first = BTreeMap::new();
    for (client, lane_ends) in &free_us {
        first.insert(*client, rows.len());
        for lane in 0..lane_ends.len() {
            let y = TOP + ROW * rows.len() as f64;
            let at = (lane == 0).then(|| at[client]);
            rows.push(Row { client: client.1.to_owned(), at, y });
        }
    }
    let lanes = lanes.into_iter().map(|(client, lane)| first[&client] + lane).collect();
    (rows, lanes)
}

/// Words over a bar need this much room.
fn label(one: &Operation) -> f64 {
    one.words.chars().count() as f64 * LETTER + FREE
}

/// Gives every moment its place: later moments further to the right, and words beside each other.
fn axis(history: &History, drawn: &[(usize, &Operation)], lanes: &[usize], first_us: u64) -> Axis {
    let now_us = history.time_us;
    let mut moments: BTreeMap<u64, Vec<(usize, f64)>> = BTreeMap::new();
    for ((_, one), lane) in drawn.iter().zip(lanes) {
        moments.entry(one.called_us).or_default().push((*lane, label(one)));
        moments.entry(end_of(one, now_us)).or_default();
    }
    let edges = history.stalls.iter().flat_map(|span| [Some(span.from_us), span.to_us]).flatten();
    for edge in edges.filter(|edge| *edge > first_us && *edge < now_us) {
        moments.entry(edge).or_default();
    }
    let mut free_x: BTreeMap<usize, f64> = BTreeMap::new();
    let (mut x, mut before) = (LEFT, first_us);
    let mut places = Vec::new();
    for (us, calls) in moments {
        if us > before {
            let ms = (us - before) as f64 / 1e3;
            x += (ms * PX_PER_MS).clamp(*STEP.start(), *STEP.end());
        }
        for (lane, _) in &calls {
            x = free_x.get(lane).copied().unwrap_or(0.0).max(x);
        }
        for (lane, width) in calls {
            free_x.insert(lane, x + width);
        }
        places.push((us, x));
        before = us;
    }
    Axis(places)
}

/// The pins in the order found; each within its bar.
fn pins(all: &[Operation], bars: &[Bar], axis: &Axis) -> Vec<(f64, f64)> {
    let placed = bars.iter().filter_map(|bar| {
        let one = &all[bar.nth];
        let x = axis.x(one.point_us?).clamp(bar.from + HALF / 2.0, bar.to - HALF / 2.0);
        Some((one.place?, (x, bar.y)))
    });
    let mut placed: Vec<_> = placed.collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, pin)| pin).collect()
}

fn ticks(drawn: &[(usize, &Operation)], axis: &Axis) -> Vec<(f64, u64)> {
    let mut free = 0.0;
    let mut ticks = Vec::new();
    for (_, one) in drawn {
        let x = axis.x(one.called_us);
        if x >= free {
            ticks.push((x, one.called_us));
            free = x + TICK;
        }
    }
    ticks
}

fn breaks(history: &History, bars: &[Bar], axis: &Axis) -> Option<Break> {
    let all = &history.operations;
    let find = |id: Option<u64>| bars.iter().find(|bar| Some(all[bar.nth].id) == id);
    let stuck = find(history.verdict.stuck.filter(|_| history.verdict.kind == Kind::Refuted))?;
    let known_us = find(history.verdict.against).and_then(|bar| all[bar.nth].returned_us);
    Some(Break {
        known_x: known_us.map(|us| axis.x(us)),
        known_us: known_us.unwrap_or(0),
        asked_us: all[stuck.nth].called_us,
        x: f64::midpoint(stuck.from, stuck.to),
        y: stuck.y,
    })
}

#[cfg(test)]
mod tests;
