//! Mappings of Segment's destination actions: what a destination is sent is built from an event by directives
//! (`@path`, `@template`, `@if`, ...), as the published `@segment/actions-core` does it.
//!
//! [`Mapping::parse`] checks a mapping, [`Mapping::apply`] builds the payload, and [`Mapping::reads`] says, without
//! any event, every place the mapping can read. From that, the grants of a destination and its filters
//! [`Manifest`] computes what can leave at all: the disclosure manifest. What is outside it never leaves
//! (`tests/it/egress.rs`, 100,000 random events in each run).
//!
//! Where the published kit lets an event choose what is read (a value that looks like a template), or gives a
//! value in place of the field inside it, we do not follow; `docs/mapping.md` has the list.

mod directives;
mod eval;
pub mod limits;
mod manifest;
mod parse;
mod reads;
mod text;

pub use eval::EvalError;
pub use manifest::{Disclosed, Manifest, disclose};
pub use parse::{MappingError, Problem};

use directives::Node;

/// A mapping, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping(Node);
