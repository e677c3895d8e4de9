//! `-w protobuf`: the response as it came over the wire.

use prost::Message as _;

use super::{Format, Report};
use crate::api::WatchResponse;
use crate::ctl::{Exit, Output};

pub(super) fn print(report: Report<'_>, output: &mut Output) -> Result<(), Exit> {
    let bytes = match report {
        Report::Get(response) => response.encode_to_vec(),
        Report::Put(response) => response.encode_to_vec(),
        Report::Del(response) => response.encode_to_vec(),
        Report::Txn(response) => response.encode_to_vec(),
        Report::MemberList(response) => response.encode_to_vec(),
        Report::Watch(response) => {
            let response = WatchResponse { watch_id: 0, fragment: false, ..response.clone() };
            response.encode_to_vec()
        }
        Report::MemberAdd(response) => response.encode_to_vec(),
        Report::MemberRemove(_, response) => response.encode_to_vec(),
        Report::MemberUpdate(_, response) => response.encode_to_vec(),
        Report::MemberPromote(_, response) => response.encode_to_vec(),
        Report::MoveLeader(_, _, response) => response.encode_to_vec(),
        Report::Health(_) | Report::Status(_) | Report::HashKv(_) => {
            return Err(Format::Protobuf.unsupported());
        }
    };
    output.out(bytes);
    Ok(())
}
