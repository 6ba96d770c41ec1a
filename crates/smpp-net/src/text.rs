//! Addresses and texts, between how the platform writes them and how SMPP does.

use base::Address;
use messaging::segments::decode_gsm7;
use smpp_proto::{Part, Party};

/// Types of number (SMPP 3.4 §5.2.5).
const INTERNATIONAL: u8 = 1;
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

/// An address of the SMSC as we write it.
pub(crate) fn from_party(party: &Party) -> String {
    let digits = party.address.as_str();
    let is_number = digits.len() > SHORT_CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    match party.ton {
        INTERNATIONAL | UNKNOWN if is_number => format!("+{digits}"),
        _ => digits.to_owned(),
    }
}

/// The text of a message whose parts are all there; `None` when its coding is none of a text.
pub(crate) fn text_of(parts: &[Part], gsm7_data_coding: u8) -> Option<String> {
    let coding = parts.first()?.data_coding;
    let octets: Vec<u8> = parts.iter().flat_map(|part| part.octets.iter().copied()).collect();
    match coding {
        UCS2 => {
            let units: Vec<u16> =
                octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            Some(String::from_utf16_lossy(&units))
        }
        _ if coding == gsm7_data_coding => Some(decode_gsm7(&octets)),
        0 => Some(decode_gsm7(&octets)),
        ASCII => {
            Some(octets.iter().map(|&octet| if octet.is_ascii() { char::from(octet) } else { '?' }).collect())
        }
        LATIN1 => Some(octets.iter().map(|&octet| char::from(octet)).collect()),
        _ if GSM_WITH_CLASS.contains(&coding) => Some(decode_gsm7(&octets)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_there_and_back() {
        for (address, ton, digits) in
            [("+14155550100", 1, "14155550100"), ("12345", 3, "12345"), ("Clinic", 5, "Clinic")]
        {
            let party = to_party(address).unwrap();
            assert_eq!((party.ton, party.address.as_str()), (ton, digits));
            assert_eq!(from_party(&party), address);
        }
        assert!(to_party("whatsapp:+14155550100").is_none());
        assert_eq!(from_party(&Party { ton: 0, address: "14155550100".to_owned() }), "+14155550100");
        assert_eq!(from_party(&Party { ton: 0, address: "+14155550100".to_owned() }), "+14155550100");
    }

    #[test]
    fn texts_are_read_by_their_coding() {
        for (coding, octets, expected) in [
            (0, &b"h\x05\x1b\x65"[..], Some("hé€")),
            (0xF1, b"\x00", Some("@")),
            (1, b"h@", Some("h@")),
            (3, b"h\xe9", Some("hé")),
            (8, b"\xd8\x3d\xde\x00", Some("😀")),
            (4, b"\x01", None),
        ] {
            let party = |address: &str| Party { ton: 1, address: address.to_owned() };
            let (source, destination) = (party("1"), party("2"));
            let part =
                Part { source, destination, data_coding: coding, octets: octets.to_vec(), joined: None };
            assert_eq!(text_of(&[part], 0).as_deref(), expected, "{coding}");
        }
    }
}
