//! Four charts over the run: fsyncs, how long answers took, how many came, and how far commits lag.

use glasshouse_sim::view::call::history::{Charts as Numbers, History, Operation};
use glasshouse_sim::view::frame::{Frame, Marks, Span};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use yew::prelude::*;

use super::Shared;
use crate::panel::chart::{INK, LABEL, LINE, MUTED, VEIL, dyed, hue, mesh};
use crate::text::en::{self, history as text};

/// Size of a drawing; it is scaled to the panel's width.
const SIZE: (u32, u32) = (480, 152);
/// Most bars of a series: neighbours are taken together.
const BARS_MAX: usize = 80;
/// Buckets that are shown even if they are empty: up to 64 ms.
const BUCKETS_MIN: usize = 7;

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) history: Shared<History>,
    pub(super) frame: Shared<Frame>,
}

#[component]
pub(super) fn Charts(props: &Props) -> Html {
    let Props { history, frame } = props;
    let (numbers, marks) = (&history.charts, &frame.marks);
    let now_us = history.time_us;
    let spans: Vec<&Operation> =
        history.operations.iter().filter(|one| one.returned_us.is_some()).collect();
    let answered: u32 = numbers.answered.iter().sum();
    let syncs = numbers.fsyncs.iter().any(|one| !one.counts.is_empty());
    let lag = numbers.lag.iter().max().copied().unwrap_or(0);
    html! {
        <div class="charts" tabindex="0" role="region" aria-label="Charts">
            { chart(text::FSYNCS, syncs.then(|| fsyncs(numbers)).flatten(), text::fsyncs(numbers)) }
            { chart(text::LATENCY, latency(&spans, &history.stalls, now_us), text::latency(&spans)) }
            { chart(text::THROUGHPUT, (answered > 0).then(|| series(&numbers.answered, true, numbers.bucket_us, marks, now_us)).flatten(), text::throughput(answered, marks)) }
            { chart(text::LAG, (lag > 0).then(|| series(&numbers.lag, false, numbers.bucket_us, marks, now_us)).flatten(), text::lag(lag)) }
        </div>
    }
}

fn chart((name, about): (&'static str, &'static str), svg: Option<String>, words: String) -> Html {
    html! {
        <section aria-label={name}>
            <div class="hd"><h2>{ name }</h2><span class="dim">{ about }</span></div>
            if let Some(svg) = svg {
                <div class="chart" role="img" aria-label={words}>{ Html::from_html_unchecked(svg.into()) }</div>
            } else {
                <p class="empty">{ words }</p>
            }
        </section>
    }
}

/// Bars for each member, one below the other, in etcd's buckets. The slowest member is the darkest.
fn fsyncs(numbers: &Numbers) -> Option<String> {
    let members = &numbers.fsyncs;
    let used = members.iter().filter_map(|one| one.counts.iter().rposition(|count| *count > 0));
    let buckets = used.max().map_or(0, |last| last + 1).max(BUCKETS_MIN);
    let rows = members.len();
    // The plane of the bars, in pixels.
    let (width, height) = (438, 124);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(4)
            .x_label_area_size(20)
            .y_label_area_size(34)
            .build_cartesian_2d(0.0..buckets as f64, 0.0..rows as f64)
            .ok()?;
        let style = |size: i32| ("sans-serif", size).into_font();
        let slowest = members.iter().map(|one| last(&one.counts)).max().unwrap_or(0);
        let is_alone = members.iter().filter(|one| last(&one.counts) == slowest).count() == 1;
        for (nth, one) in members.iter().enumerate() {
            let base = (rows - 1 - nth) as f64;
            let most = one.counts.iter().max().copied().unwrap_or(0).max(1);
            let is_slow = is_alone && last(&one.counts) == slowest;
            let colour = if is_slow { INK.0 } else { MUTED.0 };
            chart
                .draw_series([PathElement::new([(0.0, base), (buckets as f64, base)], LINE.0)])
                .ok()?;
            let bars = one.counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let bars = bars.map(|(bucket, count)| {
                let height = f64::from(*count) / f64::from(most) * 0.8;
                let (from, to) = (bucket as f64 + 0.1, bucket as f64 + 0.9);
                Rectangle::new([(from, base), (to, base + height.max(0.04))], colour.filled())
            });
            chart.draw_series(bars).ok()?;
            let at = pixel(4, 4 + (nth * 2 + 1) * height / rows / 2 - 4);
            area.draw_text(&format!("n{}", one.member), &style(12).color(&INK.0), at).ok()?;
        }
        for bucket in 0..buckets {
            let at = pixel(32 + (bucket * 2 + 1) * width / buckets / 2, 134);
            area.draw_text(&text::bucket(bucket), &style(11).color(&LABEL.0), at).ok()?;
        }
        area.present().ok()?;
    }
    Some(dyed(svg))
}

/// A place in a drawing.
fn pixel(x: usize, y: usize) -> (i32, i32) {
    let small = |at: usize| i32::try_from(at).unwrap_or(0);
    (small(x), small(y))
}

/// How many buckets it takes to hold the slowest fsync.
fn last(counts: &[u32]) -> usize {
    counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1)
}

/// Each operation as a dot: when it was asked, and how long it took, on a scale that doubles.
fn latency(operations: &[&Operation], stalls: &[Span], now_us: u64) -> Option<String> {
    let took = |one: &Operation| {
        let us = one.returned_us.unwrap_or(one.called_us).saturating_sub(one.called_us);
        us.max(100) as f64 / 1e3
    };
    let from_us = operations.iter().map(|one| one.called_us).min()?;
    let least = operations.iter().map(|one| took(one)).fold(8.0, f64::min);
    let most = operations.iter().map(|one| took(one)).fold(32.0, f64::max);
    let (from, to) = (seconds(from_us), seconds(now_us).max(seconds(from_us) + 0.1));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(14)
            .x_label_area_size(20)
            .y_label_area_size(46)
            .build_cartesian_2d(from..to, (least / 2.0..most * 2.0).log_scale().base(2.0))
            .ok()?;
        let veils = stalls.iter().filter(|span| span.to_us.is_none_or(|us| us > from_us));
        let veils = veils.map(|span| {
            let until = span.to_us.map_or(to, seconds);
            let area = [(seconds(span.from_us).max(from), least / 2.0), (until, most * 2.0)];
            Rectangle::new(area, VEIL.0.filled())
        });
        chart.draw_series(veils).ok()?;
        mesh(&mut chart, (5, 5), &|second| format!("{second:.1} s"), &|ms| {
            text::milliseconds(*ms)
        })?;
        // Writes are filled, reads are rings: shape is the kind.
        let (writes, reads): (Vec<&Operation>, Vec<&Operation>) =
            operations.iter().copied().partition(|one| one.write);
        let at = |one: &Operation| (seconds(one.called_us), took(one));
        chart
            .draw_series(
                writes.into_iter().map(|one| Circle::new(at(one), 3, hue(one.term).filled())),
            )
            .ok()?;
        chart
            .draw_series(reads.into_iter().map(|one| Circle::new(at(one), 3, hue(one.term))))
            .ok()?;
        area.present().ok()?;
    }
    Some(dyed(svg))
}

/// Bars over the whole run, above a band of the terms. Counts become rates, peaks stay what they are.
fn series(
    counts: &[u32],
    is_count: bool,
    bucket_us: u64,
    marks: &Marks,
    now_us: u64,
) -> Option<String> {
    let together = counts.len().div_ceil(BARS_MAX).max(1);
    let width_s = seconds(bucket_us * together as u64);
    let value = |bar: &[u32]| match is_count {
        true => f64::from(bar.iter().sum::<u32>()) / width_s,
        false => f64::from(bar.iter().max().copied().unwrap_or(0)),
    };
    let values: Vec<f64> = counts.chunks(together).map(value).collect();
    let most = values.iter().copied().fold(1.0, f64::max) * 1.1;
    let now_s = seconds(now_us).max(width_s);
    let band = most * 0.07;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(14)
            .x_label_area_size(20)
            .y_label_area_size(46)
            .build_cartesian_2d(0.0..now_s, -band..most)
            .ok()?;
        mesh(&mut chart, (5, 4), &|second| format!("{second:.0} s"), &|value| {
            text::value(*value, is_count)
        })?;
        let bars =
            values.iter().enumerate().filter(|(_, value)| **value > 0.0).map(|(nth, value)| {
                let from = nth as f64 * width_s;
                Rectangle::new([(from, 0.0), ((from + width_s).min(now_s), *value)], INK.0.filled())
            });
        chart.draw_series(bars).ok()?;
        let terms = marks.terms.iter().map(|term| {
            let until = term.to_us.map_or(now_s, seconds);
            Rectangle::new(
                [(seconds(term.from_us), -band), (until, -band * 0.15)],
                hue(term.term).filled(),
            )
        });
        chart.draw_series(terms).ok()?;
        let names = marks.terms.iter().map(|term| {
            let style = ("sans-serif", 11).into_font().color(&LABEL.0);
            // Words that begin at the right edge would leave the picture.
            let late = seconds(term.from_us) > now_s * 0.9;
            let pos = Pos::new(if late { HPos::Right } else { HPos::Left }, VPos::Top);
            let at = (if late { now_s } else { seconds(term.from_us) }, most);
            Text::new(en::term(term.term), at, style.pos(pos))
        });
        chart.draw_series(names.take(text::TERMS_NAMED)).ok()?;
        area.present().ok()?;
    }
    Some(dyed(svg))
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use glasshouse_sim::view::call::history::Fsyncs;
    use glasshouse_sim::view::frame::TermSpan;

    use super::*;

    #[test]
    fn charts_are_drawn_in_the_colours_of_the_page() {
        let numbers = Numbers {
            fsyncs: vec![
                Fsyncs { member: 1, counts: vec![0, 5, 2] },
                Fsyncs { member: 2, counts: vec![0, 0, 0, 0, 0, 9] },
            ],
            bucket_us: 10_000,
            answered: vec![0, 3, 0, 5],
            lag: vec![0, 1],
        };
        let svg = fsyncs(&numbers).unwrap();
        assert!(svg.contains("n2") && svg.contains("var(--ink3)"), "{svg}");
        let write = Operation {
            write: true,
            term: 3,
            called_us: 1_000_000,
            returned_us: Some(1_012_000),
            ..Operation::default()
        };
        let read = Operation { write: false, ..write.clone() };
        let svg = latency(&[&write, &read], &[], 2_000_000).unwrap();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("var(--t3)"), "{svg}");
        let marks =
            Marks { terms: vec![TermSpan { term: 2, ..TermSpan::default() }], ..Marks::default() };
        let svg = series(&numbers.answered, true, numbers.bucket_us, &marks, 40_000).unwrap();
        assert!(
            svg.contains("term 2") && svg.contains("var(--t2)") && !svg.contains("#0"),
            "{svg}"
        );
    }
}
