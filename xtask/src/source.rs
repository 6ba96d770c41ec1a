//! Source files as the checks see them: code without comments, strings and test-only items.
//!
//! Blanked text is replaced by spaces of the same length, so offsets and lines stay true.

use std::path::Path;

use crate::shell;

/// A Rust file.
pub(crate) struct Source {
    /// Relative to the workspace root, with forward slashes.
    pub(crate) path: String,
    /// As it is on disk.
    pub(crate) text: String,
    /// Without comments and the insides of strings.
    pub(crate) code: String,
    /// As `code`, and without items under `#[cfg(test)]`; blank for a file that only tests use.
    pub(crate) live: String,
    /// Offset and inside of each string literal.
    pub(crate) strings: Vec<(usize, String)>,
    /// Offset and text of each comment.
    pub(crate) comments: Vec<(usize, String)>,
}

impl Source {
    /// Reads one file's text apart.
    pub(crate) fn new(path: String, text: String) -> Self {
        let (code, strings, comments) = blank(&text);
        let live = if is_test_file(&path) || code.contains("#![cfg(test)]") {
            String::new()
        } else {
            without_test_items(&code)
        };
        Self { path, text, code, live, strings, comments }
    }

    /// The line an offset lies on, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count()
    }
}

/// Every Rust file of `crates/` and `xtask/`, in the order of their paths.
pub(crate) fn all(root: &Path) -> Result<Vec<Source>, String> {
    let mut paths = Vec::new();
    for folder in ["crates", "xtask"] {
        files_below(&root.join(folder), "rs", &mut paths)?;
    }
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        sources.push(Source::new(relative(root, &path), shell::read(&path)?));
    }
    Ok(sources)
}

/// A path as the checks print it.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Files with this extension below a folder, sorted; hidden folders and build output are passed over.
pub(crate) fn files_below(
    folder: &Path,
    extension: &str,
    found: &mut Vec<std::path::PathBuf>,
) -> Result<(), String> {
    let cannot = |e: std::io::Error| format!("cannot list {}: {e}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        entries.push(entry.map_err(cannot)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                files_below(&path, extension, found)?;
            }
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether only tests use this file.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.starts_with("crates/test-kit/")
}

/// Whether `text` has an identifier character at this end of a match.
pub(crate) fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Offsets at which `needle` stands in `text` and does not begin inside a longer word; where it ends
/// in a letter, it does not end inside one either.
pub(crate) fn words(text: &str, needle: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends_in_word = is_word(needle.as_bytes().last());
    text.match_indices(needle)
        .map(|(at, _)| at)
        .filter(|&at| !is_word(at.checked_sub(1).and_then(|i| bytes.get(i))))
        .filter(|&at| !(ends_in_word && is_word(bytes.get(at + needle.len()))))
        .collect()
}

type Pieces = Vec<(usize, String)>;

fn blank(text: &str) -> (String, Pieces, Pieces) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let (mut strings, mut comments) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"//") {
            let end = text[at..].find('\n').map_or(bytes.len(), |n| at + n);
            comments.push((at, text[at..end].to_owned()));
            erase(&mut code, at, end);
            at = end;
        } else if bytes[at..].starts_with(b"/*") {
            let end = block_comment_end(bytes, at);
            comments.push((at, text[at..end].to_owned()));
            erase(&mut code, at, end);
            at = end;
        } else if let Some((inside, close, end)) = string_at(bytes, at) {
            strings.push((inside, text[inside..close].to_owned()));
            erase(&mut code, inside, close);
            at = end;
        } else if bytes[at] == b'\'' {
            at = quote_end(text, at);
        } else {
            at += 1;
        }
    }
    (String::from_utf8(code).expect("whole literals and comments were replaced by spaces"), strings, comments)
}

fn erase(code: &mut [u8], from: usize, to: usize) {
    for byte in &mut code[from..to] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// A string literal that opens here: where its inside begins and ends, and where it ends.
fn string_at(bytes: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    if bytes[at] == b'"' {
        let inside = at + 1;
        let mut close = inside;
        while close < bytes.len() && bytes[close] != b'"' {
            close += if bytes[close] == b'\\' { 2 } else { 1 };
        }
        let close = close.min(bytes.len());
        return Some((inside, close, (close + 1).min(bytes.len())));
    }
    if bytes[at] != b'r' {
        return None;
    }
    // `r` opens a raw string alone or after the `b` or `c` of a byte or C string, never inside a word.
    let before = at.checked_sub(1).and_then(|i| bytes.get(i));
    let prefixed =
        matches!(before, Some(b'b' | b'c')) && !is_word(at.checked_sub(2).and_then(|i| bytes.get(i)));
    if is_word(before) && !prefixed {
        return None;
    }
    let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
    let inside = at + 1 + hashes + 1;
    if bytes.get(inside - 1) != Some(&b'"') {
        return None;
    }
    let closing = [&b"\""[..], &vec![b'#'; hashes]].concat();
    let close =
        bytes[inside..].windows(closing.len()).position(|w| w == closing).map_or(bytes.len(), |n| inside + n);
    Some((inside, close, (close + closing.len()).min(bytes.len())))
}

/// The end of a character literal, or just past the quote of a lifetime.
fn quote_end(text: &str, at: usize) -> usize {
    let rest = &text[at + 1..];
    if let Some(escaped) = rest.strip_prefix('\\') {
        // The escaped character itself may be a quote.
        let skipped = escaped.chars().next().map_or(0, char::len_utf8);
        return escaped[skipped..].find('\'').map_or(text.len(), |n| at + 2 + skipped + n + 1);
    }
    match rest.chars().next() {
        Some(c) if rest[c.len_utf8()..].starts_with('\'') => at + 1 + c.len_utf8() + 1,
        _ => at + 1,
    }
}

fn without_test_items(code: &str) -> String {
    let mut live = code.as_bytes().to_vec();
    for marker in ["#[cfg(test)]", "#[cfg(all(test"] {
        for (at, _) in code.match_indices(marker) {
            erase(&mut live, at, item_end(code.as_bytes(), at));
        }
    }
    String::from_utf8(live).expect("whole items were replaced by spaces")
}

/// Where the item ends whose first attribute begins here.
fn item_end(code: &[u8], start: usize) -> usize {
    let (mut round, mut curly) = (0_usize, 0_usize);
    for (at, byte) in code.iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => round = round.saturating_sub(1),
            b'{' => curly += 1,
            b'}' => {
                curly = curly.saturating_sub(1);
                if curly == 0 {
                    return at + 1;
                }
            }
            b';' if round == 0 && curly == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("crates/x/src/a.rs".to_owned(), text.to_owned())
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let s = source(
            "let a = \"x // \\\" y\"; // note\nlet b = 'c'; let c = '\"'; /* a /* b */ c */ f::<'a>(r#\"q\" z\"#);",
        );
        assert_eq!(s.strings.iter().map(|(_, t)| t.as_str()).collect::<Vec<_>>(), ["x // \\\" y", "q\" z"]);
        assert_eq!(s.comments.len(), 2);
        assert!(s.code.contains("f::<'a>(r#\""));
        assert!(!s.code.contains("note") && !s.code.contains(" z"));
        assert_eq!(s.code.len(), s.text.len());
    }

    #[test]
    fn test_items_are_not_live() {
        let s = source(
            "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { let x = [0; 3]; } }\nfn c() {}\n#[cfg(test)]\nuse x;\nfn d() {}",
        );
        for (word, live) in
            [("fn a", true), ("fn b", false), ("fn c", true), ("use x", false), ("fn d", true)]
        {
            assert_eq!(s.live.contains(word), live, "{word}");
        }
        assert_eq!(s.line(s.text.find("fn c").expect("is there")), 4);
    }

    #[test]
    fn words_do_not_match_inside_words() {
        assert_eq!(words("eprint! print! println!", "print!"), [8]);
        assert_eq!(words("A_B A_BC XA_B codes::A_B", "A_B"), [0, 21]);
    }
}
