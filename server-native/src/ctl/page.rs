//! Reads one page of an endpoint by plain HTTP: `check datascale` looks at a member's metrics.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::ctl::Tls;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::dial;
use crate::tls::Stream;

/// How long a page may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of a page: metrics are a few hundred lines.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The body of the page, whatever its status is, as Go's `http.Get` gives it.
///
/// # Errors
/// Why there is none, in a sentence.
pub(super) async fn fetch(url: &str, tls: &Tls) -> Result<Vec<u8>, String> {
    let failed = |why: String| format!("Get {url:?}: {why}");
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let read = async {
        let stream = connect(authority, (scheme == "https").then_some(tls)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move { drop(connection.await) });
        let request = Request::get(format!("/{path}")).header("host", authority);
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        Ok(Limited::new(answer.into_body(), PAGE_BYTES_MAX).collect().await?.to_bytes().to_vec())
    };
    match timeout(PATIENCE, read).await {
        Ok(page) => page
            .map_err(|error: Box<dyn std::error::Error + Send + Sync>| failed(error.to_string())),
        Err(_) => Err(failed("context deadline exceeded".to_owned())),
    }
}

async fn connect(authority: &str, tls: Option<&Tls>) -> io::Result<Stream> {
    let stream = TcpStream::connect(authority).await?;
    let Some(tls) = tls else { return Ok(Stream::plain(stream)) };
    let dialer = dial::dialer(tls, "http/1.1").map_err(io::Error::other)?;
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    dialer.dial(host.trim_matches(['[', ']']), stream).await.map_err(io::Error::other)
}
