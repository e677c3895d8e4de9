//! Files that the page gives away: texts, and the space-time drawing as an SVG that stands alone.

use wasm_bindgen::prelude::*;
use web_sys::{Document, HtmlElement};

/// What the drawing takes from the page's style sheet, in the colours of paper: programs that draw SVG know
/// neither the page nor its themes.
const STYLE: &str = include_str!("save.css");

/// Gives a text away as a file of this name.
pub(crate) fn text(page: &Document, name: &str, kind: &str, text: &str) {
    let Ok(link) = page.create_element("a") else { return };
    let body = String::from(js_sys::encode_uri_component(text));
    let _ = link.set_attribute("href", &format!("data:{kind};charset=utf-8,{body}"));
    let _ = link.set_attribute("download", name);
    link.unchecked_into::<HtmlElement>().click();
}

/// Gives the space-time drawing away: the names of its lanes and the lanes.
pub(crate) fn drawing(page: &Document, name: &str) {
    let part = |selector: &str| page.query_selector(selector).ok().flatten();
    let (Some(heads), Some(drawing)) = (part("svg.heads"), part("svg.spacetime")) else { return };
    let size = |of: &web_sys::Element, side: &str| {
        of.get_attribute(side).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0)
    };
    let (left, width) = (size(&heads, "width"), size(&drawing, "width"));
    let (whole, height) = (left + width, size(&drawing, "height"));
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"{height}\" \
         viewBox=\"0 0 {whole} {height}\"><style>{STYLE}</style>\
         <rect width=\"{whole}\" height=\"{height}\" fill=\"#e4eae8\"/>\
         <svg x=\"{left}\" width=\"{width}\" height=\"{height}\">{}</svg>\
         <svg width=\"{left}\" height=\"{height}\">{}</svg></svg>",
        drawing.inner_html(),
        heads.inner_html(),
    );
    text(page, name, "image/svg+xml", &svg);
}
