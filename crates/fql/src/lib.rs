//! Segment's filter language (FQL) and the destination filters written in it: pure functions over JSON events.
//!
//! [`Expression::parse`] reads an expression, [`Expression::holds`] evaluates it, [`filter::apply`] runs the filters
//! of one destination over an event. The semantics are the documented ones of Segment's servers
//! (Public API, "Destination Filter Query Language"), not those of the engine Segment ships to browsers; where the
//! two part, and what we decided where the documentation is silent, is the table in `docs/fql.md`.
//!
//! **An error drops the event.** An expression that cannot be evaluated (a number where text is needed, a budget
//! that is spent) is never "does not match": a filter that removes a diagnosis must not pass an event it could not
//! judge.
//!
//! Reading order: `expression`, `parser`, `eval`, `functions`, `glob`, [`filter`].

mod eval;
mod expression;
pub mod filter;
mod functions;
mod glob;
mod ir;
mod lexer;
pub mod limits;
mod parser;
mod sample;

pub use eval::EvalError;
pub use expression::{Comparison, Expression, Function};
pub use parser::{ParseError, Problem};
