//! Go's texts. The expected values are what programs in Go print, collected from etcdctl's output
//! and from the documentation of `strconv`, `time` and `encoding/json`.

use crate::ctl::go::*;

#[test]
fn quotes_as_strconv_does() {
    for (text, quoted) in [
        (b"plain 'single' text".as_slice(), r#""plain 'single' text""#),
        (b"\"\\\x07\x08\x0c\n\r\t\x0b", r#""\"\\\a\b\f\n\r\t\v""#),
        (b"\x00\x1f\x7f", r#""\x00\x1f\x7f""#),
        (b"caf\xc3\xa9 \xe2\x98\xba", "\"café ☺\""),
        (b"\xff\xc3", r#""\xff\xc3""#),
        ("\u{ad}\u{a0}\u{3000}".as_bytes(), r#""\u00ad\u00a0\u3000""#),
        ("e\u{301}".as_bytes(), "\"e\u{301}\""),
        ("\u{10ffff}".as_bytes(), r#""\U0010ffff""#),
    ] {
        assert_eq!(quote(text), quoted);
        assert_eq!(unquote(quoted.as_bytes()).unwrap(), (text.to_vec(), b"".as_slice()));
    }
    assert_eq!(quote_rune('\''), r"'\''");
}

#[test]
fn unquotes_what_go_does_and_nothing_else() {
    let text = |text: &'static [u8]| unquote(text).map(|(value, _)| value);
    assert_eq!(text(br#""\x41\101\u00e4" rest"#), Some("AAä".into()));
    assert_eq!(text(br"`raw \n`"), Some(br"raw \n".to_vec()));
    for wrong in
        [&b"\"open"[..], b"\"\\q\"", b"\"\\x4\"", b"\"\\400\"", b"\"\\ud800\"", b"bare", b"`open"]
    {
        assert_eq!(text(wrong), None, "{}", wrong.escape_ascii());
    }
}

#[test]
fn reads_numbers_as_strconv_does() {
    for (text, value) in [
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("0x_1F", 31),
        ("0b101", 5),
        ("0o17", 15),
        ("017", 15),
        ("1_000", 1000),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(parse_int(text.as_bytes(), 0), Ok(value), "{text}");
    }
    for text in ["", "-", "x", "08", "1__0", "_1", "1_", "0x", "1.0", " 1"] {
        let error = parse_int(text.as_bytes(), 0).unwrap_err();
        assert_eq!(error, format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
    }
    for text in
        ["9223372036854775808", "-9223372036854775809", "99999999999999999999999999999999999999999"]
    {
        let error = parse_int(text.as_bytes(), 10).unwrap_err();
        assert_eq!(error, format!("strconv.ParseInt: parsing {text:?}: value out of range"));
    }
    assert_eq!(parse_int(b"ffffffffffffff", 16), Ok(0x00ff_ffff_ffff_ffff));
}

#[test]
fn reads_and_prints_durations_as_time_does() {
    for (text, nanos, printed) in [
        ("0", 0, "0s"),
        ("5s", 5_000_000_000, "5s"),
        ("1h2m3.5s", 3_723_500_000_000, "1h2m3.5s"),
        ("1.896947ms", 1_896_947, "1.896947ms"),
        ("1500us", 1_500_000, "1.5ms"),
        ("7µs", 7_000, "7µs"),
        (".5s", 500_000_000, "500ms"),
        ("1.s", 1_000_000_000, "1s"),
        ("-90s", -90_000_000_000, "-1m30s"),
        ("3ns", 3, "3ns"),
        ("60m", 3_600_000_000_000, "1h0m0s"),
    ] {
        assert_eq!(parse_duration(text.as_bytes()), Ok(nanos), "{text}");
        assert_eq!(duration(nanos), printed);
    }
    for (text, error) in [
        ("", "time: invalid duration \"\""),
        ("-", "time: invalid duration \"-\""),
        (".s", "time: invalid duration \".s\""),
        ("5", "time: missing unit in duration \"5\""),
        ("1d", "time: unknown unit \"d\" in duration \"1d\""),
        ("9999999999h", "time: invalid duration \"9999999999h\""),
    ] {
        assert_eq!(parse_duration(text.as_bytes()).unwrap_err(), error);
    }
}

#[test]
fn writes_json_as_go_does() {
    assert_eq!(
        json_string("a\"b\\c\n<&>\u{1}\u{2028}é"),
        r#""a\"b\\c\n\u003c\u0026\u003e\u0001\u2028é""#
    );
    assert_eq!(
        ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes())),
        ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
    );
}
