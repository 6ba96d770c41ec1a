//! The rulebook itself: editions read from data, checked as a whole before any of it is used.
//!
//! Two checks are rules of the guide: no withdrawal with less than 180 days of notice (CON-DEPR-1), and
//! no change of eligibility without an entry in the change log (CON-DEPR-2).

mod check;

use crate::dates::Date;
use crate::enforced::{ENFORCED, Enforced};
use crate::proofs::{self, MalformedProof, Proofs};
use crate::records::{Change, Derived, Level, Note, PolicySwitch, Rule, Status, System, Term};
use crate::{files, guard};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use check::{check_edition, check_names, check_succession};

/// Least notice for a withdrawal, in calendar days (CON-DEPR-1).
pub const WITHDRAWAL_NOTICE_DAYS: i32 = 180;

/// One data file.
#[derive(Clone, Copy, Debug)]
pub struct SourceFile<'a> {
    /// Name for error messages.
    pub name: &'a str,
    /// TOML text.
    pub text: &'a str,
}

/// The files of one edition.
#[derive(Clone, Copy, Debug)]
pub struct EditionSource<'a> {
    /// Id the files must carry: the day of the edition.
    pub id: &'a str,
    /// All its files, in the order reports list the rules.
    pub files: &'a [SourceFile<'a>],
}

/// One edition of the guide: dated and unchanging.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edition {
    /// Its day, `YYYY-MM-DD`.
    pub id: Date,
    /// Its name.
    pub title: String,
    /// Requirements of the guide.
    pub rules: Vec<Rule>,
    /// Facts outside the guide that its rules depend on.
    pub derived: Vec<Derived>,
    /// Every system named, with its verdict.
    pub systems: Vec<System>,
    /// Readings of unclear places.
    pub policies: Vec<PolicySwitch>,
    /// History, newest first.
    pub changes: Vec<Change>,
    /// Glossary.
    pub terms: Vec<Term>,
    /// What evidence reports say of each rule.
    #[serde(skip)]
    pub notes: Vec<Note>,
}

impl Edition {
    /// The system with this id.
    pub fn system(&self, id: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.id == id)
    }

    /// What an evidence report says of a rule.
    pub fn note(&self, rule: &str) -> Option<&Note> {
        self.notes.iter().find(|note| note.rule == rule)
    }

    /// The default option of a policy switch.
    pub fn switch(&self, name: &str) -> Option<&str> {
        self.policies.iter().find(|policy| policy.name == name).map(|policy| policy.default.as_str())
    }

    fn has_rule(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id == id) || self.derived.iter().any(|rule| rule.id == id)
    }
}

/// Why a rulebook does not load. Carries names from the data files only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// No edition at all.
    Empty,
    /// A file is not what it should be: bad TOML, an unknown field, level, owner, verdict or date.
    Parse {
        /// The file.
        file: String,
        /// What the parser said.
        reason: String,
    },
    /// The edition has no title, or its id is missing, given twice, or not the expected one; or editions are out of order.
    Header(String),
    /// Two records of one kind share an id.
    Duplicate(String),
    /// Something names a rule that does not exist.
    UnknownRule {
        /// What names it.
        named_by: String,
        /// The id.
        rule: String,
    },
    /// The change log names a system that does not exist.
    UnknownSystem(String),
    /// A policy switch whose default is not among its options, or that the guard needs and the edition lacks.
    Policy(String),
    /// A refusal names a system that has no error number.
    SystemWithoutCode(String),
    /// A withdrawal, or loss of eligibility, with too little notice or without dates (CON-DEPR-1).
    ShortNotice {
        /// The system.
        system: String,
        /// Days of notice, when both dates are given.
        days: Option<i32>,
    },
    /// A system was left out or its verdict changed without a change-log entry (CON-DEPR-2).
    UnannouncedChange {
        /// The later edition.
        edition: Date,
        /// The system.
        system: String,
    },
    /// The proofs file.
    Proofs(MalformedProof),
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Empty => write!(formatter, "the rulebook has no edition"),
            LoadError::Parse { file, reason } => write!(formatter, "{file}: {reason}"),
            LoadError::Header(edition) => {
                write!(formatter, "edition {edition}: id or title is wrong, or it is out of order")
            }
            LoadError::Duplicate(id) => write!(formatter, "{id} is given twice"),
            LoadError::UnknownRule { named_by, rule } => {
                write!(formatter, "{named_by} names {rule}, which is not a rule")
            }
            LoadError::UnknownSystem(system) => {
                write!(formatter, "the change log names {system}, which is not a system")
            }
            LoadError::Policy(name) => {
                write!(formatter, "policy switch {name} is missing or its default is not an option")
            }
            LoadError::SystemWithoutCode(system) => {
                write!(formatter, "{system} is not eligible and its first rule has no error number")
            }
            LoadError::ShortNotice { system, days: Some(days) } => {
                write!(
                    formatter,
                    "{system} would be withdrawn with {days} days of notice; {WITHDRAWAL_NOTICE_DAYS} are promised (CON-DEPR-1)"
                )
            }
            LoadError::ShortNotice { system, days: None } => {
                write!(formatter, "{system} would be withdrawn without dates of notice (CON-DEPR-1)")
            }
            LoadError::UnannouncedChange { edition, system } => {
                write!(
                    formatter,
                    "edition {edition} changes {system} without saying so in its change log (CON-DEPR-2)"
                )
            }
            LoadError::Proofs(error) => write!(formatter, "proofs: {error}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// How many rules of the latest edition there are, by level and by status. Derived rules are not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All of them.
    pub total: usize,
    /// By the guide's label.
    pub by_level: BTreeMap<Level, usize>,
    /// By what the code has reached.
    pub by_status: BTreeMap<Status, usize>,
}

/// One rule with what the code does about it, as `switchward rules` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct Listing<'a> {
    /// The rule.
    #[serde(flatten)]
    pub rule: &'a Rule,
    /// What the code has reached.
    pub status: Status,
    /// What the code does.
    pub enforced: Vec<&'a Enforced>,
    /// Tests named after the rule.
    pub tests: Vec<&'a str>,
}

/// All editions, checked.
#[derive(Clone, Debug)]
pub struct Rulebook {
    editions: Vec<Edition>,
    enforced: &'static [Enforced],
    proofs: Proofs,
}

impl Rulebook {
    /// Reads and checks the data that is part of the program.
    ///
    /// # Errors
    /// Any [`LoadError`]; the tests of this crate show that the shipped data has none.
    pub fn load() -> Result<Rulebook, LoadError> {
        Rulebook::from_sources(files::EDITIONS, ENFORCED, files::PROOFS)
    }

    /// The data that is part of the program, read once.
    pub fn embedded() -> &'static Rulebook {
        static EMBEDDED: OnceLock<Rulebook> = OnceLock::new();
        EMBEDDED.get_or_init(|| Rulebook::load().expect("the shipped data is loaded by a test of this crate"))
    }

    /// Reads and checks any set of editions, oldest first.
    ///
    /// # Errors
    /// The first [`LoadError`] found.
    pub fn from_sources(
        editions: &[EditionSource<'_>],
        enforced: &'static [Enforced],
        proofs: &str,
    ) -> Result<Rulebook, LoadError> {
        let editions = editions.iter().map(read_edition).collect::<Result<Vec<_>, _>>()?;
        editions.iter().try_for_each(check_edition)?;
        for pair in editions.windows(2) {
            check_succession(&pair[0], &pair[1])?;
        }
        let latest = editions.last().ok_or(LoadError::Empty)?;
        let proofs = proofs::parse(proofs).map_err(LoadError::Proofs)?;
        check_names(latest, "the table of enforced rules", enforced.iter().map(|row| row.rule))?;
        check_names(latest, "the proofs file", proofs.keys().map(String::as_str))?;
        guard::Policy::of(latest)?;
        Ok(Rulebook { editions, enforced, proofs })
    }

    /// The edition in force.
    pub fn latest(&self) -> &Edition {
        self.editions.last().expect("a rulebook without editions does not load")
    }

    /// The edition of this day, written `YYYY-MM-DD`.
    pub fn edition(&self, id: &str) -> Option<&Edition> {
        self.editions.iter().find(|edition| edition.id.to_string() == id)
    }

    /// Every edition, oldest first.
    pub fn editions(&self) -> &[Edition] {
        &self.editions
    }

    /// A rule of the latest edition.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules().iter().find(|rule| rule.id == id)
    }

    /// The rules of the latest edition, in the guide's order.
    pub fn rules(&self) -> &[Rule] {
        &self.latest().rules
    }

    /// A derived rule of the latest edition.
    pub fn derived(&self, id: &str) -> Option<&Derived> {
        self.latest().derived.iter().find(|rule| rule.id == id)
    }

    /// What the code has reached with a rule of the latest edition, of the guide or derived.
    pub fn status(&self, id: &str) -> Option<Status> {
        if !self.latest().has_rule(id) {
            return None;
        }
        let is_enforced = self.enforced.iter().any(|row| row.rule == id);
        let is_proven = self.proofs.get(id).is_some_and(|tests| proofs::is_proven(id, tests));
        Some(match (is_enforced, is_proven) {
            (true, true) => Status::Proven,
            (true, false) => Status::Enforced,
            (false, _) => Status::Declared,
        })
    }

    /// Totals of the latest edition.
    pub fn counts(&self) -> Counts {
        let mut counts =
            Counts { total: self.rules().len(), by_level: BTreeMap::new(), by_status: BTreeMap::new() };
        for rule in self.rules() {
            *counts.by_level.entry(rule.level).or_default() += 1;
            let status = self.status(&rule.id).unwrap_or(Status::Declared);
            *counts.by_status.entry(status).or_default() += 1;
        }
        counts
    }

    /// Every rule of the latest edition with what the code does about it.
    pub fn listing(&self) -> Vec<Listing<'_>> {
        self.rules().iter().map(|rule| self.list_one(rule)).collect()
    }

    /// A rule of the latest edition with what the code does about it.
    pub fn listing_of(&self, id: &str) -> Option<Listing<'_>> {
        self.rule(id).map(|rule| self.list_one(rule))
    }

    fn list_one<'a>(&'a self, rule: &'a Rule) -> Listing<'a> {
        Listing {
            rule,
            status: self.status(&rule.id).unwrap_or(Status::Declared),
            enforced: self.enforced.iter().filter(|row| row.rule == rule.id).collect(),
            tests: self.proofs.get(&rule.id).into_iter().flatten().map(String::as_str).collect(),
        }
    }

    /// Ids of every rule of the latest edition, of the guide and derived: what tests may be named after.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> + Clone {
        let latest = self.latest();
        latest
            .rules
            .iter()
            .map(|rule| rule.id.as_str())
            .chain(latest.derived.iter().map(|rule| rule.id.as_str()))
    }
}

/// What one file may hold; an edition is the sum of its files.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    id: Option<Date>,
    title: Option<String>,
    rule: Vec<Rule>,
    derived: Vec<Derived>,
    system: Vec<System>,
    policy: Vec<PolicySwitch>,
    change: Vec<Change>,
    term: Vec<Term>,
    note: Vec<Note>,
}

fn read_edition(source: &EditionSource<'_>) -> Result<Edition, LoadError> {
    let mut sum = Document::default();
    for file in source.files {
        let part: Document = toml::from_str(file.text).map_err(|error| LoadError::Parse {
            file: file.name.to_owned(),
            reason: error.message().to_owned(),
        })?;
        if (sum.id.is_some() && part.id.is_some()) || (sum.title.is_some() && part.title.is_some()) {
            return Err(LoadError::Header(source.id.to_owned()));
        }
        sum.id = sum.id.or(part.id);
        sum.title = sum.title.or(part.title);
        sum.rule.extend(part.rule);
        sum.derived.extend(part.derived);
        sum.system.extend(part.system);
        sum.policy.extend(part.policy);
        sum.change.extend(part.change);
        sum.term.extend(part.term);
        sum.note.extend(part.note);
    }
    match (sum.id, sum.title) {
        (Some(id), Some(title)) if id.to_string() == source.id => Ok(Edition {
            id,
            title,
            rules: sum.rule,
            derived: sum.derived,
            systems: sum.system,
            policies: sum.policy,
            changes: sum.change,
            terms: sum.term,
            notes: sum.note,
        }),
        _ => Err(LoadError::Header(source.id.to_owned())),
    }
}
