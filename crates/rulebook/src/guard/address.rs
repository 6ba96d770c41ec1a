//! Kinds of address, and which of them count as "US area codes".
//!
//! The rule is about numbers, not about where somebody is: roaming and ported numbers are judged by their digits.

use super::Policy;

/// What an address is. Whoever parses the number decides which; the guard never sees the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind<'a> {
    /// An area code of the fifty states or DC.
    Us,
    /// An area code of Puerto Rico, the Virgin Islands, Guam, American Samoa or the Northern Marianas.
    UsTerritory,
    /// 800, 833, 844, 855, 866, 877 or 888.
    UsTollFree,
    /// A United States short code of five or six digits.
    UsShortCode,
    /// 900, personal (5XX) and special (7XX) codes.
    Premium,
    /// The rest of the North American plan: Canada, the Caribbean.
    ForeignNanp,
    /// Any other country.
    Foreign,
    /// A sender name instead of a number.
    Alphanumeric,
    /// Anything with a scheme before it, such as `whatsapp`; the scheme without its colon.
    Channel(&'a str),
}

impl AddressKind<'_> {
    /// Whether the other end of a message may have this address (SMS-GEO-1).
    pub fn is_permitted_counterparty(self, policy: &Policy) -> bool {
        match self {
            AddressKind::Us | AddressKind::UsTollFree => true,
            AddressKind::UsTerritory => policy.us_territories,
            AddressKind::UsShortCode
            | AddressKind::Premium
            | AddressKind::ForeignNanp
            | AddressKind::Foreign
            | AddressKind::Alphanumeric
            | AddressKind::Channel(_) => false,
        }
    }

    /// Whether the platform's own end may have this address (SMS-GEO-1).
    pub fn is_permitted_own(self, policy: &Policy) -> bool {
        self == AddressKind::UsShortCode || self.is_permitted_counterparty(policy)
    }

    /// Whether this is a channel other than SMS.
    pub(super) fn is_channel(self) -> bool {
        matches!(self, AddressKind::Channel(_))
    }
}
