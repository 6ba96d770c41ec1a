//! People of a workspace and groups of them: who holds which roles there. A token that is made for somebody opens what
//! they may do at that moment, and nothing once they are gone.
//!
//! They are the customer's own staff: their names and addresses are personal and not PHI. Addresses are content all the
//! same, sealed under keys of their own.

use base::{GroupSid, PersonSid, WorkspaceSid};
use phi::{Digest, DigestKey, Phi};
use serde::{Deserialize, Serialize};
use store::{Document, Index, IndexValue, Kind, Query, Scope, Scoped, Steady, StoreError};

use crate::limits;
use crate::roles::Role;

/// The kind of documents about people.
#[derive(Debug)]
pub(crate) enum Person {}

impl Kind for Person {
    const NAME: &'static str = "segment-person";
    type Sid = PersonSid;
    type Facts = PersonFacts;
    type Content = PersonContent;
    const STEADY: bool = true;
}

/// What somebody may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PersonFacts {
    /// Their own roles, besides those of their groups.
    pub(crate) roles: Vec<Role>,
    /// What they are called.
    pub(crate) name: String,
    /// Whether they are invited and nobody has made a token for them yet.
    pub(crate) is_invited: bool,
}

/// Who somebody is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PersonContent {
    pub(crate) email: String,
}

/// The index entry by which somebody is found by their address.
pub(crate) const BY_EMAIL: &str = "email";
/// The index entry that says whether somebody is invited.
pub(crate) const BY_STATE: &str = "state";

impl PersonFacts {
    /// What somebody is found by.
    pub(crate) fn index(&self, email: Digest) -> Vec<Index> {
        vec![
            Index { key: BY_EMAIL, value: IndexValue::Digest(email) },
            Index { key: BY_STATE, value: state(self.is_invited) },
        ]
    }
}

pub(crate) fn state(is_invited: bool) -> IndexValue {
    IndexValue::Plain(if is_invited { "invited" } else { "member" }.to_owned())
}

/// The kind of group documents.
#[derive(Debug)]
pub(crate) enum Group {}

impl Kind for Group {
    const NAME: &'static str = "segment-group";
    type Sid = GroupSid;
    type Facts = GroupFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// A group: a name, roles, and the SIDs of people.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupFacts {
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) people: Vec<String>,
}

/// The digest of an address, whatever case it is written in.
pub(crate) fn email_digest(key: &DigestKey, email: &Phi<String>) -> Digest {
    email.map_ref(|email| email.to_lowercase()).digest(key, "segment email")
}

/// Whether it can be an address: one `@` with something on both sides, no gaps, not too long.
pub(crate) fn is_email(email: &str) -> bool {
    let sides = email.split_once('@');
    email.len() <= limits::EMAIL
        && !email.chars().any(|character| character.is_whitespace() || character.is_control())
        && sides
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// Somebody by their address.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn by_email(
    scoped: &Scoped,
    email: &Phi<String>,
) -> Result<Option<Document<Person>>, StoreError> {
    let key = scoped.digest_key().await?;
    scoped.find::<Person>(BY_EMAIL, IndexValue::Digest(email_digest(&key, email))).await
}

/// All groups, newest first.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn groups(scoped: &Scoped) -> Result<Vec<Document<Group>>, StoreError> {
    let query = Query { limit: limits::GROUPS, ..Query::default() };
    Ok(scoped.list::<Group>(query).await?.documents)
}

/// What somebody may do: by themselves, and by their groups. `None` for nobody.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn roles_of(
    steady: &Steady,
    workspace: WorkspaceSid,
    person: PersonSid,
) -> Result<Option<Vec<Role>>, StoreError> {
    let scope = Scope::workspace(workspace);
    let Some(found) = steady.get::<Person>(scope, person).await? else { return Ok(None) };
    let sid = person.to_string();
    let query = Query { limit: limits::GROUPS, ..Query::default() };
    let groups = steady.list::<Group>(scope, query).await?.documents;
    let by_groups = groups.into_iter().filter(|group| group.facts.people.contains(&sid));
    let mut roles = found.facts.roles;
    for role in by_groups.flat_map(|group| group.facts.roles) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(Some(roles))
}
