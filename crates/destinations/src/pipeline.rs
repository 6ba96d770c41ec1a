//! From an event to what leaves of it: consent, `integrations`, filters, grants, mappings. Pure.

use fql::filter::{Action, Condition, Fields, Filter, Outcome};
use fql::{Comparison, Expression};
use mapping::{Manifest, Mapping};
use paths::{Path, PathSet};
use serde_json::Value;

use crate::encryption::Encryptor;
use crate::limits;
use crate::records::{DestinationFacts, FilterRecord, MappingRecord};

/// Everything that decides what of an event leaves to one destination, read and checked.
#[derive(Debug)]
pub struct Pipeline {
    name: String,
    is_hipaa: bool,
    categories: Vec<String>,
    filters: Vec<Filter>,
    mappings: Vec<Mapped>,
    grants: PathSet,
    encryptor: Option<Encryptor>,
}

#[derive(Debug)]
struct Mapped {
    id: String,
    trigger: Condition,
    mapping: Mapping,
}

/// Why an event does not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Its consent does not allow the destination's categories.
    Consent,
    /// Its `integrations` leave the destination out.
    Integrations,
    /// A filter drops it.
    Filtered,
    /// It is not in the sample.
    SampledOut,
    /// A filter or a trigger cannot be judged on it.
    Unjudged,
    /// No trigger names it.
    Unmapped,
    /// A mapping cannot be evaluated on it.
    MappingFailed,
    /// A field could not be encrypted.
    NotEncrypted,
}

impl Kept {
    /// The word that is counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "discarded_consent",
            Self::Integrations => "discarded_integrations",
            Self::Filtered => "discarded_filter",
            Self::SampledOut => "discarded_sample",
            Self::Unjudged => "discarded_unjudged",
            Self::Unmapped => "discarded_no_mapping",
            Self::MappingFailed => "discarded_mapping_failed",
            Self::NotEncrypted => "discarded_not_encrypted",
        }
    }
}

/// A payload, with the id of the mapping that made it (empty for none).
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// The mapping's id.
    pub mapping: String,
    /// What leaves.
    pub value: Value,
}

/// The parameter of a destination that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable(pub &'static str);

impl Pipeline {
    /// Reads a destination's parts. What is switched off is read too, and then left out.
    ///
    /// # Errors
    /// The first part that cannot be read.
    pub fn of(facts: &DestinationFacts, is_hipaa: bool) -> Result<Self, Unreadable> {
        let mut filters = Vec::new();
        for record in &facts.filters {
            let filter = read_filter(record)?;
            filters.extend(record.enabled.then_some(filter));
        }
        let mut mappings = Vec::new();
        for record in &facts.mappings {
            let mapped = read_mapping(record)?;
            mappings.extend(record.enabled.then_some(mapped));
        }
        let mut grants = PathSet::default();
        for grant in &facts.grants {
            grants.insert(&Path::parse(&grant.path).map_err(|_| Unreadable("path"))?);
        }
        // Outside HIPAA workspaces grants narrow what leaves once there are any.
        if !is_hipaa && facts.grants.is_empty() {
            grants = PathSet::everything();
        }
        let (name, categories) = (facts.name.clone(), facts.consent_categories.clone());
        let encryptor = facts.encryption.as_ref().map(Encryptor::of).transpose().map_err(Unreadable)?;
        Ok(Self { name, is_hipaa, categories, filters, mappings, grants, encryptor })
    }

    /// What can leave.
    pub fn manifest(&self) -> Manifest {
        Manifest::of_all(&self.grants, &self.filters, self.mappings.iter().map(|mapped| &mapped.mapping))
    }

    /// Which fields leave encrypted, a line each.
    pub(crate) fn encrypted(&self) -> Vec<String> {
        self.encryptor.as_ref().map(Encryptor::lines).unwrap_or_default()
    }

    /// Whether every mapping's trigger names the events that it lets through, and there is a mapping (SEG-SCHEMA-1).
    pub fn names_events(&self) -> bool {
        !self.mappings.is_empty() && self.mappings.iter().all(|mapped| names_events(&mapped.trigger))
    }

    /// Whether single fields are granted, and no whole part of events (SEG-FILTER-1).
    pub fn grants_fields(&self) -> bool {
        !self.grants.is_empty() && self.grants.paths().iter().all(is_field)
    }

    /// What leaves of an event. `chance` is in `[0, 1)` and the same whenever the event is the same.
    ///
    /// # Errors
    /// Why nothing does.
    pub fn run(&self, mut event: Value, chance: f64) -> Result<Vec<Payload>, Kept> {
        if !self.has_consent(&event) {
            return Err(Kept::Consent);
        }
        if !is_wanted(&self.name, event.get("integrations")) {
            return Err(Kept::Integrations);
        }
        let mut acting = Vec::new();
        for mapped in &self.mappings {
            let holds = match &mapped.trigger {
                Condition::Always => true,
                Condition::When(expression) => expression.holds(&event).map_err(|_| Kept::Unjudged)?,
            };
            acting.extend(holds.then_some(mapped));
        }
        // Filters see the whole event, so that they can judge by what is not granted.
        match fql::filter::apply(&self.filters, &mut event, || chance) {
            Outcome::Passes => {}
            Outcome::Dropped => return Err(Kept::Filtered),
            Outcome::SampledOut => return Err(Kept::SampledOut),
            Outcome::Failed(_) => return Err(Kept::Unjudged),
        }
        let mut granted = self.grants.keep(&event);
        // Before mappings, so that nothing that they make of it is in the clear.
        if let Some(encryptor) = &self.encryptor {
            encryptor.apply(&mut granted).map_err(|_| Kept::NotEncrypted)?;
        }
        if self.mappings.is_empty() {
            return Ok(vec![Payload { mapping: String::new(), value: granted }]);
        }
        if acting.is_empty() {
            return Err(Kept::Unmapped);
        }
        let make = |mapped: &&Mapped| -> Result<Payload, Kept> {
            let value = mapped.mapping.apply(&granted).map_err(|_| Kept::MappingFailed)?;
            Ok(Payload { mapping: mapped.id.clone(), value })
        };
        acting.iter().map(make).collect()
    }

    /// Every category of the destination must be allowed. Without a consent object nothing is known: a HIPAA workspace
    /// takes that for no.
    fn has_consent(&self, event: &Value) -> bool {
        if self.categories.is_empty() {
            return true;
        }
        match event.pointer("/context/consent") {
            None => !self.is_hipaa,
            Some(consent) => {
                let allows = |category: &String| {
                    let preferences = consent.get("categoryPreferences");
                    preferences.and_then(|all| all.get(category)) == Some(&Value::Bool(true))
                };
                self.categories.iter().all(allows)
            }
        }
    }
}

/// What one filter leaves of a payload; `None` when that does not pass, or cannot be judged.
///
/// # Errors
/// The part of the filter that cannot be read.
pub(crate) fn preview(record: &FilterRecord, mut payload: Value) -> Result<Option<Value>, Unreadable> {
    let filter = read_filter(record)?;
    let outcome = fql::filter::apply(&[filter], &mut payload, || 0.0);
    Ok(matches!(outcome, Outcome::Passes).then_some(payload))
}

/// What `integrations` says of a destination: its own entry counts, else `All`, else yes. What is neither a truth value
/// nor an object is taken for no.
fn is_wanted(name: &str, integrations: Option<&Value>) -> bool {
    let Some(integrations) = integrations else { return true };
    let entry = integrations.get(name).or_else(|| integrations.get("All"));
    matches!(entry, None | Some(Value::Bool(true) | Value::Object(_)))
}

/// A place inside `properties`, `traits` or `context.traits`, or a field of the event itself.
fn is_field(path: &Path) -> bool {
    let names: Vec<&str> = path.names().iter().map(String::as_str).collect();
    !matches!(names[..], [] | ["properties" | "traits" | "context" | "integrations"] | ["context", "traits"])
}

fn read_filter(record: &FilterRecord) -> Result<Filter, Unreadable> {
    let condition = Condition::parse(&record.condition).map_err(|_| Unreadable("if"))?;
    if record.actions.is_empty() || record.actions.len() > limits::ACTIONS {
        return Err(Unreadable("actions"));
    }
    let actions = record.actions.iter().map(read_action).collect::<Option<_>>();
    Ok(Filter { condition, actions: actions.ok_or(Unreadable("actions"))? })
}

/// An action of the Public API.
fn read_action(action: &Value) -> Option<Action> {
    let fields = || Fields::parse(action.get("fields")?).ok();
    match action.get("type")?.as_str()? {
        "DROP" => Some(Action::Drop),
        "ALLOW_PROPERTIES" => fields().map(Action::AllowProperties),
        "DROP_PROPERTIES" => fields().map(Action::DropProperties),
        "SAMPLE" => {
            let percent = action.get("percent")?.as_f64().filter(|percent| (0.0..=1.0).contains(percent))?;
            let path = match action.get("path") {
                None | Some(Value::Null) => None,
                Some(path) => match path.as_str()? {
                    "" => None,
                    path => Some(Path::parse_loosely(path).ok()?),
                },
            };
            Some(Action::Sample { percent, path })
        }
        _ => None,
    }
}

fn read_mapping(record: &MappingRecord) -> Result<Mapped, Unreadable> {
    let trigger = Condition::parse(&record.trigger).map_err(|_| Unreadable("trigger"))?;
    let mapping = Mapping::parse(&record.mapping).map_err(|_| Unreadable("mapping"))?;
    Ok(Mapped { id: record.id.clone(), trigger, mapping })
}

/// Whether what this lets through is known by name: `event = '…'`, `event in […]`, `name = '…'`, or a `type` that has
/// no names. A part of an `and` is enough; of an `or` each has to.
fn names_events(trigger: &Condition) -> bool {
    fn is(expression: &Expression, name: &str) -> bool {
        matches!(expression, Expression::Path(path) if matches!(path.names(), [only] if only == name))
    }
    fn text(value: &Value) -> bool {
        value.is_string()
    }
    fn named(expression: &Expression) -> bool {
        match expression {
            Expression::And(parts) => parts.iter().any(named),
            Expression::Or(parts) => !parts.is_empty() && parts.iter().all(named),
            Expression::Compare(Comparison::Equal, left, right) => {
                let (path, literal) = match (&**left, &**right) {
                    (path @ Expression::Path(_), Expression::Literal(literal))
                    | (Expression::Literal(literal), path @ Expression::Path(_)) => (path, literal),
                    _ => return false,
                };
                let is_kind = |value: &Value| value.as_str().is_some_and(|kind| kind != "track");
                (text(literal) && (is(path, "event") || is(path, "name")))
                    || (is(path, "type") && is_kind(literal))
            }
            Expression::In(item, list) => match (&**item, &**list) {
                (path, Expression::Literal(Value::Array(items))) if is(path, "event") || is(path, "name") => {
                    items.iter().all(text)
                }
                _ => false,
            },
            _ => false,
        }
    }
    match trigger {
        Condition::Always => false,
        Condition::When(expression) => named(expression),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_trigger_names_events_or_does_not() {
        let table = [
            ("all", false),
            ("event = 'Booked'", true),
            ("'Booked' = event", true),
            ("type = 'track'", false),
            ("type = 'identify'", true),
            ("type = 'track' and event = 'Booked'", true),
            ("event = 'Booked' or type = 'track'", false),
            ("event = 'Booked' or event = 'Cancelled'", true),
            ("event in ['Booked', 'Cancelled']", true),
            ("event in properties.names", false),
            ("event != 'Booked'", false),
            ("!(event = 'Booked')", false),
            ("properties.event = 'Booked'", false),
            ("contains(event, 'Booked')", false),
        ];
        for (text, expected) in table {
            assert_eq!(names_events(&Condition::parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn fields_are_granted_and_whole_parts_are_not() {
        for (text, expected) in [
            ("properties.total", true),
            ("userId", true),
            ("context.page.path", true),
            ("properties", false),
            ("traits", false),
            ("context", false),
            ("context.traits", false),
        ] {
            assert_eq!(is_field(&Path::parse(text).unwrap()), expected, "{text}");
        }
        assert!(!is_field(&Path::ROOT));
    }

    #[test]
    fn integrations_are_honoured() {
        let table = [
            (json!(null), true),
            (json!({}), true),
            (json!({"All": true}), true),
            (json!({"All": false}), false),
            (json!({"All": false, "Pharmacy": true}), true),
            (json!({"All": false, "Pharmacy": {"x": 1}}), true),
            (json!({"All": false, "pharmacy": true}), false),
            (json!({"Pharmacy": false}), false),
            (json!({"All": true, "Pharmacy": false}), false),
            (json!({"Pharmacy": "yes"}), false),
        ];
        for (integrations, expected) in table {
            assert_eq!(is_wanted("Pharmacy", Some(&integrations)), expected, "{integrations}");
        }
        assert!(is_wanted("Pharmacy", None));
    }
}
