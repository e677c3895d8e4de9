//! One request of HTTP/1.1 and its answer, a stream's first lines included.
//!
//! A stream has no end that could be waited for: what comes before it falls silent is its answer. A
//! machine that is busy is silent, too. So two that are asked the same watch each other's [`Progress`], and
//! the one that has said less is waited for.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A stream that is silent for so long has said what there is to say.
const SILENCE: Duration = Duration::from_millis(600);

/// When two say nothing at all for so long, there is nothing to say.
const MUTE: Duration = Duration::from_secs(3);

/// How long anybody may take for what there is to say.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much each of two has said: its head, and the messages behind it.
pub(crate) struct Progress {
    said: [AtomicUsize; 2],
    /// How long the other is waited for when one is ahead.
    patience: Duration,
}

impl Progress {
    /// Of two that shall say the same.
    pub(crate) fn of_equals() -> Self {
        Self { said: Default::default(), patience: PATIENCE }
    }

    /// Of two that do not: one of them may say nothing.
    pub(crate) fn of_others() -> Self {
        Self { said: Default::default(), patience: MUTE }
    }

    fn says(&self, side: usize, said: &[u8]) {
        let messages = said.windows(2).filter(|end| end == b"}\n").count();
        self.said[side].store(usize::from(!said.is_empty()) + messages, Ordering::Relaxed);
    }

    /// Whether one that has been silent for so long is waited for.
    fn may_say_more(&self, side: usize, silent: Duration) -> bool {
        let (own, others) = (&self.said[side], &self.said[1 - side]);
        match (own.load(Ordering::Relaxed), others.load(Ordering::Relaxed)) {
            (0, 0) => silent < MUTE,
            (own, others) => own < others && silent < self.patience,
        }
    }
}

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
    // Who is asked alone has something to say.
    let progress = Progress::of_equals();
    progress.said[1].store(1, Ordering::Relaxed);
    ask_beside(&progress, 0, token, address, request)
}

/// The same of one of two, while the other is asked.
pub(crate) fn ask_beside(
    progress: &Progress,
    side: usize,
    token: &str,
    address: &str,
    request: &str,
) -> Answer {
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
    let mut silent_since = Instant::now();
    loop {
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => {
                bytes.extend_from_slice(&buffer[..count]);
                progress.says(side, &bytes);
                silent_since = Instant::now();
            }
            Err(error)
                if error.kind() == ErrorKind::WouldBlock
                    && progress.may_say_more(side, silent_since.elapsed()) => {}
            Ok(0) | Err(_) => break,
        }
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
