//! Texts as the published kit reads and makes them: paths, templates, and what JavaScript makes of a value.

use paths::Path;
use serde_json::{Number, Value};

use crate::directives::Piece;

/// Reads a path of a mapping: `$.properties.items[0]['name']`. Dots part names, even inside brackets; a bracket does
/// where a digit or a quote follows or precedes it.
pub(crate) fn path(text: &str) -> Path {
    let text = text.strip_prefix("$.").unwrap_or(text);
    let mut names = Vec::new();
    let mut name = String::new();
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let parts = match character {
            '.' => true,
            '[' => characters.peek().is_some_and(|&next| is_key(next)),
            ']' => before.is_some_and(|before| is_key(before) || before == ']'),
            _ => false,
        };
        if parts {
            names.push(std::mem::take(&mut name));
        } else if !matches!(character, '\'' | '"') {
            name.push(character);
        }
        before = Some(character);
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    Path::of(names)
}

fn is_key(character: char) -> bool {
    matches!(character, '\'' | '"') || character.is_ascii_digit()
}

/// Reads a template: `{{ path }}` or `{{{ path }}}`. Three braces are looked for first, as published; what a
/// placeholder is replaced by is never read as a template again.
pub(crate) fn template(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for piece in placeholders(text, "{{{", "}}}") {
        match piece {
            Piece::Text(text) => pieces.extend(placeholders(&text, "{{", "}}")),
            path => pieces.push(path),
        }
    }
    pieces
}

fn placeholders(text: &str, open: &str, close: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let (before, candidate) = rest.split_at(start);
        let inner = &candidate[open.len()..];
        let end = inner.find('}').filter(|&end| end > 0 && inner[end..].starts_with(close));
        literal.push_str(before);
        match end {
            Some(end) => {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
                pieces.push(Piece::Path(placeholder(inner[..end].trim())));
                rest = &inner[end + close.len()..];
            }
            None => {
                literal.push('{');
                rest = &candidate[1..];
            }
        }
    }
    literal.push_str(rest);
    pieces.push(Piece::Text(literal));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    pieces
}

/// A path in a template, where `$` is a name like any other.
fn placeholder(text: &str) -> Path {
    match text.strip_prefix("$.") {
        Some(rest) => Path::of(["$"]).join(&path(&format!(".{rest}"))),
        None => path(text),
    }
}

/// What JavaScript's `String` makes of a value.
pub(crate) fn of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => of_number(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items = items.iter().map(|item| if item.is_null() { String::new() } else { of(item) });
            items.collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

/// As ECMA-262 writes numbers, but for integers beyond 2^53, which stay exact.
fn of_number(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let size = float.abs();
    if float == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        float.to_string()
    } else {
        let text = format!("{float:e}");
        if size >= 1.0 { text.replace('e', "e+") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_read_as_published() {
        let check = |text: &str, names: &[&str]| assert_eq!(path(text).names(), names, "{text}");
        check("$.properties.name", &["properties", "name"]);
        check("properties.items[0].name", &["properties", "items", "0", "name"]);
        check("a['b c'][\"d\"]", &["a", "b c", "d"]);
        check("a['b.c']", &["a", "b", "c"]);
        check("a[b]", &["a[b]"]);
        check("", &[]);
        check(".", &[]);
        check("$", &["$"]);
    }

    #[test]
    fn templates_are_read_as_published() {
        let path = |names: &[&str]| Piece::Path(Path::of(names.iter().copied()));
        let text = |text: &str| Piece::Text(text.to_owned());
        let check =
            |template: &str, pieces: &[Piece]| assert_eq!(super::template(template), pieces, "{template}");
        check("a {{ b.c }} d", &[text("a "), path(&["b", "c"]), text(" d")]);
        check("{{{a}}}{{b}}", &[path(&["a"]), path(&["b"])]);
        check("{{a}", &[text("{{a}")]);
        check("{{}}", &[text("{{}}")]);
        check("{{x {{{a}}}", &[text("{{x "), path(&["a"])]);
        check("{{$.a}}", &[path(&["$", "a"])]);
    }

    #[test]
    fn values_are_written_as_javascript_does() {
        for (value, expected) in [
            (json!(1.0), "1"),
            (json!(-0.5), "-0.5"),
            (json!(1e21), "1e+21"),
            (json!(1.5e-7), "1.5e-7"),
            (json!(1e20), "100000000000000000000"),
            (json!([1, null, [2, "x"], {}]), "1,,2,x,[object Object]"),
            (json!(true), "true"),
        ] {
            assert_eq!(of(&value), expected);
        }
    }
}
