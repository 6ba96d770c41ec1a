//! What becomes of an event that its source's tracking plan does not allow: it is let through, let through in part, left
//! out, or put into another source, and a source is told of what was wrong with it (`PRO-PLAN-1`, `PRO-PLAN-2`).
//!
//! It is judged before anything of it is written, and only where there is something to judge by: a source without a plan,
//! in a workspace that is no HIPAA workspace, is not looked at. What is forwarded is not judged again.

use base::{SourceSid, Timestamp, TrackingPlanSid};
use data_encoding::HEXLOWER;
use plans::{Kind, Outcome, Plan, Settings, Verdict, Violation, ViolationSource, judge};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use store::Document;

use crate::records::{Source, TrackingPlan, WorkspaceFacts};

/// How the events of a source are judged; made when the source is read, for all of its requests.
pub(crate) struct Controls {
    workspace: plans::Workspace,
    settings: Settings,
    /// The plan and its revision.
    pub(crate) plan: Option<(TrackingPlanSid, i64)>,
    /// The quarantine.
    pub(crate) blocked_to: Option<SourceSid>,
    /// The source that is told of violations.
    pub(crate) violations_to: Option<SourceSid>,
    source_id: String,
    source_name: String,
    source_slug: String,
    plan_id: String,
    plan_name: String,
}

impl Controls {
    /// Those of a source.
    pub(crate) fn of(
        source: &Document<Source>,
        workspace: &WorkspaceFacts,
        plan: Option<&Document<TrackingPlan>>,
    ) -> Self {
        let facts = &source.facts;
        let hipaa = workspace.is_hipaa();
        Self {
            workspace: if hipaa { plans::Workspace::Hipaa } else { plans::Workspace::Plain },
            settings: facts.schema.effective(hipaa).judged(),
            plan: plan.map(|plan| (plan.sid, plan.revision)),
            blocked_to: facts.schema.blocked_to(),
            violations_to: facts.schema.violations_to(),
            source_id: source.sid.to_string(),
            source_name: facts.name.clone(),
            source_slug: facts.slug(),
            // Segment's events name plans by their ids in its older API.
            plan_id: plan
                .map_or_else(String::new, |plan| format!("rs_{}", HEXLOWER.encode(&plan.sid.bytes()))),
            plan_name: plan.map_or_else(String::new, |plan| plan.facts.name.clone()),
        }
    }

    /// Whether there is nothing to judge by.
    pub(crate) fn are_idle(&self) -> bool {
        self.plan.is_none() && self.workspace == plans::Workspace::Plain
    }

    /// Whether the workspace is a HIPAA workspace.
    pub(crate) fn is_hipaa(&self) -> bool {
        self.workspace == plans::Workspace::Hipaa
    }

    /// Whether names that the plan does not know are withheld: a name can be a patient's.
    fn withholds(&self) -> bool {
        self.workspace == plans::Workspace::Hipaa
    }
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Fate {
    /// It is kept as it came.
    Through = 0,
    /// It is kept as it is now.
    Changed = 1,
    /// It is left out.
    Blocked = 2,
    /// It goes to the quarantine.
    Quarantined = 3,
}

impl Fate {
    /// The fate of a number, which may be learned of an event without opening it.
    pub(crate) const fn of(number: u32) -> Self {
        match number {
            0 => Self::Through,
            1 => Self::Changed,
            3 => Self::Quarantined,
            _ => Self::Blocked,
        }
    }
}

/// What events about violations say besides the violation.
pub(crate) struct Told<'a> {
    /// When the event was received.
    pub(crate) at: Timestamp,
    /// The event's name in the log, in words.
    pub(crate) reference: &'a str,
    /// How many violations are told at most.
    pub(crate) room: usize,
}

/// A judged event.
pub(crate) struct Weighed {
    pub(crate) fate: Fate,
    /// What is kept of it, when that is not what came.
    pub(crate) body: Box<RawValue>,
    /// The events about its violations.
    pub(crate) violations: Vec<Box<RawValue>>,
    /// Violations beyond those.
    pub(crate) untold: usize,
}

/// Judges one event.
pub(crate) fn weigh(body: &RawValue, controls: &Controls, plan: Option<&Plan>, told: &Told<'_>) -> Weighed {
    let blocked = if controls.blocked_to.is_some() { Fate::Quarantined } else { Fate::Blocked };
    let Ok(event) = serde_json::from_str::<Value>(body.get()) else {
        // A number beyond all measures, for example: what cannot be looked at is not let through.
        return Weighed { fate: blocked, body: body.to_owned(), violations: Vec::new(), untold: 0 };
    };
    let verdict = judge(&event, plan, &controls.settings, controls.workspace);
    let room = if controls.violations_to.is_some() { told.room } else { usize::MAX };
    let violations: Vec<_> = match controls.violations_to {
        Some(_) => verdict
            .violations
            .iter()
            .take(room)
            .enumerate()
            .filter_map(|(index, violation)| telling(&event, violation, index, controls, told))
            .collect(),
        None => Vec::new(),
    };
    let untold = verdict.violations.len().saturating_sub(room);
    let (fate, body) = match &verdict.outcome {
        Outcome::Allow => (Fate::Through, None),
        Outcome::Block => (Fate::Blocked, None),
        Outcome::Quarantine => (blocked, Some(noted(event, &verdict, controls))),
        Outcome::Omit(_) => match verdict.apply(event) {
            Some(event) => (Fate::Changed, Some(noted(event, &verdict, controls))),
            None => (Fate::Blocked, None),
        },
    };
    // `None` also when it could not be written, which no parsed JSON does.
    match (fate, body) {
        (Fate::Through | Fate::Blocked, _) => Weighed { fate, body: Box::default(), violations, untold },
        (_, Some(Some(body))) => Weighed { fate, body, violations, untold },
        (_, _) => Weighed { fate: Fate::Blocked, body: Box::default(), violations, untold },
    }
}

/// The event with a note of what was left out and why, where Segment has it: `context.protocols`.
fn noted(mut event: Value, verdict: &Verdict, controls: &Controls) -> Option<Box<RawValue>> {
    let withholds = controls.withholds();
    let field = |violation: &Violation| violation.field(withholds);
    let (mut unplanned, mut invalid) = (Vec::new(), Vec::new());
    if let Outcome::Omit(_) = verdict.outcome {
        for violation in &verdict.violations {
            match violation.kind {
                Kind::UnplannedProperty => unplanned.push(field(violation)),
                Kind::UnplannedEvent | Kind::Required(_) => {}
                _ => invalid.push(field(violation)),
            }
        }
    }
    let violations: Vec<_> = verdict
        .violations
        .iter()
        .map(|violation| {
            json!({
                "type": violation.type_name(),
                "field": field(violation),
                "description": violation.description(withholds),
            })
        })
        .collect();
    let context = event.as_object_mut()?.entry("context").or_insert_with(|| json!({}));
    let protocols = context.as_object_mut()?.entry("protocols").or_insert_with(|| json!({}));
    if !protocols.is_object() {
        *protocols = json!({});
    }
    if !unplanned.is_empty() {
        protocols["omitted"] = unplanned.into();
    }
    if !invalid.is_empty() {
        protocols["omitted_on_violation"] = invalid.into();
    }
    protocols["sourceId"] = controls.source_id.clone().into();
    protocols["violations"] = violations.into();
    to_raw_value(&event).ok()
}

/// The `Violation Generated` event. In a HIPAA workspace the event is named by a digest: its own id may say whose it is.
fn telling(
    event: &Value,
    violation: &Violation,
    index: usize,
    controls: &Controls,
    told: &Told<'_>,
) -> Option<Box<RawValue>> {
    let source = ViolationSource {
        source_id: &controls.source_id,
        source_name: &controls.source_name,
        source_slug: &controls.source_slug,
        plan_id: &controls.plan_id,
        plan_name: &controls.plan_name,
    };
    let withholds = controls.withholds();
    let mut telling = violation.event(event, &source, withholds);
    if withholds {
        telling["properties"]["eventMessageID"] = told.reference.into();
    }
    telling["messageId"] = format!("violation-{}-{index}", told.reference).into();
    telling["context"] = json!({});
    let at = told.at.iso8601_millis();
    telling["timestamp"] = at.clone().into();
    telling["receivedAt"] = at.into();
    to_raw_value(&telling).ok()
}
