//! The store of a member: keys down, revisions across. Compaction is a wall with hatching behind.

use glasshouse_sim::view::frame::{Keep, KeyChange, Keys};
use yew::prelude::*;

use super::glyph;

/// Revisions across, and pixels for each.
const COLUMNS: i64 = 9;
const STEP: f64 = 34.0;
/// Pixels for the names, for a row, for the head.
const NAMES: f64 = 92.0;
const ROW: f64 = 23.0;
const HEAD: f64 = 18.0;

/// The section of the inspector.
pub(crate) fn section(keys: &Keys) -> Html {
    let summary = match keys.count {
        0 => format!("revision {}, no keys", keys.revision),
        1 => format!("revision {}, 1 key", keys.revision),
        count => format!("revision {}, {count} keys", keys.revision),
    };
    html! {
        <details class="sec" open=true>
            <summary><h3>{ "Keys by revision" }</h3><span class="dim num">{ summary }</span></summary>
            <div class="in">
                if keys.rows.is_empty() {
                    <p class="dim">{ "No key yet. Try: " }<code>{ "etcdctl put a 1" }</code></p>
                } else {
                    { drawing(keys) }
                }
            </div>
        </details>
    }
}

fn drawing(keys: &Keys) -> Html {
    let newest = keys.rows.iter().flat_map(|row| &row.changes).map(|change| change.revision).max();
    let last = newest.unwrap_or(keys.revision).max(keys.revision);
    let first = (last - COLUMNS + 1).max(1).max(keys.compacted.min(last - COLUMNS + 1));
    let x = |revision: i64| NAMES + STEP * ((revision - first) as f64 + 0.5);
    let right = NAMES + STEP * COLUMNS as f64;
    let height = HEAD + ROW * keys.rows.len() as f64 + 4.0;
    let walled = keys.compacted >= first;
    html! {
        <svg width="100%" viewBox={format!("0 0 {right} {height}")} role="img" aria-label={words(keys)}>
            <defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <path d="M0 0V5" stroke="var(--edge)" stroke-width="1"/>
            </pattern></defs>
            if walled {
                <rect x={NAMES.to_string()} y={HEAD.to_string()} width={(x(keys.compacted) + STEP / 2.0 - NAMES).to_string()} height={(height - HEAD).to_string()} fill="url(#hatch)"/>
                <path d={format!("M{0} 14V{height}", x(keys.compacted) + STEP / 2.0)} stroke="var(--ink2)" stroke-width="1.5"/>
            }
            { for (first..=last).map(|revision| html! {
                <text class="m d3 mid" x={x(revision).to_string()} y="11">{ revision }</text>
            }) }
            { for keys.rows.iter().enumerate().map(|(nth, row)| {
                let y = HEAD + ROW * (nth as f64 + 0.5);
                let shown: Vec<&KeyChange> = row.changes.iter().filter(|change| change.revision >= first).collect();
                let from = if shown.len() < row.changes.len() { NAMES } else { shown.first().map_or(right, |change| x(change.revision)) };
                html! {
                    <g key={row.key.clone()}>
                        <text class="m" translate="no" x="0" y={(y + 4.0).to_string()}>{ clip(&row.key, 13) }</text>
                        <path d={format!("M{from} {y}H{right}")} stroke="var(--line)" stroke-width="1.5"/>
                        { for shown.into_iter().map(|change| cell(change, x(change.revision), y)) }
                    </g>
                }
            }) }
        </svg>
    }
}

/// A change: its value, or a bar for a tombstone; glass while the store has it only in memory.
fn cell(change: &KeyChange, x: f64, y: f64) -> Html {
    let glass = (change.keep != Keep::Durable).then_some("gl");
    html! {
        <g class={glyph::hue(change.term)}>
            <rect class={classes!("cell", glass)} x={(x - 14.0).to_string()} y={(y - 9.0).to_string()} width="28" height="18"/>
            if let Some(value) = &change.value {
                <text class="m mid" translate="no" x={x.to_string()} y={(y + 4.0).to_string()}>{ clip(value, 4) }</text>
            } else {
                <path d={format!("M{} {y}h12", x - 6.0)} stroke="var(--ink)" stroke-width="2"/>
            }
        </g>
    }
}

/// The drawing in words.
fn words(keys: &Keys) -> String {
    let row = |row: &glasshouse_sim::view::frame::KeyRow| {
        let at: Vec<String> =
            row.changes.iter().map(|change| change.revision.to_string()).collect();
        format!("{}: {}", row.key, at.join(", "))
    };
    let rows: Vec<String> = keys.rows.iter().map(row).collect();
    format!("Keys by revision. {}. Compacted up to {}.", rows.join(". "), keys.compacted)
}

fn clip(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    words.chars().take(most - 1).chain(['…']).collect()
}
