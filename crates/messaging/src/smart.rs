//! Smart encoding: characters that look like one of the GSM alphabet are replaced by it, so that a text of quotation
//! marks and dashes out of a word processor does not become three times as many segments.
//!
//! Source: the characters that Twilio's Messaging Services replace.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A replacement, and every character that it replaces.
#[rustfmt::skip]
const REPLACEMENTS: &[(&str, &str)] = &[
    ("\"", "«»“”„‟ʺˮ❝❞〝〞＂"),
    ("'", "‘’‛ʻˈʼʽʹ＇´ˊ`ˋ❛❜‗\u{313}\u{314}\u{fe10}\u{fe11}"),
    ("/", "÷⁄∕⧸／\u{337}\u{338}"),
    ("\\", "⧵⧹﹨＼\u{20e5}"),
    ("_", "＿\u{332}"),
    ("|", "∣｜⎸⎹⏐⎜⎟\u{20d2}\u{20d3}"),
    ("-", "‐–—―⁃•⎼⎽﹣－"),
    ("@", "﹫＠"), ("$", "﹩＄"), ("!", "ǃ︕﹗！"), ("#", "﹟＃"), ("%", "﹪％"), ("&", "﹠＆"),
    (",", "‚、﹐﹑，､\u{326}"),
    ("(", "❨❪⟮⦅﹙（"), (")", "❩❫⟯⦆﹚）"),
    ("*", "⁎∗⊛✢✣✤✥✱✲✳✺✻✼✽❃❉❊❋⧆﹡＊"),
    ("+", "˖﹢＋"), (".", "。﹒．｡"), (":", "ː˸⦂꞉︓："), (";", "⁏︔﹔；"),
    ("<", "‹﹤＜"), (">", "›﹥＞"), ("=", "꞊﹦＝\u{347}"), ("?", "︖﹖？"),
    ("^", "ˆ＾\u{302}\u{1dcd}"), ("~", "˜˷∼～\u{303}\u{330}\u{334}"),
    ("{", "❴﹛｛"), ("}", "❵﹜｝"), ("[", "［"), ("]", "］"),
    ("1/4", "¼"), ("1/2", "½"), ("3/4", "¾"), ("...", "…"), ("!!", "‼"),
    ("0", "０"), ("1", "１"), ("2", "２"), ("3", "３"), ("4", "４"),
    ("5", "５"), ("6", "６"), ("7", "７"), ("8", "８"), ("9", "９"),
    ("A", "Ａᴀ"), ("B", "Ｂʙ"), ("C", "Ｃᴄ"), ("D", "Ｄᴅ"), ("E", "Ｅᴇ"), ("F", "Ｆꜰ"), ("G", "Ｇɢ"), ("H", "Ｈʜ"),
    ("I", "Ｉɪ"), ("J", "Ｊᴊ"), ("K", "Ｋᴋ"), ("L", "Ｌʟ"), ("M", "Ｍᴍ"), ("N", "Ｎɴ"), ("O", "Ｏᴏ"), ("P", "Ｐᴘ"),
    ("Q", "Ｑ"), ("R", "Ｒʀ"), ("S", "Ｓꜱ"), ("T", "Ｔᴛ"), ("U", "Ｕᴜ"), ("V", "Ｖᴠ"), ("W", "Ｗᴡ"), ("X", "Ｘ"),
    ("Y", "Ｙʏ"), ("Z", "Ｚᴢ"),
    (" ", "\t\u{80}\u{8d}\u{90}\u{9b}\u{9f}\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\
           \u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}"),
    ("", "\0\u{3}\u{4}\u{10}\u{11}\u{12}\u{13}\u{14}\u{17}\u{19}\u{200b}\u{2060}\u{feff}"),
];

/// The replacement of each character that has one.
static TWINS: LazyLock<HashMap<char, &'static str>> = LazyLock::new(|| {
    let pairs = |(replacement, replaced): &(&'static str, &'static str)| {
        let replacement = *replacement;
        replaced.chars().map(move |character| (character, replacement)).collect::<Vec<_>>()
    };
    REPLACEMENTS.iter().flat_map(pairs).collect()
});

/// Whether a byte is a character that stays, as nearly all of nearly every text are.
const fn stays(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r') && byte != b'`'
}

/// The text with every such character replaced.
pub(crate) fn shorten(text: &str) -> String {
    if text.bytes().all(stays) {
        return text.to_owned();
    }
    let mut shortened = String::with_capacity(text.len());
    for character in text.chars() {
        match TWINS.get(&character) {
            Some(replacement) => shortened.push_str(replacement),
            None => shortened.push(character),
        }
    }
    shortened
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segments::{Encoding, Segmentation, segment};

    #[test]
    fn typographic_texts_become_short_ones() {
        let typed = format!("“Don’t wait…” – the clinic’s ½{}", "a".repeat(120));
        assert_eq!(segment(&typed).encoding, Encoding::Ucs2);
        let shortened = shorten(&typed);
        assert!(shortened.starts_with("\"Don't wait...\" - the clinic's 1/2"));
        assert_eq!(segment(&shortened), Segmentation { encoding: Encoding::Gsm7, segments: 1 });
    }

    #[test]
    fn what_has_no_twin_stays() {
        for text in ["", "Hello", "Grüße €", "日本 “x”", "😀"] {
            assert_eq!(shorten(text), text.replace(['“', '”'], "\""));
        }
    }

    #[test]
    fn every_replacement_is_of_the_alphabet_and_no_character_has_two() {
        let mut replaced: Vec<char> = Vec::new();
        for (replacement, characters) in REPLACEMENTS {
            assert_eq!(segment(replacement).encoding, Encoding::Gsm7, "{replacement}");
            for character in characters.chars() {
                assert_eq!(segment(&character.to_string()).encoding, Encoding::Ucs2, "{character:?}");
                replaced.push(character);
            }
        }
        assert!(replaced.iter().all(|character| !u8::try_from(*character).is_ok_and(stays)));
        let count = replaced.len();
        replaced.sort_unstable();
        replaced.dedup();
        assert_eq!((replaced.len(), count > 200), (count, true));
    }
}
