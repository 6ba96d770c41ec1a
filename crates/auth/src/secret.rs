//! A credential in memory: wiped when dropped, never printed, compared in constant time.

use std::fmt;

use base::Random;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Random bytes in a generated secret; its text is twice as long (Twilio's 32 hex digits).
const SECRET_BYTES: usize = 16;

/// An auth token or key secret.
///
/// ```compile_fail,E0277
/// let token = auth::Secret::new("0123".into());
/// println!("{token}");
/// ```
#[derive(Clone, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes over this text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// A fresh secret of 32 hex digits.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; SECRET_BYTES];
        random.fill(&mut bytes);
        let secret = Self(HEXLOWER.encode(&bytes));
        bytes.zeroize();
        secret
    }

    /// The text: for the one answer that shows it, or for signing.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this secret, in time that depends on the lengths only.
    pub fn matches(&self, presented: &str) -> bool {
        phi::constant_time_eq(self.0.as_bytes(), presented.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

// Encoded only inside sealed documents; views must call `reveal`, which reviews can find.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}
