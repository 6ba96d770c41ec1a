//! What one entry says. It names people, keys and SIDs; it never holds content.

use std::fmt;
use std::net::IpAddr;

use base::{AccountSid, KeySid, PersonSid};
use serde::{Deserialize, Serialize};

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, signed in.
    Person(PersonSid),
    /// A program with an API key.
    Key(KeySid),
    /// A program with an account's auth token.
    AuthToken(AccountSid),
    /// Switchward itself, for an account: dispatching, redacting, delivering.
    System,
    /// The operator, at the machine.
    Operator,
    /// Whoever holds a signed link that was issued to somebody with credentials.
    LinkHolder,
}

/// As the ledger names it, and whoever else keeps on record who acted.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(sid) => sid.fmt(f),
            Self::Key(sid) => sid.fmt(f),
            Self::AuthToken(sid) => sid.fmt(f),
            Self::System => f.write_str("system"),
            Self::Operator => f.write_str("operator"),
            Self::LinkHolder => f.write_str("link-holder"),
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action(pub &'static str);

/// Why protected data was opened or changed (45 CFR 164.528 asks for the purpose).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The account's own program asked for it.
    ApiRequest,
    /// It had to be handed to the carrier.
    Carriage,
    /// A webhook of the account had to be told.
    Webhook,
    /// Retention or redaction.
    Retention,
    /// Setting up or administering accounts.
    Administration,
    /// The operator looked at it after a carrier's complaint (CHG-MOD-2).
    CarrierComplaint,
    /// The operator looked at it after a consumer's complaint.
    ConsumerComplaint,
    /// The operator looked at it because of a sign of risk.
    RiskSign,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ApiRequest => "api-request",
            Self::Carriage => "carriage",
            Self::Webhook => "webhook",
            Self::Retention => "retention",
            Self::Administration => "administration",
            Self::CarrierComplaint => "review-carrier-complaint",
            Self::ConsumerComplaint => "review-consumer-complaint",
            Self::RiskSign => "review-risk-sign",
        }
    }
}

/// Where the request came from.
pub type Source = Option<IpAddr>;

/// One entry: who, what, why, from where.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who acted.
    pub actor: Actor,
    /// What was done; the operation id of a request, or a system action.
    pub action: Action,
    /// The SIDs it was done to.
    pub sids: Vec<String>,
    /// The protected fields that were opened, by their API names; empty when none was.
    pub fields: &'static [&'static str],
    /// Why.
    pub purpose: Purpose,
    /// The address the request came from.
    pub source: Source,
}

#[derive(Serialize)]
struct Wire<'a> {
    v: u8,
    who: String,
    act: &'a str,
    what: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [&'static str],
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<IpAddr>,
}

/// An entry as it is read back, for reports.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct RecordedEntry {
    /// Layout version.
    pub v: u8,
    /// Who acted.
    pub who: String,
    /// What was done.
    pub act: String,
    /// To which SIDs.
    pub what: Vec<String>,
    /// Which protected fields were opened.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Why.
    pub why: String,
    /// From where.
    #[serde(default)]
    pub from: Option<IpAddr>,
}

impl Entry {
    /// The bytes that go into the journal.
    pub fn to_bytes(&self) -> Vec<u8> {
        let wire = Wire {
            v: 1,
            who: self.actor.to_string(),
            act: self.action.0,
            what: &self.sids,
            fields: self.fields,
            why: self.purpose.as_str(),
            from: self.source,
        };
        serde_json::to_vec(&wire).expect("an entry of strings always encodes")
    }
}
