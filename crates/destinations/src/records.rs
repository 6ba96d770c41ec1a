//! What is kept, all of it in the scope of the workspace.

use auth::Secret;
use base::{AccountSid, DeadLetterSid, DestinationSid, ManifestSid, SourceSid, WorkspaceSid};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Kind, Name};

/// The kind of destination documents.
#[derive(Debug)]
pub enum Destination {}

impl Kind for Destination {
    const NAME: &'static str = "segment-destination";
    type Sid = DestinationSid;
    type Facts = DestinationFacts;
    type Content = ();
}

/// A destination with everything that decides what leaves to it: one document, so that what is approved is one thing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DestinationFacts {
    /// What `integrations` of events call it by.
    pub name: String,
    /// The account that owns the workspace.
    pub account: String,
    /// The workspace it is in.
    pub workspace: String,
    /// The source whose events it is given.
    pub source: String,
    /// How it is reached.
    pub settings: Settings,
    /// Whether it is given events.
    pub enabled: bool,
    /// Payloads a second at most.
    pub max_per_second: Option<u32>,
    /// Consent categories that must all be allowed.
    pub consent_categories: Vec<String>,
    /// Filters, in their order.
    pub filters: Vec<FilterRecord>,
    /// Mappings; without any, events go as they are.
    pub mappings: Vec<MappingRecord>,
    /// What it may be given.
    pub grants: Vec<Grant>,
    /// What of that it is given encrypted.
    #[serde(default)]
    pub encryption: Option<FieldEncryption>,
    /// What was approved to leave.
    pub approved: Option<Approved>,
    /// Whose credentials changed what can leave since then: in a HIPAA workspace somebody else's approve it.
    #[serde(default)]
    pub authors: Vec<String>,
}

impl DestinationFacts {
    /// Its account, workspace and source, which are SIDs.
    pub(crate) fn place(&self) -> Option<(AccountSid, WorkspaceSid, SourceSid)> {
        Some((self.account.parse().ok()?, self.workspace.parse().ok()?, self.source.parse().ok()?))
    }
}

/// How a destination is reached, by its kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Settings {
    /// An HTTP server.
    Webhook(WebhookSettings),
    /// A PostgreSQL database.
    Postgres(PostgresSettings),
    /// A bucket that speaks S3.
    #[serde(rename = "s3")]
    Archive(ArchiveSettings),
    /// A stream of NATS JetStream.
    Nats(NatsSettings),
}

/// A stream of NATS JetStream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NatsSettings {
    /// The server's host, as a URL has it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What messages are published to; a stream takes it.
    pub subject: String,
    /// The user; empty for none.
    pub user: String,
    /// The user's password.
    pub password: Secret,
    /// A token in their place.
    pub token: Option<Secret>,
    /// Whether the connection is encrypted; without, it is to this machine.
    pub tls: bool,
    /// Payloads published together at most.
    pub batch_size: u32,
}

/// A PostgreSQL database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PostgresSettings {
    /// Its host, as a URL has it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// The role's password.
    pub password: Secret,
    /// The schema of the tables.
    pub schema: String,
    /// Whether the connection is encrypted; without, it is to this machine.
    pub tls: bool,
    /// Payloads of one transaction at most.
    pub batch_size: u32,
}

/// A bucket that speaks S3.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArchiveSettings {
    /// Its name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// Where it is, when not at AWS: scheme, host and port.
    pub endpoint: Option<String>,
    /// What names begin with.
    pub prefix: String,
    /// Who we are.
    pub access_key_id: Secret,
    /// What we prove it by.
    pub secret_access_key: Secret,
    /// What objects are encrypted with there.
    pub encryption: Encryption,
    /// The key for that, when it is not the account's own.
    pub kms_key_id: Option<String>,
    /// What a folder holds.
    pub every: Every,
    /// Payloads of one object at most.
    pub batch_size: u32,
}

/// What objects are encrypted with where they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// By a key of the service's (SSE-S3).
    #[serde(rename = "AES256")]
    Aes256,
    /// By a key of its key management (SSE-KMS).
    #[serde(rename = "aws:kms")]
    Kms,
    /// As the bucket does it by itself; whoever approves the manifest answers for it.
    #[serde(rename = "bucket")]
    Bucket,
}

/// What a folder of an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// The events of an hour (UTC).
    Hour,
    /// The events of a day (UTC).
    Day,
}

/// An HTTP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// Where to; it may hold a token, so it is shown without its query.
    pub url: Secret,
    /// Headers of every request; their values are never shown.
    pub headers: Vec<(String, Secret)>,
    /// What bodies are signed with.
    pub secret: Option<Secret>,
    /// Payloads of one request at most. With one the body is the payload, else a list.
    pub batch_size: u32,
}

/// A destination filter.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct FilterRecord {
    /// What it is called by in the API.
    pub id: String,
    /// A title for people.
    pub title: String,
    /// What more there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it acts: FQL, or `all`.
    #[serde(rename = "if")]
    pub condition: String,
    /// What it does, in the form of the Public API.
    pub actions: Vec<Value>,
    /// Whether it acts at all.
    pub enabled: bool,
}

/// A mapping with its trigger (a *subscription* in the Public API).
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct MappingRecord {
    /// What it is called by in the API.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Which events: FQL, or `all`.
    pub trigger: String,
    /// What is made of them, in directives.
    pub mapping: Value,
    /// Whether it makes anything.
    pub enabled: bool,
}

/// A path that a destination may be given.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Grant {
    /// The place in an event.
    pub path: String,
    /// Why the destination needs it.
    pub reason: String,
    /// The person who answers for that.
    pub signer: String,
    /// Whose credentials granted it: the ledger has the entry.
    pub granted_by: String,
    /// When, in microseconds since the epoch.
    pub granted_at: i64,
}

/// Fields that leave encrypted.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct FieldEncryption {
    /// For whom: an RSA public key, in PEM. Nobody here has the private one.
    pub public_key: String,
    /// Their places in an event.
    pub fields: Vec<String>,
}

/// The approval in force.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Approved {
    /// The record of what was approved.
    pub manifest: String,
    /// The digest of its lines.
    pub digest: String,
}

/// The kind of approved manifests. They are kept: the accounting of disclosures names them.
#[derive(Debug)]
pub enum ApprovedManifest {}

impl Kind for ApprovedManifest {
    const NAME: &'static str = "segment-manifest";
    type Sid = ManifestSid;
    type Facts = ApprovedManifestFacts;
    type Content = ();
}

/// What may leave to whom, as somebody approved it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApprovedManifestFacts {
    /// The destination.
    pub destination: String,
    /// What it was called.
    pub destination_name: String,
    /// Who received: the party of the register; for a host of none, the host.
    pub party: String,
    /// Its host.
    pub host: String,
    /// What can leave.
    pub lines: Vec<String>,
    /// The person who approved.
    pub signer: String,
    /// Whose credentials approved.
    pub approved_by: String,
    /// Whether other credentials than these had changed what can leave.
    pub second: bool,
}

/// The kind of records of events that were given up.
#[derive(Debug)]
pub enum DeadLetter {}

impl Kind for DeadLetter {
    const NAME: &'static str = "segment-dead-letter";
    type Sid = DeadLetterSid;
    type Facts = DeadLetterFacts;
    type Content = ();
}

/// Events that a destination did not take. Nothing of what they say: where in the log they are, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetterFacts {
    /// Why: `rejected` or `gave_up`.
    pub reason: String,
    /// The HTTP status of the last answer, or the code of what went wrong.
    pub status: u32,
    /// Attempts that were made.
    pub attempts: u32,
    /// The row of the log that the first of them is in.
    pub row: u64,
    /// The events' ids, as the destination would have had them.
    pub ids: Vec<String>,
}

/// The name by which a destination finds its workspace.
pub(crate) fn destination_name(sid: DestinationSid) -> Name {
    Name::custom("segment-destination", &sid.to_string())
}
