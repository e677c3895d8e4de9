//! The terminal: etcdctl's language and the bench's, with history and completion.
//!
//! Up and Down walk through what was typed, Tab completes while there is something to complete
//! (with an empty line it moves the focus on, as everywhere), Ctrl-C ends a watch, Esc leaves.
//!
//! While a command waits for input, its prompt stands before the line, and what is typed is the
//! command's: history and completion rest, Ctrl-D ends the input, a password is not shown.

use std::collections::BTreeMap;

use glasshouse_sim::view::call::Candidate;
use glasshouse_sim::view::frame::{Asks, Entry};
use web_sys::{HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use super::{Emit, Shared};
use crate::state::{Msg, Origin};
use crate::text::en as text;

/// Lines of the run that stay in the page.
const LINES: usize = 100;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) entries: Shared<BTreeMap<u64, Entry>>,
    pub(crate) draft: String,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) asks: Option<Asks>,
    pub(crate) emit: Emit,
}

#[component]
pub(crate) fn Terminal(props: &Props) -> Html {
    let emit = props.emit.clone();
    let oninput = emit.reform(|event: InputEvent| {
        Msg::Draft(event.target_unchecked_into::<HtmlInputElement>().value())
    });
    let is_input = props.asks.is_some();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let field = event.target_unchecked_into::<HtmlInputElement>();
        let msg = match event.key().as_str() {
            // Ctrl-C copies what is marked; with nothing marked it interrupts, as in a shell.
            "c" if event.ctrl_key() && !marks(&field) => {
                Msg::Exec("interrupt".to_owned(), Origin::Terminal)
            }
            "d" if event.ctrl_key() && is_input => Msg::Exec("^D".to_owned(), Origin::Terminal),
            "Enter" => Msg::Submit,
            "ArrowUp" => Msg::Recall(1),
            "ArrowDown" => Msg::Recall(-1),
            "Tab" if !field.value().is_empty() && !event.shift_key() => {
                Msg::Complete(cursor(&field))
            }
            "Escape" => {
                let _ = field.blur();
                return;
            }
            _ => return,
        };
        event.prevent_default();
        emit.emit(msg);
    });
    // What was typed into a command stands in that command's output.
    let own = || props.entries.values().filter(|entry| entry.into.is_none());
    let skipped = own().count().saturating_sub(LINES);
    let secret = props.asks.as_ref().is_some_and(|asks| asks.secret);
    let (name, hint) = match &props.asks {
        None => ("Command".to_owned(), "heal, kill leader, etcdctl get ..."),
        Some(asks) => (input_name(asks), "Ctrl-C ends the command, Ctrl-D its input"),
    };
    html! {
        <section class="s-term" aria-label="Terminal">
            <div class="hd">
                <h2>{ "Terminal" }</h2><span class="dim">{ "etcdctl, and the commands of the bench" }</span>
                <span class="sp"></span><kbd>{ "T" }</kbd>
            </div>
            <div class="bot" tabindex="0" role="region" aria-label="Terminal output" aria-live="polite">
                <pre class="term">
                    if props.entries.is_empty() { { greeting() } }
                    { for own().skip(skipped).map(line) }
                    if !props.candidates.is_empty() { { offers(&props.candidates) } }
                </pre>
            </div>
            <div class="prompt">
                <label for="command" translate="no">{ props.asks.as_ref().map_or("$", prompt).to_owned() }</label>
                <input id="command" type={if secret { "password" } else { "text" }} aria-label={name} placeholder={hint}
                    autocomplete="off" autocapitalize="off" spellcheck="false" value={props.draft.clone()} {oninput} {onkeydown}/>
            </div>
        </section>
    }
}

/// What stands before a line of input.
fn prompt(asks: &Asks) -> &str {
    if asks.prompt.is_empty() { ">" } else { &asks.prompt }
}

/// What the field is called while a command waits for it.
fn input_name(asks: &Asks) -> String {
    match asks.prompt.trim_end_matches(':') {
        "" => "Input of the command".to_owned(),
        prompt => prompt.to_owned(),
    }
}

/// Whether some of the line is marked.
fn marks(field: &HtmlInputElement) -> bool {
    let ends = (field.selection_start().ok().flatten(), field.selection_end().ok().flatten());
    ends.0 != ends.1
}

/// Where the cursor stands, in bytes of UTF-8; the browser counts in UTF-16.
fn cursor(field: &HtmlInputElement) -> usize {
    let units = field.selection_start().ok().flatten().unwrap_or(u32::MAX) as usize;
    let mut seen = 0;
    let ahead = |c: &char| {
        seen += c.len_utf16();
        seen <= units
    };
    field.value().chars().take_while(ahead).map(char::len_utf8).sum()
}

fn greeting() -> Html {
    let [list, kill, help] = text::TRY_COMMANDS;
    html! {
        <>
            <span class="o">{ "This terminal speaks etcdctl, and the commands of the bench." }</span>{ "\n" }
            <span class="o">{ "Try: " }</span>
            <b translate="no">{ list }</b><span class="o">{ "   or   " }</span><b translate="no">{ kill }</b>
            <span class="o">{ "   or   " }</span><b translate="no">{ help }</b>
        </>
    }
}

fn line(entry: &Entry) -> Html {
    let output = entry.output.trim_end_matches('\n');
    // Nobody waits for the end of a watch.
    let busy = (!entry.done && !entry.watches).then_some("true");
    html! {
        <span key={entry.id} aria-busy={busy}>
            <b translate="no">{ format!("$ {}\n", entry.line) }</b>
            if !output.is_empty() { <span translate={entry.etcdctl.then_some("no")} class={classes!("o", tabular(output).then_some("wide-lines"))}>{ format!("{output}\n") }</span> }
            if !entry.done && !entry.waits.is_empty() { <span class="o">{ format!("{}\n", entry.waits) }</span> }
        </span>
    }
}

/// A drawn table must not be wrapped; it scrolls sideways.
fn tabular(output: &str) -> bool {
    output.lines().any(|line| line.starts_with("+--"))
}

/// What could follow, after Tab: the word and what it does.
fn offers(candidates: &[Candidate]) -> Html {
    let width =
        candidates.iter().map(|candidate| candidate.text.chars().count()).max().unwrap_or(0);
    candidates
        .iter()
        .map(|candidate| html! {
            <span class="o"><span translate="no">{ format!("  {:width$}  ", candidate.text) }</span>{ candidate.help.clone() }{ "\n" }</span>
        })
        .collect()
}
