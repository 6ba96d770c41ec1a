//! The answers of one account: what overlays say, in the envelopes of the APIs, and empty lists for the rest.

use audit::Provider;
use audit::resource::{Purpose, Resource};
use audit::service::{Recorded, RecordedAnswer};
use serde_json::{Map, Value, json};

use super::schema::{DAY_RFC_2822, Documents};
use super::{Answer, Who, provider_of};

const PAGE_SIZE: usize = 50;
/// Where Segment's lists begin: its cursor for the first page.
const FIRST_CURSOR: &str = "MA==";

/// A made-up account or workspace.
pub(super) struct Account {
    pub(super) provider: Provider,
    pub(super) who: Who,
    pub(super) name: &'static str,
    pub(super) sid: &'static str,
}

const fn good(provider: Provider, sid: &'static str) -> Account {
    Account { provider, who: Who::Good, name: "good", sid }
}

const fn bad(provider: Provider, sid: &'static str) -> Account {
    Account { provider, who: Who::Bad, name: "bad", sid }
}

/// All of them.
pub(super) const ACCOUNTS: [Account; 6] = [
    good(Provider::Twilio, "AC00000000000000000000000000000a11"),
    bad(Provider::Twilio, "AC0000000000000000000000000000bad1"),
    good(Provider::SignalWire, "00000000-0000-4000-8000-000000000a11"),
    bad(Provider::SignalWire, "00000000-0000-4000-8000-00000000bad1"),
    good(Provider::Segment, "ws-good-0001"),
    bad(Provider::Segment, "ws-bad-0001"),
];

/// Adds what overlays say, and returns their mistakes. Lists of one path from several overlays become one list.
pub(super) fn lay(
    account: &Account,
    overlays: &[(String, Answer)],
    documents: &mut Documents,
    made: &mut Recorded,
) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut merged: Vec<(&str, Answer)> = Vec::new();
    let is_own = |(file, answer): &&(String, Answer)| {
        provider_of(file) == account.provider && answer.account.is(account)
    };
    for (file, answer) in overlays.iter().filter(is_own) {
        let same = |other: &Answer| other.product == answer.product && other.path == answer.path;
        match merged.iter_mut().find(|(_, other)| same(other)) {
            None => merged.push((file, answer.clone())),
            Some((_, other)) if !answer.list.is_empty() && other.list == answer.list => {
                other.items.extend(answer.items.iter().cloned());
            }
            Some((first, _)) => {
                mistakes.push(format!("{file}: {} {}: {first} has it too", answer.product, answer.path));
            }
        }
        mistakes.extend(unknown(account.provider, file, answer, documents));
    }
    for (file, answer) in merged {
        let path = answer.path.replace("{account}", account.sid);
        match body(account, &answer, &path, documents) {
            Ok(body) => put(made, &answer.product, &path, body),
            Err(problem) => mistakes.push(format!("{file}: {path}: {problem}")),
        }
    }
    mistakes
}

/// Members of items that the schema does not have. The others' schemas are looked at to every depth, and their words
/// too.
fn unknown(provider: Provider, file: &str, answer: &Answer, documents: &mut Documents) -> Vec<String> {
    if answer.schema.is_empty() {
        return Vec::new();
    }
    let place = format!("{file}: {} {}", answer.product, answer.path);
    if provider == Provider::Twilio {
        let object = match documents.object(&answer.product, &answer.schema, "") {
            Ok(object) => object,
            Err(problem) => return vec![format!("{place}: {problem}")],
        };
        let names = answer.items.iter().flat_map(Map::keys).filter(|name| !object.contains_key(*name));
        return names.map(|name| format!("{place}: `{}` has no member `{name}`", answer.schema)).collect();
    }
    let mut mistakes = Vec::new();
    for item in &answer.items {
        let item = Value::Object(item.clone());
        match documents.strange(provider, &answer.schema, &answer.list, &item) {
            Ok(strange) => mistakes.extend(strange),
            Err(problem) => mistakes.push(problem),
        }
    }
    if provider == Provider::Segment {
        mistakes.extend(unkept(answer, documents));
    }
    mistakes.iter().map(|mistake| format!("{place}: {mistake}")).collect()
}

/// Members that the audit keeps of such an answer and that no item of it has.
fn unkept(answer: &Answer, documents: &mut Documents) -> Vec<String> {
    let is_read = |resource: &&Resource| resource.list == answer.list && is_path(resource.path, &answer.path);
    let Some(resource) = audit::products::resources().find(is_read) else {
        return vec!["the audit does not read it".to_owned()];
    };
    let paths = resource.keep.iter().map(|(path, _)| *path).chain([resource.id]);
    let lacks = |path: &str| documents.has(Provider::Segment, &answer.schema, &answer.list, path) != Ok(true);
    let mut lacks = lacks;
    paths
        .filter(|path| lacks(path))
        .map(|path| format!("the audit keeps `{path}`, which it does not have"))
        .collect()
}

/// Whether a path is one of a resource's.
fn is_path(of_resource: &str, path: &str) -> bool {
    let parts = |path: &str| path.split(['/', '=']).map(str::to_owned).collect::<Vec<_>>();
    let (wanted, found) = (parts(of_resource), parts(path));
    wanted.len() == found.len()
        && wanted.iter().zip(&found).all(|(wanted, found)| wanted.starts_with('{') || wanted == found)
}

/// The body of an answer: items laid over their schema, in the envelope of their API.
fn body(account: &Account, answer: &Answer, path: &str, documents: &mut Documents) -> Result<Value, String> {
    let mut items = Vec::new();
    for item in &answer.items {
        let mut object = match (answer.schema.as_str(), account.provider) {
            ("", _) => Value::Object(Map::new()),
            (schema, Provider::Twilio) => {
                Value::Object(documents.object(&answer.product, schema, account.sid)?)
            }
            (schema, provider) => documents.item(provider, schema, &answer.list)?,
        };
        merge(&mut object, &Value::Object(item.clone()));
        name_account(&mut object, account.sid);
        items.push(object);
    }
    if !answer.list.is_empty() {
        return Ok(page(account.provider, &answer.product, path, &answer.list, items));
    }
    match <[Value; 1]>::try_from(items) {
        Ok([object]) => Ok(object),
        Err(items) => Err(format!("a single object wants one item, not {}", items.len())),
    }
}

/// Lays one value over another: members of objects one by one, everything else as a whole.
fn merge(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                merge(below.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

fn name_account(value: &mut Value, sid: &str) {
    match value {
        Value::String(text) => *text = text.replace("{account}", sid),
        Value::Array(items) => items.iter_mut().for_each(|item| name_account(item, sid)),
        Value::Object(members) => members.values_mut().for_each(|member| name_account(member, sid)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A list in the page envelope of its API.
fn page(provider: Provider, product: &str, path: &str, list: &str, items: Vec<Value>) -> Value {
    let first = format!("{path}?PageSize={PAGE_SIZE}&Page=0");
    let mut envelope = match (provider, product) {
        (Provider::Segment, _) => {
            json!({"data": {"pagination": {"current": FIRST_CURSOR, "totalEntries": items.len()}}})
        }
        (Provider::SignalWire, _) => {
            let first = format!("/api/laml{}?Page=0&PageSize={PAGE_SIZE}", path.trim_end_matches(".json"));
            json!({
                "first_page_uri": first,
                "next_page_uri": null,
                "page": 0,
                "page_size": PAGE_SIZE,
                "previous_page_uri": null,
                "uri": first,
            })
        }
        (_, "api") => json!({
            "first_page_uri": first,
            "next_page_uri": null,
            "page": 0,
            "page_size": PAGE_SIZE,
            "uri": first,
        }),
        _ => {
            let url = format!("https://{product}.twilio.com{first}");
            json!({"meta": {
                "first_page_url": url,
                "key": list,
                "next_page_url": null,
                "page": 0,
                "page_size": PAGE_SIZE,
                "previous_page_url": null,
                "url": url,
            }})
        }
    };
    let nested = list.rsplit('.').fold(Value::Array(items), |value, name| json!({ name: value }));
    merge(&mut envelope, &nested);
    envelope
}

fn put(made: &mut Recorded, product: &str, path: &str, body: Value) {
    made.answers.entry(format!("{product} {path}")).or_insert(RecordedAnswer { status: 200, body });
}

/// Adds what no overlay said: the account or workspace, and nothing for everything else that is read.
pub(super) fn fill(account: &Account, documents: &mut Documents, made: &mut Recorded) -> Result<(), String> {
    let sid = account.sid;
    let path = "/2010-04-01/Accounts.json";
    let said = json!({
        "sid": sid,
        "owner_account_sid": sid,
        "status": "active",
        "type": "Full",
        "date_created": DAY_RFC_2822,
    });
    let mut object = match account.provider {
        Provider::Segment => Value::Null,
        Provider::SignalWire => documents.item(Provider::SignalWire, "AccountListResponse", "accounts")?,
        Provider::Twilio | Provider::Switchward => {
            Value::Object(documents.object("api", "api.v2010.account", sid)?)
        }
    };
    if account.provider == Provider::Segment {
        let workspace = json!({"id": sid, "slug": "hospital", "name": "Hospital"});
        put(made, "segment", "/", json!({"data": {"workspace": workspace}}));
    } else {
        merge(&mut object, &said);
        put(made, "api", path, page(account.provider, "api", path, "accounts", vec![object]));
    }
    for resource in audit::products::resources().filter(|resource| is_asked(account, resource)) {
        for each in kinds(resource) {
            for chain in parents(account, resource, made) {
                let path = path_of(account, resource, &chain, each);
                let body = match resource.list {
                    "" => json!({}),
                    list => page(account.provider, resource.product, &path, list, Vec::new()),
                };
                put(made, resource.product, &path, body);
            }
        }
    }
    Ok(())
}

fn is_asked(account: &Account, resource: &Resource) -> bool {
    // A question by date is answered by the list itself, and that of the Organization by an overlay.
    let is_named = ["{expired:", "{organization}"].iter().any(|name| resource.path.contains(name));
    resource.purpose != Purpose::Probe && account.provider.has(resource) && !is_named
}

/// The lists of a resource.
fn kinds(resource: &Resource) -> &'static [&'static str] {
    if resource.each.is_empty() { &[""] } else { resource.each }
}

/// The path for a chain of ids, the outermost first.
fn path_of(account: &Account, resource: &Resource, chain: &[String], each: &str) -> String {
    let mut path = resource.path.replace("{account}", account.sid).replace("{each}", each);
    for (index, id) in chain.iter().rev().enumerate() {
        path = path.replace(&format!("{{{}}}", index + 1), id);
    }
    path
}

/// The chains of ids under which a resource lies, as the audit reads them: an empty one for a resource at the top.
fn parents(account: &Account, resource: &Resource, made: &Recorded) -> Vec<Vec<String>> {
    let Some(parent) = resource.under else { return vec![Vec::new()] };
    let mut chains = Vec::new();
    for chain in parents(account, parent, made) {
        let keys = kinds(parent).iter().map(|each| path_of(account, parent, &chain, each));
        let answers = keys.filter_map(|path| made.answers.get(&format!("{} {path}", parent.product)));
        for id in answers.flat_map(|answer| ids(account, parent, &chain, &answer.body)) {
            let mut below = chain.clone();
            // A single object often has the id of what it belongs to.
            if below.last() != Some(&id) || !parent.list.is_empty() {
                below.push(id);
            }
            chains.push(below);
        }
    }
    chains
}

/// The ids of what an answer holds; the place in the list for an item without one.
fn ids(account: &Account, resource: &Resource, chain: &[String], body: &Value) -> Vec<String> {
    let id = |value: &Value| member(value, resource.id).and_then(Value::as_str).map(audit::fact::id_of);
    if resource.list.is_empty() {
        let above = || chain.last().cloned().unwrap_or_else(|| account.sid.to_owned());
        return vec![id(body).unwrap_or_else(above)];
    }
    let items = member(body, resource.list).and_then(Value::as_array).into_iter().flatten();
    items.enumerate().map(|(index, item)| id(item).unwrap_or_else(|| (index + 1).to_string())).collect()
}

fn member<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"components": {"schemas": {"video.v1.hook": {"properties": {
        "sid": {"type": "string"}, "url": {"type": "string"}, "links": {"type": "object"}
    }}}}}"#;

    fn laid(answers: &[Answer]) -> (Recorded, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("twilio-oai")).expect("made");
        std::fs::write(folder.path().join("twilio-oai/twilio_video_v1.json"), DOCUMENT).expect("written");
        let overlays: Vec<(String, Answer)> =
            answers.iter().map(|answer| ("video.toml".to_owned(), answer.clone())).collect();
        let mut made = Recorded::default();
        let mistakes = lay(&ACCOUNTS[0], &overlays, &mut Documents::of(folder.path()), &mut made);
        (made, mistakes)
    }

    fn answer(list: &str, item: &Value) -> Answer {
        Answer {
            account: Who::Both,
            product: "video".to_owned(),
            path: "/v1/Hooks".to_owned(),
            schema: "video.v1.hook".to_owned(),
            list: list.to_owned(),
            items: vec![item.as_object().expect("an object").clone()],
        }
    }

    #[test]
    fn lays_an_item_over_its_schema() {
        let (made, mistakes) = laid(&[answer("", &json!({"sid": "x", "links": {"a": "/{account}"}}))]);
        assert_eq!(mistakes, Vec::<String>::new());
        let expected = json!({"sid": "x", "url": "", "links": {"a": "/AC00000000000000000000000000000a11"}});
        assert_eq!(made.answers["video /v1/Hooks"].body, expected);
    }

    #[test]
    fn rejects_a_member_that_the_schema_does_not_have() {
        let (_, mistakes) = laid(&[answer("hooks", &json!({"address": "x"}))]);
        assert_eq!(mistakes, ["video.toml: video /v1/Hooks: `video.v1.hook` has no member `address`"]);
        let free = Answer { schema: String::new(), ..answer("hooks", &json!({"address": "x"})) };
        assert_eq!(laid(&[free]).1, Vec::<String>::new());
    }

    #[test]
    fn joins_lists_and_rejects_a_second_object() {
        let (made, mistakes) =
            laid(&[answer("hooks", &json!({"sid": "a"})), answer("hooks", &json!({"sid": "b"}))]);
        assert_eq!(mistakes, Vec::<String>::new());
        assert_eq!(made.answers["video /v1/Hooks"].body["hooks"].as_array().map(Vec::len), Some(2));
        let (_, mistakes) = laid(&[answer("", &json!({})), answer("", &json!({}))]);
        assert_eq!(mistakes, ["video.toml: video /v1/Hooks: video.toml has it too"]);
    }

    #[test]
    fn each_api_has_its_own_envelope() {
        let old =
            page(Provider::Twilio, "api", "/2010-04-01/Accounts/AC1/Keys.json", "keys", vec![json!({})]);
        let expected = json!({
            "keys": [{}],
            "page": 0,
            "page_size": 50,
            "uri": "/2010-04-01/Accounts/AC1/Keys.json?PageSize=50&Page=0",
            "first_page_uri": "/2010-04-01/Accounts/AC1/Keys.json?PageSize=50&Page=0",
            "next_page_uri": null
        });
        assert_eq!(old, expected);
        let new = page(Provider::Twilio, "sync", "/v1/Services", "services", Vec::new());
        assert_eq!(new["services"], json!([]));
        assert_eq!(new["meta"]["key"], "services");
        assert_eq!(new["meta"]["url"], "https://sync.twilio.com/v1/Services?PageSize=50&Page=0");
        assert_eq!(new["meta"].get("next_page_url"), Some(&Value::Null));
        let segment =
            page(Provider::Segment, "segment", "/sources", "data.sources", vec![json!({"id": "a"})]);
        let expected = json!({"data": {
            "sources": [{"id": "a"}],
            "pagination": {"current": "MA==", "totalEntries": 1}
        }});
        assert_eq!(segment, expected);
    }

    #[test]
    fn a_path_is_known_by_what_stands_in_it() {
        assert!(is_path(
            "/spaces/{2}/audiences/{1}/activations",
            "/spaces/spa_1/audiences/aud_1/activations"
        ));
        assert!(is_path("/functions?resourceType={each}", "/functions?resourceType=SOURCE"));
        assert!(!is_path("/functions/{1}", "/functions"));
        assert!(!is_path("/destinations/{1}/subscriptions", "/destination/a/subscriptions"));
    }

    static SERVICES: Resource = Resource::list("Services", "sync", "/v1/Services", "services");
    static LISTS: Resource =
        Resource::list("Lists", "sync", "/v1/Services/{1}/Lists", "lists").under(&SERVICES);
    static ITEMS: Resource =
        Resource::list("Items", "sync", "/v1/Services/{2}/Lists/{1}/Items", "items").under(&LISTS);

    #[test]
    fn walks_from_parents_to_what_lies_under_them() {
        let mut made = Recorded::default();
        put(&mut made, "sync", "/v1/Services", json!({"services": [{"sid": "IS1"}, {"sid": "IS2"}]}));
        put(&mut made, "sync", "/v1/Services/IS2/Lists", json!({"lists": [{"sid": "ES1"}]}));
        let chains = parents(&ACCOUNTS[0], &ITEMS, &made);
        assert_eq!(chains, [["IS2", "ES1"]]);
        assert_eq!(path_of(&ACCOUNTS[0], &ITEMS, &chains[0], ""), "/v1/Services/IS2/Lists/ES1/Items");
    }
}
