//! Whether a call or a registration may come in at a SIP domain. The SIP server asks, before anything is fetched or told
//! (VOI-SIP-1); what it is told here it tells nobody.
//!
//! A domain without a list for what is asked takes nothing. Where addresses and credentials are both mapped, both count.

use std::net::IpAddr;

use auth::{AccountContext, load_account};
use base::CredentialListSid;
use kit::Services;
use ledger::{Action as LedgerAction, Actor, Entry, Purpose};
use phi::Phi;
use rulebook::guard::{Action, SipDomainFacts, Verdict, decide};
use store::{Document, StoreError};

use super::credential_lists::{SipCredential, SipSecret, username_digest};
pub use super::digest::Hashes;
use super::domains::{Mapped, SipDomain, name_of};
use super::ip_lists;
use crate::hook::Hook;

/// What is asked of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An INVITE.
    Call,
    /// A REGISTER.
    Registration,
}

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    /// From where.
    pub peer: IpAddr,
    /// Over TLS; an INVITE's media are SRTP besides.
    pub secure: bool,
    /// Over an interconnect that the operator attests.
    pub interconnect: bool,
}

/// What a domain says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Come in.
    Open,
    /// Prove who you are: 401 or 407.
    Challenge,
    /// 403. The same whatever the reason.
    Closed,
}

/// A domain that exists, with its account.
#[derive(Debug)]
pub struct Domain {
    account: AccountContext,
    document: Document<SipDomain>,
}

/// The domain of this name; `None` when there is none, or its account is not active.
///
/// # Errors
/// When the store cannot answer.
pub async fn domain(services: &Services, name: &str) -> Result<Option<Domain>, StoreError> {
    let store = &services.store;
    let Some(located) = store.locate(&name_of(&name.to_ascii_lowercase())).await? else { return Ok(None) };
    let (Ok(sid), Some(account)) = (located.sid.parse(), located.scope.account_sid()) else {
        return Ok(None);
    };
    let Some(document) = store.scope(located.scope).get::<SipDomain>(sid).await? else { return Ok(None) };
    let account = load_account(store, account, services.now()).await?;
    Ok(account.filter(AccountContext::is_active).map(|account| Domain { account, document }))
}

impl Domain {
    /// Its account.
    pub fn account(&self) -> &AccountContext {
        &self.account
    }

    /// What answers its calls.
    pub fn hook(&self) -> Hook {
        let facts = &self.document.facts;
        Hook {
            voice: facts.voice.clone(),
            fallback: facts.voice_fallback.clone(),
            status_callback: facts.status_callback.clone(),
        }
    }

    /// What it says to a request that has proved nothing yet.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn admits(
        &self,
        services: &Services,
        wanted: Wanted,
        came: Came,
    ) -> Result<Admission, StoreError> {
        let facts = &self.document.facts;
        let takes = match wanted {
            Wanted::Call => facts.voice.url.is_some(),
            Wanted::Registration => facts.sip_registration,
        };
        let lists = self.credential_lists(wanted);
        let has_addresses = wanted == Wanted::Call && !facts.call_addresses.is_empty();
        let verdict = decide(
            &self.account.facts(crate::PRODUCT.service),
            &Action::ServeSipDomain(SipDomainFacts {
                secure: came.secure,
                interconnect: came.interconnect,
                in_service: true,
                guarded: has_addresses || !lists.is_empty(),
            }),
        );
        let is_refused = matches!(verdict, Verdict::Refuse(_)) || (facts.secure && !came.secure);
        if is_refused || !takes || (!has_addresses && lists.is_empty()) {
            return Ok(Admission::Closed);
        }
        if has_addresses && !self.knows(services, came.peer).await? {
            return Ok(Admission::Closed);
        }
        Ok(if lists.is_empty() { Admission::Open } else { Admission::Challenge })
    }

    /// The hashes of a user's password, to compute the answer to a challenge from. The ledger has an entry first.
    ///
    /// # Errors
    /// When the store cannot answer, or the ledger cannot be written.
    pub async fn hashes(
        &self,
        services: &Services,
        wanted: Wanted,
        username: &str,
    ) -> Result<Option<Hashes>, StoreError> {
        let scoped = services.store.scope(self.account.scope());
        let key = scoped.digest_key().await?;
        for mapped in self.credential_lists(wanted) {
            let value = username_digest(&key, mapped.sid.0, username);
            let Some(found) = scoped.find::<SipCredential>("username", value).await? else { continue };
            let secret = scoped.get::<SipSecret>(found.sid).await?.and_then(|secret| secret.content);
            let Some(secret): Option<Phi<Hashes>> = secret else { continue };
            let entry = Entry {
                actor: Actor::System,
                action: LedgerAction("authenticate_sip_user"),
                sids: vec![found.sid.to_string(), self.document.sid.to_string()],
                fields: &["password_hash"],
                purpose: Purpose::Carriage,
                source: None,
            };
            let proof = ledger::disclose(&services.store, self.account.scope(), &entry).await?;
            return Ok(Some(secret.into_open(&proof)));
        }
        Ok(None)
    }

    fn credential_lists(&self, wanted: Wanted) -> &[Mapped<CredentialListSid>] {
        match wanted {
            Wanted::Call => &self.document.facts.call_credentials,
            Wanted::Registration => &self.document.facts.registration_credentials,
        }
    }

    async fn knows(&self, services: &Services, peer: IpAddr) -> Result<bool, StoreError> {
        let scoped = services.store.scope(self.account.scope());
        for mapped in &self.document.facts.call_addresses {
            let addresses = ip_lists::addresses(&scoped, mapped.sid.0).await?;
            let mut ranges = addresses.iter().filter_map(|address| address.facts.range());
            if ranges.any(|range| range.contains(peer)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
