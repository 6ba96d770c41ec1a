//! The simulator's routes: handsets, faults and the clock. They exist only when the simulator runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth::Permission::Simulator as DRIVE;
use errors::{ApiError, codes};
use kit::params::Json;
use kit::{Access, Answer, Caller, Created, Ctx, Deleted, Extension, Found, Path, Product, Routes, Services};
use messaging::{ArrivalError, Inbox};
use store::{Batch, Scope};

use crate::Simulator;
use crate::reach::{reaches, reaches_number};
use crate::request::{AdvanceClock, CreateFault, SendFromHandset, handset};
use crate::simulator::HandsetMessage;
use crate::view::{
    ClockView, DISCLOSED, DISCLOSED_MMS, FaultView, FaultsView, MessageView, MessagesView, SentView,
};

/// The product these routes belong to.
pub const PRODUCT: Product = Product { label: "switchward", service: "simulator" };

const MESSAGES: &str = "/switchward/v1/simulator/handsets/{PhoneNumber}/messages";
const FAULTS: &str = "/switchward/v1/simulator/faults";
const CLOCK: &str = "/switchward/v1/simulator/clock";

/// The table.
pub fn routes(services: Arc<Services>, simulator: Simulator, inbox: Inbox) -> Routes {
    Routes::new(PRODUCT, services)
        .list(MESSAGES, Access::new(DRIVE, "list_handset_messages"), list_messages)
        .create(MESSAGES, Access::new(DRIVE, "create_handset_message"), create_message)
        .list(FAULTS, Access::new(DRIVE, "list_simulator_faults"), list_faults)
        .create(FAULTS, Access::new(DRIVE, "create_simulator_fault"), create_fault)
        .delete(FAULTS, Access::new(DRIVE, "delete_simulator_faults"), delete_faults)
        .fetch(CLOCK, Access::new(DRIVE, "fetch_simulator_clock"), fetch_clock)
        .update(CLOCK, Access::new(DRIVE, "update_simulator_clock"), update_clock)
        .share(simulator)
        .share(inbox)
}

async fn list_messages(
    ctx: Ctx,
    Extension(simulator): Extension<Simulator>,
    Path(number): Path<String>,
) -> Answer<Found<MessagesView>> {
    let messages = simulator.messages(&handset(&number)?);
    Ok(Found(MessagesView { messages: disclose(&ctx, messages).await? }))
}

async fn create_message(
    caller: Caller,
    Extension(inbox): Extension<Inbox>,
    Path(number): Path<String>,
    Json(request): Json<SendFromHandset>,
) -> Answer<Created<SentView>> {
    let arrival = request.parse(handset(&number)?)?;
    if !reaches_number(&caller, &arrival.to).await? {
        return Err(ApiError::new(codes::NOT_FOUND).into());
    }
    caller.commit(batch(&caller), Vec::new()).await?;
    inbox.arrival(arrival).await.map_err(arrival_error)?;
    Ok(Created(SentView::SENT))
}

async fn list_faults(
    caller: Caller,
    Extension(simulator): Extension<Simulator>,
) -> Answer<Found<FaultsView>> {
    let faults = simulator.faults(caller.principal.account);
    Ok(Found(FaultsView { faults: faults.iter().map(FaultView::new).collect() }))
}

async fn create_fault(
    caller: Caller,
    Extension(simulator): Extension<Simulator>,
    Json(request): Json<CreateFault>,
) -> Answer<Created<FaultView>> {
    let fault = request.parse(caller.principal.account)?;
    let view = FaultView::new(&fault);
    caller.commit(batch(&caller), Vec::new()).await?;
    let too_many = ApiError::new(codes::CONFLICT).hint("too many fault scripts; DELETE ends them all");
    simulator.add_fault(fault).map_err(|_| too_many)?;
    Ok(Created(view))
}

async fn delete_faults(caller: Caller, Extension(simulator): Extension<Simulator>) -> Answer<Deleted> {
    caller.commit(batch(&caller), Vec::new()).await?;
    simulator.clear_faults(caller.principal.account);
    Ok(Deleted)
}

async fn fetch_clock(Extension(simulator): Extension<Simulator>) -> Answer<Found<ClockView>> {
    Ok(Found(ClockView::new(simulator.now())))
}

async fn update_clock(
    caller: Caller,
    Extension(simulator): Extension<Simulator>,
    Json(request): Json<AdvanceClock>,
) -> Answer<Found<ClockView>> {
    let by = request.parse()?;
    caller.commit(batch(&caller), Vec::new()).await?;
    simulator.advance(by);
    caller.services.store.jobs().changed().notify_waiters();
    Ok(Found(ClockView::new(simulator.now())))
}

/// Opens the messages the caller may see, after the ledger of each account that sent some has its
/// entry: who reads a subaccount's text is found in the subaccount's ledger.
async fn disclose(ctx: &Ctx, messages: Vec<HandsetMessage>) -> errors::Result<Vec<MessageView>> {
    let mut sids_of = BTreeMap::<_, Vec<String>>::new();
    for message in &messages {
        sids_of.entry(message.reference.account).or_default().push(message.reference.message.to_string());
    }
    let has_media = messages.iter().any(|message| !message.media.is_empty());
    let fields = if has_media { DISCLOSED_MMS } else { DISCLOSED };
    let mut proof_of = BTreeMap::new();
    for (account, sids) in sids_of {
        if reaches(ctx, account).await? {
            let batch = ctx.services.store.batch(Scope::account(account));
            proof_of.insert(account, ctx.commit_and_disclose(batch, sids, fields).await?);
        }
    }
    let view = |message: HandsetMessage| {
        let proof = proof_of.get(&message.reference.account)?;
        Some(MessageView::new(message, proof))
    };
    Ok(messages.into_iter().filter_map(view).collect())
}

/// A batch for the entry of a request that writes nothing else: in the caller's account, or in the
/// system's scope for the operator.
fn batch(caller: &Caller) -> Batch {
    let scope = caller.principal.account.map_or(Scope::SYSTEM, Scope::account);
    caller.services.store.batch(scope)
}

fn arrival_error(error: ArrivalError) -> ApiError {
    match error {
        ArrivalError::UnknownNumber => codes::NOT_FOUND.into(),
        ArrivalError::TooLarge => codes::TOO_LARGE.into(),
        ArrivalError::InvalidNumber => codes::TO_INVALID.into(),
        ArrivalError::Store(error) => error.into(),
    }
}
