//! Tokens of the Public API: made, listed and revoked by our own API, for one workspace and with Segment's roles.
//!
//! A token is its public id and a secret, `sgp_` in front. What is kept is a keyed digest of the secret, so that it is
//! shown once: in the answer that makes it.

use std::sync::Arc;

use auth::{Grant, Permission, Principal, Secret};
use base::{KeySid, Sid, WorkspaceSid};
use data_encoding::HEXLOWER;
use errors::{ApiError, codes};
use kit::{Answer, Created, Ctx, Deleted, Found, Json, Path, PathPair};
use ledger::Actor;
use phi::{DigestKey, Phi, constant_time_eq};
use serde::{Deserialize, Serialize};
use store::{Document, NewDocument, Query, Scope, Store, StoreError};

use crate::limits;
use crate::people::{self, Person};
use crate::records::{Token, TokenFacts, Workspace, token_name};
use crate::roles::Role;
use crate::view::{filled, invalid};
use crate::workspaces;

/// What every token begins with, as Segment's do.
const PREFIX: &str = "sgp_";
/// Hex digits of the id and of the secret.
const DIGITS: usize = 32;

/// A token with its workspace.
pub(crate) struct Known {
    pub(crate) token: Document<Token>,
    pub(crate) workspace: Document<Workspace>,
    /// What it opens now.
    pub(crate) roles: Vec<Role>,
}

/// What a token in a request says; its secret is still to be checked.
pub(crate) struct Given {
    pub(crate) sid: KeySid,
    secret: Secret,
}

impl Given {
    /// Reads a token; `None` when it has not the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        if digits.len() != 2 * DIGITS || !digits.is_ascii() {
            return None;
        }
        let (id, secret) = digits.split_at(DIGITS);
        let sid = format!("{}{id}", KeySid::PREFIX).parse().ok()?;
        Some(Self { sid, secret: Secret::new(secret.to_owned()) })
    }

    /// What is known of it; `None` for a wrong one.
    pub(crate) async fn check(&self, store: &Store) -> Result<Option<Arc<Option<Known>>>, StoreError> {
        let sid = self.sid;
        let read = store.steady(format!("segment token {sid}"), |steady| async move {
            let Some(located) = steady.locate(&token_name(sid)).await? else { return Ok(None) };
            let Some(token) = steady.get::<Token>(located.scope, sid).await? else { return Ok(None) };
            let places = (token.facts.workspace.parse(), token.facts.account.parse());
            let (Ok(workspace), Ok(account)) = places else { return Ok(None) };
            let Some(workspace) = steady.get::<Workspace>(Scope::account(account), workspace).await? else {
                return Ok(None);
            };
            let roles = match &token.facts.person {
                None => Some(token.facts.roles.clone()),
                Some(person) => match person.parse() {
                    Ok(person) => people::roles_of(&steady, workspace.sid, person).await?,
                    Err(_) => None,
                },
            };
            Ok(roles.map(|roles| Known { token, workspace, roles }))
        });
        let read = read.await?;
        let Some(known) = read.as_ref() else { return Ok(None) };
        let scope = Scope::workspace(known.workspace.sid);
        let key = store.scope(scope).digest_key().await?;
        let is_right = constant_time_eq(&digest(&key, &self.secret), &known.token.facts.digest);
        Ok(is_right.then_some(read))
    }
}

impl Known {
    /// Who asks with it. Its permissions are those of all roles: which it has is asked per operation.
    pub(crate) fn principal(&self) -> Option<Principal> {
        let account = self.token.facts.account.parse().ok()?;
        let grant = Grant::Only(vec![Permission::WorkspacesRead, Permission::WorkspacesWrite]);
        Some(Principal { actor: Actor::Key(self.token.sid), account: Some(account), grant })
    }
}

fn digest(key: &DigestKey, secret: &Secret) -> [u8; 32] {
    key.digest("segment token", secret.reveal().as_bytes()).0
}

/// What a token is made with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateToken {
    name: String,
    #[serde(default)]
    roles: Vec<Role>,
    /// For whom it is, instead of roles: somebody who is invited or a user.
    user_email: Option<String>,
    /// What they are called.
    user_name: Option<String>,
}

/// A token without its secret.
#[derive(Serialize)]
pub(crate) struct TokenView {
    sid: String,
    workspace_sid: String,
    name: String,
    roles: Vec<Role>,
    user_sid: Option<String>,
    date_created: String,
}

impl TokenView {
    fn new(document: &Document<Token>) -> Self {
        Self {
            sid: document.sid.to_string(),
            workspace_sid: document.facts.workspace.clone(),
            name: document.facts.name.clone(),
            roles: document.facts.roles.clone(),
            user_sid: document.facts.person.clone(),
            date_created: document.created_at.iso8601(),
        }
    }
}

/// A token, this once with all of it.
#[derive(Serialize)]
pub(crate) struct NewTokenView {
    #[serde(flatten)]
    view: TokenView,
    token: String,
}

/// The tokens of a workspace, newest first.
#[derive(Serialize)]
pub(crate) struct TokenList {
    tokens: Vec<TokenView>,
}

/// `POST …/Workspaces/{WorkspaceSid}/Tokens`.
pub(crate) async fn create(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(request): Json<CreateToken>,
) -> Answer<Created<NewTokenView>> {
    let name = filled("name", request.name, limits::NAME)?;
    let roles = request.roles;
    // PII Access is granted on top of another role, never alone.
    let opens_something = roles.iter().any(|role| *role != Role::PiiAccess);
    let is_for_somebody = request.user_email.is_some();
    if opens_something == is_for_somebody
        || roles.len() > Role::ALL.len()
        || (is_for_somebody && !roles.is_empty())
    {
        return Err(invalid("roles").into());
    }
    if request.user_name.as_ref().is_some_and(|name| !is_for_somebody || name.chars().count() > limits::NAME)
    {
        return Err(invalid("user_name").into());
    }
    workspaces::find(&ctx, workspace).await?;
    let person = match request.user_email {
        None => None,
        Some(email) => {
            let scoped = ctx.services.store.scope(Scope::workspace(workspace));
            let found = people::by_email(&scoped, &Phi::new(email)).await?;
            Some(found.ok_or_else(|| invalid("user_email"))?)
        }
    };
    if all(&ctx, workspace).await?.len() >= limits::TOKENS {
        let hint = "the workspace has as many tokens as it may have";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let random = ctx.services.store.random().as_ref();
    let (sid, secret) = (KeySid::generate(random), Secret::generate(random));
    let scope = Scope::workspace(workspace);
    let key = ctx.services.store.scope(scope).digest_key().await?;
    let facts = TokenFacts {
        name,
        workspace: workspace.to_string(),
        account: ctx.account().sid().to_string(),
        roles,
        person: person.as_ref().map(|person| person.sid.to_string()),
        digest: digest(&key, &secret),
    };
    let mut batch = ctx.batch();
    batch.in_scope(scope).name(token_name(sid), sid.to_string());
    batch.insert::<Token>(NewDocument::of(sid, ctx.now(), facts));
    if let Some(mut person) = person {
        // Whoever has a token is invited no more.
        person.facts.is_invited = false;
        if let Some(name) = request.user_name {
            person.facts.name = name;
        }
        batch.update(&person);
        batch.reindex::<Person>(person.sid, people::BY_STATE, vec![people::state(false)]);
    }
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace.to_string(), sid.to_string()]).await?;
    let document = find(&ctx, workspace, sid).await?;
    let token = format!("{PREFIX}{}{}", HEXLOWER.encode(&sid.bytes()), secret.reveal());
    Ok(Created(NewTokenView { view: TokenView::new(&document), token }))
}

/// `GET …/Workspaces/{WorkspaceSid}/Tokens`.
pub(crate) async fn list(ctx: Ctx, Path(workspace): Path<WorkspaceSid>) -> Answer<Found<TokenList>> {
    workspaces::find(&ctx, workspace).await?;
    let tokens = all(&ctx, workspace).await?;
    Ok(Found(TokenList { tokens: tokens.iter().map(TokenView::new).collect() }))
}

/// `DELETE …/Workspaces/{WorkspaceSid}/Tokens/{TokenSid}`: it opens nothing from then on.
pub(crate) async fn delete(
    ctx: Ctx,
    PathPair(workspace, sid): PathPair<WorkspaceSid, KeySid>,
) -> Answer<Deleted> {
    workspaces::find(&ctx, workspace).await?;
    let token = find(&ctx, workspace, sid).await?;
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(workspace)).unname(token_name(sid));
    batch.delete(&token);
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace.to_string(), sid.to_string()]).await?;
    Ok(Deleted)
}

async fn find(ctx: &Ctx, workspace: WorkspaceSid, sid: KeySid) -> errors::Result<Document<Token>> {
    let found = ctx.services.store.scope(Scope::workspace(workspace)).get::<Token>(sid).await?;
    found.ok_or_else(|| codes::NOT_FOUND.into())
}

async fn all(ctx: &Ctx, workspace: WorkspaceSid) -> errors::Result<Vec<Document<Token>>> {
    let query = Query { limit: limits::TOKENS, ..Query::default() };
    Ok(ctx.services.store.scope(Scope::workspace(workspace)).list::<Token>(query).await?.documents)
}
