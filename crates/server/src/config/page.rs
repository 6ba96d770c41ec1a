//! The example file and the page of the documentation, written from the table that files are read by.

use std::fmt::Write;

use super::sections::{EntryKey, Key, REQUIRED, SECTIONS, Section};

/// Columns of the example's comments.
const WIDTH: usize = 100;
const WRITES: &str = "a string can be written to";

/// A file that shows every key. All but the data folder are commented out, so that it says what is the case
/// without them.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# Configuration of `switchward serve`. Every key is here; the values are examples.\n\
         # Flags on the command line go before environment variables, and those before this file.\n\
         # A secret may be written as \"env:VARIABLE\" instead. Relative paths start at this file's folder.\n\
         # `switchward config check FILE` says what is wrong with a file.\n",
    );
    for section in SECTIONS {
        if !section.name.is_empty() {
            writeln!(text, "\n# {}\n#[{}]", section.about, section.name).expect(WRITES);
        }
        for key in section.keys {
            text.push('\n');
            example_key(&mut text, section, key);
        }
    }
    text
}

fn example_key(text: &mut String, section: &Section, key: &Key) {
    comment(text, &sentence(key.about, key.default));
    if key.entry.is_empty() {
        // Only what must be there is switched on.
        let off = if key.default == REQUIRED { "" } else { "#" };
        writeln!(text, "{off}{} = {}", key.name, key.example).expect(WRITES);
        return;
    }
    writeln!(text, "#[[{}.{}]]", section.name, key.name).expect(WRITES);
    for entry in key.entry {
        comment(text, &sentence(entry.about, entry.default.unwrap_or(REQUIRED)));
        writeln!(text, "#{} = {}", entry.name, entry.example).expect(WRITES);
    }
}

fn sentence(about: &str, default: &str) -> String {
    match default {
        REQUIRED => format!("{about} Required."),
        _ => format!("{about} Default: {default}."),
    }
}

/// Comment lines that are not too long.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

/// The page of the documentation, after its notice.
pub(crate) fn reference() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         `switchward serve --config FILE` reads one file in TOML. `switchward config example` prints one with every key, \
         `switchward config check FILE` says what is wrong with one, with line, column and key, and opens every file that it names.\n\n\
         Flags on the command line go before environment variables, those before the file, and the file before what holds \
         without a key. `--simulator` and `--smpp-config` replace whichever carrier the file names. Relative paths start at the \
         file's folder.\n\n\
         A secret may be written as `\"env:VARIABLE\"`, or stand in a file of its own that a key ending in `_file` names. \
         A file that holds a secret itself must not be readable by other users than its owner and its group, and must not be \
         writable by the group; otherwise the server does not start.\n",
    );
    for section in SECTIONS {
        match section.name {
            "" => text.push_str("\n## Before the first section\n"),
            name => writeln!(text, "\n## `[{name}]`\n\n{}", section.about).expect(WRITES),
        }
        text.push_str("\n| key | meaning | default | also |\n|---|---|---|---|\n");
        for key in section.keys {
            let also: Vec<String> =
                [key.flag, key.variable].into_iter().flatten().map(|name| format!("`{name}`")).collect();
            row(&mut text, &[&format!("`{}`", key.name), key.about, key.default, &also.join(" ")]);
        }
        for key in section.keys.iter().filter(|key| !key.entry.is_empty()) {
            writeln!(
                text,
                "\nEach `[[{}.{}]]`:\n\n| key | meaning | default |\n|---|---|---|",
                section.name, key.name
            )
            .expect(WRITES);
            for EntryKey { name, about, default, .. } in key.entry {
                row(&mut text, &[&format!("`{name}`"), about, default.unwrap_or(REQUIRED)]);
            }
        }
    }
    text
}

fn row(text: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    writeln!(text, "| {} |", cells.join(" | ")).expect(WRITES);
}
