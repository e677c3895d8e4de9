//! What callers meet at a port that is bound and not served yet.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::*;

/// Two members that begin at once ask each other. Neither waits for the other's answer: the caller's connection
/// ends, and then its own start goes on.
#[tokio::test]
async fn who_is_still_asking_hangs_up() {
    let url = Url::parse("http://127.0.0.1:0").expect("it is one");
    let peer = listen_all(&[url]).await.expect("any port");
    let address = peer[0].1.local_addr().expect("it is bound");
    let ports = Ports {
        peer,
        client: Vec::new(),
        metrics: Vec::new(),
        client_tls: None,
        peer_tls: None,
        dialer: None,
    };
    let ended = ports.hang_up_during(async {
        let mut call = TcpStream::connect(address).await?;
        call.read(&mut [0; 1]).await
    });
    assert_eq!(ended.await.expect("it is no error to be hung up on"), 0);
}
