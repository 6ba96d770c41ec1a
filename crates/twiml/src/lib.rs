//! TwiML: the XML documents a customer's application answers webhooks with.
//!
//! Pure: bytes in, verbs or an error out. What a messaging verb *does* is decided by the product that asked; what a
//! voice verb does, by [`interpreter`]. Documents are
//! read strictly: a verb, noun or attribute that is not supported is an error, never skipped, because a reply that
//! is half obeyed is worse than one that is reported.

mod document;
pub mod interpreter;
pub mod limits;
mod messaging;
pub mod voice;
mod words;

pub use limits::{BODY_LIMIT, DOCUMENT_LIMIT_BYTES, MEDIA_LIMIT, NODE_LIMIT, VERB_LIMIT};
pub use messaging::{Message, MessagingVerb, Method, Redirect, parse_messaging};

use std::fmt;

/// The document could not be read as XML (Twilio 12100).
pub const DOCUMENT_PARSE_FAILURE: u32 = 12100;
/// The document is XML, but not the TwiML we support (Twilio 12200).
pub const SCHEMA_VIOLATION: u32 = 12200;
/// The document is larger than [`DOCUMENT_LIMIT_BYTES`] (Twilio 11750).
pub const DOCUMENT_TOO_LARGE: u32 = 11750;

/// Why a document was refused. Says where, never what: documents carry message text and phone numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwimlError {
    /// Twilio's error code.
    pub code: u32,
    /// Where in the document, when known.
    pub position: Option<Position>,
}

/// A place in a document, both counted from 1; columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for TwimlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TwiML refused with code {}", self.code)?;
        match self.position {
            Some(Position { line, column }) => write!(f, " at line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TwimlError {}
