//! The register of third parties: whose hosts may be given PHI, under which agreement.

use rulebook::Date;
use serde::Deserialize;
use toml::Spanned;

use super::read::{Mistake, Text};

/// All parties on record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// In the order of the file.
    pub parties: Vec<Party>,
}

/// One third party, or the customer itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Who.
    pub name: String,
    /// Its hosts: `api.example.org`, or `*.example.org` for every name below.
    pub hosts: Vec<String>,
    /// It is the customer itself, so that no agreement is needed.
    pub own: bool,
    /// Last day of the agreement with it; none when there is no agreement, or it has no end.
    pub expires: Option<Date>,
    /// When that agreement was signed; none without one.
    pub signed: Option<Date>,
    /// What it does.
    pub services: Vec<String>,
    /// Whom to call.
    pub contact: String,
    /// Its subcontractors.
    pub subcontractors: Vec<String>,
    /// By when somebody looks at it again.
    pub review_by: Option<Date>,
}

impl Party {
    /// Whether it may be given PHI on this day.
    pub fn is_covered(&self, today: Date) -> bool {
        self.own
            || (self.signed.is_some_and(|signed| signed <= today)
                && self.expires.is_none_or(|last| today <= last))
    }

    fn has(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => {
                host.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            None => pattern == host,
        })
    }
}

impl Register {
    /// Reads the file.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn read(file: &str, text: &str) -> Result<Register, Mistake> {
        let text = Text { file, text };
        let shape: Shape = text.parse()?;
        let parties = shape.party.iter().map(|row| party(&text, row)).collect::<Result<_, _>>()?;
        Ok(Register { parties })
    }

    /// The party a host belongs to.
    pub fn party_of(&self, host: &str) -> Option<&Party> {
        self.parties.iter().find(|party| party.has(host))
    }

    /// Whether a host belongs to a party that may be given PHI on this day.
    pub fn covers(&self, host: &str, today: Date) -> bool {
        self.parties.iter().any(|party| party.has(host) && party.is_covered(today))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(default)]
    party: Vec<PartyShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartyShape {
    name: Spanned<String>,
    hosts: Vec<Spanned<String>>,
    #[serde(default)]
    own: bool,
    agreement: Option<AgreementShape>,
    #[serde(default)]
    services: Vec<String>,
    contact: Spanned<String>,
    #[serde(default)]
    subcontractors: Vec<String>,
    review_by: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgreementShape {
    signed: Spanned<String>,
    expires: Option<Spanned<String>>,
}

fn party(text: &Text<'_>, row: &PartyShape) -> Result<Party, Mistake> {
    let day = |day: &Option<Spanned<String>>| day.as_ref().map(|day| text.day(day)).transpose();
    let signed = row.agreement.as_ref().map(|agreement| text.day(&agreement.signed)).transpose()?;
    let expires = match &row.agreement {
        Some(agreement) => day(&agreement.expires)?,
        None => None,
    };
    if let (Some(signed), Some(expires), Some(agreement)) = (signed, expires, &row.agreement)
        && expires < signed
    {
        let at = agreement.expires.as_ref().map_or(0..0, Spanned::span);
        return Err(text.at(&at, "is before the day it was signed"));
    }
    Ok(Party {
        name: text.said(&row.name)?,
        hosts: row.hosts.iter().map(|host| host_pattern(text, host)).collect::<Result<_, _>>()?,
        own: row.own,
        expires,
        signed,
        services: row.services.clone(),
        contact: text.said(&row.contact)?,
        subcontractors: row.subcontractors.clone(),
        review_by: day(&row.review_by)?,
    })
}

fn host_pattern(text: &Text<'_>, host: &Spanned<String>) -> Result<String, Mistake> {
    let lower = host.get_ref().to_ascii_lowercase();
    let name = lower.strip_prefix("*.").unwrap_or(&lower);
    let is_host = name.contains('.') || name == "localhost";
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if is_host && letters && !name.starts_with('.') && !name.ends_with('.') {
        Ok(lower)
    } else {
        Err(text.at(&host.span(), "is not a host; write `api.example.org` or `*.example.org`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[party]]
name = "Example Hospital"
hosts = ["*.hospital.example.org", "10.0.0.7"]
own = true
contact = "it@hospital.example.org"

[[party]]
name = "Example Cloud"
hosts = ["api.cloud.example.com"]
agreement = { signed = "2025-01-01", expires = "2026-01-01" }
contact = "legal@cloud.example.com"
"#;

    #[test]
    fn covers_hosts_of_parties_under_agreement() {
        let register = Register::read("register.toml", GOOD).unwrap();
        let on = |host, day| register.covers(host, Date::parse(day).unwrap());
        assert!(on("app.hospital.example.org", "2030-01-01"));
        assert!(!on("hospital.example.org", "2030-01-01"), "the star stands for a name");
        assert!(!on("evilhospital.example.org", "2030-01-01"));
        assert!(on("api.cloud.example.com", "2026-01-01"), "the last day counts");
        assert!(!on("api.cloud.example.com", "2026-01-02"));
        assert!(!on("api.cloud.example.com", "2024-12-31"));
        assert!(!on("elsewhere.example.net", "2025-06-01"));
    }

    #[test]
    fn mistakes_name_line_and_field() {
        let mistake = |from: &str, to: &str| Register::read("r.toml", &GOOD.replace(from, to)).unwrap_err();
        let shown = |from: &str, to: &str| mistake(from, to).to_string();
        assert!(shown("2026-01-01", "2026-02-30").starts_with("r.toml:11: `agreement`: a date is written"));
        assert!(shown("2026-01-01", "2024-02-01").contains("is before the day it was signed"));
        assert!(shown("\"10.0.0.7\"", "\"https://x.org\"").starts_with("r.toml:4: `hosts`: is not a host"));
        assert!(shown("own = true", "owned = true").starts_with("r.toml:5: `owned`: unknown field"));
        assert!(shown("own = true", "own = 7").starts_with("r.toml:5: `own`: invalid type"));
        assert!(shown("\"legal@cloud.example.com\"", "\"\"").ends_with("`contact`: may not be empty"));
    }
}
