//! One dictionary of all words that detectors ask about, so that each word of a text is looked up once.

use std::sync::LazyLock;

use crate::hints::{self, Hint};
use crate::names::given;
use crate::{codes, dates, identifiers, names, network, places};

/// What a token is, by how it is written or by a list it stands in. It may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trait {
    /// It begins with a capital.
    Capitalised,
    /// Capital first, then small letters: how a name is written.
    NameLike,
    /// Capitals alone.
    Upper,
    /// Digits alone.
    Number,
    /// It has a letter outside ASCII.
    Wide,
    /// `number`, `id`: makes a number of a label before it.
    Numbering,
    /// Says nothing between a label and its value.
    Filling,
    /// The ending of a picture's file.
    Picture,
    /// Makes a place or a version of the letter and number behind it.
    Numbered,
    /// A top-level domain.
    Domain,
    /// Makes a version of four numbers behind it.
    Version,
    /// The scheme of a web address.
    Scheme,
    /// `Street`, `Ave`.
    Street,
    /// `Apt`, `Suite`.
    Room,
    /// The letters of a state.
    State,
    /// The letters of a state that are a word as well.
    StateOrWord,
    /// Makes a date of a day and a month behind it.
    BeforeDay,
    /// Makes an age of a number before it.
    YearsOld,
    Honorific,
    Greeting,
    /// A word for a person that a name may stand behind.
    Person,
    /// `is`, `am`, `name`: what somebody says before a name.
    Naming,
    /// No name in spite of its capital.
    NoName,
    /// A common given name.
    Given,
    /// A given name that is a word or a place as well.
    GivenOrWord,
}

/// A set of traits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traits(u32);

impl Traits {
    pub(crate) fn of(traits: &[(Trait, bool)]) -> Self {
        Self(traits.iter().map(|(it, holds)| u32::from(*holds) << *it as u32).sum())
    }

    pub(crate) const fn has(self, which: Trait) -> bool {
        self.0 >> which as u32 & 1 == 1
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Every list, and what it makes of its words. The lists stand beside the detectors that ask for them.
const LISTS: &[(Trait, &[&str])] = &[
    (Trait::Numbering, hints::NUMBERING),
    (Trait::Filling, hints::FILLING),
    (Trait::Picture, identifiers::PICTURES),
    (Trait::Numbered, codes::PLACES),
    (Trait::Domain, network::DOMAINS),
    (Trait::Version, network::VERSIONS),
    (Trait::Scheme, network::SCHEMES),
    (Trait::Street, places::STREETS),
    (Trait::Room, places::ROOMS),
    (Trait::State, places::STATES),
    (Trait::StateOrWord, places::WORDS_TOO),
    (Trait::BeforeDay, dates::BEFORE_DAY),
    (Trait::YearsOld, dates::YEARS_OLD),
    (Trait::Honorific, names::HONORIFICS),
    (Trait::Greeting, names::GREETINGS),
    (Trait::Person, names::PERSONS),
    (Trait::Naming, names::NAMING),
    (Trait::NoName, names::NO_NAMES),
    (Trait::Given, given::GIVEN),
    (Trait::GivenOrWord, given::WORDS_TOO),
];

/// What the dictionary says of a word.
#[derive(Clone, Copy, Default)]
pub(crate) struct Meaning {
    pub(crate) traits: Traits,
    pub(crate) hint: Option<Hint>,
}

/// The longest word in a list; longer ones have no key.
const LONGEST: usize = size_of::<u128>();
/// Several for each word: most words of a text then find an empty slot and are compared with nothing.
const SLOT_BITS: u32 = 12;

/// A hash table with open addressing; the first row stands for all words that are in no list.
pub(crate) struct Dictionary {
    /// Row numbers, by hash of the key.
    slots: Box<[u16; 1 << SLOT_BITS]>,
    rows: Vec<(u128, Meaning)>,
}

pub(crate) static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| {
    let mut dictionary =
        Dictionary { slots: Box::new([0; 1 << SLOT_BITS]), rows: vec![(0, Meaning::default())] };
    for (which, list) in LISTS {
        for word in *list {
            let meaning = dictionary.entry(word);
            meaning.traits = meaning.traits.and(Traits::of(&[(*which, true)]));
        }
    }
    for (word, hint) in hints::WORDS {
        dictionary.entry(word).hint = Some(*hint);
    }
    dictionary
});

impl Dictionary {
    /// What it says of `bytes[start..end]`, letters and digits of ASCII in whatever case.
    pub(crate) fn look_up(&self, bytes: &[u8], start: usize, end: usize) -> Meaning {
        match key(bytes, start, end) {
            Some(key) => self.rows[usize::from(self.slots[self.slot(key)])].1,
            None => Meaning::default(),
        }
    }

    /// The slot of a key, or the empty one where it would be.
    fn slot(&self, key: u128) -> usize {
        let mut slot = hash(key);
        loop {
            match self.slots[slot] {
                0 => return slot,
                row if self.rows[usize::from(row)].0 == key => return slot,
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
    }

    /// The meaning of a listed word, empty at first.
    fn entry(&mut self, word: &str) -> &mut Meaning {
        let key = key(word.as_bytes(), 0, word.len()).expect("listed words are short");
        let slot = self.slot(key);
        if self.slots[slot] == 0 {
            self.slots[slot] = u16::try_from(self.rows.len()).expect("the lists have less than 4,096 words");
            self.rows.push((key, Meaning::default()));
        }
        &mut self.rows[usize::from(self.slots[slot])].1
    }
}

/// A word in small letters as one number; `None` for a long one.
fn key(bytes: &[u8], start: usize, end: usize) -> Option<u128> {
    let length = end - start;
    if length > LONGEST {
        return None;
    }
    let mask = u128::MAX >> (8 * (LONGEST - length));
    // Sixteen bytes at once wherever the text has them.
    let read = match bytes.get(start..start + LONGEST).and_then(|whole| whole.try_into().ok()) {
        Some(whole) => u128::from_le_bytes(whole),
        None => {
            let mut padded = [0; LONGEST];
            padded[..length].copy_from_slice(&bytes[start..end]);
            u128::from_le_bytes(padded)
        }
    };
    // This makes small letters of capitals and leaves digits as they are.
    Some((read | u128::from_le_bytes([0x20; LONGEST])) & mask)
}

fn hash(key: u128) -> usize {
    let folded = key as u64 ^ (key >> 57) as u64;
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SLOT_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listed_word_has_its_trait_in_any_case_and_anywhere_in_a_text() {
        for (which, list) in LISTS {
            for word in *list {
                let text = format!("x {} and more of it", word.to_uppercase());
                let found = DICTIONARY.look_up(text.as_bytes(), 2, 2 + word.len());
                assert!(found.traits.has(*which), "{word}");
                let end = DICTIONARY.look_up(word.as_bytes(), 0, word.len());
                assert_eq!((end.traits.0, end.hint), (found.traits.0, found.hint), "{word}");
            }
        }
        for (word, hint) in hints::WORDS {
            assert_eq!(DICTIONARY.look_up(word.as_bytes(), 0, word.len()).hint, Some(*hint), "{word}");
        }
    }

    #[test]
    fn a_word_of_no_list_says_nothing() {
        for word in
            ["a1b2", "stree", "streets", "janes", "an", "x", "extraordinarily", "medicalmedicalmedical"]
        {
            let meaning = DICTIONARY.look_up(word.as_bytes(), 0, word.len());
            assert_eq!((meaning.traits.0, meaning.hint), (0, None), "{word}");
        }
    }
}
