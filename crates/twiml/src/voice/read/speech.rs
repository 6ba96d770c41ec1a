//! Reads what `Say` says.

use std::time::Duration;

use roxmltree::Node;

use super::element::{Element, language};
use crate::SCHEMA_VIOLATION;
use crate::document::{Violation, content, name};
use crate::limits::{BREAK_LIMIT, SPEECH_DEPTH_LIMIT, SPEECH_LIMIT_CHARACTERS, TOKEN_LIMIT};
use crate::voice::codes::{SAY_LANGUAGE, SAY_RATE, SAY_TEXT, SAY_TOO_LONG};
use crate::voice::{Alphabet, Emphasis, Interpretation, Speech, Style};

/// The namespace of `xml:lang`.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// What is said in this element, without white space at both ends.
pub(super) fn speech(node: Node) -> Result<Vec<Speech>, Violation> {
    let mut reader = Reader { characters: 0, after_space: true };
    let mut speech = reader.content(node, 0)?;
    trim_end(&mut speech);
    if is_empty(&speech) {
        return Err(Violation::of(node, SAY_TEXT));
    }
    Ok(speech)
}

struct Reader {
    /// So far.
    characters: usize,
    /// Whether the text so far ends with a space, so that no other is wanted.
    after_space: bool,
}

impl Reader {
    fn content(&mut self, node: Node, depth: usize) -> Result<Vec<Speech>, Violation> {
        if depth > SPEECH_DEPTH_LIMIT {
            return Err(Violation::schema(node));
        }
        let mut speech = Vec::new();
        for child in content(node) {
            if child.is_text() {
                let text = self.text(child)?;
                if !text.is_empty() {
                    push(&mut speech, text);
                }
            } else {
                speech.push(self.element(child, depth)?);
            }
        }
        Ok(speech)
    }

    /// Text with every run of white space as one space.
    fn text(&mut self, node: Node) -> Result<String, Violation> {
        let mut text = String::new();
        for character in node.text().unwrap_or_default().chars() {
            let is_space = character.is_whitespace();
            if is_space && self.after_space {
                continue;
            }
            text.push(if is_space { ' ' } else { character });
            self.after_space = is_space;
            self.characters += 1;
        }
        if self.characters > SPEECH_LIMIT_CHARACTERS {
            Err(Violation::of(node, SAY_TOO_LONG))
        } else {
            Ok(text)
        }
    }

    fn element(&mut self, node: Node, depth: usize) -> Result<Speech, Violation> {
        let style = match name(node)? {
            "break" => {
                let element = Element::new(node, &["strength", "time"])?;
                element.empty()?;
                return Ok(Speech::Break(pause(element)?));
            }
            "emphasis" => {
                let element = Element::new(node, &["level"])?;
                let level = element.read("level", SCHEMA_VIOLATION, Emphasis::from_word)?;
                Style::Emphasis(level.unwrap_or_default())
            }
            "lang" => Style::Language(lang(node)?),
            "p" => {
                Element::new(node, &[])?;
                Style::Paragraph
            }
            "s" => {
                Element::new(node, &[])?;
                Style::Sentence
            }
            "phoneme" => {
                let element = Element::new(node, &["alphabet", "ph"])?;
                let alphabet = element.read("alphabet", SCHEMA_VIOLATION, Alphabet::from_word)?;
                let Some(sounds) = element.any("ph") else {
                    return Err(Violation::schema(node));
                };
                Style::Phoneme { alphabet: alphabet.unwrap_or_default(), sounds }
            }
            "prosody" => {
                let element = Element::new(node, &["volume", "rate", "pitch"])?;
                Style::Prosody {
                    volume: element.read("volume", SCHEMA_VIOLATION, change)?,
                    rate: element.read("rate", SAY_RATE, change)?,
                    pitch: element.read("pitch", SCHEMA_VIOLATION, change)?,
                }
            }
            "say-as" => {
                let element = Element::new(node, &["interpret-as", "format"])?;
                let interpretation =
                    element.read("interpret-as", SCHEMA_VIOLATION, Interpretation::from_word)?;
                let Some(interpretation) = interpretation else {
                    return Err(Violation::schema(node));
                };
                Style::SayAs {
                    interpretation,
                    format: element.read("format", SCHEMA_VIOLATION, date_format)?,
                }
            }
            "sub" => {
                let element = Element::new(node, &["alias"])?;
                match element.any("alias") {
                    Some(alias) => Style::Substitute(alias),
                    None => return Err(Violation::schema(node)),
                }
            }
            "w" => {
                let element = Element::new(node, &["role"])?;
                Style::Word(element.token("role", SCHEMA_VIOLATION)?)
            }
            _ => return Err(Violation::schema(node)),
        };
        Ok(Speech::Styled { style, content: self.content(node, depth + 1)? })
    }
}

/// Text beside text becomes one: a comment between them means nothing.
fn push(speech: &mut Vec<Speech>, text: String) {
    match speech.last_mut() {
        Some(Speech::Text(before)) => before.push_str(&text),
        _ => speech.push(Speech::Text(text)),
    }
}

fn trim_end(speech: &mut Vec<Speech>) {
    match speech.last_mut() {
        Some(Speech::Text(text)) => {
            text.truncate(text.trim_end().len());
            if text.is_empty() {
                speech.pop();
            }
        }
        Some(Speech::Styled { content, .. }) => trim_end(content),
        Some(Speech::Break(_)) | None => {}
    }
}

/// Whether nothing would be heard and no time would pass.
fn is_empty(speech: &[Speech]) -> bool {
    speech.iter().all(|piece| match piece {
        Speech::Text(text) => text.trim().is_empty(),
        Speech::Break(time) => time.is_zero(),
        Speech::Styled { style: Style::Phoneme { .. } | Style::Substitute(_), .. } => false,
        Speech::Styled { content, .. } => is_empty(content),
    })
}

fn lang(node: Node) -> Result<String, Violation> {
    let refused = || Violation::of(node, SAY_LANGUAGE);
    let mut attributes = node.attributes();
    match (attributes.next(), attributes.next()) {
        (Some(only), None) if only.namespace() == Some(XML_NAMESPACE) && only.name() == "lang" => {
            language(only.value().trim()).filter(|tag| !tag.is_empty()).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

/// The time of a `<break>`: a time, or a strength that stands for one.
fn pause(element: Element) -> Result<Duration, Violation> {
    let strength = element.read("strength", SCHEMA_VIOLATION, |word| {
        Some(Duration::from_millis(match word {
            "none" => 0,
            "x-weak" => 100,
            "weak" => 200,
            "medium" => 400,
            "strong" => 700,
            "x-strong" => 1_000,
            _ => return None,
        }))
    })?;
    let time = element.read("time", SCHEMA_VIOLATION, |written| {
        let time = match written.strip_suffix("ms") {
            Some(milliseconds) => Duration::from_millis(milliseconds.parse::<u32>().ok()?.into()),
            None => {
                let seconds: f32 = written.strip_suffix('s')?.parse().ok()?;
                Duration::try_from_secs_f32(seconds).ok()?
            }
        };
        Some(time).filter(|time| *time <= BREAK_LIMIT)
    })?;
    Ok(time.or(strength).unwrap_or(Duration::from_millis(400)))
}

/// A word such as `x-loud`, or a change such as `+6dB`, `-10%`, `120%`.
fn change(written: &str) -> Option<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "+-.%".contains(character);
    let fits = !written.is_empty() && written.len() <= TOKEN_LIMIT;
    (fits && written.chars().all(is_part)).then(|| written.to_owned())
}

fn date_format(written: &str) -> Option<String> {
    let known = ["mdy", "dmy", "ymd", "md", "dm", "ym", "my", "d", "m", "y", "yyyymmdd"];
    known.contains(&written).then(|| written.to_owned())
}
