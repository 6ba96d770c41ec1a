//! Calls and words that may stand only in certain places; each ban names what to write instead.

use crate::source::{Source, words};

/// A ban on code.
struct Ban {
    needles: &'static [&'static str],
    /// Beginnings of the paths where it may stand.
    allowed: &'static [&'static str],
    /// Whether tests may use it.
    tests: bool,
    instead: &'static str,
}

/// Beginnings of paths that are programs for developers, not the product.
const XTASK: &str = "xtask/";
const LOAD: &str = "crates/load/";

const BANS: &[Ban] = &[
    Ban {
        needles: &["Proof::issue"],
        // `phi` defines it and tests it; the ledger is the only one to earn it. The store's tests are
        // below the ledger and open what they sealed.
        allowed: &["crates/ledger/", "crates/phi/", "crates/store/tests/"],
        tests: false,
        instead: "a proof comes from the ledger, after the entry is written",
    },
    Ban {
        needles: &["to_job_payload"],
        // The one way from `Phi` to plain bytes without a proof: into a payload that the store seals.
        allowed: &["crates/webhooks/", "crates/phi/", "crates/voice/src/orders.rs"],
        tests: false,
        instead: "protected values leave `Phi` with a proof",
    },
    Ban {
        needles: &["reveal_to_holder"],
        // The one way from a key to its bytes: to the service that wraps it.
        allowed: &["crates/kms/", "crates/phi/"],
        tests: true,
        instead: "keys are used through `DataKey`'s own methods",
    },
    Ban {
        needles: &["SystemTime::now", "Instant::now", "SystemClock"],
        allowed: &[
            "crates/base/",
            "crates/edge/",
            "crates/jobs/",
            "crates/server/",
            // Timeouts of connections: monotonic, and no business of the product's clock.
            "crates/peer/src/pacing.rs",
            // Timers of RFC 3261: also monotonic.
            "crates/sip/",
            // Pacing of audio: monotonic, and as long as a packet lasts.
            "crates/audio/src/engine.rs",
            "crates/smpp-net/",
            "crates/webhooks/src/client",
            // How fast a disk is is a matter of the machine, not of the product's time.
            "crates/store/src/sqlite_points.rs",
            "crates/store/src/sqlite_writer.rs",
            // How long ago a write failed: also monotonic, and the same whatever the clock is set to.
            "crates/store/src/writing.rs",
            LOAD,
            XTASK,
        ],
        tests: true,
        instead: "take the clock as an argument (`base::Clock`)",
    },
    Ban {
        needles: &["env::var", "env::vars", "env::var_os", "env::vars_os"],
        allowed: &["crates/server/", LOAD, XTASK],
        tests: true,
        instead: "settings are read once, in `server`, and handed down",
    },
    Ban {
        needles: &["println!", "eprintln!", "print!", "eprint!"],
        allowed: &["crates/server/src/cli", "crates/server/src/demo", XTASK],
        tests: true,
        instead: "log through `tracing`; only the command line talks to a terminal",
    },
    Ban { needles: &["dbg!"], allowed: &[], tests: false, instead: "remove it" },
    Ban {
        needles: &["todo!", "unimplemented!"],
        allowed: &[],
        tests: false,
        instead: "answer a proper error, or leave the feature out",
    },
    Ban {
        needles: &["#[ignore"],
        allowed: &[],
        tests: false,
        instead: "assert today's wrong answer with a note",
    },
];

/// How a string of SQL begins. `store` is the only crate that speaks it to our own database.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "DROP TABLE ",
    "ALTER TABLE ",
    "PRAGMA ",
];
/// The store itself, and the tests that look at or tamper with a database behind its back.
const SQL_ALLOWED: &[&str] = &[
    "crates/store/",
    "crates/ledger/tests/",
    "crates/backup/tests/",
    // Makes the databases of tests, and reads all they hold.
    "crates/test-kit/src/database.rs",
    // Another's database, which events are loaded into, and what its tests find there.
    "crates/warehouse/src/session.rs",
    "crates/destinations/tests/it/postgres.rs",
    XTASK,
];

/// Words in comments that need the number of an issue beside them.
const UNFINISHED: &[&str] = &["TODO", "FIXME", "XXX"];

/// Every banned call, SQL string and open promise, with its place.
pub(super) fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let mut report = |offset: usize, text: String| {
            found.push(format!("{}:{}: {text}", source.path, source.line(offset)));
        };
        for ban in BANS.iter().filter(|ban| !starts_with_any(&source.path, ban.allowed)) {
            let in_example = source.path.contains("/examples/");
            let code = if ban.tests { &source.live } else { &source.code };
            for needle in ban.needles.iter().filter(|_| !(ban.tests && in_example)) {
                for offset in words(code, needle) {
                    report(offset, format!("`{needle}`: {}", ban.instead));
                }
            }
        }
        if !starts_with_any(&source.path, SQL_ALLOWED) {
            for (offset, text) in &source.strings {
                if starts_with_any(text.trim_start(), SQL) {
                    report(*offset, "SQL: queries live in `store`".to_owned());
                }
            }
        }
        for (offset, comment) in &source.comments {
            for word in UNFINISHED.iter().filter(|word| !words(comment, word).is_empty()) {
                if !names_an_issue(comment) {
                    report(*offset, format!("`{word}` without the number of an issue (`#12`)"));
                }
            }
        }
    }
    found
}

fn starts_with_any(text: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| text.starts_with(beginning))
}

fn names_an_issue(comment: &str) -> bool {
    comment.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: usize) {
        let found = violations(&[Source::new(path.to_owned(), text.to_owned())]);
        assert_eq!(found.len(), expected, "{path}: {text}: {found:?}");
    }

    #[test]
    fn bans_hold_outside_their_places_only() {
        check("crates/kit/src/a.rs", "let p = Proof::issue(x);", 1);
        check("crates/kit/tests/it/a.rs", "let p = Proof::issue(x);", 1);
        check("crates/ledger/src/a.rs", "let p = Proof::issue(x);", 0);
        check("crates/kit/src/a.rs", "let now = std::time::SystemTime::now();", 1);
        check("crates/kit/tests/it/a.rs", "let now = std::time::SystemTime::now();", 0);
        check("crates/kit/src/a.rs", "#[cfg(test)] mod tests { fn f() { Instant::now(); println!(); } }", 0);
        check("crates/webhooks/src/client.rs", "Instant::now()", 0);
        check("crates/webhooks/src/lib.rs", "Instant::now()", 1);
        check("crates/store/src/a.rs", "std::env::var(\"A\"); eprintln!();", 2);
        check("crates/server/src/cli/env.rs", "println!();", 0);
        check("crates/server/src/http.rs", "println!();", 1);
        check("crates/kit/examples/a.rs", "println!();", 0);
    }

    #[test]
    fn some_bans_hold_in_tests_too() {
        check("crates/kit/tests/it/a.rs", "#[ignore = \"slow\"] fn a() { todo!() }", 2);
        check("crates/kit/src/a.rs", "#[cfg(test)] mod tests { fn f() { dbg!(1); } }", 1);
    }

    #[test]
    fn words_in_comments_and_strings_are_not_calls() {
        check("crates/kit/src/a.rs", "// println! is banned\nlet a = \"todo!\";", 0);
    }

    #[test]
    fn sql_lives_in_store() {
        check("crates/kit/src/a.rs", "let q = \"SELECT 1\";", 1);
        check("crates/kit/src/a.rs", "let q = r#\"\n  DELETE FROM t\"#;", 1);
        check("crates/kit/src/a.rs", "let q = \"SELECTED\"; // \"SELECT 1\"", 0);
        check("crates/store/src/a.rs", "let q = \"SELECT 1\";", 0);
    }

    #[test]
    fn an_open_promise_names_an_issue() {
        check("crates/kit/src/a.rs", "// TODO tidy this", 1);
        check("crates/kit/src/a.rs", "// TODO(#12): tidy this", 0);
    }
}
