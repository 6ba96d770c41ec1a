//! Puts the figures into the page of each benchmark, between its marks.

use std::path::Path;

use crate::bench::Bench;
use crate::bench::table::Table;
use crate::shell;

/// Replaces the tables of the benchmarks that ran, and beside them the machine's description.
pub(crate) fn write(root: &Path, machine: &str, tables: &[(&'static Bench, Table)]) -> Result<(), String> {
    for (bench, table) in tables {
        let file = root.join(bench.page);
        let page = replaced(&shell::read(&file)?, "machine", machine)
            .and_then(|page| replaced(&page, bench.name, &table.markdown()))
            .map_err(|problem| format!("{}: {problem}", bench.page))?;
        std::fs::write(&file, page).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        println!("{} has the figures of `{}`", bench.page, bench.name);
    }
    Ok(())
}

fn replaced(page: &str, name: &str, text: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- measured: {name} -->\n"), "<!-- end -->");
    let missing = || format!("there is no place for `{name}`");
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
