//! Tests of `ctl`: recorded scripts, and the rules that they rest on.

mod go;
mod line;
mod scripts;
mod session;
mod watch;
