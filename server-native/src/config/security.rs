//! The flags about TLS, about who may ask by HTTP, and about tokens.

use std::path::PathBuf;

use super::flags::{Values, parse_duration};
use super::{Settings, Url};
use crate::http::{Access, AllowList};
use crate::jwt::JwtOptions;
use crate::tls::{Protocol, TlsSettings};

/// The settings of both ports: of clients, and of peers.
pub(super) fn read(values: &Values) -> Result<(TlsSettings, TlsSettings), String> {
    let protocol = protocol(values)?;
    let path = |flag: &str| PathBuf::from(values.text(flag));
    let client = TlsSettings {
        cert: path("cert-file"),
        key: path("key-file"),
        client_cert: path("client-cert-file"),
        client_key: path("client-key-file"),
        trusted_ca: path("trusted-ca-file"),
        crl: path("client-crl-file"),
        client_cert_auth: values.bool("client-cert-auth"),
        auto: values.bool("auto-tls"),
        allowed_cn: Vec::new(),
        allowed_hostname: list(values, "client-cert-allowed-hostname"),
        skip_san_verification: true,
        protocol: protocol.clone(),
    };
    let peer = TlsSettings {
        cert: path("peer-cert-file"),
        key: path("peer-key-file"),
        client_cert: path("peer-client-cert-file"),
        client_key: path("peer-client-key-file"),
        trusted_ca: path("peer-trusted-ca-file"),
        crl: path("peer-crl-file"),
        client_cert_auth: values.bool("peer-client-cert-auth"),
        auto: values.bool("peer-auto-tls"),
        allowed_cn: list(values, "peer-cert-allowed-cn"),
        allowed_hostname: list(values, "peer-cert-allowed-hostname"),
        skip_san_verification: values.bool("peer-skip-client-san-verification")
            || values.bool("experimental-peer-skip-client-san-verification"),
        protocol,
    };
    if !peer.allowed_cn.is_empty() && !peer.allowed_hostname.is_empty() {
        return Err(format!(
            "AllowedCN and AllowedHostname are mutually exclusive (cn={:?}, hostname={:?})",
            values.text("peer-cert-allowed-cn"),
            values.text("peer-cert-allowed-hostname")
        ));
    }
    Ok((client, peer))
}

/// Who may ask by HTTP.
pub(super) fn access(values: &Values) -> Access {
    let names = |flag: &str| AllowList::new(list(values, flag));
    Access { cors: names("cors"), hosts: names("host-whitelist") }
}

/// What `--auth-token` says; `None` for simple tokens.
pub(super) fn jwt(values: &Values) -> Result<Option<JwtOptions>, String> {
    JwtOptions::parse(values.text("auth-token"), parse_duration).map_err(|why| why.to_string())
}

fn list(values: &Values, flag: &str) -> Vec<String> {
    values.text(flag).split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn protocol(values: &Values) -> Result<Protocol, String> {
    let version = |flag: &str| match values.text(flag) {
        "" => Ok(None),
        "TLS1.2" => Ok(Some(12)),
        "TLS1.3" => Ok(Some(13)),
        other => Err(format!("unexpected TLS version {other:?} (must be one of: TLS1.2, TLS1.3)")),
    };
    let (min, max) = (version("tls-min-version")?, version("tls-max-version")?);
    let (lowest, highest) = (min.unwrap_or(12), max.unwrap_or(13));
    if lowest > highest {
        return Err(format!(
            "min version ({}) is greater than max version ({})",
            values.text("tls-min-version"),
            values.text("tls-max-version")
        ));
    }
    let cipher_suites = list(values, "cipher-suites");
    if lowest == 13 && !cipher_suites.is_empty() {
        return Err("cipher suites cannot be configured when only TLS1.3 is enabled".into());
    }
    Ok(Protocol { tls12: lowest == 12, tls13: highest == 13, cipher_suites })
}

impl Settings {
    /// URLs that speak TLS, and nothing to speak it with: etcd's sentences.
    pub(super) fn check_tls(&self) -> Result<(), String> {
        let https = |urls: &[Url]| urls.iter().find(|url| url.is_https()).cloned();
        let lacks = |tls: &TlsSettings| tls.is_empty() && !tls.auto;
        if let Some(url) = https(&self.listen_peer).filter(|_| lacks(&self.peer_tls)) {
            return Err(format!(
                "cannot listen on TLS for {}: KeyFile and CertFile are not presented",
                url.authority()
            ));
        }
        if let Some(url) = https(&self.listen_client).filter(|_| lacks(&self.client_tls)) {
            return Err(format!(
                "TLS key/cert (--cert-file, --key-file) must be provided for client url {url} \
                 with HTTPS scheme"
            ));
        }
        for (tls, flag) in
            [(&self.client_tls, "--trusted-ca-file"), (&self.peer_tls, "--peer-trusted-ca-file")]
        {
            if tls.client_cert_auth && tls.trusted_ca.as_os_str().is_empty() {
                return Err(format!(
                    "certificates of callers cannot be checked without {flag}: name the file of \
                     the authority that signs them"
                ));
            }
        }
        Ok(())
    }
}
