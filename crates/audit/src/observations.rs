//! What was seen, and nothing else: the file that is kept, resumed from and judged again.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use rulebook::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fact::{Fact, UrlFacts};
use crate::inside::Inside;
use crate::products;
use crate::report::{Requests, SubjectKind};
use crate::resource::Resource;

/// Version of this shape.
pub const FORMAT: u32 = 1;

/// All that an audit saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observations {
    /// [`FORMAT`].
    pub format: u32,
    /// The day it began, in UTC.
    pub observed_on: Date,
    /// Name of the provider.
    pub provider: String,
    /// Host (and port) that was read.
    pub host: String,
    /// Content was sampled.
    pub sampled: bool,
    /// Probes were made.
    pub probed: bool,
    /// Whether the list of accounts was read, and all of it.
    pub accounts: Outcome,
    /// Who is judged.
    pub subjects: Vec<Observed>,
    /// What it cost.
    pub requests: Requests,
    /// What Switchward's own store, ledger and keys say, when they were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
}

/// What was seen of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// Its SID or id.
    pub id: String,
    /// What it is.
    pub kind: SubjectKind,
    /// The account that owns it, when another does.
    pub parent: Option<String>,
    /// When it was created.
    pub created: Option<Date>,
    /// Readings by the name of the resource.
    pub readings: BTreeMap<String, Reading>,
}

impl Observed {
    /// What was seen of a resource; one that was never asked for is [`Outcome::NotAsked`].
    pub fn reading(&self, resource: &Resource) -> &Reading {
        const NOT_ASKED: &Reading = &Reading { outcome: Outcome::NotAsked, items: Vec::new() };
        self.readings.get(resource.name).unwrap_or(NOT_ASKED)
    }
}

/// What became of reading one resource of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// How it ended; of a nested resource the worst of its lists.
    pub outcome: Outcome,
    /// What came back.
    pub items: Vec<Item>,
}

/// How a reading ended, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All of it was read.
    Read,
    /// There is more than the audit reads.
    CutShort,
    /// Not asked: probing or sampling was not allowed, the budget was spent, or there are no credentials for it.
    NotAsked,
    /// 404, 405, 410, 501: no such API there, or not for this account.
    Absent,
    /// 401 or 403.
    Denied,
    /// 429 until the audit gave up.
    Throttled,
    /// 5xx, or no answer.
    Failed,
    /// An answer that is not what the API documents.
    Malformed,
}

impl Outcome {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Read => "read",
            Outcome::CutShort => "cut_short",
            Outcome::NotAsked => "not_asked",
            Outcome::Absent => "absent",
            Outcome::Denied => "denied",
            Outcome::Throttled => "throttled",
            Outcome::Failed => "failed",
            Outcome::Malformed => "malformed",
        }
    }

    /// What a person reads about it.
    pub const fn sentence(self) -> &'static str {
        match self {
            Outcome::Read => "was read",
            Outcome::CutShort => "has more than the audit reads",
            Outcome::NotAsked => "was not asked for",
            Outcome::Absent => "does not exist there",
            Outcome::Denied => "may not be read with this key",
            Outcome::Throttled => "was throttled until the audit gave up",
            Outcome::Failed => "could not be read: the service failed",
            Outcome::Malformed => "answered something that is not its documented form",
        }
    }
}

/// One instance of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its id, with those of its parents before it (`ISxx/CHxx`).
    pub id: String,
    /// What is kept of it.
    pub facts: Facts,
}

/// Facts by the name of their field. A few in order instead of a map, whose smallest node has half a kilobyte, and names
/// as they stand in the tables of [`products`]: large accounts have some hundred thousand items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Box<[(&'static str, Fact)]>);

impl Facts {
    /// The fact of a field.
    pub fn get(&self, field: &str) -> Option<&Fact> {
        let place = self.0.binary_search_by(|(name, _)| (*name).cmp(field)).ok()?;
        self.0.get(place).map(|(_, fact)| fact)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fact)> {
        self.0.iter().map(|(name, fact)| (*name, fact))
    }
}

impl FromIterator<(&'static str, Fact)> for Facts {
    fn from_iter<I: IntoIterator<Item = (&'static str, Fact)>>(facts: I) -> Self {
        let mut facts: Box<[_]> = facts.into_iter().collect();
        facts.sort_by_key(|(name, _)| *name);
        Self(facts)
    }
}

/// The name of a field that some resource keeps, as it stands in its table.
fn kept_name(name: &str) -> Option<&'static str> {
    static NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        products::resources().flat_map(|resource| resource.keep.iter().map(|(name, _)| *name)).collect()
    });
    NAMES.get(name).copied()
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A name that no table has any more is none that a check asks for.
        let facts = BTreeMap::<String, Fact>::deserialize(deserializer)?;
        Ok(facts.into_iter().filter_map(|(name, fact)| Some((kept_name(&name)?, fact))).collect())
    }
}

impl Item {
    /// A yes or no; none when the member was not there.
    pub fn flag(&self, field: &str) -> Option<bool> {
        match self.facts.get(field)? {
            Fact::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// Whether a flag is there and set.
    pub fn is(&self, field: &str) -> bool {
        self.flag(field) == Some(true)
    }

    /// A number.
    pub fn number(&self, field: &str) -> Option<i64> {
        match self.facts.get(field)? {
            Fact::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A day.
    pub fn day(&self, field: &str) -> Option<Date> {
        match self.facts.get(field)? {
            Fact::Day(day) => Some(*day),
            _ => None,
        }
    }

    /// The words of a field, none of them when it was empty.
    pub fn words(&self, field: &str) -> &[String] {
        match self.facts.get(field) {
            Some(Fact::Words(words)) => words,
            _ => &[],
        }
    }

    /// The first word of a field.
    pub fn word(&self, field: &str) -> Option<&str> {
        self.words(field).first().map(String::as_str)
    }

    /// Whether a field has this word among its words.
    pub fn says(&self, field: &str, word: &str) -> bool {
        self.words(field).iter().any(|it| it == word)
    }

    /// The URLs of a field.
    pub fn urls(&self, field: &str) -> &[UrlFacts] {
        match self.facts.get(field) {
            Some(Fact::Urls(urls)) => urls,
            _ => &[],
        }
    }

    /// Classes of identifiers found in a text; none when there was no text.
    pub fn found(&self, field: &str) -> Option<&[String]> {
        match self.facts.get(field)? {
            Fact::Found(classes) => Some(classes),
            _ => None,
        }
    }

    /// Whether the item lies directly under the instance with this id.
    pub fn is_under(&self, parent: &Item) -> bool {
        self.id.strip_prefix(parent.id.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}
