//! Patterns of `match`: `*`, `?`, `[a-z]`, `[^a-z]`, and a backslash before what is meant literally.
//!
//! Matching remembers only the last star, so its cost is at most length of text times length of pattern, whatever
//! the pattern; there is nothing to backtrack into.

use crate::limits::PATTERN_LIMIT;

/// A pattern that was read.
#[derive(Debug, PartialEq)]
pub(crate) struct Glob(Vec<Part>);

#[derive(Debug, PartialEq)]
enum Part {
    Literal(char),
    /// `?`
    Any,
    /// `*`
    Star,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Part {
    /// How many ranges a look at it compares, at least one.
    fn cost(&self) -> u32 {
        match self {
            Self::Class { ranges, .. } => u32::try_from(ranges.len()).unwrap_or(u32::MAX),
            _ => 1,
        }
    }

    fn accepts(&self, character: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == character,
            Self::Any | Self::Star => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|&(low, high)| low <= character && character <= high) != *negated
            }
        }
    }
}

impl Glob {
    /// Reads a pattern; `None` when it is none (an open class, a backslash at the end) or too long.
    pub(crate) fn parse(pattern: &str) -> Option<Self> {
        let mut characters = pattern.chars().peekable();
        let mut parts = Vec::new();
        let mut length = 0;
        while let Some(character) = characters.next() {
            length += 1;
            if length > PATTERN_LIMIT {
                return None;
            }
            parts.push(match character {
                '*' if parts.last() == Some(&Part::Star) => continue,
                '*' => Part::Star,
                '?' => Part::Any,
                '\\' => Part::Literal(characters.next()?),
                '[' => {
                    let negated = characters.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    while ranges.is_empty() || characters.next_if_eq(&']').is_none() {
                        let low = member(&mut characters)?;
                        let high = match characters.next_if_eq(&'-') {
                            Some(_) => member(&mut characters)?,
                            None => low,
                        };
                        ranges.push((low, high));
                        length += 1;
                        if length > PATTERN_LIMIT {
                            return None;
                        }
                    }
                    Part::Class { negated, ranges }
                }
                literal => Part::Literal(literal),
            });
        }
        Some(Self(parts))
    }

    /// Whether `text` as a whole is of this form; `None` when that costs more than `steps`, which are used up.
    pub(crate) fn matches(&self, text: &str, steps: &mut u32) -> Option<bool> {
        let mut rest = text.chars();
        let mut part = 0;
        // After the last star: its part, and the text from which it may swallow one more character.
        let mut retry = None;
        loop {
            let current = self.0.get(part);
            *steps = steps.checked_sub(current.map_or(1, Part::cost))?;
            if current == Some(&Part::Star) {
                part += 1;
                retry = Some((part, rest.clone()));
                continue;
            }
            let mut ahead = rest.clone();
            match (current, ahead.next()) {
                (None, None) => return Some(true),
                (Some(current), Some(character)) if current.accepts(character) => {
                    rest = ahead;
                    part += 1;
                    continue;
                }
                // The text has ended and the pattern still wants a character: a later start has even fewer.
                (Some(_), None) => return Some(false),
                _ => {}
            }
            let Some((after_star, mut from)) = retry else { return Some(false) };
            if from.next().is_none() {
                return Some(false);
            }
            part = after_star;
            rest = from.clone();
            retry = Some((after_star, from));
        }
    }
}

/// A character of a class, perhaps escaped. A class must close, so nothing may end here.
fn member(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match characters.next()? {
        '-' | ']' => None,
        '\\' => characters.next(),
        plain => Some(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let check = |text: &str, pattern: &str, expected: bool| {
            let glob = Glob::parse(pattern).unwrap();
            assert_eq!(glob.matches(text, &mut 10_000), Some(expected), "{text} {pattern}");
        };
        // The documentation's own table.
        check("abcd", "a*d", true);
        check("", "*", true);
        check("abc", "ab", false);
        check("abcd", "a??d", true);
        check("abcd", "*d", true);
        check("ab*d", r"ab\*d", true);
        check("abxd", r"ab\*d", false);
        check("abCd", "ab[cC]d", true);
        check("abcd", "ab[a-z]d", true);
        check("abcd", "ab[A-Z]d", false);
        // And what it does not say.
        check("a/b", "a*", true);
        check("aXbXc", "a*X*c", true);
        check("ab", "a[^a]", true);
        check("aa", "a[^a]", false);
        check("ア", "?", true);
        check("a-b", r"a[\-]b", true);
        check("aab", "*a*b", true);
        check("aabbc", "*a*b", false);
        check("x", "", false);
        check("", "", true);
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        for pattern in ["[", "[a", "[]", "[a-", r"a\", "[-a]", "[^]"] {
            assert_eq!(Glob::parse(pattern), None, "{pattern}");
        }
        assert_eq!(Glob::parse(&"a".repeat(PATTERN_LIMIT + 1)), None);
        assert_eq!(Glob::parse(&format!("[{}]", "a".repeat(PATTERN_LIMIT))), None);
    }

    #[test]
    fn many_stars_cost_no_more_than_text_times_pattern() {
        let glob = Glob::parse(&format!("{}b", "a*".repeat(200))).unwrap();
        let mut steps = 1_000_000;
        assert_eq!(glob.matches(&"a".repeat(1_000), &mut steps), Some(false));
        assert!(steps > 1_000_000 - 1_000 * 401, "{steps}");
        // And a budget that is too small ends it.
        assert_eq!(glob.matches(&"a".repeat(1_000), &mut 100), None);
    }
}
