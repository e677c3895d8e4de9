//! Files that people open: chosen or dropped, read as text, told with what was wrong with them.

use wasm_bindgen::prelude::*;
use web_sys::{ClipboardEvent, Element, File, FileList, HtmlInputElement};
use yew::prelude::*;

use crate::text::en as text;

/// The longest file that is read, in bytes: findings, submissions and progress are a few kilobytes.
const FILE_MAX: f64 = 64.0 * 1024.0;

/// How a file is told: its text, or a sentence.
pub(crate) type Tell = Callback<Result<String, String>>;

/// A button that opens a file. `kinds` are the ends of names that are offered.
pub(crate) fn open(
    id: &'static str,
    label: &'static str,
    kinds: &'static str,
    tell: &Tell,
) -> Html {
    let tell = tell.clone();
    let chosen = Callback::from(move |event: Event| {
        let field: HtmlInputElement = event.target_unchecked_into();
        read(field.files(), &tell);
        // The same file may be chosen again.
        field.set_value("");
    });
    html! {
        <label class="b file">{ label }<input {id} type="file" class="sr" accept={kinds} onchange={chosen}/></label>
    }
}

/// What is pasted where nothing is typed is told as the text of a file would be.
pub(crate) fn pasted(tell: &Tell) -> Callback<Event> {
    let tell = tell.clone();
    Callback::from(move |event: Event| {
        let on = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if on.is_some_and(|on| on.matches("input, textarea, select").unwrap_or(false)) {
            return;
        }
        let data = event.dyn_into::<ClipboardEvent>().ok().and_then(|event| event.clipboard_data());
        let text = data.and_then(|data| data.get_data("text/plain").ok());
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let fits = text.len() as f64 <= FILE_MAX;
            tell.emit(if fits { Ok(text) } else { Err(text::NOT_TEXT.to_owned()) });
        }
    })
}

/// Reads the first file and tells its text.
pub(crate) fn read(files: Option<FileList>, tell: &Tell) {
    let Some(file) = files.and_then(|files| files.get(0)) else { return };
    if file.size() > FILE_MAX {
        return tell.emit(Err(text::NOT_TEXT.to_owned()));
    }
    let (got, failed) = (tell.clone(), tell.clone());
    let got = Closure::once(move |text: JsValue| {
        got.emit(text.as_string().ok_or_else(|| text::NOT_TEXT.to_owned()));
    });
    let failed = Closure::once(move |_: JsValue| failed.emit(Err(text::NOT_TEXT.to_owned())));
    let _ = promise(&file).then2(&got, &failed);
    // One of the two is called once; neither is there for long.
    got.forget();
    failed.forget();
}

fn promise(file: &File) -> js_sys::Promise {
    file.text().unchecked_into()
}
