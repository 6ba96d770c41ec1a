//! Patterns: the engine is linear and its programs are bounded.

use regex::{Regex, RegexBuilder};

use super::Pattern;
use crate::limits::{PATTERN_LIMIT_BYTES, PATTERN_PROGRAM_LIMIT_BYTES};

/// How deep a pattern's groups nest.
const NEST_LIMIT: u32 = 50;

/// Compiles a pattern; `None` when it is none or too large.
pub(super) fn compile(text: &str) -> Option<Pattern> {
    if text.len() > PATTERN_LIMIT_BYTES {
        return None;
    }
    let mut builder = RegexBuilder::new(&with_ascii_classes(text));
    builder
        .size_limit(PATTERN_PROGRAM_LIMIT_BYTES)
        .dfa_size_limit(PATTERN_PROGRAM_LIMIT_BYTES)
        .nest_limit(NEST_LIMIT);
    let regex: Regex = builder.build().ok()?;
    Some(Pattern { text: text.to_owned(), regex })
}

/// The pattern with `\d`, `\w`, `\s` and `\b` as RE2 and Go mean them: of ASCII alone.
fn with_ascii_classes(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            written.push(character);
            continue;
        }
        match characters.next() {
            Some('d') => written.push_str("[0-9]"),
            Some('D') => written.push_str("[^0-9]"),
            Some('w') => written.push_str("[0-9A-Za-z_]"),
            Some('W') => written.push_str("[^0-9A-Za-z_]"),
            Some('s') => written.push_str(r"[\t\n\f\r ]"),
            Some('S') => written.push_str(r"[^\t\n\f\r ]"),
            Some('b') => written.push_str(r"(?-u:\b)"),
            Some('B') => written.push_str(r"(?-u:\B)"),
            Some(other) => written.extend(['\\', other]),
            None => written.push('\\'),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_of_ascii() {
        let check = |pattern: &str, text: &str, expected: bool| {
            assert_eq!(compile(pattern).unwrap().regex.is_match(text), expected, "{pattern} {text}");
        };
        check(r"^\d+$", "123", true);
        check(r"^\d+$", "١٢٣", false);
        check(r"^[\w-]+$", "a-b_1", true);
        check(r"^\w+$", "é", false);
        check(r"^\S\s\S$", "a b", true);
        check(r"\bcat\b", "a cat", true);
        check(r"^\\d$", r"\d", true);
        check(r"^\p{Greek}+$", "αβ", true);
    }

    #[test]
    fn refuses_what_could_stall_or_swell() {
        for pattern in ["(?=a)", "(?<!a)", r"(a)\1", "(a{100}){100}", "[", &"(".repeat(60)] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
        assert!(compile(&"a".repeat(PATTERN_LIMIT_BYTES + 1)).is_none());
    }
}
