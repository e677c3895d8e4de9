//! `cluster status`, in every format but protobuf: there is no message for it.

use super::fields::{field, quoted};
use super::human_bytes;
use super::json::{Object, array};
use crate::ctl::cluster::{Picture, Row};
use crate::ctl::{Output, go};

pub(super) const COLUMNS: [&str; 11] = [
    "ID",
    "NAME",
    "ENDPOINT",
    "VERSION",
    "DB SIZE",
    "IN USE",
    "ROLE",
    "RAFT TERM",
    "RAFT INDEX",
    "LAG",
    "ERRORS",
];

/// What is not known stays empty.
pub(super) fn rows(picture: &Picture) -> impl Iterator<Item = [String; 11]> {
    picture.rows.iter().map(move |row| {
        let role = row.role(leader(picture)).to_owned();
        let status = row.answer.as_ref().ok();
        let size = |bytes: i64| human_bytes(u64::try_from(bytes).unwrap_or(0));
        let text = |text: Option<String>| text.unwrap_or_default();
        [
            format!("{:x}", row.id),
            row.name.clone(),
            row.endpoint.clone(),
            text(status.map(|status| status.version.clone())),
            text(status.map(|status| size(status.db_size))),
            text(status.map(|status| size(status.db_size_in_use))),
            role,
            text(status.map(|status| status.raft_term.to_string())),
            text(status.map(|status| status.raft_index.to_string())),
            text(status.and_then(|status| picture.lag(status)).map(|lag| lag.to_string())),
            row.errors(),
        ]
    })
}

fn leader(picture: &Picture) -> Option<u64> {
    picture.leader().map(|status| status.leader)
}

pub(super) fn simple(picture: &Picture, output: &mut Output) {
    rows(picture).for_each(|row| output.out_line(row.join(", ")));
}

pub(super) fn json(picture: &Picture) -> String {
    let member = |row: &Row| {
        let object = Object::new()
            .raw("id", &row.id.to_string())
            .string("name", &row.name)
            .string("endpoint", &row.endpoint)
            .raw("role", &go::json_string(row.role(leader(picture))));
        let object = match &row.answer {
            Ok(status) => {
                let lag = picture.lag(status).map_or("null".to_owned(), |lag| lag.to_string());
                object
                    .raw("version", &go::json_string(&status.version))
                    .raw("dbSize", &status.db_size.to_string())
                    .raw("dbSizeInUse", &status.db_size_in_use.to_string())
                    .raw("raftTerm", &status.raft_term.to_string())
                    .raw("raftIndex", &status.raft_index.to_string())
                    .raw("lag", &lag)
            }
            Err(_) => object,
        };
        object.string("errors", &row.errors()).end()
    };
    Object::new()
        .raw("cluster_id", &picture.cluster_id.to_string())
        .raw("leader", &leader(picture).unwrap_or(0).to_string())
        .raw("members", &array(picture.rows.iter().map(member)))
        .end()
}

pub(super) fn fields(picture: &Picture, output: &mut Output) {
    field("ClusterID", picture.cluster_id, output);
    field("Leader", leader(picture).unwrap_or(0), output);
    output.out_line("");
    for row in &picture.rows {
        field("ID", row.id, output);
        quoted("Name", row.name.as_bytes(), output);
        quoted("Endpoint", row.endpoint.as_bytes(), output);
        quoted("Role", row.role(leader(picture)).as_bytes(), output);
        if let Ok(status) = &row.answer {
            quoted("Version", status.version.as_bytes(), output);
            field("DBSize", status.db_size, output);
            field("DBSizeInUse", status.db_size_in_use, output);
            field("RaftTerm", status.raft_term, output);
            field("RaftIndex", status.raft_index, output);
            if let Some(lag) = picture.lag(status) {
                field("Lag", lag, output);
            }
        }
        quoted("Errors", row.errors().as_bytes(), output);
        output.out_line("");
    }
}
