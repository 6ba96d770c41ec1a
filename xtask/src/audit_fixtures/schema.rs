//! The vendor's published documents, and an object with every member that a schema has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::shell;

/// References that are followed until a schema is reached.
const MOST_REFERENCES: usize = 8;
const DAY: &str = "2024-01-10";
pub(super) const DAY_RFC_2822: &str = "Wed, 10 Jan 2024 12:00:00 +0000";

/// A folder of documents, each read once.
pub(super) struct Documents {
    folder: PathBuf,
    read: BTreeMap<String, Vec<Value>>,
}

impl Documents {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read: BTreeMap::new() }
    }

    /// An object with every member of a schema.
    pub(super) fn object(
        &mut self,
        product: &str,
        schema: &str,
        account: &str,
    ) -> Result<Map<String, Value>, String> {
        if !self.read.contains_key(product) {
            let documents = self.documents(product)?;
            self.read.insert(product.to_owned(), documents);
        }
        let found = self.read[product]
            .iter()
            .find_map(|document| Some((document, document["components"]["schemas"].get(schema)?)));
        let (document, found) = found.ok_or_else(|| format!("{product} has no schema `{schema}`"))?;
        Ok(fill(document, found, account))
    }

    fn documents(&self, product: &str) -> Result<Vec<Value>, String> {
        let start = format!("twilio_{}_v", product.trim_end_matches("-api"));
        let folder = self.folder.display();
        let entries = std::fs::read_dir(&self.folder).map_err(|e| format!("cannot read {folder}: {e}"))?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .filter(|name| name.starts_with(&start) && name.ends_with(".json"))
            .collect();
        names.sort();
        if names.is_empty() {
            return Err(format!("{folder} has no {start}*.json for the product `{product}`"));
        }
        names
            .iter()
            .map(|name| {
                serde_json::from_str(&shell::read(&self.folder.join(name))?)
                    .map_err(|e| format!("{name} is not JSON: {e}"))
            })
            .collect()
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
        let Some(reference) = schema["$ref"].as_str() else { break };
        match document.pointer(reference.trim_start_matches('#')) {
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

    #[test]
    fn a_product_or_schema_that_is_not_published_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("twilio_flex_v1.json"), "{}").expect("written");
        let mut documents = Documents::of(folder.path());
        let schema = documents.object("flex-api", "flex.v1.nothing", ACCOUNT);
        assert_eq!(schema, Err("flex-api has no schema `flex.v1.nothing`".to_owned()));
        let product = documents.object("voice", "voice.v1.nothing", ACCOUNT).expect_err("it is not there");
        assert!(product.contains("no twilio_voice_v*.json"), "{product}");
    }
}
