//! What `Say` says: plain text and the common part of SSML, as a small tree.

use std::time::Duration;

use crate::words::words;

/// A piece of speech. No `Debug`: what is said to a patient is protected.
#[derive(Clone, PartialEq, Eq)]
pub enum Speech {
    /// Text. White space is as a reader would see it: no line breaks, no double spaces.
    Text(String),
    /// A silence.
    Break(Duration),
    /// Something said in a certain way.
    Styled {
        /// The way.
        style: Style,
        /// What.
        content: Vec<Speech>,
    },
}

/// A way to say something (SSML 1.1).
#[derive(Clone, PartialEq, Eq)]
pub enum Style {
    /// `<emphasis>`.
    Emphasis(Emphasis),
    /// `<lang>`: in this language (a BCP 47 tag).
    Language(String),
    /// `<p>`.
    Paragraph,
    /// `<s>`.
    Sentence,
    /// `<phoneme>`: sounds in place of the text.
    Phoneme {
        /// Which signs.
        alphabet: Alphabet,
        /// The signs.
        sounds: String,
    },
    /// `<prosody>`: louder, faster, higher.
    Prosody {
        /// As written: a word such as `loud` or a change such as `+6dB`.
        volume: Option<String>,
        /// As written: a word such as `slow` or a percentage.
        rate: Option<String>,
        /// As written: a word such as `low` or a percentage.
        pitch: Option<String>,
    },
    /// `<say-as>`.
    SayAs {
        /// As what.
        interpretation: Interpretation,
        /// For dates: the order of day, month and year, such as `mdy`.
        format: Option<String>,
    },
    /// `<sub>`: this in place of the text.
    Substitute(String),
    /// `<w>`: the word is of this kind, as written.
    Word(Option<String>),
}

words! {
    /// The `level` of `<emphasis>`.
    pub enum Emphasis {
        /// More than usual; the default.
        #[default]
        Moderate = "moderate",
        /// Much more.
        Strong = "strong",
        /// Less.
        Reduced = "reduced",
    }

    /// The `alphabet` of `<phoneme>`.
    pub enum Alphabet {
        /// The International Phonetic Alphabet; the default.
        #[default]
        Ipa = "ipa",
        /// X-SAMPA.
        XSampa = "x-sampa",
        /// Jyutping, for Cantonese.
        Jyutping = "x-amazon-jyutping",
        /// Pinyin, for Mandarin.
        Pinyin = "x-amazon-pinyin",
        /// Kana, for Japanese.
        PronKana = "x-amazon-pron-kana",
        /// Yomigana, for Japanese.
        Yomigana = "x-amazon-yomigana",
    }

    /// The `interpret-as` of `<say-as>`.
    pub enum Interpretation {
        /// Letter by letter.
        #[default]
        Characters = "characters",
        /// The same.
        SpellOut = "spell-out",
        /// A whole number.
        Cardinal = "cardinal",
        /// The same.
        Number = "number",
        /// First, second.
        Ordinal = "ordinal",
        /// Digit by digit.
        Digits = "digits",
        /// A fraction.
        Fraction = "fraction",
        /// A measure.
        Unit = "unit",
        /// A date.
        Date = "date",
        /// A length of time.
        Time = "time",
        /// A postal address.
        Address = "address",
        /// A beep in place of the word.
        Expletive = "expletive",
        /// A phone number.
        Telephone = "telephone",
    }
}
