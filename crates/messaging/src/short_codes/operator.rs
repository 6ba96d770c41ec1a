//! The operator's way to take a short code back whose lease has ended. It is of our own API; one is brought in beside
//! the phone numbers (`numbers::operator`).

use base::ShortCodeSid;
use kit::{Answer, Ctx, Deleted, Path};

use super::service;

pub(crate) use super::service::give;

/// Where one short code of an account is for the operator.
pub(crate) const CODE: &str = "/switchward/v1/Accounts/{AccountSid}/ShortCodes/{Sid}";

pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<ShortCodeSid>) -> Answer<Deleted> {
    service::take_back(&ctx, sid).await?;
    Ok(Deleted)
}
