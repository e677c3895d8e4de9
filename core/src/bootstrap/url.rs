//! URLs as the flags take them: `scheme://host:port`, nothing behind it.
//!
//! The sentences about a wrong one are etcd's own, so that what a user finds about them on the
//! web fits. A URL is kept as it was written: member ids are hashes of these texts.

use crate::order;
use std::fmt;
use std::net::IpAddr;

/// One checked URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Url {
    text: String,
    scheme: String,
    host: String,
    port: u16,
}

impl Url {
    /// Reads one URL.
    ///
    /// # Errors
    /// etcd's sentence about what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(without_authority(text));
        };
        match scheme {
            "http" | "https" => {}
            "unix" | "unixs" => {
                return Err(format!(
                    "unix sockets are not supported, use http://host:port: {text}"
                ));
            }
            _ => return Err(unknown_scheme(text)),
        }
        let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |i| rest.split_at(i));
        let bad_form = || format!("URL address does not have the form \"host:port\": {text}");
        let (host, port) = authority.rsplit_once(':').ok_or_else(bad_form)?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').ok_or_else(bad_form)?,
            // More than one colon outside of brackets: an IPv6 address without them.
            None if host.contains(':') => return Err(bad_form()),
            None => host,
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("parse \"{text}\": invalid port \":{port}\" after host"));
        }
        let port = port.parse().map_err(|_| bad_form())?;
        if !path.is_empty() {
            return Err(format!("URL must not contain a path: {text}"));
        }
        Ok(Self { text: text.into(), scheme: scheme.into(), host: host.into(), port })
    }

    /// Reads a list that is separated by commas, sorted and without doubles, as etcd keeps it.
    ///
    /// # Errors
    /// etcd's sentence about the first wrong one.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let mut urls = text.split(',').map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        order::sort(&mut urls);
        urls.dedup();
        Ok(urls)
    }

    /// The URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the scheme asks for TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// The host and the port, as the resolver takes them.
    #[must_use]
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// `host:port`, as the header `Host` wants it.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.text.split_once("://").map_or(self.text.as_str(), |(_, authority)| authority)
    }

    /// Refuses what cannot be listened on: a name other than `localhost`.
    ///
    /// # Errors
    /// etcd's sentence.
    pub fn check_bind(&self) -> Result<(), String> {
        if self.host == "localhost" || self.host.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        Err(format!("expected IP in URL for binding ({self})"))
    }

    /// Refuses what cannot be announced: no host at all.
    ///
    /// # Errors
    /// etcd's sentence.
    pub fn check_host(&self) -> Result<(), String> {
        if self.host.is_empty() {
            return Err(format!("unexpected empty host ({self})"));
        }
        Ok(())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn without_authority(text: &str) -> String {
    let first = text.split_once(':').map(|(first, _)| first);
    match first {
        Some(first) if !first.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            format!("parse \"{text}\": first path segment in URL cannot contain colon")
        }
        _ => unknown_scheme(text),
    }
}

fn unknown_scheme(text: &str) -> String {
    format!("URL scheme must be http, https, unix, or unixs: {text}")
}
