//! The register of third parties as it is kept: one document for each account, so that a change sees the whole of it.

use base::{AccountSid, PartySid, Sid};
use serde::{Deserialize, Serialize};
use statements::{Party, Register};
use store::{Document, Kind};

use crate::{Account, SidText};

/// Who answers for parties that were hosts in the account's settings before there was a register.
const FORMER_CONTACT: &str = "the owner of the account";

/// The kind of the document; it lives in the scope of its account and has the account's SID.
#[derive(Debug)]
pub enum StoredRegister {}

impl Kind for StoredRegister {
    const NAME: &'static str = "register";
    type Sid = AccountSid;
    type Facts = RegisterFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// Every party of an account's register, in the order of their making.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterFacts {
    /// The parties.
    pub parties: Vec<Registered>,
}

/// A party with its name on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Its SID.
    pub sid: SidText<PartySid>,
    /// What is known of it.
    pub party: Party,
}

impl RegisterFacts {
    /// The register of an account: what is stored, or else the hosts that its settings held before there was a
    /// register, as one party of its own.
    pub fn of(account: &Document<Account>, stored: Option<&Document<StoredRegister>>) -> Self {
        let hosts = &account.facts.settings.former_hosts;
        match stored {
            Some(stored) => stored.facts.clone(),
            None if hosts.is_empty() => Self::default(),
            None => Self { parties: vec![former(account, hosts.clone())] },
        }
    }

    /// The register without the names.
    pub fn register(&self) -> Register {
        Register { parties: self.parties.iter().map(|registered| registered.party.clone()).collect() }
    }
}

fn former(account: &Document<Account>, hosts: Vec<String>) -> Registered {
    // The same name at every look, until it is written.
    let text = account.sid.to_string();
    let sid = text.replacen(AccountSid::PREFIX, PartySid::PREFIX, 1).parse();
    let party = Party {
        name: "Registered hosts".to_owned(),
        hosts,
        own: true,
        contact: FORMER_CONTACT.to_owned(),
        ..Party::default()
    };
    Registered { sid: SidText(sid.expect("the digits of one SID are those of another")), party }
}
