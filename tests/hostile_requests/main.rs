//! Bad requests: what etcd answers to each, code and text, we answer.
//!
//! [`table`] makes the rows: for every method empty, oversized, malformed and adversarial bytes. Each
//! row goes to a real etcd 3.5.16 and to ours; both answers must be the same. [`random`] sends bodies
//! that nobody has thought of, `GLASSHOUSE_RANDOM_BODIES` to each service (100000 for the whole of
//! it): the member lives, it does not grow, it serves.
#![allow(clippy::print_stdout, reason = "the table belongs in the output")]

mod random;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use glasshouse_tests::pair::{Answer, Pair, Side, both};
use glasshouse_tests::schema;
use tokio::runtime::Handle;

use self::table::Row;

#[test]
fn bad_requests_get_etcds_code_and_text() {
    let Some(mut pair) = Pair::start("3.5.16", 56, &[]) else { return };
    let mut wrong = Vec::new();
    let mut answers: BTreeMap<(String, String), usize> = BTreeMap::new();
    let rows = table::rows();
    for row in &rows {
        let (theirs, ours) = match row.instead {
            None => {
                let [theirs, ours] = ask_both(&pair, row);
                (theirs, ours)
            }
            Some((answer, _)) => {
                let ours = pair.runtime.block_on(ask(&pair.ours, row));
                (answer.to_owned(), ours)
            }
        };
        if ours.starts_with("Unimplemented glasshouse: ") {
            println!("not landed: {} {}", schema::short_name(&row.method), row.what);
            continue;
        }
        *answers.entry((schema::short_name(&row.method), ours.clone())).or_default() += 1;
        if theirs != ours {
            let name = schema::short_name(&row.method);
            wrong.push(format!("{name} {}\n  etcd  {theirs}\n  ours  {ours}", row.what));
        }
    }
    for ((method, answer), count) in answers {
        println!("{count:4} {method:30} {answer}");
    }
    let wanted: BTreeSet<_> = rows.iter().filter_map(|row| row.instead).collect();
    for (answer, reason) in wanted {
        println!("wanted: {answer}: {reason}");
    }
    println!("{} bad requests", rows.len());
    pair.check_alive().unwrap_or_else(|ended| panic!("{}\n{ended}", wrong.join("\n")));
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

fn ask_both(pair: &Pair, row: &Row) -> [String; 2] {
    let asked = async { both(ask(&pair.etcd, row), ask(&pair.ours, row)).await };
    let answers = pair.runtime.block_on(asked);
    answers.map(|answer| answer.unwrap_or_else(|| "nothing comes".to_owned()))
}

/// What a member answers to a row: `OK`, or code and text.
async fn ask(side: &Side, row: &Row) -> String {
    let path = schema::path(&row.method);
    let answer: Answer = if row.method.is_server_streaming() {
        let mut stream = side.open(&Handle::current(), &path, None, row.bytes.clone());
        if !row.method.is_client_streaming() {
            stream.end();
        }
        stream.next().await.map(Option::unwrap_or_default)
    } else {
        side.call(&path, None, row.bytes.clone()).await
    };
    match answer {
        Ok(_) => "OK".to_owned(),
        Err(error) => format!("{} {}", error.code, without_decoders_words(&error.message)),
    }
}

/// Why bytes are no message is said in the words of the decoder, which are those of one library for
/// one programming language. What stands in front of them is gRPC's for Go, and that counts.
fn without_decoders_words(message: &str) -> &str {
    for head in [table::UNREADABLE, table::UNREADABLE_ON_STREAM] {
        if message.starts_with(head) {
            return head;
        }
    }
    message
}
