//! Every file opens with a sentence that says why it exists.

use crate::source::Source;

/// Files whose first lines are not a `//!` sentence.
pub(super) fn violations(sources: &[Source]) -> Vec<String> {
    let opens = |source: &&Source| !opens_with_sentence(&source.text);
    sources.iter().filter(opens).map(|s| format!("{}: does not open with a `//!` sentence", s.path)).collect()
}

fn opens_with_sentence(text: &str) -> bool {
    let paragraph: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//! ")).collect();
    // Two words at least: a lone name says nothing.
    paragraph.first().is_some_and(|line| line.split_whitespace().count() > 1)
        && paragraph.last().is_some_and(|line| line.trim_end().ends_with(['.', ':', '!', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_sentence() {
        for (text, good) in [
            ("//! Time as an input.\n", true),
            ("//! A sentence\n//! on two lines.\n//!\n//! more\nfn a() {}", true),
            ("//! No full stop\nfn a() {}", false),
            ("//! Automation.\n", false),
            ("\n//! Too late.\n", false),
            ("use std::fmt;\n", false),
            ("", false),
        ] {
            assert_eq!(opens_with_sentence(text), good, "{text:?}");
        }
    }
}
