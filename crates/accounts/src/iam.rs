//! API keys of iam v1, where restricted keys are made with the permissions they list; and of our own
//! API, where main keys are. The documents are those of `keys`.

use auth::{ApiKey, ApiKeyFacts, KeyType, Permission};
use base::{AccountSid, KeySid};
use errors::{ApiError, Result, codes};
use kit::{
    Answer, Caller, Created, Ctx, Deleted, Form, Found, FromParams, Json, Listing, PageRequest, Params, Path,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Document, Name, Query};

use crate::keys::{self, Rights};
use crate::limits;
use crate::text::{friendly_name, invalid};

const KEYS: &str = "/v1/Keys";

/// What every key of the list can be used for, in the API's words.
const FLAGS: [&str; 2] = ["rest_api", "signing"];

/// A restricted key's permissions, as `Policy` has them.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    allow: Vec<String>,
}

impl Policy {
    fn of(key: &ApiKeyFacts) -> Option<Self> {
        (key.key_type == KeyType::Restricted)
            .then(|| Self { allow: key.granted().iter().map(Permission::to_string).collect() })
    }

    /// Reads the JSON text of a form.
    fn parse(text: &str) -> Result<Vec<Permission>> {
        if text.len() > limits::POLICY {
            return Err(invalid("Policy"));
        }
        let policy: Self = serde_json::from_str(text).map_err(|_| invalid("Policy"))?;
        permissions("Policy", &policy.allow)
    }
}

/// The permissions of these names, each once. A name that is none of ours is an error: leaving it out
/// would make a key that cannot do what it was made for.
fn permissions(parameter: &'static str, names: &[String]) -> Result<Vec<Permission>> {
    let mut permissions = Vec::new();
    for name in names.iter().take(limits::LIST + 1) {
        let permission: Permission = name.parse().map_err(|_| invalid(parameter))?;
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
    }
    if permissions.is_empty() || names.len() > limits::LIST {
        Err(invalid(parameter))
    } else {
        Ok(permissions)
    }
}

/// `AccountSid` of a list, which the API requires. A later page has it in its token.
pub(crate) struct InAccount(AccountSid);

impl FromParams for InAccount {
    fn from_params(params: &mut Params) -> Result<Self> {
        params.sid("AccountSid")?.map(Self).ok_or_else(|| invalid("AccountSid"))
    }
}

/// The form of create.
pub(crate) struct CreateKey {
    account: AccountSid,
    name: String,
    rights: Rights,
}

impl FromParams for CreateKey {
    fn from_params(params: &mut Params) -> Result<Self> {
        let InAccount(account) = InAccount::from_params(params)?;
        let name = name_of(params)?.unwrap_or_default();
        let key_type = params.word("KeyType", &["standard", "restricted"])?;
        let policy = policy_of(params)?;
        let rights = match (key_type, policy) {
            (Some("restricted"), Some(permissions)) => Rights::Restricted(permissions),
            (None | Some("standard"), None) => Rights::Standard,
            _ => return Err(restricted_only()),
        };
        Ok(Self { account, name, rights })
    }
}

/// The form of update.
pub(crate) struct UpdateKey {
    name: Option<String>,
    policy: Option<Vec<Permission>>,
}

impl FromParams for UpdateKey {
    fn from_params(params: &mut Params) -> Result<Self> {
        Ok(Self { name: name_of(params)?, policy: policy_of(params)? })
    }
}

fn name_of(params: &mut Params) -> Result<Option<String>> {
    let name = params.text("FriendlyName")?.filter(|name| !name.is_empty());
    name.map(|name| friendly_name("FriendlyName", name)).transpose()
}

fn policy_of(params: &mut Params) -> Result<Option<Vec<Permission>>> {
    params.text("Policy")?.map(|text| Policy::parse(&text)).transpose()
}

fn restricted_only() -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).hint("a policy belongs to a restricted key, and only to one")
}

/// A key of a list, as `iam.v1.get_keys` has it.
#[derive(Serialize)]
struct ListedView {
    sid: String,
    friendly_name: String,
    date_created: String,
    date_updated: String,
    flags: [&'static str; 2],
}

impl ListedView {
    fn new(key: Document<ApiKey>) -> Self {
        Self {
            sid: key.sid.to_string(),
            friendly_name: key.facts.friendly_name,
            date_created: key.created_at.rfc2822(),
            date_updated: key.updated_at.rfc2822(),
            flags: FLAGS,
        }
    }
}

/// A key, as `iam.v1.key` has it.
#[derive(Serialize)]
pub(crate) struct KeyView {
    sid: String,
    friendly_name: String,
    date_created: String,
    date_updated: String,
    policy: Option<Policy>,
}

impl KeyView {
    fn new(key: Document<ApiKey>) -> Self {
        Self {
            sid: key.sid.to_string(),
            policy: Policy::of(&key.facts),
            friendly_name: key.facts.friendly_name,
            date_created: key.created_at.rfc2822(),
            date_updated: key.updated_at.rfc2822(),
        }
    }
}

/// A new key with its secret, which is never shown again (`iam.v1.new_key`). No Debug.
#[derive(Serialize)]
pub(crate) struct NewKeyView {
    #[serde(flatten)]
    key: KeyView,
    secret: String,
}

/// `GET /v1/Keys`.
pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    // Page tokens are the caller's own; the documents are those of the account that is asked for.
    let (InAccount(account), paging) = page.open(&ctx).await?;
    let query = Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = ctx.enter(account).await?.store().list::<ApiKey>(query).await?;
    let listing = Listing::new(&ctx, paging, listed, ListedView::new).await?;
    Ok(Found(listing.versioned(&ctx, KEYS, "keys")))
}

/// `POST /v1/Keys`: a standard or restricted key.
pub(crate) async fn create(caller: Caller, Form(form): Form<CreateKey>) -> Answer<Created<NewKeyView>> {
    let ctx = caller.enter(form.account).await?;
    let (key, secret) = keys::make(&ctx, form.name, &form.rights).await?;
    Ok(Created(NewKeyView { key: KeyView::new(key), secret: secret.reveal().to_owned() }))
}

/// `GET /v1/Keys/{Sid}`.
pub(crate) async fn fetch(caller: Caller, Path(sid): Path<KeySid>) -> Answer<Found<KeyView>> {
    let ctx = owner_of(&caller, sid).await?;
    Ok(Found(KeyView::new(keys::find(&ctx, sid).await?)))
}

/// `POST /v1/Keys/{Sid}`.
pub(crate) async fn update(
    caller: Caller,
    Path(sid): Path<KeySid>,
    Form(form): Form<UpdateKey>,
) -> Answer<Found<KeyView>> {
    let ctx = owner_of(&caller, sid).await?;
    let mut key = keys::find(&ctx, sid).await?;
    if let Some(permissions) = form.policy {
        if key.facts.key_type != KeyType::Restricted {
            return Err(restricted_only().into());
        }
        key.facts.permissions = permissions.iter().map(Permission::to_string).collect();
        keys::require(&ctx, &Rights::Restricted(permissions))?;
    }
    if let Some(name) = form.name {
        key.facts.friendly_name = name;
    }
    Ok(Found(KeyView::new(keys::write(&ctx, key).await?)))
}

/// `DELETE /v1/Keys/{Sid}`.
pub(crate) async fn delete(caller: Caller, Path(sid): Path<KeySid>) -> Answer<Deleted> {
    let ctx = owner_of(&caller, sid).await?;
    keys::remove(&ctx, sid).await?;
    Ok(Deleted)
}

/// The caller in the account that this key belongs to; the path does not name it.
async fn owner_of(caller: &Caller, sid: KeySid) -> Result<Ctx> {
    let located = caller.services.store.locate(&Name::key(sid)).await?;
    let account = located.and_then(|located| located.scope.to_string().parse().ok());
    caller.enter(account.ok_or(ApiError::new(codes::NOT_FOUND))?).await
}

/// The body of our own create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateAccountKey {
    friendly_name: Option<String>,
    key_type: KeyType,
    permissions: Option<Vec<String>>,
}

/// A new key of our own API, with its secret. No Debug.
#[derive(Serialize)]
pub(crate) struct AccountKeyView {
    sid: String,
    account_sid: String,
    friendly_name: String,
    key_type: KeyType,
    permissions: Option<Vec<String>>,
    created_at: String,
    secret: String,
}

/// `POST /switchward/v1/Accounts/{AccountSid}/Keys`: a key of any type.
pub(crate) async fn create_any(
    ctx: Ctx,
    Json(request): Json<CreateAccountKey>,
) -> Answer<Created<AccountKeyView>> {
    let name = request.friendly_name.map(|name| friendly_name("friendly_name", name)).transpose()?;
    let rights = match (request.key_type, request.permissions) {
        (KeyType::Main, None) => Rights::Main,
        (KeyType::Standard, None) => Rights::Standard,
        (KeyType::Restricted, Some(names)) => Rights::Restricted(permissions("permissions", &names)?),
        _ => return Err(restricted_only().into()),
    };
    let (key, secret) = keys::make(&ctx, name.unwrap_or_default(), &rights).await?;
    Ok(Created(AccountKeyView {
        sid: key.sid.to_string(),
        account_sid: ctx.account().sid().to_string(),
        permissions: Policy::of(&key.facts).map(|policy| policy.allow),
        friendly_name: key.facts.friendly_name,
        key_type: key.facts.key_type,
        created_at: key.created_at.iso8601(),
        secret: secret.reveal().to_owned(),
    }))
}
