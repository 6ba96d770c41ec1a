//! Every bound of this crate, in one place.

use std::time::Duration;

/// Characters of an identifier: PostgreSQL cuts at 63 bytes, and none of ours may be cut.
pub const NAME: usize = 60;
/// Columns of a table; what would need more is in the column `other`. (PostgreSQL's own limit is 1,600.)
pub const COLUMNS: usize = 500;
/// Tables of a schema; an event that would need one more is in `tracks` alone.
pub const TABLES: usize = 500;
/// Levels of objects that become columns; what is deeper is JSON in one.
pub const DEPTH: usize = 6;
/// Cells of one row; what would be more is in the column `other`.
pub const CELLS: usize = 500;
/// How long the server works on one statement at most.
pub const STATEMENT: Duration = Duration::from_secs(10);
/// How long a login, and a load, may take.
pub const LOAD: Duration = Duration::from_secs(15);
