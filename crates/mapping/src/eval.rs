//! Builds a payload from an event.

use std::fmt;

use serde_json::{Map, Value};

use crate::Mapping;
use crate::directives::{Node, Piece, Replacement, Test};
use crate::limits::WORK_LIMIT_BYTES;
use crate::text;

/// Why a mapping makes nothing of an event. Nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// A path or template that the event makes is no text.
    NotText,
    /// More than [`WORK_LIMIT_BYTES`].
    TooMuch,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "a path or template made from the event is no text",
            Self::TooMuch => "the mapping makes too much of this event",
        })
    }
}

impl std::error::Error for EvalError {}

/// `None` is JavaScript's `undefined`: a field without a value, which is left out.
type Made = Result<Option<Value>, EvalError>;

impl Mapping {
    /// Builds the payload. A mapping that makes nothing at all makes `null`.
    pub fn apply(&self, event: &Value) -> Result<Value, EvalError> {
        let mut work = Work(WORK_LIMIT_BYTES);
        Ok(work.make(&self.0, event)?.unwrap_or(Value::Null))
    }
}

/// How many bytes may still be copied and made.
struct Work(usize);

impl Work {
    fn spend(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.0 = self.0.checked_sub(bytes).ok_or(EvalError::TooMuch)?;
        Ok(())
    }

    fn copy(&mut self, value: Option<&Value>) -> Made {
        if let Some(value) = value {
            self.weigh(value)?;
        }
        Ok(value.cloned())
    }

    fn weigh(&mut self, value: &Value) -> Result<(), EvalError> {
        self.spend(16)?;
        match value {
            Value::String(text) => self.spend(text.len()),
            Value::Array(items) => items.iter().try_for_each(|item| self.weigh(item)),
            Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
                self.spend(name.len())?;
                self.weigh(value)
            }),
            _ => Ok(()),
        }
    }

    fn make(&mut self, node: &Node, event: &Value) -> Made {
        self.spend(16)?;
        match node {
            Node::Literal(value) => self.copy(Some(value)),
            Node::Object(fields) => {
                let mut made = Map::new();
                for (name, node) in fields {
                    self.spend(name.len())?;
                    if let Some(value) = self.make(node, event)? {
                        made.insert(name.clone(), value);
                    }
                }
                Ok(Some(Value::Object(made)))
            }
            Node::List(items) => {
                let items = items.iter().map(|item| Ok(self.make(item, event)?.unwrap_or_default()));
                Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
            }
            Node::Path(path) => self.copy(path.get(event)),
            Node::MadePath(node) => {
                let path = self.text(node, event)?;
                self.copy(text::path(&path).get(event))
            }
            Node::Template(pieces) => self.render(pieces, event),
            Node::MadeTemplate(node) => {
                let template = self.text(node, event)?;
                self.render(&text::template(&template), event)
            }
            Node::If { test, value, then, otherwise } => {
                let value = self.make(value, event)?;
                let holds = value.is_some_and(|value| match test {
                    Test::Exists => !value.is_null(),
                    Test::IsFilled => is_filled(&value),
                });
                match if holds { then } else { otherwise } {
                    Some(branch) => self.make(branch, event),
                    None => Ok(None),
                }
            }
            Node::Case { upper, value } => {
                let Some(value) = value else { return Ok(None) };
                Ok(match self.make(value, event)? {
                    Some(Value::String(text)) if *upper => Some(text.to_uppercase().into()),
                    Some(Value::String(text)) => Some(text.to_lowercase().into()),
                    other => other,
                })
            }
            Node::Replace { replacements, ignores_case, all, value } => {
                let text = match self.make(value, event)? {
                    Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => text::of(&value),
                    _ => return Ok(Some("".into())),
                };
                let replaced = replacements.iter().try_fold(text, |text, replacement| {
                    let replaced = replace(&text, replacement, *ignores_case, *all);
                    self.spend(replaced.len())?;
                    Ok(replaced)
                })?;
                Ok(Some(replaced.into()))
            }
            Node::ArrayPath { list, shape } => self.shaped(list, shape.as_deref(), event),
            Node::Encode(value) => {
                let Some(value) = self.make(value, event)? else { return Ok(None) };
                let text = value.to_string();
                self.spend(text.len())?;
                Ok(Some(text.into()))
            }
            Node::Decode(value) => Ok(match self.make(value, event)? {
                Some(Value::String(text)) => {
                    self.spend(text.len() * 4)?;
                    Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
                }
                other => other,
            }),
            Node::Flatten { separator, omits_lists, value } => {
                let mut flat = Map::new();
                if let Some(value) = self.make(value, event)? {
                    self.flatten(value, String::new(), separator, *omits_lists, &mut flat)?;
                }
                Ok(Some(Value::Object(flat)))
            }
            Node::Merge(objects) => self.merge(objects, event),
            Node::Transform { apply, mapping } => {
                let applied = self.make(apply, event)?.unwrap_or_default();
                self.make(mapping, &applied)
            }
            Node::ExcludeWhenNull(value) => Ok(self.make(value, event)?.and_then(without_nulls)),
        }
    }

    fn text(&mut self, node: &Node, event: &Value) -> Result<String, EvalError> {
        match self.make(node, event)? {
            Some(Value::String(text)) => Ok(text),
            _ => Err(EvalError::NotText),
        }
    }

    fn render(&mut self, pieces: &[Piece], event: &Value) -> Made {
        let mut rendered = String::new();
        for piece in pieces {
            let length = rendered.len();
            match piece {
                Piece::Text(text) => rendered.push_str(text),
                Piece::Path(path) => match path.get(event) {
                    None | Some(Value::Null) => {}
                    Some(value) => rendered.push_str(&text::of(value)),
                },
            }
            self.spend(rendered.len() - length)?;
        }
        Ok(Some(rendered.into()))
    }

    /// Each element in the form of a shape; an object counts as a list of one.
    fn shaped(&mut self, list: &Node, shape: Option<&Node>, event: &Value) -> Made {
        // A path is looked at where it stands: what the shape leaves out is not copied.
        let made;
        let value = match list {
            Node::Path(path) => path.get(event),
            node => {
                made = self.make(node, event)?;
                made.as_ref()
            }
        };
        let Some(shape) = shape else { return self.copy(value) };
        let items = match value {
            Some(Value::Array(items)) => items.as_slice(),
            Some(object @ Value::Object(_)) => std::slice::from_ref(object),
            // The published kit would send a bare value whole, though only fields of objects were asked for.
            _ => return Ok(None),
        };
        let items = items.iter().map(|item| Ok(self.make(shape, item)?.unwrap_or_default()));
        Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
    }

    fn flatten(
        &mut self,
        value: Value,
        prefix: String,
        separator: &str,
        omits_lists: bool,
        flat: &mut Map<String, Value>,
    ) -> Result<(), EvalError> {
        self.spend(16 + prefix.len())?;
        let inner = |name: &str| match prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}{separator}{name}"),
        };
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.flatten(value, inner(&name), separator, omits_lists, flat)?;
                }
            }
            Value::Array(items) if !omits_lists => {
                for (index, value) in items.into_iter().enumerate() {
                    self.flatten(value, inner(&index.to_string()), separator, omits_lists, flat)?;
                }
            }
            value => {
                flat.insert(prefix, value);
            }
        }
        Ok(())
    }

    fn merge(&mut self, objects: &[Node], event: &Value) -> Made {
        let mut merged = Map::new();
        for object in objects {
            match object {
                // A field without a value still takes the place of an earlier one.
                Node::Object(fields) => {
                    for (name, node) in fields {
                        match self.make(node, event)? {
                            Some(value) => merged.insert(name.clone(), value),
                            None => merged.remove(name),
                        };
                    }
                }
                node => {
                    if let Some(Value::Object(fields)) = self.make(node, event)? {
                        merged.extend(fields);
                    }
                }
            }
        }
        Ok(Some(Value::Object(merged)))
    }
}

/// Not `null` and not what JavaScript holds equal to an empty text.
fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Object(_) => true,
        other => !text::of(other).is_empty(),
    }
}

/// A value without the `null`s in its objects, lists left as they are; `None` for `null` itself.
fn without_nulls(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name, without_nulls(value)?)));
            Some(Value::Object(fields.collect()))
        }
        other => Some(other),
    }
}

/// Replaces a plain text, once or everywhere.
fn replace(text: &str, replacement: &Replacement, ignores_case: bool, all: bool) -> String {
    let Replacement { pattern, with } = replacement;
    if !ignores_case {
        return if all { text.replace(pattern, with) } else { text.replacen(pattern, with, 1) };
    }
    let mut replaced = String::new();
    let mut rest = text;
    let mut done = false;
    while let Some(character) = rest.chars().next() {
        match after_ignoring_case(rest, pattern).filter(|_| !done) {
            Some(after) => {
                replaced.push_str(with);
                rest = after;
                done = !all;
            }
            None => {
                replaced.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    replaced
}

/// What follows `pattern` at the beginning of `text`, where capitals and small letters are the same.
fn after_ignoring_case<'a>(text: &'a str, pattern: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in pattern.chars() {
        let found = rest.next()?;
        if found != wanted && !found.to_uppercase().eq(wanted.to_uppercase()) {
            return None;
        }
    }
    Some(rest.as_str())
}
