//! What a browser tells of a hand on the drawing: an arrow is taken, carried and let go.
//!
//! A press becomes a grab only when the pointer has moved away from where it was pressed; until then it is a
//! click, which chooses. From there on the region has the pointer to itself, wherever it goes. A finger
//! scrolls the drawing, so it takes the chosen arrow only, and does not scroll then.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{Element, KeyboardEvent, PointerEvent, TouchEvent};
use yew::prelude::*;

use super::{Tell, gestures};
use crate::spacetime::Msg;

/// A pointer that has moved so far, in CSS pixels, does not mean a click any more.
const FAR: f64 = 4.0;

/// A pointer that was pressed on an arrow.
#[derive(Clone, Copy)]
struct Press {
    pointer: i32,
    message: u64,
    /// Where, in the drawing.
    at: (f64, f64),
    /// Where it is now.
    now: (f64, f64),
    /// It has moved: the arrow is in the hand.
    far: bool,
}

/// Watches the region as long as it is there.
#[hook]
pub(super) fn use_hand(pan: &NodeRef, emit: &Tell) {
    let (pan, emit) = (pan.clone(), emit.clone());
    use_effect_with((), move |()| {
        let end = pan.cast::<Element>().map(|element| watch(element, emit));
        move || {
            if let Some(end) = end {
                end();
            }
        }
    });
}

/// Pointers, and the keys that say whether it is a copy.
const POINTER: [&str; 4] = ["pointerdown", "pointermove", "pointerup", "pointercancel"];
const KEY: [&str; 2] = ["keydown", "keyup"];

/// Makes messages of what a hand does; gives what ends it.
fn watch(element: Element, emit: Tell) -> impl FnOnce() {
    let press: Rc<Cell<Option<Press>>> = Rc::default();
    let on_pointer = {
        let (element, press, emit) = (element.clone(), Rc::clone(&press), emit.clone());
        Closure::<dyn FnMut(PointerEvent)>::new(move |event: PointerEvent| {
            press.set(pointer(&element, press.get(), &event, &emit));
        })
    };
    let pressed = Rc::clone(&press);
    let on_key = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let holds = pressed.get().filter(|press| press.far);
        if let (Some(press), "Alt" | "Control") = (holds, event.key().as_str()) {
            // Alone, Alt opens the menu of some browsers.
            event.prevent_default();
            emit.emit(Msg::Drag(press.now, event.type_() == "keydown"));
        }
    });
    // Chromium does not look at the `touch-action` of parts of a drawing.
    let on_touch = {
        let press = Rc::clone(&press);
        Closure::<dyn FnMut(TouchEvent)>::new(move |event: TouchEvent| {
            if press.get().is_some() {
                event.prevent_default();
            }
        })
    };
    let end = element.clone();
    let listeners = move || {
        let pointer = POINTER.map(|name| (name, on_pointer.as_ref().clone()));
        let key = KEY.map(|name| (name, on_key.as_ref().clone()));
        let touch = [("touchmove", on_touch.as_ref().clone())];
        pointer.into_iter().chain(key).chain(touch)
    };
    for (name, listener) in listeners() {
        gestures::listen(&element, name, &listener);
    }
    move || {
        for (name, listener) in listeners() {
            let _ = end.remove_event_listener_with_callback(name, listener.unchecked_ref());
        }
    }
}

/// What a pointer does; gives what is pressed after that.
fn pointer(
    element: &Element,
    press: Option<Press>,
    event: &PointerEvent,
    emit: &Tell,
) -> Option<Press> {
    let at = place(element, event)?;
    if event.type_() == "pointerdown" {
        // A second finger is about something else.
        return if event.is_primary() { pressed(event, at) } else { press };
    }
    // What was released elsewhere is pressed no more.
    let mut press = press.filter(|_| event.type_() != "pointermove" || event.buttons() != 0)?;
    if press.pointer != event.pointer_id() {
        return Some(press);
    }
    match event.type_().as_str() {
        "pointermove" => {
            press.now = at;
            let away = (at.0 - press.at.0).hypot(at.1 - press.at.1) > FAR;
            if away && !press.far {
                press.far = true;
                let _ = element.set_pointer_capture(press.pointer);
                emit.emit(Msg::Grab(press.message, press.at));
            }
            if press.far {
                emit.emit(Msg::Drag(at, event.alt_key() || event.ctrl_key()));
            }
            return Some(press);
        }
        "pointerup" if press.far => emit.emit(Msg::LetGo),
        "pointercancel" if press.far => emit.emit(Msg::Escape),
        _ => {}
    }
    None
}

/// The arrow under a pointer that may take it.
fn pressed(event: &PointerEvent, at: (f64, f64)) -> Option<Press> {
    let loose =
        if event.pointer_type() == "touch" { "[data-loose=chosen]" } else { "[data-loose]" };
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let arrow = target.closest(loose).ok()??;
    let message = arrow.get_attribute("data-message")?.parse().ok()?;
    (event.button() == 0).then_some(Press {
        pointer: event.pointer_id(),
        message,
        at,
        now: at,
        far: false,
    })
}

/// Where a pointer is, in the drawing.
fn place(element: &Element, event: &PointerEvent) -> Option<(f64, f64)> {
    let drawing = element.query_selector("svg.spacetime").ok()??.get_bounding_client_rect();
    Some((
        f64::from(event.client_x()) - drawing.left(),
        f64::from(event.client_y()) - drawing.top(),
    ))
}
