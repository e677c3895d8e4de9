//! The end of a write-ahead log as bytes: durable ones are tinted, cached ones stand behind glass.

use glasshouse_sim::view::frame::{Keep, WalRecord, WalTail};
use yew::prelude::*;

/// Bytes in a line.
const LINE: usize = 16;

/// The section of the inspector.
pub(crate) fn section(wal: &WalTail, hue: &'static str) -> Html {
    let cached = wal.written.saturating_sub(wal.durable);
    let summary = match cached {
        0 => format!("0x{:x} on disk", wal.durable),
        _ => format!("0x{:x} on disk, {cached} bytes only cached", wal.durable),
    };
    html! {
        <details class="sec" open=true>
            <summary><h3>{ "Write-ahead log" }</h3><span class="dim num">{ summary }</span></summary>
            <div class={classes!("in", hue)}>
                if wal.records.is_empty() { <p class="dim">{ "Nothing is written yet." }</p> }
                { for wal.records.iter().rev().take(4).rev().map(record) }
            </div>
        </details>
    }
}

fn record(record: &WalRecord) -> Html {
    let (class, keep) = match record.keep {
        Keep::Durable => ("", "on disk"),
        Keep::Cached => ("gl", "cached"),
        Keep::Lost => ("gl", "lost"),
    };
    let crc = if record.bad { "bad crc" } else { "crc" };
    let bytes = bytes(&record.hex);
    let rest = record.len.saturating_sub(bytes.len() as u64);
    html! {
        <div key={record.offset}>
            <p class="rec">
                <span>if record.keep == Keep::Cached { <span class="chgm"></span> }{ record.words.clone() }</span>
                <span class="dim">{ format!("{keep}, {crc} {}", record.crc) }</span>
            </p>
            <div class="hex" tabindex="0" role="group" aria-label={format!("bytes of {}", record.words)}>
                { for bytes.chunks(LINE).enumerate().map(|(nth, line)| html! {
                    <>
                        <span class="off" translate="no">{ format!("{:04x}", record.offset + (nth * LINE) as u64) }</span>{ " " }
                        <mark translate="no" class={classes!(class, record.bad.then_some("bad"))}>{ hex(line) }</mark>
                        <span translate="no">{ format!("{:pad$} {}\n", "", letters(line), pad = pad(line.len())) }</span>
                    </>
                }) }
                if rest > 0 { <span class="off">{ format!("     and {rest} more bytes\n") }</span> }
            </div>
        </div>
    }
}

/// Two hex digits a byte; whatever is not that ends the line.
fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs.map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn hex(line: &[u8]) -> String {
    let pairs: Vec<String> =
        line.chunks(2).map(|pair| pair.iter().map(|b| format!("{b:02x}")).collect()).collect();
    pairs.join(" ")
}

/// Spaces that bring a short line to the length of a whole one.
fn pad(len: usize) -> usize {
    let width = |len: usize| len * 2 + len.div_ceil(2).saturating_sub(1);
    width(LINE) - width(len)
}

fn letters(line: &[u8]) -> String {
    line.iter()
        .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_length_align() {
        for len in 1..=LINE {
            let line = vec![0xab; len];
            assert_eq!(hex(&line).len() + pad(len), 39, "{len} bytes");
        }
        assert_eq!(bytes("0a6bzz"), [0x0a, 0x6b]);
        assert_eq!(letters(&bytes("0a6b20")), ".k ");
    }
}
