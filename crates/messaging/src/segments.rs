//! How many SMS segments a text takes: the number carriers bill and `NumSegments` reports.
//!
//! Alphabet and extension table: 3GPP TS 23.038 §6.2.1. Room in a segment: 140 octets, of which a text of several
//! segments gives six to the header that joins them (3GPP TS 23.040 §9.2.3.24.1).

/// Longest text of one message in UTF-16 code units; longer is refused with 21617.
pub const TEXT_LIMIT: usize = 1600;

/// Septets in the only segment of a GSM-7 text.
const GSM7_SINGLE: usize = 160;
/// Septets in each of several GSM-7 segments.
const GSM7_JOINED: usize = 153;
/// Code units in the only segment of a UCS-2 text.
const UCS2_SINGLE: usize = 70;
/// Code units in each of several UCS-2 segments.
const UCS2_JOINED: usize = 67;

/// The basic alphabet, in code order, without the escape code.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Characters reached through the escape code: two septets each.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How a text is written on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character, when every character is in the alphabet.
    Gsm7,
    /// Sixteen bits a code unit, for everything else; sent as UTF-16.
    Ucs2,
}

/// How a text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// How it is written.
    pub encoding: Encoding,
    /// How many segments it takes; an empty text takes one.
    pub segments: u32,
}

/// Cuts a text. Neither an escaped character nor a surrogate pair is split between two segments, so a text can take one
/// segment more than its length divided by the room.
pub fn segment(text: &str) -> Segmentation {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(widths) => Segmentation {
            encoding: Encoding::Gsm7,
            segments: pack(widths.into_iter(), GSM7_SINGLE, GSM7_JOINED),
        },
        None => Segmentation {
            encoding: Encoding::Ucs2,
            segments: pack(text.chars().map(char::len_utf16), UCS2_SINGLE, UCS2_JOINED),
        },
    }
}

/// Whether a text is longer than [`TEXT_LIMIT`].
pub fn is_too_long(text: &str) -> bool {
    text.encode_utf16().nth(TEXT_LIMIT).is_some()
}

fn septets(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

fn pack(widths: impl Iterator<Item = usize> + Clone, single: usize, joined: usize) -> u32 {
    if widths.clone().sum::<usize>() <= single {
        return 1;
    }
    let mut segments = 1;
    let mut used = 0;
    for width in widths {
        if used + width > joined {
            segments += 1;
            used = 0;
        }
        used += width;
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, encoding: Encoding, segments: u32) {
        assert_eq!(segment(text), Segmentation { encoding, segments }, "{} characters", text.chars().count());
    }

    #[test]
    fn alphabet_has_every_code_once() {
        let mut characters: Vec<char> = BASIC.chars().chain(EXTENSION.chars()).collect();
        characters.sort_unstable();
        characters.dedup();
        assert_eq!((characters.len(), BASIC.chars().count(), EXTENSION.chars().count()), (137, 127, 10));
    }

    #[test]
    fn gsm7_texts_are_cut_at_160_and_153() {
        for (length, segments) in [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)]
        {
            check(&"a".repeat(length), Encoding::Gsm7, segments);
        }
        check(BASIC, Encoding::Gsm7, 1);
    }

    #[test]
    fn ucs2_texts_are_cut_at_70_and_67() {
        for (length, segments) in [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)] {
            check(&"日".repeat(length), Encoding::Ucs2, segments);
        }
    }

    #[test]
    fn one_foreign_character_changes_the_whole_text() {
        check(&format!("{}ç", "a".repeat(69)), Encoding::Ucs2, 1);
        check(&format!("{}ç", "a".repeat(70)), Encoding::Ucs2, 2);
        check("\u{2019}", Encoding::Ucs2, 1);
        check("\t", Encoding::Ucs2, 1);
    }

    #[test]
    fn extension_characters_count_twice_and_stay_whole() {
        check(&"€".repeat(80), Encoding::Gsm7, 1);
        check(&"€".repeat(81), Encoding::Gsm7, 2);
        // 153 is odd: a segment holds 76 of them and one septet stays empty.
        check(&"€".repeat(152), Encoding::Gsm7, 2);
        check(&"€".repeat(153), Encoding::Gsm7, 3);
        // 306 septets would fit into two segments if the pair at the border could be split.
        check(&format!("{}€{}", "a".repeat(152), "a".repeat(152)), Encoding::Gsm7, 3);
    }

    #[test]
    fn surrogate_pairs_stay_whole() {
        check(&"😀".repeat(35), Encoding::Ucs2, 1);
        check(&"😀".repeat(36), Encoding::Ucs2, 2);
        check(&"😀".repeat(66), Encoding::Ucs2, 2);
        check(&"😀".repeat(67), Encoding::Ucs2, 3);
        check(&format!("{}😀{}", "日".repeat(66), "日".repeat(66)), Encoding::Ucs2, 3);
    }

    #[test]
    fn too_long_starts_after_1600_units() {
        for (text, expected) in [
            ("a".repeat(1600), false),
            ("a".repeat(1601), true),
            ("😀".repeat(800), false),
            ("😀".repeat(801), true),
            (String::new(), false),
        ] {
            assert_eq!(is_too_long(&text), expected);
        }
    }
}
