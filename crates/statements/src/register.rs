//! The register of third parties: whose hosts may be given PHI, under which agreement, for what.

use std::net::Ipv6Addr;
use std::sync::Arc;

use rulebook::Date;
use serde::{Deserialize, Serialize};

use crate::check::{Problem, all_said, array, problem, quoted, said};
use crate::file::{Mistake, Text};
use crate::limits;

/// All parties on record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// In the order of the file: its tables `party`.
    #[serde(default, rename = "party")]
    pub parties: Vec<Party>,
}

/// One third party, or the customer itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Who; a register has each name once.
    pub name: String,
    /// Its hosts: `api.example.org`, or `*.example.org` for every name below.
    pub hosts: Vec<String>,
    /// It is the customer itself, so that no agreement is needed.
    #[serde(default)]
    pub own: bool,
    /// The agreement with it.
    #[serde(default)]
    pub agreement: Option<Agreement>,
    /// What the agreement is about, as products are named: `messaging`. Empty for everything.
    #[serde(default)]
    pub services: Vec<String>,
    /// Whom to call.
    pub contact: String,
    /// Its subcontractors.
    #[serde(default)]
    pub subcontractors: Vec<String>,
    /// By when somebody looks at it again.
    #[serde(default)]
    pub review_by: Option<Date>,
}

/// An agreement with a third party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// When it was signed.
    pub signed: Date,
    /// Its last day, if it has one.
    #[serde(default)]
    pub expires: Option<Date>,
}

impl Agreement {
    /// Whether it is in force on this day.
    pub fn is_in_force(&self, today: Date) -> bool {
        self.signed <= today && self.expires.is_none_or(|last| today <= last)
    }
}

impl Party {
    /// The party as it is kept: texts trimmed, hosts in small letters.
    ///
    /// # Errors
    /// The field that says nothing, says too much, or cannot be.
    pub fn checked(self) -> Result<Party, Problem> {
        if self.hosts.len() > limits::LIST {
            return problem("hosts", "has too many entries");
        }
        let hosts: Vec<String> = self.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        if !hosts.iter().all(|host| is_pattern(host)) {
            return problem("hosts", "is not a host; write `api.example.org` or `*.example.org`");
        }
        let ends_early = |it: &Agreement| it.expires.is_some_and(|expires| expires < it.signed);
        if self.agreement.as_ref().is_some_and(ends_early) {
            return problem("agreement", "its last day is before the day it was signed");
        }
        Ok(Party {
            name: said("name", &self.name, limits::LINE)?,
            hosts,
            services: all_said("services", &self.services)?,
            contact: said("contact", &self.contact, limits::LINE)?,
            subcontractors: all_said("subcontractors", &self.subcontractors)?,
            ..self
        })
    }

    /// Whether it may be given PHI on this day.
    pub fn is_covered(&self, today: Date) -> bool {
        self.own || self.agreement.is_some_and(|agreement| agreement.is_in_force(today))
    }

    /// Whether its agreement is about this service.
    pub fn does(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|it| it == service)
    }

    fn has(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => {
                host.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            None => pattern == host,
        })
    }

    /// Its table in the file.
    pub fn to_toml(&self) -> String {
        let mut table = format!("[[party]]\nname = {}\nhosts = {}\n", quoted(&self.name), array(&self.hosts));
        if self.own {
            table.push_str("own = true\n");
        }
        if let Some(Agreement { signed, expires }) = self.agreement {
            let expires = expires.map_or_else(String::new, |day| format!(", expires = \"{day}\""));
            table.push_str(&format!("agreement = {{ signed = \"{signed}\"{expires} }}\n"));
        }
        for (key, list) in [("services", &self.services), ("subcontractors", &self.subcontractors)] {
            if !list.is_empty() {
                table.push_str(&format!("{key} = {}\n", array(list)));
            }
        }
        table.push_str(&format!("contact = {}\n", quoted(&self.contact)));
        if let Some(day) = self.review_by {
            table.push_str(&format!("review_by = \"{day}\"\n"));
        }
        table
    }
}

impl Register {
    /// Reads the file.
    ///
    /// # Errors
    /// A [`Mistake`] with line and field.
    pub fn read(file: &str, text: &str) -> Result<Register, Mistake> {
        let text = Text { file, text };
        let Register { parties } = text.parse()?;
        Register { parties: text.checked("party", parties, Party::checked)? }
            .complete()
            .map_err(|Problem { what, .. }| text.at(&(0..0), what))
    }

    /// The register as it is kept, each party checked.
    ///
    /// # Errors
    /// The field of the first party that is not as it should be.
    pub fn checked(self) -> Result<Register, Problem> {
        let parties = self.parties.into_iter().map(Party::checked).collect::<Result<_, _>>()?;
        Register { parties }.complete()
    }

    /// What its parties must be together.
    fn complete(self) -> Result<Register, Problem> {
        if self.parties.len() > limits::PARTIES {
            return problem("party", "there are too many parties");
        }
        let names: std::collections::BTreeSet<&str> =
            self.parties.iter().map(|it| it.name.as_str()).collect();
        if names.len() < self.parties.len() {
            return problem("name", "two parties have the same name");
        }
        Ok(self)
    }

    /// The party a host belongs to.
    pub fn party_of(&self, host: &str) -> Option<&Party> {
        self.parties.iter().find(|party| party.has(host))
    }

    /// Whether a host belongs to a party that may be given PHI on this day, for whatever service.
    pub fn covers(&self, host: &str, today: Date) -> bool {
        self.has(host, |party| party.is_covered(today))
    }

    /// Whether a host belongs to a party that may be given PHI on this day, for this service.
    pub fn covers_for(&self, host: &str, service: &str, today: Date) -> bool {
        self.has(host, |party| party.is_covered(today) && party.does(service))
    }

    /// Several parties may share a host, each under an agreement of its own.
    fn has(&self, host: &str, may: impl Fn(&Party) -> bool) -> bool {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        self.parties.iter().any(|party| party.has(&host) && may(party))
    }

    /// The file.
    pub fn to_toml(&self) -> String {
        let tables: Vec<String> = self.parties.iter().map(Party::to_toml).collect();
        tables.join("\n")
    }
}

/// The register that an account's data obeys, on the day it is looked at.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The parties; at least one.
    pub register: Arc<Register>,
    /// The day.
    pub today: Date,
}

impl InForce {
    /// Whether a host may be given PHI now, for this service.
    pub fn covers(&self, host: &str, service: &str) -> bool {
        self.register.covers_for(host, service, self.today)
    }
}

/// A host (RFC 1123 §2.1), or `*.` and a name of two labels at least: `*.org` would be half the world.
fn is_pattern(pattern: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = pattern.strip_prefix("*.");
    let is_wide = name.is_some_and(|name| !name.contains('.'));
    let name = name.unwrap_or(pattern);
    let is_name = name.len() <= limits::HOST && name.split('.').all(is_label);
    !is_wide && (is_name || pattern.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
        assert!(
            shown("2026-01-01", "2024-02-01").starts_with("r.toml:11: `agreement`: its last day is before")
        );
        assert!(shown("\"10.0.0.7\"", "\"https://x.org\"").starts_with("r.toml:4: `hosts`: is not a host"));
        assert!(shown("\"10.0.0.7\"", "\"*.org\"").starts_with("r.toml:4: `hosts`: is not a host"));
        assert!(shown("Example Cloud", "Example Hospital").contains("two parties have the same name"));
        assert!(shown("own = true", "owned = true").starts_with("r.toml:5: `owned`: unknown field"));
        assert!(shown("own = true", "own = 7").starts_with("r.toml:5: `own`: invalid type"));
        assert!(shown("\"legal@cloud.example.com\"", "\"\"").ends_with("`contact`: may not be empty"));
    }

    #[test]
    fn an_agreement_covers_what_it_is_about() {
        let text = GOOD.replace("own = true", "own = true\nservices = [\"messaging\"]");
        let register = Register::read("register.toml", &text).unwrap();
        let today = Date::parse("2025-06-01").unwrap();
        assert!(register.covers_for("app.hospital.example.org", "messaging", today));
        assert!(!register.covers_for("app.hospital.example.org", "lookup", today));
        assert!(register.covers_for("API.cloud.example.com", "lookup", today), "no list means everything");
        assert!(register.covers("app.hospital.example.org", today));
    }

    #[test]
    fn file_and_json_hold_the_same_and_give_it_back() {
        let register = Register::read("register.toml", GOOD).unwrap();
        let mut party = register.parties[1].clone();
        party.services = vec!["messaging".to_owned()];
        party.subcontractors = vec!["A \"quoted\" host".to_owned()];
        party.review_by = Date::parse("2025-12-01").ok();
        let register = Register { parties: vec![register.parties[0].clone(), party] };
        assert_eq!(Register::read("again.toml", &register.to_toml()).unwrap(), register);
        let json = serde_json::to_string(&register).unwrap();
        assert_eq!(serde_json::from_str::<Register>(&json).unwrap(), register);
    }

    #[test]
    fn a_party_of_a_request_is_checked_like_one_of_a_file() {
        let party = |hosts: &str, contact: &str| Party {
            name: " A ".to_owned(),
            hosts: vec![hosts.to_owned()],
            contact: contact.to_owned(),
            ..Party::default()
        };
        let kept = party("API.Example.org", "it").checked().unwrap();
        assert_eq!((kept.name.as_str(), kept.hosts[0].as_str()), ("A", "api.example.org"));
        for host in ["::1", "smsc", "*.example.org"] {
            assert!(party(host, "it").checked().is_ok(), "{host}");
        }
        for host in ["", "a b", "https://a.org", "a.org/x", "*.org", "*", "-a.org", "a..org", "a.org:1"] {
            assert_eq!(party(host, "it").checked().unwrap_err().field, "hosts", "{host}");
        }
        for contact in ["", " ", "a\nb", &"x".repeat(limits::LINE + 1)] {
            assert_eq!(party("a.org", contact).checked().unwrap_err().field, "contact");
        }
    }
}
