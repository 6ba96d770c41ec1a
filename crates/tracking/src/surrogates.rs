//! Halves of characters: JavaScript writes an emoji that was cut in two as `\ud83d`, which is no character and which no
//! strict reader of JSON takes.

/// What stands in their place (U+FFFD), as in Go's and the browsers' readers.
const REPLACEMENT: &[u8; 4] = b"fffd";
/// `\u` and four digits.
const ESCAPE: usize = 6;

/// The body with a replacement character for each half of one; `None` when it has no halves.
pub(crate) fn mended(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended = None;
    let mut at = 0;
    // Outside of strings JSON has no backslash.
    while let Some(found) = body.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        at += match (unit(body, at), unit(body, at + ESCAPE)) {
            (None, _) => 2,
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 2 * ESCAPE,
            (Some(0xD800..=0xDFFF), _) => {
                let digits = mended.get_or_insert_with(|| body.to_vec()).get_mut(at + 2..at + ESCAPE);
                digits.into_iter().for_each(|digits| digits.copy_from_slice(REPLACEMENT));
                ESCAPE
            }
            (Some(_), _) => ESCAPE,
        };
    }
    mended
}

/// The code unit that is escaped at this place, if one is.
fn unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + ESCAPE)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_whole_characters_are_not() {
        for (text, expected) in [
            (r#"{"a":"b"}"#, None),
            (r#""\ud83d\ude00""#, None),
            (r#""\\ud83d""#, None),
            (r#""é""#, None),
            (r#""\ud83d""#, Some(r#""\ufffd""#)),
            (r#""\uDE00x""#, Some(r#""\ufffdx""#)),
            (r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (r#""\\\ud83d""#, Some(r#""\\\ufffd""#)),
            (r#""\ud83d\n""#, Some(r#""\ufffd\n""#)),
            (r"\", None),
            (r"\u", None),
            (r"\u+d83", None),
            (r"\ud83d\u", Some(r"\ufffd\u")),
        ] {
            assert_eq!(mended(text.as_bytes()).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
