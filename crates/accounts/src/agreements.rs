//! Business associate agreements: recorded for an organization by the operator or by one of its accounts.

pub(crate) mod model;
pub(crate) mod service;
pub(crate) mod view;

use base::{AgreementSid, OrganizationSid};
use kit::{Answer, Caller, Created, Found, Json, Path, PathPair};

use crate::author::Author;
use crate::designation::NoChoices;
use crate::organizations::{reach, reach_as_main};
use model::CreateAgreement;
use view::{AgreementList, AgreementView};

/// `GET …/Agreements`.
pub(crate) async fn list(
    caller: Caller,
    Path(organization): Path<OrganizationSid>,
) -> Answer<Found<AgreementList>> {
    reach(&caller, organization).await?;
    let documents = service::all(&caller.services.store, organization).await?;
    let view = |document| AgreementView::new(organization, document, caller.now());
    Ok(Found(AgreementList { agreements: documents.into_iter().map(view).collect() }))
}

/// `POST …/Agreements`.
pub(crate) async fn create(
    caller: Caller,
    Path(organization): Path<OrganizationSid>,
    Json(request): Json<CreateAgreement>,
) -> Answer<Created<AgreementView>> {
    let entitled = reach_as_main(&caller, organization).await?;
    let author = Author::of(&caller);
    let facts = request.parse(caller.now())?;
    let document = service::create(&author, &entitled, facts).await?;
    Ok(Created(AgreementView::new(organization, document, caller.now())))
}

/// `GET …/Agreements/{AgreementSid}`.
pub(crate) async fn fetch(
    caller: Caller,
    PathPair(organization, agreement): PathPair<OrganizationSid, AgreementSid>,
) -> Answer<Found<AgreementView>> {
    reach(&caller, organization).await?;
    let document = service::find(&caller.services.store, organization, agreement).await?;
    Ok(Found(AgreementView::new(organization, document, caller.now())))
}

/// `POST …/Agreements/{AgreementSid}/Termination`: ends it now.
pub(crate) async fn terminate(
    caller: Caller,
    PathPair(organization, agreement): PathPair<OrganizationSid, AgreementSid>,
    Json(NoChoices {}): Json<NoChoices>,
) -> Answer<Found<AgreementView>> {
    reach_as_main(&caller, organization).await?;
    let document = service::terminate(&Author::of(&caller), organization, agreement).await?;
    Ok(Found(AgreementView::new(organization, document, caller.now())))
}
