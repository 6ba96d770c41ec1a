//! Reading a TOML file so that a mistake can be found: file, line, field.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use rulebook::Date;
use serde::de::{DeserializeOwned, IgnoredAny};
use toml::Spanned;

use crate::check::Problem;

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
pub struct Text<'a> {
    /// The file's name, as it was given.
    pub file: &'a str,
    /// What stands in it.
    pub text: &'a str,
}

/// The tables of a file with the place of every value.
type Places = BTreeMap<String, Vec<BTreeMap<String, Spanned<IgnoredAny>>>>;

impl Text<'_> {
    /// Reads the file into its shape.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Mistake> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            Mistake { what: error.message().to_owned(), ..self.at(&at, "") }
        })
    }

    /// A mistake at a place.
    pub fn at(&self, span: &Range<usize>, what: &str) -> Mistake {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let text = self.text.lines().nth(line - 1).unwrap_or_default();
        let field = text.split_once('=').map_or_else(String::new, |(key, _)| key.trim().to_owned());
        Mistake { file: self.file.to_owned(), line, field, what: what.to_owned() }
    }

    /// The rows of a table, each through its check.
    pub(crate) fn checked<T>(
        &self,
        table: &str,
        rows: Vec<T>,
        check: fn(T) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Mistake> {
        let rows = rows.into_iter().enumerate();
        let checked = rows.map(|(index, row)| {
            check(row).map_err(|Problem { field, what }| self.at(&self.place(table, index, field), what))
        });
        checked.collect()
    }

    /// Where a field of the row stands: found again, so that what is read needs no places beside its values.
    fn place(&self, table: &str, index: usize, field: &str) -> Range<usize> {
        let places: Option<Places> = toml::from_str(self.text).ok();
        let span = places.and_then(|tables| Some(tables.get(table)?.get(index)?.get(field)?.span()));
        span.unwrap_or(0..0)
    }

    /// A day given as text.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn day(&self, text: &Spanned<String>) -> Result<Date, Mistake> {
        Date::parse(text.get_ref()).map_err(|error| self.at(&text.span(), &error.to_string()))
    }

    /// A text that may not be empty.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn said(&self, text: &Spanned<String>) -> Result<String, Mistake> {
        let said = text.get_ref().trim();
        if said.is_empty() { Err(self.at(&text.span(), "may not be empty")) } else { Ok(said.to_owned()) }
    }
}
