//! The page: a bench on which a cluster can be seen and broken.
//!
//! The cluster is the same core as in the server. It runs in a wasm module of its own, in a Web
//! Worker, under a deterministic simulator; this program draws what that module tells and passes
//! on what people do.
//!
//! ```text
//!   worker.js + glasshouse-sim.wasm          this program
//!   ┌──────────────────────────────┐   ask   ┌───────────────────────────────────────────┐
//!   │ World: members, network,     │ ◄────── │ driver   asks, keeps time                 │
//!   │ disks, clients, checkers     │ ──────► │ state    what is known  ─► panel/*  drawn │
//!   └──────────────────────────────┘  frame  │ keys, link, api         ◄─ people, tests  │
//!                                            └───────────────────────────────────────────┘
//! ```
//!
//! **How it is built.** `cargo xtask page` runs `cargo build` for wasm and then the library that the
//! wasm-bindgen command is made of, so nothing has to be installed; it copies `index.html`,
//! `web/style.css` and `web/js/*` beside the modules and writes the build's name (a hash over all
//! files) where `{{build}}` stands. A bundler would do no more, and would take five minutes to
//! install. All addresses are relative, so `dist/` works at any sub-path. The version of
//! `wasm-bindgen` in `Cargo.toml` and that of the library must be equal.
//!
//! A hunt runs in more workers of the same kind ([`hunters`]), each with a simulation of its own.
//!
//! Read [`state`] first, then [`flow`] (how virtual time follows real time) and one panel. Nothing
//! but [`driver`], [`hunters`], [`save`] and [`app`] touches the browser; everything else is plain functions, tested
//! natively with `cargo test -p glasshouse-web`.

mod api;
mod app;
mod compare;
mod driver;
mod fetch;
mod flow;
mod geometry;
mod history;
mod hunt;
mod hunters;
mod keys;
mod lesson;
mod link;
mod palette;
mod panel;
mod plain;
mod save;
mod spacetime;
mod state;
mod teach;
mod text;
mod timeline;
mod update;

fn main() {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|page| page.get_element_by_id("app"))
        .expect("index.html has an element for the page");
    root.set_inner_html("");
    yew::Renderer::<app::App>::with_root(root).render();
}
