//! Simple tokens: who proved a password a while ago.
//!
//! A token is sixteen random letters and the index of the log entry that assigned it: every member
//! that has applied so far knows it, and one that has not yet waits for the index instead of refusing
//! the client. Tokens are memory, not state: a member that restarts knows none, and clients prove
//! themselves again. Each member counts for itself how long a token was not used, in ticks.
//!
//! Source: etcd `server/auth/simple_token.go`.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::RngCore;

use crate::limits;

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PREFIX_LETTERS: usize = 16;

#[derive(Clone, Debug)]
struct Token {
    user: String,
    ends_at_tick: u64,
}

/// The tokens that a member accepts.
#[derive(Debug)]
pub(crate) struct Tokens {
    ttl_ticks: u64,
    tokens: BTreeMap<String, Token>,
    by_end: BTreeSet<(u64, String)>,
}

impl Tokens {
    /// No tokens; each will end when it was not used for `ttl_ticks`.
    pub(crate) fn new(ttl_ticks: u64) -> Self {
        Self { ttl_ticks: ttl_ticks.max(1), tokens: BTreeMap::new(), by_end: BTreeSet::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(crate) fn assign(&mut self, token: String, user: &str, tick: u64) {
        if self.tokens.len() >= limits::TOKENS_MAX
            && let Some((_, oldest)) = self.by_end.pop_first()
        {
            self.tokens.remove(&oldest);
        }
        let ends_at_tick = tick + self.ttl_ticks;
        self.by_end.insert((ends_at_tick, token.clone()));
        self.tokens.insert(token, Token { user: user.to_owned(), ends_at_tick });
    }

    /// The user of a token, which lives on because it was used.
    pub(crate) fn use_token(&mut self, token: &str, tick: u64) -> Option<&str> {
        let known = self.tokens.get_mut(token)?;
        let ends_at_tick = tick + self.ttl_ticks;
        if known.ends_at_tick != ends_at_tick {
            self.by_end.remove(&(known.ends_at_tick, token.to_owned()));
            self.by_end.insert((ends_at_tick, token.to_owned()));
            known.ends_at_tick = ends_at_tick;
        }
        Some(&known.user)
    }

    /// Forgets what was not used for too long.
    pub(crate) fn expire(&mut self, tick: u64) {
        while self.by_end.first().is_some_and(|(end, _)| *end < tick) {
            if let Some((_, token)) = self.by_end.pop_first() {
                self.tokens.remove(&token);
            }
        }
    }

    /// Forgets the tokens of one user.
    pub(crate) fn drop_user(&mut self, user: &str) {
        self.tokens.retain(|_, token| token.user != user);
        self.by_end.retain(|(_, token)| self.tokens.contains_key(token));
    }

    pub(crate) fn clear(&mut self) {
        self.tokens.clear();
        self.by_end.clear();
    }
}

/// The random part of a new token.
pub(crate) fn new_prefix(random: &mut impl RngCore) -> String {
    let letter = |_| char::from(LETTERS[usize::try_from(random.next_u64() % 52).unwrap_or(0)]);
    (0..PREFIX_LETTERS).map(letter).collect()
}

/// A token as etcd writes it.
pub(crate) fn with_index(prefix: &str, index: u64) -> String {
    format!("{prefix}.{index}")
}

/// The index that must be applied before a token can be judged; `None` when it is no token.
pub(crate) fn index_of(token: &str) -> Option<u64> {
    let (_, index) = token.split_once('.')?;
    let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    if digits { index.parse().ok() } else { None }
}
