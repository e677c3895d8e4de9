//! Tests of `ctl`: recorded scripts, and the rules that they rest on.

mod cluster;
mod go;
mod jobs;
mod line;
mod login;
mod scripts;
mod session;
mod watch;
