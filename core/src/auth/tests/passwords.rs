//! Hashes that others made, and tokens that end.

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::auth::password::{from_log, to_log};
use crate::auth::tokens::{Tokens, index_of, new_prefix, with_index};
use crate::auth::{Password, PasswordOutcome, PasswordTask};

fn check(password: &str, hash: &str) -> bool {
    let (password, hash) = (Password(password.to_owned()), hash.to_owned().into());
    PasswordTask::Check { password, hash }.run() == PasswordOutcome::Checked(true)
}

fn hash(password: &str, cost: u32) -> String {
    let task = PasswordTask::Hash {
        password: Password(password.to_owned()),
        cost,
        salt: *b"sixteen bytes ok",
    };
    let PasswordOutcome::Hashed(hash) = task.run() else { unreachable!() };
    hash
}

/// Vectors of OpenBSD's own test of bcrypt, which jBCrypt and Go carry, too.
#[test]
fn hashes_of_other_implementations_are_understood() {
    let known = [
        ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
        ("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        (
            "abcdefghijklmnopqrstuvwxyz",
            "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
        ),
    ];
    for (password, hash) in known {
        assert!(check(password, hash), "{password}");
        assert!(!check("other", hash));
    }
}

#[test]
fn what_is_hashed_is_recognised_and_nothing_else() {
    let stored = hash("correct horse", 4);
    assert!(stored.starts_with("$2a$04$") && stored.len() == 60, "{stored}");
    assert!(check("correct horse", &stored));
    assert!(!check("correct horse ", &stored) && !check("", &stored));
    for none in ["", "$2a$04$", "not a hash at all", &stored[1..], &stored.replace("$04", "$99")] {
        assert!(!check("correct horse", none));
    }
    assert_eq!(from_log(&to_log(&stored)).unwrap(), stored);
    assert_eq!(from_log("no base64!"), None);
    let shown = format!("{:?}", Password("secret".to_owned()));
    assert!(!shown.contains("secret"));
}

#[test]
fn a_token_lives_as_long_as_it_is_used() {
    let mut tokens = Tokens::new(10);
    tokens.assign("one.5".to_owned(), "alice", 0);
    tokens.assign("two.6".to_owned(), "alice", 0);
    tokens.assign("three.7".to_owned(), "bob", 0);
    assert_eq!(tokens.use_token("one.5", 8), Some("alice"));
    tokens.expire(11);
    assert_eq!(tokens.use_token("two.6", 11), None);
    assert_eq!(tokens.use_token("one.5", 18), Some("alice"));
    assert_eq!(tokens.len(), 1);
    tokens.drop_user("alice");
    assert_eq!(tokens.use_token("one.5", 18), None);
}

#[test]
fn a_token_names_the_index_that_made_it() {
    let prefix = new_prefix(&mut ChaCha8Rng::seed_from_u64(1));
    assert!(prefix.len() == 16 && prefix.bytes().all(|letter| letter.is_ascii_alphabetic()));
    assert_eq!(index_of(&with_index(&prefix, 12)), Some(12));
    for none in ["", "abc", "abc.", "abc.x", "abc.+1", "a.1.2"] {
        assert_eq!(index_of(none), None, "{none}");
    }
}
