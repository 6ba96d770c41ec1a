//! What is kept: workspaces in the scope of their account; everything else in the scope of the workspace.

use base::{
    AccountSid, KeySid, PlanRuleSid, RegulationSid, SourceSid, SubjectSid, TrackingPlanSid, WorkspaceSid,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Kind, Name};

use crate::roles::Role;
use crate::schema_settings::SchemaSettings;

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
    /// What sources may be labelled with, and what that means.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Days that its events are kept; `None` for [`crate::limits::KEPT_DAYS`].
    #[serde(default)]
    pub kept_days: Option<u32>,
    /// When the account was told last that fields wait for too long, in microseconds since the epoch.
    #[serde(default)]
    pub inbox_alerted_at: Option<i64>,
}

/// A label. It is configuration and never PHI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// What it is about.
    pub key: String,
    /// What it says about it.
    pub value: String,
    /// What that means, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
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
    /// A name for programs; empty for a source whose name says it (`SourceFacts::slug`).
    #[serde(default)]
    pub slug: String,
    /// Which kind of source it is, in Segment's catalogue.
    #[serde(default)]
    pub metadata_id: String,
    /// What its kind is set to. Kept and shown; nothing here reads it.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// What people filed it under.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// What it does with events that are not planned.
    #[serde(default)]
    pub schema: SchemaSettings,
    /// The tracking plan that its events are judged by.
    #[serde(default)]
    pub tracking_plan: Option<String>,
    /// Who reviews what it holds, for a quarantine (PRO-PLAN-2).
    #[serde(default)]
    pub owner: Option<String>,
    /// The last row of its log that somebody has reviewed.
    #[serde(default)]
    pub reviewed_up_to: u64,
    /// When somebody did last, in microseconds since the epoch.
    #[serde(default)]
    pub reviewed_at: Option<i64>,
    /// Whose word it is.
    #[serde(default)]
    pub reviewed_by: Option<String>,
    /// When the account was told last that nobody reviews it, in microseconds since the epoch.
    #[serde(default)]
    pub alerted_at: Option<i64>,
}

impl SourceFacts {
    /// A source with one write key, about which nothing else is said.
    pub(crate) fn new(name: String, workspace: WorkspaceSid, account: AccountSid, write_key: String) -> Self {
        Self {
            name,
            workspace: workspace.to_string(),
            account: account.to_string(),
            enabled: true,
            write_keys: vec![write_key],
            slug: String::new(),
            metadata_id: String::new(),
            settings: Map::new(),
            labels: Vec::new(),
            schema: SchemaSettings::default(),
            tracking_plan: None,
            owner: None,
            reviewed_up_to: 0,
            reviewed_at: None,
            reviewed_by: None,
            alerted_at: None,
        }
    }

    /// Its name for programs.
    pub(crate) fn slug(&self) -> String {
        if self.slug.is_empty() { slug_of(&self.name) } else { self.slug.clone() }
    }

    /// The tracking plan that its events are judged by.
    pub(crate) fn plan(&self) -> Option<TrackingPlanSid> {
        self.tracking_plan.as_ref()?.parse().ok()
    }

    /// Its workspace and account, which are SIDs.
    pub fn place(&self) -> Option<(WorkspaceSid, AccountSid)> {
        Some((self.workspace.parse().ok()?, self.account.parse().ok()?))
    }
}

/// The kind of tracking plan documents.
#[derive(Debug)]
pub enum TrackingPlan {}

impl Kind for TrackingPlan {
    const NAME: &'static str = "segment-tracking-plan";
    type Sid = TrackingPlanSid;
    type Facts = PlanFacts;
    type Content = ();
    // Every change of a rule writes its plan too: what was compiled of an older revision is not asked any more.
    const STEADY: bool = true;
}

/// A tracking plan; its rules are documents that belong to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanFacts {
    /// A name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `LIVE`, or one of Segment's other types, which no source can be judged by.
    pub plan_type: String,
    /// How many rules it has.
    pub rules: usize,
    /// Bytes of their schemas together.
    pub bytes: usize,
}

/// The kind of rule documents: their SID is a digest of plan, type, key and version, so that there is one of each.
#[derive(Debug)]
pub enum PlanRule {}

impl Kind for PlanRule {
    const NAME: &'static str = "segment-plan-rule";
    type Sid = PlanRuleSid;
    type Facts = RuleFacts;
    type Content = ();
}

/// A rule of a tracking plan. What it says is configuration: names of events and fields, and what they may be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RuleFacts {
    /// `TRACK`, `IDENTIFY`, `GROUP`, `PAGE`, `SCREEN` or `COMMON`.
    pub rule_type: String,
    /// The event of a track rule.
    pub key: Option<String>,
    /// The version of the event.
    pub version: u32,
    /// The schema as JSON.
    pub schema: String,
}

/// The kind of documents of the Public API's tokens.
#[derive(Debug)]
pub enum Token {}

impl Kind for Token {
    const NAME: &'static str = "segment-token";
    type Sid = KeySid;
    type Facts = TokenFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// A token of the Public API. It was shown once; what is kept knows it when it comes back, and cannot show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenFacts {
    /// A name for people.
    pub name: String,
    /// The workspace that it opens.
    pub workspace: String,
    /// The account that owns the workspace.
    pub account: String,
    /// What it may do there; empty for one that opens what its person may do.
    pub roles: Vec<Role>,
    /// Whose it is, when it was made for somebody.
    #[serde(default)]
    pub person: Option<String>,
    /// The keyed digest of its secret.
    pub digest: [u8; 32],
}

/// The kind of documents that say who was suppressed or deleted when.
#[derive(Debug)]
pub enum Regulation {}

impl Kind for Regulation {
    const NAME: &'static str = "segment-regulation";
    type Sid = RegulationSid;
    type Facts = RegulationFacts;
    type Content = ();
}

/// What was done with whom. People are named by their subjects: who was deleted is not called by name here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegulationFacts {
    /// Segment's word for it.
    pub regulation_type: String,
    /// With whom.
    pub subjects: Vec<String>,
    /// What they were named by: `USER_ID` or `ANONYMOUS_ID`.
    #[serde(default = "user_id")]
    pub subject_type: String,
    /// The streams of a deletion, with the destinations that got events and are not told of it: none takes deletions.
    #[serde(default)]
    pub streams: Vec<Stream>,
}

/// A source, and where its events went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stream {
    /// The source.
    pub source: String,
    /// Destinations of it.
    pub destinations: Vec<String>,
}

fn user_id() -> String {
    "USER_ID".to_owned()
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

/// Who is suppressed, as the customer or a device calls them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppressed {
    /// The user id.
    UserId(String),
    /// The anonymous id.
    AnonymousId(String),
}

/// The name by which a write key finds its source.
pub(crate) fn write_key_name(key: &str) -> Name {
    Name::custom("segment-write-key", key)
}

/// The name by which a source finds its workspace.
pub(crate) fn source_name(source: SourceSid) -> Name {
    Name::custom("segment-source", &source.to_string())
}

/// The name by which a token of the Public API finds its workspace.
pub(crate) fn token_name(token: KeySid) -> Name {
    Name::custom("segment-token", &token.to_string())
}

/// A name for programs from one for people: small letters and digits, and a hyphen for whatever else stands between.
pub(crate) fn slug_of(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The name that somebody who was deleted has in a workspace: what stands under it is when, in microseconds since the
/// epoch. What happened before is not taken again, whoever sends it.
pub(crate) fn deletion_name(workspace: WorkspaceSid, subject: SubjectSid) -> Name {
    Name::custom("segment-deletion", &format!("{workspace}|{subject}"))
}

/// The name that somebody who is suppressed has in a workspace.
pub(crate) fn suppression_name(workspace: WorkspaceSid, subject: SubjectSid) -> Name {
    Name::custom("segment-suppression", &format!("{workspace}|{subject}"))
}
