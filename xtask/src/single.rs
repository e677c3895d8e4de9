//! The whole page in one file that opens from a disk: `dist/glasshouse.html`.
//!
//! ```text
//!   index.html ──── style inside ─┐
//!   boot.js, carrier.js ──────────┼──► glasshouse.html
//!   all other files, base64 ──────┘    what is large, gzipped
//! ```
//!
//! `web/single/carrier.js` hands the files out in the browser. gzip comes from the system's program: browsers unpack
//! it by themselves, and this program has no dependencies.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::shell::{self, root};
use crate::{Failure, Result};

/// The file's name in the page's folder.
pub const NAME: &str = "glasshouse.html";
/// What the page allows itself when everything is inside: nothing is fetched from anywhere.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:; connect-src blob: data:; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Writes the file from the page's folder, whose files have these names.
pub fn write(dist: &Path, names: &[String]) -> Result<()> {
    let text = |path: &Path| -> Result<String> {
        Ok(String::from_utf8_lossy(&shell::read(path)?).into_owned())
    };
    let mut parts = String::new();
    // Two stand in the page as they are, and a file on a disk has no worker that keeps it.
    let apart = ["boot.js", "style.css", "offline.js"];
    for name in names.iter().filter(|name| !apart.contains(&name.as_str())) {
        let bytes = shell::read(&dist.join(name))?;
        // Scripts are needed at once, and unpacking is done later.
        let (bytes, packed) = match name.strip_suffix(".js") {
            Some(_) => (bytes, ""),
            None => (gzip(&bytes)?, " data-gzip"),
        };
        let start = format!("<script type=\"text/plain\" data-carried=\"{name}\"{packed}>");
        parts.push_str(&format!("{start}{}</script>\n", base64(&bytes)));
    }
    let carrier = text(&root().join("web/single/carrier.js"))?;
    let boot = text(&dist.join("boot.js"))?;
    if [&carrier, &boot].iter().any(|script| script.contains("</script")) {
        return Err(Failure::Failed(
            "web/single/carrier.js and web/js/boot.js stand inside of a page: they cannot say `</script`".to_owned(),
        ));
    }
    let style = text(&dist.join("style.css"))?;
    let mut page = String::new();
    for line in text(&dist.join("index.html"))?.lines() {
        match line {
            _ if line.contains("Content-Security-Policy") => page.push_str(&format!(
                "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">"
            )),
            _ if line.starts_with("<link rel=\"stylesheet\"") => {
                page.push_str(&format!("<style>{style}</style>"));
            }
            _ if line.contains("modulepreload") || line.starts_with("<script type=\"module\"") => {}
            "</body>" => page.push_str(&format!(
                "{parts}<script>{carrier}</script>\n<script type=\"module\">{boot}</script>\n</body>"
            )),
            _ => page.push_str(line),
        }
        page.push('\n');
    }
    shell::write(&dist.join(NAME), page.as_bytes())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::Failed(format!("gzip, which packs the page into one file, failed: {why}"))
    };
    let mut child = Command::new("gzip")
        .args(["-9", "-n", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let mut input = child.stdin.take().expect("it was asked for");
    let output = std::thread::scope(|scope| {
        // Both ends at once: either pipe may be full.
        let writing = scope.spawn(move || input.write_all(bytes));
        let output = child.wait_with_output();
        writing.join().expect("writing does not panic").and(output)
    });
    let output = output.map_err(|error| failed(&error))?;
    if output.status.success() { Ok(output.stdout) } else { Err(failed(&output.status)) }
}

/// Base64 as in RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |nth: usize| u32::from(three.get(nth).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (nth, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = LETTERS[(bits >> shift & 63) as usize];
            text.push(if nth <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(super::base64(bytes.as_bytes()), text);
        }
    }
}
