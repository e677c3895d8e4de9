//! Passwords: slow on purpose, so never inside a step.
//!
//! [bcrypt](https://www.usenix.org/legacy/events/usenix99/provos/provos.pdf) takes tens of milliseconds for one
//! guess, and that is its use: who steals the hashes can try only a few. A node that did this in a step would
//! send no heartbeat meanwhile. So it asks the world ([`Effect::Password`](crate::Effect::Password)), which runs
//! the task beside the node and gives back what came out ([`Input::Password`](crate::Input::Password)).
//!
//! The log holds hashes, never passwords. The salt is drawn by the node, so a task is a function of its
//! fields: the same in every run of a seed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// Least cost of a hash: 2^4 rounds (Go's `bcrypt.MinCost`).
pub const COST_MIN: u32 = 4;
/// Greatest cost of a hash: 2^31 rounds, which takes hours (Go's `bcrypt.MaxCost`).
pub const COST_MAX: u32 = 31;
/// Cost when none is given: 2^10 rounds (`--bcrypt-cost`; Go's `bcrypt.DefaultCost`).
pub const COST_DEFAULT: u32 = 10;

/// Bytes of a password that bcrypt looks at; a longer one is refused rather than cut.
pub(crate) const PASSWORD_BYTES_MAX: usize = 72;
/// Bytes of a hash that are written down; the last one of bcrypt's 24 is not.
const DIGEST_BYTES: usize = 23;
/// Letters of cost, salt and digest: `$2a$10$`, 22, 31.
const HASH_LETTERS: usize = 60;

/// A password. It shows itself to nobody who only prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Work with a password that the world does for the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordTask {
    /// Hash it.
    Hash {
        /// The password, at most 72 bytes.
        password: Password,
        /// Binary logarithm of the rounds.
        cost: u32,
        /// Makes hashes of equal passwords unequal.
        salt: [u8; 16],
    },
    /// Compare it with a hash.
    Check {
        /// What the client says.
        password: Password,
        /// What the store holds.
        hash: Bytes,
    },
}

/// What came out of a [`PasswordTask`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordOutcome {
    /// The hash, in bcrypt's own letters: `$2a$10$...`.
    Hashed(String),
    /// Whether it was the right one.
    Checked(bool),
}

impl PasswordTask {
    /// Does the work. It takes about 2^cost times 50 microseconds.
    #[must_use]
    pub fn run(&self) -> PasswordOutcome {
        match self {
            Self::Hash { password, cost, salt } => {
                PasswordOutcome::Hashed(hash(&password.0, (*cost).clamp(COST_MIN, COST_MAX), *salt))
            }
            Self::Check { password, hash } => PasswordOutcome::Checked(matches(hash, &password.0)),
        }
    }
}

fn hash(password: &str, cost: u32, salt: [u8; 16]) -> String {
    let letters = &bcrypt::BASE_64;
    let digest = digest(password, cost, salt);
    format!("$2a${cost:02}${}{}", letters.encode(salt), letters.encode(&digest[..DIGEST_BYTES]))
}

fn digest(password: &str, cost: u32, salt: [u8; 16]) -> [u8; 24] {
    // bcrypt's passwords end with a zero byte, as strings of C do.
    let mut bytes = password.as_bytes().to_vec();
    bytes.push(0);
    bytes.truncate(PASSWORD_BYTES_MAX);
    bcrypt::bcrypt(cost, salt, &bytes)
}

/// A stored hash that is none (a password that was taken away) fits no password.
fn matches(hash: &[u8], password: &str) -> bool {
    let Some((cost, salt, stored)) = parse(hash) else { return false };
    let digest = digest(password, cost, salt);
    // No byte ends the comparison early: its time must not tell how much was right.
    stored.iter().zip(&digest).fold(0, |unequal, (a, b)| unequal | (a ^ b)) == 0
}

fn parse(hash: &[u8]) -> Option<(u32, [u8; 16], [u8; DIGEST_BYTES])> {
    let text = std::str::from_utf8(hash).ok().filter(|text| text.is_ascii())?;
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    if text.len() != HASH_LETTERS {
        return None;
    }
    let (cost, rest) = rest.split_once('$')?;
    let cost = cost.parse().ok().filter(|cost| (COST_MIN..=COST_MAX).contains(cost))?;
    let (salt, stored) = rest.split_at_checked(22)?;
    let letters = &bcrypt::BASE_64;
    let salt = letters.decode(salt).ok()?.try_into().ok()?;
    let stored = letters.decode(stored).ok()?.try_into().ok()?;
    Some((cost, salt, stored))
}

/// A hash as the log carries it (etcd: `hashedPassword`, base64 around bcrypt's letters).
pub(crate) fn to_log(hash: &str) -> String {
    STANDARD.encode(hash)
}

/// A hash that the log carries; `None` when it is no base64.
pub(crate) fn from_log(hashed: &str) -> Option<Bytes> {
    STANDARD.decode(hashed).ok().map(Bytes::from)
}
