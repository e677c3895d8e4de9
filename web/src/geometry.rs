//! Where things stand in the drawing: members, labels, cuts, links, messages on their way.
//!
//! Everything here is a function of the sheet's size, the members and the virtual time; nothing is
//! remembered between two frames, so pausing freezes a glyph and the same moment is drawn the
//! same way twice. Coordinates are CSS pixels from the sheet's upper left corner.
//!
//! Members stand on an ellipse, clockwise from the left, each in its place for good: an election
//! moves nobody. A cut parts the sheet along a line between its groups. Only when the groups are
//! not neighbours on the ring, the members change places, so that one line can part them.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;

use glasshouse_sim::view::frame::Alias;

/// Radius of a member's circle; its election ring and its selection lie outside.
#[cfg(test)]
const MEMBER_R: f64 = 24.0;
/// Where a link's traffic begins: outside the ring of a member.
const TRIM: f64 = 32.0;
/// Traffic keeps to the right, so far from the link's middle.
const LANE: f64 = 6.0;
/// Half of the gap that a cut leaves in the sheet, and a little more.
const HALF_GAP: f64 = 9.0;
/// A flat sheet gives up room for labels before the two rows of members touch.
const RY_MIN: f64 = 46.0;
/// Distance of the sheet's edge from the drawing's.
pub(crate) const MARGIN: f64 = 10.0;
/// A label's reach from the middle of its member: to the side, up and down.
const LABEL: (f64, f64) = (150.0, 26.0);
/// Below this width the drawing has the phone's labels.
const NARROW: f64 = 560.0;

/// A point of the drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    pub(crate) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    fn minus(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }

    fn plus(self, other: Self, times: f64) -> Self {
        Self::new(self.x + other.x * times, self.y + other.y * times)
    }

    fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    fn length(self) -> f64 {
        self.x.hypot(self.y)
    }

    /// The same direction with length 1; a zero vector points right.
    fn unit(self) -> Self {
        let length = self.length();
        if length < 1e-9 {
            Self::new(1.0, 0.0)
        } else {
            Self::new(self.x / length, self.y / length)
        }
    }

    /// A quarter turn to the right of someone who walks along this vector (y points down).
    fn right(self) -> Self {
        Self::new(-self.y, self.x)
    }

    fn middle(self, other: Self) -> Self {
        self.plus(other.minus(self), 0.5)
    }
}

/// A straight line through the drawing, as somebody drew it.
pub(crate) type Line = (Point, Point);

/// On which side of its member a label stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
    Above,
    Below,
}

/// The place of one member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    pub(crate) at: Point,
    pub(crate) label: Side,
    /// Its group in the cut; 0 when the sheet is whole.
    group: usize,
}

/// The whole drawing without its contents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Labels are short and stand below.
    pub(crate) narrow: bool,
    /// Seven members and more: one line of label.
    pub(crate) crowded: bool,
    spots: BTreeMap<Alias, Spot>,
    /// The gaps in the sheet.
    pub(crate) cuts: Vec<Line>,
}

/// The part of a link that can be drawn: from a member to another, or to the edge of a cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stub {
    pub(crate) from: Point,
    pub(crate) to: Point,
    /// It ends at a cut: the bar lies along its edge, in this direction.
    pub(crate) bar: Option<Point>,
}

impl Layout {
    /// Places `members` on a sheet. `drawn` is the line of the person who made the cut; it is
    /// kept if it still parts the groups.
    pub(crate) fn new(
        (width, height): (f64, f64),
        members: &[Alias],
        groups: &[Vec<Alias>],
        drawn: Option<Line>,
    ) -> Self {
        let narrow = width < NARROW;
        let crowded = members.len() >= 7;
        let centre = Point::new(width / 2.0, height / 2.0 - if narrow { 26.0 } else { 0.0 });
        let (rx, ry) = if narrow {
            (width / 2.0 - 66.0, height / 2.0 - 62.0)
        } else {
            let labels = if crowded { 185.0 } else { 215.0 };
            let room = if crowded { 74.0 } else { 52.0 };
            ((width / 2.0 - labels).min(height * 1.5).max(120.0), (height / 2.0 - room).max(RY_MIN))
        };
        let order = ring_order(members, groups);
        let mut spots = BTreeMap::new();
        let angles = even_angles(rx, ry, order.len());
        for (&alias, angle) in order.iter().zip(angles) {
            // One alone has no ring to stand on.
            let (rx, ry) = if order.len() == 1 { (0.0, 0.0) } else { (rx, ry) };
            let at = Point::new(centre.x + rx * angle.cos(), centre.y + ry * angle.sin());
            let label = match () {
                () if narrow => Side::Below,
                () if crowded && angle.cos().abs() < 0.86 && angle.sin() < 0.0 => Side::Above,
                () if crowded && angle.cos().abs() < 0.86 => Side::Below,
                () if angle.cos() < -0.01 => Side::Left,
                () => Side::Right,
            };
            let group = group_of(alias, groups);
            spots.insert(alias, Spot { at, label, group });
        }
        let mut layout = Self { width, height, narrow, crowded, spots, cuts: Vec::new() };
        if groups.len() > 1 {
            layout.part(&order, centre, drawn.filter(|line| layout.parts(*line, groups)));
        }
        layout
    }

    /// The place of a member.
    pub(crate) fn spot(&self, alias: Alias) -> Option<Spot> {
        self.spots.get(&alias).copied()
    }

    /// The members on either side of a line, or `None` when one side is empty.
    pub(crate) fn sides(&self, line: Line) -> Option<(Vec<Alias>, Vec<Alias>)> {
        let (left, right): (Vec<_>, Vec<_>) =
            self.spots.iter().partition(|(_, spot)| side(line, spot.at) > 0.0);
        let names =
            |part: Vec<(&Alias, &Spot)>| part.into_iter().map(|(alias, _)| *alias).collect();
        (!left.is_empty() && !right.is_empty()).then(|| (names(left), names(right)))
    }

    fn parts(&self, line: Line, groups: &[Vec<Alias>]) -> bool {
        self.sides(line).is_some_and(|(a, b)| {
            groups.len() == 2 && [&a, &b].iter().all(|part| groups.contains(part))
        })
    }

    /// Cuts the sheet between the groups: two groups by one line, more by rays from the middle.
    fn part(&mut self, order: &[Alias], centre: Point, drawn: Option<Line>) {
        let spot = |place: usize| self.spots[&order[place % order.len()]];
        let gates: Vec<Point> = (0..order.len())
            .filter(|&place| spot(place).group != spot(place + 1).group)
            .map(|place| spot(place).at.middle(spot(place + 1).at))
            .collect();
        let far = self.width + self.height;
        let through = |a: Point, along: Point| (a.plus(along, -far), a.plus(along, far));
        self.cuts = match (drawn, gates.as_slice()) {
            (Some((a, b)), _) => vec![through(a, b.minus(a).unit())],
            (None, [a, b]) if a.minus(*b).length() < 1.0 => {
                // Two members in all: the line between them stands across their link.
                vec![through(*a, spot(0).at.minus(spot(1).at).unit().right())]
            }
            (None, [a, b]) => vec![through(*a, b.minus(*a).unit())],
            (None, gates) => gates
                .iter()
                .map(|gate| (centre, centre.plus(gate.minus(centre).unit(), far)))
                .collect(),
        };
        if let [line] = self.cuts[..] {
            // The glass parts: both pieces give way a little.
            let normal = line.1.minus(line.0).unit().right();
            for spot in self.spots.values_mut() {
                spot.at = spot.at.plus(normal, 8.0 * side(line, spot.at).signum());
            }
        }
        let cuts = self.cuts.clone();
        for spot in self.spots.values_mut() {
            let crossed = |label: Side| {
                let reach = if label == Side::Left { -LABEL.0 } else { LABEL.0 };
                let rows = [-LABEL.1, 0.0, LABEL.1];
                let row = |y: f64| {
                    let from = Point::new(spot.at.x, spot.at.y + y);
                    (from, Point::new(from.x + reach, from.y))
                };
                cuts.iter().any(|cut| rows.iter().any(|y| crossing(row(*y), *cut).is_some()))
            };
            let other = if spot.label == Side::Left { Side::Right } else { Side::Left };
            let beside = matches!(spot.label, Side::Left | Side::Right);
            if beside && crossed(spot.label) && !crossed(other) {
                spot.label = other;
            }
        }
    }

    /// What can be drawn of the link between two members: one stub, or two when a cut lies between.
    pub(crate) fn link(&self, a: Alias, b: Alias) -> Vec<Stub> {
        let (Some(from), Some(to)) = (self.spot(a), self.spot(b)) else { return Vec::new() };
        let way = to.at.minus(from.at);
        let hits: Vec<(f64, Line)> = self
            .cuts
            .iter()
            .filter_map(|cut| Some((crossing((from.at, to.at), *cut)?, *cut)))
            .collect();
        let order = |a: &&(f64, Line), b: &&(f64, Line)| a.0.total_cmp(&b.0);
        let (Some((first, near)), Some((last, far))) =
            (hits.iter().min_by(order), hits.iter().max_by(order))
        else {
            return vec![Stub { from: from.at, to: to.at, bar: None }];
        };
        let stub = |home: Point, at: f64, cut: &Line, back: f64| {
            let along = cut.1.minus(cut.0).unit();
            // A link that meets the cut at a slant has a longer way through the gap.
            let slant = way.unit().cross(along).abs().max(0.2);
            let at = (at + back * HALF_GAP / slant / way.length().max(1.0)).clamp(0.0, 1.0);
            Stub { from: home, to: from.at.plus(way, at), bar: Some(along) }
        };
        vec![stub(from.at, *first, near, -1.0), stub(to.at, *last, far, 1.0)]
    }

    /// The two lanes' path from one member to another: where traffic starts and ends.
    pub(crate) fn lane(&self, from: Alias, to: Alias) -> Option<Line> {
        let (a, b) = (self.spot(from)?.at, self.spot(to)?.at);
        Some(lane(a, b))
    }

    /// How far along its lane a message gets before a cut, as a part of the way.
    pub(crate) fn gate(&self, (from, to): Line) -> Option<f64> {
        let back = HALF_GAP / to.minus(from).length().max(1.0);
        self.crossings(from, to).map(|(first, _)| (first - back).max(0.0))
    }

    /// Where a segment meets the first and the last cut, as parts of its length.
    fn crossings(&self, from: Point, to: Point) -> Option<(f64, f64)> {
        let hits = self.cuts.iter().filter_map(|cut| crossing((from, to), *cut));
        hits.fold(None, |ends: Option<(f64, f64)>, at| {
            Some(ends.map_or((at, at), |(low, high)| (low.min(at), high.max(at))))
        })
    }

    /// Where the client tags of one member stand: stacked into the nearest corner of the sheet.
    pub(crate) fn client(&self, at: Option<Alias>, nth: usize) -> (Point, Side) {
        let spot = at.and_then(|alias| self.spot(alias));
        let near = spot.map_or(Point::new(self.width, self.height), |spot| spot.at);
        let left = near.x < self.width / 2.0;
        let top = near.y < self.height / 2.0;
        let step = 32.0 * nth as f64;
        let x = if left { MARGIN + 26.0 } else { self.width - MARGIN - 26.0 };
        let y = if top { MARGIN + 32.0 + step } else { self.height - MARGIN - 32.0 - step };
        (Point::new(x, y), if left { Side::Right } else { Side::Left })
    }
}

/// The point on a lane at a part of its length.
pub(crate) fn along((from, to): Line, part: f64) -> Point {
    from.plus(to.minus(from), part)
}

/// The right-hand lane from one place to another, from ring to ring.
pub(crate) fn lane(a: Point, b: Point) -> Line {
    let way = b.minus(a);
    let (unit, length) = (way.unit(), way.length());
    let trim = TRIM.min(length / 3.0);
    let shift = unit.right();
    (a.plus(unit, trim).plus(shift, LANE), b.plus(unit, -trim).plus(shift, LANE))
}

/// How much of its way a message has made at `now`, 0 to 1.
pub(crate) fn progress(sent_us: u64, arrive_us: u64, now_us: f64) -> f64 {
    let whole = arrive_us.saturating_sub(sent_us).max(1) as f64;
    ((now_us - sent_us as f64) / whole).clamp(0.0, 1.0)
}

/// A short line along the edge of the cut at which a stub ends, as an SVG path.
pub(crate) fn bar(stub: &Stub) -> Option<String> {
    let along = stub.bar?;
    Some(path((stub.to.plus(along, 7.0), stub.to.plus(along, -7.0))))
}

/// A straight SVG path.
pub(crate) fn path(line: Line) -> String {
    let mut path = String::new();
    draw(&mut path, line);
    path
}

/// The head of an arrow at a part of a lane, as an SVG path. Its points are turned here: a browser does
/// more for an element with a `transform` that changes than for any path.
pub(crate) fn arrow(lane: Line, part: f64) -> String {
    const HEAD: [(f64, f64); 5] = [(-7.0, -5.0), (2.0, -5.0), (7.0, 0.0), (2.0, 5.0), (-7.0, 5.0)];
    let at = along(lane, part);
    let ahead = lane.1.minus(lane.0).unit();
    let mut path = String::new();
    for (nth, (forth, aside)) in HEAD.into_iter().enumerate() {
        path.push(if nth == 0 { 'M' } else { 'L' });
        put(&mut path, at.plus(ahead, forth).plus(ahead.right(), aside));
    }
    path.push('Z');
    path
}

/// Adds a straight line to an SVG path.
pub(crate) fn draw(path: &mut String, (from, to): Line) {
    go(path, from);
    path.push('L');
    put(path, to);
}

/// Goes on with an SVG path at a point.
pub(crate) fn go(path: &mut String, at: Point) {
    path.push('M');
    put(path, at);
}

/// A point with one decimal. Whole tenths are written much faster than floats, and a picture has
/// hundreds of points.
fn put(path: &mut String, at: Point) {
    for (number, end) in [(at.x, " "), (at.y, "")] {
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a drawing")]
        let tenths = (number * 10.0).round() as i32;
        let sign = if tenths < 0 { "-" } else { "" };
        let (whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
        let _ = write!(path, "{sign}{whole}.{tenth}{end}");
    }
}

/// Angles at which `count` members stand equally far from each other along an ellipse, clockwise
/// from its left end. Equal angles would crowd the ends of a flat ellipse.
fn even_angles(rx: f64, ry: f64, count: usize) -> Vec<f64> {
    const STEPS: u32 = 720;
    let angle = |step: u32| TAU * (0.5 + f64::from(step) / f64::from(STEPS));
    let point = |step: u32| Point::new(rx * angle(step).cos(), ry * angle(step).sin());
    let lengths: Vec<f64> = (0..STEPS)
        .scan(0.0, |sum, step| {
            let before = *sum;
            *sum += point(step + 1).minus(point(step)).length();
            Some(before)
        })
        .collect();
    let whole = lengths.last().copied().unwrap_or(0.0);
    (0..count)
        .map(|place| {
            let wanted = whole * place as f64 / count as f64;
            let step = lengths.partition_point(|length| *length < wanted);
            angle(u32::try_from(step).unwrap_or(0))
        })
        .collect()
}

/// The group of a member; who is in none stands apart.
fn group_of(alias: Alias, groups: &[Vec<Alias>]) -> usize {
    groups.iter().position(|group| group.contains(&alias)).unwrap_or(groups.len())
}

/// Members in order of the ring: by number, unless that would scatter a group of the cut.
fn ring_order(members: &[Alias], groups: &[Vec<Alias>]) -> Vec<Alias> {
    let group = |alias: Alias| group_of(alias, groups);
    let turns = (0..members.len())
        .filter(|&place| group(members[place]) != group(members[(place + 1) % members.len()]))
        .count();
    let mut order = members.to_vec();
    if groups.len() > 1 && turns > 2 {
        order.sort_by_key(|&alias| (group(alias), alias));
    }
    order
}

/// Positive on one side of a line, negative on the other.
fn side((a, b): Line, point: Point) -> f64 {
    b.minus(a).cross(point.minus(a))
}

/// Where the segment `a` meets the segment `b`, as a part of `a`.
fn crossing(a: Line, b: Line) -> Option<f64> {
    let (along_a, along_b) = (a.1.minus(a.0), b.1.minus(b.0));
    let slant = along_a.cross(along_b);
    if slant.abs() < 1e-9 {
        return None;
    }
    let offset = b.0.minus(a.0);
    let (on_a, on_b) = (offset.cross(along_b) / slant, offset.cross(along_a) / slant);
    ((0.0..=1.0).contains(&on_a) && (0.0..=1.0).contains(&on_b)).then_some(on_a)
}

#[cfg(test)]
mod tests;
