//! The root component: it holds the state, carries effects out, and lays the panels on the page.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{
    Element, HtmlElement, HtmlTextAreaElement, KeyboardEvent, ScrollIntoViewOptions,
    ScrollLogicalPosition, Window,
};
use yew::prelude::*;

use crate::api::{self, Api};
use crate::driver::{self, Driver};
use crate::fetch;
use crate::flow::Pace;
use crate::hunt;
use crate::hunters::Hunters;
use crate::keys::{self, Press};
use crate::lesson;
use crate::palette;
use crate::panel::feed::Past;
use crate::panel::{self, Emit, Shared};
use crate::save;
use crate::state::{
    Ask, Browser, Deed, Effect, Flow, Language, Msg, Overlay, Phase, State, Theme, View,
};
use crate::text::en as text;

/// Settings of this browser are kept under names that begin so.
const STORE: &str = "glasshouse.";

/// The page.
pub(crate) struct App {
    state: Rc<RefCell<State>>,
    driver: Option<Driver>,
    hunters: Hunters,
    api: Api,
    emit: Emit,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let emit = ctx.link().callback(|msg: Msg| msg);
        let browser = remembered();
        root("data-theme", browser.theme.map(Theme::name));
        root("data-colour", Some(if browser.colour_by_kind { "kind" } else { "term" }));
        let driver = Driver::start(&browser.build, emit.clone());
        let hunters = Hunters::new(&browser.build, emit.clone());
        let state = Rc::new(RefCell::new(State::new(browser)));
        let api = Api::install(&state, &emit);
        listen(&state, &emit);
        // A return visit without an address opens the last run.
        let opened = if hash().len() > 1 { hash() } else { kept("last").unwrap_or_default() };
        emit.emit(Msg::Open(opened));
        let driver = driver.map_err(|sentence| emit.emit(Msg::SimFailed(sentence))).ok();
        Self { state, driver, hunters, api, emit }
    }

    fn update(&mut self, _: &Context<Self>, msg: Msg) -> bool {
        // Nothing is seen of an answer that only says how far the simulation is.
        let quiet = matches!(msg, Msg::Tick(_) | Msg::Reply(Ask::Run | Ask::Image, ..));
        let look = |state: &State| {
            let pictures = (Rc::as_ptr(&state.frame), Rc::as_ptr(&state.calm));
            let Flow { clock_us, said_ms, .. } = state.flow;
            let stage = (std::mem::discriminant(&state.phase), state.timeline.journey.is_some());
            (clock_us, pictures, said_ms, state.hunts.beat_ms, state.notice.is_some(), stage)
        };
        let before = look(&self.state.borrow());
        let effects = self.state.borrow_mut().update(msg);
        for effect in effects {
            self.carry_out(effect);
        }
        match &self.state.borrow().phase {
            Phase::Ready => self.api.ready(Ok(())),
            Phase::Broken(sentence) => self.api.ready(Err(sentence)),
            Phase::Loading | Phase::Building => {}
        }
        !quiet || before != look(&self.state.borrow())
    }

    fn view(&self, _: &Context<Self>) -> Html {
        let state = self.state.borrow();
        html! {
            <div class="app">
                <a class="skip" href="#command" onclick={self.emit.reform(|event: MouseEvent| {
                    event.prevent_default();
                    Msg::Do(Deed::Terminal)
                })}>{ "Skip to the terminal" }</a>
                <panel::controls::Head view={state.view} lessons={lesson::link(&state.lessons, state.view)} frame={Shared::from(&state.calm)} emit={self.emit.clone()}/>
                { bench(&state, &self.emit) }
                if state.view == View::Spacetime {
                    { panel::spacetime::view(&state, overlay(&state, &self.emit), &self.emit) }
                }
                if state.view == View::Compare {
                    { panel::compare::view(&state, overlay(&state, &self.emit), &self.emit) }
                }
                if state.view == View::History {
                    { panel::history::view(&state, overlay(&state, &self.emit), &self.emit) }
                }
                if state.view == View::Hunts {
                    { panel::hunt::view(&state, overlay(&state, &self.emit), &self.emit) }
                }
                if state.view.has_time() { { floor(&state, &self.emit) } }
            </div>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, first: bool) {
        if first {
            let emit = self.emit.clone();
            watch_size("sheet", move |width, height| emit.emit(Msg::Resize(width, height)));
        }
    }
}

impl App {
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(ask, call) => {
                if let Some(driver) = &mut self.driver {
                    driver.ask(ask, &call);
                }
            }
            Effect::Image(image) => {
                if let Some(driver) = &mut self.driver {
                    driver.image(image);
                }
            }
            Effect::Answer(promise, outcome) => self.api.answer(promise, outcome),
            Effect::Address(hash) => {
                keep("last", &hash);
                let history = window().history();
                let _ = history.map(|history| {
                    history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{hash}")))
                });
            }
            Effect::CopyAddress => copy(&window().location().href().unwrap_or_default()),
            Effect::CopyLink(hash) => copy(&api::address(&hash)),
            Effect::Title(title) => page().set_title(title),
            Effect::Fetch(file) => {
                let (path, build) = (file.path(), self.state.borrow().build.clone());
                let told = self
                    .emit
                    .reform(move |text| Msg::Lesson(lesson::Msg::Fetched(file.clone(), text)));
                fetch::text(&path, &build, &told);
            }
            Effect::Go(hash) => drop(window().location().set_hash(&hash)),
            Effect::Hunter(worker, asked, call) => self.hunters.ask(worker, asked, &call),
            Effect::Dismiss(worker) => self.hunters.dismiss(worker),
            Effect::Focus(id) => {
                later(&id, |element| drop(element.unchecked_into::<HtmlElement>().focus()));
            }
            Effect::ShowLine(id, line) => show_line(&id, line),
            Effect::Reveal(id) => later(&id, reveal),
            Effect::Save(name, body) => save::text(&page(), &name, "text/plain", &body),
            Effect::SaveDrawing(name) => save::drawing(&page(), &name),
            Effect::Remember(name, value) => keep(name, &value),
            Effect::Root(name, value) => root(name, value),
            Effect::Language(tag) => root("data-language", Some(&tag)),
        }
    }
}

/// The bench: stage, dock, inspector.
fn bench(state: &State, emit: &Emit) -> Html {
    let tab = match state.tab {
        crate::state::Tab::Log => "log",
        crate::state::Tab::Member => "member",
        crate::state::Tab::Terminal => "terminal",
        crate::state::Tab::Events => "events",
    };
    let choosing = state.cutting.as_ref().is_some_and(|cutting| cutting.choosing);
    let violation = state
        .frame
        .violation
        .as_ref()
        .filter(|violation| state.hidden_us != Some(violation.time_us));
    let selected = state.calm.members.iter().find(|member| Some(member.alias) == state.selected);
    let until_us = state.flow.until_us.filter(|until| *until > 0 && state.phase == Phase::Building);
    let first = state.first && state.phase == Phase::Ready;
    // Words that are read change with the tables.
    let read_us = if state.flow.playing { state.calm.time_us } else { state.clock_us() };
    // Other views leave the bench as it is, out of sight.
    let hidden = !state.view.has_bench();
    let (learning, teaching) = (state.view == View::Lessons, state.view == View::Teach);
    let title = if teaching {
        text::teach::HEAD
    } else if learning {
        "Lessons"
    } else {
        "Bench"
    };
    let id = (!hidden).then_some("view");
    html! {
        <main {hidden} {id} tabindex="-1" class={classes!("bench", learning.then_some("learning"), teaching.then_some("teaching"), choosing.then_some("cutting"), state.layout.crowded.then_some("crowded"))} data-tab={tab} aria-label="Bench">
            <h1 class="sr">{ title }</h1>
            if teaching { { panel::teach::view(state, emit) } }
            if learning || teaching { { panel::lesson::view(state, emit) } }
            <div class="stage">
                if let Some(violation) = violation { { panel::violation::banner(violation, hunt::score(state), emit) } }
                <panel::say::Say frame={Shared::from(&state.calm)} said={state.said.clone()} phase={state.phase.clone()} loaded={state.loaded}
                    repeated={until_us.map(|until| state.flow.sim_us * 100 / until)} notice={state.notice.clone()}
                    cutting={state.cutting.clone()} {first} emit={emit.clone()}/>
                <panel::cluster::Cluster frame={Shared::from(&state.frame)} ahead={Shared::from(state.flow.ahead.front().unwrap_or(&state.frame))}
                    layout={Shared::from(&state.layout)} now_us={state.flow.clock_us} {read_us} selected={state.selected}
                    cutting={state.cutting.clone()} callouts={first} emit={emit.clone()}/>
                { panel::controls::tabs(state.tab, state.selected, first, emit) }
                <panel::log::Log frame={Shared::from(&state.calm)}/>
            </div>
            <div class="dock">
                <panel::terminal::Terminal entries={Shared::from(&state.terminal.entries)} draft={state.terminal.draft.clone()}
                    candidates={state.terminal.candidates.clone()} asks={state.terminal.asks.clone()} emit={emit.clone()}/>
                <panel::feed::Feed past={Past::new(&state.events, read_us, state.pace() == Pace::Hurry)}
                    messages_too={state.messages_too} flowing={state.flow.playing} emit={emit.clone()}/>
            </div>
            if first {
                { panel::first::panel(state.calm.members.first().map_or(1, |member| member.term), emit) }
            } else {
                <panel::inspector::Inspect frame={Shared::from(&state.calm)} selected={state.selected} trial={state.trial.clone()} emit={emit.clone()}/>
            }
            { panel::controls::phone_actions(selected, emit) }
            if !hidden { { overlay(state, emit) } }
        </main>
    }
}

/// The time bar.
fn floor(state: &State, emit: &Emit) -> Html {
    let flowing = state.flow.playing || matches!(state.pace(), Pace::Hurry | Pace::Step);
    let ready = matches!(state.phase, Phase::Building | Phase::Ready);
    let past = state.in_the_past() || state.timeline.journey.is_some();
    let props = |flowing| panel::timebar::ControlProps {
        flowing,
        ready,
        speed: state.flow.speed,
        unit: state.unit,
        emit: emit.clone(),
    };
    html! {
        <footer class="time" aria-label="Time">
            <div>
                <div class="ctl">
                    <panel::timebar::Controls ..props(flowing)/>
                    { panel::timebar::clock(state.clock_us()) }
                </div>
                <panel::timebar::Choices ..props(flowing)/>
            </div>
            <div>
                <panel::track::Track frame={Shared::from(if past { &state.timeline.branch().end } else { &state.calm })}
                    at_us={state.timeline.journey.as_ref().map_or(state.calm.time_us, |journey| journey.to_us)} emit={emit.clone()}/>
                { panel::timebar::foot(state, emit) }
            </div>
        </footer>
    }
}

fn overlay(state: &State, emit: &Emit) -> Html {
    let term = state.calm.members.iter().map(|member| member.term).max().unwrap_or(1);
    match state.overlay {
        None => Html::default(),
        Some(Overlay::Palette) => {
            let offers = palette::offers(state, &state.palette.query);
            panel::palette::palette(&state.palette.query, &offers, state.palette.chosen, emit)
        }
        Some(Overlay::Legend) => panel::menu::legend(term, state.colour_by_kind, emit),
        Some(Overlay::Keys) => panel::menu::keys(state.letters, emit),
        Some(Overlay::Run) => panel::menu::run(state, emit),
        Some(Overlay::Member(alias, at)) => {
            let size = |side: Result<JsValue, JsValue>| {
                side.ok().and_then(|side| side.as_f64()).unwrap_or(0.0)
            };
            let window = (size(window().inner_width()), size(window().inner_height()));
            let member = state.frame.members.iter().find(|member| member.alias == alias);
            member.map(|member| panel::menu::member(member, at, window, emit)).unwrap_or_default()
        }
    }
}

fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// The part of the address after `#`.
fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

fn page() -> web_sys::Document {
    window().document().expect("the page is a document")
}

fn root(name: &str, value: Option<&str>) {
    if let Some(root) = page().document_element() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// Puts an address on the clipboard, which is there on secure pages only.
fn copy(address: &str) {
    let navigator = window().navigator();
    let there = js_sys::Reflect::get(&navigator, &JsValue::from("clipboard"));
    if there.is_ok_and(|clipboard| clipboard.is_object()) {
        // A browser may refuse; the address bar has the link all the same.
        let refused = Closure::<dyn FnMut(JsValue)>::new(|_| {});
        let _ = navigator.clipboard().write_text(address).catch(&refused);
        refused.forget();
    }
}

/// Does something to an element when the next picture has been drawn: it may not be there before.
fn later(id: &str, what: fn(Element)) {
    let id = id.to_owned();
    let later = Closure::once_into_js(move || {
        if let Some(element) = page().get_element_by_id(&id) {
            what(element);
        }
    });
    let _ =
        window().set_timeout_with_callback_and_timeout_and_arguments_0(later.unchecked_ref(), 20);
}

/// Scrolls as little as is needed to see an element.
#[expect(clippy::needless_pass_by_value, reason = "as `later` hands it over")]
fn reveal(element: Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_inline(ScrollLogicalPosition::Center);
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Selects a line, from 1, in a text field, which is there already.
fn show_line(id: &str, line: usize) {
    let field =
        page().get_element_by_id(id).and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok());
    let Some(field) = field else { return };
    let (text, mut from) = (field.value(), 0);
    for (nth, shown) in text.split('\n').enumerate() {
        // The browser counts in UTF-16.
        let length = shown.encode_utf16().count();
        if nth + 1 == line {
            let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let _ = field.focus();
            let _ = field.set_selection_range(place(from), place(from + length));
            return;
        }
        from += length + 1;
    }
}

/// Keeps a word in this browser, where it lets us.
fn keep(name: &str, value: &str) {
    if let Ok(Some(store)) = window().local_storage() {
        let _ = store.set_item(&format!("{STORE}{name}"), value);
    }
}

/// What was kept under this name.
fn kept(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(&format!("{STORE}{name}")).ok()?
}

/// What this browser remembers and prefers.
fn remembered() -> Browser {
    let get = kept;
    let meta = |name: &str| {
        let meta = page().query_selector(&format!("meta[name={name}]")).ok().flatten();
        meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
    };
    let build = meta("build");
    let spoken = page().document_element().and_then(|root| root.get_attribute("data-language"));
    let motion = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    Browser {
        build: if build.starts_with('{') { String::new() } else { build },
        seen: get("seen").is_some(),
        theme: match get("theme").as_deref() {
            Some("light") => Some(Theme::Light),
            Some("dark") => Some(Theme::Dark),
            _ => None,
        },
        languages: Language::list(&meta("languages")),
        language: spoken.unwrap_or_default(),
        say: Some(say),
        colour_by_kind: get("colour").as_deref() == Some("kind"),
        no_letters: get("letters").as_deref() == Some("off"),
        reduced_motion: motion.is_some_and(|query| query.matches()),
        cores: driver::cores(),
        hunts: get("hunts").unwrap_or_default(),
        lessons: get("lessons").unwrap_or_default(),
        draft: get("draft").unwrap_or_default(),
        home: api::address("").trim_end_matches('#').to_owned(),
    }
}

/// An English text as the page shows it: `web/js/language.js` knows, once it is loaded.
fn say(text: &str) -> String {
    let says = js_sys::Reflect::get(&window(), &JsValue::from("glasshouseSays"));
    let says = says.ok().and_then(|says| says.dyn_into::<js_sys::Function>().ok());
    let said = says.and_then(|says| says.call1(&JsValue::UNDEFINED, &JsValue::from(text)).ok());
    said.and_then(|said| said.as_string()).unwrap_or_else(|| text.to_owned())
}

/// Keys, the address and the clock become messages, for as long as the page lives.
fn listen(state: &Rc<RefCell<State>>, emit: &Emit) {
    let on_key = {
        let (state, emit) = (Rc::clone(state), emit.clone());
        Closure::<dyn Fn(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            let deed = keys::read(&press(&event), &state.borrow());
            if let Some(deed) = deed {
                if deed != Deed::Close {
                    event.prevent_default();
                }
                emit.emit(Msg::Do(deed));
            }
        })
    };
    let _ = page().add_event_listener_with_callback("keydown", on_key.as_ref().unchecked_ref());
    on_key.forget();
    let on_hash = {
        let emit = emit.clone();
        Closure::<dyn Fn()>::new(move || emit.emit(Msg::Open(hash())))
    };
    let _ =
        window().add_event_listener_with_callback("hashchange", on_hash.as_ref().unchecked_ref());
    on_hash.forget();
    let on_silence = {
        let emit = emit.clone();
        Closure::<dyn Fn()>::new(move || emit.emit(Msg::LanguageMissing))
    };
    let _ = page()
        .add_event_listener_with_callback("language-missing", on_silence.as_ref().unchecked_ref());
    on_silence.forget();
    let emit = emit.clone();
    driver::every_picture(move |now_ms| emit.emit(Msg::Tick(now_ms)));
}

/// A key with what it was pressed on.
fn press(event: &KeyboardEvent) -> Press {
    let on = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is = |selector: &str| on.as_ref().is_some_and(|on| on.matches(selector).unwrap_or(false));
    Press {
        key: keys::name(&event.key(), &event.code()),
        ctrl: event.ctrl_key() || event.meta_key(),
        alt: event.alt_key(),
        in_field: is("input:not([type=checkbox]), select, textarea"),
        on_control: is("button, a, summary, label, input"),
    }
}

/// Reports the size of the element with this id, now and whenever it changes.
fn watch_size(id: &str, mut report: impl FnMut(f64, f64) + 'static) {
    let Some(element) = page().get_element_by_id(id) else { return };
    let held = element.clone();
    let changed = Closure::<dyn FnMut()>::new(move || {
        let (width, height) = (held.client_width(), held.client_height());
        // Out of sight it has no size.
        if width > 0 {
            report(f64::from(width), f64::from(height));
        }
    });
    if let Ok(observer) = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()) {
        observer.observe(&element);
    }
    changed.forget();
}
