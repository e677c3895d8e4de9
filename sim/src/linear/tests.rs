//! Against pictures, and against an independent checker on random histories.

#![allow(clippy::cast_possible_truncation, reason = "numbers of dice are small")]

use std::collections::{BTreeMap, BTreeSet};

use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

use super::*;

/// Keys with values; every change makes a revision, and answers tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Op {
    /// Put a value; the revision that it made, if that was told.
    Put(u8, u32, Option<u64>),
    /// What a key holds, and the revision of the store.
    Get(u8, Option<u32>, u64),
    /// Put the second value if the key holds the first; whether it did, and the revision.
    Swap(u8, u32, u32, Option<(bool, u64)>),
}

type Keys = (u64, BTreeMap<u8, u32>);

fn act((revision, keys): &Keys, op: &Op) -> (bool, Keys) {
    let mut next = (*revision, keys.clone());
    let fits = match op {
        Op::Put(key, value, told) => {
            next.0 += 1;
            next.1.insert(*key, *value);
            told.is_none_or(|told| told == next.0)
        }
        Op::Get(key, value, told) => keys.get(key) == value.as_ref() && told == revision,
        Op::Swap(key, from, to, told) => {
            let swaps = keys.get(key) == Some(from);
            if swaps {
                next.0 += 1;
                next.1.insert(*key, *to);
            }
            told.is_none_or(|told| told == (swaps, next.0))
        }
    };
    (fits, next)
}

struct Store;

impl Model for Store {
    type State = Keys;
    type Op = Op;

    fn begin(&self) -> Keys {
        (1, BTreeMap::new())
    }

    fn step(&self, state: &Keys, op: &Op) -> Option<Keys> {
        let (fits, next) = act(state, op);
        fits.then_some(next)
    }
}

/// The same for the other checker.
struct Oracle;

impl Specification for Oracle {
    type State = Keys;
    type Operation = Op;

    fn init() -> Keys {
        Store.begin()
    }

    fn apply(operation: &Op, state: &Keys) -> (bool, Keys) {
        act(state, operation)
    }
}

fn operation(client: u32, called_at: Nanos, returned_at: Nanos, op: Op) -> Operation<Op> {
    Operation { client, called_at, returned_at: Some(returned_at), op }
}

/// A small generator: the tests are to be the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What clients of one correct copy see. Some give up before the answer comes, and what they asked for
/// happens all the same, or never.
fn correct(
    dice: &mut Dice,
    clients: u32,
    operations: usize,
    give_up_percent: u64,
) -> Vec<Operation<Op>> {
    let mut plans = Vec::new();
    let mut free_at = vec![0; clients as usize];
    for _ in 0..operations {
        let client = dice.below(u64::from(clients)) as usize;
        let called_at = free_at[client] + dice.below(20);
        let happens_at = called_at + 1 + dice.below(30);
        let returned_at = happens_at + 1 + dice.below(30);
        free_at[client] = returned_at + 1;
        let key = dice.below(3) as u8;
        let (from, to) = (dice.below(6) as u32, dice.below(6) as u32);
        let op = match dice.below(3) {
            0 => Op::Put(key, to, None),
            1 => Op::Get(key, None, 0),
            _ => Op::Swap(key, from, to, None),
        };
        plans.push((happens_at, client as u32, called_at, returned_at, op));
    }
    plans.sort_by_key(|plan| plan.0);
    let mut state = Store.begin();
    let mut history = Vec::new();
    for (_, client, called_at, returned_at, op) in plans {
        let gives_up = dice.below(100) < give_up_percent;
        if gives_up && dice.below(2) == 0 {
            history.push(Operation { client, called_at, returned_at: None, op });
            continue;
        }
        let op = match op {
            Op::Get(key, ..) => Op::Get(key, state.1.get(&key).copied(), state.0),
            op => op,
        };
        let (_, next) = act(&state, &op);
        let told = match op {
            _ if gives_up => op,
            Op::Put(key, value, _) => Op::Put(key, value, Some(next.0)),
            Op::Swap(key, from, to, _) => {
                Op::Swap(key, from, to, Some((state.1.get(&key) == Some(&from), next.0)))
            }
            get => get,
        };
        state = next;
        let returned_at = (!gives_up).then_some(returned_at);
        history.push(Operation { client, called_at, returned_at, op: told });
    }
    // A question that nobody heard the answer of asks for nothing.
    history.retain(|one| one.returned_at.is_some() || !matches!(one.op, Op::Get(..)));
    history
}

/// One answer is changed a little; that may still fit.
fn broken(dice: &mut Dice, history: &mut [Operation<Op>]) {
    let place = dice.below(history.len() as u64) as usize;
    match &mut history[place].op {
        Op::Put(_, _, Some(told)) => *told += 1,
        Op::Put(_, value, None) => *value += 1,
        Op::Get(_, value, _) if dice.below(2) == 0 => *value = Some(dice.below(6) as u32),
        Op::Get(_, _, told) => *told = told.saturating_sub(1 + dice.below(2)),
        Op::Swap(_, _, _, Some((swapped, _))) if dice.below(2) == 0 => *swapped = !*swapped,
        Op::Swap(_, _, to, _) => *to += 1,
    }
}

/// The other checker knows no operations without an answer: it is asked for each choice of those that
/// happened, which then return behind everything.
fn oracle(history: &[Operation<Op>]) -> bool {
    let open: Vec<usize> =
        (0..history.len()).filter(|&n| history[n].returned_at.is_none()).collect();
    (0..1_u32 << open.len()).any(|choice| {
        let happens =
            |n: usize| open.iter().position(|&o| o == n).is_none_or(|bit| choice >> bit & 1 == 1);
        let mut moments = Vec::new();
        for (n, one) in history.iter().enumerate().filter(|(n, _)| happens(*n)) {
            moments.push((one.called_at, 0, n));
            moments.push((one.returned_at.unwrap_or(Nanos::MAX), 1, n));
        }
        if moments.is_empty() {
            return true;
        }
        moments.sort_unstable();
        let actions = moments.into_iter().map(|(_, kind, n)| {
            let op = history[n].op.clone();
            (n, if kind == 0 { Action::Call(op) } else { Action::Response(op) })
        });
        WGLChecker::<Oracle>::is_linearizable(History::from_actions(actions.collect()))
    })
}

/// An order is what it claims to be: everybody once, nobody before one that had returned before he
/// called, and the model agrees with every answer.
fn assert_fits(history: &[Operation<Op>], order: &[usize]) {
    let mut state = Store.begin();
    for (at, &n) in order.iter().enumerate() {
        state = Store.step(&state, &history[n].op).expect("the model agrees");
        for &later in &order[at + 1..] {
            assert_ne!(later, n);
            let before = history[later].returned_at.unwrap_or(Nanos::MAX);
            assert!(before >= history[n].called_at, "{later} had returned before {n} was called");
        }
    }
}

fn judge(history: &[Operation<Op>]) -> bool {
    match check(&Store, history, Limits::default()) {
        Verdict::Linearizable { order } => {
            assert_fits(history, &order);
            let placed: BTreeSet<usize> = order.into_iter().collect();
            let answered = (0..history.len()).filter(|&n| history[n].returned_at.is_some());
            assert!(answered.into_iter().all(|n| placed.contains(&n)));
            true
        }
        Verdict::Refuted(Refutation { order, stuck }) => {
            assert_fits(history, &order);
            assert!(!order.contains(&stuck));
            false
        }
        Verdict::GaveUp { limit } => panic!("the limit of {limit} is too low for this"),
    }
}

#[test]
fn the_picture_at_the_top() {
    let put = |client, from, to, value, revision| {
        operation(client, from, to, Op::Put(0, value, Some(revision)))
    };
    let mut history =
        vec![put(0, 0, 10, 1, 2), put(1, 2, 14, 2, 3), operation(2, 7, 12, Op::Get(0, Some(1), 2))];
    assert!(judge(&history));
    history.push(operation(2, 16, 20, Op::Get(0, Some(1), 2)));
    let Verdict::Refuted(why) = check(&Store, &history, Limits::default()) else {
        panic!("a stale read was not seen");
    };
    assert_eq!(why, Refutation { order: vec![0, 2, 1], stuck: 3 });
}

#[test]
fn what_was_never_answered_may_have_happened_late_or_never() {
    let lost = Operation { client: 0, called_at: 0, returned_at: None, op: Op::Put(0, 7, None) };
    let get = |at, value, revision| operation(1, at, at + 1, Op::Get(0, value, revision));
    assert!(judge(&[lost.clone(), get(5, None, 1)]));
    assert!(judge(&[lost.clone(), get(5, None, 1), get(8, Some(7), 2)]));
    assert!(!judge(&[lost.clone(), get(5, Some(7), 2), get(8, None, 1)]), "it cannot unhappen");
    let before = Operation { called_at: 6, ..lost };
    assert!(!judge(&[before, get(2, Some(7), 2)]), "nor happen before it was asked for");
}

#[test]
fn another_checker_agrees_on_ten_thousand_histories() {
    let mut verdicts = [0, 0];
    for seed in 1..=10_000_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let clients = 1 + dice.below(5) as u32;
        let operations = 2 + dice.below(24) as usize;
        let mut history = correct(&mut dice, clients, operations, 8);
        let open = history.iter().filter(|one| one.returned_at.is_none()).count();
        if open > 5 {
            // The other checker would be asked 2^open times.
            history.retain(|one| one.returned_at.is_some());
        }
        let is_correct = open <= 5;
        if is_correct {
            assert!(judge(&history), "seed {seed}: a correct copy is refuted");
        }
        if !history.is_empty() && dice.below(3) > 0 {
            broken(&mut dice, &mut history);
        }
        let ours = judge(&history);
        assert_eq!(ours, oracle(&history), "seed {seed}: {history:#?}");
        verdicts[usize::from(ours)] += 1;
    }
    assert!(verdicts.iter().all(|&count| count > 2000), "refuted, not refuted: {verdicts:?}");
}

#[test]
fn a_thousand_operations_are_refuted_and_ten_thousand_confirmed() {
    let mut dice = Dice(7);
    let mut history = correct(&mut dice, 10, 1000, 3);
    assert!(judge(&history));
    let reads = |one: &&mut Operation<Op>| matches!(one.op, Op::Get(..));
    let last = history.iter_mut().filter(reads).last().expect("somebody reads");
    let Op::Get(_, value, _) = &mut last.op else { unreachable!() };
    *value = Some(99);
    assert!(!judge(&history));
    assert!(judge(&correct(&mut dice, 10, 10_000, 0)));
}

#[test]
fn a_search_that_is_too_large_gives_up() {
    // Nobody was told a revision, and nothing that is read was ever written: all orders must be tried.
    let blind = |client: u32| operation(client, 0, 100, Op::Put(client as u8, 1, None));
    let mut history: Vec<_> = (0..30).map(blind).collect();
    history.push(operation(99, 0, 100, Op::Get(200, Some(5), 31)));
    let small = Limits { memory_bytes: 1 << 20, steps: u64::MAX };
    assert_eq!(check(&Store, &history, small), Verdict::GaveUp { limit: "memory" });
    let short = Limits { memory_bytes: usize::MAX, steps: 1000 };
    assert_eq!(check(&Store, &history, short), Verdict::GaveUp { limit: "steps" });
}

#[test]
fn nothing_was_asked() {
    assert_eq!(check(&Store, &[], Limits::default()), Verdict::Linearizable { order: vec![] });
}
