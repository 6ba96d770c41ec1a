//! Users and invites: who holds which roles in the workspace. Whoever is invited becomes a user when our own API makes a
//! token for their address.

use base::{PersonSid, Sid};
use errors::{ApiError, codes};
use phi::{Phi, Proof};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Batch, Document, Index, NewDocument, Query};

use super::Call;
use super::wire::{Failed, PageRequest, Reply};
use crate::limits;
use crate::people::{self, BY_STATE, Person, PersonContent, PersonFacts, is_email, state};
use crate::roles::Role;

/// A role, as it is given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Permission {
    role_id: String,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    labels: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Resource {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    labels: Vec<Value>,
}

/// `{"permissions": [...]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Permissions {
    pub(super) permissions: Vec<Permission>,
}

/// The roles that are given. Roles here are held in the whole workspace: one for a part of it would open more than was
/// meant, so it is refused.
pub(super) fn roles(call: &Call, given: &[Permission]) -> Result<Vec<Role>, Failed> {
    if given.len() > limits::PERMISSIONS {
        return Err(Failed::invalid("permissions", "more permissions than there are roles"));
    }
    let workspace = call.workspace.sid.to_string();
    let mut roles = Vec::with_capacity(given.len());
    for permission in given {
        let known = Role::ALL.iter().find(|role| role.id() == permission.role_id);
        let Some(role) = known else {
            return Err(Failed::invalid("permissions", "roleId is one of GET /roles"));
        };
        let is_whole = |resource: &Resource| {
            resource.kind == "WORKSPACE" && resource.id == workspace && resource.labels.is_empty()
        };
        if !permission.labels.is_empty() || !permission.resources.iter().all(is_whole) {
            let message =
                "roles are held in the whole workspace here: resources are it or none, and labels are none";
            return Err(Failed::invalid("permissions", message));
        }
        if !roles.contains(role) {
            roles.push(*role);
        }
    }
    Ok(roles)
}

/// Roles, as they are shown.
pub(super) fn permissions(call: &Call, roles: &[Role]) -> Value {
    let workspace = json!([{ "id": call.workspace.sid.to_string(), "type": "WORKSPACE" }]);
    let one = |role: &Role| json!({ "roleId": role.id(), "roleName": role.name(), "resources": workspace });
    roles.iter().map(one).collect::<Vec<_>>().into()
}

/// Somebody without their roles.
pub(super) fn minimal(person: Document<Person>, proof: &Proof) -> Value {
    let sid = person.sid.to_string();
    let email = person.content.map(|content| content.into_open(proof).email).unwrap_or_default();
    json!({ "id": sid, "name": person.facts.name, "email": email })
}

/// Records that these people's addresses are shown.
pub(super) async fn disclose(call: &Call, people: &[Document<Person>]) -> Result<Proof, Failed> {
    let sids = std::iter::once(call.workspace.sid.to_string());
    let sids = sids.chain(people.iter().map(|person| person.sid.to_string())).collect();
    Ok(call.ctx.disclose(sids, &["email", "name"]).await?)
}

async fn all(call: &Call, is_invited: bool) -> Result<Vec<Document<Person>>, Failed> {
    let filters = vec![Index { key: BY_STATE, value: state(is_invited) }];
    let query = Query { filters, limit: limits::PEOPLE, ..Query::default() };
    Ok(call.scoped().list::<Person>(query).await?.documents)
}

/// `GET /users`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let people = all(&call, false).await?;
    let (page, pagination) = request.of(&people)?;
    let proof = disclose(&call, page).await?;
    let users: Vec<_> = page.iter().cloned().map(|person| minimal(person, &proof)).collect();
    Ok(Reply::found(json!({ "users": users, "pagination": pagination })))
}

async fn find(call: &Call) -> Result<Document<Person>, Failed> {
    let not_found = || Failed::from(ApiError::new(codes::NOT_FOUND));
    let sid = call.text(0).parse().map_err(|_| not_found())?;
    let found = call.scoped().get::<Person>(sid).await?;
    found.filter(|person| !person.facts.is_invited).ok_or_else(not_found)
}

/// `GET /users/{userId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let person = find(&call).await?;
    let permissions = permissions(&call, &person.facts.roles);
    let proof = disclose(&call, std::slice::from_ref(&person)).await?;
    let mut user = minimal(person, &proof);
    user["permissions"] = permissions;
    Ok(Reply::found(json!({ "user": user })))
}

/// `GET /users/{userId}/groups`.
pub(super) async fn groups(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let sid = find(&call).await?.sid.to_string();
    let mut groups = people::groups(&call.scoped()).await?;
    groups.retain(|group| group.facts.people.contains(&sid));
    let (page, pagination) = request.of(&groups)?;
    let groups: Vec<_> =
        page.iter().map(|group| json!({ "id": group.sid.to_string(), "name": group.facts.name })).collect();
    Ok(Reply::found(json!({ "groups": groups, "pagination": pagination })))
}

async fn permit(mut call: Call, replaces: bool) -> Result<Reply, Failed> {
    call.finish()?;
    let Permissions { permissions: given } = call.json()?;
    let given = roles(&call, &given)?;
    let mut person = find(&call).await?;
    if replaces {
        person.facts.roles.clear();
    }
    for role in given {
        if !person.facts.roles.contains(&role) {
            person.facts.roles.push(role);
        }
    }
    let mut batch = call.batch();
    batch.update(&person);
    call.commit(batch, vec![person.sid.to_string()]).await?;
    Ok(Reply::found(json!({ "permissions": permissions(&call, &person.facts.roles) })))
}

/// `POST /users/{userId}/permissions`.
pub(super) async fn add_permissions(call: Call) -> Result<Reply, Failed> {
    permit(call, false).await
}

/// `PUT /users/{userId}/permissions`.
pub(super) async fn replace_permissions(call: Call) -> Result<Reply, Failed> {
    permit(call, true).await
}

/// `DELETE /users?userIds[0]=…`: their tokens open nothing from then on.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Failed> {
    let named = several(&mut call, "userIds")?;
    call.finish()?;
    let mut people = Vec::with_capacity(named.len());
    for text in named {
        let sid: Option<PersonSid> = text.parse().ok();
        let found = match sid {
            Some(sid) => call.scoped().get::<Person>(sid).await?,
            None => None,
        };
        let person = found.filter(|person| !person.facts.is_invited);
        people.push(person.ok_or_else(|| Failed::invalid("userIds", "a user of this workspace"))?);
    }
    remove(&call, people).await
}

/// Removes people, from their groups as well.
async fn remove(call: &Call, people: Vec<Document<Person>>) -> Result<Reply, Failed> {
    let mut batch = call.batch();
    let sids: Vec<_> = people.iter().map(|person| person.sid.to_string()).collect();
    for mut group in people::groups(&call.scoped()).await? {
        let before = group.facts.people.len();
        group.facts.people.retain(|sid| !sids.contains(sid));
        if group.facts.people.len() < before {
            batch.update(&group);
        }
    }
    for person in &people {
        batch.delete(person);
    }
    call.commit(batch, sids).await?;
    Ok(Reply::success())
}

/// `name[0]=…&name[1]=…`, as the SDK writes a list into a query, or `name=…`.
pub(super) fn several(call: &mut Call, name: &'static str) -> Result<Vec<String>, Failed> {
    let mut named = call.query.all(name);
    for at in 0..=limits::NAMED {
        let Some(text) = call.query.all(&format!("{name}[{at}]")).pop() else { break };
        named.push(text);
    }
    named.sort();
    named.dedup();
    match (1..=limits::NAMED).contains(&named.len()) {
        true => Ok(named),
        false => Err(Failed::invalid(name, "between one and 50")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invites {
    invites: Vec<Invite>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invite {
    email: String,
    #[serde(default)]
    permissions: Vec<Permission>,
}

/// `POST /invites`: nobody is written to; whoever may make tokens makes one for the address.
pub(super) async fn invite(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Invites { invites } = call.json()?;
    if invites.is_empty() || invites.len() > limits::NAMED {
        return Err(Failed::invalid("invites", "between one and 50"));
    }
    let (members, invited) = (all(&call, false).await?.len(), all(&call, true).await?.len());
    if members + invited + invites.len() > limits::PEOPLE {
        return Err(Failed::conflict("the workspace has as many people as it may have"));
    }
    let (mut batch, mut sids, mut emails) = (call.batch(), Vec::new(), Vec::new());
    for Invite { email, permissions } in invites {
        if !is_email(&email) || emails.contains(&email) {
            return Err(Failed::invalid("invites", "an address, each once"));
        }
        let roles = roles(&call, &permissions)?;
        let sid = add(&call, &mut batch, &email, roles).await?;
        sids.push(sid.to_string());
        emails.push(email);
    }
    call.commit(batch, sids).await?;
    Ok(Reply::created(json!({ "emails": emails })))
}

async fn add(call: &Call, batch: &mut Batch, email: &str, roles: Vec<Role>) -> Result<PersonSid, Failed> {
    let scoped = call.scoped();
    let given = Phi::new(email.to_owned());
    if people::by_email(&scoped, &given).await?.is_some() {
        return Err(Failed::conflict("one of them is invited or a user already"));
    }
    let sid = PersonSid::generate(call.ctx.services.store.random().as_ref());
    let facts = PersonFacts { roles, name: String::new(), is_invited: true };
    let index = facts.index(people::email_digest(&*scoped.digest_key().await?, &given));
    let content = Some(given.map(|email| PersonContent { email }));
    batch.insert::<Person>(NewDocument { content, index, ..NewDocument::of(sid, call.ctx.now(), facts) });
    Ok(sid)
}

/// `GET /invites`.
pub(super) async fn invites(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let people = all(&call, true).await?;
    let (page, pagination) = request.of(&people)?;
    let proof = disclose(&call, page).await?;
    Ok(Reply::found(json!({ "invites": emails(page, &proof), "pagination": pagination })))
}

/// Addresses.
pub(super) fn emails(people: &[Document<Person>], proof: &Proof) -> Vec<String> {
    people.iter().filter_map(|person| Some(person.content.as_ref()?.open(proof).email.clone())).collect()
}

/// `DELETE /invites?emails[0]=…`.
pub(super) async fn delete_invites(mut call: Call) -> Result<Reply, Failed> {
    let named = several(&mut call, "emails")?;
    call.finish()?;
    let mut people = Vec::with_capacity(named.len());
    for email in named {
        let found = people::by_email(&call.scoped(), &Phi::new(email)).await?;
        let invited = found.filter(|person| person.facts.is_invited);
        people.push(invited.ok_or_else(|| Failed::invalid("emails", "somebody who is invited"))?);
    }
    remove(&call, people).await
}

const _: () = assert!(limits::NAMED == 50, "the error says how many");
