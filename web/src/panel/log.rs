//! The log matrix: a column is an index, a row is a member.
//!
//! Aligned by index, because divergence is read from top to bottom: where a column shows two hues,
//! two leaders wrote at one index. Its foot counts the disks that hold each entry.

use glasshouse_sim::view::frame::{Cell, Frame, Keep, Life, LogRow, Member};
use yew::prelude::*;

use super::{Shared, glyph};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) frame: Shared<Frame>,
}

#[component]
pub(crate) fn Log(props: &Props) -> Html {
    let log = &props.frame.log;
    let columns: Vec<u64> = (log.first..log.first + log.columns).collect();
    let last = props.frame.members.iter().map(|member| member.last).max().unwrap_or(0);
    html! {
        <div class="logs" tabindex="0" role="region" aria-label="Logs of all members, aligned by index">
            <table>
                <thead><tr>
                    <th class="r" scope="col">{ "log by index" }</th>
                    { for columns.iter().map(|index| html! { <th scope="col">{ index }</th> }) }
                </tr></thead>
                <tbody>
                    { for log.rows.iter().filter_map(|row| {
                        let member = props.frame.members.iter().find(|member| member.alias == row.alias)?;
                        Some(line(row, member, &columns))
                    }) }
                </tbody>
                <tfoot><tr>
                    <th class="r" scope="row">{ format!("on disk, of {}", log.rows.len()) }</th>
                    { for columns.iter().zip(log.disks.iter().chain(std::iter::repeat(&0))).map(|(index, disks)| html! {
                        <td>{ foot(*disks, log.quorum, *index <= last) }</td>
                    }) }
                </tr></tfoot>
            </table>
            <p class="key">
                <span><span class="sw d"></span>{ "on disk" }</span>
                <span><span class="sw g"></span>{ "in memory only: a power failure loses it" }</span>
                <span><span class="sw l"></span>{ "lost" }</span>
                <span><span class="sw c"></span>{ "committed" }</span>
                <span><span class="sw a"></span>{ "applied up to here" }</span>
                <span class="dim3 wide">{ "number at the right = term" }</span>
            </p>
        </div>
    }
}

/// How many disks hold an entry: bold from a majority on.
fn foot(disks: u32, quorum: u32, exists: bool) -> Html {
    match disks {
        _ if !exists => Html::default(),
        _ if disks >= quorum => html! { <b>{ disks }</b> },
        _ => html! { { format!("{disks} of {quorum}") } },
    }
}

fn line(row: &LogRow, member: &Member, columns: &[u64]) -> Html {
    let state = match member.life {
        Life::Down | Life::Halted => "down".to_owned(),
        _ => format!("t{}", member.term),
    };
    html! {
        <tr key={member.alias}>
            <th class="r" scope="row">
                { glyph::member(member, 15) }{ " " }<b>{ format!("n{}", member.alias) }</b>{ " " }<span class="dim">{ state }</span>
            </th>
            { for columns.iter().map(|index| {
                let cell = row.cells.iter().find(|cell| cell.index == *index);
                let notch = (row.applied == *index && *index > 0).then_some("app");
                html! { <td class={classes!(notch)}>{ cell.map(entry).unwrap_or_default() }</td> }
            }) }
        </tr>
    }
}

fn entry(cell: &Cell) -> Html {
    let (class, keep) = match cell.keep {
        Keep::Durable => ("", "on disk"),
        Keep::Cached => ("glass", "in memory only"),
        Keep::Lost => ("lost", "lost in the crash"),
    };
    let committed = if cell.committed { ", committed" } else { "" };
    let title =
        format!("entry {} of term {}: {}, {keep}{committed}", cell.index, cell.term, cell.words);
    let classes = classes!(
        "e",
        glyph::hue(cell.term),
        class,
        cell.committed.then_some("com"),
        cell.changed.then_some("chg")
    );
    // One box for each cell and nothing placed within: the browser pays for every box that clips.
    html! {
        <span class={classes} title={title.clone()} role="img" aria-label={title}>
            <i>{ cell.term }</i><span translate="no">{ short(&cell.words) }</span>
        </span>
    }
}

/// What tells entries apart in the width of a cell; the whole words are the cell's title. Of a put,
/// which most entries are, the last part of its key and its value.
fn short(words: &str) -> String {
    for (long, brief) in [("member ", "add "), ("version ", "v")] {
        if let Some(rest) = words.strip_prefix(long) {
            return format!("{brief}{rest}");
        }
    }
    let words = words.strip_prefix("put ").unwrap_or(words);
    let key = words.split(' ').next().unwrap_or(words);
    match key.rfind('/') {
        Some(slash) if slash + 1 < key.len() => words[slash + 1..].to_owned(),
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cell_keeps_what_tells_entries_apart() {
        assert_eq!(super::short("put stock/apples 41"), "apples 41");
        assert_eq!(super::short("leader"), "leader");
        assert_eq!(super::short("member etcd4"), "add etcd4");
        assert_eq!(super::short("version 3.6.0"), "v3.6.0");
        assert_eq!(super::short("put a/ b/c"), "a/ b/c");
        assert_eq!(super::short(""), "");
    }
}
