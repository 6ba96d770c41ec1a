//! The only crate that speaks SQL: sealed documents, durable jobs and the tamper-evident journal,
//! on SQLite or PostgreSQL.
//!
//! In reading order:
//! - [`Store`] opens a database; [`Scope`] says whose data a row is.
//! - [`Document`] and [`Kind`]: what is stored. Facts are sealed under the scope's key, content
//!   (PHI) under a key of its own, index values are plain words of ours or keyed digests.
//! - [`Batch`]: everything is written in units of work, on disk before [`Store::commit`] returns.
//! - [`Scoped`]: documents are read within one scope, or not at all.
//! - [`NewEvent`] and [`LoggedEvents`]: the log of events, each sealed under the keys of whom it is about ([`Subject`]).
//! - [`Jobs`] and [`Journal`]: work to be done and what was done, in the same transactions.
//! - [`Count`]: how many events an account had on a day, in the same transactions too.
//!
//! Below that, `engine` is the seam between the two databases: `sqlite` and `postgres` both commit
//! groups of batches, so that concurrent requests share one fsync. The SQL text is shared.

mod api;
mod batch;
mod bulk;
mod chain;
mod consumers;
mod conversions;
pub mod copy;
mod counters;
mod document;
mod engine;
mod error;
mod events;
mod expiry;
mod jobs;
mod jobs_sql;
mod journal;
mod keys;
pub mod limits;
mod measures;
mod page;
mod parked;
mod postgres;
mod postgres_copy;
mod postgres_group;
mod postgres_planner;
mod postgres_tls;
mod postgres_wake;
mod postgres_writer;
mod rotation;
mod schema;
mod scope;
mod scoped;
mod set_aside;
mod sql;
mod sqlite;
mod sqlite_copy;
mod sqlite_points;
mod sqlite_writer;
mod steady;
mod store;
mod subject;
mod token;
mod writing;

pub use batch::{Batch, Committed};
pub use consumers::{Claim, Consumer, DeliveryCount, Disclosed, Place};
pub use counters::{Count, Counter};
pub use document::{Cursor, Document, Index, IndexValue, Kind, Listed, NewDocument, Query, Range};
pub use error::{OpenError, StoreError};
pub use events::{EVENT_NAME_BYTES, EventName, LoggedEvents, LoggedNames, NewEvent, Rewritten, SealedEvent};
pub use jobs::{Jobs, Lane, Lease, NewJob, Share, Taken, Waiting};
pub use journal::{Checkpoint, Head, Journal, JournalRow};
pub use measures::{QueueState, StoreMeasures, Tally};
pub use parked::ParkedJob;
pub use rotation::{KeyPlace, KeyStatus, Moved, Rewrap, Rotation};
pub use scope::{InvalidScope, Located, Name, Scope};
pub use scoped::Scoped;
pub use set_aside::{EventPlace, SetAside, unblocked};
pub use steady::Steady;
pub use store::{Database, Options, Store};
pub use subject::{Subject, SubjectKey};
