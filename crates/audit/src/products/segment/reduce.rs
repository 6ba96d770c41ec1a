//! From what a workspace holds to facts: hosts, closed words, and marks that tell two names apart and no more.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::fact::{Fact, Keep, UrlFacts, each_text, words};

/// Words in a definition or mapping that name a person.
const PERSONAL: &[&str] = &[
    "email",
    "phone",
    "mobile",
    "name",
    "firstname",
    "lastname",
    "fullname",
    "ssn",
    "mrn",
    "birthday",
    "birthdate",
    "dob",
    "address",
    "street",
    "zip",
    "zipcode",
    "diagnosis",
    "medication",
    "condition",
    "allergy",
    "procedure",
];

/// A mapping or query that takes whatever there is.
pub const EVERYTHING: &str = "everything";
/// What a mark begins with, so that it is told from a word.
const MARK: char = '#';
/// Bytes of a digest that a mark keeps.
const MARK_BYTES: usize = 6;

/// URLs that stand in a text or in the texts of an object; an empty list when there are none.
pub fn urls_in(value: &Value) -> Option<Fact> {
    let mut urls: Vec<UrlFacts> = Vec::new();
    each_text(value, &mut |text| {
        for (at, _) in text.match_indices("http") {
            let rest = &text[at..];
            if !rest.starts_with("http://") && !rest.starts_with("https://") {
                continue;
            }
            let ends = |c: char| c.is_whitespace() || "\"'`<>(){}\\,;$".contains(c);
            let url = rest.split(ends).next().unwrap_or_default();
            if let Some(Fact::Urls(found)) = Keep::Urls.of(&Value::from(url)) {
                urls.extend(found);
            }
        }
    });
    (value.is_string() || value.is_object()).then_some(Fact::Urls(urls))
}

/// The host of a warehouse, as its settings name it: a host, or the account of a vendor that has one host per account.
pub fn warehouse_host(settings: &Value) -> Option<Fact> {
    let text = |member: &str| settings.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let host = match (text("hostname").or_else(|| text("host")), text("account")) {
        (Some(host), _) => host.split("://").last().unwrap_or_default().to_owned(),
        (None, Some(account)) => format!("{account}.snowflakecomputing.com"),
        (None, None) => return None,
    };
    match Keep::Urls.of(&Value::from(format!("https://{host}")))? {
        // How the vendor connects is not shown: only the host is known.
        Fact::Urls(urls) => Some(Fact::Urls(
            urls.into_iter().map(|url| UrlFacts { scheme: "other".to_owned(), ..url }).collect(),
        )),
        _ => None,
    }
}

/// What a filter does.
pub fn action_types(value: &Value) -> Option<Fact> {
    let types = value.as_array()?.iter().filter_map(|action| action.get("type")).cloned().collect();
    Keep::Words(&["ALLOW_PROPERTIES", "DROP_PROPERTIES", "DROP", "SAMPLE"]).of(&Value::Array(types))
}

/// Whether a query takes every column there is.
pub fn takes_all(value: &Value) -> Option<Fact> {
    let spaced = value.as_str()?.to_ascii_lowercase().replace(',', " , ").replace('*', " * ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let starts = |word: &str| matches!(word, "select" | "distinct" | "all" | ",") || word.ends_with('.');
    let ends =
        |next: Option<&&str>| next.is_none_or(|word| matches!(*word, "from" | "," | "except" | "exclude"));
    let all = words.windows(2).enumerate().any(|(index, pair)| {
        pair[1] == "*" && starts(pair[0]) && (pair[0] == "select" || ends(words.get(index + 2)))
    });
    Some(Fact::Flag(all))
}

/// Words of [`PERSONAL`] in a text: whole words, also as parts of `first_name`, `home.phone` and `homePhone`.
pub fn personal_words(value: &Value) -> Option<Fact> {
    let mut found = Vec::new();
    let mut any = false;
    each_text(value, &mut |text| {
        any = true;
        let mut spaced = String::with_capacity(text.len());
        let mut before = ' ';
        for letter in text.chars() {
            if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
                spaced.push(' ');
            }
            spaced.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
            before = letter;
        }
        for word in spaced.split_whitespace() {
            found.extend(PERSONAL.iter().filter(|known| **known == word).map(|known| (*known).to_owned()));
        }
    });
    found.sort_unstable();
    found.dedup();
    any.then_some(Fact::Words(found))
}

/// [`personal_words`] of the query of a trait, and [`EVERYTHING`] when it takes every column.
pub fn trait_query(value: &Value) -> Option<Fact> {
    let all = takes_all(value)? == Fact::Flag(true);
    Some(Fact::Words(words_of(value, all)))
}

/// [`personal_words`] of a mapping, [`EVERYTHING`] when it passes a whole object on, and a mark of each name in its
/// paths.
pub fn mapping(value: &Value) -> Option<Fact> {
    let mut everything = false;
    let mut marks = Vec::new();
    each_text(value, &mut |text| {
        everything |= matches!(text, "$" | "$." | "$.properties" | "$.traits" | "$.context");
        if let Some(path) = text.strip_prefix("$.") {
            marks.extend(path.split(['.', '[', ']', '\'', '"']).filter(|name| !name.is_empty()).map(mark));
        }
    });
    let mut words = words_of(value, everything);
    words.append(&mut marks);
    value.is_object().then_some(Fact::Words(words))
}

fn words_of(value: &Value, everything: bool) -> Vec<String> {
    let mut words = words(personal_words(value));
    words.extend(everything.then(|| EVERYTHING.to_owned()));
    words
}

/// Whether it is a word, and not a mark of a name.
pub fn is_word(word: &str) -> bool {
    !word.starts_with(MARK)
}

/// Enough of a digest to see that two names are the same, and not what they are.
fn mark(name: &str) -> String {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    format!("{MARK}{}", HEXLOWER.encode(&digest.as_ref()[..MARK_BYTES]))
}

/// A mark of a name, or of each in a list.
pub fn marks(value: &Value) -> Option<Fact> {
    let mut found = Vec::new();
    each_text(value, &mut |name| found.push(mark(name)));
    (!found.is_empty()).then_some(Fact::Words(found))
}

/// Marks of the relationships that the definition of an audience names: those it asks about, and its target.
pub fn entities_asked(definition: &Value) -> Option<Fact> {
    let query = definition.get("query")?.as_str()?;
    let target = definition.get("targetEntity").and_then(Value::as_str);
    let named = query.split("entity(").skip(1).filter_map(|rest| {
        let quote = rest.trim_start().chars().next().filter(|first| matches!(first, '\'' | '"'))?;
        rest.trim_start()[1..].split(quote).next()
    });
    Some(Fact::Words(named.chain(target).map(mark).collect()))
}

/// Marks of the relationships that an activation sends properties of.
pub fn entities_sent(entities: &Value) -> Option<Fact> {
    let slugs = entities.as_array()?.iter().filter_map(|entity| entity.get("relationshipSlug")?.as_str());
    Some(Fact::Words(slugs.map(mark).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hosts(fact: Option<Fact>) -> Vec<String> {
        match fact {
            Some(Fact::Urls(urls)) => urls.into_iter().map(|url| url.host).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_query_that_takes_everything_is_told_from_one_that_counts() {
        for all in
            ["Select * From p", "select p.*, q FROM p", "select a, * from p", "select distinct * from p"]
        {
            assert_eq!(takes_all(&json!(all)), Some(Fact::Flag(true)), "{all}");
        }
        for some in ["select a, b from p", "select count(*) from p", "select 2 * price from p"] {
            assert_eq!(takes_all(&json!(some)), Some(Fact::Flag(false)), "{some}");
        }
    }

    #[test]
    fn code_leaves_only_hosts() {
        let code =
            json!("const u = 'https://elsewhere.example.net/p?id=1'; fetch(`http://b.example.org/${x}`)");
        assert_eq!(hosts(urls_in(&code)), ["elsewhere.example.net", "b.example.org"]);
    }

    #[test]
    fn a_warehouse_is_its_host() {
        let host = |settings: Value| hosts(warehouse_host(&settings));
        assert_eq!(host(json!({ "hostname": "db.example.org", "port": "5439" })), ["db.example.org"]);
        assert_eq!(host(json!({ "host": "https://db.example.org:443" })), ["db.example.org"]);
        assert_eq!(
            host(json!({ "account": "ab12345.us-west-2" })),
            ["ab12345.us-west-2.snowflakecomputing.com"]
        );
        assert!(host(json!({ "location": "US" })).is_empty());
    }

    #[test]
    fn definitions_leave_only_words_of_the_list() {
        let query = json!("trait('first_name') = 'Somebody' AND trait('homePhone') exists");
        assert_eq!(words(personal_words(&query)), ["name", "phone"]);
        assert_eq!(personal_words(&json!("event('Viewed').count() > 1")), Some(Fact::Words(vec![])));
        assert_eq!(words(trait_query(&json!("select * from p where zip = 1"))), ["zip", EVERYTHING]);
        let found = words(mapping(&json!({ "all": { "@path": "$.properties" }, "mail": "$.traits.email" })));
        let found: Vec<&String> = found.iter().filter(|word| is_word(word)).collect();
        assert_eq!(found, ["email", EVERYTHING]);
    }

    #[test]
    fn a_name_is_known_again_by_its_mark() {
        let asked = json!({ "query": "entity('visits').where(property('x') = 1).count() > 1", "targetEntity": "homes" });
        let both = [marks(&json!("visits")), marks(&json!("homes"))].map(|fact| words(fact).remove(0));
        assert_eq!(words(entities_asked(&asked)), both);
        let sent = json!([{ "relationshipSlug": "visits", "properties": ["x"] }]);
        assert_eq!(words(entities_sent(&sent)), both[..1]);
        assert!(words(mapping(&json!({ "a": { "@path": "$.properties.visits.x" } }))).contains(&both[0]));
        assert!(!both[0].contains("visits"), "the name itself is gone");
    }
}
