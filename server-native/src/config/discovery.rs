//! `--discovery-*`: the registry at which the first members find each other.

use std::time::Duration;

use glasshouse_core::ctl::Tls;

use super::flags::Values;

/// Where the registry is, and how it is asked.
#[derive(Clone, Debug)]
pub struct DiscoverySettings {
    /// `--discovery-endpoints`.
    pub endpoints: Vec<String>,
    /// `--discovery-token`: the new cluster's name there, and the token of its ids.
    pub token: String,
    /// `--discovery-dial-timeout`.
    pub dial_timeout: Duration,
    /// `--discovery-request-timeout`.
    pub request_timeout: Duration,
    /// `--discovery-cert`, `--discovery-key`, `--discovery-cacert` and the two about what is insecure.
    pub tls: Tls,
    /// `--discovery-user` and `--discovery-password`.
    pub user: Option<(String, String)>,
}

/// What the flags say of a registry; `None` without one.
///
/// # Errors
/// etcd's sentence about the first contradiction (`Validate` in `server/embed/config.go`).
pub(super) fn read(values: &Values) -> Result<Option<DiscoverySettings>, String> {
    let (endpoints, token) = (values.text("discovery-endpoints"), values.text("discovery-token"));
    if token.is_empty() != endpoints.is_empty() {
        return Err("both --discovery-token and --discovery-endpoints must be set".into());
    }
    if endpoints.is_empty() {
        return Ok(None);
    }
    let endpoints: Vec<String> = endpoints.split(',').map(str::to_owned).collect();
    if endpoints.iter().any(|endpoint| endpoint.trim().is_empty()) {
        return Err("--discovery-endpoints must not contain empty endpoints".into());
    }
    if values.is_given("initial-cluster") {
        return Err("multiple discovery or bootstrap flags are set. Choose one of \
                    \"initial-cluster\", \"discovery\", \"discovery-endpoints\" or \
                    \"discovery-srv\""
            .into());
    }
    let (user, password) = user(values.text("discovery-user"), values.text("discovery-password"));
    Ok(Some(DiscoverySettings {
        endpoints,
        token: token.to_owned(),
        dial_timeout: values.duration("discovery-dial-timeout"),
        request_timeout: values.duration("discovery-request-timeout"),
        tls: Tls {
            cert: values.text("discovery-cert").to_owned(),
            key: values.text("discovery-key").to_owned(),
            cacert: values.text("discovery-cacert").to_owned(),
            insecure_transport: values.bool("discovery-insecure-transport"),
            insecure_skip_verify: values.bool("discovery-insecure-skip-tls-verify"),
        },
        user: (!user.is_empty()).then_some((user, password)),
    }))
}

/// As etcdctl's `--user`: a password may stand behind a colon.
fn user(name: &str, password: &str) -> (String, String) {
    match name.split_once(':') {
        Some((name, inside)) if password.is_empty() => (name.to_owned(), inside.to_owned()),
        _ => (name.to_owned(), password.to_owned()),
    }
}
