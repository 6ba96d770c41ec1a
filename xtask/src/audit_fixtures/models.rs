//! Segment's published models: the classes of its TypeScript client, read as the schemas that they were generated from.
//!
//! The generator writes every class alike: members as `'name'?: type;` up to `static discriminator`, and the words of a
//! member in an enum of a namespace with the class's name.

use serde_json::{Map, Value, json};

/// The schemas of one file, by name. Words of a member are a schema too: `Class.MemberEnum`.
pub(super) fn schemas(text: &str) -> Map<String, Value> {
    let mut found = Map::new();
    let mut namespace = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let after = |start: &str| {
            let rest = line.trim_start().strip_prefix(start)?;
            rest.split([' ', '{']).next().filter(|name| !name.is_empty())
        };
        if let Some(name) = after("export namespace ") {
            namespace = format!("{name}.");
        } else if let Some(name) = after("export enum ") {
            let rows = lines.by_ref().take_while(|line| line.trim() != "}");
            let words: Vec<&str> = rows.filter_map(|row| row.split('\'').nth(1)).collect();
            found.insert(format!("{namespace}{name}"), json!({ "type": "string", "enum": words }));
        } else if let Some(name) = after("export class ") {
            let body: Vec<&str> =
                lines.by_ref().take_while(|line| !line.trim_start().starts_with("static ")).collect();
            found.insert(name.to_owned(), class(&body));
        }
    }
    found
}

fn class(body: &[&str]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut rows = body.iter();
    while let Some(row) = rows.next() {
        let Some((name, rest)) = row.strip_prefix("    '").and_then(|row| row.split_once('\'')) else {
            continue;
        };
        let mut kind = rest.trim_start_matches(['?', ':']).trim().to_owned();
        while !kind.ends_with(';') {
            let Some(more) = rows.next() else { break };
            kind.push(' ');
            kind.push_str(more.trim());
        }
        if !rest.starts_with('?') {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema(kind.trim_end_matches(';').trim()));
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

fn schema(kind: &str) -> Value {
    if let Some(kind) = kind.strip_suffix("| null") {
        return json!({ "nullable": true, "allOf": [schema(kind.trim())] });
    }
    if let Some(of) = kind.strip_prefix("Array<").and_then(|kind| kind.strip_suffix('>')) {
        return json!({ "type": "array", "items": schema(of) });
    }
    match kind {
        "string" | "boolean" | "number" => json!({ "type": kind }),
        "any" => json!({}),
        _ if kind.starts_with('{') => json!({ "type": "object" }),
        _ => json!({ "$ref": format!("#/components/schemas/{kind}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
/** A comment. */
export class Filter {
    /**
     * Its id.
     */
    'id': string;
    'actions': Array<FilterAction>;
    'kind'?: Filter.KindEnum;
    'schedule'?:
        | Schedule
        | null;
    'settings': { [key: string]: any };

    static discriminator: string | undefined = undefined;
    static attributeTypeMap = [{ name: 'id' }];
}

export namespace Filter {
    export enum KindEnum {
        Drop = <any>'DROP',
        Keep = <any>'KEEP',
    }
}
";

    #[test]
    fn a_class_is_a_schema_and_its_words_are_another() {
        let found = schemas(FILE);
        let filter = &found["Filter"];
        assert_eq!(filter["required"], json!(["id", "actions", "settings"]));
        assert_eq!(filter["properties"]["actions"]["items"]["$ref"], "#/components/schemas/FilterAction");
        assert_eq!(filter["properties"]["kind"]["$ref"], "#/components/schemas/Filter.KindEnum");
        assert_eq!(filter["properties"]["schedule"]["nullable"], true);
        assert_eq!(filter["properties"]["settings"], json!({ "type": "object" }));
        assert_eq!(found["Filter.KindEnum"]["enum"], json!(["DROP", "KEEP"]));
        assert_eq!(found.len(), 2);
    }
}
