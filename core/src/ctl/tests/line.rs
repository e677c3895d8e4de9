//! Splitting and completing what is typed into a terminal.

use crate::ctl::{complete, words};

#[test]
fn words_follow_a_shells_quotes() {
    for (line, expected) in [
        ("", &[][..]),
        ("  put  foo bar ", &["put", "foo", "bar"]),
        (r#"put foo "Hello World!""#, &["put", "foo", "Hello World!"]),
        (r"put foo 'a \ b'", &["put", "foo", r"a \ b"]),
        (r#"a\ b "c\"d" "e\f" ''"#, &["a b", "c\"d", r"e\f", ""]),
        (r#"glue"d to"'gether'"#, &["glued together"]),
    ] {
        assert_eq!(words(line).unwrap(), expected, "{line}");
    }
    assert_eq!(words("put 'foo").unwrap_err(), "a ' stays open: close it");
    assert_eq!(words("put foo\\").unwrap_err(), "a backslash ends the line: remove it");
}

#[test]
fn completes_commands_flags_and_values() {
    for (line, expected) in [
        ("ge", &["get"][..]),
        ("endpoint ", &["hashkv", "health", "status"]),
        ("end st", &["status"]),
        ("get --pre", &["--prefix"]),
        ("get --pri", &["--print-value-only"]),
        ("get -w ", &["fields", "json", "protobuf", "simple", "table"]),
        ("get --write-out=j", &["--write-out=json"]),
        ("--endpoints a,b mem", &["member"]),
        ("endpoint status --clu", &["--cluster"]),
        ("get --order ", &["ASCEND", "DESCEND"]),
        ("get foo", &[]),
        ("get 'open", &[]),
        ("nonsense --help", &["--help"]),
    ] {
        assert_eq!(complete(line), expected, "{line}");
    }
    assert!(complete("").contains(&"txn".to_owned()));
}
