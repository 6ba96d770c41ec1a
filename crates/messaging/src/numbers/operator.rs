//! The operator's way to bring numbers and short codes in: into the inventory, or to one account at once. It is of our
//! own API.

use std::sync::Arc;

use auth::{Permission, SidText};
use base::{AccountSid, Address};
use errors::{ApiError, Result, codes};
use kit::{Access, Answer, Caller, Created, Json, Product, Routes, Services};
use serde::{Deserialize, Serialize};

use super::inventory::{add_to_inventory, claim_number};
use crate::short_codes::operator as short_codes;

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const NUMBERS: &str = "/switchward/v1/Numbers";

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    let access =
        |operation| Access::new(Permission::NumbersWrite, operation).operator_only().administrative();
    Routes::new(PRODUCT, services).create(NUMBERS, access("create_inventory_number"), create).delete(
        short_codes::CODE,
        access("delete_short_code_by_operator"),
        short_codes::delete,
    )
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
    sid: Option<String>,
}

async fn create(caller: Caller, Json(new): Json<NewNumber>) -> Answer<Created<NumberView>> {
    Ok(Created(add(&caller, new).await?))
}

/// A number that is there already stays where it is; one that another account has is not given away. A short code is
/// leased for one customer, so it goes to an account at once and to no inventory.
async fn add(caller: &Caller, new: NewNumber) -> Result<NumberView> {
    let number = match (Address::parse(&new.number), new.account_sid) {
        (Ok(Address::Phone(number)), _) => number.into_string(),
        (Ok(code @ Address::ShortCode(_)), Some(SidText(account))) => {
            let number = code.into_string();
            let sid = short_codes::give(&caller.services, account, number.clone()).await?;
            return Ok(NumberView { number, account_sid: new.account_sid, sid: Some(sid.to_string()) });
        }
        (Ok(Address::ShortCode(_)), None) => {
            let error = ApiError::new(codes::INVALID_PARAMETER).parameter("account_sid");
            return Err(error.hint("a short code is brought in for one account"));
        }
        _ => return Err(ApiError::new(codes::NUMBER_INVALID).parameter("number")),
    };
    add_to_inventory(&caller.services, &[&number]).await?;
    let sid = match new.account_sid {
        Some(SidText(account)) => Some(claim_number(&caller.services, account, &number).await?.to_string()),
        None => None,
    };
    Ok(NumberView { number, account_sid: new.account_sid, sid })
}
