//! What moves along the links: messages between members, calls of clients.
//!
//! A glyph's place is a function of the virtual time alone. The way that it has already made is a
//! line in the hue of its term, so that a still picture shows its direction.

use std::collections::BTreeMap;

use glasshouse_sim::view::frame::{Alias, Client, Fate, Frame, Kind, MESSAGE_LINGER_US, Message};
use yew::prelude::*;

use super::glyph;
use crate::geometry::{self, Layout, Line, Point, Side};

/// More than so many messages on one link are drawn as one with a count.
const LINK_MAX: usize = 40;
/// With more than so many in all, heartbeats are left out, then answers.
const ALL_MAX: usize = 200;
/// Words stand beside a glyph while so few are on their way; more would be noise.
const WORDS_MAX: usize = 8;
/// A message with more entries than this says how many, while not more than [`COUNTS_MAX`] have
/// something to say: laying out words is the dearest part of a picture.
const MANY_ENTRIES: u64 = 9;
const COUNTS_MAX: usize = 40;
/// Without a cut in its way a dropped message ends here, as a part of its way.
const DROPPED_AT: f64 = 0.55;

/// The messages that are on the screen at a moment, thinned where they would be too many.
fn visible(frame: &Frame, now_us: f64) -> Vec<&Message> {
    let shown = |message: &&Message| {
        let lingers = message.fate == Fate::Dropped || message.fate == Fate::Unheard;
        let end = message.arrive_us + if lingers { MESSAGE_LINGER_US } else { 0 };
        (message.sent_us as f64) <= now_us && now_us < end as f64
    };
    let mut messages: Vec<&Message> = frame.messages.iter().filter(shown).collect();
    if messages.len() > ALL_MAX {
        messages.retain(|message| message.kind != Kind::Heartbeat);
    }
    if messages.len() > ALL_MAX {
        messages.retain(|message| !message.answer);
    }
    messages
}

/// What tells messages apart that are drawn as one shape.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Look {
    hue: &'static str,
    kind: Kind,
    answer: bool,
    reject: bool,
}

/// All messages of one look: as few elements as there are looks, however many fly. Each element that
/// moves costs the browser more than all the lines in it.
#[derive(Default)]
struct Flock {
    /// The ways that they have made, as an SVG path.
    ways: String,
    /// Where they are.
    at: Vec<Point>,
}

/// Marks that messages of any look may have, as SVG paths.
#[derive(Default)]
struct Marks {
    /// Crosses where messages ended.
    ended: String,
    /// Rings around second copies.
    copies: String,
    /// Clocks beside messages that were held up.
    clocks: String,
}

/// All messages in flight.
pub(crate) fn messages(frame: &Frame, layout: &Layout, now_us: f64) -> Html {
    let visible = visible(frame, now_us);
    let spoken = visible.iter().filter(|message| !message.words.is_empty()).count();
    let mut links: BTreeMap<(Alias, Alias), Vec<&Message>> = BTreeMap::new();
    for message in visible {
        links.entry((message.from, message.to)).or_default().push(message);
    }
    let mut flocks: BTreeMap<Look, Flock> = BTreeMap::new();
    let mut marks = Marks::default();
    let mut words = Vec::new();
    for ((from, to), mut on_link) in links {
        let Some(lane) = layout.lane(from, to) else { continue };
        let count = on_link.len();
        if count > LINK_MAX {
            on_link = vec![on_link[count / 2]];
        }
        for message in &on_link {
            let (at, ended) = place(message, lane, layout, now_us);
            let Message { kind, answer, reject, .. } = **message;
            let look = Look { hue: glyph::hue(message.term), kind, answer, reject };
            let flock = flocks.entry(look).or_default();
            geometry::draw(&mut flock.ways, (lane.0, at));
            marks.add(message, at, ended);
            if !ended {
                flock.at.push(at);
            }
            if let Some(says) = says(message, on_link.len(), count, spoken, ended) {
                words.push(html! { <text key={message.id} class="d" x={format!("{:.1}", at.x + 11.0)} y={format!("{:.1}", at.y - 7.0)}>{ says }</text> });
            }
        }
    }
    html! {
        <g>
            { for flocks.iter().map(|(look, flock)| flock.draw(*look)) }
            { marks.draw() }
            { for words }
        </g>
    }
}

/// Where a message is, and whether that is where it ended.
fn place(message: &Message, lane: Line, layout: &Layout, now_us: f64) -> (Point, bool) {
    let way = geometry::progress(message.sent_us, message.arrive_us, now_us);
    let end = match message.fate {
        Fate::Dropped => Some(layout.gate(lane).unwrap_or(DROPPED_AT)),
        Fate::Unheard => Some(1.0),
        Fate::Plain | Fate::Duplicate | Fate::Delayed => None,
    };
    let at = geometry::along(lane, end.map_or(way, |end| way.min(end)));
    (at, end.is_some_and(|end| way >= end))
}

/// The words beside a glyph: what it is when few are on their way, how many it stands for, or how
/// many entries it carries.
fn says(
    message: &Message,
    drawn: usize,
    count: usize,
    spoken: usize,
    ended: bool,
) -> Option<String> {
    let few = spoken <= WORDS_MAX && !message.words.is_empty();
    if drawn < count {
        Some(format!("×{count}"))
    } else if ended {
        None
    } else if few {
        Some(message.words.clone())
    } else {
        let many = message.entries > MANY_ENTRIES && spoken <= COUNTS_MAX;
        many.then(|| message.entries.to_string())
    }
}

impl Flock {
    fn draw(&self, look: Look) -> Html {
        let Look { hue, kind, answer, reject } = look;
        let path = classes!("path", glyph::kind_class(kind), answer.then_some("rep"));
        let key = format!("{hue}{}{answer}{reject}", kind as u8);
        html! {
            <g {key} class={hue}>
                <path class={path} d={self.ways.clone()}/>
                <g class={glyph::message_class(kind, answer, reject)}>
                    { for glyph::strokes(kind, answer).iter().map(|stroke| stroke.draw(|outline| everywhere(&self.at, outline))) }
                    if reject { <path d={everywhere(&self.at, glyph::STRIKE)}/> }
                </g>
            </g>
        }
    }
}

impl Marks {
    fn add(&mut self, message: &Message, at: Point, ended: bool) {
        let mark = |path: &mut String, outline: &str| {
            geometry::go(path, at);
            path.push_str(outline);
        };
        if ended {
            mark(&mut self.ended, "m-4-4l8 8m0-8l-8 8");
        }
        match message.fate {
            Fate::Duplicate => mark(&mut self.copies, "m-10 0a10 10 0 1 0 20 0a10 10 0 1 0-20 0z"),
            Fate::Delayed => mark(&mut self.clocks, "m8-12a4 4 0 1 0 .1 0m-.1 2v2l2 1"),
            Fate::Plain | Fate::Dropped | Fate::Unheard => {}
        }
    }

    fn draw(self) -> Html {
        html! {
            <>
                if !self.ended.is_empty() { <path class="ended" d={self.ended}/> }
                if !self.copies.is_empty() { <path class="arc0 copy" d={self.copies}/> }
                if !self.clocks.is_empty() { <path class="ended thin" d={self.clocks}/> }
            </>
        }
    }
}

/// One outline at many places, as one SVG path.
fn everywhere(places: &[Point], outline: &str) -> String {
    let mut path = String::with_capacity(places.len() * (outline.len() + 14));
    for at in places {
        geometry::go(&mut path, *at);
        path.push_str(outline);
    }
    path
}

/// The clients: their tags in the corners of the sheet, and their calls on the way; words are those
/// of the moment `read_us`.
pub(crate) fn clients(frame: &Frame, layout: &Layout, now_us: f64, read_us: u64) -> Html {
    let mut corner: BTreeMap<(bool, bool), usize> = BTreeMap::new();
    frame
        .clients
        .iter()
        .filter(|client| client.at.is_some())
        .map(|client| {
            let (at, side) = layout.client(client.at, 0);
            let nth =
                corner.entry((at.x < layout.width / 2.0, at.y < layout.height / 2.0)).or_default();
            let (at, _) = layout.client(client.at, *nth);
            *nth += 1;
            tag(client, at, side, layout, (now_us, read_us))
        })
        .collect()
}

/// One client. Nothing in it has a `transform`: what has one is a layer of the drawing to the browser, and
/// what follows it another one, so that all are arranged anew in each picture.
fn tag(
    client: &Client,
    at: Point,
    side: Side,
    layout: &Layout,
    (now_us, read_us): (f64, u64),
) -> Html {
    let home = client.at.and_then(|alias| layout.spot(alias)).map_or(at, |spot| spot.at);
    let (ahead, class) = if side == Side::Left { (-1.0, "end") } else { (1.0, "") };
    let x = format!("{:.1}", at.x + 13.0 * ahead);
    // Away from the middle of the sheet, so that the line to the member does not run through the words.
    let (name_y, words_y) = if at.y < layout.height / 2.0 { (-16.0, -3.0) } else { (10.0, 23.0) };
    let below = |shift: f64| format!("{:.1}", at.y + shift);
    let call = client.call.as_ref();
    let words = call
        .map(|call| format!("{}, {} ms", call.words, read_us.saturating_sub(call.sent_us) / 1_000));
    let glyph = call.and_then(|call| {
        let there = now_us < call.arrive_us as f64 && now_us >= call.sent_us as f64;
        let (lane, way, back) = match (call.answered_us, call.back_us) {
            (Some(left), Some(back)) if now_us >= left as f64 => {
                (geometry::lane(home, at), geometry::progress(left, back, now_us), true)
            }
            _ if there => {
                (geometry::lane(at, home), geometry::progress(call.sent_us, call.arrive_us, now_us), false)
            }
            _ => return None,
        };
        let back = back.then_some("rep");
        Some(html! {
            <>
                <path class={classes!("path", back)} style="--c:var(--ink)" d={geometry::path((lane.0, geometry::along(lane, way)))}/>
                <g class={classes!("g", "cl", back)}><path d={geometry::arrow(lane, way)}/></g>
            </>
        })
    });
    html! {
        <g key={format!("client-{}", client.name)}>
            <path class="link" d={geometry::path((at, home))}/>
            { glyph }
            <g class="g cl"><path d={geometry::arrow((at, Point::new(at.x + ahead, at.y)), 0.0)}/></g>
            <text class={classes!("h", class)} x={x.clone()} y={below(name_y)}>{ client.name.clone() }</text>
            if let Some(words) = words { <text class={classes!("d", class)} {x} y={below(words_y)}>{ words }</text> }
        </g>
    }
}
