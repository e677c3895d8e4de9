//! Users and roles as the store keeps them: etcd's own `authpb` messages, each under its name, and one
//! row for all, which says whether auth is enabled and how often it has changed.
//!
//! ```text
//!   key     1                       enabled, revision
//!           2, name of a user       authpb.User
//!           3, name of a role       authpb.Role
//! ```

use bytes::Bytes;
use prost::Message as _;

use crate::api::authpb::{Role, User};

/// Where a row of the table `auth` stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthKey {
    /// The one row for all.
    State,
    /// A user, by name.
    User(String),
    /// A role, by name.
    Role(String),
}

/// What is durable of users and roles.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthRow {
    /// The one row for all.
    State(AuthState),
    /// A user: name, password's hash, roles.
    User(String, User),
    /// A role: name, permissions.
    Role(String, Role),
}

impl AuthRow {
    /// Where it stands.
    #[must_use]
    pub fn key(&self) -> AuthKey {
        match self {
            Self::State(_) => AuthKey::State,
            Self::User(name, _) => AuthKey::User(name.clone()),
            Self::Role(name, _) => AuthKey::Role(name.clone()),
        }
    }

    /// A user from its name and etcd's message; `None` when they are none.
    #[must_use]
    pub fn user_from_bytes(name: &[u8], value: &[u8]) -> Option<Self> {
        decode(&[&[USER], name].concat(), value)
    }

    /// A role from its name and etcd's message; `None` when they are none.
    #[must_use]
    pub fn role_from_bytes(name: &[u8], value: &[u8]) -> Option<Self> {
        decode(&[&[ROLE], name].concat(), value)
    }
}

/// Whether auth is enabled, and how often users and roles have changed.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct AuthState {
    /// Who asks must say who it is.
    #[prost(bool, tag = "1")]
    pub enabled: bool,
    /// The auth revision.
    #[prost(uint64, tag = "2")]
    pub revision: u64,
}

const STATE: u8 = 1;
const USER: u8 = 2;
const ROLE: u8 = 3;

pub(super) fn encode_key(key: &AuthKey) -> Vec<u8> {
    let (kind, name) = match key {
        AuthKey::State => (STATE, ""),
        AuthKey::User(name) => (USER, name.as_str()),
        AuthKey::Role(name) => (ROLE, name.as_str()),
    };
    let mut bytes = Vec::with_capacity(1 + name.len());
    bytes.push(kind);
    bytes.extend_from_slice(name.as_bytes());
    bytes
}

pub(super) fn encode(row: &AuthRow) -> Bytes {
    match row {
        AuthRow::State(state) => state.encode_to_vec(),
        AuthRow::User(_, user) => user.encode_to_vec(),
        AuthRow::Role(_, role) => role.encode_to_vec(),
    }
    .into()
}

/// Reads a stored row; `None` when the bytes are none, or the row is of another name.
pub(super) fn decode(key: &[u8], value: &[u8]) -> Option<AuthRow> {
    let (kind, name) = key.split_first()?;
    let name = std::str::from_utf8(name).ok()?.to_owned();
    match *kind {
        STATE if name.is_empty() => AuthState::decode(value).ok().map(AuthRow::State),
        USER => {
            let user = User::decode(value).ok().filter(|user| user.name == name.as_bytes())?;
            user.roles.is_sorted().then_some(AuthRow::User(name, user))
        }
        ROLE => {
            let role = Role::decode(value).ok().filter(|role| role.name == name.as_bytes())?;
            let keys = role.key_permission.iter().map(|permission| &permission.key);
            keys.is_sorted().then_some(AuthRow::Role(name, role))
        }
        _ => None,
    }
}
