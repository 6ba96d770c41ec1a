//! Groups of users: roles that several people have.

use base::{GroupSid, Sid};
use errors::{ApiError, codes};
use phi::Phi;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Document, NewDocument};

use super::users::{self, Permissions, emails, permissions};
use super::wire::{Failed, PageRequest, Reply};
use super::{Call, says};
use crate::limits;
use crate::people::{self, Group, GroupFacts, Person};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emails {
    emails: Vec<String>,
}

fn view(call: &Call, group: &Document<Group>) -> Value {
    json!({
        "id": group.sid.to_string(),
        "name": group.facts.name,
        "memberCount": group.facts.people.len(),
        "permissions": permissions(call, &group.facts.roles),
    })
}

async fn find(call: &Call) -> Result<Document<Group>, Failed> {
    let not_found = || Failed::from(ApiError::new(codes::NOT_FOUND));
    let sid = call.text(0).parse().map_err(|_| not_found())?;
    call.scoped().get::<Group>(sid).await?.ok_or_else(not_found)
}

async fn save(call: &Call, group: &Document<Group>) -> Result<(), Failed> {
    let mut batch = call.batch();
    batch.update(group);
    call.commit(batch, vec![group.sid.to_string()]).await
}

/// A name that no other group has.
async fn free_name(call: &Call, own: Option<GroupSid>) -> Result<String, Failed> {
    let Named { name } = call.json()?;
    if !says(&name, limits::NAME) {
        return Err(Failed::invalid("name", "a name"));
    }
    let groups = people::groups(&call.scoped()).await?;
    if groups.iter().any(|group| group.facts.name == name && Some(group.sid) != own) {
        return Err(Failed::conflict("the workspace has a group of this name"));
    }
    if own.is_none() && groups.len() >= limits::GROUPS {
        return Err(Failed::conflict("the workspace has as many groups as it may have"));
    }
    Ok(name)
}

/// `GET /groups`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let groups = people::groups(&call.scoped()).await?;
    let (page, pagination) = request.of(&groups)?;
    let groups: Vec<_> = page.iter().map(|group| view(&call, group)).collect();
    Ok(Reply::found(json!({ "userGroups": groups, "pagination": pagination })))
}

/// `POST /groups`.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let name = free_name(&call, None).await?;
    let sid = GroupSid::generate(call.ctx.services.store.random().as_ref());
    let facts = GroupFacts { name, roles: Vec::new(), people: Vec::new() };
    let mut batch = call.batch();
    batch.insert::<Group>(NewDocument::of(sid, call.ctx.now(), facts));
    call.commit(batch, vec![sid.to_string()]).await?;
    let made = call.scoped().get::<Group>(sid).await?;
    let made = made.ok_or_else(|| Failed::from(ApiError::new(codes::NOT_FOUND)))?;
    Ok(Reply::found(json!({ "userGroup": view(&call, &made) })))
}

/// `GET /groups/{userGroupId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let group = find(&call).await?;
    Ok(Reply::found(json!({ "userGroup": view(&call, &group) })))
}

/// `PATCH /groups/{userGroupId}`.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let mut group = find(&call).await?;
    group.facts.name = free_name(&call, Some(group.sid)).await?;
    save(&call, &group).await?;
    Ok(Reply::found(json!({ "userGroup": view(&call, &group) })))
}

/// `DELETE /groups/{userGroupId}`: its people stay.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let group = find(&call).await?;
    let mut batch = call.batch();
    batch.delete(&group);
    call.commit(batch, vec![group.sid.to_string()]).await?;
    Ok(Reply::success())
}

async fn permit(mut call: Call, replaces: bool) -> Result<Reply, Failed> {
    call.finish()?;
    let Permissions { permissions: given } = call.json()?;
    let given = users::roles(&call, &given)?;
    let mut group = find(&call).await?;
    if replaces {
        group.facts.roles.clear();
    }
    for role in given {
        if !group.facts.roles.contains(&role) {
            group.facts.roles.push(role);
        }
    }
    save(&call, &group).await?;
    Ok(Reply::found(json!({ "permissions": permissions(&call, &group.facts.roles) })))
}

/// `POST /groups/{userGroupId}/permissions`.
pub(super) async fn add_permissions(call: Call) -> Result<Reply, Failed> {
    permit(call, false).await
}

/// `PUT /groups/{userGroupId}/permissions`.
pub(super) async fn replace_permissions(call: Call) -> Result<Reply, Failed> {
    permit(call, true).await
}

/// The people of a group, invited ones or users.
async fn members(
    call: &Call,
    group: &Document<Group>,
    invited: bool,
) -> Result<Vec<Document<Person>>, Failed> {
    let sids: Vec<_> = group.facts.people.iter().filter_map(|sid| sid.parse().ok()).collect();
    let mut people = call.scoped().get_all::<Person>(&sids).await?;
    people.retain(|person| person.facts.is_invited == invited);
    people.sort_by_key(|person| std::cmp::Reverse((person.created_at, person.sid)));
    Ok(people)
}

/// `GET /groups/{userGroupId}/users`.
pub(super) async fn list_users(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let people = members(&call, &find(&call).await?, false).await?;
    let (page, pagination) = request.of(&people)?;
    let proof = users::disclose(&call, page).await?;
    let users: Vec<_> = page.iter().cloned().map(|person| users::minimal(person, &proof)).collect();
    Ok(Reply::found(json!({ "users": users, "pagination": pagination })))
}

/// `GET /groups/{userGroupId}/invites`.
pub(super) async fn list_invites(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let people = members(&call, &find(&call).await?, true).await?;
    let (page, pagination) = request.of(&people)?;
    let proof = users::disclose(&call, page).await?;
    Ok(Reply::found(json!({ "emails": emails(page, &proof), "pagination": pagination })))
}

/// The SIDs of people by their addresses: users, or who is invited.
async fn named(call: &Call, emails: Vec<String>) -> Result<Vec<String>, Failed> {
    if emails.len() > limits::NAMED {
        return Err(Failed::invalid("emails", "more than one request names"));
    }
    let mut sids = Vec::with_capacity(emails.len());
    for email in emails {
        let found = people::by_email(&call.scoped(), &Phi::new(email)).await?;
        let person = found.ok_or_else(|| Failed::invalid("emails", "users, or who is invited"))?;
        sids.push(person.sid.to_string());
    }
    Ok(sids)
}

async fn put(mut call: Call, replaces: bool) -> Result<Reply, Failed> {
    call.finish()?;
    let Emails { emails } = call.json()?;
    let added = named(&call, emails).await?;
    let mut group = find(&call).await?;
    if replaces {
        group.facts.people.clear();
    }
    for sid in added {
        if !group.facts.people.contains(&sid) {
            group.facts.people.push(sid);
        }
    }
    save(&call, &group).await?;
    Ok(Reply::found(json!({ "userGroup": view(&call, &group) })))
}

/// `POST /groups/{userGroupId}/users`.
pub(super) async fn add_users(call: Call) -> Result<Reply, Failed> {
    put(call, false).await
}

/// `PUT /group/{userGroupId}/users`.
pub(super) async fn replace_users(call: Call) -> Result<Reply, Failed> {
    put(call, true).await
}

/// `DELETE /group/{userGroupId}/users?emails[0]=…`.
pub(super) async fn remove_users(mut call: Call) -> Result<Reply, Failed> {
    let emails = users::several(&mut call, "emails")?;
    call.finish()?;
    let gone = named(&call, emails).await?;
    let mut group = find(&call).await?;
    group.facts.people.retain(|sid| !gone.contains(sid));
    save(&call, &group).await?;
    Ok(Reply::success())
}
