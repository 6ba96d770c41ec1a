//! Reads a mapping and refuses what is none.

use std::fmt;

use serde_json::{Map, Value};

use crate::Mapping;
use crate::directives::{Node, Replacement, Test};
use crate::limits::{DEPTH_LIMIT, NODE_LIMIT, REPLACE_LIMIT};
use crate::text;

/// Where a mapping is none, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingError {
    /// The way to the place in the mapping: names after slashes.
    pub at: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not an object.
    NotAnObject,
    /// More parts than [`NODE_LIMIT`] or nested deeper than [`DEPTH_LIMIT`].
    TooLarge,
    /// A directive beside other keys.
    Mixed,
    /// There is no such directive.
    UnknownDirective,
    /// A published directive that is not served.
    NotServed,
    /// A key that the directive needs is missing.
    Missing(&'static str),
    /// A key has a value of another type than it takes.
    Type(&'static str),
    /// A key has a value it does not take, or one that is too long.
    Value(&'static str),
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", if self.at.is_empty() { "/" } else { &self.at })?;
        match self.problem {
            Problem::NotAnObject => f.write_str("must be an object"),
            Problem::TooLarge => f.write_str("the mapping is too large"),
            Problem::Mixed => f.write_str("a directive must stand alone"),
            Problem::UnknownDirective => f.write_str("there is no such directive"),
            Problem::NotServed => f.write_str("this directive is not served"),
            Problem::Missing(key) => write!(f, "needs `{key}`"),
            Problem::Type(key) => write!(f, "`{key}` is of another type than it takes"),
            Problem::Value(key) => write!(f, "`{key}` has a value that it does not take"),
        }
    }
}

impl std::error::Error for MappingError {}

impl Mapping {
    /// Reads a mapping: the `settings` of a destination's subscription.
    pub fn parse(mapping: &Value) -> Result<Self, MappingError> {
        let mut parser = Parser { nodes: 0, at: Vec::new() };
        if !mapping.is_object() {
            return parser.fail(Problem::NotAnObject);
        }
        parser.part(mapping).map(Self)
    }
}

struct Parser {
    nodes: usize,
    at: Vec<String>,
}

type Parsed<T = Node> = Result<T, MappingError>;

impl Parser {
    fn fail<T>(&self, problem: Problem) -> Parsed<T> {
        Err(MappingError { at: self.at.iter().map(|name| format!("/{name}")).collect(), problem })
    }

    /// Reads `value`, which stands under `name`.
    fn under(&mut self, name: &str, value: &Value) -> Parsed {
        self.at.push(name.to_owned());
        let part = self.part(value)?;
        self.at.pop();
        Ok(part)
    }

    fn part(&mut self, value: &Value) -> Parsed {
        self.nodes += 1;
        if self.nodes > NODE_LIMIT || self.at.len() > DEPTH_LIMIT * 2 {
            return self.fail(Problem::TooLarge);
        }
        match value {
            Value::Array(items) => {
                let items =
                    items.iter().enumerate().map(|(index, item)| self.under(&index.to_string(), item));
                Ok(Node::List(items.collect::<Result<_, _>>()?))
            }
            Value::Object(fields) => match fields.iter().find(|(key, _)| key.starts_with('@')) {
                Some((name, value)) => {
                    if fields.keys().any(|key| key != name && key != "_metadata") {
                        return self.fail(Problem::Mixed);
                    }
                    self.at.push(name.clone());
                    let directive = self.directive(name, value)?;
                    self.at.pop();
                    Ok(directive)
                }
                // The published kit takes what stands beside it as the fields of a directive at the top.
                None if fields.contains_key("__segment_internal_directive") => self.fail(Problem::NotServed),
                None => {
                    let fields =
                        fields.iter().map(|(name, value)| Ok((name.clone(), self.under(name, value)?)));
                    Ok(Node::Object(fields.collect::<Result<_, _>>()?))
                }
            },
            literal => Ok(Node::Literal(literal.clone())),
        }
    }

    fn directive(&mut self, name: &str, value: &Value) -> Parsed {
        match name {
            "@path" => self.text_or_directive(value, |text| Node::Path(text::path(text)), Node::MadePath),
            "@template" => {
                self.text_or_directive(value, |text| Node::Template(text::template(text)), Node::MadeTemplate)
            }
            "@literal" => self.part(value),
            "@excludeWhenNull" => Ok(Node::ExcludeWhenNull(self.part(value)?.into())),
            "@arrayPath" => self.array_path(value),
            "@liquid" => self.fail(Problem::NotServed),
            _ => match (name, value) {
                (
                    "@if" | "@case" | "@replace" | "@json" | "@flatten" | "@merge" | "@transform",
                    Value::Object(options),
                ) => self.with_options(name, options),
                ("@if" | "@case" | "@replace" | "@json" | "@flatten" | "@merge" | "@transform", _) => {
                    self.fail(Problem::NotAnObject)
                }
                _ => self.fail(Problem::UnknownDirective),
            },
        }
    }

    fn text_or_directive(
        &mut self,
        value: &Value,
        read: impl Fn(&str) -> Node,
        made: impl Fn(Box<Node>) -> Node,
    ) -> Parsed {
        match value {
            Value::String(text) => Ok(read(text)),
            value if is_directive(value) => Ok(match self.part(value)? {
                Node::Literal(Value::String(text)) => read(&text),
                node => made(node.into()),
            }),
            _ => self.fail(Problem::Type("value")),
        }
    }

    fn array_path(&mut self, value: &Value) -> Parsed {
        let Value::Array(parts) = value else { return self.fail(Problem::Type("value")) };
        let list = match parts.first() {
            Some(list) => self.text_or_directive(list, |text| Node::Path(text::path(text)), |node| *node)?,
            None => return self.fail(Problem::Missing("0")),
        };
        let shape = match parts.get(1) {
            Some(shape @ Value::Object(fields)) if !fields.is_empty() => Some(self.under("1", shape)?.into()),
            _ => None,
        };
        Ok(Node::ArrayPath { list: list.into(), shape })
    }

    fn with_options(&mut self, name: &str, options: &Map<String, Value>) -> Parsed {
        match name {
            "@if" => {
                let (test, key) = match (options.get("exists"), options.get("blank")) {
                    (Some(_), _) => (Test::Exists, "exists"),
                    (None, Some(_)) => (Test::IsFilled, "blank"),
                    (None, None) => return self.fail(Problem::Missing("exists")),
                };
                let value = self.option(options, key)?.ok_or_else(|| self.missing(key))?.into();
                let then = self.option(options, "then")?.map(Box::new);
                // An empty alternative is none: the published kit asks whether it is "truthy".
                let otherwise = self.option(options, "else")?.filter(is_truthy).map(Box::new);
                Ok(Node::If { test, value, then, otherwise })
            }
            "@case" => {
                let upper = match self.text(options, "operator")?.as_str() {
                    "upper" => true,
                    "lower" => false,
                    _ => return self.fail(Problem::Value("operator")),
                };
                Ok(Node::Case { upper, value: self.text_value(options)?.map(Box::new) })
            }
            "@replace" => self.replace(options),
            "@json" => {
                let value = self.option(options, "value")?.ok_or_else(|| self.missing("value"))?.into();
                match self.text(options, "mode")?.as_str() {
                    "encode" => Ok(Node::Encode(value)),
                    "decode" => Ok(Node::Decode(value)),
                    _ => self.fail(Problem::Value("mode")),
                }
            }
            "@flatten" => {
                let separator = self.text(options, "separator")?;
                if separator.is_empty() {
                    return self.fail(Problem::Value("separator"));
                }
                let omits_lists = self.flag(options, "omitArrays", false)?;
                let value = self.option(options, "value")?.ok_or_else(|| self.missing("value"))?.into();
                Ok(Node::Flatten { separator, omits_lists, value })
            }
            "@merge" => {
                let is_left = match self.text(options, "direction")?.as_str() {
                    "left" => true,
                    "right" => false,
                    _ => return self.fail(Problem::Value("direction")),
                };
                let Some(Value::Array(objects)) = options.get("objects") else {
                    return self.fail(Problem::Missing("objects"));
                };
                let mut parts = Vec::new();
                for object in objects {
                    if !object.is_object() {
                        return self.fail(Problem::Type("objects"));
                    }
                    parts.push(self.under("objects", object)?);
                }
                if is_left {
                    parts.reverse();
                }
                Ok(Node::Merge(parts))
            }
            _ => {
                let mut object = |key: &'static str| match options.get(key) {
                    Some(value @ Value::Object(_)) => self.under(key, value).map(Box::new),
                    Some(_) => self.fail(Problem::Type(key)),
                    None => self.fail(Problem::Missing(key)),
                };
                Ok(Node::Transform { apply: object("apply")?, mapping: object("mapping")? })
            }
        }
    }

    fn replace(&mut self, options: &Map<String, Value>) -> Parsed {
        let mut replacements = vec![Replacement {
            pattern: self.short_text(options, "pattern")?.unwrap_or_default(),
            with: self.short_text(options, "replacement")?.unwrap_or_default(),
        }];
        if replacements[0].pattern.is_empty() {
            return self.fail(Problem::Missing("pattern"));
        }
        if let Some(pattern) = self.short_text(options, "pattern2")?.filter(|pattern| !pattern.is_empty()) {
            let with = self.short_text(options, "replacement2")?.unwrap_or_default();
            replacements.push(Replacement { pattern, with });
        }
        let ignores_case = self.flag(options, "ignorecase", false)?;
        let all = self.flag(options, "global", true)?;
        let value = self.text_value(options)?.ok_or_else(|| self.missing("value"))?.into();
        Ok(Node::Replace { replacements, ignores_case, all, value })
    }

    fn missing(&self, key: &'static str) -> MappingError {
        MappingError {
            at: self.at.iter().map(|name| format!("/{name}")).collect(),
            problem: Problem::Missing(key),
        }
    }

    fn option(&mut self, options: &Map<String, Value>, key: &str) -> Parsed<Option<Node>> {
        options.get(key).map(|value| self.under(key, value)).transpose()
    }

    /// The option `value` where it must be a text or a directive.
    fn text_value(&mut self, options: &Map<String, Value>) -> Parsed<Option<Node>> {
        match options.get("value") {
            Some(value) if !value.is_string() && !is_directive(value) => self.fail(Problem::Type("value")),
            _ => self.option(options, "value"),
        }
    }

    fn text(&self, options: &Map<String, Value>, key: &'static str) -> Parsed<String> {
        match options.get(key) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => self.fail(Problem::Type(key)),
            None => self.fail(Problem::Missing(key)),
        }
    }

    fn short_text(&self, options: &Map<String, Value>, key: &'static str) -> Parsed<Option<String>> {
        match options.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.encode_utf16().count() <= REPLACE_LIMIT => {
                Ok(Some(text.clone()))
            }
            Some(Value::String(_)) => self.fail(Problem::Value(key)),
            Some(_) => self.fail(Problem::Type(key)),
        }
    }

    fn flag(&self, options: &Map<String, Value>, key: &'static str, default: bool) -> Parsed<bool> {
        match options.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => self.fail(Problem::Type(key)),
        }
    }
}

fn is_directive(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| fields.keys().any(|key| key.starts_with('@')))
}

fn is_truthy(node: &Node) -> bool {
    match node {
        Node::Literal(Value::Null | Value::Bool(false)) => false,
        Node::Literal(Value::String(text)) => !text.is_empty(),
        Node::Literal(Value::Number(number)) => number.as_f64() != Some(0.0),
        _ => true,
    }
}
