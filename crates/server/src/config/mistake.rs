//! What the operator is told: where, which key, and what would be right. Never a value.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use super::MAX_MISTAKES;

/// Longest key that is repeated in a mistake, in characters: more is no slip of the pen.
const MAX_KEY: usize = 100;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The whole key, such as `webhooks.allow_to`; `None` where there is none, as in a syntax error.
    pub key: Option<String>,
    /// What would be right.
    pub text: String,
}

impl Mistake {
    /// A mistake at this place of `document`.
    pub(super) fn at(
        document: &str,
        span: &Range<usize>,
        key: Option<&str>,
        text: impl Into<String>,
    ) -> Self {
        let before = document.get(..span.start).unwrap_or(document);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key: key.map(shown),
            text: text.into(),
        }
    }
}

/// A key that can be shown: keys are typed by people, so a pasted secret may be one.
fn shown(key: &str) -> String {
    match key.char_indices().nth(MAX_KEY) {
        Some((end, _)) => format!("{}…", &key[..end]).escape_debug().to_string(),
        None => key.escape_debug().to_string(),
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        match &self.key {
            Some(key) => write!(f, "key `{key}`: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// What is wrong with a configuration: at least one thing, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// These mistakes, as many as are reported.
    pub(super) fn of(mut all: Vec<Mistake>) -> Self {
        all.sort_by_key(|mistake| (mistake.line, mistake.column));
        all.truncate(MAX_MISTAKES);
        Self(all)
    }

    /// The mistakes.
    #[must_use]
    pub fn all(&self) -> &[Mistake] {
        &self.0
    }

    /// A line for each, with the file's name in front as compilers print it.
    #[must_use]
    pub fn in_file(&self, path: &Path) -> String {
        let lines: Vec<String> =
            self.0.iter().map(|mistake| format!("{}:{mistake}", path.display())).collect();
        lines.join("\n")
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Mistakes {}
