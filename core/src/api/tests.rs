use bytes::Bytes;
use prost::Message;

use super::*;

#[test]
fn a_put_has_etcds_bytes() {
    let put = PutRequest {
        key: Bytes::from_static(b"k"),
        value: Bytes::from_static(b"v"),
        lease: 300,
        prev_kv: true,
        ..Default::default()
    };
    assert_eq!(put.encode_to_vec(), b"\x0a\x01k\x12\x01v\x18\xac\x02\x20\x01");
}

#[test]
fn decoding_bytes_shares_the_buffer() {
    let buffer = Bytes::from_static(b"\x0a\x03key");
    let put = PutRequest::decode(buffer.clone()).unwrap();
    assert_eq!(put.key.as_ptr(), buffer[2..].as_ptr());
}

#[test]
fn names_are_etcds() {
    let hash = Request::from(HashKvRequest { revision: 0 });
    assert_eq!((hash.name(), hash.path()), ("HashKV", "/etcdserverpb.Maintenance/HashKV"));
}

#[test]
fn a_header_is_created_when_absent() {
    let mut response = Response::from(PutResponse::default());
    assert_eq!(response.header(), None);
    response.header_mut().revision = 7;
    assert_eq!(response.header().map(|header| header.revision), Some(7));
}

#[test]
fn an_error_prints_its_text_and_keeps_its_number() {
    assert_eq!(
        Error::COMPACTED.to_string(),
        "etcdserver: mvcc: required revision has been compacted"
    );
    assert_eq!(Error::COMPACTED.code.number(), 11);
    assert!(Error::is_etcd_text("etcdserver: no leader"));
    assert!(!Error::is_etcd_text("no leader"));
}

#[test]
fn texts_are_unique_and_codes_survive_their_number() {
    let mut texts: Vec<_> = Error::ALL.iter().map(|error| &error.message).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), Error::ALL.len());
    for number in 0..=16 {
        assert_eq!(Code::from_number(number).number(), number);
    }
    assert_eq!(Code::from_number(17), Code::Unknown);
    assert_eq!(Code::from_number(-1), Code::Unknown);
}
