//! The operator's way to bring numbers in: into the inventory, or to one account at once. It is of our own API.

use std::sync::Arc;

use auth::{Permission, SidText};
use base::{AccountSid, Address, PhoneNumberSid};
use errors::{ApiError, Result, codes};
use kit::{Access, Answer, Caller, Created, Json, Product, Routes, Services};
use serde::{Deserialize, Serialize};

use super::inventory::{add_to_inventory, claim_number};

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const NUMBERS: &str = "/switchward/v1/Numbers";

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    let access = Access::new(Permission::NumbersWrite, "create_inventory_number");
    Routes::new(PRODUCT, services).create(NUMBERS, access.operator_only().administrative(), create)
}

/// A number that a carrier has given the operator.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNumber {
    number: String,
    account_sid: Option<SidText<AccountSid>>,
}

/// Where it is now.
#[derive(Serialize)]
struct NumberView {
    number: String,
    account_sid: Option<SidText<AccountSid>>,
    sid: Option<SidText<PhoneNumberSid>>,
}

async fn create(caller: Caller, Json(new): Json<NewNumber>) -> Answer<Created<NumberView>> {
    Ok(Created(add(&caller, new).await?))
}

/// A number that is there already stays where it is; one that another account has is not given away.
async fn add(caller: &Caller, new: NewNumber) -> Result<NumberView> {
    let Ok(Address::Phone(number)) = Address::parse(&new.number) else {
        return Err(ApiError::new(codes::NUMBER_INVALID).parameter("number"));
    };
    let number = number.into_string();
    add_to_inventory(&caller.services, &[&number]).await?;
    let sid = match new.account_sid {
        Some(SidText(account)) => Some(SidText(claim_number(&caller.services, account, &number).await?)),
        None => None,
    };
    Ok(NumberView { number, account_sid: new.account_sid, sid })
}
