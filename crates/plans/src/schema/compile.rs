//! Reads a schema into nodes.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::formats::Format;
use super::{Dependency, Id, Items, Node, Pattern, Schema, SchemaError, SchemaProblem, Type, patterns};
use crate::limits::{DEPTH_LIMIT, PATTERN_COUNT_LIMIT, SCHEMA_NODE_LIMIT};

impl Schema {
    /// Compiles a draft-07 schema.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let mut compiler =
            Compiler { document: schema, nodes: Vec::new(), known: HashMap::new(), patterns: 0, depth: 0 };
        compiler.schema(schema, "")?;
        Ok(Self { nodes: compiler.nodes })
    }
}

struct Compiler<'a> {
    document: &'a Value,
    nodes: Vec<Node>,
    /// The node of each place that was read or is being read, so that references may go in circles.
    known: HashMap<String, Id>,
    patterns: usize,
    depth: usize,
}

type Compiled<T> = Result<T, SchemaError>;

fn fail<T>(at: &str, problem: SchemaProblem) -> Compiled<T> {
    Err(SchemaError { at: at.to_owned(), problem })
}

/// The place of `key` inside `at`, as a JSON Pointer.
fn under(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

impl Compiler<'_> {
    fn schema(&mut self, schema: &Value, at: &str) -> Compiled<Id> {
        if let Some(id) = self.known.get(at) {
            return Ok(*id);
        }
        if self.nodes.len() == SCHEMA_NODE_LIMIT || self.depth == DEPTH_LIMIT {
            return fail(at, SchemaProblem::TooLarge);
        }
        let id = Id(self.nodes.len());
        self.nodes.push(Node::default());
        self.known.insert(at.to_owned(), id);
        self.depth += 1;
        let node = match schema {
            Value::Bool(accepts) => Node { refuses: !accepts, ..Node::default() },
            Value::Object(keywords) => self.keywords(keywords, at)?,
            _ => return fail(at, SchemaProblem::NotASchema),
        };
        self.depth -= 1;
        self.nodes[id.0] = node;
        Ok(id)
    }

    fn keywords(&mut self, keywords: &Map<String, Value>, at: &str) -> Compiled<Node> {
        let mut node = Node::default();
        if let Some(reference) = keywords.get("$ref") {
            node.reference = Some(self.reference(reference, &under(at, "$ref"))?);
            return Ok(node);
        }
        for (keyword, value) in keywords {
            let place = under(at, keyword);
            let place = place.as_str();
            match keyword.as_str() {
                "type" => node.types = types(value, place)?,
                "enum" => node.one_of_values = Some(array(value, place)?.clone()),
                "const" => node.constant = Some(value.clone()),
                "multipleOf" => {
                    let number = number(value, place)?;
                    if number.as_f64().is_none_or(|number| number <= 0.0) {
                        return fail(place, SchemaProblem::Keyword);
                    }
                    node.multiple_of = Some(number);
                }
                "maximum" => node.maximum = Some(number(value, place)?),
                "exclusiveMaximum" => node.exclusive_maximum = Some(number(value, place)?),
                "minimum" => node.minimum = Some(number(value, place)?),
                "exclusiveMinimum" => node.exclusive_minimum = Some(number(value, place)?),
                "maxLength" => node.max_length = Some(count(value, place)?),
                "minLength" => node.min_length = Some(count(value, place)?),
                "pattern" => node.pattern = Some(self.pattern(text(value, place)?, place)?),
                "format" => node.format = Format::named(text(value, place)?),
                "items" => {
                    node.items = Some(match value {
                        Value::Array(_) => Items::Tuple(self.schemas(value, place)?),
                        value => Items::Each(self.schema(value, place)?),
                    });
                }
                "additionalItems" => node.additional_items = Some(self.schema(value, place)?),
                "maxItems" => node.max_items = Some(count(value, place)?),
                "minItems" => node.min_items = Some(count(value, place)?),
                "uniqueItems" => {
                    node.unique_items =
                        value.as_bool().map_or_else(|| fail(place, SchemaProblem::Keyword), Ok)?;
                }
                "contains" => node.contains = Some(self.schema(value, place)?),
                "maxProperties" => node.max_properties = Some(count(value, place)?),
                "minProperties" => node.min_properties = Some(count(value, place)?),
                "required" => node.required = names(value, place)?,
                "properties" => {
                    for (name, schema) in object(value, place)? {
                        node.properties.push((name.clone(), self.schema(schema, &under(place, name))?));
                    }
                }
                "patternProperties" => {
                    for (pattern, schema) in object(value, place)? {
                        let inner = under(place, pattern);
                        let pattern = self.pattern(pattern, &inner)?;
                        node.pattern_properties.push((pattern, self.schema(schema, &inner)?));
                    }
                }
                "additionalProperties" => node.additional_properties = Some(self.schema(value, place)?),
                "propertyNames" => node.property_names = Some(self.schema(value, place)?),
                "dependencies" => {
                    for (name, dependency) in object(value, place)? {
                        let inner = under(place, name);
                        let dependency = match dependency {
                            Value::Array(_) => Dependency::Names(names(dependency, &inner)?),
                            schema => Dependency::Schema(self.schema(schema, &inner)?),
                        };
                        node.dependencies.push((name.clone(), dependency));
                    }
                }
                "allOf" => node.all_of = self.schemas(value, place)?,
                "anyOf" => node.any_of = self.schemas(value, place)?,
                "oneOf" => node.one_of = self.schemas(value, place)?,
                "not" => node.not = Some(self.schema(value, place)?),
                "if" => node.condition = Some(self.schema(value, place)?),
                "then" => node.then = Some(self.schema(value, place)?),
                "else" => node.otherwise = Some(self.schema(value, place)?),
                _ => {}
            }
        }
        Ok(node)
    }

    fn schemas(&mut self, value: &Value, at: &str) -> Compiled<Vec<Id>> {
        let schemas = array(value, at)?.iter().enumerate();
        schemas.map(|(index, schema)| self.schema(schema, &under(at, &index.to_string()))).collect()
    }

    fn pattern(&mut self, text: &str, at: &str) -> Compiled<Pattern> {
        self.patterns += 1;
        if self.patterns > PATTERN_COUNT_LIMIT {
            return fail(at, SchemaProblem::TooLarge);
        }
        patterns::compile(text).map_or_else(|| fail(at, SchemaProblem::Pattern), Ok)
    }

    /// A reference into this document: `#` and a JSON Pointer, perhaps with percent signs.
    fn reference(&mut self, reference: &Value, at: &str) -> Compiled<Id> {
        let target = reference.as_str().and_then(|reference| reference.strip_prefix('#')).and_then(decoded);
        let document = self.document;
        let found = target.as_deref().and_then(|target| document.pointer(target));
        match (target, found) {
            (Some(target), Some(schema)) => self.schema(schema, &target),
            _ => fail(at, SchemaProblem::Reference),
        }
    }
}

/// A fragment without its percent signs; `None` when it is none.
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

fn types(value: &Value, at: &str) -> Compiled<Vec<Type>> {
    let single = std::slice::from_ref(value);
    let names = value.as_array().map_or(single, Vec::as_slice);
    let types = names.iter().map(|name| Type::named(name.as_str()?));
    types.collect::<Option<_>>().map_or_else(|| fail(at, SchemaProblem::Keyword), Ok)
}

fn array<'a>(value: &'a Value, at: &str) -> Compiled<&'a Vec<Value>> {
    value.as_array().map_or_else(|| fail(at, SchemaProblem::Keyword), Ok)
}

fn object<'a>(value: &'a Value, at: &str) -> Compiled<&'a Map<String, Value>> {
    value.as_object().map_or_else(|| fail(at, SchemaProblem::Keyword), Ok)
}

fn text<'a>(value: &'a Value, at: &str) -> Compiled<&'a str> {
    value.as_str().map_or_else(|| fail(at, SchemaProblem::Keyword), Ok)
}

fn number(value: &Value, at: &str) -> Compiled<Number> {
    value.as_number().cloned().map_or_else(|| fail(at, SchemaProblem::Keyword), Ok)
}

/// A number of things: an integer, also one written as `2.0`.
fn count(value: &Value, at: &str) -> Compiled<usize> {
    let float = || value.as_f64().filter(|float| float.fract() == 0.0 && (0.0..=1e9).contains(float));
    let count = value
        .as_u64()
        .and_then(|count| count.try_into().ok())
        .or_else(|| float().map(|float| float as usize));
    count.map_or_else(|| fail(at, SchemaProblem::Keyword), Ok)
}

fn names(value: &Value, at: &str) -> Compiled<Vec<String>> {
    let names = array(value, at)?.iter().map(|name| name.as_str().map(str::to_owned));
    names.collect::<Option<_>>().map_or_else(|| fail(at, SchemaProblem::Keyword), Ok)
}
