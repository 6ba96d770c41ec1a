//! Check digits and valid ranges, over characters without separators.

fn is_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

fn digit(byte: u8) -> u32 {
    u32::from(byte - b'0')
}

/// The number that a few digits make.
fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, byte| number * 10 + digit(*byte))
}

/// The checksum of ISO/IEC 7812-1 annex B ("Luhn"), without what is divisible by ten.
fn luhn(digits: &[u8]) -> u32 {
    let places = digits.iter().rev().enumerate();
    let values = places.map(|(place, byte)| match (place % 2, digit(*byte)) {
        (0, digit) => digit,
        (_, 9) => 9,
        (_, digit) => digit * 2 % 9,
    });
    values.sum::<u32>() % 10
}

/// A social security number that can have been assigned (20 CFR 422.103; no area 000, 666 or 900 and above), or an
/// individual taxpayer number (26 CFR 301.6109-1).
pub(super) fn is_social_security(text: &[u8]) -> bool {
    if text.len() != 9 || !is_digits(text) {
        return false;
    }
    let number = number(text);
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    let is_security = !matches!(area, 0 | 666 | 900..) && group != 0;
    let is_taxpayer = area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    serial != 0 && (is_security || is_taxpayer) && !is_monotone(text)
}

/// `111111111`, `123456789`: written to stand for a number, not one.
fn is_monotone(text: &[u8]) -> bool {
    text.windows(2).all(|pair| pair[0] == pair[1]) || text == b"123456789"
}

/// A payment card: a known first range, its length, its check digit.
pub(super) fn is_card(text: &[u8]) -> bool {
    if !(13..=19).contains(&text.len()) || !is_digits(text) {
        return false;
    }
    let starts =
        |range: std::ops::RangeInclusive<u32>, length: usize| range.contains(&number(&text[..length]));
    let is_range = match text.len() {
        15 => starts(34..=34, 2) || starts(37..=37, 2),
        13 | 19 => starts(4..=4, 1) || starts(62..=62, 2),
        14 => starts(300..=305, 3) || starts(36..=36, 2) || starts(38..=39, 2),
        16 => {
            starts(4..=4, 1)
                || starts(51..=55, 2)
                || starts(2221..=2720, 4)
                || starts(6011..=6011, 4)
                || starts(62..=62, 2)
                || starts(65..=65, 2)
                || starts(3528..=3589, 4)
        }
        _ => false,
    };
    is_range && luhn(text) == 0
}

/// A National Provider Identifier: the card checksum over 80840 and its ten digits (45 CFR 162.406).
pub(super) fn is_npi(text: &[u8]) -> bool {
    let is_form = text.len() == 10 && matches!(text[0], b'1' | b'2') && is_digits(text);
    // Before ten digits, 80840 counts its own digits at the same places: it adds 24.
    is_form && (24 + luhn(text)).is_multiple_of(10)
}

/// A bank's routing number: weights 3, 7, 1.
pub(super) fn is_routing(text: &[u8]) -> bool {
    if text.len() != 9 || !is_digits(text) {
        return false;
    }
    let sum: u32 =
        text.iter().zip([3, 7, 1].into_iter().cycle()).map(|(byte, weight)| digit(*byte) * weight).sum();
    sum != 0 && sum.is_multiple_of(10)
}

/// A registration of the Drug Enforcement Administration: two letters, six digits, a check digit. One in ten serial
/// numbers of that form passes by chance, so the first letter must be one of those that practitioners, clinics and
/// pharmacies are given; a number of a distributor or a maker is found behind a word such as `DEA`.
pub(super) fn is_dea(text: &[u8]) -> bool {
    let is_form = text.len() == 9
        && b"ABFGM".contains(&text[0])
        && (text[1].is_ascii_uppercase() || text[1] == b'9')
        && is_digits(&text[2..]);
    let sum = |places: [usize; 3]| places.iter().map(|place| digit(text[*place])).sum::<u32>();
    is_form && (sum([2, 4, 6]) + 2 * sum([3, 5, 7])) % 10 == digit(text[8])
}

/// A vehicle identification number: no I, O or Q, and the check digit at its ninth place (49 CFR 565.15).
pub(super) fn is_vin(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |byte: u8| -> Option<u32> {
        Some(match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'H' => u32::from(byte - b'A') + 1,
            b'J'..=b'N' => u32::from(byte - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => u32::from(byte - b'S') + 2,
            _ => return None,
        })
    };
    if text.len() != 17 || is_digits(text) {
        return false;
    }
    let sum: Option<u32> = text.iter().zip(WEIGHTS).map(|(byte, weight)| Some(value(*byte)? * weight)).sum();
    sum.is_some_and(|sum| match sum % 11 {
        10 => text[8] == b'X',
        rest => u32::from(text[8].wrapping_sub(b'0')) == rest,
    })
}

/// A Medicare beneficiary identifier: eleven places, each with its own kind of character, none of S L O I B Z.
pub(super) fn is_medicare(text: &[u8]) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_uppercase() && !b"SLOIBZ".contains(&byte);
    text.len() == 11
        && text.iter().zip(b"1LMDLMDLLDD").all(|(&byte, kind)| match kind {
            b'1' => matches!(byte, b'1'..=b'9'),
            b'L' => is_letter(byte),
            b'D' => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || is_letter(byte),
        })
}

/// An international bank account number: the remainder of ISO 13616-1.
pub(super) fn is_iban(text: &[u8]) -> bool {
    let is_form = (15..=34).contains(&text.len())
        && text[..2].iter().all(u8::is_ascii_uppercase)
        && is_digits(&text[2..4])
        && text.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    is_form
        && text[4..].iter().chain(&text[..4]).fold(0_u32, |rest, &byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        }) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A check, what passes it, and what does not.
    type Row = (fn(&[u8]) -> bool, &'static [&'static str], &'static [&'static str]);

    #[test]
    fn what_passes_and_what_does_not() {
        let rows: &[Row] = &[
            (
                is_social_security,
                &["212345678", "900700001"],
                &["000123456", "666123456", "900010001", "212005678", "212340000", "111111111", "12345678"],
            ),
            (
                is_card,
                &["4111111111111111", "378282246310005", "5555555555554444"],
                &["4111111111111112", "1111111111111117", "411111111111111"],
            ),
            (is_npi, &["1234567893"], &["1234567890", "3234567893", "123456789"]),
            (is_routing, &["021000021"], &["021000022", "000000000"]),
            (is_dea, &["AB1234563"], &["AB1234564", "1B1234563", "PB1234563", "AB123456"]),
            (
                is_vin,
                &["1M8GDM9AXKP042788"],
                &["1M8GDM9A1KP042788", "11111111111111111", "IM8GDM9AXKP042788"],
            ),
            (is_medicare, &["1EG4TE5MK73"], &["0EG4TE5MK73", "1SG4TE5MK73", "1EG4TE5MK7"]),
            (
                is_iban,
                &["GB82WEST12345698765432", "DE89370400440532013000"],
                &["GB82WEST12345698765431", "GB82"],
            ),
        ];
        for (check, good, bad) in rows {
            for text in *good {
                assert!(check(text.as_bytes()), "{text}");
            }
            for text in *bad {
                assert!(!check(text.as_bytes()), "{text}");
            }
        }
    }
}
