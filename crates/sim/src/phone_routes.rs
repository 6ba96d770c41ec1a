//! Phones over HTTP: who calls whom, what is heard, and what somebody does by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth::Permission::Simulator as DRIVE;
use base::{AccountSid, PhoneNumber};
use errors::{ApiError, Result, codes};
use kit::params::Json;
use kit::{Access, Answer, Caller, Created, Ctx, Deleted, Extension, Found, Path, Routes, Services};
use phi::Proof;
use serde::{Deserialize, Serialize};
use store::Scope;
use voice::line::Reference;
use voice::{ArrivalError, Switchboard};

use crate::Simulator;
use crate::limits::KEYS_AT_ONCE;
use crate::phones::PhoneCall;
use crate::reach::{reaches, reaches_number};
use crate::request::handset;
use crate::routes::PRODUCT;

const CALLS: &str = "/switchward/v1/simulator/handsets/{PhoneNumber}/calls";
const KEYS: &str = "/switchward/v1/simulator/handsets/{PhoneNumber}/keys";

/// What of a call at a phone is shown, as the ledger names it.
const HEARD: &[&str] = &["heard"];

/// The table.
pub fn phone_routes(services: Arc<Services>, simulator: Simulator, switchboard: Switchboard) -> Routes {
    Routes::new(PRODUCT, services)
        .list(CALLS, Access::new(DRIVE, "list_handset_calls"), list)
        .create(CALLS, Access::new(DRIVE, "create_handset_call"), create)
        .delete(CALLS, Access::new(DRIVE, "delete_handset_call"), delete)
        .create(KEYS, Access::new(DRIVE, "create_handset_keys"), press)
        .share(simulator)
        .share(switchboard)
}

/// A call from a phone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCall {
    to: String,
    #[serde(default)]
    forwarded_from: Option<String>,
}

/// Keys that are pressed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKeys {
    digits: String,
}

/// A call that was taken.
#[derive(Serialize)]
struct TakenView {
    call_sid: String,
}

/// Keys were pressed.
#[derive(Serialize)]
struct PressedView {
    status: &'static str,
}

/// The calls at a phone, oldest first.
#[derive(Serialize)]
struct CallsView {
    calls: Vec<CallView>,
}

/// A call at a phone. No `Debug`.
#[derive(Serialize)]
struct CallView {
    call_sid: String,
    is_caller: bool,
    state: &'static str,
    heard: Vec<String>,
}

impl CallView {
    fn new(reference: Reference, call: PhoneCall, proof: &Proof) -> Self {
        Self {
            call_sid: reference.call.to_string(),
            is_caller: call.is_caller,
            state: call.state,
            heard: call.heard.into_iter().map(|heard| heard.into_open(proof)).collect(),
        }
    }
}

async fn list(
    ctx: Ctx,
    Extension(simulator): Extension<Simulator>,
    Path(number): Path<String>,
) -> Answer<Found<CallsView>> {
    let calls = simulator.calls(&handset(&number)?);
    let named: Vec<_> = calls.into_iter().filter_map(|call| Some((call.reference?, call))).collect();
    let mut sids_of = BTreeMap::<_, Vec<String>>::new();
    for (reference, _) in &named {
        sids_of.entry(reference.account).or_default().push(reference.call.to_string());
    }
    let mut proof_of = BTreeMap::new();
    for (account, sids) in sids_of {
        if reaches(&ctx, account).await? {
            let batch = ctx.services.store.batch(Scope::account(account));
            proof_of.insert(account, ctx.commit_and_disclose(batch, sids, HEARD).await?);
        }
    }
    let view = |(reference, call): (Reference, PhoneCall)| {
        Some(CallView::new(reference, call, proof_of.get(&reference.account)?))
    };
    Ok(Found(CallsView { calls: named.into_iter().filter_map(view).collect() }))
}

async fn create(
    caller: Caller,
    Extension(simulator): Extension<Simulator>,
    Extension(switchboard): Extension<Switchboard>,
    Path(number): Path<String>,
    Json(new): Json<NewCall>,
) -> Answer<Created<TakenView>> {
    let to = PhoneNumber::parse(&new.to).map_err(|_| ApiError::new(codes::TO_INVALID))?;
    if !reaches_number(&caller, to.as_str()).await? {
        return Err(ApiError::new(codes::NOT_FOUND).into());
    }
    record(&caller).await?;
    let (id, incoming) = simulator.call(&handset(&number)?, to.as_str(), new.forwarded_from);
    let call = switchboard.arrival(incoming).await.map_err(arrival_error)?;
    if let Some(account) = owner(&caller, to.as_str()).await? {
        simulator.taken(id, Reference { account, call });
    }
    Ok(Created(TakenView { call_sid: call.to_string() }))
}

async fn press(
    caller: Caller,
    Extension(simulator): Extension<Simulator>,
    Path(number): Path<String>,
    Json(new): Json<NewKeys>,
) -> Answer<Created<PressedView>> {
    let is_key = |key: char| key.is_ascii_digit() || "*#ABCD".contains(key);
    if !KEYS_AT_ONCE.contains(&new.digits.len()) || !new.digits.chars().all(is_key) {
        return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("digits").into());
    }
    let phone = handset(&number)?;
    let within = within_reach(&caller, &simulator, &phone).await?;
    record(&caller).await?;
    match simulator.press(&phone, &new.digits, |call| within.contains(&call.reference)) {
        true => Ok(Created(PressedView { status: "pressed" })),
        false => Err(ApiError::new(codes::NOT_FOUND).into()),
    }
}

async fn delete(
    caller: Caller,
    Extension(simulator): Extension<Simulator>,
    Path(number): Path<String>,
) -> Answer<Deleted> {
    let phone = handset(&number)?;
    let within = within_reach(&caller, &simulator, &phone).await?;
    record(&caller).await?;
    match simulator.hang_up(&phone, |call| within.contains(&call.reference)) {
        true => Ok(Deleted),
        false => Err(ApiError::new(codes::NOT_FOUND).into()),
    }
}

/// The calls at a phone that the caller may use: those of accounts within its reach.
async fn within_reach(
    caller: &Caller,
    simulator: &Simulator,
    phone: &PhoneNumber,
) -> Result<Vec<Option<Reference>>> {
    let mut within = Vec::new();
    for reference in simulator.calls(phone).iter().filter_map(|call| call.reference) {
        if reaches(caller, reference.account).await? {
            within.push(Some(reference));
        }
    }
    Ok(within)
}

/// The account that a number is of.
async fn owner(caller: &Caller, number: &str) -> Result<Option<AccountSid>> {
    Ok(crate::reach::owner_of(&caller.services.store, number).await?)
}

/// The entry of a request that writes nothing else: in the caller's account, or in the system's scope for the operator.
async fn record(caller: &Caller) -> Result<()> {
    let scope = caller.principal.account.map_or(Scope::SYSTEM, Scope::account);
    caller.commit(caller.services.store.batch(scope), Vec::new()).await.map(drop)
}

fn arrival_error(error: ArrivalError) -> ApiError {
    match error {
        ArrivalError::UnknownNumber => codes::NOT_FOUND.into(),
        ArrivalError::Refused => {
            ApiError::new(codes::CONFLICT).hint("the call was rejected by a rule of the guide")
        }
        ArrivalError::Busy => codes::UNAVAILABLE.into(),
        ArrivalError::Store(error) => error.into(),
    }
}
