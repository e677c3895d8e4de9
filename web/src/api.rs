//! `window.glasshouse`: the page for teachers, tests and whoever embeds it.
//!
//! ```js
//!   await glasshouse.ready                         // the cluster has a leader, or the link's run stands
//!   await glasshouse.exec("etcdctl put a 1")       // "OK\n": what the terminal prints
//!   glasshouse.status()                            // {seed, size, time_us, settled, leader, members: [...], ...}
//!   glasshouse.traceHash()                         // 16 hex digits over everything that happened
//!   glasshouse.link()                              // the address that repeats this run
//!   await glasshouse.seek(2_500_000)               // to a moment of the present branch, in microseconds
//!   await glasshouse.lesson(text)                  // opens a lesson from the text of its file; its title
//!   glasshouse.actions()                           // [{time_us, line}, ...]: with seed and size, the whole branch
//!   glasshouse.branches()                          // [{name, from_us, end_us, present}, ...]; the first is main
//! ```
//!
//! `exec` runs the world as far as the line needs, also while the page is paused; its promise is
//! kept when the line has printed its last word, and broken with one sentence when it cannot run.
//!
//! `status`, `traceHash` and `link` speak of the same moment: the newest picture. After a pause one
//! more may arrive, which was asked for before. Once `status().settled` is true, time stands and
//! everything has arrived: what the three say stays until somebody does something.
//!
//! The promise of a command that waits, for events or for input, is kept when it begins to wait. What is
//! executed next goes to a command that waits for input, as at the keyboard:
//!
//! ```js
//!   await glasshouse.exec("txn -i")                // "compares:\n"
//!   await glasshouse.exec('mod("a") > "0"')        // ""
//!   await glasshouse.exec("")                      // "success requests (get, put, del):\n"
//!   await glasshouse.exec("^D")                    // Ctrl-D; "interrupt" is Ctrl-C
//! ```

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use yew::Callback;

use glasshouse_sim::view::frame::{Frame, Life, Role};

use crate::driver::whole;
use crate::lesson;
use crate::link;
use crate::state::{Msg, Origin, State};
use crate::timeline;

/// How a promise is kept and how it is broken.
type Ends = (Function, Function);

/// The promises that were given.
pub(crate) struct Api {
    ready: Option<Ends>,
    given: Rc<RefCell<BTreeMap<u64, Ends>>>,
}

impl Api {
    /// Puts `glasshouse` into the window.
    pub(crate) fn install(state: &Rc<RefCell<State>>, emit: &Callback<Msg>) -> Self {
        let object = Object::new();
        let mut ready = None;
        let promise = Promise::new(&mut |keep, fail| ready = Some((keep, fail)));
        // Nobody has to wait for it: an unheard failure is not an error of the page.
        let unheard = Closure::<dyn FnMut(JsValue)>::new(|_| {});
        let _ = promise.catch(&unheard);
        unheard.forget();
        put(&object, "ready", &promise);
        let given = Rc::new(RefCell::new(BTreeMap::new()));
        let next = Rc::new(Cell::new(0));
        let exec = promise_of(&given, &next, emit, |line: JsValue, promise| {
            Msg::Exec(line.as_string().unwrap_or_default(), Origin::Api(promise))
        });
        put(&object, "exec", &exec);
        let seek = promise_of(&given, &next, emit, |to_us: JsValue, promise| {
            Msg::Travel(timeline::Msg::Seek(whole(to_us.as_f64()), promise))
        });
        put(&object, "seek", &seek);
        let lesson = promise_of(&given, &next, emit, |text: JsValue, promise| {
            let text = text.as_string().unwrap_or_default();
            Msg::Lesson(lesson::Msg::Open(Ok(text), Some(promise)))
        });
        put(&object, "lesson", &lesson);
        let get = |name, read: fn(&State) -> JsValue| {
            let state = Rc::clone(state);
            let closure = Closure::<dyn Fn() -> JsValue>::new(move || read(&state.borrow()));
            put(&object, name, &closure.into_js_value());
        };
        get("status", status);
        get("branches", branches);
        get("actions", |state| plain(&state.timeline.branch().actions));
        get("traceHash", |state| JsValue::from(state.newest().trace.as_str()));
        get("link", |state| JsValue::from(address(&link::write(&state.so_far(), &state.build))));
        if let Some(window) = web_sys::window() {
            let _ = Reflect::set(&window, &JsValue::from("glasshouse"), &object);
        }
        Self { ready, given }
    }

    /// The bench stands, or it never will.
    pub(crate) fn ready(&mut self, outcome: Result<(), &str>) {
        if let Some(ends) = self.ready.take() {
            end(&ends, outcome.map(|()| JsValue::UNDEFINED));
        }
    }

    /// Keeps or breaks the promise of an `exec`.
    pub(crate) fn answer(&self, promise: u64, outcome: Result<String, String>) {
        if let Some(ends) = self.given.borrow_mut().remove(&promise) {
            end(
                &ends,
                outcome.as_ref().map(|text| JsValue::from(text.as_str())).map_err(String::as_str),
            );
        }
    }
}

fn end((keep, fail): &Ends, outcome: Result<JsValue, &str>) {
    let _ = match outcome {
        Ok(value) => keep.call1(&JsValue::UNDEFINED, &value),
        Err(sentence) => fail.call1(&JsValue::UNDEFINED, &js_sys::Error::new(sentence)),
    };
}

fn put(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &JsValue::from(name), value).expect("a plain object takes any property");
}

/// A function of the page API whose promise is kept when what it asks for is done.
fn promise_of(
    given: &Rc<RefCell<BTreeMap<u64, Ends>>>,
    next: &Rc<Cell<u64>>,
    emit: &Callback<Msg>,
    msg: fn(JsValue, u64) -> Msg,
) -> JsValue {
    let (given, next, emit) = (Rc::clone(given), Rc::clone(next), emit.clone());
    Closure::<dyn Fn(JsValue) -> Promise>::new(move |argument: JsValue| {
        next.set(next.get() + 1);
        let promise = next.get();
        let made = Promise::new(&mut |keep, fail| {
            given.borrow_mut().insert(promise, (keep, fail));
        });
        emit.emit(msg(argument, promise));
        made
    })
    .into_js_value()
}

/// This page's address with another part after the `#`.
pub(crate) fn address(hash: &str) -> String {
    let href =
        web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let base = href.split('#').next().unwrap_or_default();
    format!("{base}#{hash}")
}

/// What `branches()` returns, as plain data.
#[derive(Serialize)]
struct BranchStatus<'a> {
    name: &'a str,
    from_us: Option<u64>,
    end_us: u64,
    present: bool,
}

fn branches(state: &State) -> JsValue {
    let timeline = &state.timeline;
    let branches = timeline.branches().iter().enumerate().map(|(nth, branch)| BranchStatus {
        name: &branch.name,
        from_us: branch.from_us,
        end_us: branch.end.time_us,
        present: nth == timeline.current(),
    });
    plain(&branches.collect::<Vec<_>>())
}

/// Plain data as JavaScript sees it.
fn plain(data: &impl Serialize) -> JsValue {
    let json = serde_json::to_string(data).expect("it is plain data");
    js_sys::JSON::parse(&json).expect("serde_json writes JSON")
}

/// What `status()` returns, as plain data.
#[derive(Serialize)]
struct Status<'a> {
    /// Decimal text: JavaScript's numbers end before 64 bits do.
    seed: String,
    size: u32,
    time_us: u64,
    playing: bool,
    /// The moment lies before the end of what was recorded of the branch.
    past: bool,
    /// Time stands, and nothing is on its way from the simulation.
    settled: bool,
    /// "n3", or null.
    leader: Option<String>,
    sentence: &'a str,
    alternative: &'a str,
    violation: Option<&'a str>,
    members: Vec<MemberStatus<'a>>,
}

#[derive(Serialize)]
struct MemberStatus<'a> {
    /// As in commands: "n3".
    member: String,
    name: &'a str,
    id: &'a str,
    role: Role,
    life: Life,
    term: u64,
    vote: Option<String>,
    leader: Option<String>,
    commit: u64,
    applied: u64,
    last: u64,
    durable: u64,
    revision: i64,
}

fn status(state: &State) -> JsValue {
    let frame: &Frame = state.newest();
    let n = |alias: u32| format!("n{alias}");
    let status = Status {
        seed: frame.seed.to_string(),
        size: frame.size,
        time_us: frame.time_us,
        playing: state.flow.playing,
        past: state.in_the_past(),
        settled: state.settled(),
        leader: crate::state::leader(frame).map(n),
        sentence: &frame.sentence.now,
        alternative: &frame.alternative,
        violation: frame.violation.as_ref().map(|violation| violation.property.as_str()),
        members: frame
            .members
            .iter()
            .map(|member| MemberStatus {
                member: n(member.alias),
                name: &member.name,
                id: &member.id,
                role: member.role,
                life: member.life,
                term: member.term,
                vote: member.vote.map(n),
                leader: member.leader.map(n),
                commit: member.commit,
                applied: member.applied,
                last: member.last,
                durable: member.durable,
                revision: member.revision,
            })
            .collect(),
    };
    plain(&status)
}
