//! Tracking plans: whether an event is one that was planned, and what becomes of it when it is not.
//!
//! A [`Plan`] holds rules (a draft-07 JSON Schema for each event, its traits and what is common to all events),
//! [`Settings`] are a source's schema settings, and [`judge()`] puts both to one event: it is let through, let
//! through without some places, blocked, or blocked and put into quarantine. In a HIPAA workspace
//! ([`Workspace::Hipaa`]) whatever is not planned or violates its rule is blocked, and no setting loosens that
//! (`PRO-PLAN-1`).
//!
//! **A violation quotes no event.** Segment's texts hold names and constraints of the schema and never a value. In a
//! HIPAA workspace a name that the plan does not know is withheld too: `{"Jane Doe": true}` is a violation whose
//! property name is a patient.
//!
//! The validator is our own (`schema`): one that counts its steps and can stop, since neither a schema nor an event
//! may hold up the others. How it compares with others is in `docs/plans.md`.

mod judge;
pub mod limits;
mod plan;
pub mod schema;
mod settings;
mod unplanned;
mod violation;

pub use judge::{Outcome, Verdict, judge};
pub use plan::{EventType, Plan, PlanError, Rule, RuleType};
pub use schema::{Schema, SchemaError};
pub use settings::{OnViolation, Settings, TraitSettings, Workspace};
pub use violation::{Kind, Place, Violation, ViolationSource};
