//! What Switchward knows of itself: the direct evidence of its accounts' settings, its ledger and its keys.
//!
//! The program that keeps them reads them from its own store, not through an API; this crate only says what they are.

use rulebook::Date;
use serde::{Deserialize, Serialize};

use crate::files::{Account, Agreement, Designation, Method};
use crate::observations::{FORMAT, Observations, Observed, Outcome};
use crate::report::{Requests, SubjectKind};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inside {
    /// What verifying the ledger came to.
    pub ledger: Ledger,
    /// How the keys are kept.
    pub keys: Keys,
    /// The accounts that were looked at, the main account first.
    pub accounts: Vec<Settings>,
}

/// What `switchward ledger verify` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Every link, checkpoint and signature holds.
    pub intact: bool,
    /// Entries.
    pub entries: u64,
    /// Signed checkpoints.
    pub checkpoints: u64,
    /// The Merkle root, in hexadecimal digits.
    pub root: String,
    /// How many things are wrong.
    pub faults: usize,
}

/// What `switchward keys status` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Id of the master key in use.
    pub master_key: String,
    /// Scopes with a key of their own.
    pub scopes: u64,
    /// Keys that another master key wrapped, which a rotation left behind.
    pub under_others: u64,
    /// The day the oldest key in use was made.
    pub oldest: Option<Date>,
}

/// An account as its store has it. No name, number or host is among this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its SID.
    pub sid: String,
    /// The account that owns it, when another does.
    pub parent: Option<String>,
    /// When it was made.
    pub created: Date,
    /// All defaults of a HIPAA project apply.
    pub protected: bool,
    /// Agreement, entitlement and designation cover PHI.
    pub phi_permitted: bool,
    /// How it was designated.
    pub method: Option<Method>,
    /// Since when.
    pub designated_on: Option<Date>,
    /// It belongs to an organization.
    pub linked: bool,
    /// That organization holds the package with HIPAA accounts.
    pub entitled: bool,
    /// The earliest agreement in force.
    pub agreement: Option<InForce>,
    /// Texts are destroyed once a message is done.
    pub body_redaction: bool,
    /// Numbers are masked once a message is done.
    pub number_redaction: bool,
    /// US territories count as the United States.
    pub us_territories: bool,
    /// Third parties in the register that it obeys: its own, or its owner's.
    pub registered_parties: usize,
    /// Unsigned requests are refused.
    pub client_validation: bool,
}

/// An agreement, as far as the truth table asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InForce {
    /// Its SID; the parties' names stay inside.
    pub sid: String,
    /// When it was begun.
    pub initiated: Date,
    /// When it was signed.
    pub signed: Date,
    /// What it covers.
    pub services: Vec<String>,
}

impl Inside {
    /// What is known of an account.
    pub fn account(&self, sid: &str) -> Option<&Settings> {
        self.accounts.iter().find(|account| account.sid == sid)
    }

    /// Observations that rest on this alone: no API was asked.
    pub fn alone(self, host: &str, today: Date) -> Observations {
        let subjects = self.accounts.iter().map(|account| Observed {
            id: account.sid.clone(),
            kind: SubjectKind::Account,
            parent: account.parent.clone(),
            created: Some(account.created),
            readings: std::collections::BTreeMap::new(),
        });
        Observations {
            format: FORMAT,
            observed_on: today,
            provider: crate::Provider::Switchward.as_str().to_owned(),
            host: host.to_owned(),
            sampled: false,
            probed: false,
            accounts: Outcome::Read,
            subjects: subjects.collect(),
            requests: Requests::default(),
            inside: Some(self),
        }
    }

    /// What a designation file would say, had the store written one: for an audit that is given none.
    pub fn designation(&self) -> Designation {
        let agreement = self.accounts.iter().find_map(|account| account.agreement.as_ref());
        Designation {
            agreement: agreement.map(|agreement| Agreement {
                counterparty: agreement.sid.clone(),
                initiated: agreement.initiated,
                signed: agreement.signed,
                expires: None,
                services: agreement.services.clone(),
                signer: agreement.sid.clone(),
            }),
            accounts: self
                .accounts
                .iter()
                .map(|account| Account {
                    sid: account.sid.clone(),
                    designated: account.protected && account.phi_permitted,
                    method: account.method,
                    date: account.designated_on,
                    signer: "the store".to_owned(),
                })
                .collect(),
            ..Designation::default()
        }
    }
}
