//! `-w protobuf`: the response as it came over the wire.

use prost::Message as _;

use super::{Format, Report, header};
use crate::api::{AuthRoleAddResponse, ResponseHeader, WatchResponse};
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
        // Go's types for these have the header's own way to become bytes, so that is what is printed.
        Report::Grant(response) => header_bytes(response.header.as_ref()),
        Report::KeepAlive(response) => header_bytes(response.header.as_ref()),
        Report::TimeToLive { response, .. } => header_bytes(response.header.as_ref()),
        Report::Leases(response) => header_bytes(response.header.as_ref()),
        // This one has not, and etcdctl says so after it has revoked the lease.
        Report::Revoke(_, response) => {
            return Err(Exit::bad_feature(format!(
                "marshal unsupported for type clientv3.LeaseRevokeResponse ({{{} {{}} [] 0}})",
                header_text(response.header.as_ref())
            )));
        }
        Report::AuthStatus(response) => response.encode_to_vec(),
        // All such answers have their header in the same place, and nothing else.
        Report::Changed(_, header) => {
            AuthRoleAddResponse { header: header.copied() }.encode_to_vec()
        }
        Report::RoleGet(_, response) => response.encode_to_vec(),
        Report::RoleList(response) => response.encode_to_vec(),
        Report::UserGet(_, response) => response.encode_to_vec(),
        Report::UserList(response) => response.encode_to_vec(),
        Report::Alarms(response) => response.encode_to_vec(),
        Report::Downgrade(_, response) => response.encode_to_vec(),
        Report::Health(_) | Report::Status(_) | Report::HashKv(_) | Report::Cluster(_) => {
            return Err(Format::Protobuf.unsupported());
        }
    };
    output.out(bytes);
    Ok(())
}

fn header_bytes(value: Option<&ResponseHeader>) -> Vec<u8> {
    header(value).encode_to_vec()
}

/// The header as Go's protobuf prints it: `name:value ` for every field that is not zero.
fn header_text(value: Option<&ResponseHeader>) -> String {
    let header = header(value);
    let field = |name: &str, value: i128| {
        if value == 0 { String::new() } else { format!("{name}:{value} ") }
    };
    field("cluster_id", header.cluster_id.into())
        + &field("member_id", header.member_id.into())
        + &field("revision", header.revision.into())
        + &field("raft_term", header.raft_term.into())
}
