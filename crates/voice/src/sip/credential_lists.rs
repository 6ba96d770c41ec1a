//! The CredentialList and Credential resources: user names and passwords that guard SIP domains.
//!
//! A credential is two documents with one SID: the user name, which the API shows, and the hashes of the password, which
//! it never does.

use base::{AccountSid, CredentialListSid, Sid, SipCredentialSid};
use errors::{ApiError, Result, codes};
use kit::page::{Paging, Unfiltered};
use kit::{
    Answer, Created, Ctx, Deleted, Form, Found, FromParams, Listing, PageRequest, Params, Path, PathPair,
};
use phi::{DigestKey, Phi};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Document, Index, IndexValue, Kind, NewDocument, Query};
use zeroize::Zeroizing;

use super::digest::Hashes;
use super::domains;
use super::required_name;
use crate::limits::{MAX_CREDENTIAL_LISTS, MAX_CREDENTIALS, SIP_PASSWORD, SIP_USERNAME};

/// The index entry by which a list is found by its name.
const NAME: &str = "friendly_name";
/// The index entry by which a credential is found by its list and user name.
const USERNAME: &str = "username";
/// What of a credential is shown, as the ledger names it.
const SHOWN: &[&str] = &["username"];

/// The kind of credential lists; they live in the account's scope.
#[derive(Debug)]
pub(crate) enum CredentialList {}

impl Kind for CredentialList {
    const NAME: &'static str = "sip-credential-list";
    type Sid = CredentialListSid;
    type Facts = ListFacts;
    type Content = ();
}

/// A credential list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListFacts {
    /// A name for people.
    pub(crate) friendly_name: String,
}

/// The kind of credentials; their protected content is the user name, which is often a person's.
#[derive(Debug)]
pub(crate) enum SipCredential {}

impl Kind for SipCredential {
    const NAME: &'static str = "sip-credential";
    type Sid = SipCredentialSid;
    type Facts = ();
    type Content = String;
}

/// The kind of hashes; same SID as their credential, a key of their own.
#[derive(Debug)]
pub(crate) enum SipSecret {}

impl Kind for SipSecret {
    const NAME: &'static str = "sip-secret";
    type Sid = SipCredentialSid;
    type Facts = ();
    type Content = Hashes;
}

/// The index value of a user name in a list.
pub(crate) fn username_digest(key: &DigestKey, list: CredentialListSid, username: &str) -> IndexValue {
    IndexValue::Digest(key.digest(USERNAME, format!("{list} {username}").as_bytes()))
}

/// The index entry of a user name in a list.
pub(crate) fn by_username(key: &DigestKey, list: CredentialListSid, username: &str) -> Index {
    Index { key: USERNAME, value: username_digest(key, list, username) }
}

/// What a request names a list.
pub(crate) struct Named(String);

impl FromParams for Named {
    fn from_params(params: &mut Params) -> Result<Self> {
        required_name(params, codes::CREDENTIAL_LIST_REFUSED).map(Self)
    }
}

/// A password as the guide wants it (VOI-SIP-1): long, in both cases, with a digit.
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    fn read(params: &mut Params) -> Result<Self> {
        let refused = || ApiError::new(codes::CREDENTIAL_REFUSED).parameter("Password");
        let password = Zeroizing::new(params.text("Password")?.unwrap_or_default());
        let has = |kind: fn(&char) -> bool| password.chars().any(|letter| kind(&letter));
        let is_mixed =
            has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
        match is_mixed && SIP_PASSWORD.contains(&password.chars().count()) {
            true => Ok(Self(password)),
            false => Err(refused()),
        }
    }
}

impl FromParams for Password {
    fn from_params(params: &mut Params) -> Result<Self> {
        Self::read(params)
    }
}

/// A new credential.
pub(crate) struct NewCredential {
    username: Phi<String>,
    password: Password,
}

impl FromParams for NewCredential {
    fn from_params(params: &mut Params) -> Result<Self> {
        let username = params.text("Username")?.unwrap_or_default();
        // What may stand in the user part of a SIP address without an escape (RFC 3261 §25.1).
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/".contains(letter);
        if !SIP_USERNAME.contains(&username.len()) || !username.chars().all(fits) {
            return Err(ApiError::new(codes::CREDENTIAL_REFUSED).parameter("Username"));
        }
        Ok(Self { username: Phi::new(username), password: Password::read(params)? })
    }
}

async fn get(ctx: &Ctx, sid: CredentialListSid) -> Result<Document<CredentialList>> {
    ctx.store().get::<CredentialList>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// The name of a list of the account, for a domain that it is to be mapped to.
pub(super) async fn name_of(ctx: &Ctx, sid: CredentialListSid) -> Result<String> {
    Ok(get(ctx, sid).await?.facts.friendly_name)
}

/// Refuses a name that another list of the account has.
async fn refuse_taken(ctx: &Ctx, name: &str, own: Option<CredentialListSid>) -> Result<()> {
    let found = ctx.store().find::<CredentialList>(NAME, ctx.store().free_text(name)).await?;
    match found.is_some_and(|found| Some(found.sid) != own) {
        true => Err(ApiError::new(codes::CREDENTIAL_LIST_REFUSED).parameter("FriendlyName")),
        false => Ok(()),
    }
}

pub(crate) async fn create(ctx: Ctx, Form(Named(name)): Form<Named>) -> Answer<Created<ListView>> {
    let all = Query { limit: MAX_CREDENTIAL_LISTS, ..Query::default() };
    if ctx.store().list::<CredentialList>(all).await?.documents.len() >= MAX_CREDENTIAL_LISTS {
        return Err(ApiError::new(codes::CREDENTIAL_LISTS_FULL).into());
    }
    refuse_taken(&ctx, &name, None).await?;
    let sid = CredentialListSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    let index = vec![Index { key: NAME, value: batch.free_text(&name) }];
    let facts = ListFacts { friendly_name: name };
    batch.insert::<CredentialList>(NewDocument { index, ..NewDocument::of(sid, ctx.now(), facts) });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(ListView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<CredentialListSid>) -> Answer<Found<ListView>> {
    Ok(Found(ListView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (Unfiltered, paging) = page.open::<Unfiltered>(&ctx).await?;
    let query = Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = ctx.store().list::<CredentialList>(query).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/SIP/CredentialLists.json");
    let listing = Listing::new(&ctx, paging, listed, |list| ListView::new(account, &list)).await?;
    Ok(Found(listing.api2010(&path, "credential_lists")))
}

pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<CredentialListSid>,
    Form(Named(name)): Form<Named>,
) -> Answer<Found<ListView>> {
    let mut found = get(&ctx, sid).await?;
    refuse_taken(&ctx, &name, Some(sid)).await?;
    found.facts.friendly_name = name;
    let mut batch = ctx.batch();
    batch.update::<CredentialList>(&found);
    let value = batch.free_text(&found.facts.friendly_name);
    batch.reindex::<CredentialList>(sid, NAME, vec![value]);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Found(ListView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

/// Deletes a list that guards nothing, with its credentials.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<CredentialListSid>) -> Answer<Deleted> {
    let found = get(&ctx, sid).await?;
    if domains::names(&ctx, &sid.to_string()).await? {
        return Err(ApiError::new(codes::CREDENTIAL_LIST_IN_USE).into());
    }
    let mut batch = ctx.batch();
    for credential in credentials(&ctx, sid).await? {
        batch.shred::<SipSecret>(credential.sid);
        if let Some(secret) = ctx.store().get::<SipSecret>(credential.sid).await? {
            batch.delete(&secret);
        }
        batch.delete(&credential);
    }
    batch.delete(&found);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Deleted)
}

async fn credentials(ctx: &Ctx, list: CredentialListSid) -> Result<Vec<Document<SipCredential>>> {
    let query = Query { parent: Some(list.to_string()), limit: MAX_CREDENTIALS, ..Query::default() };
    Ok(ctx.store().list::<SipCredential>(query).await?.documents)
}

async fn credential(
    ctx: &Ctx,
    list: CredentialListSid,
    sid: SipCredentialSid,
) -> Result<Document<SipCredential>> {
    let found = ctx.store().get::<SipCredential>(sid).await?;
    found.filter(|found| found.parent == Some(list.to_string())).ok_or(codes::NOT_FOUND.into())
}

pub(crate) async fn create_credential(
    ctx: Ctx,
    Path(list): Path<CredentialListSid>,
    Form(new): Form<NewCredential>,
) -> Answer<Created<CredentialView>> {
    get(&ctx, list).await?;
    if credentials(&ctx, list).await?.len() >= MAX_CREDENTIALS {
        return Err(ApiError::new(codes::CREDENTIALS_FULL).into());
    }
    let NewCredential { username, password } = new;
    let (scoped, now) = (ctx.store(), ctx.now());
    let key = scoped.digest_key().await?;
    let index = username.map_ref(|name| by_username(&key, list, name));
    /// A digest under the account's key.
    struct Entry(Index);
    impl phi::PublicFact for Entry {}
    let Entry(index) = index.learn(|index| Entry(index.clone()));
    if scoped.find::<SipCredential>(USERNAME, index.value.clone()).await?.is_some() {
        return Err(ApiError::new(codes::CREDENTIAL_REFUSED).parameter("Username").into());
    }
    let sid = SipCredentialSid::generate(ctx.services.store.random().as_ref());
    let hashes = username.map_ref(|name| Hashes::of(name, &password.0));
    let parent = Some(list.to_string());
    let mut batch = ctx.batch();
    batch.insert::<SipCredential>(NewDocument {
        parent: parent.clone(),
        content: Some(username),
        index: vec![index],
        ..NewDocument::of(sid, now, ())
    });
    batch.insert::<SipSecret>(NewDocument { parent, content: Some(hashes), ..NewDocument::of(sid, now, ()) });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(shown(&ctx, list, sid).await?))
}

/// Shows a credential; the ledger has it first.
async fn shown(ctx: &Ctx, list: CredentialListSid, sid: SipCredentialSid) -> Result<CredentialView> {
    let found = credential(ctx, list, sid).await?;
    let proof = ctx.disclose(vec![sid.to_string()], SHOWN).await?;
    Ok(CredentialView::new(ctx.account().sid(), list, found, &proof))
}

pub(crate) async fn fetch_credential(
    ctx: Ctx,
    PathPair(list, sid): PathPair<CredentialListSid, SipCredentialSid>,
) -> Answer<Found<CredentialView>> {
    Ok(Found(shown(&ctx, list, sid).await?))
}

pub(crate) async fn list_credentials(
    ctx: Ctx,
    Path(list): Path<CredentialListSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    get(&ctx, list).await?;
    let (Unfiltered, paging): (_, Paging) = page.open::<Unfiltered>(&ctx).await?;
    let query = Query {
        parent: Some(list.to_string()),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<SipCredential>(query).await?;
    let sids = listed.documents.iter().map(|found| found.sid.to_string()).collect();
    let proof = ctx.disclose(sids, SHOWN).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/SIP/CredentialLists/{list}/Credentials.json");
    let view = |found| CredentialView::new(account, list, found, &proof);
    let listing = Listing::new(&ctx, paging, listed, view).await?;
    Ok(Found(listing.api2010(&path, "credentials")))
}

/// Gives a credential another password.
pub(crate) async fn update_credential(
    ctx: Ctx,
    PathPair(list, sid): PathPair<CredentialListSid, SipCredentialSid>,
    Form(password): Form<Password>,
) -> Answer<Found<CredentialView>> {
    let found = credential(&ctx, list, sid).await?;
    let username = found.content.clone().ok_or(ApiError::new(codes::NOT_FOUND))?;
    let secret = ctx.store().get::<SipSecret>(sid).await?;
    let mut batch = ctx.batch();
    batch.update::<SipCredential>(&found);
    if let Some(secret) = &secret {
        batch.delete(secret);
    }
    batch.insert::<SipSecret>(NewDocument {
        parent: found.parent.clone(),
        content: Some(username.map(|name| Hashes::of(&name, &password.0))),
        ..NewDocument::of(sid, ctx.now(), ())
    });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Found(shown(&ctx, list, sid).await?))
}

pub(crate) async fn delete_credential(
    ctx: Ctx,
    PathPair(list, sid): PathPair<CredentialListSid, SipCredentialSid>,
) -> Answer<Deleted> {
    let found = credential(&ctx, list, sid).await?;
    let mut batch = ctx.batch();
    if let Some(secret) = ctx.store().get::<SipSecret>(sid).await? {
        batch.delete(&secret);
    }
    batch.delete(&found);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Deleted)
}

/// A credential list on the wire (`api.v2010.account.sip.sip_credential_list`).
#[derive(Serialize)]
pub(crate) struct ListView {
    account_sid: String,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    sid: String,
    subresource_uris: Subresources,
    uri: String,
}

#[derive(Serialize)]
struct Subresources {
    credentials: String,
}

impl ListView {
    fn new(account: AccountSid, list: &Document<CredentialList>) -> Self {
        let path = format!("/2010-04-01/Accounts/{account}/SIP/CredentialLists/{}", list.sid);
        Self {
            account_sid: account.to_string(),
            date_created: list.created_at.rfc2822(),
            date_updated: list.updated_at.rfc2822(),
            friendly_name: list.facts.friendly_name.clone(),
            sid: list.sid.to_string(),
            subresource_uris: Subresources { credentials: format!("{path}/Credentials.json") },
            uri: format!("{path}.json"),
        }
    }
}

/// A credential on the wire (`….sip_credential_list.sip_credential`). No `Debug`.
#[derive(Serialize)]
pub(crate) struct CredentialView {
    account_sid: String,
    credential_list_sid: String,
    date_created: String,
    date_updated: String,
    sid: String,
    uri: String,
    username: String,
}

impl CredentialView {
    fn new(
        account: AccountSid,
        list: CredentialListSid,
        found: Document<SipCredential>,
        proof: &phi::Proof,
    ) -> Self {
        let sid = found.sid;
        Self {
            account_sid: account.to_string(),
            credential_list_sid: list.to_string(),
            date_created: found.created_at.rfc2822(),
            date_updated: found.updated_at.rfc2822(),
            sid: sid.to_string(),
            uri: format!("/2010-04-01/Accounts/{account}/SIP/CredentialLists/{list}/Credentials/{sid}.json"),
            username: found.content.map(|name| name.into_open(proof)).unwrap_or_default(),
        }
    }
}
