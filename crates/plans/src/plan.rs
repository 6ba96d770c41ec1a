//! A tracking plan and the rule that is for an event.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::limits::RULE_LIMIT;
use crate::{Schema, SchemaError};

/// What kind of call an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// Somebody did something.
    Track,
    /// Who somebody is.
    Identify,
    /// What a group is.
    Group,
    /// Somebody saw a page.
    Page,
    /// Somebody saw a screen.
    Screen,
    /// Two ids are one person; it carries nothing that a rule could plan.
    Alias,
}

impl EventType {
    /// The type of an event; `None` when it has none of these.
    pub fn of(event: &Value) -> Option<Self> {
        Some(match event.get("type")?.as_str()? {
            "track" => Self::Track,
            "identify" => Self::Identify,
            "group" => Self::Group,
            "page" => Self::Page,
            "screen" => Self::Screen,
            "alias" => Self::Alias,
            _ => return None,
        })
    }

    /// Where such an event holds what its rule plans.
    pub(crate) fn body(self) -> &'static str {
        match self {
            Self::Identify | Self::Group => "traits",
            _ => "properties",
        }
    }
}

/// What a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleType {
    /// All events, besides their own rule.
    Common,
    /// Track calls of this name, to the letter.
    Track(String),
    /// Identify calls.
    Identify,
    /// Group calls.
    Group,
    /// Page calls.
    Page,
    /// Screen calls.
    Screen,
}

/// A rule of a plan.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is for.
    pub kind: RuleType,
    /// The version of the event; an event says which it is in `context.protocols.event_version`.
    pub version: u32,
    /// What such an event must look like, as a whole.
    pub schema: Schema,
    /// What people filed it under.
    pub labels: BTreeMap<String, String>,
}

/// A tracking plan.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Rules of track calls, by the name of the event: they are looked for by the text of each event.
    tracks: BTreeMap<String, Versions>,
    others: BTreeMap<RuleType, Versions>,
    count: usize,
}

type Versions = BTreeMap<u32, Rule>;

/// Why a rule does not enter a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// The plan is full.
    TooManyRules,
    /// There is a rule for this event and version.
    Duplicate,
    /// The rule's schema is none.
    Schema(SchemaError),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRules => f.write_str("the tracking plan is full"),
            Self::Duplicate => f.write_str("the tracking plan has a rule for this event and version"),
            Self::Schema(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// Adds a rule whose schema is compiled here.
    pub fn add(
        &mut self,
        kind: RuleType,
        version: u32,
        json_schema: &Value,
        labels: BTreeMap<String, String>,
    ) -> Result<(), PlanError> {
        if self.count == RULE_LIMIT {
            return Err(PlanError::TooManyRules);
        }
        let known = match &kind {
            RuleType::Track(event) => self.tracks.get(event),
            other => self.others.get(other),
        };
        if known.is_some_and(|versions| versions.contains_key(&version)) {
            return Err(PlanError::Duplicate);
        }
        let schema = Schema::compile(json_schema).map_err(PlanError::Schema)?;
        let rule = Rule { kind: kind.clone(), version, schema, labels };
        let versions = match kind {
            RuleType::Track(event) => self.tracks.entry(event).or_default(),
            other => self.others.entry(other).or_default(),
        };
        versions.insert(version, rule);
        self.count += 1;
        Ok(())
    }

    /// The rules, in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.others.values().chain(self.tracks.values()).flat_map(BTreeMap::values)
    }

    /// The rule for an event: of the version it names, else of the oldest.
    pub fn rule(&self, event_type: EventType, event: &Value) -> Option<&Rule> {
        let versions = match event_type {
            EventType::Track => self.tracks.get(event.get("event")?.as_str()?),
            EventType::Identify => self.others.get(&RuleType::Identify),
            EventType::Group => self.others.get(&RuleType::Group),
            EventType::Page => self.others.get(&RuleType::Page),
            EventType::Screen => self.others.get(&RuleType::Screen),
            EventType::Alias => return None,
        };
        named_version(versions?, event)
    }

    /// The rule that all events must keep.
    pub fn common_rule(&self, event: &Value) -> Option<&Rule> {
        named_version(self.others.get(&RuleType::Common)?, event)
    }
}

/// The rule of the version that an event names, else the oldest.
fn named_version<'a>(versions: &'a Versions, event: &Value) -> Option<&'a Rule> {
    let named =
        event.get("context").and_then(|context| context.get("protocols")?.get("event_version")?.as_u64());
    let named = named.and_then(|version| versions.get(&u32::try_from(version).ok()?));
    named.or_else(|| versions.values().next())
}
