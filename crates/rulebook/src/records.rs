//! The records of the rulebook: what one rule, one system and one policy switch are.
//!
//! Field names are those of the data files and of `switchward rules --json`.

use crate::dates::Date;
use serde::{Deserialize, Serialize};

/// How the guide labels a statement (CON-LABEL-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Must be done.
    Required,
    /// Should be done; on by default here.
    Recommended,
    /// Needs thought: the guide describes a risk and a way to treat it.
    SpecialConsideration,
    /// May not be used for PHI.
    NotEligible,
    /// What the platform itself does, always or once an account is designated.
    PlatformChange,
    /// Belongs to the agreement or to the guide as a document.
    Contract,
    /// May be used: the proof is that nothing refuses it.
    Eligible,
}

impl Level {
    /// Every level, in the order reports print them.
    pub const ALL: [Level; 7] = [
        Level::Required,
        Level::Recommended,
        Level::SpecialConsideration,
        Level::NotEligible,
        Level::PlatformChange,
        Level::Contract,
        Level::Eligible,
    ];
}

/// Who the guide holds responsible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The one who builds on the platform.
    Customer,
    /// The one who runs the platform.
    Platform,
    /// Both, each for a part.
    Both,
}

/// A way in which the platform makes a rule hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Refused at request time.
    Refuse,
    /// Set by designation and locked.
    Default,
    /// Detected by the audit.
    Audit,
    /// Stated by a named person, with an expiry.
    Attest,
    /// Shown on the posture page and in the evidence report.
    Posture,
}

/// How a rule can be observed on an account of another vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ObserveClass {
    /// Readable through an API.
    #[serde(rename = "A")]
    Api,
    /// Needs an active probe.
    #[serde(rename = "P")]
    Probe,
    /// Needs sampled content.
    #[serde(rename = "S")]
    Sample,
    /// Not observable; only an attestation can settle it.
    #[serde(rename = "N")]
    NotObservable,
}

/// One requirement of the guide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable id such as `SMS-GEO-1`; never renumbered.
    pub id: String,
    /// Product the statement is about.
    pub product: String,
    /// The guide's label.
    pub level: Level,
    /// Who is responsible.
    pub owner: Owner,
    /// The requirement in our words.
    pub statement: String,
    /// What this platform does, or is to do, so that the rule holds.
    pub enforcement: String,
    /// The means of `enforcement`; where it refers to another rule ("As VOI-MKT-1"), that rule's too.
    pub means: Vec<Means>,
    /// Where the rule can be observed on a foreign account.
    pub observe: String,
    /// The classes found in `observe`.
    pub observe_classes: Vec<ObserveClass>,
    /// The test that would prove the rule.
    pub proof_wanted: String,
    /// Places in the sources: `G:121` is line 121 of the guide, `A:4` paragraph 4 of the article.
    pub source: Vec<String>,
}

/// A fact outside the guide without which one of its rules would not really hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Stable id, always `D-*`.
    pub id: String,
    /// Rules that depend on it; empty when it concerns every audit.
    pub supports: Vec<String>,
    /// The fact.
    pub fact: String,
    /// What follows for this platform and for the audit.
    pub action: String,
}

/// Whether a system may touch PHI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Eligibility {
    /// Yes.
    Eligible,
    /// Yes, where the named rules hold.
    Conditions,
    /// No.
    NotEligible,
}

/// A product, service, feature or control the guide names. One list is complete (CON-LIST-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Stable id such as `verify-push`.
    pub id: String,
    /// Name as people say it; may change (AI-NAME-1).
    pub name: String,
    /// Family, for grouping in reports.
    pub kind: String,
    /// The verdict of this edition.
    pub verdict: Eligibility,
    /// The verdict's reason or condition in words.
    pub condition: String,
    /// Rules behind the verdict; the first one is the one a refusal names.
    pub rules: Vec<String>,
    /// Includes AI or machine learning (AI-GEN-2: decided by this tag, not by name).
    pub ai_ml: bool,
    /// Day on which its withdrawal was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_on: Option<Date>,
    /// Day on which its withdrawal takes effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<Date>,
}

/// A reading chosen where the guide is silent or unclear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySwitch {
    /// Name used in configuration and reports.
    pub name: String,
    /// Option applied unless the operator attests another.
    pub default: String,
    /// Options this build knows.
    pub options: Vec<String>,
    /// What the guide leaves open.
    pub question: String,
    /// Why the default is what it is.
    pub explanation: String,
}

/// One dated change of the guide (CON-EDITION-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Day of publication.
    pub date: Date,
    /// What changed.
    pub text: String,
    /// Ids of the systems whose eligibility changed.
    pub systems: Vec<String>,
}

/// A glossary entry (CON-TERMS-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The term.
    pub name: String,
    /// Its meaning unless the customer's agreement says otherwise.
    pub meaning: String,
}

/// How bad a failure is for patients' data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A record or a name is wrong.
    Low,
    /// A safeguard is weaker or missing.
    Medium,
    /// PHI can reach people or parties it must not, or a patient can come to harm.
    High,
}

impl Severity {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// What the evidence report says about a rule beside its statement.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The rule's id.
    pub rule: String,
    /// A short name.
    pub title: String,
    /// Sections of 45 CFR the duty serves; none for a duty of the product alone.
    pub cfr: Vec<String>,
    /// What to do about a failure, in one line.
    pub remedy: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// The question a person answers with yes when the rule holds.
    pub question: String,
    /// Who may answer it.
    pub role: String,
    /// How many days an answer stands.
    pub attest_days: u16,
    /// Whether a person's word can settle it at all.
    pub attestable: bool,
}

/// How far the code has got with a rule. A later status includes the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Written down only.
    Declared,
    /// Some code makes it hold.
    Enforced,
    /// Enforced, and tests exist in both directions.
    Proven,
}
