//! A file server for the page: one folder, read only, on the loopback interface.
//!
//! The page is static, so this is all that `cargo xtask lab` and the browser's tests need. It is no
//! server for the open network: a thread for each connection, one request on each.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

/// A request's line and headers together may be this long, in bytes.
const REQUEST_BYTES_MAX: u64 = 16 * 1024;
/// A client that says nothing for so long is sent away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Files under `root` answer to the paths under `prefix`, for example `/` or `/course/lab/`.
#[derive(Clone)]
pub struct Site {
    /// The folder.
    pub root: PathBuf,
    /// The path of the folder in addresses; begins and ends with a slash.
    pub prefix: String,
}

/// Listens on a port of the loopback interface; port 0 lets the system choose one.
pub fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Answers for as long as the process lives.
pub fn serve(listener: &TcpListener, site: &Site) {
    serve_while(listener, site, || true);
}

/// Answers until somebody comes and it is closed.
pub fn serve_while(listener: &TcpListener, site: &Site, open: impl Fn() -> bool) {
    for stream in listener.incoming().take_while(|_| open()).filter_map(Result::ok) {
        let site = site.clone();
        // A client that leaves in the middle of an answer is its own affair.
        thread::spawn(move || drop(answer(stream, &site)));
    }
}

fn answer(mut stream: TcpStream, site: &Site) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.try_clone()?.take(REQUEST_BYTES_MAX)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // Headers change nothing here, but a client must be able to send them to the end.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, kind, body) = match method {
        "GET" | "HEAD" => match file(site, target) {
            Some((kind, body)) => ("200 OK", kind, body),
            None => ("404 Not Found", "text/plain", b"There is no such file.\n".to_vec()),
        },
        _ => ("405 Method Not Allowed", "text/plain", b"Only GET and HEAD.\n".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if method == "GET" {
        stream.write_all(&body)?;
    }
    stream.flush()
}

/// The file that a request's target names, with its type; never one outside the folder.
fn file(site: &Site, target: &str) -> Option<(&'static str, Vec<u8>)> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let inside = decode(path)?.strip_prefix(&site.prefix)?.to_owned();
    let inside = Path::new(&inside);
    if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let mut path = site.root.join(inside);
    if path.is_dir() {
        path.push("index.html");
    }
    Some((kind(&path), fs::read(&path).ok()?))
}

/// Undoes percent-encoding.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        // Browsers compile wasm while it arrives only when its type is exactly this.
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("md" | "txt" | "script" | "toml" | "lesson") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site { root: env!("CARGO_MANIFEST_DIR").into(), prefix: "/some/where/".to_owned() }
    }

    fn ask(request: &str) -> String {
        let (listener, address) = listen(0).unwrap();
        thread::spawn(move || serve(&listener, &site()));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn files_lie_under_the_prefix() {
        let found = ask("GET /some/where/src/serve.rs?v=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(found.starts_with("HTTP/1.1 200 OK\r\n"), "{found}");
        assert!(found.ends_with(&fs::read_to_string(file!().replace("xtask/", "")).unwrap()));
        assert!(ask("GET /src/serve.rs HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(ask("POST /some/where/ HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
    }

    #[test]
    fn nothing_outside_the_folder_is_served() {
        for path in ["../Cargo.toml", "src/../../Cargo.toml", "%2e%2e/Cargo.toml", "/etc/hostname"]
        {
            assert_eq!(file(&site(), &format!("/some/where/{path}")), None, "{path}");
        }
        assert!(file(&site(), "/some/where/Cargo.toml").is_some());
    }

    #[test]
    fn wasm_has_its_own_type() {
        assert_eq!(kind(Path::new("a.wasm")), "application/wasm");
        assert_eq!(decode("a%20b%").as_deref(), None);
        assert_eq!(decode("a%20b").as_deref(), Some("a b"));
    }
}
