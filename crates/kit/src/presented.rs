//! Callers of products that speak another dialect than HTTP Basic: the product reads their token, and everything else is
//! as it is for everybody: delays after wrong ones, rates, and what a request needs to enter an account.

use std::future::Future;
use std::sync::Arc;

use auth::{Principal, load_account};
use base::AccountSid;
use errors::{ApiError, Result, codes};
use throttle::Seat;

use crate::ctx::{Caller, Ctx};
use crate::origin::Origin;
use crate::routes::{Access, Product, enter};
use crate::services::Services;

/// A request that presents a token.
pub struct Presented<'a> {
    /// What every request shares.
    pub services: &'a Arc<Services>,
    /// Where it came from.
    pub origin: Origin,
    /// The product that it asks.
    pub product: Product,
    /// What it needs.
    pub access: Access,
    /// The public name of the token: wrong ones are counted by it, per address.
    pub name: &'a str,
}

/// A caller in the account of its token, for as long as its request runs.
pub struct Admitted {
    /// The context of the request.
    pub ctx: Ctx,
    _seat: Seat<AccountSid>,
}

/// A request without a token that could be looked at.
///
/// The answer is 401, or 429 when its address asks too often.
pub fn unnamed(services: &Services, origin: &Origin) -> ApiError {
    let over = services.gate.anonymous(origin.peer, services.now()).err();
    over.unwrap_or_else(|| codes::UNAUTHORIZED.into())
}

impl Presented<'_> {
    /// Lets the caller in when `check` says whose the token is; `None` stands for a wrong one.
    ///
    /// # Errors
    /// 401 for a wrong token, 429 for whoever has to wait, and whatever a request to the account is refused with.
    pub async fn enter(self, check: impl Future<Output = Result<Option<Principal>>>) -> Result<Admitted> {
        let Self { services, origin, product, mut access, name } = self;
        let (now, gate, peer) = (services.now(), &services.gate, origin.peer);
        gate.may_try(name, peer, now)?;
        let named = check.await?.and_then(|principal| principal.account.map(|account| (principal, account)));
        let Some((principal, sid)) = named else {
            gate.failed(name, peer, now);
            return Err(codes::UNAUTHORIZED.into());
        };
        gate.succeeded(name, peer);
        let seat = gate.sit(sid);
        let own = load_account(&services.store, sid, now).await?.map(Arc::new);
        if let Some(own) = &own {
            gate.admit(&principal, own.account.facts.limits, &seat, now)?;
        }
        spans::account(sid);
        access.service = product.service;
        let services = Arc::clone(services);
        let caller = Caller { principal, own, origin, services, access, is_signed: false };
        Ok(Admitted { ctx: enter(&caller, sid).await?, _seat: seat })
    }
}
