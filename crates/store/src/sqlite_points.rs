//! Reads by key, made where they are asked for: a few microseconds from memory, where handing them to a
//! thread and back costs ten times as much.
//!
//! A disk that is slow must not hold up the tasks of the program: after a read that took long, reads go
//! to the reading threads for a while.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::Connection;

use crate::sql::{Row, Statement};
use crate::sqlite::{connect_to_read, run};
use crate::{StoreError, limits};

/// Connections that are not in use; and until when none is to be used.
struct State {
    idle: Vec<Connection>,
    slow_until: Option<Instant>,
    is_closed: bool,
}

/// The connections for reads by key.
pub(crate) struct Points(Mutex<State>);

impl Points {
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let idle =
            (0..limits::SQLITE_POINT_READERS).map(|_| connect_to_read(path)).collect::<Result<_, _>>()?;
        Ok(Self(Mutex::new(State { idle, slow_until: None, is_closed: false })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a read. `None` when it is for the threads: all connections are in use, the disk is slow, or
    /// the store is closed.
    pub(crate) fn query(&self, statement: &Statement) -> Option<Result<Vec<Row>, StoreError>> {
        let started = Instant::now();
        let connection = {
            let mut state = self.state();
            if state.slow_until.is_some_and(|until| started < until) {
                return None;
            }
            state.idle.pop()?
        };
        let rows = run(&connection, statement).map(|(rows, _)| rows);
        let is_slow = started.elapsed() > limits::SQLITE_POINT_READ;
        let mut state = self.state();
        if is_slow {
            state.slow_until = Some(Instant::now() + limits::SQLITE_POINT_PAUSE);
        }
        if !state.is_closed {
            state.idle.push(connection);
        }
        Some(rows)
    }

    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.idle.clear();
    }
}
