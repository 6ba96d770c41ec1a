//! The only crate that speaks SQL: sealed documents, jobs and the journal, on SQLite or PostgreSQL.

mod api;
mod batch;
mod document;
mod error;
mod jobs;
mod journal;
pub mod limits;
mod scope;
mod scoped;
mod store;
mod token;

pub use batch::{Batch, Committed};
pub use document::{Cursor, Document, Index, IndexValue, Kind, Listed, NewDocument, Query, Range};
pub use error::{OpenError, StoreError};
pub use jobs::{Jobs, Lease, NewJob};
pub use journal::{Checkpoint, Head, Journal, JournalRow};
pub use scope::{InvalidScope, Located, Name, Scope};
pub use scoped::Scoped;
pub use store::{Database, Options, Store};
