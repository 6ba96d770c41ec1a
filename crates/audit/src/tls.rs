//! The first words of a TLS handshake, as far as it takes to learn what a server agrees to.
//!
//! The TLS library rightly speaks neither old versions nor broken ciphers, so the question is asked by hand: a
//! `ClientHello` (RFC 5246 §7.4.1.2) that offers nothing else, and the kind of the answer. No handshake goes further.

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// TLS 1.0 at most.
    Tls10,
    /// TLS 1.1 at most.
    Tls11,
    /// TLS 1.2, with ciphers that do not encrypt, do not authenticate, or were weak by law.
    Broken,
}

/// All of them.
pub const OFFERS: [Offer; 3] = [Offer::Tls10, Offer::Tls11, Offer::Broken];

/// What a server said to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It goes on with the handshake.
    Agrees,
    /// An alert, or it closes.
    Refuses,
    /// It does not speak TLS.
    Other,
}

/// Bytes of an answer that tell what it is: the header of a record, and the type of the message in it.
pub const ANSWER_BYTES: usize = 6;

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// AES and 3DES in CBC mode, RC4: what servers of that time have.
const OLD_CIPHERS: &[u16] = &[0xC013, 0xC014, 0xC009, 0xC00A, 0x002F, 0x0035, 0x000A, 0x0005];
/// NULL, EXPORT, DES and anonymous ones.
const BROKEN_CIPHERS: &[u16] =
    &[0x0001, 0x0002, 0x003B, 0xC010, 0x0003, 0x0006, 0x0008, 0x0009, 0x0018, 0x0034, 0x006C, 0xC018];

impl Offer {
    const fn version(self) -> u16 {
        match self {
            Offer::Tls10 => 0x0301,
            Offer::Tls11 => 0x0302,
            Offer::Broken => 0x0303,
        }
    }

    /// The `ClientHello` to a host.
    pub fn hello(self, host: &str) -> Vec<u8> {
        let ciphers = if self == Offer::Broken { BROKEN_CIPHERS } else { OLD_CIPHERS };
        let ciphers: Vec<u8> = ciphers.iter().flat_map(|cipher| cipher.to_be_bytes()).collect();
        let mut extensions = Vec::new();
        // An address is no name (RFC 6066 §3).
        if host.parse::<std::net::IpAddr>().is_err() {
            let name = [&[0][..], &sized16(host.as_bytes())].concat();
            extensions.extend(extension(0, &sized16(&name)));
        }
        // Curves P-256, P-384 and X25519, points uncompressed, RSA and ECDSA with SHA-2 and SHA-1.
        extensions.extend(extension(10, &sized16(&[0, 23, 0, 24, 0, 29])));
        extensions.extend(extension(11, &[1, 0]));
        if self == Offer::Broken {
            extensions.extend(extension(13, &sized16(&[4, 1, 4, 3, 5, 1, 5, 3, 2, 1, 2, 3])));
        }
        let mut body = self.version().to_be_bytes().to_vec();
        // The handshake never gets to a key, so nothing depends on this being random.
        body.extend([0x5A; 32]);
        body.push(0);
        body.extend(sized16(&ciphers));
        body.extend([1, 0]);
        body.extend(sized16(&extensions));
        let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
        let message = [&[CLIENT_HELLO, length[1], length[2], length[3]][..], &body].concat();
        // Records of a first hello say 1.0 whatever they offer (RFC 5246 appendix E.1).
        [&[HANDSHAKE, 3, 1][..], &sized16(&message)].concat()
    }
}

/// What the first bytes of an answer mean.
pub fn answer(bytes: &[u8]) -> Answer {
    match bytes {
        [] | [ALERT, 3, ..] => Answer::Refuses,
        [HANDSHAKE, 3, _, _, _, SERVER_HELLO, ..] => Answer::Agrees,
        _ => Answer::Other,
    }
}

fn sized16(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or_default().to_be_bytes();
    [&length[..], bytes].concat()
}

fn extension(kind: u16, bytes: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized16(bytes)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_by_its_first_bytes() {
        assert_eq!(answer(&[22, 3, 1, 0, 80, 2]), Answer::Agrees);
        assert_eq!(answer(&[21, 3, 1, 0, 2, 2]), Answer::Refuses, "an alert");
        assert_eq!(answer(&[]), Answer::Refuses, "it closed");
        assert_eq!(answer(b"HTTP/1"), Answer::Other);
        assert_eq!(answer(&[22, 3, 1, 0]), Answer::Other, "too short to tell");
    }

    #[test]
    fn a_hello_holds_its_own_length_and_the_host() {
        for offer in OFFERS {
            let hello = offer.hello("app.hospital.example.org");
            assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
            assert_eq!(u16::from_be_bytes([hello[9], hello[10]]), offer.version());
            assert!(hello.windows(24).any(|part| part == b"app.hospital.example.org"));
        }
        let named = |host: &str| Offer::Tls10.hello(host).len();
        assert!(named("192.0.2.1") < named("a.b"), "an address is not sent as a name");
    }
}
