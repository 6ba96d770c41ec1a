//! The operator's inventory of numbers, and how an account gets one of them.
//!
//! A free number is a name in the directory (`inventory`); an owned one is a document of its
//! account, found from outside by the digest of its digits.

use auth::Account;
use base::{AccountSid, Address, PhoneNumberSid, Region, Sid};
use errors::{ApiError, Result, codes};
use kit::Services;
use ledger::{Action, Actor, Entry, Purpose};
use store::{Batch, Index, IndexValue, Kind, Name, NewDocument, Query, Scope, Store};

use super::model::{NumberFacts, PhoneNumber};

/// The label of the digest under which the owner of a number is found.
pub(crate) const OWNER: &str = "owner-of-number";

/// Inventory numbers looked through for an area code.
const MAX_INVENTORY: usize = 1_000;

/// The kind of free numbers, in the system's scope.
#[derive(Debug)]
pub enum InventoryNumber {}

impl Kind for InventoryNumber {
    const NAME: &'static str = "inventory-number";
    type Sid = PhoneNumberSid;
    type Facts = String;
    type Content = ();
}

const NUMBER: &str = "number";

fn name_of(store: &Store, number: &str) -> Name {
    Name::number(store.system_digest(OWNER, number.as_bytes()))
}

fn by(key: &'static str, value: &str) -> Index {
    Index { key, value: IndexValue::Plain(value.to_owned()) }
}

fn operator(action: &'static str, sids: Vec<String>) -> Entry {
    Entry {
        actor: Actor::Operator,
        action: Action(action),
        sids,
        fields: &[],
        purpose: Purpose::Administration,
        source: None,
    }
}

/// Adds numbers to the inventory; those that are in it, or owned, stay as they are.
///
/// # Errors
/// 21211 for text that is not a phone number; what the store fails with.
pub async fn add_to_inventory(services: &Services, numbers: &[&str]) -> Result<()> {
    let store = &services.store;
    let mut batch = store.batch(Scope::SYSTEM);
    let mut added = Vec::new();
    for number in numbers {
        let Ok(Address::Phone(number)) = Address::parse(number) else {
            return Err(codes::TO_INVALID.into());
        };
        let number = number.into_string();
        let known = store
            .scope(Scope::SYSTEM)
            .find::<InventoryNumber>(NUMBER, IndexValue::Plain(number.clone()))
            .await?;
        if known.is_some() || store.locate(&name_of(store, &number)).await?.is_some() {
            continue;
        }
        let sid = PhoneNumberSid::generate(store.random().as_ref());
        added.push(sid.to_string());
        batch.insert::<InventoryNumber>(NewDocument {
            sid,
            parent: None,
            created_at: services.now(),
            event_at: None,
            index: vec![by(NUMBER, &number)],
            facts: number,
            content: None,
        });
    }
    if !added.is_empty() {
        ledger::commit(store, batch, &operator("add_to_inventory", added)).await?;
    }
    Ok(())
}

/// Gives a free number of the inventory to an account, for the operator.
///
/// # Errors
/// 21422 when it is not free; what the store fails with.
pub async fn claim_number(services: &Services, account: AccountSid, number: &str) -> Result<PhoneNumberSid> {
    let store = &services.store;
    let located = store.locate(&Name::account(account)).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    store.scope(located.scope).get::<Account>(account).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    let free = free(store, number).await?;
    let mut batch = store.batch(Scope::SYSTEM);
    let sid = free.sid;
    take(store, &mut batch, account, &free, NumberFacts::new(free.facts.clone()), services.now());
    ledger::commit(store, batch, &operator("claim_number", vec![sid.to_string()])).await?;
    Ok(sid)
}

/// The free number with these digits.
pub(super) async fn free(store: &Store, number: &str) -> Result<store::Document<InventoryNumber>> {
    let Ok(Address::Phone(number)) = Address::parse(number) else {
        return Err(codes::NUMBER_INVALID.into());
    };
    let system = store.scope(Scope::SYSTEM);
    let found = system.find::<InventoryNumber>(NUMBER, IndexValue::Plain(number.into_string())).await?;
    found.ok_or(codes::NUMBER_NOT_AVAILABLE.into())
}

/// Any free number with this area code.
pub(super) async fn free_in(store: &Store, area_code: &str) -> Result<store::Document<InventoryNumber>> {
    let prefix = format!("+1{area_code}");
    let known = area_code.len() == 3
        && Address::parse(&format!("{prefix}5550100"))
            .ok()
            .and_then(|address| address.phone().map(base::PhoneNumber::region))
            .is_some_and(|region| region != Region::UnassignedNanp);
    if !known {
        return Err(codes::AREA_CODE_INVALID.into());
    }
    let query = Query { limit: MAX_INVENTORY, oldest_first: true, ..Query::default() };
    let listed = store.scope(Scope::SYSTEM).list::<InventoryNumber>(query).await?;
    let found = listed.documents.into_iter().find(|number| number.facts.starts_with(&prefix));
    found.ok_or(codes::AREA_CODE_EMPTY.into())
}

/// Moves a free number into an account, within the caller's batch.
pub(super) fn take(
    store: &Store,
    batch: &mut Batch,
    account: AccountSid,
    free: &store::Document<InventoryNumber>,
    facts: NumberFacts,
    now: base::Timestamp,
) {
    batch.in_scope(Scope::SYSTEM);
    batch.delete(free);
    batch.in_scope(Scope::account(account));
    batch.name(name_of(store, &facts.number), free.sid.to_string());
    let name = Index { key: "friendly_name", value: batch.free_text(&facts.friendly_name) };
    let named = facts.named().into_iter().filter_map(|(key, sid)| Some(by(key, &sid?)));
    let index = [by("number", &facts.number), name].into_iter().chain(named).collect();
    batch.insert::<PhoneNumber>(NewDocument {
        sid: free.sid,
        parent: None,
        created_at: now,
        event_at: None,
        index,
        facts,
        content: None,
    });
}

/// Gives a number back to the inventory, within the caller's batch.
pub(super) fn give_back(
    store: &Store,
    batch: &mut Batch,
    number: &store::Document<PhoneNumber>,
    now: base::Timestamp,
) {
    let account = batch.scope();
    batch.delete(number);
    batch.unname(name_of(store, &number.facts.number));
    batch.in_scope(Scope::SYSTEM);
    batch.insert::<InventoryNumber>(NewDocument {
        sid: PhoneNumberSid::generate(store.random().as_ref()),
        parent: None,
        created_at: now,
        event_at: None,
        index: vec![by(NUMBER, &number.facts.number)],
        facts: number.facts.number.clone(),
        content: None,
    });
    // What the caller records belongs to the account that gave the number back.
    batch.in_scope(account);
}
