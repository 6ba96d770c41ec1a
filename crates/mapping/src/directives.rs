//! What a mapping is once it is read.

use paths::Path;
use serde_json::Value;

/// A part of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// A text, number, truth value or `null` as it stands.
    Literal(Value),
    /// An object of parts.
    Object(Vec<(String, Node)>),
    /// A list of parts.
    List(Vec<Node>),
    /// `@path`
    Path(Path),
    /// `@path` of a path that is made from the event.
    MadePath(Box<Node>),
    /// `@template`
    Template(Vec<Piece>),
    /// `@template` of a template that is made from the event.
    MadeTemplate(Box<Node>),
    /// `@if`
    If { test: Test, value: Box<Node>, then: Option<Box<Node>>, otherwise: Option<Box<Node>> },
    /// `@case`
    Case { upper: bool, value: Option<Box<Node>> },
    /// `@replace`
    Replace { replacements: Vec<Replacement>, ignores_case: bool, all: bool, value: Box<Node> },
    /// `@arrayPath`: each element in the form of `shape`.
    ArrayPath { list: Box<Node>, shape: Option<Box<Node>> },
    /// `@json`, `mode` `encode`
    Encode(Box<Node>),
    /// `@json`, `mode` `decode`
    Decode(Box<Node>),
    /// `@flatten`
    Flatten { separator: String, omits_lists: bool, value: Box<Node> },
    /// `@merge`; of two fields of one name the later one stays.
    Merge(Vec<Node>),
    /// `@transform`: `mapping` reads what `apply` made.
    Transform { apply: Box<Node>, mapping: Box<Node> },
    /// `@excludeWhenNull`
    ExcludeWhenNull(Box<Node>),
}

/// What `@if` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// There is a value and it is not `null`.
    Exists,
    /// As `Exists`, and it is not empty either: the published meaning of the key `blank`.
    IsFilled,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Path(Path),
}

/// One pattern of `@replace`: plain text, no regular expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Replacement {
    pub(crate) pattern: String,
    pub(crate) with: String,
}
