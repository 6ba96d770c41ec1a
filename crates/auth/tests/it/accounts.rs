//! An account as of now: its owner, its organization, and the agreements in force.

use std::time::Duration;

use auth::{Account, AccountStatus, load_account};
use base::{OrganizationSid, Sid};
use store::Scope;

use crate::world::World;

#[tokio::test]
async fn an_unknown_account_is_none() {
    let world = World::start().await;
    assert!(load_account(&world.store, world.account_sid(), world.now()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_account_without_an_organization_is_covered_by_nothing() {
    let world = World::start().await;
    let organization = world.organization().await;
    world.agreement(organization, -10, -10, None).await;
    let sid = world.account(None, None, "token").await;
    let context = load_account(&world.store, sid, world.now()).await.unwrap().unwrap();
    assert_eq!((context.sid(), context.scope()), (sid, Scope::account(sid)));
    assert!(context.is_active() && context.organization.is_none() && context.agreements.is_empty());
    assert!(!context.is_covered("messaging") && !context.facts("messaging").agreement_active);
}

#[tokio::test]
async fn an_agreement_is_in_force_from_its_dates_until_its_end() {
    // Seconds from now: signed, effective, expires; and whether it is in force now.
    for (signed, effective, expires, active) in [
        (-10, -10, None, true),
        (-10, -10, Some(10), true),
        (0, 0, Some(1), true),
        (-10, -10, Some(0), false),
        (-10, -10, Some(-1), false),
        (-10, 1, None, false),
        (1, -10, None, false),
    ] {
        let world = World::start().await;
        let organization = world.organization().await;
        world.agreement(organization, signed, effective, expires).await;
        let sid = world.account(None, Some(organization), "token").await;
        let context = load_account(&world.store, sid, world.now()).await.unwrap().unwrap();
        let case = (signed, effective, expires);
        assert_eq!(context.organization.as_ref().map(|found| found.sid), Some(organization));
        assert_eq!(context.agreements.len(), usize::from(active), "{case:?}");
        assert_eq!(context.facts("messaging").agreement_active, active, "{case:?}");
        assert!(!context.is_covered("voice"), "it names two services only");
    }
}

#[tokio::test]
async fn an_agreement_begins_and_ends_while_the_clock_goes_on() {
    let world = World::start().await;
    let organization = world.organization().await;
    world.agreement(organization, 0, 60, Some(120)).await;
    let sid = world.account(None, Some(organization), "token").await;
    let mut seen = Vec::new();
    for seconds in [0, 59, 1, 59, 1] {
        world.clock.advance(Duration::from_secs(seconds));
        let context = load_account(&world.store, sid, world.now()).await.unwrap().unwrap();
        seen.push(context.is_covered("messaging"));
    }
    assert_eq!(seen, [false, false, true, true, false]);
}

#[tokio::test]
async fn any_agreement_in_force_will_do() {
    let world = World::start().await;
    let organization = world.organization().await;
    world.agreement(organization, -100, -100, Some(-50)).await;
    world.agreement(organization, -50, -50, None).await;
    world.agreement(organization, 0, 50, None).await;
    let sid = world.account(None, Some(organization), "token").await;
    let context = load_account(&world.store, sid, world.now()).await.unwrap().unwrap();
    assert_eq!(context.agreements.len(), 1);
    assert!(context.is_covered("lookup"));
}

#[tokio::test]
async fn another_organizations_agreement_covers_nothing() {
    let world = World::start().await;
    let (organization, other) = (world.organization().await, world.organization().await);
    world.agreement(other, -10, -10, None).await;
    let sid = world.account(None, Some(organization), "token").await;
    let context = load_account(&world.store, sid, world.now()).await.unwrap().unwrap();
    assert!(!context.is_covered("messaging"));
}

#[tokio::test]
async fn an_account_is_a_subaccount_of_its_owner_alone() {
    let world = World::start().await;
    let owner = world.account(None, None, "a").await;
    let below = world.account(Some(owner), None, "b").await;
    let other = world.account(None, None, "c").await;
    let facts = |sid| {
        let store = world.store.clone();
        async move { load_account(&store, sid, store.clock().now()).await.unwrap().unwrap().account.facts.clone() }
    };
    for (sid, of, expected) in [
        (below, owner, true),
        (below, other, false),
        (below, below, false),
        (owner, owner, false),
        (owner, below, false),
        (other, owner, false),
    ] {
        assert_eq!(facts(sid).await.is_subaccount_of(sid, of), expected, "{sid} of {of}");
    }
}

#[tokio::test]
async fn only_an_active_account_is_active() {
    let world = World::start().await;
    let sid = world.account(None, None, "token").await;
    for status in [AccountStatus::Suspended, AccountStatus::Closed, AccountStatus::Active] {
        let scope = Scope::account(sid);
        let mut account = world.store.scope(scope).get::<Account>(sid).await.unwrap().unwrap();
        account.facts.status = status;
        let mut batch = world.store.batch(scope);
        batch.update(&account);
        world.store.commit(batch).await.unwrap();
        let context = load_account(&world.store, sid, world.now()).await.unwrap().unwrap();
        assert_eq!(context.is_active(), status == AccountStatus::Active);
    }
}

#[tokio::test]
async fn an_organization_that_does_not_exist_covers_nothing() {
    let world = World::start().await;
    let made_up = OrganizationSid::from_bytes([5; 16]);
    let sid = world.account(None, Some(made_up), "token").await;
    let context = load_account(&world.store, sid, world.now()).await.unwrap().unwrap();
    assert!(context.organization.is_none() && !context.is_covered("messaging"));
}
