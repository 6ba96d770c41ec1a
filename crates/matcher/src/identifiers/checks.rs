//! Check digits and valid ranges, over characters without separators.

/// The digits of a text that has nothing else.
fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|character| character.to_digit(10)).collect()
}

/// The checksum of ISO/IEC 7812-1 annex B ("Luhn").
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit) {
            (0, digit) => digit,
            (_, 9) => 9,
            (_, digit) => digit * 2 % 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A social security number that can have been assigned (20 CFR 422.103; no area 000, 666 or 900 and above), or an
/// individual taxpayer number (26 CFR 301.6109-1).
pub(super) fn is_social_security(text: &str) -> bool {
    let (9, Ok(number)) = (text.len(), text.parse::<u32>()) else { return false };
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    let is_security = !matches!(area, 0 | 666 | 900..) && group != 0;
    let is_taxpayer = area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    serial != 0 && (is_security || is_taxpayer) && !is_monotone(text)
}

/// `111111111`, `123456789`: written to stand for a number, not one.
fn is_monotone(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(2).all(|pair| pair[0] == pair[1]) || text == "123456789"
}

/// A payment card: a known first range, its length, its check digit.
pub(super) fn is_card(text: &str) -> bool {
    let Some(digits) = digits(text) else { return false };
    let starts = |range: std::ops::RangeInclusive<u32>, length: usize| {
        text.get(..length).and_then(|start| start.parse().ok()).is_some_and(|start| range.contains(&start))
    };
    let is_range = match digits.len() {
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
    is_range && luhn(&digits)
}

/// A National Provider Identifier: the card checksum over 80840 and its ten digits (45 CFR 162.406).
pub(super) fn is_npi(text: &str) -> bool {
    let Some(number) = digits(text).filter(|digits| digits.len() == 10 && matches!(digits[0], 1 | 2)) else {
        return false;
    };
    let whole: Vec<u32> = [8, 0, 8, 4, 0].into_iter().chain(number).collect();
    luhn(&whole)
}

/// A bank's routing number: weights 3, 7, 1.
pub(super) fn is_routing(text: &str) -> bool {
    let Some(digits) = digits(text).filter(|digits| digits.len() == 9) else { return false };
    let sum: u32 =
        digits.iter().zip([3, 7, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    sum != 0 && sum.is_multiple_of(10)
}

/// A registration of the Drug Enforcement Administration: two letters, six digits, a check digit.
pub(super) fn is_dea(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_form = bytes.len() == 9
        && b"ABCDEFGHJKLMPRSTUX".contains(&bytes[0])
        && (bytes[1].is_ascii_uppercase() || bytes[1] == b'9');
    let Some(digits) = text.get(2..).filter(|_| is_form).and_then(digits) else { return false };
    let sum = digits[0] + digits[2] + digits[4] + 2 * (digits[1] + digits[3] + digits[5]);
    sum % 10 == digits[6]
}

/// A vehicle identification number: no I, O or Q, and the check digit at its ninth place (49 CFR 565.15).
pub(super) fn is_vin(text: &str) -> bool {
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
    let bytes = text.as_bytes();
    if bytes.len() != 17 || bytes.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: Option<u32> = bytes.iter().zip(WEIGHTS).map(|(byte, weight)| Some(value(*byte)? * weight)).sum();
    sum.is_some_and(|sum| match sum % 11 {
        10 => bytes[8] == b'X',
        rest => u32::from(bytes[8].wrapping_sub(b'0')) == rest,
    })
}

/// A Medicare beneficiary identifier: eleven places, each with its own kind of character, none of S L O I B Z.
pub(super) fn is_medicare(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_uppercase() && !b"SLOIBZ".contains(&byte);
    let bytes = text.as_bytes();
    bytes.len() == 11
        && bytes.iter().zip(b"1LMDLMDLLDD").all(|(&byte, kind)| match kind {
            b'1' => matches!(byte, b'1'..=b'9'),
            b'L' => is_letter(byte),
            b'D' => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || is_letter(byte),
        })
}

/// An international bank account number: the remainder of ISO 13616-1.
pub(super) fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_form = (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    is_form
        && bytes[4..].iter().chain(&bytes[..4]).fold(0_u32, |rest, &byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        }) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A check, what passes it, and what does not.
    type Row = (fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);

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
            (is_dea, &["AB1234563"], &["AB1234564", "1B1234563", "AB123456"]),
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
                assert!(check(text), "{text}");
            }
            for text in *bad {
                assert!(!check(text), "{text}");
            }
        }
    }
}
