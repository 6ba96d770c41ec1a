//! What is wrong with an event, in Segment's words.

use paths::Path;
use serde_json::{Value, json};

use crate::EventType;

/// What stands in the place of a name that the plan does not know, in a HIPAA workspace.
const WITHHELD: &str = "[unplanned]";

/// A place in an event, each name with whether the plan itself names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(Vec<(String, bool)>);

impl Place {
    pub(crate) fn planned(&self, name: &str) -> Self {
        self.with(name, true)
    }

    pub(crate) fn unplanned(&self, name: &str) -> Self {
        self.with(name, false)
    }

    fn with(&self, name: &str, is_planned: bool) -> Self {
        let mut names = self.0.clone();
        names.push((name.to_owned(), is_planned));
        Self(names)
    }

    /// The place as a path, positions in lists included.
    pub fn path(&self) -> Path {
        Path::of(self.0.iter().map(|(name, _)| name.clone()))
    }

    /// The names between dots, `(root)` for the event itself; unplanned ones withheld if so asked.
    fn text(&self, withholds: bool) -> String {
        if self.0.is_empty() {
            return "(root)".to_owned();
        }
        let names = self.0.iter().map(|(name, is_planned)| shown(name, *is_planned, withholds));
        names.collect::<Vec<_>>().join(".")
    }
}

fn shown(name: &str, is_planned: bool, withholds: bool) -> &str {
    if withholds && !is_planned { WITHHELD } else { name }
}

/// What is wrong. No variant holds a value of the event; names in them are the schema's but for those that say so.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// No rule of the plan is for this event.
    UnplannedEvent,
    /// The plan does not know this field; its place says which.
    UnplannedProperty,
    /// This field is missing.
    Required(String),
    /// It is of another type.
    InvalidType {
        /// The types of the schema.
        expected: String,
        /// The type found.
        given: &'static str,
    },
    /// No schema of `anyOf` accepts it.
    AnyOf,
    /// None or several schemas of `oneOf` accept it.
    OneOf,
    /// A schema of `allOf` does not accept it.
    AllOf,
    /// The schema of `not` accepts it.
    Not,
    /// The field whose presence asks for another.
    MissingDependency(String),
    /// It is not this.
    Const(Value),
    /// It is none of these.
    Enum(Vec<Value>),
    /// The list has more elements than have a schema.
    AdditionalItems,
    /// The list has fewer elements.
    MinItems(usize),
    /// The list has more elements.
    MaxItems(usize),
    /// Two elements are equal.
    Unique {
        /// Position of the one.
        first: usize,
        /// Position of the other.
        second: usize,
    },
    /// No element is what one must be.
    Contains,
    /// The object has fewer fields.
    MinProperties(usize),
    /// The object has more fields.
    MaxProperties(usize),
    /// The field may not be there; the place says which.
    AdditionalProperty,
    /// The field may not have its name; the place says which.
    PropertyName,
    /// The text has fewer characters.
    MinLength(usize),
    /// The text has more characters.
    MaxLength(usize),
    /// The text is not of this pattern.
    Pattern(String),
    /// The text is not of this format.
    Format(&'static str),
    /// The number is no multiple of this one.
    MultipleOf(String),
    /// The number is below this one.
    AtLeast(String),
    /// The number is not above this one.
    Above(String),
    /// The number is above this one.
    AtMost(String),
    /// The number is not below this one.
    Below(String),
    /// `if` accepts it and `then` does not.
    Then,
    /// Neither `if` nor `else` accepts it.
    Else,
    /// The schema is `false`.
    False,
    /// The event costs more than one may; it is as good as any other violation.
    Overrun,
}

/// One thing that is wrong with an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: Kind,
}

impl Violation {
    /// `violationType`. Segment publishes only a few; all follow the one form they have.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::UnplannedEvent => "Unplanned Event",
            Kind::UnplannedProperty => "Unplanned Property",
            Kind::Required(_) => "Required",
            Kind::InvalidType { .. } => "Invalid Type",
            Kind::AnyOf => "Number Any Of",
            Kind::OneOf => "Number One Of",
            Kind::AllOf => "Number All Of",
            Kind::Not => "Number Not",
            Kind::MissingDependency(_) => "Missing Dependency",
            Kind::Const(_) => "Const",
            Kind::Enum(_) => "Enum",
            Kind::AdditionalItems => "Array No Additional Items",
            Kind::MinItems(_) => "Array Min Items",
            Kind::MaxItems(_) => "Array Max Items",
            Kind::Unique { .. } => "Unique",
            Kind::Contains => "Contains",
            Kind::MinProperties(_) => "Array Min Properties",
            Kind::MaxProperties(_) => "Array Max Properties",
            Kind::AdditionalProperty => "Additional Property Not Allowed",
            Kind::PropertyName => "Invalid Property Name",
            Kind::MinLength(_) => "String Gte",
            Kind::MaxLength(_) => "String Lte",
            Kind::Pattern(_) => "Pattern",
            Kind::Format(_) => "Format",
            Kind::MultipleOf(_) => "Multiple Of",
            Kind::AtLeast(_) => "Number Gte",
            Kind::Above(_) => "Number Gt",
            Kind::AtMost(_) => "Number Lte",
            Kind::Below(_) => "Number Lt",
            Kind::Then => "Condition Then",
            Kind::Else => "Condition Else",
            Kind::False => "False",
            Kind::Overrun => "Too Complex",
        }
    }

    /// `violationField`. With `withholds`, names that the plan does not know are not in it.
    pub fn field(&self, withholds: bool) -> String {
        match &self.kind {
            Kind::Required(name) => self.place.planned(name).text(withholds),
            _ => self.place.text(withholds),
        }
    }

    /// `violationDescription`: the texts of the library Segment validates with, which hold no value of the event.
    pub fn description(&self, withholds: bool) -> String {
        let field = self.place.text(withholds);
        let name = self.place.0.last().map_or("", |(name, planned)| shown(name, *planned, withholds));
        let values = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        match &self.kind {
            Kind::UnplannedEvent => "The event is not in the tracking plan".to_owned(),
            Kind::UnplannedProperty => format!("{name} is not in the tracking plan"),
            Kind::Required(name) => format!("{name} is required"),
            Kind::InvalidType { expected, given } => {
                format!("Invalid type. Expected: {expected}, given: {given}")
            }
            Kind::AnyOf => "Must validate at least one schema (anyOf)".to_owned(),
            Kind::OneOf => "Must validate one and only one schema (oneOf)".to_owned(),
            Kind::AllOf => "Must validate all the schemas (allOf)".to_owned(),
            Kind::Not => "Must not validate the schema (not)".to_owned(),
            Kind::MissingDependency(name) => format!("Has a dependency on {name}"),
            Kind::Const(value) => format!("{field} does not match: {value}"),
            Kind::Enum(allowed) => format!("{field} must be one of the following: {}", values(allowed)),
            Kind::AdditionalItems => "No additional items allowed on array".to_owned(),
            Kind::MinItems(count) => format!("Array must have at least {count} items"),
            Kind::MaxItems(count) => format!("Array must have at most {count} items"),
            Kind::Unique { first, second } => format!("array items[{first},{second}] must be unique"),
            Kind::Contains => "At least one of the items must match".to_owned(),
            Kind::MinProperties(count) => format!("Must have at least {count} properties"),
            Kind::MaxProperties(count) => format!("Must have at most {count} properties"),
            Kind::AdditionalProperty => format!("Additional property {name} is not allowed"),
            Kind::PropertyName => format!("Property name of \"{name}\" does not match"),
            Kind::MinLength(length) => format!("String length must be greater than or equal to {length}"),
            Kind::MaxLength(length) => format!("String length must be less than or equal to {length}"),
            Kind::Pattern(pattern) => format!("Does not match pattern '{pattern}'"),
            Kind::Format(format) => format!("Does not match format '{format}'"),
            Kind::MultipleOf(number) => format!("Must be a multiple of {number}"),
            Kind::AtLeast(number) => format!("Must be greater than or equal to {number}"),
            Kind::Above(number) => format!("Must be greater than {number}"),
            Kind::AtMost(number) => format!("Must be less than or equal to {number}"),
            Kind::Below(number) => format!("Must be less than {number}"),
            Kind::Then => "Must validate \"then\" as \"if\" was valid".to_owned(),
            Kind::Else => "Must validate \"else\" as \"if\" was not valid".to_owned(),
            Kind::False => "False always fails validation".to_owned(),
            Kind::Overrun => "The event is too complex to be validated".to_owned(),
        }
    }

    /// The `Violation Generated` event that tells a source of this violation. In a HIPAA workspace (`withholds`) the
    /// name of an event that is not planned is withheld with everything else that is not.
    pub fn event(&self, event: &Value, source: &ViolationSource<'_>, withholds: bool) -> Value {
        let of = |path: &[&str]| Path::of(path.iter().copied()).get(event).cloned().unwrap_or_default();
        let hide = |value: Value| if withholds && !value.is_null() { Value::from(WITHHELD) } else { value };
        let mut name = of(&["event"]);
        let mut event_type = of(&["type"]);
        if self.kind == Kind::UnplannedEvent {
            name = hide(name);
        }
        if EventType::of(event).is_none() {
            event_type = hide(event_type);
        }
        let app_version = hide(of(&["context", "app", "version"]));
        let time = |name: &str| {
            let is_time =
                |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"TtZz:.+-".contains(&byte));
            let value = of(&[name]);
            if value.as_str().is_some_and(is_time) { value } else { hide(value) }
        };
        json!({
            "type": "track",
            "event": "Violation Generated",
            "userId": "schema-violations",
            "properties": {
                "appVersion": app_version,
                "eventMessageID": of(&["messageId"]),
                "eventName": name,
                "eventSentAt": time("sentAt"),
                "eventTimestamp": time("timestamp"),
                "eventType": event_type,
                "sourceID": source.source_id,
                "sourceName": source.source_name,
                "sourceSlug": source.source_slug,
                "trackingPlanID": source.plan_id,
                "trackingPlanName": source.plan_name,
                "violationDescription": self.description(withholds),
                "violationField": self.field(withholds),
                "violationType": self.type_name(),
            },
        })
    }
}

/// Whose event it was and which plan it violated.
#[derive(Clone, Copy, Debug)]
pub struct ViolationSource<'a> {
    /// The source's id.
    pub source_id: &'a str,
    /// Its name.
    pub source_name: &'a str,
    /// Its slug.
    pub source_slug: &'a str,
    /// The plan's id (`rs_...`).
    pub plan_id: &'a str,
    /// Its name.
    pub plan_name: &'a str,
}
