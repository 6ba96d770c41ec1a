//! The evidence as data: what was asked of whom, what each rule came to, and why.
//!
//! Everything the renderers show stands here, and this is the JSON that is kept and compared. It is made from
//! observations alone, by a pure function: the same observations give the same bytes. No text of the audited
//! account is in it: names of resources, SIDs, hosts, and sentences of ours.

use std::collections::BTreeMap;

use rulebook::{Date, Level, Note, Owner, Rule, Status};
use serde::{Deserialize, Serialize};

use crate::inside::{Keys, Ledger};

/// Version of this shape; [`crate::diff`] refuses to compare different ones.
pub const FORMAT: u32 = 1;

/// What a rule came to for one subject. Ordered from best to worst: the whole is the worst of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The rule says nothing about this subject.
    NotApplicable,
    /// Observed, and as the rule wants it.
    Pass,
    /// Not observable, or not wholly; a named person answers for it.
    Attested,
    /// Nobody could see, and nobody answers for it.
    NotObserved,
    /// Somebody answered for it once, too long ago.
    AttestationExpired,
    /// The answer could not be read: the service failed, or did not speak its own language.
    Error,
    /// Observed, and not as the rule wants it.
    Fail,
}

impl Verdict {
    /// All of them, best first.
    pub const ALL: [Verdict; 7] = [
        Verdict::NotApplicable,
        Verdict::Pass,
        Verdict::Attested,
        Verdict::NotObserved,
        Verdict::AttestationExpired,
        Verdict::Error,
        Verdict::Fail,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::NotApplicable => "not_applicable",
            Verdict::Pass => "pass",
            Verdict::Attested => "attested",
            Verdict::NotObserved => "not_observed",
            Verdict::AttestationExpired => "attestation_expired",
            Verdict::Error => "error",
            Verdict::Fail => "fail",
        }
    }
}

/// What kind of thing is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// An account or subaccount of a communications platform.
    Account,
    /// A workspace of a customer-data platform.
    Workspace,
}

/// One audit, finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The program's version.
    pub tool: String,
    /// The rulebook's edition.
    pub edition: Date,
    /// Its title.
    pub edition_title: String,
    /// The day the observations were made; all expiries are judged by it.
    pub observed_on: Date,
    /// `twilio`, `signalwire`, `switchward` or `segment`.
    pub provider: String,
    /// Host (and port) that was read.
    pub host: String,
    /// The worst verdict of a rule without an exception.
    pub headline: Verdict,
    /// Rules (not answers) by their worst verdict, failures under an exception left out.
    pub counts: BTreeMap<Verdict, usize>,
    /// Rules whose failures are all under an exception.
    pub excepted: usize,
    /// The readings of unclear places that were applied: switch and option.
    pub policies: BTreeMap<String, String>,
    /// Who was judged, in the order of their ids.
    pub subjects: Vec<Subject>,
    /// Every rule of the edition, in the guide's order.
    pub rules: Vec<RuleReport>,
    /// What was read, and what was not, in the order of the table of resources.
    pub sources: Vec<Source>,
    /// What the audit cost.
    pub requests: Requests,
    /// What Switchward says of itself, in a report about itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Own>,
}

/// What a Switchward says of itself as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Its ledger.
    pub ledger: Ledger,
    /// Its keys.
    pub keys: Keys,
}

/// How far the program itself has got with a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Declared, enforced or proven.
    pub status: Status,
    /// Where in the code it is enforced: crate and module.
    pub places: Vec<String>,
    /// The tests named after it.
    pub tests: Vec<String>,
}

/// An account, a subaccount or a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Its SID or id.
    pub id: String,
    /// What it is.
    pub kind: SubjectKind,
    /// The SID of the account that owns it, when another does.
    pub parent: Option<String>,
    /// The designation file says that it is a HIPAA project.
    pub designated: bool,
    /// The guide's truth table (T1) expects it to be one; none when the file does not say enough.
    pub expected: Option<bool>,
    /// The row of T1 that says so.
    pub case: Option<String>,
}

/// One rule and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleReport {
    /// Stable id.
    pub id: String,
    /// A short name.
    pub title: String,
    /// The product it belongs to.
    pub product: String,
    /// The guide's label.
    pub level: Level,
    /// Who is responsible.
    pub owner: Owner,
    /// The requirement in our words.
    pub statement: String,
    /// Places in the sources: `G:121` is line 121 of the guide, `A:4` paragraph 4 of the article.
    pub source: Vec<String>,
    /// Sections of 45 CFR it serves; none for a rule of the product alone.
    pub cfr: Vec<String>,
    /// How bad a failure is: `high`, `medium` or `low`.
    pub severity: String,
    /// What to do about a failure, in one line.
    pub remedy: String,
    /// What an attestation answers.
    pub question: String,
    /// The worst of its answers.
    pub verdict: Verdict,
    /// One per subject, in the order of the subjects.
    pub answers: Vec<Answer>,
    /// In a report of Switchward about itself: what its code does about the rule, and what proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<Built>,
}

impl RuleReport {
    /// What the rulebook says of a rule, with its answers; their worst is its verdict.
    pub fn of(rule: &Rule, note: &Note, answers: Vec<Answer>) -> RuleReport {
        RuleReport {
            id: rule.id.clone(),
            title: note.title.clone(),
            product: rule.product.clone(),
            level: rule.level,
            owner: rule.owner,
            statement: rule.statement.clone(),
            source: rule.source.clone(),
            cfr: note.cfr.clone(),
            severity: note.severity.as_str().to_owned(),
            remedy: note.remedy.clone(),
            question: note.question.clone(),
            built: None,
            verdict: answers.iter().map(|answer| answer.verdict).max().unwrap_or(Verdict::NotApplicable),
            answers,
        }
    }
}

/// What a rule came to for one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The subject's id.
    pub subject: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What was seen by itself, before anybody's word: none when there is no way to look.
    pub observed: Option<Verdict>,
    /// Why, in one sentence.
    pub reason: String,
    /// What it was seen on, at most [`crate::limits::EVIDENCE`] pieces, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Pieces that were left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// The attestation that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationUsed>,
    /// The exception a failure stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<ExceptionUsed>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// The resource of the API, as its documentation calls it.
    pub resource: String,
    /// The instance: its SID, with those of its parents before it (`ISxx/CHxx`).
    pub id: String,
    /// The field, when it is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What about it.
    pub note: String,
}

/// An attestation, as far as the report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationUsed {
    /// Who answered.
    pub by: String,
    /// As what.
    pub role: String,
    /// When.
    pub on: Date,
    /// Until when it stands.
    pub expires: Date,
    /// Where the evidence lies: a link, or `sha256:` of a file.
    pub evidence: String,
}

/// An exception, as far as the report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionUsed {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Date,
}

/// One resource of the API and what became of reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The resource, as its documentation calls it.
    pub resource: String,
    /// Method and path, with `{placeholders}`.
    pub request: String,
    /// What a restricted key needs in order to read it.
    pub permission: String,
    /// Subjects by outcome: `read`, `cut_short`, `denied`, `absent`, `throttled`, `failed`, `malformed`, `not_asked`.
    pub outcomes: BTreeMap<String, usize>,
    /// Rules that could not be observed for want of it.
    pub missed_by: Vec<String>,
}

/// What the audit cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// Requests made, repeats included.
    pub made: usize,
    /// The most that was allowed.
    pub budget: usize,
    /// Resource instances seen.
    pub items: usize,
}
