//! What the matcher promises, tested from outside.

mod corpus;
mod figures;
mod findings;
mod worst;
