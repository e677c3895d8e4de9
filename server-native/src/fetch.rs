//! Reads one page of an endpoint by plain HTTP/1.1: `ctl check datascale` looks at its metrics.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a page may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of a page: metrics are a few hundred lines.
const PAGE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The body of the page, whatever its status is, as Go's `http.Get` gives it.
///
/// # Errors
/// Why there is none, in a sentence.
pub(crate) async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let failed = |why: String| format!("Get {url:?}: {why}");
    let rest = url.strip_prefix("http://");
    let rest = rest.ok_or_else(|| failed("TLS is not supported yet, use http".to_owned()))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let read = async {
        let mut stream = TcpStream::connect(authority).await?;
        // HTTP/1.0: the body ends with the connection, and comes in one piece.
        let request = format!("GET /{path} HTTP/1.0\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(PAGE_BYTES_MAX).read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = match timeout(PATIENCE, read).await {
        Ok(answer) => answer.map_err(|error| failed(error.to_string()))?,
        Err(_) => return Err(failed("context deadline exceeded".to_owned())),
    };
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let head = head.ok_or_else(|| failed("malformed HTTP response".to_owned()))?;
    Ok(answer[head + 4..].to_vec())
}
