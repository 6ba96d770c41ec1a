//! Reading a TOML file so that a mistake can be found: file, line, field.

use std::fmt;
use std::ops::Range;

use rulebook::Date;
use serde::de::DeserializeOwned;
use toml::Spanned;

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file's name, as it was given.
    pub file: String,
    /// Line, from 1; 0 when it is the file as a whole.
    pub line: usize,
    /// The field; empty when there is none at that place.
    pub field: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        f.write_str(": ")?;
        if !self.field.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Mistake {}

/// A file's name and text, for messages about it.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    /// Reads the file into its shape.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Mistake> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            Mistake { what: error.message().to_owned(), ..self.at(&at, "") }
        })
    }

    /// A mistake at a place.
    pub(super) fn at(&self, span: &Range<usize>, what: &str) -> Mistake {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let text = self.text.lines().nth(line - 1).unwrap_or_default();
        let field = text.split_once('=').map_or_else(String::new, |(key, _)| key.trim().to_owned());
        Mistake { file: self.file.to_owned(), line, field, what: what.to_owned() }
    }

    /// A day given as text.
    pub(super) fn day(&self, text: &Spanned<String>) -> Result<Date, Mistake> {
        Date::parse(text.get_ref()).map_err(|error| self.at(&text.span(), &error.to_string()))
    }

    /// A text that may not be empty.
    pub(super) fn said(&self, text: &Spanned<String>) -> Result<String, Mistake> {
        let said = text.get_ref().trim();
        if said.is_empty() { Err(self.at(&text.span(), "may not be empty")) } else { Ok(said.to_owned()) }
    }

    /// The id of a rule of the latest edition.
    pub(super) fn rule(&self, text: &Spanned<String>) -> Result<String, Mistake> {
        let known = rulebook::Rulebook::embedded().rule(text.get_ref()).is_some();
        if known {
            Ok(text.get_ref().clone())
        } else {
            Err(self.at(&text.span(), "is not a rule of this edition; `switchward rules` lists them"))
        }
    }
}
