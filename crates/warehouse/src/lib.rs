//! Events as rows of a PostgreSQL database, in the tables and columns that Segment's warehouses have.
//!
//! Read in this order: [`names`] (how names become identifiers), [`layout`] (which rows an event makes; pure),
//! `columns` (what a table can hold, and what fits), [`session`] (a connection, and one load), [`limits`].
//!
//! A load is one transaction and may be made again: rows are told apart by the event's id. What a column cannot hold is
//! kept in the row's column `other`, so that nothing is lost to a type. This crate opens no connection: it is given
//! one, already checked, by whoever may.

mod columns;
pub mod layout;
pub mod limits;
pub mod names;
pub mod session;

pub use layout::{Row, rows};
pub use session::{Failure, Login, Security, Session};
