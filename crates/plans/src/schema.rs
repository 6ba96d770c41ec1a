//! JSON Schema draft-07, compiled once and put to events within a budget.
//!
//! Only references into the same schema are followed, so nothing is ever fetched. Patterns run in time linear in the
//! text (the RE2 family, as Segment's own). `$id`, `$comment`, `contentEncoding` and the like say nothing here.

mod compile;
mod formats;
mod patterns;
mod validate;

use std::fmt;

use regex::Regex;
use serde_json::{Number, Value};

use formats::Format;

/// A compiled schema.
#[derive(Clone, Debug)]
pub struct Schema {
    nodes: Vec<Node>,
}

/// Where a schema stands among the nodes of its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id(usize);

/// The root of every schema.
pub(crate) const ROOT: Id = Id(0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Object,
    Array,
    Number,
    String,
    Integer,
}

impl Type {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Null, "null"),
        (Self::Boolean, "boolean"),
        (Self::Object, "object"),
        (Self::Array, "array"),
        (Self::Number, "number"),
        (Self::String, "string"),
        (Self::Integer, "integer"),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Object(_) => Self::Object,
            Value::Array(_) => Self::Array,
            Value::String(_) => Self::String,
            Value::Number(number) if is_integer(number) => Self::Integer,
            Value::Number(_) => Self::Number,
        }
    }

    fn takes(self, other: Self) -> bool {
        self == other || (self == Self::Number && other == Self::Integer)
    }
}

fn is_integer(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

/// A pattern and its text.
#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    regex: Regex,
}

#[derive(Clone, Debug)]
enum Dependency {
    Names(Vec<String>),
    Schema(Id),
}

#[derive(Clone, Debug)]
enum Items {
    Each(Id),
    Tuple(Vec<Id>),
}

/// One schema: every keyword that says something.
#[derive(Clone, Debug, Default)]
struct Node {
    /// `false` as a schema.
    refuses: bool,
    /// `$ref`, beside which nothing counts.
    reference: Option<Id>,
    types: Vec<Type>,
    one_of_values: Option<Vec<Value>>,
    constant: Option<Value>,
    multiple_of: Option<Number>,
    maximum: Option<Number>,
    exclusive_maximum: Option<Number>,
    minimum: Option<Number>,
    exclusive_minimum: Option<Number>,
    max_length: Option<usize>,
    min_length: Option<usize>,
    pattern: Option<Pattern>,
    format: Option<Format>,
    items: Option<Items>,
    additional_items: Option<Id>,
    max_items: Option<usize>,
    min_items: Option<usize>,
    unique_items: bool,
    contains: Option<Id>,
    max_properties: Option<usize>,
    min_properties: Option<usize>,
    required: Vec<String>,
    properties: Vec<(String, Id)>,
    pattern_properties: Vec<(Pattern, Id)>,
    additional_properties: Option<Id>,
    property_names: Option<Id>,
    dependencies: Vec<(String, Dependency)>,
    all_of: Vec<Id>,
    any_of: Vec<Id>,
    one_of: Vec<Id>,
    not: Option<Id>,
    condition: Option<Id>,
    then: Option<Id>,
    otherwise: Option<Id>,
}

/// Why a schema is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// JSON Pointer of the place in the schema.
    pub at: String,
    /// What is wrong there.
    pub problem: SchemaProblem,
}

/// What is wrong with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaProblem {
    /// More subschemas, deeper, or more patterns than the limits.
    TooLarge,
    /// A schema is an object or a truth value.
    NotASchema,
    /// A keyword has a value that it does not take.
    Keyword,
    /// A pattern that is none, looks around, refers back, or is too large.
    Pattern,
    /// A reference to another document or to nothing.
    Reference,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.problem {
            SchemaProblem::TooLarge => "the schema is too large",
            SchemaProblem::NotASchema => "a schema must be an object or a truth value",
            SchemaProblem::Keyword => "the keyword does not take this value",
            SchemaProblem::Pattern => "the pattern is none, looks around, refers back or is too large",
            SchemaProblem::Reference => "the reference leads to another document or nowhere",
        };
        write!(f, "{}: {text}", if self.at.is_empty() { "/" } else { &self.at })
    }
}

impl std::error::Error for SchemaError {}

impl Schema {
    fn node(&self, id: Id) -> &Node {
        // Ids are made together with the nodes, and neither ever leaves its schema.
        &self.nodes[id.0]
    }

    /// The schemas that say something of a field that an object of the schema `id` declares by name or pattern.
    /// References and `allOf` are followed.
    pub(crate) fn declared(&self, ids: &[Id], name: &str) -> Vec<Id> {
        let mut found = Vec::new();
        for id in self.parts(ids) {
            let node = self.node(id);
            found.extend(node.properties.iter().filter(|(known, _)| known == name).map(|(_, id)| *id));
            let patterns = node.pattern_properties.iter().filter(|(pattern, _)| pattern.regex.is_match(name));
            found.extend(patterns.map(|(_, id)| *id));
        }
        found
    }

    /// The schemas of a list's elements, whatever their position.
    pub(crate) fn elements(&self, ids: &[Id]) -> Vec<Id> {
        let mut found = Vec::new();
        for id in self.parts(ids) {
            match &self.node(id).items {
                Some(Items::Each(id)) => found.push(*id),
                Some(Items::Tuple(ids)) => found.extend(ids),
                None => {}
            }
        }
        found
    }

    /// Whether any of the schemas declares fields at all.
    pub(crate) fn declares_fields(&self, ids: &[Id]) -> bool {
        self.parts(ids).into_iter().any(|id| {
            let node = self.node(id);
            !node.properties.is_empty() || !node.pattern_properties.is_empty()
        })
    }

    /// These schemas and all that hold at the same place without condition.
    fn parts(&self, ids: &[Id]) -> Vec<Id> {
        let mut parts: Vec<Id> = Vec::new();
        let mut open = ids.to_vec();
        while let Some(id) = open.pop() {
            if !parts.contains(&id) {
                parts.push(id);
                let node = self.node(id);
                open.extend(node.reference);
                open.extend(&node.all_of);
            }
        }
        parts
    }
}
