//! What is kept: workspaces in the scope of their account; everything else in the scope of the workspace.

use base::{AccountSid, SourceSid, SubjectSid, WorkspaceSid};
use serde::{Deserialize, Serialize};
use store::{Kind, Name};

/// The kind of workspace documents; they live in the scope of the account that owns them.
#[derive(Debug)]
pub enum Workspace {}

impl Kind for Workspace {
    const NAME: &'static str = "segment-workspace";
    type Sid = WorkspaceSid;
    type Facts = WorkspaceFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// A workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkspaceFacts {
    /// A name for people.
    pub name: String,
    /// How it became a HIPAA workspace; `None` for one that is not. Nothing hands it down: not the account, not
    /// another workspace (SEG-DES-3). It never goes back.
    pub designation: Option<Designation>,
    /// Whether events are taken only with consent (PRIV-CONSENT-1).
    pub consent_required: bool,
}

impl WorkspaceFacts {
    /// Whether it is a HIPAA workspace.
    pub fn is_hipaa(&self) -> bool {
        self.designation.is_some()
    }
}

/// How a workspace was designated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Designation {
    /// When, in microseconds since the epoch.
    pub at: i64,
    /// The ticket or schedule that asks for it (SEG-DES-4).
    pub reference: String,
    /// Who asked.
    pub requester: String,
}

/// The kind of source documents.
#[derive(Debug)]
pub enum Source {}

impl Kind for Source {
    const NAME: &'static str = "segment-source";
    type Sid = SourceSid;
    type Facts = SourceFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// A source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceFacts {
    /// A name for people.
    pub name: String,
    /// The workspace it is in.
    pub workspace: String,
    /// The account that owns the workspace.
    pub account: String,
    /// Whether its events are taken.
    pub enabled: bool,
    /// What SDKs send to say that events are this source's. They stand in web pages and are no secrets.
    pub write_keys: Vec<String>,
}

impl SourceFacts {
    /// Its workspace and account, which are SIDs.
    pub(crate) fn place(&self) -> Option<(WorkspaceSid, AccountSid)> {
        Some((self.workspace.parse().ok()?, self.account.parse().ok()?))
    }
}

/// The kind of suppression documents: their SID is the subject's.
#[derive(Debug)]
pub enum Suppression {}

impl Kind for Suppression {
    const NAME: &'static str = "segment-suppression";
    type Sid = SubjectSid;
    type Facts = ();
    type Content = Suppressed;
    // Every write of one makes what is known of subjects be read anew.
    const STEADY: bool = true;
}

/// Who is suppressed, as the customer calls them.
#[derive(Serialize, Deserialize)]
pub struct Suppressed {
    /// The user id.
    pub user_id: String,
}

/// The name by which a write key finds its source.
pub(crate) fn write_key_name(key: &str) -> Name {
    Name::custom("segment-write-key", key)
}

/// The name by which a source finds its workspace.
pub(crate) fn source_name(source: SourceSid) -> Name {
    Name::custom("segment-source", &source.to_string())
}

/// The name that somebody who is suppressed has in a workspace.
pub(crate) fn suppression_name(workspace: WorkspaceSid, subject: SubjectSid) -> Name {
    Name::custom("segment-suppression", &format!("{workspace}|{subject}"))
}
