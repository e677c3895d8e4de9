//! Files that lie beside the page, fetched when somebody wants them.

use wasm_bindgen::prelude::*;
use web_sys::Response;
use yew::Callback;

use crate::text::en as text;

/// Fetches a text. The address has the build's name, as those of the other files, so that a browser never shows the
/// lesson of another build.
pub(crate) fn text(path: &str, build: &str, tell: &Callback<Result<String, String>>) {
    let version = if build.is_empty() { String::new() } else { format!("?{build}") };
    let Some(window) = web_sys::window() else { return };
    let got = tell.clone();
    let answered = move |response: JsValue| {
        let response: Response = response.unchecked_into();
        match response.text() {
            Ok(text) if response.ok() => hear(&text.unchecked_into(), &got, {
                let got = got.clone();
                move |text| got.emit(text.as_string().ok_or_else(|| text::NOT_LOADED.to_owned()))
            }),
            _ => got.emit(Err(text::not_loaded(response.status()))),
        }
    };
    hear(&window.fetch_with_str(&format!("{path}{version}")).unchecked_into(), tell, answered);
}

/// Does `then` with what is promised; a promise that is broken is told in a sentence.
fn hear(
    promise: &js_sys::Promise,
    tell: &Callback<Result<String, String>>,
    then: impl FnOnce(JsValue) + 'static,
) {
    let failed = tell.clone();
    let kept = Closure::once(then);
    let broken = Closure::once(move |_: JsValue| failed.emit(Err(text::NOT_LOADED.to_owned())));
    let _ = promise.then2(&kept, &broken);
    // One of the two is called once; neither is there for long.
    kept.forget();
    broken.forget();
}
