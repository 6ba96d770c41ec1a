//! The sealed documents: accounts, keys, organizations.

use std::collections::BTreeMap;

use std::num::NonZeroU32;

use base::{AccountSid, KeySid, OrganizationSid, Timestamp};
use serde::{Deserialize, Serialize};
use store::Kind;

use crate::{Permission, Secret, WebhookKey};

/// The kind of account documents; they live in the scope of the owner account.
#[derive(Debug)]
pub enum Account {}

impl Kind for Account {
    const NAME: &'static str = "account";
    type Sid = AccountSid;
    type Facts = AccountFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// Life of an account (`Status` in the 2010 API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// In use.
    Active,
    /// Nothing may be sent or changed until it is active again.
    Suspended,
    /// Ended for good.
    Closed,
}

impl AccountStatus {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

/// An account or subaccount.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountFacts {
    /// A name for people.
    pub friendly_name: String,
    /// Its life.
    pub status: AccountStatus,
    /// The owning account; an account that owns itself is a main account.
    pub owner: SidText<AccountSid>,
    /// The organization it is linked to, if any (DES-SELF-1).
    pub organization: Option<SidText<OrganizationSid>>,
    /// The auth token.
    pub primary_token: Secret,
    /// The second auth token, while tokens are being rotated.
    pub secondary_token: Option<Secret>,
    /// Whether and how it is a HIPAA project.
    pub designation: Designation,
    /// What its owner has set.
    pub settings: Settings,
    /// How much it may ask for, where the operator has said so.
    #[serde(default)]
    pub limits: AccountLimits,
    /// Its shared keys, oldest first.
    #[serde(default)]
    pub webhook_keys: Vec<WebhookKey>,
}

impl AccountFacts {
    /// The shared key that signs its webhooks; without one the auth token does.
    pub fn webhook_signing_key(&self) -> Option<&WebhookKey> {
        self.webhook_keys.iter().find(|key| key.signs)
    }

    /// Whether this account is owned by another one.
    pub fn is_subaccount_of(&self, sid: AccountSid, owner: AccountSid) -> bool {
        self.owner.0 == owner && sid != owner
    }
}

/// How much an account may ask for. What is absent is the server's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLimits {
    /// Requests per second with any of its credentials; as many may come at once.
    pub requests_per_second: Option<NonZeroU32>,
    /// Requests per second with one of its API keys; as many may come at once.
    pub key_requests_per_second: Option<NonZeroU32>,
    /// Requests that run at the same time.
    pub concurrent_requests: Option<NonZeroU32>,
}

impl AccountLimits {
    /// These limits, with `defaults` where they say nothing.
    #[must_use]
    pub fn or(self, defaults: Self) -> Self {
        Self {
            requests_per_second: self.requests_per_second.or(defaults.requests_per_second),
            key_requests_per_second: self.key_requests_per_second.or(defaults.key_requests_per_second),
            concurrent_requests: self.concurrent_requests.or(defaults.concurrent_requests),
        }
    }
}

/// How an account became a HIPAA project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DesignationMethod {
    /// By the customer (DES-SELF-3).
    SelfService,
    /// By support, for a recorded request (DES-SUP-2).
    Support,
    /// From its owner account, by truth table T1 (DES-INH-1).
    Inherited,
}

/// The two bits of truth table T1, and where they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Designation {
    /// All defaults of a HIPAA project apply. Never goes back to false.
    pub protected: bool,
    /// Agreement, entitlement and explicit designation cover PHI.
    pub phi_permitted: bool,
    /// How.
    pub method: Option<DesignationMethod>,
    /// When, in microseconds since the epoch.
    pub at: Option<i64>,
    /// Who: a SID, or a request reference.
    pub by: Option<String>,
}

impl Designation {
    /// When the account was designated.
    pub fn designated_at(&self) -> Option<Timestamp> {
        self.at.map(Timestamp::from_micros)
    }
}

/// What an account's owner can set. In a HIPAA project several are locked (see `rulebook`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Bodies are destroyed once the message is terminal (SMS-REDACT-1).
    pub body_redaction: bool,
    /// Counterparty numbers are masked once the message is terminal (SMS-REDACT-2).
    pub number_redaction: bool,
    /// US territories count as US area codes (ambiguity 1).
    pub us_territories: bool,
    /// Subaccounts created later inherit a self-service designation (truth table row S4).
    pub inherit_self_service: bool,
    /// Certificates (PEM) of private authorities that webhooks of this account may chain to (GEN-HTTPS-3).
    pub webhook_authorities: Vec<String>,
    /// Hosts from before there was a register: its first party, until it is written
    /// ([`crate::RegisterFacts::of`]).
    #[serde(default, rename = "registered_hosts", skip_serializing_if = "Vec::is_empty")]
    pub former_hosts: Vec<String>,
    /// Only requests signed for public key client validation are accepted (GEN-PKCV-1).
    #[serde(default)]
    pub enforce_client_validation: bool,
    /// Long codes send to the United States only in a registered campaign, and toll-free numbers only when they are
    /// verified, whatever the carrier says.
    #[serde(default)]
    pub enforce_registration: bool,
    /// Countries that were opened or closed to messages, by ISO 3166-1 alpha-2; the others are as they are by default
    /// ([`Settings::may_message`]).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub countries: BTreeMap<String, bool>,
}

/// Countries that messages may go to when nothing is said: those of a new US account at Twilio, and the territories that
/// count as United States numbers where an account reads it so (ambiguity 1).
const OPEN_COUNTRIES: &[&str] = &["AS", "CA", "GU", "MP", "PR", "US", "VI"];

impl Settings {
    /// Whether messages may go to numbers of this country. The guard's word on a HIPAA project stands before it.
    pub fn may_message(&self, country: &str) -> bool {
        self.countries.get(country).copied().unwrap_or_else(|| OPEN_COUNTRIES.contains(&country))
    }
}

/// The kind of API key documents; they live in the account's scope.
#[derive(Debug)]
pub enum ApiKey {}

impl Kind for ApiKey {
    const NAME: &'static str = "api-key";
    type Sid = KeySid;
    type Facts = ApiKeyFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// What a key may do (Twilio: main, standard, restricted).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// Everything the auth token may.
    Main,
    /// Everything but accounts and keys.
    Standard,
    /// What it lists.
    Restricted,
}

/// An API key. Its secret is shown once; only a keyed digest is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKeyFacts {
    /// A name for people.
    pub friendly_name: String,
    /// What it may do.
    pub key_type: KeyType,
    /// The keyed digest of its secret.
    pub secret_digest: [u8; 32],
    /// For a restricted key: the names of its permissions.
    pub permissions: Vec<String>,
}

impl ApiKeyFacts {
    /// The permissions a restricted key lists; names that no longer exist are not granted.
    pub fn granted(&self) -> Vec<Permission> {
        self.permissions.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

/// The kind of organization documents.
#[derive(Debug)]
pub enum Organization {}

impl Kind for Organization {
    const NAME: &'static str = "organization";
    type Sid = OrganizationSid;
    type Facts = OrganizationFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// An organization: the owner of accounts and agreements.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrganizationFacts {
    /// A name for people.
    pub friendly_name: String,
    /// From when it holds the package that includes HIPAA accounts (DES-EDITION-1), in microseconds.
    pub entitled_from: Option<i64>,
    /// Until when, if it ends (DES-EDITION-2).
    pub entitled_until: Option<i64>,
    /// Purchase or licence reference of that package.
    pub entitlement_reference: Option<String>,
}

impl OrganizationFacts {
    /// Whether the package is held at `now`.
    pub fn is_entitled(&self, now: Timestamp) -> bool {
        self.entitled_from.is_some_and(|from| from <= now.micros())
            && self.entitled_until.is_none_or(|until| now.micros() < until)
    }
}

/// A SID stored as its text inside a sealed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SidText<S>(pub S);

impl<S: base::Sid> Serialize for SidText<S> {
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, S: base::Sid> Deserialize<'de> for SidText<S> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
