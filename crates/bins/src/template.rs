//! Placeholders: `{{Name}}` stands for a parameter of the webhook. Pure.
//!
//! Of Mustache only variables are known. Sections, partials, comments and unescaped variables (`{{#`, `{{^`, `{{/`,
//! `{{>`, `{{!`, `{{&`, `{{{`) are refused: a document that is half obeyed is worse than one that is not taken.

use crate::limits::MAX_PARAMETER_NAME;

/// A piece of a document.
enum Piece<'a> {
    Literal(&'a str),
    Parameter(&'a str),
}

/// A document with its placeholders found. Debug would show text, so there is none.
pub struct Template<'a>(Vec<Piece<'a>>);

/// Braces that are no placeholder of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPlaceholder;

impl<'a> Template<'a> {
    /// Finds the placeholders.
    ///
    /// # Errors
    /// [`NotAPlaceholder`] when braces are not closed or hold something else than a name.
    pub fn parse(mut text: &'a str) -> Result<Self, NotAPlaceholder> {
        let mut pieces = Vec::new();
        while let Some((literal, rest)) = text.split_once("{{") {
            let (name, after) = rest.split_once("}}").ok_or(NotAPlaceholder)?;
            let name = name.trim();
            let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
            if name.is_empty() || name.chars().count() > MAX_PARAMETER_NAME || !name.chars().all(is_name) {
                return Err(NotAPlaceholder);
            }
            pieces.extend([Piece::Literal(literal), Piece::Parameter(name)]);
            text = after;
        }
        pieces.push(Piece::Literal(text));
        Ok(Self(pieces))
    }

    /// The document with `value` of each parameter in its place, escaped for XML. What a value holds is text, never
    /// a placeholder.
    pub fn render<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> String {
        let mut document = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => document.push_str(text),
                Piece::Parameter(name) => escape(&mut document, value(name).unwrap_or_default()),
            }
        }
        document
    }

    /// What somebody wrote, each placeholder replaced by `between`.
    pub fn literal(&self, between: &str) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Literal(text) => *text,
            Piece::Parameter(_) => between,
        });
        pieces.collect()
    }
}

/// Appends text as XML 1.0 writes it; what no XML document may hold (section 2.2) becomes U+FFFD.
fn escape(document: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => document.push_str("&amp;"),
            '<' => document.push_str("&lt;"),
            '>' => document.push_str("&gt;"),
            '"' => document.push_str("&quot;"),
            '\'' => document.push_str("&apos;"),
            // Written as they are, an attribute would make spaces of them (section 3.3.3).
            '\t' | '\n' | '\r' => document.push_str(match letter {
                '\t' => "&#9;",
                '\n' => "&#10;",
                _ => "&#13;",
            }),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => document.push('\u{fffd}'),
            other => document.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Option<String> {
        let value = |name: &str| match name {
            "From" => Some("+14155550100"),
            "Body" => Some("<a b='c'>\"&\u{1}\n{{From}}"),
            _ => None,
        };
        Template::parse(text).ok().map(|template| template.render(value))
    }

    #[test]
    fn values_take_the_place_of_their_names_and_stay_text() {
        for (text, expected) in [
            ("", ""),
            ("no placeholder } {", "no placeholder } {"),
            ("{{From}}", "+14155550100"),
            ("a {{ From }} b {{From}}", "a +14155550100 b +14155550100"),
            ("[{{Unknown}}]", "[]"),
            ("{{Body}}", "&lt;a b=&apos;c&apos;&gt;&quot;&amp;\u{fffd}&#10;{{From}}"),
        ] {
            assert_eq!(rendered(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_braces_are_refused() {
        let long = format!("{{{{{}}}}}", "x".repeat(101));
        for text in [
            "{{",
            "{{From",
            "{{}}",
            "{{#Dest}}x{{/Dest}}",
            "{{^A}}",
            "{{/A}}",
            "{{>A}}",
            "{{!A}}",
            "{{&A}}",
            "{{{A}}}",
            "{{A B}}",
            &long,
        ] {
            assert!(rendered(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_literal_text_is_what_is_left() {
        let template = Template::parse("Dear {{Name}}, call {{Number}}.").unwrap();
        assert_eq!(template.literal(" "), "Dear  , call  .");
    }
}
