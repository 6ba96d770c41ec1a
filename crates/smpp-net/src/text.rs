//! Addresses and texts, between how the platform writes them and how SMPP does.

use base::Address;
use messaging::segments::Coding;
use smpp_proto::Party;

/// Types of number (SMPP 3.4 §5.2.5).
const INTERNATIONAL: u8 = 1;
const NATIONAL: u8 = 2;
const NETWORK_SPECIFIC: u8 = 3;
const ALPHANUMERIC: u8 = 5;
const UNKNOWN: u8 = 0;

/// `data_coding` values (SMPP 3.4 §5.2.19).
const ASCII: u8 = 1;
const LATIN1: u8 = 3;
pub(crate) const UCS2: u8 = 8;
/// GSM alphabet with a message class (3GPP TS 23.038 §4).
const GSM_WITH_CLASS: std::ops::RangeInclusive<u8> = 0xF0..=0xF3;

/// The most digits of a short code; a longer number of unknown type is an international one.
const SHORT_CODE_DIGITS: usize = 6;

/// The country code of North America, and the digits of a national number there.
const NANP: &str = "1";
const NANP_DIGITS: usize = 10;

/// An address of ours as SMPP writes it; `None` for another channel's.
pub(crate) fn to_party(address: &str) -> Option<Party> {
    let party = |ton, address: &str| Some(Party { ton, address: address.to_owned() });
    match Address::parse(address).ok()? {
        Address::Phone(_) => party(INTERNATIONAL, address.strip_prefix('+').unwrap_or(address)),
        Address::ShortCode(_) => party(NETWORK_SPECIFIC, address),
        Address::Alphanumeric(_) => party(ALPHANUMERIC, address),
        Address::Channel(_) => None,
    }
}

/// An address of the SMSC as we write it; a national number becomes an international one of `country_code`.
pub(crate) fn from_party(party: &Party, country_code: Option<&str>) -> String {
    let digits = party.address.as_str();
    let is_number = digits.len() > SHORT_CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    match (party.ton, country_code) {
        (INTERNATIONAL | UNKNOWN, _) if is_number => format!("+{digits}"),
        // In North America the prefix of long distance is the country code.
        (NATIONAL, Some(NANP)) if is_number && digits.len() == NANP_DIGITS => format!("+{NANP}{digits}"),
        (NATIONAL, Some(NANP)) if is_number => format!("+{digits}"),
        (NATIONAL, Some(code)) if is_number => {
            format!("+{code}{}", digits.strip_prefix('0').unwrap_or(digits))
        }
        _ => digits.to_owned(),
    }
}

/// How a text of this `data_coding` is to be read; `None` when it is no text.
pub(crate) fn coding_of(data_coding: u8, gsm7_data_coding: u8) -> Option<Coding> {
    match data_coding {
        UCS2 => Some(Coding::Ucs2),
        _ if data_coding == gsm7_data_coding => Some(Coding::Gsm7),
        0 => Some(Coding::Gsm7),
        ASCII => Some(Coding::Ascii),
        LATIN1 => Some(Coding::Latin1),
        _ if GSM_WITH_CLASS.contains(&data_coding) => Some(Coding::Gsm7),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(ton: u8, address: &str) -> Party {
        Party { ton, address: address.to_owned() }
    }

    #[test]
    fn addresses_go_there_and_back() {
        for (address, ton, digits) in
            [("+14155550100", 1, "14155550100"), ("12345", 3, "12345"), ("Clinic", 5, "Clinic")]
        {
            let party = to_party(address).unwrap();
            assert_eq!((party.ton, party.address.as_str()), (ton, digits));
            assert_eq!(from_party(&party, None), address);
        }
        assert!(to_party("whatsapp:+14155550100").is_none());
        assert_eq!(from_party(&party(0, "14155550100"), None), "+14155550100");
        assert_eq!(from_party(&party(0, "+14155550100"), None), "+14155550100");
    }

    #[test]
    fn national_numbers_get_the_country_that_is_configured() {
        for (country, digits, expected) in [
            (Some("1"), "4155550177", "+14155550177"),
            (Some("1"), "14155550177", "+14155550177"),
            (Some("44"), "07400123456", "+447400123456"),
            (Some("44"), "7400123456", "+447400123456"),
            (Some("1"), "12345", "12345"),
            (None, "4155550177", "4155550177"),
        ] {
            assert_eq!(from_party(&party(2, digits), country), expected);
        }
    }

    #[test]
    fn texts_are_read_by_their_coding() {
        for (data_coding, expected) in [
            (0, Some(Coding::Gsm7)),
            (0xF1, Some(Coding::Gsm7)),
            (1, Some(Coding::Ascii)),
            (3, Some(Coding::Latin1)),
            (8, Some(Coding::Ucs2)),
            (4, None),
        ] {
            assert_eq!(coding_of(data_coding, 0), expected, "{data_coding}");
        }
        assert_eq!(coding_of(4, 4), Some(Coding::Gsm7));
    }
}
