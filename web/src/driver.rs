//! Workers and the clock: the only reader of the browser's time.
//!
//! Every question gets a number, and the answer comes back under it; a worker answers in order.
//! [`Driver`] is the one of the bench, [`hunters`](crate::hunters) are the others.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use glasshouse_sim::view::call::{Call, Reply};
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};
use yew::Callback;

use crate::plain;
use crate::state::{Ask, Msg, When};
use crate::timeline::Image;

/// What a worker says.
pub(crate) enum Heard {
    /// Its simulation is on its way: bytes here, bytes in all (0 if unknown).
    Loading(u64, u64),
    /// Its simulation can be asked.
    Ready,
    /// It cannot be asked, now or any more.
    Failed(String),
    /// The answer to the question with this number; what it took, in milliseconds, and the bytes of
    /// all images.
    Reply(u32, Box<Reply>, f64, u64),
}

/// A worker with a simulation; it ends when this is dropped.
pub(crate) struct Line {
    worker: Worker,
    /// Called by the worker as long as this lives.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Line {
    /// Starts a worker; what it says is told to `hear`.
    pub(crate) fn start(
        build: &str,
        mut hear: impl FnMut(Heard) + 'static,
    ) -> Result<Self, String> {
        let version = if build.is_empty() { String::new() } else { format!("?{build}") };
        let worker = Worker::new(&format!("worker.js{version}"))
            .map_err(|_| "This browser does not start the worker that runs the cluster: allow scripts of this page.".to_owned())?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(heard) = read(&event.data()) {
                hear(heard);
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message })
    }

    /// Asks its simulation.
    pub(crate) fn ask(&self, number: u32, call: &Call) {
        let json = serde_json::to_string(call).expect("a call is plain data");
        self.post(number, "op", &JsValue::from(json));
    }

    /// Asks for something to be done with an image of its whole state.
    pub(crate) fn image(&self, number: u32, image: Image) {
        match image {
            Image::Keep(name) => self.post(number, "keep", &JsValue::from(name)),
            Image::Back(name) => self.post(number, "back", &JsValue::from(name)),
            Image::Forget(name) => self.post(number, "forget", &JsValue::from(name)),
        }
    }

    fn post(&self, number: u32, name: &str, value: &JsValue) {
        let question = Object::new();
        set(&question, "id", &JsValue::from(number));
        set(&question, name, value);
        self.worker.post_message(&question).expect("plain data can be posted");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.terminate();
    }
}

/// Questions that have no answer yet, by their number.
type Asked = Rc<RefCell<BTreeMap<u32, Ask>>>;

/// The simulation of the bench, as the page sees it.
pub(crate) struct Driver {
    line: Line,
    asked: Asked,
    next: u32,
}

impl Driver {
    /// Starts the worker; what it says comes as messages.
    pub(crate) fn start(build: &str, emit: Callback<Msg>) -> Result<Self, String> {
        let asked = Asked::default();
        let held = Rc::clone(&asked);
        let line = Line::start(build, move |heard| {
            let msg = match heard {
                Heard::Loading(got, total) => Msg::Loading(got, total),
                Heard::Ready => Msg::SimReady,
                Heard::Failed(sentence) => Msg::SimFailed(sentence),
                Heard::Reply(number, reply, spent_ms, image_bytes) => {
                    let Some(ask) = held.borrow_mut().remove(&number) else { return };
                    Msg::Reply(ask, reply, When { spent_ms, image_bytes })
                }
            };
            emit.emit(msg);
        })?;
        Ok(Self { line, asked, next: 0 })
    }

    /// Asks the simulation. What was asked about the run before a boot concerns nobody any more.
    pub(crate) fn ask(&mut self, ask: Ask, call: &Call) {
        if matches!(ask, Ask::Boot | Ask::Lesson) {
            self.asked.borrow_mut().clear();
        }
        let number = self.number(ask);
        self.line.ask(number, call);
    }

    /// Asks for something to be done with an image of the simulation.
    pub(crate) fn image(&mut self, image: Image) {
        let number = self.number(Ask::Image);
        self.line.image(number, image);
    }

    fn number(&mut self, ask: Ask) -> u32 {
        self.next = self.next.wrapping_add(1);
        self.asked.borrow_mut().insert(self.next, ask);
        self.next
    }
}

fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &JsValue::from(name), value).expect("a plain object takes any property");
}

/// What a worker said.
fn read(data: &JsValue) -> Option<Heard> {
    let get = |name: &str| {
        Reflect::get(data, &JsValue::from(name)).ok().filter(|value| !value.is_undefined())
    };
    if let Some(loading) = get("loading") {
        let bytes =
            |name: &str| Reflect::get(&loading, &JsValue::from(name)).ok().and_then(|n| n.as_f64());
        return Some(Heard::Loading(whole(bytes("got")), whole(bytes("total"))));
    }
    if get("ready").is_some() {
        return Some(Heard::Ready);
    }
    if let Some(sentence) = get("failed").or_else(|| get("error")).and_then(|text| text.as_string())
    {
        return Some(Heard::Failed(sentence));
    }
    let number = u32::try_from(whole(get("id")?.as_f64())).ok()?;
    let reply = plain::from_str::<Reply>(&get("reply")?.as_string()?);
    let reply = reply.unwrap_or_else(|error| Reply {
        error: Some(format!("The page does not understand the simulation ({error}): reload it.")),
        ..Reply::default()
    });
    let spent_ms = get("ms").and_then(|ms| ms.as_f64()).unwrap_or(0.0);
    let bytes = whole(get("bytes").and_then(|bytes| bytes.as_f64()));
    Some(Heard::Reply(number, Box::new(reply), spent_ms, bytes))
}

/// A count that JavaScript holds as a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of bytes, questions, cores or microseconds"
)]
pub(crate) fn whole(number: Option<f64>) -> u64 {
    number.unwrap_or(0.0).max(0.0) as u64
}

/// Cores of this machine, as the browser tells it.
pub(crate) fn cores() -> usize {
    let cores = web_sys::window().map(|window| window.navigator().hardware_concurrency());
    usize::try_from(whole(cores)).unwrap_or(1)
}

/// The browser's clock, in milliseconds.
pub(crate) fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

/// Calls back with the browser's time before each picture, for as long as the page lives.
pub(crate) fn every_picture(mut tick: impl FnMut(f64) + 'static) {
    type Loop = Rc<RefCell<Option<Closure<dyn FnMut(f64)>>>>;
    fn request(again: &Loop) {
        if let (Some(window), Some(closure)) = (web_sys::window(), again.borrow().as_ref()) {
            let _ = window.request_animation_frame(closure.as_ref().unchecked_ref());
        }
    }
    let again = Loop::default();
    let held = Rc::clone(&again);
    *again.borrow_mut() = Some(Closure::new(move |now_ms: f64| {
        tick(now_ms);
        request(&held);
    }));
    request(&again);
}
