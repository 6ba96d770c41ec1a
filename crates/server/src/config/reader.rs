//! Walks a document along the table of keys, and collects what is wrong instead of stopping at the first mistake.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, Mistakes};
use super::sections::{AGREEMENTS, Agreement, SECTIONS, Section};
use super::value::{Surroundings, Value};
use super::{Config, MAX_BYTES, Parsed};

/// Reads a document; all of it when `section` is empty, else one that holds the keys of that section.
pub(super) fn read(text: &str, folder: &Path, section: &str) -> Result<Parsed, Mistakes> {
    if text.len() > MAX_BYTES {
        let mistake =
            Mistake::at(text, &(0..0), None, format!("a configuration has at most {MAX_BYTES} bytes"));
        return Err(Mistakes::of(vec![mistake]));
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    // What follows a syntax error is guesswork.
    if !errors.is_empty() {
        let mistakes = errors.iter().map(|error| syntax(text, error)).collect();
        return Err(Mistakes::of(mistakes));
    }
    let surroundings = Surroundings { folder, secret_key: RefCell::new(None) };
    let mut reader = Reader {
        text,
        root: document.get_ref(),
        surroundings: &surroundings,
        config: Config::default(),
        seen: BTreeMap::new(),
        mistakes: Vec::new(),
    };
    match section {
        "" => reader.document(),
        name => reader.keys_of(name, reader.root),
    }
    reader.agreements();
    let Reader { config, mistakes, .. } = reader;
    if !mistakes.is_empty() {
        return Err(Mistakes::of(mistakes));
    }
    Ok(Parsed { config, secret_key: surroundings.secret_key.into_inner() })
}

/// The parser's message, which names what it expected and quotes nothing.
fn syntax(text: &str, error: &toml::de::Error) -> Mistake {
    let message = error.message().lines().next().unwrap_or_default();
    Mistake::at(text, &error.span().unwrap_or_default(), None, format!("this is not TOML: {message}"))
}

struct Reader<'a> {
    text: &'a str,
    root: &'a DeTable<'a>,
    surroundings: &'a Surroundings<'a>,
    config: Config,
    /// Whole names of the keys that were there, and where.
    seen: BTreeMap<String, Range<usize>>,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) {
        let root = self.root;
        self.keys_of("", root);
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            if !is_section(name) {
                continue;
            }
            match value.get_ref() {
                DeValue::Table(table) => self.keys_of(name, table),
                _ => self.mistake(&value.span(), Some(name), format!("is a section: write [{name}]")),
            }
        }
    }

    /// Reads the keys of one section.
    fn keys_of(&mut self, name: &str, table: &'a DeTable<'a>) {
        let Some(section) = SECTIONS.iter().find(|section| section.name == name) else { return };
        for (key, value) in table {
            let short = key.get_ref().as_ref();
            if name.is_empty() && is_section(short) {
                continue;
            }
            let whole = whole_name(name, short);
            match section.keys.iter().find(|known| known.name == short) {
                Some(known) => {
                    self.seen.insert(whole.clone(), key.span());
                    let value = Value { key: &whole, value, surroundings: self.surroundings };
                    if let Err(wrong) = (known.read)(&mut self.config, &value) {
                        let key = inner_key(value.value, wrong.span.start)
                            .map_or(whole.clone(), |inner| whole_name(&whole, &inner));
                        self.mistake(&wrong.span, Some(&key), wrong.text);
                    }
                }
                None => self.mistake(&key.span(), Some(&whole), unknown(section, short)),
            }
        }
    }

    /// Checks what must hold between keys.
    fn agreements(&mut self) {
        for agreement in AGREEMENTS {
            match agreement {
                Agreement::OneOf(keys) => {
                    let mut there = keys.iter().filter_map(|key| Some((*key, self.place(key)?)));
                    if let (Some((first, _)), Some((second, span))) = (there.next(), there.next()) {
                        let text = format!("must not stand beside `{first}`: keep one of them");
                        self.mistake(&span, Some(second), text);
                    }
                }
                Agreement::Together(keys) => {
                    let missing = keys.iter().find(|key| self.place(key).is_none());
                    let there = keys.iter().find_map(|key| Some((*key, self.place(key)?)));
                    if let (Some(missing), Some((key, span))) = (missing, there) {
                        self.mistake(&span, Some(key), format!("needs `{missing}` beside it"));
                    }
                }
                Agreement::Needs(key, needed) => {
                    if let (Some(span), None) = (self.place(key), self.place(needed)) {
                        self.mistake(&span, Some(key), format!("needs `{needed}` beside it"));
                    }
                }
            }
        }
    }

    /// Where a key stands, or the first key of a section. A key that is switched off by `false` is not there.
    fn place(&self, name: &str) -> Option<Range<usize>> {
        if self.root.get(name).is_some_and(|value| matches!(value.get_ref(), DeValue::Boolean(false))) {
            return None;
        }
        let inside = format!("{name}.");
        self.seen
            .iter()
            .find(|(key, _)| *key == name || key.starts_with(&inside))
            .map(|(_, span)| span.clone())
    }

    fn mistake(&mut self, span: &Range<usize>, key: Option<&str>, text: String) {
        self.mistakes.push(Mistake::at(self.text, span, key, text));
    }
}

fn is_section(name: &str) -> bool {
    !name.is_empty() && SECTIONS.iter().any(|section| section.name == name)
}

fn whole_name(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// The key inside `value` at whose place `at` is: the innermost one.
fn inner_key(value: &Spanned<DeValue<'_>>, at: usize) -> Option<String> {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().find_map(|(key, value)| {
            let name = key.get_ref().as_ref();
            match inner_key(value, at) {
                Some(inner) => Some(whole_name(name, &inner)),
                None => (key.span().contains(&at) || value.span().contains(&at)).then(|| name.to_owned()),
            }
        }),
        DeValue::Array(entries) => entries.iter().find_map(|entry| inner_key(entry, at)),
        _ => None,
    }
}

/// What to say about a key that the section does not have.
fn unknown(section: &Section, key: &str) -> String {
    let elsewhere = SECTIONS.iter().find(|other| other.keys.iter().any(|known| known.name == key));
    match elsewhere {
        Some(other) if other.name.is_empty() => {
            "is not known here; it stands before the first [section]".to_owned()
        }
        Some(other) => format!("is not known here; it stands under [{}]", other.name),
        None => {
            let mut known: Vec<String> = section.keys.iter().map(|key| format!("`{}`", key.name)).collect();
            if section.name.is_empty() {
                known.extend(SECTIONS[1..].iter().map(|section| format!("[{}]", section.name)));
            }
            format!("is not known; known are {}", known.join(", "))
        }
    }
}
