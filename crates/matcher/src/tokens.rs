//! Text as runs of letters and digits, with what stands between them.

use crate::hints::{self, Hint};
use crate::limits::GAP;

/// A run of letters and digits.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// How many of its characters are digits.
    pub(crate) digits: usize,
    /// Whether it begins with a capital.
    pub(crate) capitalised: bool,
    /// What it says about a value behind it.
    pub(crate) hint: Option<Hint>,
}

impl Token {
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_number(&self) -> bool {
        self.digits == self.len()
    }
}

/// A text and its tokens.
pub(crate) struct Text<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

/// What a byte is to the tokenizer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Digit,
    Letter,
    Capital,
    Other,
    /// The first byte of a character outside ASCII.
    Wide,
}

const fn byte(byte: u8) -> Byte {
    match byte {
        b'0'..=b'9' => Byte::Digit,
        b'a'..=b'z' => Byte::Letter,
        b'A'..=b'Z' => Byte::Capital,
        0x80.. => Byte::Wide,
        _ => Byte::Other,
    }
}

const BYTES: [Byte; 256] = {
    let mut table = [Byte::Other; 256];
    let mut index = 0;
    while index < table.len() {
        table[index] = byte(index as u8);
        index += 1;
    }
    table
};

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut tokens = Vec::with_capacity(text.len() / 6 + 1);
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            let (mut digits, mut capitalised, mut ascii) = (0, false, true);
            while at < bytes.len() {
                match BYTES[usize::from(bytes[at])] {
                    Byte::Digit => digits += 1,
                    Byte::Letter => {}
                    Byte::Capital => capitalised |= at == start,
                    Byte::Other => break,
                    Byte::Wide => {
                        let character = text[at..].chars().next().expect("a character begins here");
                        if !character.is_alphabetic() {
                            break;
                        }
                        capitalised |= at == start && character.is_uppercase();
                        ascii = false;
                        at += character.len_utf8() - 1;
                    }
                }
                at += 1;
            }
            if at == start {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
            let hint = if ascii && digits == 0 { hints::of(&text[start..at]) } else { None };
            tokens.push(Token { start, end: at, digits, capitalised, hint });
        }
        Self { text, tokens }
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(crate) fn token(&self, index: usize) -> &Token {
        &self.tokens[index]
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index)
    }

    /// The word of a token; empty behind the last one.
    pub(crate) fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.start..token.end])
    }

    /// The word before a token; empty before the first one.
    pub(crate) fn word_before(&self, index: usize) -> &'a str {
        index.checked_sub(1).map_or("", |before| self.word(before))
    }

    /// What stands between a token and the next one; what follows the last one up to the end; nothing behind it.
    pub(crate) fn gap(&self, index: usize) -> &'a str {
        let Some(start) = self.tokens.get(index).map(|token| token.end) else { return "" };
        let end = self.tokens.get(index + 1).map_or(self.text.len(), |next| next.start);
        &self.text[start..end]
    }

    /// What stands before a token, up to the token before.
    pub(crate) fn gap_before(&self, index: usize) -> &'a str {
        match index.checked_sub(1) {
            Some(before) => self.gap(before),
            None => &self.text[..self.tokens[0].start],
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
        self.tokens.get(index).filter(|token| token.is_number())?;
        self.word(index).parse().ok()
    }

    /// The first token that begins at `at` or behind it, looking on from `index`.
    pub(crate) fn token_from(&self, mut index: usize, at: usize) -> usize {
        while self.tokens.get(index).is_some_and(|token| token.start < at) {
            index += 1;
        }
        index
    }

    /// Whether anything can begin at a word without capital and digits: something joined to it, or a value of letters
    /// alone behind a label.
    pub(crate) fn may_begin(&self, index: usize) -> bool {
        let next = self.text.as_bytes().get(self.tokens[index].end);
        matches!(next, Some(b'@' | b':' | b'.' | b'_' | b'-' | b'+' | b'%'))
            || self.tokens[index].hint == Some(Hint::Month)
            || self.tokens[index].len() >= 16
    }

    /// Whether the gap behind a token is short and on one line, so that what follows belongs to it.
    pub(crate) fn is_close(&self, index: usize) -> bool {
        let gap = self.gap(index);
        gap.len() <= GAP && !gap.contains(['\n', ';', '!', '?'])
    }

    /// Whether the token is `word`, whatever its case.
    pub(crate) fn is(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_any(&self, index: usize, words: &[&str]) -> bool {
        let word = self.word(index);
        words.iter().any(|other| word.eq_ignore_ascii_case(other))
    }

    /// Capital first, then small letters: how a name is written.
    pub(crate) fn is_name_like(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.capitalised && token.digits == 0)
            && self.word(index).chars().skip(1).all(|letter| !letter.is_uppercase())
            && self.word(index).chars().nth(1).is_some()
    }
}
