//! What messaging asks about registrations.

use base::{MessagingServiceSid, PhoneNumberSid};
use store::{Scoped, StoreError};

use crate::model::{Campaign, NumberVerification, ServiceCampaign, Verification};
use crate::stage::Stage;

/// Whether a Messaging Service has a campaign that is registered.
///
/// # Errors
/// When the store cannot answer.
pub async fn has_campaign(scoped: &Scoped, service: MessagingServiceSid) -> Result<bool, StoreError> {
    let Some(of_service) = scoped.get::<ServiceCampaign>(service).await? else { return Ok(false) };
    let campaign = scoped.get::<Campaign>(of_service.facts.has.0).await?;
    Ok(campaign.is_some_and(|campaign| campaign.facts.review.stage == Stage::Passed))
}

/// Whether a toll-free number is verified.
///
/// # Errors
/// When the store cannot answer.
pub async fn is_verified(scoped: &Scoped, number: PhoneNumberSid) -> Result<bool, StoreError> {
    let Some(of_number) = scoped.get::<NumberVerification>(number).await? else { return Ok(false) };
    let verification = scoped.get::<Verification>(of_number.facts.has.0).await?;
    Ok(verification.is_some_and(|verification| verification.facts.review.stage == Stage::Passed))
}
