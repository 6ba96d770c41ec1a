//! Accounts of the 2010 API: a main account, and the subaccounts it makes.
//!
//! The auth token is shown to those who could act with it anyway (full credentials and the operator), and
//! every showing is in the ledger. A restricted key that may read accounts is shown none: it would get
//! more by reading than it was given.

pub(crate) mod service;
mod view;

use auth::{Account, AccountStatus, Grant};
use base::OrganizationSid;
use errors::{Result, codes};
use kit::{
    Answer, ApiError, Caller, Created, Ctx, Form, Found, FromParams, Json, Listing, PageRequest, Params,
};
use serde::Deserialize;
use serde_json::Value;
use store::{Document, Index, IndexValue, Listed, Query, Scoped};

use crate::author::{Author, Fields, NOTHING};
use crate::text::friendly_name;
use view::AccountView;

/// What the ledger says when an auth token is shown.
pub(crate) const TOKEN: Fields = &["auth_token"];

/// The words of `Status`.
const STATUSES: &[&str] = &["active", "suspended", "closed"];

/// Whether this caller is shown auth tokens.
pub(crate) fn sees_tokens(caller: &Caller) -> bool {
    matches!(caller.principal.grant, Grant::Full | Grant::Operator)
}

fn shown(caller: &Caller) -> Fields {
    if sees_tokens(caller) { TOKEN } else { NOTHING }
}

/// Filters of the list.
pub(crate) struct Filters {
    friendly_name: Option<String>,
    status: Option<&'static str>,
}

impl FromParams for Filters {
    fn from_params(params: &mut Params) -> Result<Self> {
        Ok(Self { friendly_name: params.text("FriendlyName")?, status: params.word("Status", STATUSES)? })
    }
}

impl Filters {
    fn index(&self, scoped: &Scoped) -> Vec<Index> {
        let name = self.friendly_name.as_deref().map(|name| ("friendly_name", scoped.free_text(name)));
        let status = self.status.map(|status| ("status", IndexValue::Plain(status.to_owned())));
        name.into_iter().chain(status).map(|(key, value)| Index { key, value }).collect()
    }

    fn match_one(&self, account: &Document<Account>) -> bool {
        self.friendly_name.as_ref().is_none_or(|name| *name == account.facts.friendly_name)
            && self.status.is_none_or(|status| status == account.facts.status.as_str())
    }
}

/// A new subaccount.
pub(crate) struct CreateAccount(Option<String>);

impl FromParams for CreateAccount {
    fn from_params(params: &mut Params) -> Result<Self> {
        let name = params.text("FriendlyName")?.filter(|name| !name.is_empty());
        Ok(Self(name.map(|name| friendly_name("FriendlyName", name)).transpose()?))
    }
}

/// A change of an account.
pub(crate) struct UpdateAccount {
    friendly_name: Option<String>,
    status: Option<AccountStatus>,
}

impl FromParams for UpdateAccount {
    fn from_params(params: &mut Params) -> Result<Self> {
        let name = params.text("FriendlyName")?;
        let status = params.word("Status", STATUSES)?.map(|word| match word {
            "active" => AccountStatus::Active,
            "suspended" => AccountStatus::Suspended,
            _ => AccountStatus::Closed,
        });
        Ok(Self { friendly_name: name.map(|name| friendly_name("FriendlyName", name)).transpose()?, status })
    }
}

/// `GET /2010-04-01/Accounts`: the main account and its subaccounts; a subaccount sees itself.
pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filters, paging) = page.open::<Filters>(&ctx).await?;
    let own = &ctx.account().account;
    let listed = if own.facts.owner.0 == own.sid {
        let query = Query {
            filters: filters.index(&ctx.store()),
            limit: paging.size,
            cursor: paging.cursor.clone(),
            ..Query::default()
        };
        ctx.store().list::<Account>(query).await?
    } else {
        let one = Some(own).filter(|own| filters.match_one(own));
        let documents = one.map(|own| Document::clone(own)).into_iter().collect();
        Listed { documents, next: None, previous: None }
    };
    let sids = listed.documents.iter().map(|account| account.sid.to_string()).collect();
    ctx.disclose(sids, shown(&ctx)).await?;
    let with_tokens = sees_tokens(&ctx);
    let listing =
        Listing::new(&ctx, paging, listed, |account| AccountView::new(&account, with_tokens)).await?;
    Ok(Found(listing.api2010("/2010-04-01/Accounts.json", "accounts")))
}

/// `POST /2010-04-01/Accounts`: a subaccount, which inherits by truth table T1.
pub(crate) async fn create(
    ctx: Ctx,
    Form(CreateAccount(name)): Form<CreateAccount>,
) -> Answer<Created<AccountView>> {
    let account = service::create_subaccount(&Author::of(&ctx), ctx.account(), name, shown(&ctx)).await?;
    Ok(Created(AccountView::new(&account, sees_tokens(&ctx))))
}

/// `GET /2010-04-01/Accounts/{AccountSid}`.
pub(crate) async fn fetch(ctx: Ctx) -> Answer<Found<AccountView>> {
    ctx.disclose(vec![ctx.account().sid().to_string()], shown(&ctx)).await?;
    Ok(Found(AccountView::new(&ctx.account().account, sees_tokens(&ctx))))
}

/// `POST /2010-04-01/Accounts/{AccountSid}`.
pub(crate) async fn update(ctx: Ctx, Form(request): Form<UpdateAccount>) -> Answer<Found<AccountView>> {
    let may_set_status = match ctx.principal.account {
        None => true,
        Some(own) => ctx.account().account.facts.is_subaccount_of(ctx.account().sid(), own),
    };
    if request.status.is_some() && !may_set_status {
        return Err(ApiError::new(codes::FORBIDDEN)
            .hint("only the owner of a subaccount sets its Status")
            .into());
    }
    let change = service::Change { friendly_name: request.friendly_name, status: request.status };
    let account = service::update(&Author::of(&ctx), ctx.account(), change, shown(&ctx)).await?;
    Ok(Found(AccountView::new(&account, sees_tokens(&ctx))))
}

/// A new main account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateMain {
    organization_sid: String,
    friendly_name: String,
}

/// `POST /switchward/v1/Accounts`: the operator makes a main account in an organization. It is no HIPAA
/// project until somebody designates it (rows L7 and S1).
pub(crate) async fn create_main(
    caller: Caller,
    Json(request): Json<CreateMain>,
) -> Answer<Created<AccountView>> {
    let name = friendly_name("friendly_name", request.friendly_name)?;
    let organization: OrganizationSid =
        request.organization_sid.parse().map_err(|_| crate::text::invalid("organization_sid"))?;
    let account = service::create_main(&Author::of(&caller), organization, name, TOKEN).await?;
    Ok(Created(AccountView::new(&account, true)))
}
