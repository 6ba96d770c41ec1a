//! The vendors' published documents, and an object with the members that a schema has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audit::Provider;
use serde_json::{Map, Value, json};

use super::models;
use crate::{shell, source};

/// References that are followed until a schema is reached.
const MOST_REFERENCES: usize = 8;
const DAY: &str = "2024-01-10";
pub(super) const DAY_RFC_2822: &str = "Wed, 10 Jan 2024 12:00:00 +0000";

/// Twilio's documents, one per product and version.
const TWILIO: &str = "twilio-oai";
/// SignalWire's document.
const SIGNALWIRE: &str = "signalwire/openapi.json";
/// The models of Segment's client.
const SEGMENT: &str = "segment-sdk";

/// A folder of documents, each read once.
pub(super) struct Documents {
    folder: PathBuf,
    read: BTreeMap<String, Vec<Value>>,
}

impl Documents {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read: BTreeMap::new() }
    }

    /// What is not in a folder of documents.
    pub(super) fn missing(folder: &Path) -> Option<String> {
        let missing = [TWILIO, SIGNALWIRE, SEGMENT].into_iter().find(|name| !folder.join(name).exists())?;
        Some(folder.join(missing).display().to_string())
    }

    /// An object with every member of a schema of Twilio's.
    pub(super) fn object(
        &mut self,
        product: &str,
        schema: &str,
        account: &str,
    ) -> Result<Map<String, Value>, String> {
        let (document, found) = self.find(Provider::Twilio, product, schema)?;
        Ok(fill(document, found, account))
    }

    /// An object with the members that every item of an answer has, where the schema is that of the whole answer.
    pub(super) fn item(&mut self, provider: Provider, schema: &str, list: &str) -> Result<Value, String> {
        let (document, item) = self.schema_of_item(provider, schema, list)?;
        Ok(least(document, item))
    }

    /// What an item has that its schema does not: members, at any depth, and words.
    pub(super) fn strange(
        &mut self,
        provider: Provider,
        schema: &str,
        list: &str,
        item: &Value,
    ) -> Result<Vec<String>, String> {
        let (document, found) = self.schema_of_item(provider, schema, list)?;
        let mut strange = Vec::new();
        compare(document, found, item, "", &mut strange);
        Ok(strange)
    }

    /// Whether an item of an answer can have a member, by its dotted path.
    pub(super) fn has(
        &mut self,
        provider: Provider,
        schema: &str,
        list: &str,
        path: &str,
    ) -> Result<bool, String> {
        let (document, found) = self.schema_of_item(provider, schema, list)?;
        Ok(walk(document, found, path).is_some())
    }

    fn schema_of_item(
        &mut self,
        provider: Provider,
        schema: &str,
        list: &str,
    ) -> Result<(&Value, &Value), String> {
        let (document, answer) = self.find(provider, provider.as_str(), schema)?;
        if list.is_empty() {
            return Ok((document, answer));
        }
        let items = walk(document, answer, list).filter(|found| found["type"] == "array");
        let items = items.ok_or_else(|| format!("`{schema}` has no list `{list}`"))?;
        Ok((document, &items["items"]))
    }

    fn find(&mut self, provider: Provider, product: &str, schema: &str) -> Result<(&Value, &Value), String> {
        if !self.read.contains_key(product) {
            let documents = match provider {
                Provider::Segment => vec![self.segment()?],
                Provider::SignalWire => vec![json(&self.folder.join(SIGNALWIRE))?],
                Provider::Twilio | Provider::Switchward => self.twilio(product)?,
            };
            self.read.insert(product.to_owned(), documents);
        }
        let found = self.read[product]
            .iter()
            .find_map(|document| Some((document, document["components"]["schemas"].get(schema)?)));
        found.ok_or_else(|| format!("{product} has no schema `{schema}`"))
    }

    fn twilio(&self, product: &str) -> Result<Vec<Value>, String> {
        let start = format!("twilio_{}_v", product.trim_end_matches("-api"));
        let folder = self.folder.join(TWILIO);
        let shown = folder.display();
        let entries = std::fs::read_dir(&folder).map_err(|e| format!("cannot read {shown}: {e}"))?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .filter(|name| name.starts_with(&start) && name.ends_with(".json"))
            .collect();
        names.sort();
        if names.is_empty() {
            return Err(format!("{shown} has no {start}*.json for the product `{product}`"));
        }
        names.iter().map(|name| json(&folder.join(name))).collect()
    }

    fn segment(&self) -> Result<Value, String> {
        let mut paths = Vec::new();
        source::files_below(&self.folder.join(SEGMENT), "ts", &mut paths)?;
        let mut schemas = Map::new();
        for path in paths {
            schemas.extend(models::schemas(&shell::read(&path)?));
        }
        Ok(json!({ "components": { "schemas": schemas } }))
    }
}

fn json(path: &Path) -> Result<Value, String> {
    serde_json::from_str(&shell::read(path)?).map_err(|e| format!("{} is not JSON: {e}", path.display()))
}

/// The schema of a member by its dotted path. Whatever lies below an object without members may be there.
fn walk<'a>(document: &'a Value, schema: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(resolve(document, schema), |schema, name| match schema.get("properties") {
        Some(properties) => properties.get(name).map(|member| resolve(document, member)),
        None => Some(schema),
    })
}

/// The members that a schema requires, each with a value that says nothing.
fn least(document: &Value, schema: &Value) -> Value {
    if schema["nullable"] == true
        || schema["anyOf"].as_array().is_some_and(|all| all.contains(&json!({ "type": "null" })))
    {
        return Value::Null;
    }
    let schema = resolve(document, schema);
    let Some(properties) = schema["properties"].as_object() else { return neutral("", schema, "") };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.filter_map(|name| Some((name.to_owned(), least(document, properties.get(name)?)))).collect()
}

fn compare(document: &Value, schema: &Value, value: &Value, path: &str, strange: &mut Vec<String>) {
    let schema = resolve(document, schema);
    match value {
        Value::Object(members) => {
            let Some(properties) = schema["properties"].as_object() else { return };
            for (name, value) in members {
                let path = format!("{path}.{name}");
                match properties.get(name) {
                    Some(member) => compare(document, member, value, &path, strange),
                    None => strange.push(format!("there is no member `{}`", &path[1..])),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| {
            compare(document, &schema["items"], item, path, strange);
        }),
        Value::String(word) => {
            if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
                strange.push(format!("`{}` is never `{word}`", path.trim_start_matches('.')));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every member of a schema with a value that says nothing.
fn fill(document: &Value, schema: &Value, account: &str) -> Map<String, Value> {
    let members = resolve(document, schema)["properties"].as_object();
    members
        .into_iter()
        .flatten()
        .map(|(name, member)| (name.clone(), neutral(name, resolve(document, member), account)))
        .collect()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..MOST_REFERENCES {
        let wrapped = schema["allOf"].as_array().filter(|all| all.len() == 1).and_then(|all| all.first());
        let referred = schema["$ref"].as_str().map(|to| document.pointer(to.trim_start_matches('#')));
        match referred.unwrap_or(wrapped) {
            Some(found) => schema = found,
            None => break,
        }
    }
    schema
}

fn neutral(name: &str, schema: &Value, account: &str) -> Value {
    // Twilio marks nearly every member as nullable; no answer lacks the two that say what it is about.
    let is_nullable = schema["nullable"] == true && !["sid", "account_sid"].contains(&name);
    if is_nullable {
        return Value::Null;
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("boolean") => json!(false),
        Some("integer" | "number") => json!(0),
        Some("array") => json!([]),
        Some("object") => json!({}),
        Some("string") => match (schema["pattern"].as_str().and_then(sid), schema["format"].as_str()) {
            (Some(sid), _) if sid.starts_with("AC") => json!(account),
            (Some(sid), _) => json!(sid),
            (None, Some("date")) => json!(DAY),
            (None, Some("date-time")) => json!(format!("{DAY}T12:00:00Z")),
            (None, Some("date-time-rfc-2822")) => json!(DAY_RFC_2822),
            _ => json!(""),
        },
        _ => Value::Null,
    }
}

/// The first SID that matches a pattern; none when the pattern is not that of a SID.
fn sid(pattern: &str) -> Option<String> {
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    let (prefix, rest) = bare.split_at_checked(bare.find('[').filter(|at| *at > 0)?)?;
    let first = prefix.trim_matches(['(', ')']).split('|').next()?;
    let is_sid = first.len() == 2 && rest.ends_with("{32}");
    is_sid.then(|| format!("{first}{}", "0".repeat(32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "AC00000000000000000000000000000a11";

    #[test]
    fn fills_every_member_by_its_type_format_and_pattern() {
        let document = json!({"components": {"schemas": {
            "number_enum_state": {"type": "string", "enum": ["open", "shut"]},
            "number": {"type": "object", "properties": {
                "sid": {"type": "string", "nullable": true, "pattern": "^PN[0-9a-fA-F]{32}$"},
                "account_sid": {"type": "string", "nullable": true, "pattern": "^AC[0-9a-fA-F]{32}$"},
                "last_sid": {"type": "string", "pattern": "^(SM|MM)[0-9a-fA-F]{32}$"},
                "code": {"type": "string", "pattern": "^[A-Z0-9]{6}$"},
                "label": {"type": "string", "nullable": true},
                "state": {"$ref": "#/components/schemas/number_enum_state"},
                "made": {"type": "string", "format": "date-time-rfc-2822"},
                "moved": {"type": "string", "format": "date-time"},
                "day": {"type": "string", "format": "date"},
                "beta": {"type": "boolean"},
                "count": {"type": "integer"},
                "tags": {"type": "array"},
                "links": {"type": "object"}
            }}
        }}});
        let filled = fill(&document, &json!({"$ref": "#/components/schemas/number"}), ACCOUNT);
        let expected = json!({
            "sid": "PN00000000000000000000000000000000",
            "account_sid": ACCOUNT,
            "last_sid": "SM00000000000000000000000000000000",
            "code": "",
            "label": null,
            "state": "open",
            "made": "Wed, 10 Jan 2024 12:00:00 +0000",
            "moved": "2024-01-10T12:00:00Z",
            "day": "2024-01-10",
            "beta": false,
            "count": 0,
            "tags": [],
            "links": {}
        });
        assert_eq!(Value::Object(filled), expected);
    }

    #[test]
    fn a_reference_that_leads_in_a_circle_ends() {
        let document = json!({"a": {"$ref": "#/a"}});
        assert!(fill(&document, &json!({"$ref": "#/a"}), ACCOUNT).is_empty());
    }

    fn answered() -> (tempfile::TempDir, Documents) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("segment-sdk")).expect("made");
        let text = "export class Answer {\n    'data': Data;\n    static a\n}\nexport class Data {\n    'hooks': Array<Hook>;\n    static a\n}
export class Hook {\n    'id': string;\n    'note'?: string;\n    'end': Hook.EndEnum | null;\n    'on': Place;\n    static a\n}
export namespace Hook {\n    export enum EndEnum {\n        A = <any>'OPEN',\n    }\n}
export class Place {\n    'settings': { [key: string]: any };\n    'days': number;\n    static a\n}\n";
        std::fs::write(folder.path().join("segment-sdk/answer.ts"), text).expect("written");
        let documents = Documents::of(folder.path());
        (folder, documents)
    }

    #[test]
    fn an_item_has_what_its_schema_requires_at_every_depth() {
        let (_folder, mut documents) = answered();
        let item = documents.item(Provider::Segment, "Answer", "data.hooks");
        assert_eq!(item, Ok(json!({ "id": "", "end": null, "on": { "settings": {}, "days": 0 } })));
        let wrong = documents.item(Provider::Segment, "Answer", "data.hook");
        assert_eq!(wrong, Err("`Answer` has no list `data.hook`".to_owned()));
    }

    #[test]
    fn members_and_words_that_no_answer_has_are_named() {
        let (_folder, mut documents) = answered();
        let item = json!({ "note": "x", "end": "SHUT", "on": { "day": 1, "settings": { "free": 1 } } });
        let strange = documents.strange(Provider::Segment, "Answer", "data.hooks", &item).expect("compared");
        assert_eq!(strange, ["`end` is never `SHUT`", "there is no member `on.day`"]);
        let mut has = |path| documents.has(Provider::Segment, "Answer", "data.hooks", path);
        assert_eq!((has("on.settings.free"), has("on.day")), (Ok(true), Ok(false)));
    }

    #[test]
    fn a_product_or_schema_that_is_not_published_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = Documents::missing(folder.path()).expect("nothing is there");
        assert!(missing.ends_with("twilio-oai"), "{missing}");
        std::fs::create_dir(folder.path().join("twilio-oai")).expect("made");
        std::fs::write(folder.path().join("twilio-oai/twilio_flex_v1.json"), "{}").expect("written");
        let mut documents = Documents::of(folder.path());
        let schema = documents.object("flex-api", "flex.v1.nothing", ACCOUNT);
        assert_eq!(schema, Err("flex-api has no schema `flex.v1.nothing`".to_owned()));
        let product = documents.object("voice", "voice.v1.nothing", ACCOUNT).expect_err("it is not there");
        assert!(product.contains("no twilio_voice_v*.json"), "{product}");
    }
}
