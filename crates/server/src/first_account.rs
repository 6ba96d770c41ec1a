//! The first account: made by `init` or by the first start, kept in the data folder.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::Body;
use base::AccountSid;
use data_encoding::BASE64;
use edge::CertificateAuthority;
use errors::codes;
use http::{Method, Request, header};
use kit::{Origin, Services};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::app::wall_clock;
use crate::data_folder::{DataFolder, FirstAccount, Identity};
use crate::problem::{Problem, Result};

/// The number the first account gets.
const FIRST_NUMBER: &str = "+14155550100";

/// What a new installation's inventory holds: numbers that are set aside for fiction.
const INVENTORY: [&str; 20] = [
    FIRST_NUMBER,
    "+14155550101",
    "+14155550102",
    "+14155550103",
    "+14155550104",
    "+14155550105",
    "+14155550106",
    "+14155550107",
    "+14155550108",
    "+14155550109",
    "+14155550110",
    "+14155550111",
    "+14155550112",
    "+14155550113",
    "+14155550114",
    "+14155550115",
    "+14155550116",
    "+14155550117",
    "+14155550118",
    "+14155550119",
];

/// The first account as it was made, or made now; designated for PHI if `hipaa`.
///
/// Each step is kept before the next one, so that one that was interrupted goes on where it stopped.
///
/// # Errors
/// When it cannot be made.
pub(crate) async fn ensure(data: &DataFolder, services: &Arc<Services>, hipaa: bool) -> Result<FirstAccount> {
    CertificateAuthority::load_or_create(data.path(), None, wall_clock())
        .map_err(|error| Problem::new(format!("the private CA cannot be used: {error}")))?;
    let mut account = match data.first_account()? {
        Some(account) => account,
        None => {
            let account = make(data, services, hipaa).await?;
            data.keep_first_account(&account)?;
            account
        }
    };
    if !account.has_number {
        give_number(services, &account.identity).await?;
        account.has_number = true;
        data.keep_first_account(&account)?;
    }
    if hipaa && !account.hipaa {
        designate(services, &account.identity).await?;
        account.hipaa = true;
        data.keep_first_account(&account)?;
    }
    Ok(account)
}

async fn make(data: &DataFolder, services: &Services, hipaa: bool) -> Result<FirstAccount> {
    let made = accounts::setup::first_account(services, hipaa).await?;
    let identity = Identity {
        organization: made.organization.to_string(),
        account_sid: made.account.to_string(),
        auth_token: made.auth_token.reveal().to_owned(),
        api_key_sid: made.key_sid.to_string(),
        api_key_secret: made.key_secret.reveal().to_owned(),
        phone_number: FIRST_NUMBER.to_owned(),
        ca_cert: data.ca_certificate().display().to_string(),
    };
    Ok(FirstAccount { identity, hipaa, has_number: false })
}

async fn give_number(services: &Services, identity: &Identity) -> Result<()> {
    let account: AccountSid =
        identity.account_sid.parse().map_err(|_| Problem::new("the first account's SID is damaged"))?;
    messaging::add_to_inventory(services, &INVENTORY).await?;
    match messaging::claim_number(services, account, FIRST_NUMBER).await {
        // An earlier attempt was interrupted after this step: the account has it.
        Err(error) if error.code() == codes::NUMBER_NOT_AVAILABLE => Ok(()),
        claimed => Ok(claimed.map(drop)?),
    }
}

/// Records a sample agreement and designates the account, as the account's own requests: the rules
/// for that are the API's.
async fn designate(services: &Arc<Services>, identity: &Identity) -> Result<()> {
    let organization = &identity.organization;
    let agreements = format!("/switchward/v1/Organizations/{organization}/Agreements");
    post(services, identity, &agreements, sample_agreement(services)).await?;
    let designation = format!("/switchward/v1/Accounts/{}/Designation", identity.account_sid);
    post(services, identity, &designation, json!({})).await
}

/// An agreement that stands in until the real one is recorded; every text says that it is a sample.
fn sample_agreement(services: &Services) -> Value {
    let sample = |text: &str| format!("SAMPLE, replace with your agreement: {text}");
    let today = services.now().iso8601();
    json!({
        "counterparty": sample("the operator of this installation"),
        "signer": sample("name of the signer"),
        "initiated_at": today,
        "signed_at": today,
        "services": ["messaging", "voice", "lookup"],
        "permitted_uses": [sample("treatment")],
        "permitted_disclosures": [sample("carriers, for delivery to the patient")],
        "safeguards": sample("the safeguards of 45 CFR 164 subpart C"),
        "breach_contact": sample("privacy officer"),
        "breach_deadline_days": 60,
        "subcontractors": [],
    })
}

async fn post(services: &Arc<Services>, identity: &Identity, path: &str, body: Value) -> Result<()> {
    let basic = BASE64.encode(format!("{}:{}", identity.account_sid, identity.auth_token).as_bytes());
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Basic {basic}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .map_err(|_| Problem::new("the first account's SIDs are damaged"))?;
    // It never leaves this process.
    request.extensions_mut().insert(Origin {
        base_url: "https://localhost".to_owned(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: true,
    });
    let router = accounts::switchward_routes(Arc::clone(services)).into_router();
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    match response.status().is_success() {
        true => Ok(()),
        false => Err(Problem::new(format!(
            "the account could not be designated: {} was answered with {}",
            path,
            response.status()
        ))),
    }
}
