//! Who may ask by HTTP, before anybody looks at what is asked.
//!
//! ```text
//!   request ──► is the host one of ours? ──► whose page asks (CORS)? ──► OPTIONS ends here ──► the rest
//! ```
//!
//! A name in the header `Host` that nobody gave this member is the sign of DNS rebinding
//! (CVE-2018-5702); TLS rules that out by itself. Source: etcd `server/embed/serve.go`.

use std::collections::BTreeSet;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, HOST,
    HeaderMap, HeaderValue, ORIGIN,
};
use hyper::{Request, Response, StatusCode};

use super::text;
use crate::log::Log;

/// A list in which `*`, or nothing, stands for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(Option<BTreeSet<String>>);

impl AllowList {
    /// The list of these names.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<String> = names.into_iter().collect();
        Self(Some(names).filter(|names| !names.is_empty() && !names.contains("*")))
    }

    fn allows(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(name))
    }
}

/// What `--cors` and `--host-whitelist` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Origins whose pages may read answers.
    pub cors: AllowList,
    /// Names under which this member may be asked.
    pub hosts: AllowList,
}

impl Access {
    /// The refusal of a request that names a host which is not ours.
    pub fn refuse_host<B>(
        &self,
        request: &Request<B>,
        is_tls: bool,
        log: &Log,
    ) -> Option<Response<Full<Bytes>>> {
        let host = host(request);
        if is_tls || self.hosts.allows(host) {
            return None;
        }
        let fields = [("host", host.into())];
        log.warn("rejecting HTTP request to prevent DNS rebinding attacks", &fields);
        Some(text(StatusCode::MISDIRECTED_REQUEST, &unrecognized(host)))
    }

    /// The value of `Access-Control-Allow-Origin` for whoever asks, if his page may read the answer.
    pub fn origin<B>(&self, request: &Request<B>) -> Option<HeaderValue> {
        if self.cors.0.is_none() {
            return Some(HeaderValue::from_static("*"));
        }
        let origin = request.headers().get(ORIGIN)?;
        origin.to_str().is_ok_and(|text| self.cors.allows(text)).then(|| origin.clone())
    }
}

/// Tells a browser that pages of this origin may read the answer.
pub fn allow_origin(headers: &mut HeaderMap, origin: HeaderValue) {
    let methods = HeaderValue::from_static("POST, GET, OPTIONS, PUT, DELETE");
    let names = HeaderValue::from_static("accept, content-type, authorization");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
}

/// The host that a request names, without its port (Go: `net.SplitHostPort`).
fn host<B>(request: &Request<B>) -> &str {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let whole = authority.or(header).unwrap_or_default();
    let Some((host, _)) = whole.rsplit_once(':') else { return whole };
    match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').unwrap_or(whole),
        // Several colons without brackets: there is no port to take off.
        None if host.contains(':') => whole,
        None => host,
    }
}

fn unrecognized(host: &str) -> String {
    format!(
        "\netcd received your request, but the Host header was unrecognized.\n\n\
         To fix this, choose one of the following options:\n\
         - Enable TLS, then any HTTPS request will be allowed.\n\
         - Add the hostname you want to use to the whitelist in settings.\n  \
         - e.g. etcd --host-whitelist {host:?}\n\n\
         This requirement has been added to help prevent \"DNS Rebinding\" attacks (CVE-2018-5702).\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_does_not_belong_to_the_host() {
        for (header, wanted) in [
            ("good.com", "good.com"),
            ("good.com:99", "good.com"),
            ("[::1]:2379", "::1"),
            ("::1", "::1"),
            ("", ""),
        ] {
            let request = Request::get("/").header(HOST, header).body(()).unwrap();
            assert_eq!(host(&request), wanted);
        }
    }

    #[test]
    fn a_star_or_nothing_allows_everybody() {
        let list = |names: &[&str]| AllowList::new(names.iter().map(|name| (*name).to_owned()));
        assert!(list(&[]).allows("a") && list(&["b", "*"]).allows("a"));
        assert!(list(&["a"]).allows("a") && !list(&["A"]).allows("a"));
    }
}
