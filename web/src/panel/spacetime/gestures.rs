//! What a browser does to the drawing's window: its size, the wheel, two fingers, and where it is scrolled
//! to. The drawing follows its right end, where the clock stands, until somebody scrolls away from it.

use wasm_bindgen::prelude::*;
use web_sys::{AddEventListenerOptions, Element, TouchEvent, WheelEvent};
use yew::prelude::*;

use super::Tell;
use super::drawing::HEADS;
use crate::spacetime::Msg;

/// Two fingers that come so much closer or further apart, as a factor, are a step of zoom.
const PINCH: f64 = 1.25;
/// So near to the end of the scroll is at its end, in CSS pixels.
const NEAR: f64 = 48.0;

/// Watches the region as long as it is there.
#[hook]
pub(super) fn use_gestures(pan: &NodeRef, width: f64, emit: &Tell) {
    {
        let (pan, emit) = (pan.clone(), emit.clone());
        use_effect_with((), move |()| {
            let ends = pan.cast::<Element>().map(|element| watch(&element, emit));
            move || {
                if let Some(end) = ends {
                    end();
                }
            }
        });
    }
    let pan = pan.clone();
    let before = use_mut_ref(|| 0.0_f64);
    use_effect_with(format!("{width:.0}"), move |_| {
        let Some(element) = pan.cast::<Element>() else { return };
        let window = f64::from(element.client_width()) - HEADS;
        let old = before.replace(width);
        let left = f64::from(element.scroll_left());
        let at_end = left + window + NEAR >= old;
        // What stood in the middle stays there when the scale changes.
        let middle = (left + window / 2.0) / old.max(1.0) * width - window / 2.0;
        #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
        element.set_scroll_left(if at_end { width } else { middle.max(0.0) } as i32);
    });
}

type End = Box<dyn FnOnce()>;

/// Reports the size of the region, and makes zoom of wheel and fingers.
fn watch(element: &Element, emit: Tell) -> End {
    let size = {
        let (element, emit) = (element.clone(), emit.clone());
        Closure::<dyn FnMut()>::new(move || {
            let (width, height) = (element.client_width(), element.client_height());
            emit.emit(Msg::Resize(f64::from(width) - HEADS, f64::from(height)));
        })
    };
    let observer = web_sys::ResizeObserver::new(size.as_ref().unchecked_ref()).ok();
    if let Some(observer) = &observer {
        observer.observe(element);
    }
    let wheel = {
        let (element, emit) = (element.clone(), emit.clone());
        Closure::<dyn FnMut(WheelEvent)>::new(move |event: WheelEvent| {
            if event.ctrl_key() || event.meta_key() {
                // Two fingers on a touchpad come as a wheel with Ctrl.
                event.prevent_default();
                emit.emit(Msg::Zoom(if event.delta_y() < 0.0 { 1 } else { -1 }));
            } else if event.delta_x() == 0.0 && element.scroll_height() <= element.client_height() {
                event.prevent_default();
                #[expect(clippy::cast_possible_truncation, reason = "a step of the wheel")]
                element.set_scroll_left(element.scroll_left() + event.delta_y() as i32);
            }
        })
    };
    let touch = {
        let mut apart = None;
        Closure::<dyn FnMut(TouchEvent)>::new(move |event: TouchEvent| {
            let touches = event.touches();
            let (Some(one), Some(two)) = (touches.get(0), touches.get(1)) else {
                apart = None;
                return;
            };
            event.prevent_default();
            let now = f64::from(one.client_x() - two.client_x())
                .hypot(f64::from(one.client_y() - two.client_y()));
            let from = *apart.get_or_insert(now);
            if now > from * PINCH || now < from / PINCH {
                apart = Some(now);
                emit.emit(Msg::Zoom(if now > from { 1 } else { -1 }));
            }
        })
    };
    // Only a listener that is not passive may keep the browser from zooming the whole page.
    listen(element, "wheel", wheel.as_ref());
    listen(element, "touchmove", touch.as_ref());
    let element = element.clone();
    Box::new(move || {
        if let Some(observer) = observer {
            observer.disconnect();
        }
        for (name, closure) in [("wheel", wheel.as_ref()), ("touchmove", touch.as_ref())] {
            let _ = element.remove_event_listener_with_callback(name, closure.unchecked_ref());
        }
        drop((size, wheel, touch));
    })
}

/// Listens so that what the browser does by itself can be prevented.
pub(super) fn listen(element: &Element, name: &str, closure: &JsValue) {
    let options = AddEventListenerOptions::new();
    options.set_passive(false);
    let _ = element.add_event_listener_with_callback_and_add_event_listener_options(
        name,
        closure.unchecked_ref::<js_sys::Function>(),
        &options,
    );
}
