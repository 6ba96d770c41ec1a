//! Checks that several statements share. Each gives the text back as it is kept.

use rulebook::Rulebook;

use crate::limits;

/// What is wrong in a statement, by its field; the value stands nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as files and JSON write it.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub what: &'static str,
}

pub(crate) const fn problem<T>(field: &'static str, what: &'static str) -> Result<T, Problem> {
    Err(Problem { field, what })
}

/// A text that says something, on one line.
pub(crate) fn said(field: &'static str, text: &str, limit: usize) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return problem(field, "may not be empty");
    }
    if text.chars().count() > limit {
        return problem(field, "is too long");
    }
    if text.chars().any(char::is_control) {
        return problem(field, "holds a control character");
    }
    Ok(text.to_owned())
}

/// A list of such texts, which may be empty.
pub(crate) fn all_said(field: &'static str, list: &[String]) -> Result<Vec<String>, Problem> {
    if list.len() > limits::LIST {
        return problem(field, "has too many entries");
    }
    list.iter().map(|text| said(field, text, limits::LINE)).collect()
}

/// The id of a rule of the latest edition.
pub(crate) fn known_rule(id: &str) -> Result<(), Problem> {
    match Rulebook::embedded().rule(id) {
        Some(_) => Ok(()),
        None => problem("rule", "is not a rule of this edition; `switchward rules` lists them"),
    }
}

/// The text as a TOML string. A JSON string without control characters is one.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.replace(char::is_control, " ")).to_string()
}

/// A list of texts as a TOML array.
pub(crate) fn array(list: &[String]) -> String {
    let list: Vec<String> = list.iter().map(|text| quoted(text)).collect();
    format!("[{}]", list.join(", "))
}
