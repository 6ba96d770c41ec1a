//! Tables of the words that attributes may have as values.

/// Enums whose variants are words of TwiML: `from_word` reads one, `as_str` writes it. Words after a `|` are read too.
macro_rules! words {
    ($($(#[$doc:meta])* pub enum $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(| $alias:literal)*,)+
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The one of this word.
            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word $(| $alias)* => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    )+};
}

/// Sets of words, written with spaces between them.
macro_rules! word_sets {
    ($($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$field_doc:meta])* $field:ident = $word:literal,)+
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: bool,)+
        }

        impl $name {
            /// Nothing.
            pub const NONE: Self = Self { $($field: false,)+ };

            /// The set of these words.
            pub(crate) fn from_words(words: &str) -> Option<Self> {
                let mut set = Self::NONE;
                for word in words.split_ascii_whitespace() {
                    match word {
                        $($word => set.$field = true,)+
                        _ => return None,
                    }
                }
                Some(set)
            }
        }
    )+};
}

pub(crate) use {word_sets, words};
