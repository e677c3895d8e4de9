//! Every command of etcdctl 3.5, right and wrong: `scripts/ctl/commands.txt` has the lines.
//!
//! Each program plays all lines in the order of the list on a fresh member of its own, side by side with
//! the others:
//!
//! ```text
//!   program              member           compared with        what differs, and why
//!   etcdctl 3.5.16       etcd 3.5.16
//!   glasshouse ctl       etcd 3.5.16      etcdctl 3.5.16       commands-ours.txt
//!   etcdctl 3.5.16       glasshouse       etcdctl 3.5.16       commands-on-us.txt
//!   etcdctl 3.4.23       etcd 3.5.16
//!   etcdctl 3.4.23       glasshouse       etcdctl 3.4.23       commands-on-us-3.4.txt
//! ```
//!
//! Bytes of standard output and standard error and exit codes must be equal, up to what differs from run
//! to run (`steady.rs`). The lists are exact: a command that stops being equal fails the test, and so does
//! one that becomes equal. `UPDATE_GOLDEN=1` writes the lists; a new difference needs a reason.
#![allow(clippy::print_stdout, reason = "the table belongs in the output")]

mod differences;
mod member;
mod play;
mod steady;

use std::path::Path;
use std::thread;

use glasshouse_tests::addresses::Addresses;
use glasshouse_tests::cluster::glasshouse;
use glasshouse_tests::{root, tools};

use self::differences::compare;
use self::member::Member;
use self::play::{Line, Outcome, Player, lines};

/// Plays all lines with one program on a fresh member at `127.77.109.{number}`.
fn play(program: &Path, first: &[&str], member: &Path, number: u8, lines: &[Line]) -> Vec<Outcome> {
    let member = Member::start(member, number);
    Player::new(program, first, &member).play(lines)
}

#[test]
fn every_command() {
    let Some((new, old)) = tools::etcd("3.5.16").zip(tools::etcd("3.4.23")) else { return };
    let (etcd, ours) = (new.join("etcd"), glasshouse());
    let (new, old) = (new.join("etcdctl"), old.join("etcdctl"));
    let _addresses = Addresses::take([127, 77, 109]);
    let all = lines(&root().join("tests/scripts/ctl/commands.txt"));
    let [theirs, ctl, on_us, theirs_34, on_us_34] = thread::scope(|scope| {
        let run = |program, first, member, number| {
            let all = &all;
            scope.spawn(move || play(program, first, member, number, all))
        };
        let runs = [
            run(&new, &[], &etcd, 1),
            run(&ours, &["ctl"], &etcd, 2),
            run(&new, &[], &ours, 3),
            run(&old, &[], &etcd, 4),
            run(&old, &[], &ours, 5),
        ];
        runs.map(|run| run.join().expect("it ran to its end"))
    });
    let wrong = [
        ("glasshouse ctl on etcd 3.5.16", "commands-ours.txt", &theirs, &ctl),
        ("etcdctl 3.5.16 on glasshouse", "commands-on-us.txt", &theirs, &on_us),
        ("etcdctl 3.4.23 on glasshouse", "commands-on-us-3.4.txt", &theirs_34, &on_us_34),
    ]
    .map(|(title, list, theirs, others)| compare(title, list, &all, theirs, others));
    assert!(wrong.iter().all(String::is_empty), "{}", wrong.concat());
}
