//! `jwt,pub-key=app.rsa.pub,priv-key=app.rsa,sign-method=RS256,ttl=10m`.

use std::path::PathBuf;
use std::time::Duration;

use super::Method;

/// How long a token is good when nobody says (etcd: `DefaultTTL`).
const TTL_DEFAULT: Duration = Duration::from_mins(5);

/// What the flag says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtOptions {
    /// `sign-method`.
    pub method: Method,
    /// `pub-key`: a file.
    pub public: Option<PathBuf>,
    /// `priv-key`: a file. For `HS256` and its like, the secret itself.
    pub private: Option<PathBuf>,
    /// `ttl`.
    pub ttl: Duration,
    /// Options that mean nothing.
    pub unknown: Vec<String>,
}

/// Why there are no signed tokens. The sentences without a colon are etcd's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The flag cannot be read.
    #[error("auth: invalid auth options")]
    Options,
    /// No key is named.
    #[error("auth: missing key data")]
    NoKey,
    /// The keys are of different pairs.
    #[error("auth: public and private keys don't match")]
    Mismatch,
    /// etcd has this method, and this server does not.
    #[error("--auth-token: the method {0} is not supported, use ES256, ES384, RS256 or EdDSA")]
    Method(String),
    /// A file is missing, or holds no such key.
    #[error("--auth-token: {path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

impl JwtOptions {
    /// Reads `--auth-token`; `None` for simple tokens.
    ///
    /// # Errors
    /// The flag cannot be read.
    pub fn parse(
        text: &str,
        duration: impl Fn(&str) -> Option<Duration>,
    ) -> Result<Option<Self>, JwtError> {
        let mut parts = text.split(',');
        let kind = parts.next().unwrap_or_default();
        let mut options: Vec<(&str, &str)> = Vec::new();
        for part in parts {
            let (name, value) = part.split_once('=').ok_or(JwtError::Options)?;
            let is_double = options.iter().any(|(known, _)| *known == name);
            if is_double || value.contains('=') {
                return Err(JwtError::Options);
            }
            options.push((name, value));
        }
        match kind {
            "simple" => return Ok(None),
            "jwt" => {}
            _ => return Err(JwtError::Options),
        }
        let option = |name: &str| {
            let found = options.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value).filter(|value| !value.is_empty())
        };
        let known = ["sign-method", "pub-key", "priv-key", "ttl"];
        let unknown = options.iter().filter(|(name, _)| !known.contains(name));
        Ok(Some(Self {
            method: Method::by_name(option("sign-method").unwrap_or_default())?,
            public: option("pub-key").map(PathBuf::from),
            private: option("priv-key").map(PathBuf::from),
            ttl: match option("ttl") {
                Some(text) => duration(text).ok_or(JwtError::Options)?,
                None => TTL_DEFAULT,
            },
            unknown: unknown.map(|(name, _)| (*name).to_owned()).collect(),
        }))
    }
}
