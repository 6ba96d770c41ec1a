//! Shared keys: what webhooks are signed with instead of the auth token, so that a receiver need not know the token.

use base::{Random, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Secret;

/// Most shared keys of one account: the one in use, its successor, and some that are being retired.
pub const WEBHOOK_KEYS: usize = 4;

/// How every id begins, as with Twilio's.
const PREFIX: &str = "webhooks_sharedkey_";

/// Crockford's base 32 in lower case, as TypeIDs have it.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Digits of 128 bits.
const ID_DIGITS: u32 = 26;

/// A shared key. Its secret is shown once; it is kept sealed, because it signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookKey {
    /// Its public name, which every request it signs carries.
    pub id: String,
    /// A name for people.
    pub friendly_name: String,
    /// What the HMAC is keyed with.
    pub secret: Secret,
    /// Whether webhooks are signed with it now; one key of an account at most.
    pub signs: bool,
    /// When it was made, in microseconds since the epoch.
    pub created_at: i64,
}

impl WebhookKey {
    /// A fresh key that signs nothing yet.
    pub fn generate(random: &dyn Random, friendly_name: String, now: Timestamp) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let number = u128::from_be_bytes(bytes);
        let digit = |place| char::from(DIGITS[usize::try_from(number >> (5 * place) & 31).unwrap_or(0)]);
        Self {
            id: format!("{PREFIX}{}", (0..ID_DIGITS).rev().map(digit).collect::<String>()),
            friendly_name,
            secret: Secret::generate(random),
            signs: false,
            created_at: now.micros(),
        }
    }
}
