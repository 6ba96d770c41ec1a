//! Forward-only migrations: numbered files, checked against what the database says was applied.

use aws_lc_rs::digest::{SHA256, digest};

use crate::OpenError;
use crate::sql::Row;

/// The two ways SQL differs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// One migration. Its number is its place in [`MIGRATIONS`], from 1.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// All migrations, oldest first. A file is never changed once released: its checksum is kept.
const MIGRATIONS: &[Migration] = &[
    Migration { name: "initial", sql: include_str!("../migrations/0001_initial.sql") },
    Migration {
        name: "lanes and parked jobs",
        sql: include_str!("../migrations/0002_lanes_and_parked_jobs.sql"),
    },
    Migration { name: "steady generation", sql: include_str!("../migrations/0003_steady_generation.sql") },
    Migration {
        name: "one index for one question",
        sql: include_str!("../migrations/0004_one_index_for_one_question.sql"),
    },
    Migration { name: "conversions", sql: include_str!("../migrations/0005_conversions.sql") },
    Migration {
        name: "pages by event time",
        sql: include_str!("../migrations/0006_pages_by_event_time.sql"),
    },
    Migration { name: "counters", sql: include_str!("../migrations/0007_counters.sql") },
    Migration { name: "events", sql: include_str!("../migrations/0008_events.sql") },
    Migration { name: "consumers", sql: include_str!("../migrations/0009_consumers.sql") },
    Migration { name: "set aside", sql: include_str!("../migrations/0010_set_aside.sql") },
];

/// The table that remembers what was applied; it exists before the first migration.
const BOOTSTRAP: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number {i64} NOT NULL PRIMARY KEY,
    name {text} NOT NULL,
    checksum {blob} NOT NULL,
    applied_at {i64} NOT NULL
){strict}";

pub(crate) const APPLIED: &str = "SELECT number, checksum FROM migrations ORDER BY number";
pub(crate) const NOTE_APPLIED: &str =
    "INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// What each word in braces means.
const WORDS: &[(&str, &str, &str)] = &[
    // word, SQLite, PostgreSQL
    ("{i64}", "INTEGER", "BIGINT"),
    ("{blob}", "BLOB", "BYTEA"),
    ("{empty}", "X''", "''::BYTEA"),
    // Byte order in both, so that keyset pages agree with the index.
    ("{text}", "TEXT", "TEXT COLLATE \"C\""),
    ("{serial}", "INTEGER PRIMARY KEY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("{strict}", " STRICT", ""),
    // A line that is for PostgreSQL only.
    ("{postgres}", "--", ""),
    ("{strict_clustered}", " STRICT, WITHOUT ROWID", ""),
];

fn render(sql: &str, dialect: Dialect) -> String {
    WORDS.iter().fold(sql.to_owned(), |text, (word, sqlite, postgres)| {
        text.replace(word, if dialect == Dialect::Sqlite { sqlite } else { postgres })
    })
}

/// A migration that is to be applied now.
pub(crate) struct Pending {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) checksum: Vec<u8>,
    pub(crate) sql: String,
}

pub(crate) fn bootstrap(dialect: Dialect) -> String {
    render(BOOTSTRAP, dialect)
}

/// Compares the rows of [`APPLIED`] with this program's migrations and returns what is missing.
pub(crate) fn pending(applied: Vec<Row>, dialect: Dialect) -> Result<Vec<Pending>, OpenError> {
    let known = i64::try_from(MIGRATIONS.len()).expect("there are a handful of migrations");
    let mut expected = 1;
    for mut row in applied {
        let (number, checksum) = (row.integer()?, row.blob()?);
        if number > known {
            return Err(OpenError::Newer { found: number, known });
        }
        let index = usize::try_from(number - 1).map_err(|_| OpenError::AlteredMigration { number })?;
        if number != expected || checksum != checksum_of(&MIGRATIONS[index]) {
            return Err(OpenError::AlteredMigration { number });
        }
        expected += 1;
    }
    Ok((expected..)
        .zip(&MIGRATIONS[usize::try_from(expected - 1).expect("counts from 1")..])
        .map(|(number, migration)| Pending {
            number,
            name: migration.name,
            checksum: checksum_of(migration),
            sql: render(migration.sql, dialect),
        })
        .collect())
}

fn checksum_of(migration: &Migration) -> Vec<u8> {
    digest(&SHA256, migration.sql.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_in_braces_is_left_over() {
        for migration in MIGRATIONS {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let sql = render(migration.sql, dialect);
                assert!(!sql.contains(['{', '}']), "{} for {dialect:?}", migration.name);
            }
        }
    }
}
