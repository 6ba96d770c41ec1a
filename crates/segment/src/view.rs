//! JSON shapes of our own API.

use base::Timestamp;
use errors::{ApiError, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::Document;

use crate::limits;
use crate::records::{Source, Workspace};

/// A workspace.
#[derive(Serialize)]
pub(crate) struct WorkspaceView {
    sid: String,
    name: String,
    /// Whether it is a HIPAA workspace: what an SDK's start-up check asks for (SEG-DES-5).
    hipaa: bool,
    designated_at: Option<String>,
    designation_reference: Option<String>,
    consent_required: bool,
    events_kept_days: u32,
    date_created: String,
    date_updated: String,
}

impl WorkspaceView {
    pub(crate) fn new(document: &Document<Workspace>) -> Self {
        let facts = &document.facts;
        let designation = facts.designation.as_ref();
        Self {
            sid: document.sid.to_string(),
            name: facts.name.clone(),
            hipaa: facts.is_hipaa(),
            designated_at: designation.map(|designation| Timestamp::from_micros(designation.at).iso8601()),
            designation_reference: designation.map(|designation| designation.reference.clone()),
            consent_required: facts.consent_required,
            events_kept_days: facts.kept_days.unwrap_or(limits::KEPT_DAYS),
            date_created: document.created_at.iso8601(),
            date_updated: document.updated_at.iso8601(),
        }
    }
}

/// All workspaces of an account, newest first.
#[derive(Serialize)]
pub(crate) struct WorkspaceList {
    pub(crate) workspaces: Vec<WorkspaceView>,
}

/// A source.
#[derive(Serialize)]
pub(crate) struct SourceView {
    sid: String,
    workspace_sid: String,
    name: String,
    enabled: bool,
    write_keys: Vec<String>,
    owner: Option<String>,
    reviewed_at: Option<String>,
    reviewed_by: Option<String>,
    tracking_plan_sid: Option<String>,
    date_created: String,
    date_updated: String,
}

impl SourceView {
    pub(crate) fn new(document: &Document<Source>) -> Self {
        Self {
            sid: document.sid.to_string(),
            workspace_sid: document.facts.workspace.clone(),
            name: document.facts.name.clone(),
            enabled: document.facts.enabled,
            write_keys: document.facts.write_keys.clone(),
            owner: document.facts.owner.clone(),
            reviewed_at: document.facts.reviewed_at.map(|at| Timestamp::from_micros(at).iso8601()),
            reviewed_by: document.facts.reviewed_by.clone(),
            tracking_plan_sid: document.facts.tracking_plan.clone(),
            date_created: document.created_at.iso8601(),
            date_updated: document.updated_at.iso8601(),
        }
    }
}

/// All sources of a workspace, newest first.
#[derive(Serialize)]
pub(crate) struct SourceList {
    pub(crate) sources: Vec<SourceView>,
}

/// Events of a source in their order; `null` stands for one that was destroyed with a person's key.
#[derive(Serialize)]
pub(crate) struct EventList {
    pub(crate) events: Vec<Option<Box<RawValue>>>,
    /// The `After` of the next page; none when there is nothing behind the place asked for.
    pub(crate) next_after: Option<u64>,
}

/// What takes a name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    name: String,
}

impl Named {
    /// The name, which says something.
    pub(crate) fn name(self) -> Result<String> {
        filled("name", self.name, limits::NAME)
    }
}

/// A text that must say something.
pub(crate) fn filled(parameter: &'static str, text: String, limit: usize) -> Result<String> {
    if text.trim().is_empty() || text.chars().count() > limit {
        return Err(invalid(parameter));
    }
    Ok(text)
}

/// The error for a parameter that is missing or not acceptable.
pub(crate) fn invalid(parameter: &'static str) -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).parameter(parameter)
}
