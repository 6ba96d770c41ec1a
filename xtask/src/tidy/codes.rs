//! Every error code is answered by something: a row that nothing uses is a promise that nothing keeps.

use crate::source::{Source, words};

/// The tables of codes.
const TABLES: &[&str] = &["crates/errors/src/catalogue.rs", "crates/rulebook/src/codes.rs"];

/// Names codes without answering them: it says what the guard does, and is not the guard.
const DESCRIPTION: &str = "crates/rulebook/src/enforced.rs";

/// Codes that no live code uses, and tables that cannot be found or read.
pub(super) fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for table in TABLES {
        let Some(source) = sources.iter().find(|source| source.path == *table) else {
            found.push(format!("{table}: is missing"));
            continue;
        };
        let names = names(&source.live);
        if names.is_empty() {
            found.push(format!("{table}: no code found in it"));
        }
        for name in names {
            if !sources.iter().any(|s| s.path != DESCRIPTION && uses(&s.live, name)) {
                found.push(format!("{table}: `{name}` is used nowhere"));
            }
        }
    }
    found
}

/// Names at the start of `NAME = number` rows and of `const NAME: type = number` items.
fn names(live: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for line in live.lines().map(str::trim) {
        let Some((left, value)) = line.split_once(" = ") else { continue };
        let left = left.strip_prefix("pub ").unwrap_or(left);
        let left = left.strip_prefix("const ").unwrap_or(left);
        let name = left.split(':').next().unwrap_or_default();
        let shouted = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if shouted && value.starts_with(|c: char| c.is_ascii_digit()) {
            names.push(name);
        }
    }
    names
}

/// Whether the code is named other than by its own row: as `codes::NAME`, or bare where it was imported.
/// The constant of another type that happens to share the name (`StatusCode::CONFLICT`) does not count.
fn uses(live: &str, name: &str) -> bool {
    words(live, name).into_iter().any(|at| {
        let (before, after) = (&live[..at], &live[at + name.len()..]);
        let is_row = after.starts_with(" = ") || after.starts_with(':') && !after.starts_with("::");
        !is_row && (before.ends_with("codes::") || !before.ends_with("::"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rows_and_constants() {
        let table = "    NOT_FOUND = 20404, 404, \"\";\n pub const REGION: u32 = 77100;\n const $name: &Code = &Code {\n pub const CATALOGUE: &[&Code] = &[];\n let x = 3;";
        assert_eq!(names(table), ["NOT_FOUND", "REGION"]);
    }

    #[test]
    fn another_constant_of_the_same_name_is_no_use() {
        assert!(uses("errors::codes::CONFLICT", "CONFLICT"));
        assert!(uses("use errors::codes::{A, CONFLICT};", "CONFLICT"));
        assert!(!uses("StatusCode::CONFLICT", "CONFLICT"));
        assert!(!uses("codes::CONFLICTING", "CONFLICT"));
        assert!(!uses("    CONFLICT = 20409, 409, x;\npub const CONFLICT: u32 = 1;", "CONFLICT"));
        assert!(uses("CONFLICT = 20409;\nconst BY_SYSTEM: &[u32] = &[CONFLICT];", "CONFLICT"));
    }
}
