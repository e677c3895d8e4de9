//! The seeds of a hunt as cells: what was run, what is being run, and where something broke.

use std::fmt::Write as _;

use yew::prelude::*;

use super::Shared;
use crate::hunt::{Cell, Chase};
use crate::text::en::hunt as text;

/// Width of the picture.
const WIDTH: f64 = 720.0;
/// Shades between "nothing happened" and "leaders all the time".
const SHADES: usize = 5;
/// Leaders in one run that make a cell darker by one shade.
const LEADERS_OF_A_SHADE: u32 = 3;

/// Where cells stand: how many in a row, and how far apart.
#[derive(Clone, Copy)]
struct Grid {
    columns: usize,
    pitch: f64,
}

impl Grid {
    fn of(cells: usize) -> Self {
        let columns = if cells <= 100 { 25 } else { 60 };
        Self { columns, pitch: WIDTH / columns as f64 }
    }

    fn at(self, nth: usize) -> (f64, f64) {
        ((nth % self.columns) as f64 * self.pitch, (nth / self.columns) as f64 * self.pitch)
    }

    fn height(self, cells: usize) -> f64 {
        cells.div_ceil(self.columns) as f64 * self.pitch
    }

    /// A square into the path of all cells that look alike.
    fn square(self, nth: usize, path: &mut String) {
        let (x, y) = self.at(nth);
        let gap = self.pitch * 0.12;
        let side = self.pitch - 2.0 * gap;
        let _ = write!(path, "M{:.1} {:.1}h{side:.1}v{side:.1}h-{side:.1}z", x + gap, y + gap);
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) cells: Shared<Vec<Cell>>,
    pub(super) chase: Chase,
    /// Slices that are being run: first seed and number.
    pub(super) running: Vec<(u64, u32)>,
}

#[component]
pub(super) fn Seeds(props: &Props) -> Html {
    let Props { cells, chase, running } = props;
    let grid = Grid::of(cells.len());
    let mut shades = vec![String::new(); SHADES];
    let (mut hollow, mut busy) = (String::new(), String::new());
    let nth =
        |seed: u64| usize::try_from(seed.saturating_sub(chase.first) / chase.per_cell).unwrap_or(0);
    for (at, cell) in cells.iter().enumerate() {
        let path = if cell.done == 0 { &mut hollow } else { &mut shades[shade(*cell)] };
        grid.square(at, path);
    }
    for (from, seeds) in running {
        for at in nth(*from)..=nth(from + u64::from(*seeds) - 1) {
            if cells.get(at).is_some_and(|cell| cell.done == 0) {
                grid.square(at, &mut busy);
            }
        }
    }
    let caught = chase.best.as_ref().map(|(_, catch)| {
        let (x, y) = grid.at(nth(catch.seed));
        let half = grid.pitch / 2.0;
        html! {
            <g transform={format!("translate({:.1} {:.1})", x + half, y + half)}>
                <circle class="lens" r="15"/><path d="M0-8L8 0L0 8L-8 0Z" fill="var(--red)"/>
            </g>
        }
    });
    let size = format!("-2 -6 {} {:.0}", WIDTH + 4.0, grid.height(cells.len()) + 12.0);
    html! {
        <section class="pane" aria-label="Seeds">
            <div class="hd"><h3>{ "Seeds" }</h3><span>{ text::cell(chase.per_cell) }</span></div>
            <svg class="cells" viewBox={size} role="img" aria-label={text::seeds(chase)}>
                <path class="hollow" d={hollow}/>
                { for shades.into_iter().enumerate().map(|(nth, path)| html! { <path class={format!("shade{nth}")} d={path}/> }) }
                <path class="busy" d={busy}/>
                { caught }
            </svg>
        </section>
    }
}

/// The picture before a hunt.
pub(super) fn none(budget: u64) -> Html {
    let chase = Chase::new(0, None, 0, budget, 0.0);
    html! { <Seeds cells={Shared::from(&chase.cells)} {chase} running={Vec::new()}/> }
}

fn shade(cell: Cell) -> usize {
    let leaders = cell.elections / cell.done.max(1);
    usize::try_from(leaders / LEADERS_OF_A_SHADE).unwrap_or(SHADES).min(SHADES - 1)
}
