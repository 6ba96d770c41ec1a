//! How many SMS segments a text takes: the number carriers bill and `NumSegments` reports.
//!
//! Alphabet and extension table: 3GPP TS 23.038 §6.2.1. Room in a segment: 140 octets, of which a text of several
//! segments gives six to the header that joins them (3GPP TS 23.040 §9.2.3.24.1).

use serde::{Deserialize, Serialize};

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

/// The codes of [`EXTENSION`], in its order (3GPP TS 23.038 §6.2.1.1).
const EXTENSION_CODES: [u8; 10] = [0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65];
/// The code before those of the extension table.
const ESCAPE: u8 = 0x1B;
/// What a code stands for that this alphabet does not have.
const UNKNOWN: char = ' ';

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

/// A text as it goes to a carrier. Open text: no `Debug`.
pub struct Encoded {
    /// How it is written.
    pub encoding: Encoding,
    /// Its segments, as many as [`segment`] says: one octet a septet for GSM-7, and UTF-16 with the high octet
    /// first for UCS-2. Without the header that joins them.
    pub segments: Vec<Vec<u8>>,
}

/// Writes a text and cuts it where [`segment`] cuts it.
pub fn encode(text: &str) -> Encoded {
    let septets: Option<Vec<Vec<u8>>> = text.chars().map(gsm7_codes).collect();
    match septets {
        Some(codes) => {
            Encoded { encoding: Encoding::Gsm7, segments: cut(codes, 1, GSM7_SINGLE, GSM7_JOINED) }
        }
        None => {
            let units = text.chars().map(|character| {
                character.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect()
            });
            Encoded { encoding: Encoding::Ucs2, segments: cut(units.collect(), 2, UCS2_SINGLE, UCS2_JOINED) }
        }
    }
}

/// How the octets of a text that came in are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coding {
    /// The GSM alphabet, one octet a septet.
    Gsm7,
    /// UTF-16 with the high octet first.
    Ucs2,
    /// ASCII.
    Ascii,
    /// ISO 8859-1.
    Latin1,
}

/// Reads a text. What stands for nothing becomes a replacement character; nothing is refused, because a
/// text that came in cannot be asked for again.
pub fn decode(coding: Coding, octets: &[u8]) -> String {
    match coding {
        Coding::Gsm7 => decode_gsm7(octets),
        Coding::Ucs2 => {
            let units: Vec<u16> =
                octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        Coding::Ascii => {
            octets.iter().map(|&octet| if octet.is_ascii() { char::from(octet) } else { '?' }).collect()
        }
        Coding::Latin1 => octets.iter().map(|&octet| char::from(octet)).collect(),
    }
}

/// Reads a GSM-7 text of one octet a septet. Codes that stand for nothing become blanks, as on a handset
/// (3GPP TS 23.038 §6.2.1).
fn decode_gsm7(octets: &[u8]) -> String {
    let basic: Vec<char> = BASIC.chars().collect();
    let mut octets = octets.iter();
    let mut text = String::new();
    while let Some(&octet) = octets.next() {
        let character = match octet {
            ESCAPE => octets.next().and_then(|code| {
                let at = EXTENSION_CODES.iter().position(|extension| extension == code)?;
                EXTENSION.chars().nth(at)
            }),
            // The alphabet is written without the escape code.
            _ => basic.get(usize::from(octet) - usize::from(octet > ESCAPE)).copied(),
        };
        text.push(character.unwrap_or(UNKNOWN));
    }
    text
}

/// The septets of a character, one octet each.
fn gsm7_codes(character: char) -> Option<Vec<u8>> {
    if let Some(at) = BASIC.chars().position(|basic| basic == character) {
        let code = u8::try_from(at).ok()?;
        return Some(vec![code + u8::from(code >= ESCAPE)]);
    }
    let at = EXTENSION.chars().position(|extension| extension == character)?;
    Some(vec![ESCAPE, EXTENSION_CODES[at]])
}

/// Cuts characters of `width` octets a unit into segments with room for so many units.
fn cut(characters: Vec<Vec<u8>>, width: usize, single: usize, joined: usize) -> Vec<Vec<u8>> {
    let total: usize = characters.iter().map(Vec::len).sum();
    let room = width * if total <= single * width { single } else { joined };
    let mut segments = vec![Vec::new()];
    for character in characters {
        if segments.last().is_some_and(|segment: &Vec<u8>| segment.len() + character.len() > room) {
            segments.push(Vec::new());
        }
        if let Some(segment) = segments.last_mut() {
            segment.extend(character);
        }
    }
    segments
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
    fn texts_are_written_as_they_are_counted_and_read_back() {
        let long = format!("{}€{}", "a".repeat(152), "a".repeat(152));
        let alphabet = format!("{BASIC}{EXTENSION}");
        for text in ["", "hello", &long, &alphabet, &"€".repeat(153), &"日".repeat(135), &"😀".repeat(67)]
        {
            let (counted, encoded) = (segment(text), encode(text));
            assert_eq!(encoded.encoding, counted.encoding);
            assert_eq!(
                u32::try_from(encoded.segments.len()),
                Ok(counted.segments),
                "{} characters",
                text.chars().count()
            );
            let octets = encoded.segments.concat();
            let coding = match encoded.encoding {
                Encoding::Gsm7 => Coding::Gsm7,
                Encoding::Ucs2 => Coding::Ucs2,
            };
            assert_eq!(decode(coding, &octets), text);
        }
    }

    #[test]
    fn texts_are_read_by_their_coding() {
        for (coding, octets, expected) in [
            (Coding::Gsm7, &b"h\x05\x1b\x65"[..], "hé€"),
            (Coding::Ascii, b"h@\xe9", "h@?"),
            (Coding::Latin1, b"h\xe9", "hé"),
            (Coding::Ucs2, b"\xd8\x3d\xde\x00\x00", "😀"),
        ] {
            assert_eq!(decode(coding, octets), expected, "{coding:?}");
        }
    }

    #[test]
    fn letters_have_the_codes_of_the_standard() {
        for (text, codes) in
            [("@", vec![0]), ("Æ", vec![0x1C]), ("é", vec![5]), ("A", vec![0x41]), ("à", vec![0x7F])]
        {
            assert_eq!(encode(text).segments, [codes]);
        }
        assert_eq!(encode("€[").segments, [vec![0x1B, 0x65, 0x1B, 0x3C]]);
        assert_eq!(decode_gsm7(&[0x41, 0xFF, 0x1B, 0x01, 0x1B]), "A   ");
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
