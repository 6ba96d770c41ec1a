//! Text as runs of letters and digits, with what stands between them.
//!
//! The text is read once, in fixed memory: a window of tokens moves along with the scan, as wide as detectors look.

use crate::hints::Hint;
use crate::limits::{AHEAD, BEHIND, GAP, WINDOW};
use crate::words::{DICTIONARY, Dictionary, Trait, Traits};

/// A run of letters and digits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Where the next token begins, or the text ends.
    next: usize,
    /// How many of its characters are digits; a very long token has more.
    digits: u8,
    /// What alone stands between it and the next one; nothing where that is longer.
    joint: u8,
    /// What it says about a value behind it.
    pub(crate) hint: Option<Hint>,
    traits: Traits,
}

impl Token {
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn digits(&self) -> usize {
        usize::from(self.digits)
    }

    pub(crate) fn is(&self, which: Trait) -> bool {
        self.traits.has(which)
    }
}

/// A text and the tokens around the one that is looked at.
pub(crate) struct Text<'a> {
    text: &'a str,
    dictionary: &'static Dictionary,
    /// Token `n` lies at `n % WINDOW`.
    tokens: [Token; WINDOW],
    /// How many tokens were read.
    count: usize,
    /// Where the next one begins.
    at: usize,
}

/// What a byte is to the tokenizer.
const DIGIT: u8 = 1;
const CAPITAL: u8 = 2;
/// It is no letter and no digit.
const OTHER: u8 = 4;
/// It begins a character outside ASCII.
const WIDE: u8 = 8;

const BYTES: [u8; 256] = {
    let mut table = [OTHER; 256];
    let mut index = 0;
    while index < table.len() {
        table[index] = match index as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => CAPITAL,
            b'a'..=b'z' => 0,
            0x80.. => WIDE,
            _ => OTHER,
        };
        index += 1;
    }
    table
};

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let tokens = [Token::default(); WINDOW];
        Self { text, dictionary: &DICTIONARY, tokens, count: 0, at: end_of_gap(text, 0) }
    }

    /// Whether the text has a token `index`; reads on so that detectors see what is behind it.
    pub(crate) fn reaches(&mut self, index: usize) -> bool {
        if self.count <= index + AHEAD {
            while self.count < index + WINDOW - BEHIND && self.at < self.text.len() {
                let token = self.read();
                self.tokens[self.count % WINDOW] = token;
                self.count += 1;
            }
        }
        index < self.count
    }

    /// Reads the next token and the gap behind it.
    fn read(&mut self) -> Token {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let (mut at, mut digits, mut capitals) = (start, 0_usize, 0_usize);
        let mut wide = false;
        let mut is_capitalised = bytes[start].is_ascii_uppercase();
        while let Some(&byte) = bytes.get(at) {
            let kind = BYTES[usize::from(byte)];
            if kind & OTHER != 0 {
                break;
            }
            if kind & WIDE != 0 {
                let Some(letter) = letter(self.text, at) else { break };
                wide = true;
                capitals += usize::from(letter.is_uppercase());
                is_capitalised |= at == start && letter.is_uppercase();
                at += letter.len_utf8();
                continue;
            }
            digits += usize::from(kind & DIGIT);
            capitals += usize::from(kind & CAPITAL) / usize::from(CAPITAL);
            at += 1;
        }
        let length = at - start;
        let is_longer = if wide { self.text[start..at].chars().nth(1).is_some() } else { length > 1 };
        let meaning = if wide { Default::default() } else { self.dictionary.look_up(bytes, start, at) };
        let written = Traits::of(&[
            (Trait::Capitalised, is_capitalised),
            (Trait::NameLike, is_capitalised && capitals == 1 && digits == 0 && is_longer),
            (Trait::Upper, capitals == length),
            (Trait::Number, digits == length),
            (Trait::Wide, wide),
        ]);
        self.at = end_of_gap(self.text, at);
        Token {
            start,
            end: at,
            next: self.at,
            digits: u8::try_from(digits).unwrap_or(u8::MAX),
            joint: if self.at == at + 1 { bytes[at] } else { 0 },
            hint: meaning.hint,
            traits: meaning.traits.and(written),
        }
    }

    pub(crate) fn token(&self, index: usize) -> &Token {
        debug_assert!(index < self.count && self.count <= index + WINDOW, "the window is as wide as we look");
        &self.tokens[index % WINDOW]
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Token> {
        (index < self.count).then(|| self.token(index))
    }

    /// The word of a token; empty behind the last one.
    pub(crate) fn word(&self, index: usize) -> &'a str {
        self.get(index).map_or("", |token| &self.text[token.start..token.end])
    }

    /// The word before a token; empty before the first one.
    pub(crate) fn word_before(&self, index: usize) -> &'a str {
        index.checked_sub(1).map_or("", |before| self.word(before))
    }

    /// What stands between a token and the next one; what follows the last one up to the end; nothing behind it.
    pub(crate) fn gap(&self, index: usize) -> &'a str {
        self.get(index).map_or("", |token| &self.text[token.end..token.next])
    }

    /// What alone stands between a token and the next one, where that is one byte.
    pub(crate) fn joint(&self, index: usize) -> u8 {
        self.get(index).map_or(0, |token| token.joint)
    }

    /// What alone stands between a token and the one before, where that is one byte.
    pub(crate) fn joint_before(&self, index: usize) -> u8 {
        match (index.checked_sub(1), self.token(index).start) {
            (Some(before), _) => self.joint(before),
            (None, 1) => self.text.as_bytes()[0],
            (None, _) => 0,
        }
    }

    /// The byte before a token.
    pub(crate) fn byte_before(&self, index: usize) -> u8 {
        self.token(index).start.checked_sub(1).map_or(0, |at| self.text.as_bytes()[at])
    }

    /// What stands before a token, up to the token before.
    pub(crate) fn gap_before(&self, index: usize) -> &'a str {
        match index.checked_sub(1) {
            Some(before) => self.gap(before),
            None => &self.text[..self.token(0).start],
        }
    }

    /// The text from here on.
    pub(crate) fn rest(&self, at: usize) -> &'a str {
        &self.text[at..]
    }

    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    /// The number that a token is; `None` when it is none or a very long one.
    pub(crate) fn number(&self, index: usize) -> Option<u64> {
        self.is(index, Trait::Number).then(|| self.word(index).parse().ok())?
    }

    /// Whether what follows may be joined to the token: into a name of a host, an address, a file.
    pub(crate) fn is_joined(&self, index: usize) -> bool {
        let next = self.text.as_bytes().get(self.token(index).end);
        matches!(next, Some(b'@' | b':' | b'.' | b'_' | b'-' | b'+' | b'%'))
    }

    /// Whether the gap behind a token is short and on one line, so that what follows belongs to it.
    pub(crate) fn is_close(&self, index: usize) -> bool {
        let gap = self.gap(index).as_bytes();
        gap.len() <= GAP && !gap.iter().any(|byte| matches!(byte, b'\n' | b';' | b'!' | b'?'))
    }

    /// Whether there is such a token and it is that.
    pub(crate) fn is(&self, index: usize, which: Trait) -> bool {
        self.get(index).is_some_and(|token| token.is(which))
    }

    /// Whether the token before is that.
    pub(crate) fn is_before(&self, index: usize, which: Trait) -> bool {
        index.checked_sub(1).is_some_and(|before| self.is(before, which))
    }

    /// Whether the token is `word`, whatever its case.
    pub(crate) fn is_word(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }
}

/// The first letter or digit from `at` on, or the end of the text.
fn end_of_gap(text: &str, mut at: usize) -> usize {
    while let Some(&byte) = text.as_bytes().get(at) {
        at += match BYTES[usize::from(byte)] {
            OTHER => 1,
            WIDE if letter(text, at).is_none() => character(text, at).len_utf8(),
            _ => break,
        };
    }
    at
}

fn character(text: &str, at: usize) -> char {
    text[at..].chars().next().expect("a character begins here")
}

fn letter(text: &str, at: usize) -> Option<char> {
    Some(character(text, at)).filter(|character| character.is_alphabetic())
}
