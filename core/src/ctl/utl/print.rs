//! What the commands print, in the formats of `--write-out`.

use super::{Format, WriteOut};
use crate::backup::Status;
use crate::ctl::print::{human_bytes, table};
use crate::ctl::{Exit, Output};
use crate::mvcc::HashKvResult;

/// Prints `Error: ` and the sentence on standard error; the command has failed.
pub fn print_error(why: &str, output: &mut Output) {
    output.fail(Exit::error(why));
}

/// Prints what a snapshot file holds, as `snapshot status` of etcdutl and etcdctl 3.5 does.
pub fn print_status(status: &Status, format: WriteOut, output: &mut Output) {
    let Status { hash, revision, total_key, total_size } = status;
    let row = [
        format!("{hash:x}"),
        revision.to_string(),
        total_key.to_string(),
        human_bytes(*total_size),
    ];
    match format.0 {
        Format::Simple => output.out_line(row.join(", ")),
        Format::Table => {
            let columns = ["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE"];
            table::render(&columns, std::iter::once(row), output);
        }
        Format::Json => output.out_line(format!(
            "{{\"hash\":{hash},\"revision\":{revision},\"totalKey\":{total_key},\"totalSize\":{total_size}}}"
        )),
        Format::Fields => {
            output.out_line(format!("\"Hash\" : {hash}"));
            output.out_line(format!("\"Revision\" : {revision}"));
            output.out_line(format!("\"Keys\" : {total_key}"));
            output.out_line(format!("\"Size\" : {total_size}"));
        }
        Format::Protobuf => output.fail(format.0.unsupported()),
    }
}

/// Prints the hash of keys, as `hashkv` of etcdutl 3.6 does.
pub fn print_hash(result: HashKvResult, format: WriteOut, output: &mut Output) {
    let HashKvResult { hash, hash_revision, compact_revision } = result;
    let row = [hash.to_string(), hash_revision.to_string(), compact_revision.to_string()];
    match format.0 {
        Format::Simple => output.out_line(row.join(", ")),
        Format::Table => {
            let columns = ["HASH", "HASH REVISION", "COMPACT REVISION"];
            table::render(&columns, std::iter::once(row), output);
        }
        Format::Json => output.out_line(format!(
            "{{\"hash\":{hash},\"hashRevision\":{hash_revision},\"compactRevision\":{compact_revision}}}"
        )),
        Format::Fields => {
            output.out_line(format!("\"Hash\" : {hash}"));
            output.out_line(format!("\"Hash revision\" : {hash_revision}"));
            output.out_line(format!("\"Compact revision\" : {compact_revision}"));
        }
        Format::Protobuf => output.fail(format.0.unsupported()),
    }
}
