//! The designation file: which accounts and workspaces are HIPAA projects, since when, and by whose word.
//!
//! No API of a vendor shows it (D-HIPAA-1), so it is written down, and compared with the guide's truth table.

use std::collections::BTreeMap;

use rulebook::{Date, Rulebook};
use serde::{Deserialize, Serialize};
use statements::{Mistake, Signer, Text};
use toml::Spanned;

use crate::observations::Observations;
use crate::report::SubjectKind;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Designation {
    /// The agreement with the vendor.
    pub agreement: Option<Agreement>,
    /// The Organization that the accounts are linked to, if there is one.
    pub organization: Option<String>,
    /// Policy switches chosen other than the edition's default.
    pub policy: BTreeMap<String, String>,
    /// Accounts and subaccounts.
    pub accounts: Vec<Account>,
    /// Workspaces.
    pub workspaces: Vec<Workspace>,
    /// People whose attestations count.
    pub signers: Vec<Signer>,
    /// After how many days a kind of record must be gone, by its name.
    pub retention: BTreeMap<String, u16>,
}

/// Kinds of records whose retention limit may be written down.
const RETAINED: &[&str] = &["calls", "messages", "recordings", "video-recordings"];

/// The agreement that permits PHI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// With whom.
    pub counterparty: String,
    /// When it was begun.
    pub initiated: Date,
    /// When it was signed.
    pub signed: Date,
    /// Its last day, if it has one.
    pub expires: Option<Date>,
    /// What it covers.
    pub services: Vec<String>,
    /// Who signed.
    pub signer: String,
}

/// How an account was designated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Named in the agreement, at signing.
    Agreement,
    /// By a later request to support.
    Support,
    /// By the customer in its Organization.
    SelfService,
    /// Because its owner is designated.
    Inherited,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its SID.
    pub sid: String,
    /// It is a HIPAA project.
    pub designated: bool,
    /// How; none when it is not.
    pub method: Option<Method>,
    /// Since when.
    pub date: Option<Date>,
    /// By whose word.
    pub signer: String,
}

/// One workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: String,
    /// It is a HIPAA project.
    pub designated: bool,
    /// Since when.
    pub date: Option<Date>,
    /// By whose word.
    pub signer: String,
}

impl Designation {
    /// Reads the file.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn read(file: &str, text: &str) -> Result<Designation, Mistake> {
        let text = Text { file, text };
        let shape: Shape = text.parse()?;
        let designation = Designation {
            agreement: shape.agreement.as_ref().map(|row| agreement(&text, row)).transpose()?,
            organization: shape.organization.as_ref().map(|sid| organization(&text, sid)).transpose()?,
            policy: policies(&text, &shape.policy)?,
            accounts: shape.account.iter().map(|row| account(&text, row)).collect::<Result<_, _>>()?,
            workspaces: shape.workspace.iter().map(|row| workspace(&text, row)).collect::<Result<_, _>>()?,
            signers: shape.signer.iter().map(|row| signer(&text, row)).collect::<Result<_, _>>()?,
            retention: shape
                .retention
                .iter()
                .map(|(kind, days)| retention(&text, kind, days))
                .collect::<Result<_, _>>()?,
        };
        for (index, row) in shape.account.iter().enumerate() {
            if shape.account[..index].iter().any(|other| other.sid.get_ref() == row.sid.get_ref()) {
                return Err(text.at(&row.sid.span(), "is in the file already"));
            }
        }
        Ok(designation)
    }

    /// Takes every account and workspace of these observations as designated, whatever the file says.
    pub fn assume(&mut self, seen: &Observations) {
        for subject in &seen.subjects {
            match subject.kind {
                SubjectKind::Account => {
                    let known = self.accounts.iter().position(|it| it.sid == subject.id);
                    let signer = "--assume-designated".to_owned();
                    let assumed = Account {
                        sid: subject.id.clone(),
                        designated: true,
                        method: Some(Method::Support),
                        date: Some(seen.observed_on),
                        signer,
                    };
                    match known {
                        Some(index) if self.accounts[index].designated => {}
                        Some(index) => self.accounts[index] = assumed,
                        None => self.accounts.push(assumed),
                    }
                }
                SubjectKind::Workspace => {
                    self.workspaces.retain(|it| it.id != subject.id || it.designated);
                    if !self.workspaces.iter().any(|it| it.id == subject.id) {
                        let signer = "--assume-designated".to_owned();
                        self.workspaces.push(Workspace {
                            id: subject.id.clone(),
                            designated: true,
                            date: Some(seen.observed_on),
                            signer,
                        });
                    }
                }
            }
        }
    }

    /// What the file says of an account.
    pub fn account(&self, sid: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.sid == sid)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    agreement: Option<AgreementShape>,
    organization: Option<Spanned<String>>,
    #[serde(default)]
    policy: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    account: Vec<AccountShape>,
    #[serde(default)]
    workspace: Vec<WorkspaceShape>,
    #[serde(default)]
    signer: Vec<SignerShape>,
    #[serde(default)]
    retention: BTreeMap<String, Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgreementShape {
    counterparty: Spanned<String>,
    initiated: Spanned<String>,
    signed: Spanned<String>,
    expires: Option<Spanned<String>>,
    services: Vec<String>,
    signer: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountShape {
    sid: Spanned<String>,
    designated: bool,
    method: Option<Method>,
    date: Option<Spanned<String>>,
    signer: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceShape {
    id: Spanned<String>,
    designated: bool,
    date: Option<Spanned<String>>,
    signer: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignerShape {
    name: Spanned<String>,
    role: Spanned<String>,
    key: Spanned<String>,
}

fn agreement(text: &Text<'_>, row: &AgreementShape) -> Result<Agreement, Mistake> {
    let agreement = Agreement {
        counterparty: text.said(&row.counterparty)?,
        initiated: text.day(&row.initiated)?,
        signed: text.day(&row.signed)?,
        expires: row.expires.as_ref().map(|day| text.day(day)).transpose()?,
        services: row.services.clone(),
        signer: text.said(&row.signer)?,
    };
    if agreement.signed < agreement.initiated {
        return Err(text.at(&row.signed.span(), "is before the agreement was initiated"));
    }
    Ok(agreement)
}

fn policies(
    text: &Text<'_>,
    rows: &BTreeMap<String, Spanned<String>>,
) -> Result<BTreeMap<String, String>, Mistake> {
    let edition = Rulebook::embedded().latest();
    let mut chosen = BTreeMap::new();
    for (name, option) in rows {
        let Some(policy) = edition.policies.iter().find(|policy| policy.name == *name) else {
            return Err(text.at(&option.span(), "is not a policy switch of this edition"));
        };
        if !policy.options.contains(option.get_ref()) {
            let what = format!("is not an option; there are: {}", policy.options.join(", "));
            return Err(text.at(&option.span(), &what));
        }
        chosen.insert(name.clone(), option.get_ref().clone());
    }
    Ok(chosen)
}

fn organization(text: &Text<'_>, sid: &Spanned<String>) -> Result<String, Mistake> {
    let hex =
        sid.get_ref().strip_prefix("OR").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    if !(hex && sid.get_ref().len() == 34) {
        let what = "is not the SID of an Organization (OR and 32 hexadecimal digits)";
        return Err(text.at(&sid.span(), what));
    }
    Ok(sid.get_ref().clone())
}

fn retention(text: &Text<'_>, kind: &str, days: &Spanned<u16>) -> Result<(String, u16), Mistake> {
    if !RETAINED.contains(&kind) {
        let what = format!("is a limit for no kind of record; there are: {}", RETAINED.join(", "));
        return Err(text.at(&days.span(), &what));
    }
    if *days.get_ref() == 0 {
        return Err(text.at(&days.span(), "must be at least one day"));
    }
    Ok((kind.to_owned(), *days.get_ref()))
}

fn account(text: &Text<'_>, row: &AccountShape) -> Result<Account, Mistake> {
    let sid = row.sid.get_ref();
    let hex = sid.strip_prefix("AC").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    // SignalWire's projects are UUIDs.
    let is_uuid = sid.len() == 36 && sid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if !(hex && sid.len() == 34 || is_uuid) {
        return Err(text.at(&row.sid.span(), "is not the SID of an account (AC and 32 hexadecimal digits)"));
    }
    let date = row.date.as_ref().map(|day| text.day(day)).transpose()?;
    if row.designated && (date.is_none() || row.method.is_none()) {
        return Err(
            text.at(&row.sid.span(), "is designated, so `date` and `method` must say since when and how")
        );
    }
    Ok(Account {
        sid: sid.clone(),
        designated: row.designated,
        method: row.method,
        date,
        signer: text.said(&row.signer)?,
    })
}

fn workspace(text: &Text<'_>, row: &WorkspaceShape) -> Result<Workspace, Mistake> {
    let date = row.date.as_ref().map(|day| text.day(day)).transpose()?;
    if row.designated && date.is_none() {
        return Err(text.at(&row.id.span(), "is designated, so `date` must say since when"));
    }
    Ok(Workspace {
        id: text.said(&row.id)?,
        designated: row.designated,
        date,
        signer: text.said(&row.signer)?,
    })
}

fn signer(text: &Text<'_>, row: &SignerShape) -> Result<Signer, Mistake> {
    let key = data_encoding::BASE64.decode(row.key.get_ref().as_bytes()).unwrap_or_default();
    if key.len() != 32 {
        return Err(text.at(
            &row.key.span(),
            "is not an Ed25519 public key in base64 (`switchward audit keygen` makes one)",
        ));
    }
    Ok(Signer { name: text.said(&row.name)?, role: text.said(&row.role)?, key })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Designation::read("designation.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn limits_of_retention_are_days_of_a_known_kind() {
        let read = Designation::read("designation.toml", "[retention]\nmessages = 365\n").unwrap();
        assert_eq!(read.retention.get("messages"), Some(&365));
        let unknown = problem("[retention]\nmessages = 365\nletters = 30\n");
        assert!(unknown.contains("designation.toml:3") && unknown.contains("video-recordings"), "{unknown}");
        assert!(problem("[retention]\nmessages = 0\n").contains("at least one day"));
    }

    #[test]
    fn an_organization_has_a_sid() {
        let sid = "OR00000000000000000000000000000001";
        let read = Designation::read("designation.toml", &format!("organization = \"{sid}\"\n")).unwrap();
        assert_eq!(read.organization.as_deref(), Some(sid));
        assert!(problem("organization = \"AC00000000000000000000000000000001\"\n").contains("Organization"));
    }
}
