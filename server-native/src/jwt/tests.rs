//! Tokens against keys that a test makes, and what is no token.

use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use super::*;

const NOW: Duration = Duration::from_secs(1_700_000_000);

fn file(name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = std::env::temp_dir().join(format!("glasshouse-jwt-{}-{name}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn options(method: Method, public: Option<&Path>, private: Option<&Path>) -> JwtOptions {
    JwtOptions {
        method,
        public: public.map(Path::to_owned),
        private: private.map(Path::to_owned),
        ttl: Duration::from_mins(5),
        unknown: Vec::new(),
    }
}

fn claims() -> Claims {
    Claims { user: String::from("ann"), revision: 7 }
}

#[test]
fn what_one_key_of_a_pair_signs_the_other_verifies() {
    for (method, algorithm) in [
        (Method::Es256, &PKCS_ECDSA_P256_SHA256),
        (Method::Es384, &PKCS_ECDSA_P384_SHA384),
        (Method::EdDsa, &PKCS_ED25519),
    ] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let name = method.name();
        let private = file(&format!("{name}.key"), pair.serialize_pem());
        let public = file(&format!("{name}.pub"), pair.public_key_pem());
        let signs = Jwt::open(&options(method, Some(&public), Some(&private))).unwrap();
        let verifies = Jwt::open(&options(method, Some(&public), None)).unwrap();
        let token = signs.sign_at(&claims(), NOW).unwrap();
        assert_eq!(signs.verify_at(&token, NOW), Some(claims()));
        assert_eq!(verifies.verify_at(&token, NOW), Some(claims()));
        assert_eq!(verifies.sign(&claims()), None);
        // Too late, or not what was signed.
        assert_eq!(verifies.verify_at(&token, NOW + Duration::from_mins(5)), None);
        let (said, signature) = token.rsplit_once('.').unwrap();
        let (head, _) = said.split_once('.').unwrap();
        let root = BASE64_URL_SAFE_NO_PAD.encode(r#"{"revision":7,"username":"root"}"#);
        assert_eq!(verifies.verify_at(&format!("{head}.{root}.{signature}"), NOW), None);
        let other = KeyPair::generate_for(algorithm).unwrap();
        let other = file(&format!("{name}.other"), other.public_key_pem());
        let error = Jwt::open(&options(method, Some(&other), Some(&private))).unwrap_err();
        assert_eq!(error, JwtError::Mismatch);
    }
}

#[test]
fn a_token_is_what_rfc_7519_says() {
    let secret = file("secret", "secret");
    let jwt = Jwt::open(&options(Method::Hs(256), None, Some(&secret))).unwrap();
    let token = jwt.sign_at(&claims(), NOW).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let text =
        |part: &str| String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(text(parts[0]), r#"{"alg":"HS256","typ":"JWT"}"#);
    assert_eq!(text(parts[1]), r#"{"exp":1700000300,"revision":7,"username":"ann"}"#);
    assert_eq!(jwt.verify_at(&token, NOW), Some(claims()));
}

#[test]
fn nobody_gets_in_with_what_is_no_token() {
    let secret = file("hostile", "secret");
    let jwt = Jwt::open(&options(Method::Hs(256), None, Some(&secret))).unwrap();
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = |head: &str, body: &str| {
        let said = format!("{}.{}", encode(head), encode(body));
        let signature = jwt.key.signer().unwrap().sign(Method::Hs(256), said.as_bytes()).unwrap();
        format!("{said}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    };
    let head = r#"{"alg":"HS256"}"#;
    let good = r#"{"revision":7,"username":"ann"}"#;
    assert_eq!(jwt.verify_at(&signed(head, good), NOW), Some(claims()));
    for (head, body) in [
        (r#"{"alg":"none"}"#, good),
        (r#"{"alg":"HS512"}"#, good),
        (r#"{}"#, good),
        (r#"[1"#, good),
        (head, r#"{"revision":7}"#),
        (head, r#"{"username":"ann"}"#),
        (head, r#"{"revision":"7","username":"ann"}"#),
        (head, r#"{"revision":-7,"username":"ann"}"#),
        (head, r#"{"revision":7.5,"username":"ann"}"#),
        (head, r#"{"revision":1e300,"username":"ann"}"#),
        (head, r#"{"exp":"soon","revision":7,"username":"ann"}"#),
        (head, r#"{"exp":1,"revision":7,"username":"ann"}"#),
        (head, r#"{"nbf":1800000000,"revision":7,"username":"ann"}"#),
        (head, "7"),
    ] {
        assert_eq!(jwt.verify_at(&signed(head, body), NOW), None, "{head} {body}");
    }
    for token in ["", ".", "..", "a.b.c", "abc", "....", "\u{e9}.\u{e9}.\u{e9}"] {
        assert_eq!(jwt.verify_at(token, NOW), None, "{token}");
    }
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(good));
    assert_eq!(jwt.verify_at(&unsigned, NOW), None);
}

#[test]
fn the_flag_is_read_as_by_etcd() {
    let parse = |text: &str| {
        JwtOptions::parse(text, |text| {
            text.strip_suffix('m')?.parse().ok().map(Duration::from_mins)
        })
    };
    assert_eq!(parse("simple"), Ok(None));
    let jwt = parse("jwt,pub-key=a,priv-key=b,sign-method=RS256,ttl=10m,x=y").unwrap().unwrap();
    assert_eq!((jwt.method, jwt.ttl), (Method::Rs(256), Duration::from_mins(10)));
    assert_eq!((jwt.public, jwt.private), (Some("a".into()), Some("b".into())));
    assert_eq!(jwt.unknown, ["x"]);
    for wrong in [
        "",
        "token",
        "jwt",
        "jwt,sign-method",
        "jwt,sign-method=RS1",
        "jwt,sign-method=RS256,sign-method=RS256",
        "jwt,sign-method=RS256,ttl=long",
        "jwt,sign-method=RS256=x",
    ] {
        assert_eq!(parse(wrong), Err(JwtError::Options), "{wrong}");
    }
    let unbuilt = parse("jwt,sign-method=ES512").unwrap_err();
    assert!(unbuilt.to_string().contains("ES512 is not supported"));
    assert_eq!(Jwt::open(&options(Method::EdDsa, None, None)).unwrap_err(), JwtError::NoKey);
}
