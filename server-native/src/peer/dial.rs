//! Connecting to a peer's URL.

use std::io;

use tokio::net::TcpStream;

use crate::config::Url;
use crate::tls::{Dialer, Stream};

/// Connects, with TLS when the URL says so.
///
/// # Errors
/// Nobody answers there, or it is not who it should be.
pub async fn dial(url: &Url, dialer: Option<&Dialer>) -> io::Result<Stream> {
    let stream = TcpStream::connect(url.address()).await?;
    stream.set_nodelay(true)?;
    if !url.is_https() {
        return Ok(Stream::plain(stream));
    }
    let Some(dialer) = dialer else {
        let why = format!("{url} wants TLS: give --peer-cert-file and --peer-key-file");
        return Err(io::Error::other(why));
    };
    dialer.dial(url.address().0, stream).await.map_err(io::Error::other)
}
