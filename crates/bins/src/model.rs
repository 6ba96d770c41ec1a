//! What a bin is, and what a request may change of it. Pure.

use base::BinSid;
use errors::{ApiError, Result, codes};
use phi::Phi;
use serde::{Deserialize, Serialize};
use store::Kind;

use crate::limits::MAX_FRIENDLY_NAME;

/// The kind of bin documents; they live in the account's scope. The text is content: in an account that is no HIPAA
/// project it may hold anything.
#[derive(Debug)]
pub enum Bin {}

impl Kind for Bin {
    const NAME: &'static str = "twiml-bin";
    type Sid = BinSid;
    type Facts = BinFacts;
    type Content = String;
}

/// What is known of a bin without opening it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BinFacts {
    /// A name for people.
    pub friendly_name: String,
    /// The classes of identifiers in its literal text, by name: with any, it is of no use in a HIPAA project, also
    /// when the account became one later (RT-BIN-1).
    pub findings: Vec<String>,
}

/// A bin that is asked for, as it comes in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    friendly_name: Option<String>,
    twiml: Option<String>,
}

/// What a request sets. `None` leaves it as it is.
pub struct Settings {
    /// The name.
    pub friendly_name: Option<String>,
    /// The document.
    pub twiml: Option<Phi<String>>,
}

impl Asked {
    /// What is set, sealed.
    ///
    /// # Errors
    /// 20001 for a name that is too long.
    pub fn seal(self) -> Result<Settings> {
        let fits = |name: &String| !name.is_empty() && name.chars().count() <= MAX_FRIENDLY_NAME;
        if self.friendly_name.as_ref().is_some_and(|name| !fits(name)) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("friendly_name"));
        }
        Ok(Settings { friendly_name: self.friendly_name, twiml: self.twiml.map(Phi::new) })
    }
}
