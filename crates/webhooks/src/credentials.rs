//! The user and password of a webhook URL, decoded once and wiped when dropped.

use data_encoding::BASE64;
use zeroize::Zeroizing;

/// What stands before the `@` of a URL, percent-decoded. No Debug.
#[derive(Clone)]
pub(crate) struct Credentials {
    user: Zeroizing<Vec<u8>>,
    password: Zeroizing<Vec<u8>>,
}

impl Credentials {
    /// Reads `user:password`; without a colon all of it is the user.
    pub(crate) fn from_userinfo(userinfo: &str) -> Credentials {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        Credentials {
            user: Zeroizing::new(percent_decode(user)),
            password: Zeroizing::new(percent_decode(password)),
        }
    }

    /// The user, as bytes: a URL may hold any.
    pub(crate) fn user(&self) -> &[u8] {
        &self.user
    }

    /// The password.
    pub(crate) fn password(&self) -> &[u8] {
        &self.password
    }

    /// Value of an `Authorization` header (RFC 7617 §2), and of a `Proxy-Authorization` one.
    pub(crate) fn basic(&self) -> Zeroizing<String> {
        let plain = Zeroizing::new([self.user(), b":", self.password()].concat());
        let encoded = Zeroizing::new(BASE64.encode(&plain));
        Zeroizing::new(format!("Basic {}", encoded.as_str()))
    }
}

/// RFC 3986 §2.1; a `%` that starts no escape stands for itself, as in the WHATWG URL standard.
fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = match tail {
            [high, low, ..] if *first == b'%' => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        match escape {
            Some((high, low)) => {
                decoded.push((high << 4) | low);
                rest = &tail[2..];
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    decoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
