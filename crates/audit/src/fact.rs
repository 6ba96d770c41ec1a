//! What is kept of an answer: never its text, only what a rule asks about it.
//!
//! A list of resources goes through here before anything else sees it. Words are kept when they stand in a closed
//! list, URLs as scheme, host and two yes-or-no questions, numbers of persons as the region they belong to, free text
//! as the classes of identifiers found in it. So observations can be stored and shown, whatever the account holds.

use base::{PhoneNumber, Region};
use rulebook::Date;
use rulebook::guard::urls::query_looks_like_phi;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// What to keep of a field.
#[derive(Clone, Copy)]
pub enum Keep {
    /// A boolean.
    Flag,
    /// A whole number.
    Number,
    /// The day of a point in time (ISO 8601 or RFC 2822).
    Day,
    /// The word, or words, where they are in this list; any other becomes `other`.
    Words(&'static [&'static str]),
    /// The SID or id another resource has; anything else becomes `other`.
    Sid,
    /// One URL or several.
    Urls,
    /// Whether there is anything: not null, not empty, not false.
    Filled,
    /// How many elements a list has, or characters a text.
    Length,
    /// Where a telephone number or channel address belongs ([`place_of`]).
    Place,
    /// Which identifiers of persons stand in a text, or in any text of an object.
    Text,
    /// Something only this resource needs. The function must not let text through.
    With(fn(&Value) -> Option<Fact>),
}

/// What is known of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A yes or no.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A day, in UTC.
    Day(Date),
    /// Words of a closed list, or SIDs.
    Words(Vec<String>),
    /// URLs.
    Urls(Vec<UrlFacts>),
    /// Classes of identifiers found in a text that was there; empty when none was found in it.
    Found(Vec<String>),
}

/// What is kept of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlFacts {
    /// Its scheme, if it is one of [`SCHEMES`]; else `other`.
    pub scheme: String,
    /// Its host in lower case; empty when it has none.
    pub host: String,
    /// It carries a user name.
    pub login: bool,
    /// Its query promises PHI (ART-RESTR-TRACK).
    pub telling: bool,
}

/// Schemes that are told apart.
pub const SCHEMES: &[&str] = &["https", "http", "wss", "ws", "sips", "sip"];

impl UrlFacts {
    /// Whether what goes there is encrypted on the way.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.scheme.as_str(), "https" | "wss" | "sips")
    }

    fn of(text: &str) -> Option<UrlFacts> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let Ok(url) = Url::parse(text) else {
            return Some(UrlFacts {
                scheme: "other".to_owned(),
                host: String::new(),
                login: false,
                telling: false,
            });
        };
        let scheme = closed(url.scheme(), SCHEMES);
        // `sip:alice@example.org` has no authority for the URL standard; its host stands after the `@`.
        let host = match url.host_str() {
            Some(host) => host.to_ascii_lowercase(),
            None => host_of_opaque(url.path()),
        };
        Some(UrlFacts {
            login: url.has_host() && !url.username().is_empty(),
            telling: url.query().is_some_and(query_looks_like_phi),
            scheme,
            host,
        })
    }
}

/// The host in `user@host:port;parameters`, when it has the letters of one.
fn host_of_opaque(path: &str) -> String {
    let after = path.rsplit('@').next().unwrap_or_default();
    let host = after.split([':', ';', '?', '>']).next().unwrap_or_default();
    let is_host = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if is_host { host.to_ascii_lowercase() } else { String::new() }
}

fn closed(word: &str, words: &[&str]) -> String {
    let known = words.iter().find(|known| known.eq_ignore_ascii_case(word));
    known.map_or_else(|| "other".to_owned(), |known| (*known).to_owned())
}

impl Keep {
    /// What is kept of `value`; none when the field is not there, is null, or is not what was expected.
    pub fn of(self, value: &Value) -> Option<Fact> {
        match self {
            Keep::Flag => match value {
                Value::Bool(flag) => Some(Fact::Flag(*flag)),
                Value::String(text) if text.eq_ignore_ascii_case("true") => Some(Fact::Flag(true)),
                Value::String(text) if text.eq_ignore_ascii_case("false") => Some(Fact::Flag(false)),
                _ => None,
            },
            Keep::Number => match value {
                Value::Number(number) => number.as_i64().map(Fact::Number),
                Value::String(text) => text.trim().parse().ok().map(Fact::Number),
                _ => None,
            },
            Keep::Day => value.as_str().and_then(day_of).map(Fact::Day),
            Keep::Words(known) => {
                let words: Vec<String> = texts(value).map(|word| closed(word, known)).collect();
                (!words.is_empty()).then_some(Fact::Words(words))
            }
            Keep::Sid => {
                let words: Vec<String> = texts(value).map(id_of).collect();
                (!words.is_empty()).then_some(Fact::Words(words))
            }
            Keep::Urls => {
                let urls: Vec<UrlFacts> = texts(value).filter_map(UrlFacts::of).collect();
                (!urls.is_empty()).then_some(Fact::Urls(urls))
            }
            Keep::Filled => Some(Fact::Flag(is_filled(value))),
            Keep::Length => match value {
                Value::Array(items) => i64::try_from(items.len()).ok().map(Fact::Number),
                Value::Object(members) => i64::try_from(members.len()).ok().map(Fact::Number),
                Value::String(text) => i64::try_from(text.chars().count()).ok().map(Fact::Number),
                _ => None,
            },
            Keep::Place => {
                let places: Vec<String> = texts(value).map(|address| place_of(address).to_owned()).collect();
                (!places.is_empty()).then_some(Fact::Words(places))
            }
            Keep::Text => {
                let mut classes = Vec::new();
                let mut any = false;
                each_text(value, &mut |text| {
                    any |= !text.is_empty();
                    matcher::scan(text, |finding| classes.push(finding.class.as_str().to_owned()));
                });
                classes.sort_unstable();
                classes.dedup();
                any.then_some(Fact::Found(classes))
            }
            Keep::With(keep) => keep(value),
        }
    }
}

/// Every URL among the texts of a value, also in JSON that stands in a text.
pub fn urls_within(value: &Value) -> Option<Fact> {
    let mut found = Vec::new();
    each_text(value, &mut |text| match serde_json::from_str::<Value>(text) {
        Ok(inner @ (Value::Object(_) | Value::Array(_))) => {
            each_text(&inner, &mut |text| found.extend(url_of(text)))
        }
        _ => found.extend(url_of(text)),
    });
    (!found.is_empty()).then_some(Fact::Urls(found))
}

fn url_of(text: &str) -> Option<UrlFacts> {
    UrlFacts::of(text).filter(|url| url.scheme != "other" && !url.host.is_empty())
}

/// The text itself, or each text of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Value::String(text) => (Some(text.as_str()), None),
        Value::Array(items) => (None, Some(items.iter().filter_map(Value::as_str))),
        _ => (None, None),
    };
    one.into_iter().chain(many.into_iter().flatten()).filter(|text| !text.is_empty())
}

/// Calls `see` for every text in a value, names of members left out.
pub fn each_text(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Value::Object(members) => members.values().for_each(|member| each_text(member, see)),
        _ => {}
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// An id as our reports may show it: letters, digits, `-` and `_`, at most 64 of them, with a digit among them and
/// not digits alone. Names of persons are letters alone; what looks like one becomes `other`.
pub fn id_of(text: &str) -> String {
    let is_id = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && (text.bytes().any(|b| b.is_ascii_digit()) || is_random(text))
        && !text.bytes().all(|b| b.is_ascii_digit());
    if is_id { text.to_owned() } else { "other".to_owned() }
}

/// Letters of a random id that happens to have no digit, as every thirtieth of Segment's (22 of 57 letters and digits)
/// does: no name is as long and goes from small letters to capitals and back as often.
fn is_random(text: &str) -> bool {
    let case = |b: &u8| b.is_ascii_uppercase();
    let turns = text.as_bytes().windows(2).filter(|pair| case(&pair[0]) != case(&pair[1])).count();
    text.len() >= RANDOM_LENGTH && text.bytes().all(|b| b.is_ascii_alphabetic()) && turns >= RANDOM_TURNS
}

/// Length of a random id.
const RANDOM_LENGTH: usize = 20;
/// Changes between small letters and capitals in one.
const RANDOM_TURNS: usize = 6;

/// Where an address belongs, in one word.
///
/// `us`, `territory`, `canada`, `elsewhere`, `toll_free`, `premium`, `short_code`, `masked` (the last digits are
/// hidden), `whatsapp`, `messenger`, `email`, `client`, `sip`, `name` (an alphanumeric sender), `other`.
pub fn place_of(address: &str) -> &'static str {
    let lower = address.trim().to_ascii_lowercase();
    match lower.split_once(':') {
        Some(("whatsapp", _)) => return "whatsapp",
        Some(("messenger", _)) => return "messenger",
        Some(("client", _)) => return "client",
        Some(("sip" | "sips", _)) => return "sip",
        Some(_) => return "other",
        None => {}
    }
    if lower.contains('@') {
        return "email";
    }
    if lower.starts_with('+') && lower.ends_with("xxxx") {
        return "masked";
    }
    if (4..=6).contains(&lower.len()) && lower.bytes().all(|b| b.is_ascii_digit()) {
        return "short_code";
    }
    match PhoneNumber::parse(&lower) {
        Ok(number) => match number.region() {
            Region::UnitedStates => "us",
            Region::UsTerritory => "territory",
            Region::UsTollFree => "toll_free",
            Region::Premium => "premium",
            Region::OtherNanp if number.country_iso() == Some("CA") => "canada",
            Region::OtherNanp | Region::International => "elsewhere",
            Region::UnassignedNanp => "other",
        },
        Err(_) if lower.bytes().any(|b| b.is_ascii_alphabetic()) => "name",
        Err(_) => "other",
    }
}

fn day_of(text: &str) -> Option<Date> {
    let iso = text.get(..10).and_then(|day| Date::parse(day).ok());
    iso.or_else(|| day_of_rfc2822(text))
}

/// The day in `Wed, 02 Oct 2024 15:00:00 +0000` (RFC 5322 §3.3; the 2010 API writes UTC).
fn day_of_rfc2822(text: &str) -> Option<Date> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(',').map_or(text, |(_, rest)| rest).split_whitespace();
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)?;
    let year = words.next()?.parse().ok()?;
    Date::new(year, u8::try_from(month + 1).ok()?, day).ok()
}

/// The words of a fact that is made of words.
pub(crate) fn words(fact: Option<Fact>) -> Vec<String> {
    match fact {
        Some(Fact::Words(words)) => words,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_from_a_name() {
        for id in [
            "rh5BDZp6QDHvXFCkibm1pR",
            "hxKWpdkacyCNQAtDEPmZqr",
            "spa_1",
            "00000000-0000-4000-8000-000000000a11",
        ] {
            assert_eq!(id_of(id), id);
        }
        for name in
            ["", "Roe", "ChristopherMontgomerySmith", "jane-roe", "14155550100", "jane roe 1", "hxKWpdkacyCN"]
        {
            assert_eq!(id_of(name), "other", "{name}");
        }
    }
}
