//! A chart over virtual time: how many writes clients were told are done.
//!
//! A gap in it is an outage, and its width is the price of an election.

use glasshouse_sim::view::frame::{Marks, Span};
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;
use yew::prelude::*;

use crate::text::en as text;

/// Size of the drawing; it is scaled to the panel's width.
const SIZE: (u32, u32) = (400, 110);
/// Most bars, and the least that one counts, in virtual microseconds.
const BARS_MAX: usize = 60;
const BAR_MIN_US: u64 = 250_000;
/// Stand-ins that become the page's colours: plotters knows numbers only, the page knows names.
type Dye = (RGBColor, &'static str, &'static str);
pub(super) const INK: Dye = (RGBColor(1, 2, 3), "#010203", "var(--ink2)");
pub(super) const LABEL: Dye = (RGBColor(4, 5, 6), "#040506", "var(--ink3)");
pub(super) const LINE: Dye = (RGBColor(7, 8, 9), "#070809", "var(--line)");
pub(super) const MUTED: Dye = (RGBColor(16, 17, 18), "#101112", "var(--edge)");
pub(super) const VEIL: Dye = (RGBColor(10, 11, 12), "#0A0B0C", "var(--bg)");
const HUES: [Dye; 6] = [
    (RGBColor(13, 14, 0), "#0D0E00", "var(--ink3)"),
    (RGBColor(13, 14, 1), "#0D0E01", "var(--t1)"),
    (RGBColor(13, 14, 2), "#0D0E02", "var(--t2)"),
    (RGBColor(13, 14, 3), "#0D0E03", "var(--t3)"),
    (RGBColor(13, 14, 4), "#0D0E04", "var(--t4)"),
    (RGBColor(13, 14, 5), "#0D0E05", "var(--t5)"),
];

/// The stand-in for a term's hue.
pub(super) fn hue(term: u64) -> RGBColor {
    let nth = if term == 0 { 0 } else { (term - 1) % 5 + 1 };
    HUES[usize::try_from(nth).unwrap_or(0)].0
}

/// Puts the page's colours in place of the stand-ins.
pub(super) fn dyed(svg: String) -> String {
    let dyes = [INK, LABEL, LINE, MUTED, VEIL].into_iter().chain(HUES);
    dyes.fold(svg, |svg, (_, number, name)| svg.replace(number, name))
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) marks: Marks,
    pub(crate) now_us: u64,
}

/// The section of the inspector: answered writes of all clients.
#[component]
pub(crate) fn Writes(props: &Props) -> Html {
    let Props { marks, now_us } = props;
    let count: u64 = marks.writes.iter().map(|writes| u64::from(*writes)).sum();
    let chart = (count > 0).then(|| draw(marks, *now_us)).flatten();
    html! {
        <details class="sec" open=true>
            <summary><h3>{ "Answered writes" }</h3><span class="dim num">{ text::count(count, "write") }{ ", of all clients" }</span></summary>
            <div class="in">
                if let Some(svg) = chart {
                    <div class="chart" role="img" aria-label={words(marks, count)}>{ Html::from_html_unchecked(svg.into()) }</div>
                } else {
                    <p class="dim">{ "None yet. Try: " }<code>{ "load 20 put/s for 5s" }</code></p>
                }
            </div>
        </details>
    }
}

/// Bars of writes for each second, over the whole run. `None` if plotters cannot draw it.
fn draw(marks: &Marks, now_us: u64) -> Option<String> {
    // The frame counts finely, for the ticks of the time bar; bars are wide enough to compare.
    let fine = marks.writes.len().div_ceil(BARS_MAX);
    let together =
        fine.max(usize::try_from(BAR_MIN_US / marks.write_bucket_us.max(1)).unwrap_or(1)).max(1);
    let width_s = (marks.write_bucket_us * together as u64) as f64 / 1e6;
    let rate = |bar: &[u32]| f64::from(bar.iter().sum::<u32>()) / width_s;
    let rates: Vec<f64> = marks.writes.chunks(together).map(rate).collect();
    let most = rates.iter().copied().fold(1.0, f64::max) * 1.1;
    let now_s = (now_us as f64 / 1e6).max(width_s);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(4)
            .margin_right(14)
            .x_label_area_size(20)
            .y_label_area_size(34)
            .build_cartesian_2d(0.0..now_s, 0.0..most)
            .ok()?;
        mesh(&mut chart, (6, 3), &|second| format!("{second:.0} s"), &|rate| {
            format!("{rate:.0}/s")
        })?;
        let bars = rates.iter().enumerate().filter(|(_, rate)| **rate > 0.0).map(|(nth, rate)| {
            let from = nth as f64 * width_s;
            Rectangle::new([(from, 0.0), ((from + width_s).min(now_s), *rate)], INK.0.filled())
        });
        chart.draw_series(bars).ok()?;
        area.present().ok()?;
    }
    Some(dyed(svg))
}

/// Lines and words around a drawing, as all charts have them: so many labels of each axis, and how they read.
pub(crate) fn mesh<X, Y>(
    chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<X, Y>>,
    labels: (usize, usize),
    across: &dyn Fn(&f64) -> String,
    up: &dyn Fn(&f64) -> String,
) -> Option<()>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh().light_line_style(TRANSPARENT).bold_line_style(LINE.0);
    mesh.axis_style(LINE.0).label_style(("sans-serif", 11).into_font().color(&LABEL.0));
    mesh.x_labels(labels.0).y_labels(labels.1);
    mesh.x_label_formatter(across).y_label_formatter(up).draw().ok()
}

/// The chart in words.
fn words(marks: &Marks, count: u64) -> String {
    let cuts = marks.cuts.iter().filter(|Span { to_us, .. }| to_us.is_none()).count();
    let cut = if cuts > 0 { " The network is cut now." } else { "" };
    format!("{} answered over the run.{cut}", text::count(count, "write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_in_the_colours_of_the_page() {
        let marks =
            Marks { writes: vec![0, 3, 0, 5], write_bucket_us: 250_000, ..Marks::default() };
        let svg = draw(&marks, 1_000_000).unwrap();
        assert_eq!(svg.matches("var(--ink2)").count(), 2, "two bars: {svg}");
        assert!(svg.contains("var(--ink3)") && !svg.contains("#010203"));
    }
}
