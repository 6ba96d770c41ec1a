//! The context of one request: who asks, in which account, and the only doors to its data.

use std::sync::Arc;

use auth::{AccountContext, Principal};
use axum::extract::FromRequestParts;
use axum::response::Response;
use base::{AccountSid, Timestamp};
use errors::{ApiError, Result, codes};
use http::request::Parts;
use ledger::{Action, Entry, Purpose};
use phi::Proof;
use rulebook::guard;
use store::{Batch, Scope, Scoped};

use crate::origin::Origin;
use crate::respond::error_response;
use crate::routes::{Access, enter};
use crate::services::Services;

/// A caller whose credentials and permission were checked; the account is not needed.
#[derive(Clone)]
pub struct Caller {
    /// Who asks.
    pub principal: Principal,
    /// The account of the credentials, as it was when the request came.
    pub(crate) own: Option<Arc<AccountContext>>,
    /// From where.
    pub origin: Origin,
    /// What every request shares.
    pub services: Arc<Services>,
    pub(crate) access: Access,
    /// Whether the request was signed for public key client validation, and the signature fits.
    pub(crate) is_signed: bool,
}

impl Caller {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.services.now()
    }

    /// The ledger entry of this request.
    pub fn entry(&self, sids: Vec<String>, fields: &'static [&'static str]) -> Entry {
        Entry {
            actor: self.principal.actor,
            action: Action(self.access.operation),
            sids,
            fields,
            purpose: self.access.purpose,
            source: Some(self.origin.peer),
        }
    }

    /// Commits a batch with the entry of this request.
    ///
    /// # Errors
    /// 409, 503 or 500, as the store failed; nothing was written then.
    pub async fn commit(&self, batch: Batch, sids: Vec<String>) -> Result<Proof> {
        Ok(ledger::commit(&self.services.store, batch, &self.entry(sids, &[])).await?)
    }

    /// The caller in another account than its own, which a parameter or a resource names: checked as if
    /// the path had named it.
    ///
    /// # Errors
    /// 404 when the caller does not reach it, and whatever else a request to it is refused with.
    pub async fn enter(&self, sid: AccountSid) -> Result<Ctx> {
        enter(self, sid).await
    }

    /// The absolute link for `path` of this product, as the caller reached us.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin.base_url)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> std::result::Result<Self, Response> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(|| error_response(&codes::UNAUTHORIZED.into()))
    }
}

/// A caller in an account: what nearly every handler takes.
#[derive(Clone)]
pub struct Ctx {
    caller: Caller,
    account: Arc<AccountContext>,
}

impl std::ops::Deref for Ctx {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Ctx {
    pub(crate) fn new(caller: Caller, account: Arc<AccountContext>) -> Self {
        Self { caller, account }
    }

    /// The account the request is about.
    pub fn account(&self) -> &AccountContext {
        &self.account
    }

    /// The scope of what the account owns.
    pub fn scope(&self) -> Scope {
        self.account.scope()
    }

    /// Reads, in this account only.
    pub fn store(&self) -> Scoped {
        self.services.store.scope(self.scope())
    }

    /// A unit of work in this account.
    pub fn batch(&self) -> Batch {
        self.services.store.batch(self.scope())
    }

    /// Commits a batch that shows protected fields in its answer, with one entry for both.
    ///
    /// # Errors
    /// 409, 503 or 500, as the store failed; nothing was written and nothing may be shown then.
    pub async fn commit_and_disclose(
        &self,
        batch: Batch,
        sids: Vec<String>,
        fields: &'static [&'static str],
    ) -> Result<Proof> {
        Ok(ledger::commit(&self.services.store, batch, &self.entry(sids, fields)).await?)
    }

    /// Records that the caller is shown these fields of these resources, and returns the proof.
    ///
    /// # Errors
    /// 503 when the ledger cannot be written: nothing may be shown then (ART-CTRL-AUDIT).
    pub async fn disclose(&self, sids: Vec<String>, fields: &'static [&'static str]) -> Result<Proof> {
        self.commit_and_disclose(self.batch(), sids, fields).await
    }

    /// Asks the rulebook whether this account may do this.
    ///
    /// # Errors
    /// The refusal, with its rule, when it may not.
    pub fn guard(&self, action: &guard::Action<'_>) -> Result<guard::Settings> {
        decide(&self.account.facts(self.caller.access.service), action)
    }
}

/// Asks the guard, and turns a refusal into the API's error.
///
/// # Errors
/// The refusal, with its rule.
pub fn decide(account: &rulebook::AccountFacts, action: &guard::Action<'_>) -> Result<guard::Settings> {
    let verdict = guard::decide(account, action);
    spans::note(|| spans::Work::Guard { action: action.name(), rule: verdict.rule() });
    match verdict {
        guard::Verdict::Allow(settings) => Ok(settings),
        guard::Verdict::Refuse(refusal) => {
            let code = rulebook::codes::row(refusal.code).expect("the guard gives only codes of its table");
            let error = ApiError::new(code).rule(refusal.rule);
            Err(match refusal.field {
                Some(field) => error.parameter(field),
                None => error,
            })
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ctx {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> std::result::Result<Self, Response> {
        parts
            .extensions
            .get::<Ctx>()
            .cloned()
            .ok_or_else(|| error_response(&ApiError::new(codes::FORBIDDEN).hint("name an account")))
    }
}

/// What an entry is for when nothing else is said.
pub(crate) const API: Purpose = Purpose::ApiRequest;
