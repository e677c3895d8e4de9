/// Who makes a call, as the world tells it.
///
/// Neither is proof of anything by itself: what a token is worth is decided by the member's own users
/// and roles, and a certificate's name counts only where the world has checked the certificate
/// (etcd: `AuthInfoFromCtx` in `server/auth/store.go`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The metadata `token` of gRPC, or the header `Authorization` of the gateway.
    pub token: Option<String>,
    /// The common name of the client's certificate, when the world has verified that.
    pub common_name: Option<String>,
}

impl Caller {
    /// Somebody who shows this token, and no certificate.
    #[must_use]
    pub fn with_token(token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), common_name: None }
    }
}
