//! Binds that the operator keeps by the API: sealed in the store, read by the file's own definition.

use std::path::Path;
use std::sync::Arc;

use auth::Secret;
use base::{CarrierRecordSid, Sid};
use errors::{ApiError, Result, codes};
use kit::Caller;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Document, Kind, Name, NewDocument, Query, Scope, Store, StoreError};
use zeroize::Zeroizing;

use crate::carrier::SmppCarrier;
use crate::config::{BindConfig, BindProblem, KEYS};
use crate::limits::BINDS;
use crate::tls::Connector;

const PASSWORD: &str = "password";

/// The kind of the documents: one for each bind.
#[derive(Debug)]
pub(crate) enum StoredBind {}

impl Kind for StoredBind {
    const NAME: &'static str = "smpp-bind";
    type Sid = CarrierRecordSid;
    type Facts = BindFacts;
    type Content = ();
    // Every process looks for changes every few seconds.
    const STEADY: bool = true;
}

/// A bind as it was given, so that what is absent is what is usual, as in the file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct BindFacts {
    pub(crate) name: String,
    /// The keys that were given, without the password.
    keys: Map<String, Value>,
    password: Secret,
}

/// The body of a request. Holds a password: no `Debug`.
#[derive(Deserialize)]
pub(crate) struct GivenBind {
    password: Option<Value>,
    #[serde(flatten)]
    keys: Map<String, Value>,
}

impl BindFacts {
    /// The bind and how it connects, or what stands against it here.
    pub(crate) fn usable(&self) -> std::result::Result<(BindConfig, Connector), String> {
        let bind = self.bind().map_err(|BindProblem { key, reason }| format!("{key}: {reason}"))?;
        let connector = Connector::new(&bind)?;
        Ok((bind, connector))
    }

    /// The bind, by the definition and the checks of the file.
    pub(crate) fn bind(&self) -> std::result::Result<BindConfig, BindProblem> {
        let problem = |key| BindProblem { key, reason: "cannot be read".to_owned() };
        let mut bind = read(&self.keys).map_err(|_| problem(self.wrong_key()))?;
        bind.password = Zeroizing::new(self.password.reveal().to_owned()).into();
        bind.check()?;
        match bind.ca_file.as_deref().is_none_or(Path::is_absolute) {
            true => Ok(bind),
            false => Err(BindProblem { key: "ca_file", reason: "must be an absolute path".to_owned() }),
        }
    }

    /// The key that cannot be read: the only one that spoils a bind which is fine without it.
    fn wrong_key(&self) -> &'static str {
        let fine = serde_json::json!({ "name": "a", "host": "a", "port": 1, "system_id": "a" });
        let spoils = |key: &str| {
            let (Value::Object(mut fine), Some(value)) = (fine.clone(), self.keys.get(key)) else {
                // What must be there, and is not.
                return fine.get(key).is_some();
            };
            fine.insert(key.to_owned(), value.clone());
            read(&fine).is_err()
        };
        KEYS.iter().find(|key| spoils(key)).copied().unwrap_or("name")
    }
}

/// The bind with these keys, without its password.
fn read(keys: &Map<String, Value>) -> serde_json::Result<BindConfig> {
    let mut whole = keys.clone();
    whole.insert(PASSWORD.to_owned(), Value::String(String::new()));
    BindConfig::deserialize(Value::Object(whole))
}

impl GivenBind {
    /// Puts what was given in the place of what was there. `null` takes a key away.
    fn put_into(self, facts: &mut BindFacts) -> Result<()> {
        if let Some(password) = self.password {
            let Value::String(password) = password else { return Err(invalid(PASSWORD)) };
            facts.password = Secret::new(password);
        }
        if self.keys.keys().any(|key| !KEYS.contains(&key.as_str())) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).hint("a member is no key of a bind"));
        }
        for (key, value) in self.keys {
            match value {
                Value::Null => drop(facts.keys.remove(&key)),
                value => drop(facts.keys.insert(key, value)),
            }
        }
        let name = facts.keys.get("name").and_then(Value::as_str).ok_or_else(|| invalid("name"))?;
        facts.name = name.to_owned();
        Ok(())
    }
}

fn invalid(key: &'static str) -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).parameter(key)
}

fn conflict(hint: &'static str) -> ApiError {
    ApiError::new(codes::CONFLICT).hint(hint)
}

/// Checks a bind as the file is checked, and that it can connect from here.
fn checked(facts: &BindFacts) -> Result<BindConfig> {
    let bind = facts.bind().map_err(|problem| invalid(problem.key))?;
    Connector::new(&bind).map_err(|_| invalid(if bind.ca_file.is_some() { "ca_file" } else { "host" }))?;
    Ok(bind)
}

/// Every stored bind, in the order of their making.
pub(crate) async fn all(store: &Store) -> std::result::Result<Arc<Vec<Document<StoredBind>>>, StoreError> {
    let known = store.steady(StoredBind::NAME.to_owned(), |steady| async move {
        let query = Query { oldest_first: true, limit: BINDS, ..Query::default() };
        Ok(steady.list::<StoredBind>(Scope::SYSTEM, query).await?.documents)
    });
    known.await
}

/// The stored bind of this name.
async fn find(carrier: &SmppCarrier, name: &str) -> Result<Document<StoredBind>> {
    let stored = all(carrier.store()).await?;
    if let Some(found) = stored.iter().find(|bind| bind.facts.name == name) {
        return Ok(found.clone());
    }
    match carrier.link(name) {
        Some(link) if link.stored.is_none() => {
            Err(conflict("this bind stands in the configuration file and is changed there"))
        }
        _ => Err(codes::NOT_FOUND.into()),
    }
}

/// Adds a bind.
///
/// # Errors
/// 400 naming the key that is wrong; 409 when there is a bind of this name, or no room for one more.
pub(crate) async fn create(caller: &Caller, carrier: &SmppCarrier, given: GivenBind) -> Result<BindConfig> {
    if given.password.is_none() {
        return Err(invalid(PASSWORD));
    }
    let mut facts = BindFacts { name: String::new(), keys: Map::new(), password: Secret::new(String::new()) };
    given.put_into(&mut facts)?;
    let bind = checked(&facts)?;
    let in_file = carrier.links().iter().filter(|link| link.stored.is_none()).count();
    if carrier.link(&bind.name).is_some_and(|link| link.stored.is_none()) {
        return Err(conflict("the configuration file has a bind of this name"));
    }
    let store = carrier.store();
    if in_file + all(store).await?.len() >= BINDS {
        return Err(conflict("there are as many binds as there may be"));
    }
    let sid = CarrierRecordSid::generate(store.random().as_ref());
    let mut batch = store.batch(Scope::SYSTEM);
    batch.name(Name::custom(StoredBind::NAME, &bind.name), sid.to_string());
    batch.insert::<StoredBind>(NewDocument::of(sid, store.clock().now(), facts));
    commit(caller, carrier, batch, &bind.name).await.map_err(|error| match error.code() {
        code if code == codes::CONFLICT => conflict("there is a bind of this name"),
        _ => error,
    })?;
    Ok(bind)
}

/// Changes the keys that are given.
///
/// # Errors
/// 404; 400 naming the key that is wrong; 409 when it stands in the file or was changed meanwhile.
pub(crate) async fn update(
    caller: &Caller,
    carrier: &SmppCarrier,
    name: &str,
    given: GivenBind,
) -> Result<BindConfig> {
    let mut document = find(carrier, name).await?;
    given.put_into(&mut document.facts)?;
    if document.facts.name != name {
        return Err(invalid("name"));
    }
    let bind = checked(&document.facts)?;
    let mut batch = carrier.store().batch(Scope::SYSTEM);
    batch.update(&document);
    commit(caller, carrier, batch, name).await?;
    Ok(bind)
}

/// Deletes a bind.
///
/// # Errors
/// 404; 409 when it stands in the file or was changed meanwhile.
pub(crate) async fn delete(caller: &Caller, carrier: &SmppCarrier, name: &str) -> Result<()> {
    let document = find(carrier, name).await?;
    let mut batch = carrier.store().batch(Scope::SYSTEM);
    batch.delete(&document);
    batch.unname(Name::custom(StoredBind::NAME, name));
    commit(caller, carrier, batch, name).await
}

/// Writes a change with its ledger entry, and lets it take effect here; other processes see it soon.
async fn commit(caller: &Caller, carrier: &SmppCarrier, batch: store::Batch, name: &str) -> Result<()> {
    caller.commit(batch, vec![name.to_owned()]).await?;
    if let Err(error) = carrier.renew().await {
        // It is written, and looked for again within seconds.
        tracing::warn!(%error, bind = name, "a changed SMPP bind takes effect later");
    }
    Ok(())
}
