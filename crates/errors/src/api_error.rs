//! The error every API operation returns; `kit` turns it into the API's JSON shape.

use std::fmt;

use crate::Code;

/// What may be added to a catalogue text: nothing that came from a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The name of the parameter the error is about, as on the wire.
    Parameter(&'static str),
    /// A static explanation that says what to do.
    Hint(&'static str),
    /// Those words of a closed list whose bit is set, the first one's the lowest.
    Words(&'static [&'static str], u32),
}

/// A failed API operation: a catalogue code, at most one detail and, for a compliance refusal,
/// the rule that refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    code: &'static Code,
    detail: Option<Detail>,
    rule: Option<&'static str>,
    retry_after_seconds: Option<u32>,
}

impl ApiError {
    /// The error of this catalogue row.
    pub const fn new(code: &'static Code) -> Self {
        Self { code, detail: None, rule: None, retry_after_seconds: None }
    }

    /// Names the parameter at fault.
    #[must_use]
    pub const fn parameter(mut self, name: &'static str) -> Self {
        self.detail = Some(Detail::Parameter(name));
        self
    }

    /// Adds a static explanation.
    #[must_use]
    pub const fn hint(mut self, text: &'static str) -> Self {
        self.detail = Some(Detail::Hint(text));
        self
    }

    /// Says which words of a closed list it is about.
    #[must_use]
    pub const fn words(mut self, list: &'static [&'static str], chosen: u32) -> Self {
        self.detail = Some(Detail::Words(list, chosen));
        self
    }

    /// Names the rule of the guide that refused.
    #[must_use]
    pub const fn rule(mut self, id: &'static str) -> Self {
        self.rule = Some(id);
        self
    }

    /// Says after how many seconds the same request may succeed (RFC 9110 §10.2.3).
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// After how many seconds the same request may succeed, if that is known.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    /// The catalogue row.
    pub const fn code(&self) -> &'static Code {
        self.code
    }

    /// The id of the rule that refused, if one did.
    pub const fn rule_id(&self) -> Option<&'static str> {
        self.rule
    }

    /// The caller's text: the catalogue's, with the detail.
    pub fn message(&self) -> String {
        match self.detail {
            None => self.code.message.to_owned(),
            Some(Detail::Parameter(name)) => format!("{} (parameter {name})", self.code.message),
            Some(Detail::Hint(text)) => format!("{}: {text}", self.code.message),
            Some(Detail::Words(list, chosen)) => {
                let is_chosen =
                    |place: &usize| chosen.checked_shr(*place as u32).is_some_and(|bits| bits & 1 == 1);
                let words = list.iter().enumerate().filter(|(place, _)| is_chosen(place));
                let words: Vec<&str> = words.map(|(_, word)| *word).collect();
                format!("{}: {}", self.code.message, words.join(", "))
            }
        }
    }
}

impl From<&'static Code> for ApiError {
    fn from(code: &'static Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code.number, self.message())
    }
}

impl std::error::Error for ApiError {}
