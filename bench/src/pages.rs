//! `glasshouse-bench pages`: what one page of a long list costs, and what the list costs in memory.
//!
//! Kubernetes lists its objects page by page: a range over a prefix with a limit. The answer holds a
//! page and the count of all keys, so a server that walks the range to count pays for the whole list
//! with every page.
//!
//! ```text
//!   empty ──► 100,000 keys ──► pages ──► 1,000,000 keys ──► pages
//!     │            │                          │
//!    RSS          RSS, CPU per page          RSS, CPU per page
//! ```

use std::time::{Duration, Instant};

use glasshouse_console::note;
use glasshouse_core::api::request_op::Request as Op;
use glasshouse_core::api::{
    PutRequest, RangeRequest, RangeResponse, RequestOp, TxnRequest, TxnResponse,
};

use crate::args::PagesPlan;
use crate::grpc::Connection;
use crate::probe::Usage;
use crate::server::{Cluster, Program};
use crate::{Failure, Result};

/// Keys of a page.
const LIMIT: i64 = 100;
/// Puts in one transaction while the list is written; etcd takes 128.
const PUTS_PER_TXN: u64 = 100;
/// Bytes of a value.
const VALUE_BYTES: usize = 256;
const PREFIX: &str = "/registry/pods/";

/// What one server showed at one length of the list.
#[derive(Clone, Copy, Debug)]
struct Stage {
    keys: u64,
    rss_bytes: u64,
    /// CPU time of the server for one page, in microseconds.
    page_us: f64,
}

/// Measures every server of the plan and prints the table.
pub async fn run(plan: &PagesPlan) -> Result<()> {
    let mut columns = Vec::new();
    for program in &plan.programs {
        columns.push(stages(plan, program).await?);
    }
    glasshouse_console::write(table(plan, &columns));
    Ok(())
}

async fn stages(plan: &PagesPlan, program: &Program) -> Result<Vec<Stage>> {
    let cluster = Cluster::start(program, 1, &plan.dir).await?;
    let mut connection = Connection::open(cluster.leader().await?).await?;
    let rss_bytes = Usage::read(&cluster)?.rss_bytes;
    let mut stages = vec![Stage { keys: 0, rss_bytes, page_us: 0.0 }];
    let mut written = 0;
    for &keys in &plan.keys {
        while written < keys {
            write(&mut connection, written..keys.min(written + PUTS_PER_TXN)).await?;
            written = keys.min(written + PUTS_PER_TXN);
        }
        let rss_bytes = Usage::read(&cluster)?.rss_bytes;
        let page_us = page_us(&cluster, &mut connection, keys, plan.time).await?;
        note!("{}: {keys} keys, {rss_bytes} bytes, {page_us:.0} µs a page", program.name);
        stages.push(Stage { keys, rss_bytes, page_us });
    }
    Ok(stages)
}

/// Keys as objects have them: what is written later lies between what was written before.
fn key(number: u64) -> String {
    // Odd, so that it permutes the numbers of ten digits that matter here.
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{PREFIX}namespace-{:03}/pod-{scattered:016x}", scattered % 100)
}

async fn write(connection: &mut Connection, numbers: std::ops::Range<u64>) -> Result<()> {
    let put = |number| PutRequest {
        key: key(number).into(),
        value: vec![b'v'; VALUE_BYTES].into(),
        ..PutRequest::default()
    };
    let success = numbers.map(|number| RequestOp { request: Some(Op::RequestPut(put(number))) });
    let txn = TxnRequest { success: success.collect(), ..TxnRequest::default() };
    connection.ask::<TxnResponse>("/etcdserverpb.KV/Txn", &txn).await.map(|_| ())
}

/// Reads the list page by page for some time, from its beginning again when it ends.
async fn page_us(
    cluster: &Cluster,
    connection: &mut Connection,
    keys: u64,
    time: Duration,
) -> Result<f64> {
    let (before, begin, mut pages) = (Usage::read(cluster)?, Instant::now(), 0);
    let mut from: Vec<u8> = PREFIX.into();
    while begin.elapsed() < time {
        let is_first = from == PREFIX.as_bytes();
        let range = RangeRequest {
            key: from.clone().into(),
            range_end: "/registry/pods0".into(),
            limit: LIMIT,
            ..RangeRequest::default()
        };
        let answer: RangeResponse = connection.ask("/etcdserverpb.KV/Range", &range).await?;
        if is_first && answer.count.cast_unsigned() != keys {
            return Err(Failure::Failed(format!("{keys} keys were counted as {}", answer.count)));
        }
        from = match answer.kvs.last().filter(|_| answer.more) {
            Some(last) => [&last.key[..], &[0]].concat(),
            None => PREFIX.into(),
        };
        pages += 1;
    }
    let used = Usage::read(cluster)?.since(&before);
    Ok(used.server_cpu_seconds * 1e6 / f64::from(pages))
}

fn table(plan: &PagesPlan, columns: &[Vec<Stage>]) -> String {
    let mut text =
        format!("{:34}", format!("pages of {LIMIT} keys, values of {VALUE_BYTES} bytes"));
    for program in &plan.programs {
        text += &format!(" {:>14}", program.name);
    }
    text += "   a / b\n";
    for stage in 0..columns[0].len() {
        let keys = columns[0][stage].keys;
        let row = |name: &str, value: &dyn Fn(&Stage) -> f64| {
            let mut line = format!("{:34}", format!("{keys} keys, {name}"));
            let values: Vec<f64> = columns.iter().map(|column| value(&column[stage])).collect();
            values.iter().for_each(|value| line += &format!(" {value:>14.0}"));
            if let [a, b] = values[..] {
                line += &format!(" {:>7.1}", a / b);
            }
            line + "\n"
        };
        text += &row("memory, MB", &|stage| stage.rss_bytes as f64 / 1e6);
        if keys > 0 {
            text += &row("CPU per page, µs", &|stage| stage.page_us);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_differ() {
        let keys: BTreeSet<String> = (0..10_000).map(key).collect();
        assert_eq!(keys.len(), 10_000);
        assert!(keys.iter().all(|key| key.starts_with(PREFIX)));
    }
}
