//! The rows: made from the methods' own descriptions, so that no field of no method is forgotten.

use bytes::Bytes;
use glasshouse_tests::schema;
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MethodDescriptor};

/// What gRPC for Go says of a message that it cannot read.
pub(crate) const UNREADABLE: &str = "grpc: error unmarshalling request: ";

/// The answer that this is.
const UNREADABLE_CALL: &str = "Internal grpc: error unmarshalling request: ";

/// The same on a stream.
pub(crate) const UNREADABLE_ON_STREAM: &str = "grpc: failed to unmarshal the received message";

/// The largest message that a member takes: 1.5 MiB, and half a MiB for what gRPC puts around it.
const MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The largest entry of the log that a member proposes: 1.5 MiB.
const REQUEST_BYTES_MAX: usize = 3 * 512 * 1024;

/// One bad request.
pub(crate) struct Row {
    pub(crate) method: MethodDescriptor,
    pub(crate) what: String,
    pub(crate) bytes: Bytes,
    /// What we answer where etcd is not asked, and why.
    pub(crate) instead: Option<(&'static str, &'static str)>,
}

/// A request of each method that is refused by nobody, or for a reason that every row of that method
/// shares: rows add something bad behind it, and what comes last counts.
const PROPER: &[(&str, &str)] = &[
    ("KV/Range", r#"key: "a""#),
    ("KV/Put", r#"key: "a""#),
    ("KV/DeleteRange", r#"key: "a""#),
    ("KV/Compact", "revision: 1000000"),
    ("Watch/Watch", r#"create_request { key: "a" }"#),
    ("Lease/LeaseGrant", "TTL: 1000 ID: 1"),
    ("Cluster/MemberAdd", r#"peerURLs: "nonsense" isLearner: true"#),
    ("Auth/UserAdd", r#"name: "u""#),
    ("Auth/RoleAdd", r#"name: "r""#),
];

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for method in schema::methods() {
        let proper = PROPER.iter().find(|(name, _)| *name == schema::short_name(&method));
        let proper = schema::request(&method, proper.map_or("", |(_, text)| text));
        let proper = proper.expect("it is a request");
        malformed(&method, &mut rows);
        for field in method.input().fields() {
            for (what, bytes) in bad_values(&field) {
                let bytes = [&proper[..], &bytes[..]].concat().into();
                let what = format!("{} {what}", field.name());
                let instead = instead(&field, &what);
                rows.push(Row { method: method.clone(), what, bytes, instead });
            }
        }
    }
    adversarial(&mut rows);
    rows
}

/// Bytes that are no message at all, whatever the method.
fn malformed(method: &MethodDescriptor, rows: &mut Vec<Row>) {
    let oversized = field_header(1_000, 2, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX);
    let bodies: [(&str, Vec<u8>); 12] = [
        ("empty", vec![]),
        ("oversized", oversized),
        ("an unknown field", vec![0xc2, 0x3e, 2, b'h', b'i']),
        ("an unknown group", vec![0xc3, 0x3e, 0xc4, 0x3e]),
        ("a number without its end", vec![0xc0, 0x3e, 0x80]),
        ("a number of eleven bytes", [&[0xc0, 0x3e][..], &[0x80; 10], &[1]].concat()),
        ("bytes that are not there", vec![0xc2, 0x3e, 5, b'h', b'i']),
        ("a length beyond everything", [&[0xc2, 0x3e][..], &[0xff; 8], &[0x7f]].concat()),
        ("field 0", vec![0, 1]),
        ("wire type 6", vec![0x0e]),
        ("the end of a group that was not begun", vec![0x0c]),
        ("a group without its end", vec![0xc3, 0x3e, 8, 1]),
    ];
    for (what, bytes) in bodies {
        let what = what.to_owned();
        rows.push(Row { method: method.clone(), what, bytes: bytes.into(), instead: None });
    }
}

/// Values that a field should not have.
fn bad_values(field: &FieldDescriptor) -> Vec<(String, Vec<u8>)> {
    let number = field.number();
    let varint = |value: i64| {
        let mut bytes = key(number, 0);
        put_varint(&mut bytes, value.cast_unsigned());
        bytes
    };
    let delimited = |value: &[u8]| {
        let mut bytes = key(number, 2);
        put_varint(&mut bytes, value.len() as u64);
        bytes.extend_from_slice(value);
        bytes
    };
    let mut rows =
        vec![("as a fixed 32-bit number".to_owned(), [key(number, 5), vec![0; 4]].concat())];
    match field.kind() {
        Kind::Int64 | Kind::Uint64 => {
            rows.push(("as bytes".to_owned(), delimited(b"abc")));
            for value in [-1, i64::MIN, i64::MAX] {
                rows.push((format!("{value}"), varint(value)));
            }
        }
        Kind::Enum(_) => {
            for value in [9, -1, i64::from(i32::MIN), i64::MAX] {
                rows.push((format!("{value}"), varint(value)));
            }
        }
        Kind::Bool => rows.push(("2".to_owned(), varint(2))),
        Kind::String => {
            rows.push(("as a number".to_owned(), varint(5)));
            rows.push(("invalid UTF-8".to_owned(), delimited(b"\xff\xfe")));
            rows.push(("of 16 KiB".to_owned(), delimited(&[b'x'; 16_384])));
        }
        Kind::Bytes => {
            rows.push(("as a number".to_owned(), varint(5)));
            rows.push(("cut off".to_owned(), [key(number, 2), vec![9, 1]].concat()));
        }
        Kind::Message(_) => {
            rows.push(("as a number".to_owned(), varint(5)));
            rows.push(("empty".to_owned(), delimited(b"")));
            rows.push(("with field 0".to_owned(), delimited(b"\0\x01")));
            rows.push(("cut off inside".to_owned(), delimited(b"\x0a\x09a")));
        }
        _ => {}
    }
    if field.cardinality() == Cardinality::Repeated {
        rows.push(("a thousand times".to_owned(), delimited(b"").repeat(1_000)));
    }
    rows
}

/// Rows that are not sent to etcd, or that it answers in a way that we do not want.
fn instead(field: &FieldDescriptor, what: &str) -> Option<(&'static str, &'static str)> {
    // 9, -1 and the like.
    let is_unknown = what.ends_with(|last: char| last.is_ascii_digit());
    match field.name() {
        "sort_order" | "sort_target" if is_unknown => Some((
            "InvalidArgument etcdserver: invalid sort option",
            "etcd 3.5.16 ends itself over an order that it does not know; 3.6 answers so",
        )),
        "action" if is_unknown && field.parent_message().name() == "AlarmRequest" => {
            Some(("OK", "etcd 3.5.16 ends itself over an action that it does not know"))
        }
        _ if what.ends_with("invalid UTF-8") => Some((
            UNREADABLE_CALL,
            "protobuf says that a string is UTF-8; the decoder of etcd 3.5 does not look",
        )),
        _ => None,
    }
}

/// Requests that are proper messages, and meant badly.
fn adversarial(rows: &mut Vec<Row>) {
    let mut add = |method: &str, what: &str, bytes: Bytes| {
        let (method, what) = (schema::method(method), what.to_owned());
        rows.push(Row { method, what, bytes, instead: None });
    };
    let text = |method: &str, text: &str| {
        schema::request(&schema::method(method), text).expect("it is a request")
    };
    for (what, bytes) in [
        ("a key of 1.5 MiB", field_header(1, 2, REQUEST_BYTES_MAX, REQUEST_BYTES_MAX)),
        ("a key of 1.5 MB", field_header(1, 2, 1_500_000, 1_500_000)),
    ] {
        add("KV/Range", what, bytes.clone().into());
        add("KV/Put", what, bytes.clone().into());
        add("KV/DeleteRange", what, bytes.into());
    }
    let value = field_header(2, 2, REQUEST_BYTES_MAX, REQUEST_BYTES_MAX);
    add("KV/Put", "a value of 1.5 MiB", [&b"\x0a\x01a"[..], &value].concat().into());
    let value = field_header(2, 2, 1_048_576, 1_048_576);
    add("KV/Put", "a value of 1 MiB", [&b"\x0a\x01a"[..], &value].concat().into());
    for count in [128, 129, 1_000] {
        let what = format!("{count} operations");
        let ops: String =
            (0..count).map(|n| format!(r#"success {{ request_put {{ key: "{n}" }} }} "#)).collect();
        add("KV/Txn", &what, text("KV/Txn", &ops));
        let ranges = r#"failure { request_range { key: "a" } } "#.repeat(count);
        add("KV/Txn", &format!("{what} that are not done"), text("KV/Txn", &ranges));
        let compares = r#"compare { key: "a" version: 1 } "#.repeat(count);
        add("KV/Txn", &format!("{count} compares"), text("KV/Txn", &compares));
    }
    for depth in [2, 20, 45] {
        add("KV/Txn", &format!("nested {depth} deep"), nested(depth));
    }
    let one = r#"success { request_txn { success { request_put { key: "n" } } } } "#;
    add("KV/Txn", "128 nested operations", text("KV/Txn", &one.repeat(128)));
    let inner = r#"success { request_range { key: "a" } } "#;
    for count in [126, 127, 128] {
        let nested = format!("success {{ request_txn {{ {} }} }}", inner.repeat(count));
        add("KV/Txn", &format!("{count} inside of one"), text("KV/Txn", &nested));
    }
    let urls = r#"peerURLs: "http://127.77.250.1:2380" "#.repeat(500);
    add(
        "Cluster/MemberAdd",
        "500 times the same URL and nonsense",
        text("Cluster/MemberAdd", &format!("{urls} peerURLs: \"x\"")),
    );
    // etcd nests as deep as the message is long, and its stack grows with it.
    for depth in [60, 1_000, 100_000] {
        rows.push(Row {
            method: schema::method("KV/Txn"),
            what: format!("nested {depth} deep"),
            bytes: nested(depth),
            instead: Some((
                UNREADABLE_CALL,
                "messages nest a hundred deep at most: a stack has an end",
            )),
        });
    }
}

/// A transaction in a transaction in a transaction.
fn nested(depth: usize) -> Bytes {
    let (mut heads, mut length) = (Vec::new(), 0);
    for _ in 0..depth {
        // From the inside: RequestOp.request_txn, then TxnRequest.success.
        for number in [4, 2] {
            let mut head = key(number, 2);
            put_varint(&mut head, length);
            length += head.len() as u64;
            heads.push(head);
        }
    }
    heads.into_iter().rev().flatten().collect()
}

/// A field of `claimed` bytes of which `there` are there.
fn field_header(number: u32, kind: u8, claimed: usize, there: usize) -> Vec<u8> {
    let mut bytes = key(number, kind);
    put_varint(&mut bytes, claimed as u64);
    bytes.extend(std::iter::repeat_n(b'x', there));
    bytes
}

fn key(number: u32, kind: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, u64::from(number) << 3 | u64::from(kind));
    bytes
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}
