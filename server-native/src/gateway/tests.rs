use prost::Message as _;

use super::decode::decode;
use super::encode::encode;
use super::routes;
use super::schema::{MessageId, Schema};
use super::syntax::first_value;

fn mapped(schema: &Schema, message: MessageId, json: &str) -> Result<String, String> {
    let end = first_value(json.as_bytes())?;
    let mut wire = Vec::new();
    decode(schema, message, &json.as_bytes()[..end], &mut wire)?;
    let mut text = String::new();
    encode(schema, message, &wire, &mut text).expect("what was written can be read");
    Ok(text)
}

fn range(json: &str) -> Result<String, String> {
    let schema = Schema::new();
    let message = schema.find_message("etcdserverpb.RangeRequest").unwrap();
    mapped(&schema, message, json)
}

#[test]
fn every_route_is_a_method_and_every_method_has_a_route() {
    let schema = Schema::new();
    for method in routes::methods() {
        assert!(schema.method(method).is_some(), "{method}");
    }
    for file in crate::descriptors::files() {
        for service in file.service.iter().filter(|_| !file.package().starts_with("grpc.")) {
            for method in &service.method {
                let path = format!("{}.{}/{}", file.package(), service.name(), method.name());
                assert!(routes::methods().any(|known| known == path), "{path} has no route");
            }
        }
    }
}

#[test]
fn values_are_read_in_all_their_forms() {
    let same = |json: &str, wanted: &str| assert_eq!(range(json).as_deref(), Ok(wanted), "{json}");
    same("{}", "{}");
    same(r#"{"key":"YQ=="}"#, r#"{"key":"YQ=="}"#);
    same(r#"{"key":"YQ"}"#, r#"{"key":"YQ=="}"#);
    same(r#"{"key":"_-8="}"#, r#"{"key":"/+8="}"#);
    same(r#"{"\u006bey":"YQ=="} and more"#, r#"{"key":"YQ=="}"#);
    same(r#"{"rangeEnd":"YQ==","limit":7}"#, r#"{"range_end":"YQ==","limit":"7"}"#);
    for seven in ["7", "\"7\"", "7.0", "0.7e1", "700e-2", "\"70e-1\""] {
        same(&format!("{{\"limit\":{seven}}}"), r#"{"limit":"7"}"#);
    }
    same(r#"{"limit":"-9223372036854775808"}"#, r#"{"limit":"-9223372036854775808"}"#);
    same(
        r#"{"sort_order":"DESCEND","sortTarget":1}"#,
        r#"{"sort_order":"DESCEND","sort_target":"VERSION"}"#,
    );
    same(r#"{"sort_order":"SIDEWAYS","nothing":[{"a":null}],"key":null}"#, "{}");
    same(r#"{"sort_order":9}"#, r#"{"sort_order":9}"#);
}

#[test]
fn what_is_wrong_is_said_in_gos_words() {
    let wrong = |json: &str, why: &str| assert_eq!(range(json), Err(why.to_owned()), "{json}");
    wrong(
        "{\"key\":\"YQ==\",}",
        "invalid character '}' looking for beginning of object key string",
    );
    wrong("{\"a\":tru}", "invalid character '}' in literal true (expecting 'e')");
    wrong("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair");
    wrong("{\"a\":\"\u{1}\"}", "invalid character '\\x01' in string literal");
    wrong("{\"key\":\"YQ==\"", "unexpected EOF");
    wrong("01", "proto: syntax error (line 1:1): unexpected token 0");
    wrong("[]", "proto: syntax error (line 1:1): unexpected token [");
    wrong("{\"key\":5}", "proto: (line 1:8): invalid value for bytes field key: 5");
    wrong("{\"key\":\"YQ=\"}", "proto: (line 1:8): invalid value for bytes field key: \"YQ=\"");
    wrong("{\"key\":\"Y-/=\"}", "proto: (line 1:8): invalid value for bytes field key: \"Y-/=\"");
    wrong("{\n\"limit\":\n\"z\"}", "proto: (line 3:1): invalid value for int64 field limit: \"z\"");
    for number in ["1.5", "1e400", "99999999999999999999", "true", "\"\"", "\" 1\""] {
        let why = format!("proto: (line 1:10): invalid value for int64 field limit: {number}");
        wrong(&format!("{{\"limit\":{number}}}"), &why);
    }
    wrong("{\"key\":\"\\ud800\"}", "proto: unexpected EOF");
    wrong(r#"{"key":"","key":""}"#, "proto: (line 1:11): duplicate field \"key\"");
    let deep = format!("{}{}", "[".repeat(10_001), "]".repeat(10_001));
    wrong(&deep, "invalid character '[' exceeded max depth");
}

#[test]
fn messages_of_core_go_there_and_back() {
    use glasshouse_core::api::{Compare, RequestOp, TxnRequest, request_op};
    let schema = Schema::new();
    let message = schema.find_message("etcdserverpb.TxnRequest").unwrap();
    let nested = TxnRequest { compare: vec![Compare::default()], ..TxnRequest::default() };
    let op = RequestOp { request: Some(request_op::Request::RequestTxn(nested)) };
    let txn = TxnRequest { success: vec![op, RequestOp::default()], ..TxnRequest::default() };
    let mut json = String::new();
    encode(&schema, message, &txn.encode_to_vec(), &mut json).unwrap();
    assert_eq!(json, r#"{"success":[{"request_txn":{"compare":[{}]}},{}]}"#);
    let mut wire = Vec::new();
    decode(&schema, message, json.as_bytes(), &mut wire).unwrap();
    assert_eq!(TxnRequest::decode(&wire[..]).unwrap(), txn);
}

/// Bodies that nobody should send: texts that were right, with bytes changed, cut out and doubled.
#[test]
fn a_hundred_thousand_random_bodies_change_nothing() {
    const TEXTS: [&str; 4] = [
        r#"{"compare":[{"result":"EQUAL","target":"VALUE","key":"YQ==","value":"YmFy"}],"success":[{"request_put":{"key":"Yg==","value":"eA==","lease":"1e1"}}]}"#,
        r#"{"success":[{"request_txn":{"failure":[{"request_range":{"key":"\u0000\ud83d\ude00","limit":-1.50}}]}}],"foo":[true,false,null]}"#,
        r#"{"failure":[{"requestDeleteRange":{"prev_kv":true,"rangeEnd":"AA"}},{}]} {"a":1}"#,
        r#"[{"compare":[{"version":9223372036854775807,"create_revision":"12"}]}]"#,
    ];
    const STRAYS: &[u8] = b"{}[]\",:\\0-.eE \xff\n";
    let schema = Schema::new();
    let message = schema.find_message("etcdserverpb.TxnRequest").unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap() % limit
    };
    let mut accepted = 0;
    for _ in 0..100_000 {
        let mut text = TEXTS[below(TEXTS.len())].as_bytes().to_vec();
        for _ in 0..below(4) {
            let at = below(text.len());
            match below(4) {
                0 => text[at] = u8::try_from(below(256)).unwrap(),
                1 => drop(text.splice(at..(at + below(9)).min(text.len()), [])),
                2 => text.insert(at, STRAYS[below(STRAYS.len())]),
                _ => {
                    let piece = text[at..(at + below(40)).min(text.len())].to_vec();
                    text.splice(at..at, piece);
                }
            }
            if text.is_empty() {
                text.push(b'{');
            }
        }
        let Ok(end) = first_value(&text) else { continue };
        let mut wire = Vec::new();
        if decode(&schema, message, &text[..end], &mut wire).is_ok() && end > 0 {
            accepted += 1;
            assert!(wire.len() <= text.len() * 2, "a message is no larger than its text");
            let mut json = String::new();
            encode(&schema, message, &wire, &mut json).expect("what was written can be read");
        }
    }
    assert!((20_000..95_000).contains(&accepted), "{accepted} of them are right");
}
