//! Destination filters: what of an event reaches one destination.
//!
//! The actions of all filters that match run in Segment's order: sample, drop, drop properties, allow properties.
//! Conditions are judged once, on the event as it came, so that what one filter removes does not switch off
//! another. Segment's filters do not apply to warehouses; whoever calls this decides that, and in a HIPAA workspace
//! they apply to every destination (`D-SEG-1`).

use std::collections::BTreeSet;

use paths::{Path, PathError};
use serde_json::Value;

use crate::limits::FIELD_LIMIT;
use crate::{EvalError, Expression, ParseError, sample};

/// A filter: when, and what then.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// When it acts.
    pub condition: Condition,
    /// What it does.
    pub actions: Vec<Action>,
}

/// When a filter acts.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// On every event: `all`.
    Always,
    /// When the expression holds.
    When(Expression),
}

impl Condition {
    /// Reads a filter's `if`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match text.trim() {
            "all" => Ok(Self::Always),
            text => Expression::parse(text).map(Self::When),
        }
    }

    fn holds(&self, event: &Value) -> Result<bool, EvalError> {
        match self {
            Self::Always => Ok(true),
            Self::When(expression) => expression.holds(event),
        }
    }
}

/// What a filter does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The event goes no further.
    Drop,
    /// A share of events passes: chosen by the value at `path` where there is one, else by chance.
    Sample {
        /// From 0, none, to 1, all.
        percent: f64,
        /// Events with the same value here share their fate; an absent one counts as `null`.
        path: Option<Path>,
    },
    /// Of the objects at these places only these fields stay.
    AllowProperties(Fields),
    /// From the objects at these places these fields go.
    DropProperties(Fields),
}

/// Fields of objects: the objects' place, and the names. A list at or on the way to a place means each element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Path, BTreeSet<String>)>);

/// Why the `fields` of an action are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldsError {
    /// Not an object of lists of texts.
    Shape,
    /// A place that is none.
    Path(PathError),
    /// More than [`FIELD_LIMIT`] names.
    TooMany,
}

impl Fields {
    /// Reads the `fields` of the Public API: an object from the place of objects (`""` is the event) to their fields.
    pub fn parse(fields: &Value) -> Result<Self, FieldsError> {
        let mut read = Vec::new();
        let mut count = 0;
        for (place, names) in fields.as_object().ok_or(FieldsError::Shape)? {
            let place = Path::parse_loosely(place).map_err(FieldsError::Path)?;
            let names = names.as_array().ok_or(FieldsError::Shape)?;
            count += 1 + names.len();
            if count > FIELD_LIMIT {
                return Err(FieldsError::TooMany);
            }
            let names = names.iter().map(|name| name.as_str().map(str::to_owned));
            read.push((place, names.collect::<Option<_>>().ok_or(FieldsError::Shape)?));
        }
        Ok(Self(read))
    }

    /// The places and names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &BTreeSet<String>)> {
        self.0.iter().map(|(path, names)| (path, names))
    }

    fn retain(&self, event: &mut Value, listed_stays: bool) {
        for (path, names) in &self.0 {
            each_object(event, path.names(), &mut |object| {
                object.retain(|name, _| names.contains(name) == listed_stays);
            });
        }
    }
}

/// Calls `change` for every object at a place, lists looked through.
fn each_object(
    value: &mut Value,
    names: &[String],
    change: &mut impl FnMut(&mut serde_json::Map<String, Value>),
) {
    match (value, names) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| each_object(item, names, change)),
        (Value::Object(fields), []) => change(fields),
        (Value::Object(fields), [name, rest @ ..]) => {
            if let Some(inner) = fields.get_mut(name) {
                each_object(inner, rest, change);
            }
        }
        _ => {}
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on, perhaps with fewer fields.
    Passes,
    /// A filter drops it.
    Dropped,
    /// It is not in the sample.
    SampledOut,
    /// A filter could not be judged, so it goes no further.
    Failed(EvalError),
}

/// Runs a destination's enabled filters over an event. `chance` gives numbers in `[0, 1)`. An event that does not
/// pass is left as it was.
pub fn apply(filters: &[Filter], event: &mut Value, mut chance: impl FnMut() -> f64) -> Outcome {
    let mut acting = Vec::new();
    for filter in filters {
        match filter.condition.holds(event) {
            Ok(true) => acting.extend(&filter.actions),
            Ok(false) => {}
            Err(error) => return Outcome::Failed(error),
        }
    }
    for action in &acting {
        if let Action::Sample { percent, path } = action {
            let position = match path {
                Some(path) => sample::position(path.get(event).unwrap_or(&Value::Null)),
                None => chance(),
            };
            // Written so that a percentage that is no number keeps nothing.
            let stays = *percent >= 1.0 || (*percent > 0.0 && position < *percent);
            if !stays {
                return Outcome::SampledOut;
            }
        }
    }
    if acting.iter().any(|action| matches!(action, Action::Drop)) {
        return Outcome::Dropped;
    }
    for action in &acting {
        if let Action::DropProperties(fields) = action {
            fields.retain(event, false);
        }
    }
    for action in &acting {
        if let Action::AllowProperties(fields) = action {
            fields.retain(event, true);
        }
    }
    Outcome::Passes
}
