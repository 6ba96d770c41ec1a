//! The tiny product: notes, whose text is protected, found by a name that is protected too.

use std::net::IpAddr;
use std::sync::Arc;

use auth::{Account, AccountStatus, Permission};
use axum::body::Body;
use base::{AccountSid, MessageSid, Sid};
use data_encoding::BASE64;
use http::{Method, Request};
use kit::page::Unfiltered;
use kit::{
    Access, Answer, Caller, Created, Ctx, Deleted, Form, Found, FromParams, Listing, Origin, PageRequest,
    Params, Path, Product, Query, Result, Routes, Services, codes,
};
use phi::Phi;
use serde_json::{Value, json};
use store::{Document, Index, IndexValue, Kind, Listed, NewDocument, Query as StoreQuery, Scope, Store};
use test_kit::{Reply, TestAccount, TestApp};

pub const READ: Access = Access::new(Permission::MessagesRead, "fetch_note");
const LIST: Access = Access::new(Permission::MessagesRead, "list_note");
const LIST_V1: Access = Access::new(Permission::MessagesRead, "list_note_v1");
const LIST_DRAFTS: Access = Access::new(Permission::MessagesRead, "list_draft");
const WRITE: Access = Access::new(Permission::MessagesWrite, "create_note");
const DELETE: Access = Access::new(Permission::MessagesWrite, "delete_note");
const GUESS: Access = Access::new(Permission::MessagesWrite, "create_guess").ai_ml();
const OPERATOR: Access = Access::new(Permission::ComplianceRead, "list_everything").operator_only();
const ACCOUNT: Access = Access::new(Permission::AccountsRead, "fetch_account").inactive_too();
const CHANGE: Access =
    Access::new(Permission::AccountsWrite, "update_account").inactive_too().administrative();

pub enum Note {}

impl Kind for Note {
    const NAME: &'static str = "note";
    type Sid = MessageSid;
    type Facts = ();
    type Content = String;
}

/// Another kind, for lists that must not be mixed up.
enum Draft {}

impl Kind for Draft {
    const NAME: &'static str = "draft";
    type Sid = MessageSid;
    type Facts = ();
    type Content = ();
}

pub fn products(services: Arc<Services>) -> Vec<Routes> {
    let product = Product { label: "api", service: "messaging" };
    vec![
        Routes::new(product, services)
            .list("/2010-04-01/Accounts/{AccountSid}/Notes", LIST, list)
            .create("/2010-04-01/Accounts/{AccountSid}/Notes", WRITE, create)
            .fetch("/2010-04-01/Accounts/{AccountSid}/Notes/{Sid}", READ, fetch)
            .delete("/2010-04-01/Accounts/{AccountSid}/Notes/{Sid}", DELETE, delete)
            .fetch("/2010-04-01/Accounts/{AccountSid}", ACCOUNT, account)
            .update("/2010-04-01/Accounts/{AccountSid}", CHANGE, account)
            .list("/v1/Notes", LIST_V1, list_versioned)
            .list("/v1/Drafts", LIST_DRAFTS, list_drafts)
            .create("/v1/Guesses", GUESS, guess)
            .list("/v1/Everything", OPERATOR, everything),
    ]
}

struct NewNote {
    text: Phi<String>,
    name: String,
}

impl FromParams for NewNote {
    fn from_params(params: &mut Params) -> Result<Self> {
        Ok(Self { text: Phi::new(params.required("Text")?), name: params.text("Name")?.unwrap_or_default() })
    }
}

struct Filter {
    name: Option<String>,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        Ok(Self { name: params.text("Name")? })
    }
}

async fn digest(ctx: &Ctx, name: &str) -> Result<IndexValue> {
    Ok(IndexValue::Digest(ctx.store().digest_key().await?.digest("name", name.as_bytes())))
}

async fn create(ctx: Ctx, Form(form): Form<NewNote>) -> Answer<Created<Value>> {
    let sid = MessageSid::generate(ctx.services.store.random().as_ref());
    let index = vec![Index { key: "name", value: digest(&ctx, &form.name).await? }];
    let mut batch = ctx.batch();
    batch.insert::<Note>(NewDocument {
        sid,
        parent: None,
        created_at: ctx.now(),
        event_at: None,
        facts: (),
        content: Some(form.text),
        index,
    });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(json!({ "sid": sid.to_string() })))
}

async fn get(ctx: &Ctx, sid: MessageSid) -> Result<Document<Note>> {
    Ok(ctx.store().get::<Note>(sid).await?.ok_or(codes::NOT_FOUND)?)
}

async fn fetch(ctx: Ctx, Path(sid): Path<MessageSid>) -> Answer<Found<Value>> {
    let note = get(&ctx, sid).await?;
    let proof = ctx.disclose(vec![sid.to_string()], &["text"]).await?;
    let text = note.content.map(|content| content.into_open(&proof));
    Ok(Found(json!({ "sid": sid.to_string(), "text": text })))
}

async fn delete(ctx: Ctx, Path(sid): Path<MessageSid>) -> Answer<Deleted> {
    let note = get(&ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.delete(&note);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Deleted)
}

async fn page(ctx: &Ctx, request: PageRequest) -> Result<Listing> {
    let (filter, paging) = request.open::<Filter>(ctx).await?;
    let mut query = StoreQuery { limit: paging.size, cursor: paging.cursor.clone(), ..StoreQuery::default() };
    if let Some(name) = &filter.name {
        query.filters = vec![Index { key: "name", value: digest(ctx, name).await? }];
    }
    let listed: Listed<Note> = ctx.store().list(query).await?;
    let sids = listed.documents.iter().map(|note| note.sid.to_string()).collect();
    let proof = ctx.disclose(sids, &["text"]).await?;
    let view = |note: Document<Note>| note.content.map(|content| content.into_open(&proof));
    Listing::new(ctx, paging, listed, view).await
}

async fn list(ctx: Ctx, request: PageRequest) -> Answer<Found<Value>> {
    let path = format!("/2010-04-01/Accounts/{}/Notes.json", ctx.account().sid());
    Ok(Found(page(&ctx, request).await?.api2010(&path, "notes")))
}

async fn list_versioned(ctx: Ctx, request: PageRequest) -> Answer<Found<Value>> {
    Ok(Found(page(&ctx, request).await?.versioned(&ctx, "/v1/Notes", "notes")))
}

async fn list_drafts(ctx: Ctx, request: PageRequest) -> Answer<Found<Value>> {
    let (Unfiltered, paging) = request.open(&ctx).await?;
    let query = StoreQuery { limit: paging.size, cursor: paging.cursor.clone(), ..StoreQuery::default() };
    let listed: Listed<Draft> = ctx.store().list(query).await?;
    let page = Listing::new(&ctx, paging, listed, |draft| draft.sid.to_string()).await?;
    Ok(Found(page.versioned(&ctx, "/v1/Drafts", "drafts")))
}

async fn account(ctx: Ctx) -> Answer<Found<Value>> {
    Ok(Found(json!({ "sid": ctx.account().sid().to_string() })))
}

async fn guess(ctx: Ctx) -> Answer<Created<Value>> {
    Ok(Created(json!({ "account_sid": ctx.account().sid().to_string() })))
}

struct Nothing;

impl FromParams for Nothing {
    fn from_params(_params: &mut Params) -> Result<Self> {
        Ok(Self)
    }
}

async fn everything(caller: Caller, Query(Nothing): Query<Nothing>) -> Answer<Found<Value>> {
    Ok(Found(json!({ "operator": caller.principal.account.is_none() })))
}

pub fn notes(account: AccountSid) -> String {
    format!("/2010-04-01/Accounts/{account}/Notes.json")
}

pub fn note(account: AccountSid, sid: &str) -> String {
    format!("/2010-04-01/Accounts/{account}/Notes/{sid}.json")
}

pub fn account_path(account: AccountSid) -> String {
    format!("/2010-04-01/Accounts/{account}.json")
}

/// Writes a note and returns its SID.
pub async fn written(app: &TestApp, who: &TestAccount, name: &str, text: &str) -> String {
    let reply = app.post_form(who, "api", &notes(who.sid), &[("Text", text), ("Name", name)]).await;
    reply.assert_status(201).json["sid"].as_str().unwrap().to_owned()
}

/// Writes the status of an account whose document is in the owner's scope.
pub async fn set_status(store: &Store, owner: AccountSid, sid: AccountSid, status: AccountStatus) {
    let scope = Scope::account(owner);
    let mut document = store.scope(scope).get::<Account>(sid).await.unwrap().unwrap();
    document.facts.status = status;
    let mut batch = store.batch(scope);
    batch.update(&document);
    store.commit(batch).await.unwrap();
}

/// A request with this Authorization header.
pub async fn with_header(app: &TestApp, path: &str, authorization: &[u8]) -> Reply {
    let request = Request::get(path).header("authorization", authorization).body(Body::empty()).unwrap();
    app.send("api", request).await
}

/// A GET that arrives in this way from this address.
pub async fn arriving(app: &TestApp, who: &TestAccount, path: &str, peer: &str, secure: bool) -> Reply {
    arriving_as(app, basic(&who.sid.to_string(), who.token.reveal()), path, peer, secure).await
}

pub async fn arriving_as(app: &TestApp, header: String, path: &str, peer: &str, secure: bool) -> Reply {
    let path = path.strip_suffix(".json").unwrap_or(path);
    let mut request = Request::builder().method(Method::GET).uri(path);
    request = request.header("authorization", header);
    let peer: IpAddr = peer.parse().unwrap();
    let origin = Origin { base_url: "http://localhost".into(), peer, secure };
    app.send("api", request.extension(origin).body(Body::empty()).unwrap()).await
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}
