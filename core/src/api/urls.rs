//! Peer URLs in requests: checked alike by the command line and by the member that is asked.
//!
//! Rules and sentences are those of etcd's `types.NewURLs` (`client/pkg/types/urls.go`).

/// The URLs in order, without space around them.
///
/// # Errors
/// etcd's sentence about the first one that is not `scheme://host:port`.
pub(crate) fn check_urls<S: AsRef<str>>(urls: &[S]) -> Result<Vec<String>, String> {
    if urls.is_empty() {
        return Err("no valid URLs given".into());
    }
    let trimmed = urls.iter().map(|url| url.as_ref().trim().to_owned());
    let mut checked: Vec<String> =
        trimmed.map(|url| check(&url).map(|()| url)).collect::<Result<_, _>>()?;
    crate::order::sort(&mut checked);
    Ok(checked)
}

fn check(url: &str) -> Result<(), String> {
    if url.contains(|c: char| c.is_control()) {
        return Err(format!("parse {url:?}: net/url: invalid control character in URL"));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        let first = url.split_once(':').map(|(first, _)| first);
        return Err(match first {
            Some(first) if !first.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                format!("parse \"{url}\": first path segment in URL cannot contain colon")
            }
            _ => unknown_scheme(url),
        });
    };
    match scheme {
        "http" | "https" => check_address(url, rest),
        "unix" | "unixs" => Ok(()),
        _ => Err(unknown_scheme(url)),
    }
}

fn check_address(url: &str, rest: &str) -> Result<(), String> {
    let bad_form = || format!("URL address does not have the form \"host:port\": {url}");
    let (address, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = address.rsplit_once(':').ok_or_else(bad_form)?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    if !bracketed && host.contains([':', '[', ']']) {
        return Err(bad_form());
    }
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("parse \"{url}\": invalid port \":{port}\" after host"));
    }
    if path.starts_with('/') {
        return Err(format!("URL must not contain a path: {url}"));
    }
    Ok(())
}

fn unknown_scheme(url: &str) -> String {
    format!("URL scheme must be http, https, unix, or unixs: {url}")
}
