//! Signed tokens (`--auth-token jwt,…`): what a token says is proved by its signature alone.
//!
//! ```text
//!   eyJhbGciOi…  .  eyJleHAiOj…                          .  signature
//!   {"alg":…}       {"exp":…,"revision":…,"username":…}     of both, by the method of the flag
//! ```
//!
//! So no member has to remember it, and every server with the same keys takes it: ours, and etcd's. The
//! node says what a token is to say ([`Effect::SignToken`](glasshouse_core::Effect::SignToken)) and is
//! told what one says ([`Claims`]); keys and the wall clock are here. A member that has only the public
//! key verifies, and signs nothing. Source: etcd `server/auth/jwt.go`, and RFC 7519.

mod key;
mod options;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use glasshouse_core::api::Claims;
use serde_json::{Value, json};

use self::key::Key;
pub use self::key::Method;
pub use self::options::{JwtError, JwtOptions};

/// Signs tokens, and tells what they say.
#[derive(Debug)]
pub struct Jwt {
    method: Method,
    key: Key,
    ttl: Duration,
}

impl Jwt {
    /// The keys that the options name.
    ///
    /// # Errors
    /// A file is missing, is no key of that method, or the two keys are of different pairs.
    pub fn open(options: &JwtOptions) -> Result<Self, JwtError> {
        let key = Key::read(options)?;
        Ok(Self { method: options.method, key, ttl: options.ttl })
    }

    /// A token that says this; `None` without a key to sign with.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> Option<String> {
        self.sign_at(claims, unix_now())
    }

    fn sign_at(&self, claims: &Claims, now: Duration) -> Option<String> {
        let signer = self.key.signer()?;
        let ends = now.saturating_add(self.ttl).as_secs();
        let head = format!("{{\"alg\":\"{}\",\"typ\":\"JWT\"}}", self.method.name());
        // Names in order, as Go writes them.
        let body = json!({ "exp": ends, "revision": claims.revision, "username": claims.user });
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let said = format!("{}.{}", encode(head.as_bytes()), encode(body.to_string().as_bytes()));
        let signature = signer.sign(self.method, said.as_bytes())?;
        Some(format!("{said}.{}", encode(&signature)))
    }

    /// What a token says, if it is signed with our key and has not run out.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Claims> {
        self.verify_at(token, unix_now())
    }

    fn verify_at(&self, token: &str, now: Duration) -> Option<Claims> {
        let (said, signature) = token.rsplit_once('.')?;
        let (head, body) = said.split_once('.')?;
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let read = |text: &str| serde_json::from_slice::<Value>(&decode(text)?).ok();
        // Whoever sends a token must not choose how it is verified.
        if read(head)?.get("alg")?.as_str()? != self.method.name() {
            return None;
        }
        if !self.key.verifies(self.method, said.as_bytes(), &decode(signature)?) {
            return None;
        }
        let body = read(body)?;
        let is_current = moment(&body, "exp")?.is_none_or(|ends| now.as_secs_f64() < ends)
            && moment(&body, "nbf")?.is_none_or(|begins| now.as_secs_f64() >= begins);
        let user = body.get("username")?.as_str()?.to_owned();
        let revision = body.get("revision")?.as_u64()?;
        is_current.then_some(Claims { user, revision })
    }
}

/// A moment in seconds since 1970, if the token names one; `None` when it is no number.
fn moment(body: &Value, name: &str) -> Option<Option<f64>> {
    match body.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => value.as_f64().map(Some),
    }
}

fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
