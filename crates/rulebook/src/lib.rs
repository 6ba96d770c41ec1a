//! The guide's rules as dated data, and the one function that decides whether a request may proceed.
//!
//! Nothing here does I/O: the data is part of the program, and the guard decides from facts alone. In
//! reading order: [`records`] (what a rule is), [`load`] (the checked rulebook), [`enforced`] and
//! [`proofs`] (what the code really does, and what shows it), [`codes`] (error numbers), [`guard`] (the
//! decision) and [`designation`] (which accounts are HIPAA projects).

pub mod codes;
pub mod dates;
pub mod designation;
pub mod enforced;
mod files;
pub mod guard;
pub mod load;
pub mod proofs;
pub mod records;

pub use dates::Date;
pub use guard::{AccountFacts, Action, Policy, Refusal, Settings, Verdict, decide};
pub use load::{Counts, Edition, EditionSource, Listing, LoadError, Rulebook, SourceFile};
pub use records::{Eligibility, Level, Note, Owner, Rule, Severity, Status, System};
