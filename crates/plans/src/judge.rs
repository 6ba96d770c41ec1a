//! What becomes of an event.

use std::collections::BTreeSet;

use paths::Path;
use serde_json::Value;

use crate::plan::{EventType, Plan};
use crate::settings::{OnViolation, Settings, Workspace};
use crate::violation::{Kind, Place, Violation};

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It goes on as it is.
    Allow,
    /// It goes on without these places, none inside another.
    Omit(Vec<Path>),
    /// It goes no further.
    Block,
    /// It goes to the quarantine and nowhere else.
    Quarantine,
}

/// An outcome and what led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What becomes of the event.
    pub outcome: Outcome,
    /// Everything that is wrong with it.
    pub violations: Vec<Violation>,
}

impl Verdict {
    /// The event as it goes on; `None` when it does not.
    pub fn apply(&self, mut event: Value) -> Option<Value> {
        match &self.outcome {
            Outcome::Allow => Some(event),
            Outcome::Omit(paths) => {
                paths.iter().for_each(|path| remove(&mut event, path.names()));
                Some(event)
            }
            Outcome::Block | Outcome::Quarantine => None,
        }
    }
}

fn remove(value: &mut Value, names: &[String]) {
    let Some((last, way)) = names.split_last() else { return };
    let parent = way.iter().try_fold(value, |value, name| value.get_mut(name));
    if let Some(Value::Object(fields)) = parent {
        fields.remove(last);
    }
}

/// Judges an event by a plan and a source's settings. Without a plan a plain workspace lets everything through and a
/// HIPAA workspace nothing.
pub fn judge(event: &Value, plan: Option<&Plan>, settings: &Settings, workspace: Workspace) -> Verdict {
    let Some(event_type) = EventType::of(event) else {
        return blocked(vec![unplanned_event()], settings);
    };
    match (workspace, plan) {
        (Workspace::Hipaa, plan) => strict(event, event_type, plan, settings),
        (Workspace::Plain, Some(plan)) => by_settings(event, event_type, plan, settings),
        (Workspace::Plain, None) => Verdict { outcome: Outcome::Allow, violations: Vec::new() },
    }
}

fn unplanned_event() -> Violation {
    Violation { place: Place::default(), kind: Kind::UnplannedEvent }
}

fn blocked(violations: Vec<Violation>, settings: &Settings) -> Verdict {
    let outcome = if settings.quarantines_blocked_events { Outcome::Quarantine } else { Outcome::Block };
    Verdict { outcome, violations }
}

/// In a HIPAA workspace: every event has a rule, keeps it and the common one, and has no field that is not planned,
/// in its body nor in the traits of its context. Settings decide only where a blocked event is kept.
fn strict(event: &Value, event_type: EventType, plan: Option<&Plan>, settings: &Settings) -> Verdict {
    let mut violations = Vec::new();
    let rule = plan.and_then(|plan| plan.rule(event_type, event));
    match (event_type, rule) {
        // It has no rule; what it may carry is two ids.
        (EventType::Alias, _) if plan.is_some() => {
            let carries = |name: &str| {
                event.get(name).is_some() || event.pointer(&format!("/context/{name}")).is_some()
            };
            if carries("properties") || carries("traits") {
                violations.push(unplanned_event());
            }
        }
        (_, Some(rule)) => {
            violations.extend(rule.schema.violations(event));
            for body in [&["properties"][..], &["traits"], &["context", "traits"]] {
                violations.extend(rule.schema.unplanned(event, body));
            }
        }
        _ => violations.push(unplanned_event()),
    }
    if let Some(common) = plan.and_then(|plan| plan.common_rule(event)) {
        violations.extend(common.schema.violations(event));
    }
    match violations.is_empty() {
        true => Verdict { outcome: Outcome::Allow, violations },
        false => blocked(violations, settings),
    }
}

/// Segment's order: what is unplanned, the event's own rule, then the common one.
fn by_settings(event: &Value, event_type: EventType, plan: &Plan, settings: &Settings) -> Verdict {
    let mut violations = Vec::new();
    let mut omitted = BTreeSet::new();
    let mut blocks = false;
    let body = event_type.body();
    let policy = Policy::of(event_type, settings);
    match plan.rule(event_type, event) {
        Some(rule) => {
            let unplanned = rule.schema.unplanned(event, &[body]);
            if !policy.allows_unplanned_fields {
                omitted.extend(unplanned.iter().filter_map(|violation| omissible(violation, body)));
            }
            violations.extend(unplanned);
            let invalid = rule.schema.violations(event);
            if !policy.allows_invalid_event && !invalid.is_empty() {
                blocks = true;
            } else if !policy.allows_invalid_fields {
                omitted.extend(invalid.iter().filter_map(|violation| omissible(violation, body)));
            }
            violations.extend(invalid);
        }
        None if event_type == EventType::Track => {
            violations.push(unplanned_event());
            blocks = !settings.allow_unplanned_events;
        }
        // Without a rule no trait is planned.
        None => {
            let fields = event.get(body).and_then(Value::as_object).into_iter().flatten();
            let unplanned: Vec<_> = fields
                .map(|(name, _)| Violation {
                    place: Place::default().planned(body).unplanned(name),
                    kind: Kind::UnplannedProperty,
                })
                .collect();
            if matches!(event_type, EventType::Identify | EventType::Group) {
                if !policy.allows_unplanned_fields {
                    omitted.extend(unplanned.iter().filter_map(|violation| omissible(violation, body)));
                }
                violations.extend(unplanned);
            }
        }
    }
    if let Some(common) = plan.common_rule(event) {
        let invalid = common.schema.violations(event);
        match policy.on_common {
            OnViolation::Allow => {}
            OnViolation::Block => blocks |= !invalid.is_empty(),
            OnViolation::Omit => {
                omitted.extend(invalid.iter().filter_map(|violation| omissible(violation, body)));
            }
        }
        violations.extend(invalid);
    }
    if blocks {
        return blocked(violations, settings);
    }
    let outcome = if omitted.is_empty() { Outcome::Allow } else { Outcome::Omit(outermost(omitted)) };
    Verdict { outcome, violations }
}

/// What settings say of one type of event.
struct Policy {
    allows_unplanned_fields: bool,
    allows_invalid_event: bool,
    allows_invalid_fields: bool,
    on_common: OnViolation,
}

impl Policy {
    fn of(event_type: EventType, settings: &Settings) -> Self {
        let traits = match event_type {
            EventType::Identify => &settings.identify,
            EventType::Group => &settings.group,
            // Segment has no settings for pages and screens, so those for track calls are theirs.
            _ => {
                return Self {
                    allows_unplanned_fields: settings.allow_unplanned_event_properties,
                    allows_invalid_event: settings.allow_event_on_violations,
                    allows_invalid_fields: settings.allow_properties_on_violations,
                    on_common: settings.common_event_on_violations,
                };
            }
        };
        Self {
            allows_unplanned_fields: traits.allow_unplanned_traits,
            allows_invalid_event: true,
            allows_invalid_fields: traits.allow_traits_on_violations,
            on_common: traits.common_event_on_violations,
        }
    }
}

/// The place that is left out because of a violation: the field, or the list that an element of which is wrong; only
/// inside the event's body.
fn omissible(violation: &Violation, body: &str) -> Option<Path> {
    let path = violation.place.path();
    if path.names().first().is_none_or(|name| name != body) || path.names().len() < 2 {
        return None;
    }
    let is_position = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    let end = path.names()[2..].iter().position(is_position).map_or(path.names().len(), |index| index + 2);
    Some(Path::of(path.names()[..end].iter().cloned()))
}

/// Without the places inside others.
fn outermost(places: BTreeSet<Path>) -> Vec<Path> {
    let mut kept: Vec<Path> = Vec::new();
    for place in places {
        if !kept.iter().any(|outer| place.is_within(outer)) {
            kept.push(place);
        }
    }
    kept
}
