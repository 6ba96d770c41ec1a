//! Puts a compiled schema to a value and collects what is wrong, within a budget of steps.

use serde_json::{Map, Number, Value};

use super::{Dependency, Id, Items, Node, ROOT, Schema, Type, is_integer};
use crate::limits::{DEPTH_LIMIT, STEP_LIMIT, VIOLATION_LIMIT};
use crate::violation::{Kind, Place, Violation};

/// Bytes of text that a pattern or a comparison looks at in one step.
const BYTES_PER_STEP: usize = 64;

impl Schema {
    /// Everything that is wrong with a value, in the schema's order. Where the budget ends, [`Kind::Overrun`] is
    /// among it.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        let mut check = Check { schema: self, steps: STEP_LIMIT, depth: 0, found: Vec::new() };
        let ended = check.put(ROOT, value, &Place::default());
        let mut found = check.found;
        found.truncate(VIOLATION_LIMIT);
        if ended.is_err() {
            found.push(Violation { place: Place::default(), kind: Kind::Overrun });
        }
        found
    }

    /// Whether nothing is wrong with a value.
    pub fn accepts(&self, value: &Value) -> bool {
        self.violations(value).is_empty()
    }
}

/// The budget is spent.
struct Overrun;

type Checked<T = ()> = Result<T, Overrun>;

struct Check<'s> {
    schema: &'s Schema,
    steps: u32,
    depth: usize,
    found: Vec<Violation>,
}

impl<'s> Check<'s> {
    fn spend(&mut self, steps: usize) -> Checked {
        let left = u32::try_from(steps).ok().and_then(|steps| self.steps.checked_sub(steps));
        self.steps = left.ok_or(Overrun)?;
        Ok(())
    }

    fn report(&mut self, place: &Place, kind: Kind) {
        if self.found.len() <= VIOLATION_LIMIT {
            self.found.push(Violation { place: place.clone(), kind });
        }
    }

    fn require(&mut self, holds: bool, place: &Place, kind: impl FnOnce() -> Kind) {
        if !holds {
            self.report(place, kind());
        }
    }

    /// Puts a schema to a value.
    fn put(&mut self, id: Id, value: &Value, place: &Place) -> Checked {
        self.spend(1)?;
        if self.depth == DEPTH_LIMIT {
            return Err(Overrun);
        }
        self.depth += 1;
        let node = self.schema.node(id);
        match node.reference {
            Some(target) => self.put(target, value, place)?,
            None => self.node(node, value, place)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Whether a schema accepts a value, without a report.
    fn accepts(&mut self, id: Id, value: &Value, place: &Place) -> Checked<bool> {
        let found = std::mem::take(&mut self.found);
        let ended = self.put(id, value, place);
        let accepts = self.found.is_empty();
        self.found = found;
        ended.map(|()| accepts)
    }

    fn node(&mut self, node: &'s Node, value: &Value, place: &Place) -> Checked {
        if node.refuses {
            self.report(place, Kind::False);
            return Ok(());
        }
        let kind = Type::of(value);
        if !node.types.is_empty() && !node.types.iter().any(|wanted| wanted.takes(kind)) {
            self.report(place, Kind::InvalidType { expected: type_names(&node.types), given: kind.name() });
        }
        if let Some(allowed) = &node.one_of_values {
            let mut is_allowed = false;
            for allowed in allowed {
                is_allowed = is_allowed || self.same(allowed, value)?;
            }
            self.require(is_allowed, place, || Kind::Enum(allowed.clone()));
        }
        if let Some(constant) = &node.constant {
            let is_same = self.same(constant, value)?;
            self.require(is_same, place, || Kind::Const(constant.clone()));
        }
        match value {
            Value::Number(number) => self.number(node, number, place),
            Value::String(text) => self.text(node, text, place)?,
            Value::Array(items) => self.list(node, items, place)?,
            Value::Object(fields) => self.object(node, fields, value, place)?,
            _ => {}
        }
        self.combined(node, value, place)
    }

    fn combined(&mut self, node: &'s Node, value: &Value, place: &Place) -> Checked {
        let before = self.found.len();
        for id in &node.all_of {
            self.put(*id, value, place)?;
        }
        let holds_all = self.found.len() == before;
        self.require(holds_all, place, || Kind::AllOf);
        if !node.any_of.is_empty() {
            let mut holds = false;
            for id in &node.any_of {
                holds = holds || self.accepts(*id, value, place)?;
            }
            self.require(holds, place, || Kind::AnyOf);
        }
        if !node.one_of.is_empty() {
            let mut count = 0;
            for id in &node.one_of {
                count += usize::from(self.accepts(*id, value, place)?);
            }
            self.require(count == 1, place, || Kind::OneOf);
        }
        if let Some(not) = node.not {
            let accepts = self.accepts(not, value, place)?;
            self.require(!accepts, place, || Kind::Not);
        }
        if let Some(condition) = node.condition {
            let (branch, kind) = match self.accepts(condition, value, place)? {
                true => (node.then, Kind::Then),
                false => (node.otherwise, Kind::Else),
            };
            if let Some(branch) = branch {
                let before = self.found.len();
                self.put(branch, value, place)?;
                let holds = self.found.len() == before;
                self.require(holds, place, || kind);
            }
        }
        Ok(())
    }

    fn number(&mut self, node: &Node, number: &Number, place: &Place) {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = |limit: &Number| order(number, limit);
        if let Some(factor) = &node.multiple_of {
            self.require(is_multiple(number, factor), place, || Kind::MultipleOf(factor.to_string()));
        }
        if let Some(limit) = &node.maximum {
            self.require(order(limit) != Greater, place, || Kind::AtMost(limit.to_string()));
        }
        if let Some(limit) = &node.exclusive_maximum {
            self.require(order(limit) == Less, place, || Kind::Below(limit.to_string()));
        }
        if let Some(limit) = &node.minimum {
            self.require(matches!(order(limit), Greater | Equal), place, || Kind::AtLeast(limit.to_string()));
        }
        if let Some(limit) = &node.exclusive_minimum {
            self.require(order(limit) == Greater, place, || Kind::Above(limit.to_string()));
        }
    }

    fn text(&mut self, node: &Node, text: &str, place: &Place) -> Checked {
        let length = || text.chars().count();
        if let Some(limit) = node.min_length {
            self.require(length() >= limit, place, || Kind::MinLength(limit));
        }
        if let Some(limit) = node.max_length {
            self.require(length() <= limit, place, || Kind::MaxLength(limit));
        }
        if let Some(pattern) = &node.pattern {
            self.spend(text.len() / BYTES_PER_STEP)?;
            self.require(pattern.regex.is_match(text), place, || Kind::Pattern(pattern.text.clone()));
        }
        if let Some(format) = node.format {
            self.require(format.accepts(text), place, || Kind::Format(format.name()));
        }
        Ok(())
    }

    fn list(&mut self, node: &'s Node, items: &[Value], place: &Place) -> Checked {
        if let Some(limit) = node.min_items {
            self.require(items.len() >= limit, place, || Kind::MinItems(limit));
        }
        if let Some(limit) = node.max_items {
            self.require(items.len() <= limit, place, || Kind::MaxItems(limit));
        }
        if node.unique_items
            && let Some((first, second)) = self.twins(items)?
        {
            self.report(place, Kind::Unique { first, second });
        }
        for (index, item) in items.iter().enumerate() {
            let inside = place.planned(&index.to_string());
            match &node.items {
                None => break,
                Some(Items::Each(id)) => self.put(*id, item, &inside)?,
                Some(Items::Tuple(ids)) => match (ids.get(index), node.additional_items) {
                    (Some(id), _) => self.put(*id, item, &inside)?,
                    (None, Some(id)) if self.schema.node(id).refuses => {
                        self.report(place, Kind::AdditionalItems);
                        break;
                    }
                    (None, Some(id)) => self.put(id, item, &inside)?,
                    (None, None) => break,
                },
            }
        }
        if let Some(contains) = node.contains {
            let mut holds = false;
            for item in items {
                holds = holds || self.accepts(contains, item, place)?;
            }
            self.require(holds, place, || Kind::Contains);
        }
        Ok(())
    }

    /// The first two equal elements.
    fn twins(&mut self, items: &[Value]) -> Checked<Option<(usize, usize)>> {
        for (second, item) in items.iter().enumerate() {
            for (first, earlier) in items[..second].iter().enumerate() {
                if self.same(earlier, item)? {
                    return Ok(Some((first, second)));
                }
            }
        }
        Ok(None)
    }

    fn object(
        &mut self,
        node: &'s Node,
        fields: &Map<String, Value>,
        value: &Value,
        place: &Place,
    ) -> Checked {
        if let Some(limit) = node.min_properties {
            self.require(fields.len() >= limit, place, || Kind::MinProperties(limit));
        }
        if let Some(limit) = node.max_properties {
            self.require(fields.len() <= limit, place, || Kind::MaxProperties(limit));
        }
        self.spend(node.required.len() + node.properties.len())?;
        for name in &node.required {
            self.require(fields.contains_key(name), place, || Kind::Required(name.clone()));
        }
        for (name, id) in &node.properties {
            if let Some(value) = fields.get(name) {
                self.put(*id, value, &place.planned(name))?;
            }
        }
        for (name, value) in fields {
            self.field(node, name, value, place)?;
        }
        for (name, dependency) in node.dependencies.iter().filter(|(name, _)| fields.contains_key(name)) {
            match dependency {
                Dependency::Names(names) => {
                    self.spend(names.len())?;
                    let is_met = names.iter().all(|name| fields.contains_key(name));
                    self.require(is_met, place, || Kind::MissingDependency(name.clone()));
                }
                Dependency::Schema(id) => self.put(*id, value, place)?,
            }
        }
        Ok(())
    }

    /// What patterns, `additionalProperties` and `propertyNames` say of one field.
    fn field(&mut self, node: &'s Node, name: &str, value: &Value, place: &Place) -> Checked {
        let is_named =
            node.additional_properties.is_some() && node.properties.iter().any(|(known, _)| known == name);
        let inside = place.unplanned(name);
        let mut is_known = is_named;
        for (pattern, id) in &node.pattern_properties {
            self.spend(1 + name.len() / BYTES_PER_STEP)?;
            if pattern.regex.is_match(name) {
                is_known = true;
                self.put(*id, value, &inside)?;
            }
        }
        if let Some(names) = node.property_names
            && !self.accepts(names, &Value::from(name), &inside)?
        {
            self.report(&inside, Kind::PropertyName);
        }
        match node.additional_properties {
            Some(id) if !is_known && self.schema.node(id).refuses => {
                self.report(&inside, Kind::AdditionalProperty);
                Ok(())
            }
            Some(id) if !is_known => self.put(id, value, &inside),
            _ => Ok(()),
        }
    }

    /// Whether two values are the same JSON: `1` and `1.0` are.
    fn same(&mut self, left: &Value, right: &Value) -> Checked<bool> {
        self.spend(1)?;
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => Ok(order(left, right).is_eq()),
            (Value::String(left), Value::String(right)) => {
                self.spend(left.len().min(right.len()) / BYTES_PER_STEP)?;
                Ok(left == right)
            }
            (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
                for (left, right) in left.iter().zip(right) {
                    if !self.same(left, right)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(left), Value::Object(right)) if left.len() == right.len() => {
                for (name, left) in left {
                    let is_same = match right.get(name) {
                        Some(right) => self.same(left, right)?,
                        None => false,
                    };
                    if !is_same {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            _ => Ok(false),
        }
    }
}

/// One name as it is, several between brackets.
fn type_names(types: &[Type]) -> String {
    match types {
        [single] => single.name().to_owned(),
        several => format!("[{}]", several.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(",")),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Two integers of 64 bits exactly, any other pair as `f64`.
fn order(left: &Number, right: &Number) -> std::cmp::Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => {
            let (left, right) = (left.as_f64().unwrap_or_default(), right.as_f64().unwrap_or_default());
            left.partial_cmp(&right).unwrap_or(std::cmp::Ordering::Equal)
        }
    }
}

/// Whether a number is a multiple: exact for integers; otherwise the quotient must be whole but for the last few of
/// the 53 bits, so that 0.0075 is a multiple of 0.0001.
fn is_multiple(number: &Number, factor: &Number) -> bool {
    if let (Some(number), Some(factor)) = (integer(number), integer(factor)) {
        return number % factor == 0;
    }
    let quotient = number.as_f64().unwrap_or_default() / factor.as_f64().unwrap_or(1.0);
    if is_integer(number) && factor.as_f64().is_some_and(|factor| (1.0 / factor).fract() == 0.0) {
        return true;
    }
    quotient.is_finite() && (quotient - quotient.round()).abs() <= 1e-12 * quotient.abs().max(1.0)
}
