//! The answers of one account: what overlays say, in the envelopes of the APIs, and empty lists for the rest.

use audit::resource::{Purpose, Resource};
use audit::service::{Recorded, RecordedAnswer};
use serde_json::{Map, Value, json};

use super::schema::{DAY_RFC_2822, Documents};
use super::{Answer, Who};

const PAGE_SIZE: usize = 50;
/// Where Segment's lists begin: its cursor for the first page.
const FIRST_CURSOR: &str = "MA==";

/// A made-up account, and a workspace with it.
pub(super) struct Account {
    pub(super) who: Who,
    pub(super) name: &'static str,
    pub(super) sid: &'static str,
    pub(super) workspace: &'static str,
}

/// Both of them.
pub(super) const ACCOUNTS: [Account; 2] = [
    Account {
        who: Who::Good,
        name: "good",
        sid: "AC00000000000000000000000000000a11",
        workspace: "ws-good-0001",
    },
    Account {
        who: Who::Bad,
        name: "bad",
        sid: "AC0000000000000000000000000000bad1",
        workspace: "ws-bad-0001",
    },
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
    for (file, answer) in overlays.iter().filter(|(_, answer)| answer.account.is(account)) {
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
        mistakes.extend(unknown(file, answer, documents));
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

/// Members of items that the schema does not have.
fn unknown(file: &str, answer: &Answer, documents: &mut Documents) -> Vec<String> {
    if answer.schema.is_empty() {
        return Vec::new();
    }
    let place = format!("{file}: {} {}", answer.product, answer.path);
    let object = match documents.object(&answer.product, &answer.schema, "") {
        Ok(object) => object,
        Err(problem) => return vec![format!("{place}: {problem}")],
    };
    let names = answer.items.iter().flat_map(Map::keys).filter(|name| !object.contains_key(*name));
    names.map(|name| format!("{place}: `{}` has no member `{name}`", answer.schema)).collect()
}

/// The body of an answer: items laid over their schema, in the envelope of their API.
fn body(account: &Account, answer: &Answer, path: &str, documents: &mut Documents) -> Result<Value, String> {
    let mut items = Vec::new();
    for item in &answer.items {
        let mut object = match answer.schema.as_str() {
            "" => Value::Object(Map::new()),
            schema => Value::Object(documents.object(&answer.product, schema, account.sid)?),
        };
        merge(&mut object, &Value::Object(item.clone()));
        name_account(&mut object, account.sid);
        items.push(object);
    }
    if !answer.list.is_empty() {
        return Ok(page(&answer.product, path, &answer.list, items));
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
fn page(product: &str, path: &str, list: &str, items: Vec<Value>) -> Value {
    let first = format!("{path}?PageSize={PAGE_SIZE}&Page=0");
    let mut envelope = match product {
        "segment" => {
            json!({"data": {"pagination": {"current": FIRST_CURSOR, "totalEntries": items.len()}}})
        }
        "api" => json!({
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

/// Adds what no overlay said: the account, the workspace, and nothing for everything else that is read.
pub(super) fn fill(account: &Account, documents: &mut Documents, made: &mut Recorded) -> Result<(), String> {
    let sid = account.sid;
    let mut object = Value::Object(documents.object("api", "api.v2010.account", sid)?);
    let said = json!({
        "sid": sid,
        "owner_account_sid": sid,
        "status": "active",
        "type": "Full",
        "date_created": DAY_RFC_2822,
    });
    merge(&mut object, &said);
    let path = "/2010-04-01/Accounts.json";
    put(made, "api", path, page("api", path, "accounts", vec![object]));
    let workspace = json!({"id": account.workspace, "slug": "hospital", "name": "Hospital"});
    put(made, "segment", "/", json!({"data": {"workspace": workspace}}));
    for resource in audit::products::resources().filter(|resource| is_asked(resource)) {
        for chain in parents(account, resource, made) {
            let path = path_of(account, resource, &chain);
            let body = match resource.list {
                "" => json!({}),
                list => page(resource.product, &path, list, Vec::new()),
            };
            put(made, resource.product, &path, body);
        }
    }
    Ok(())
}

fn is_asked(resource: &Resource) -> bool {
    resource.purpose != Purpose::Probe && resource.product != "switchward"
}

/// The path for a chain of ids, the outermost first.
fn path_of(account: &Account, resource: &Resource, chain: &[String]) -> String {
    let mut path = resource.path.replace("{account}", account.sid);
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
        let key = format!("{} {}", parent.product, path_of(account, parent, &chain));
        let Some(answer) = made.answers.get(&key) else { continue };
        for id in ids(account, parent, &chain, &answer.body) {
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
        std::fs::write(folder.path().join("twilio_video_v1.json"), DOCUMENT).expect("written");
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
        let old = page("api", "/2010-04-01/Accounts/AC1/Keys.json", "keys", vec![json!({})]);
        let expected = json!({
            "keys": [{}],
            "page": 0,
            "page_size": 50,
            "uri": "/2010-04-01/Accounts/AC1/Keys.json?PageSize=50&Page=0",
            "first_page_uri": "/2010-04-01/Accounts/AC1/Keys.json?PageSize=50&Page=0",
            "next_page_uri": null
        });
        assert_eq!(old, expected);
        let new = page("sync", "/v1/Services", "services", Vec::new());
        assert_eq!(new["services"], json!([]));
        assert_eq!(new["meta"]["key"], "services");
        assert_eq!(new["meta"]["url"], "https://sync.twilio.com/v1/Services?PageSize=50&Page=0");
        assert_eq!(new["meta"].get("next_page_url"), Some(&Value::Null));
        let segment = page("segment", "/sources", "data.sources", vec![json!({"id": "a"})]);
        let expected = json!({"data": {
            "sources": [{"id": "a"}],
            "pagination": {"current": "MA==", "totalEntries": 1}
        }});
        assert_eq!(segment, expected);
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
        assert_eq!(path_of(&ACCOUNTS[0], &ITEMS, &chains[0]), "/v1/Services/IS2/Lists/ES1/Items");
    }
}
