//! Connections byte by byte, and a real h2 server behind the mender.

use super::*;

/// A HEADERS frame with this block.
fn headers(block: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, u8::try_from(block.len()).unwrap(), TYPE_HEADERS, 0x4, 0, 0, 0, 1];
    frame.extend_from_slice(block);
    frame
}

/// `:method POST`, `:authority` with this value as it is, `:path /`.
fn request(authority: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x41, u8::try_from(authority.len()).unwrap()];
    block.extend_from_slice(authority.as_bytes());
    block.push(0x84);
    headers(&block)
}

/// What comes out when the connection arrives in two pieces.
fn through(bytes: &[u8], cut: usize) -> Vec<u8> {
    let mut mender = Mender::default();
    for piece in [&bytes[..cut], &bytes[cut..]] {
        mender.raw.extend_from_slice(piece);
        mender.advance();
    }
    mender.stage = Stage::Through;
    mender.advance();
    mender.ready.to_vec()
}

fn mended(bytes: &[u8]) -> Vec<u8> {
    let whole = through(bytes, bytes.len());
    for cut in 0..bytes.len() {
        assert_eq!(through(bytes, cut), whole, "cut at {cut}");
    }
    whole
}

fn connection(frames: &[Vec<u8>]) -> Vec<u8> {
    let settings = vec![0, 0, 0, 4, 0, 0, 0, 0, 0];
    [&[PREFACE.to_vec(), settings], frames].concat().concat()
}

#[test]
fn a_url_becomes_letters_of_the_same_number() {
    let data = vec![0, 0, 3, 0, 0, 0, 0, 0, 1, b'a', b'b', b'c'];
    let sent = connection(&[request("http://etcd1:2379"), data.clone(), request("http://a:1")]);
    let want = connection(&[request(&"x".repeat(17)), data, request(&"x".repeat(10))]);
    assert_eq!(mended(&sent), want);
}

#[test]
fn sound_clients_and_other_protocols_are_left_alone() {
    let later = request("http://left:1");
    for sent in [
        connection(&[request("etcd1:2379"), later.clone()]),
        connection(&[request("127.0.0.1:2379"), later]),
        b"GET /health HTTP/1.1\r\nHost: http://x\r\n\r\n".to_vec(),
        b"PRI * HTTP/1.1\r\n".to_vec(),
        b"".to_vec(),
    ] {
        assert_eq!(mended(&sent), sent);
    }
}

#[test]
fn huffman_coded_values_are_read() {
    // "www.example.com" and "private" of RFC 7541, C.4; the second is no name with a URL's marks.
    let coded = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
    let mut block = vec![0x83, 0x41, 0x80 | 12];
    block.extend_from_slice(&coded);
    let sent = connection(&[headers(&block), request("http://a:1")]);
    assert_eq!(mended(&sent), sent, "www.example.com is sound");
    // "http://a:1": h 100111, t 01001, t 01001, p 101011, : 1011100, / 011000, / 011000, a 00011,
    // : 1011100, 1 00001, padded with ones.
    let coded = [0x9d, 0x29, 0xae, 0xe3, 0x0c, 0x1d, 0xc0, 0xff];
    let mut block = vec![0x41, 0x80 | 8];
    block.extend_from_slice(&coded);
    block.push(0x84);
    let mut want = vec![0x41, 10];
    want.extend_from_slice(&[b'x'; 10]);
    want.push(0x84);
    assert_eq!(mended(&connection(&[headers(&block)])), connection(&[headers(&want)]));
}

#[test]
fn padding_priority_and_new_names_are_stepped_over() {
    let mut payload = vec![2, 0, 0, 0, 0, 16, 0x40, 1, b'n', 1, b'v', 0x20];
    payload.extend_from_slice(&[0x01, 3, b'a', b'/', b'b', 0, 0]);
    let mut frame = headers(&payload);
    frame[4] |= 0x8 | 0x20;
    let mut want = frame.clone();
    let at = want.len() - 5;
    want[at..at + 3].copy_from_slice(b"xxx");
    assert_eq!(mended(&connection(&[frame])), connection(&[want]));
}

#[test]
fn nonsense_is_left_to_h2() {
    let mut random = 1_u64;
    for length in 0..200 {
        let block: Vec<u8> = (0..length)
            .map(|_| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                random.to_be_bytes()[0]
            })
            .collect();
        for flags in 0..=u8::MAX {
            hpack::mend(&block, flags);
        }
    }
}
