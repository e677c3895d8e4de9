//! Who makes a call.

/// Who makes a call, as the world tells it.
///
/// Neither is proof of anything by itself: what a token is worth is decided by the member's own users
/// and roles, and a certificate's name counts only where the world has checked the certificate
/// (etcd: `AuthInfoFromCtx` in `server/auth/store.go`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The metadata `token` of gRPC, or the header `Authorization` of the gateway.
    pub token: Option<String>,
    /// What the token says, when it is a signed one and the world has verified the signature and that
    /// it has not run out. Rare, so it stands apart.
    pub claims: Option<Box<Claims>>,
    /// The common name of the client's certificate, when the world has verified that.
    pub common_name: Option<String>,
}

/// What a signed token says of its bearer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The user.
    pub user: String,
    /// The revision of users and roles at which he proved his password.
    pub revision: u64,
}

impl Caller {
    /// Somebody who shows this token, and no certificate.
    #[must_use]
    pub fn with_token(token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..Self::default() }
    }

    /// The token without the word `Bearer` that HTTP clients put before it.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let token = self.token.as_deref()?;
        Some(token.strip_prefix("Bearer ").unwrap_or(token))
    }
}
