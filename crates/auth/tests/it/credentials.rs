//! Which user name and password is whom, and what they may do.

use auth::{Account, AuthFailure, Grant, KeyType, Permission, Principal, Secret, authenticate};
use base::{AccountSid, KeySid, Sid};
use ledger::Actor;
use store::Scope;

use crate::world::World;

const FIRST: &str = "11111111111111111111111111111111";
const SECOND: &str = "22222222222222222222222222222222";

async fn ask(world: &World, user: impl ToString, password: &str) -> Option<Principal> {
    let operator = Secret::new("operator-token".into());
    match authenticate(&world.store, Some(&operator), &user.to_string(), password).await {
        Ok(principal) => Some(principal),
        Err(AuthFailure::Refused) => None,
        Err(AuthFailure::Store(error)) => panic!("the store must answer: {error}"),
    }
}

async fn set_secondary(world: &World, sid: AccountSid, token: Option<&str>) {
    let scope = Scope::account(sid);
    let mut account = world.store.scope(scope).get::<Account>(sid).await.unwrap().unwrap();
    account.facts.secondary_token = token.map(|token| Secret::new(token.to_owned()));
    let mut batch = world.store.batch(scope);
    batch.update(&account);
    world.store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn accepts_the_primary_and_the_secondary_token_of_the_account() {
    let world = World::start().await;
    let sid = world.account(None, None, FIRST).await;
    let expected = Principal { actor: Actor::AuthToken(sid), account: Some(sid), grant: Grant::Full };
    assert_eq!(ask(&world, sid, FIRST).await, Some(expected.clone()));
    assert_eq!(ask(&world, sid, SECOND).await, None, "there is no secondary token yet");
    set_secondary(&world, sid, Some(SECOND)).await;
    for token in [FIRST, SECOND] {
        assert_eq!(ask(&world, sid, token).await, Some(expected.clone()));
    }
    set_secondary(&world, sid, None).await;
    assert_eq!(ask(&world, sid, SECOND).await, None, "it was taken back");
}

#[tokio::test]
async fn refuses_every_wrong_pair() {
    let world = World::start().await;
    let sid = world.account(None, None, FIRST).await;
    let other = world.account(None, None, SECOND).await;
    let (key, secret) = world.key(sid, KeyType::Main, &[]).await;
    let (_, other_secret) = world.key(other, KeyType::Main, &[]).await;
    let sid_text = sid.to_string();
    for (user, password) in [
        (sid_text.clone(), ""),
        (sid_text.clone(), SECOND),
        (sid_text.clone(), &FIRST[1..]),
        (sid_text.clone(), "111111111111111111111111111111111"),
        (sid_text.clone(), secret.reveal()),
        (sid_text.to_lowercase(), FIRST),
        (format!(" {sid_text}"), FIRST),
        (other.to_string(), FIRST),
        (world.account_sid().to_string(), FIRST),
        (key.to_string(), FIRST),
        (key.to_string(), ""),
        (key.to_string(), other_secret.reveal()),
        (KeySid::from_bytes([7; 16]).to_string(), secret.reveal()),
        ("operator".into(), FIRST),
        ("operator".into(), ""),
        ("Operator".into(), "operator-token"),
        (String::new(), ""),
        ("OR11111111111111111111111111111111".into(), FIRST),
    ] {
        assert_eq!(ask(&world, &user, password).await, None, "{user}");
    }
}

#[tokio::test]
async fn a_subaccount_has_credentials_of_its_own() {
    let world = World::start().await;
    let owner = world.account(None, None, FIRST).await;
    let below = world.account(Some(owner), None, SECOND).await;
    let principal = ask(&world, below, SECOND).await.unwrap();
    assert_eq!(principal.account, Some(below));
    assert_eq!(ask(&world, below, FIRST).await, None, "the owner's token is the owner's");
    assert_eq!(ask(&world, owner, SECOND).await, None);
}

#[tokio::test]
async fn a_key_may_do_what_its_type_says() {
    let world = World::start().await;
    let sid = world.account(None, None, FIRST).await;
    let reads = vec![Permission::MessagesRead, Permission::Lookup];
    for (key_type, listed, grant) in [
        (KeyType::Main, &[][..], Grant::Full),
        (KeyType::Standard, &[], Grant::Standard),
        (KeyType::Restricted, &reads[..], Grant::Only(reads.clone())),
        (KeyType::Restricted, &[], Grant::Only(Vec::new())),
    ] {
        let (key, secret) = world.key(sid, key_type, listed).await;
        let principal = ask(&world, key, secret.reveal()).await.unwrap();
        assert_eq!(principal, Principal { actor: Actor::Key(key), account: Some(sid), grant });
        for permission in Permission::ALL {
            let expected = match key_type {
                KeyType::Main => true,
                KeyType::Standard => !permission.is_administrative(),
                KeyType::Restricted => listed.contains(permission),
            };
            assert_eq!(principal.may(*permission), expected, "{key_type:?} {permission}");
        }
        assert_eq!(principal.reaches_subaccounts(), key_type == KeyType::Main);
    }
}

#[tokio::test]
async fn permission_names_that_no_longer_exist_grant_nothing() {
    let world = World::start().await;
    let sid = world.account(None, None, FIRST).await;
    let (key, secret) = world.key(sid, KeyType::Restricted, &[Permission::AlertsRead]).await;
    let names = ["/switchward/fax/read", "/switchward/messages", "*", "", "/switchward/alerts/read"];
    world.list_permissions(sid, key, &names).await;
    let principal = ask(&world, key, secret.reveal()).await.unwrap();
    assert_eq!(principal.grant, Grant::Only(vec![Permission::AlertsRead]));
}

#[tokio::test]
async fn the_operator_has_no_account_and_may_everything() {
    let world = World::start().await;
    let principal = ask(&world, "operator", "operator-token").await.unwrap();
    assert_eq!(principal, Principal { actor: Actor::Operator, account: None, grant: Grant::Operator });
    assert!(Permission::ALL.iter().all(|permission| principal.may(*permission)));
    let nobody = authenticate(&world.store, None, "operator", "").await;
    assert!(matches!(nobody, Err(AuthFailure::Refused)), "an installation without an operator has none");
}

#[tokio::test]
async fn a_store_that_cannot_answer_is_no_refusal() {
    let world = World::start().await;
    let sid = world.account(None, None, FIRST).await;
    world.store.clone().close().await;
    let failed = authenticate(&world.store, None, &sid.to_string(), FIRST).await;
    assert!(matches!(failed, Err(AuthFailure::Store(_))), "{failed:?}");
}

#[tokio::test]
async fn a_key_secret_is_kept_as_a_digest_only() {
    let world = World::start().await;
    let sid = world.account(None, None, FIRST).await;
    let (key, secret) = world.key(sid, KeyType::Main, &[]).await;
    let scoped = world.store.scope(Scope::account(sid));
    let document = scoped.get::<auth::ApiKey>(key).await.unwrap().unwrap();
    let text = serde_json::to_string(&document.facts).unwrap();
    assert!(!text.contains(secret.reveal()));
    assert_eq!(format!("{secret:?}"), "[secret]");
}
