//! Puts the figures into `docs/performance.md`, between the marks of each benchmark.

use std::path::Path;

use crate::bench::table::Table;
use crate::shell;

const PAGE: &str = "docs/performance.md";

/// Replaces the machine's description and the tables of the benchmarks that ran.
pub(crate) fn write(root: &Path, machine: &str, tables: &[(&'static str, Table)]) -> Result<(), String> {
    let file = root.join(PAGE);
    let mut page = replaced(&shell::read(&file)?, "machine", machine)?;
    for (name, table) in tables {
        page = replaced(&page, name, &table.markdown())?;
    }
    std::fs::write(&file, page).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    println!("{PAGE} has the figures");
    Ok(())
}

fn replaced(page: &str, name: &str, text: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- measured: {name} -->\n"), "<!-- end -->");
    let missing = || format!("{PAGE} has no place for `{name}`");
    let start = page.find(&begin).ok_or_else(missing)? + begin.len();
    let length = page[start..].find(end).ok_or_else(missing)?;
    Ok(format!("{}{}\n{}", &page[..start], text.trim_end(), &page[start + length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_stands_between_the_marks() {
        let page = "a\n<!-- measured: x -->\nold\n<!-- end -->\nb\n";
        let once = replaced(page, "x", "new\n").expect("marked");
        assert_eq!(once, "a\n<!-- measured: x -->\nnew\n<!-- end -->\nb\n");
        assert_eq!(replaced(&once, "x", "new").as_deref(), Ok(once.as_str()));
        assert!(replaced(page, "y", "new").is_err());
    }
}
