//! The key of one blob, as it stands in the protected content of the blob's document.

use base::Random;
use data_encoding::BASE64;
use phi::{DataKey, KEY_BYTES};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Opens one blob. No `Debug`; wiped from memory when dropped. Serialised into a document's content, which is sealed
/// under the document's own key, and nowhere else.
#[derive(Clone, ZeroizeOnDrop)]
pub struct BlobKey([u8; KEY_BYTES]);

impl BlobKey {
    /// A fresh one.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; KEY_BYTES];
        random.fill(&mut bytes);
        Self(bytes)
    }

    pub(crate) fn cipher(&self) -> DataKey {
        DataKey::from_bytes(self.0)
    }
}

impl Serialize for BlobKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64.encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for BlobKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let wrong = || serde::de::Error::custom("not the key of a blob");
        let mut bytes = BASE64.decode(text.as_bytes()).map_err(|_| wrong())?;
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map(Self).map_err(|_| wrong());
        bytes.zeroize();
        key
    }
}
