//! One request of HTTP/1.1 and its answer, a stream's first lines included.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A stream that is silent for so long has said what there is to say.
const SILENCE: Duration = Duration::from_millis(600);

/// What came back. A status of 0 says that nothing did.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Sends `METHOD /path body` and reads until the end, or until the stream falls silent.
pub(crate) fn ask(address: &str, request: &str) -> Answer {
    ask_as("", address, request)
}

/// The same with a token.
pub(crate) fn ask_as(token: &str, address: &str, request: &str) -> Answer {
    let mut parts = request.splitn(3, ' ');
    let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
    let body = parts.next().unwrap_or_default();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let token = if token.is_empty() { "" } else { &format!("Authorization: {token}\r\n") };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{token}Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // A member that refuses early reads no further.
    let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
    let mut bytes = Vec::new();
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..count]);
    }
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> Answer {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Answer::default() };
    let head = head.to_lowercase();
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    };
    let is_chunked = field("transfer-encoding") == "chunked";
    Answer {
        status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0),
        content_type: field("content-type").to_owned(),
        body: if is_chunked { joined(body) } else { body.to_owned() },
    }
}

/// Chunks put together.
fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((length, rest)) = chunks.split_once("\r\n") {
        let Ok(length) = usize::from_str_radix(length, 16) else { break };
        let Some(chunk) = rest.get(..length) else { break };
        body.push_str(chunk);
        chunks = rest.get(length + 2..).unwrap_or_default();
    }
    body
}
