//! What a rule asks of what was seen: one row per rule, in plain functions.

use rulebook::Date;

use crate::fact::UrlFacts;
use crate::files::Files;
use crate::observations::{Item, Observed, Outcome};
use crate::provider::Provider;
use crate::report::Evidence;
use crate::resource::{Purpose, Resource};

/// How one rule is observed.
pub struct Check {
    /// The rule's id.
    pub rule: &'static str,
    /// Providers it is for; empty for all of the subject's kind. A rule may have a check per provider.
    pub on: &'static [Provider],
    /// What is looked at. The rule fails where one of them fails.
    pub tests: &'static [Test],
    /// What cannot be seen even then, and a person answers for; empty when the tests settle it.
    pub leaves: &'static str,
}

impl Check {
    /// A check that settles its rule.
    pub const fn new(rule: &'static str, tests: &'static [Test]) -> Check {
        Check { rule, on: &[], tests, leaves: "" }
    }

    /// The same, when something is left for a person to answer.
    pub const fn leaves(self, leaves: &'static str) -> Check {
        Check { leaves, ..self }
    }

    /// The same, for these providers only.
    pub const fn on(self, on: &'static [Provider]) -> Check {
        Check { on, ..self }
    }

    /// Whether it is about workspaces of a customer-data platform, and not about accounts.
    pub fn is_of_workspaces(&self) -> bool {
        self.tests.iter().any(|test| test.resource.product == "segment")
    }

    /// Every resource it needs.
    pub fn reads(&self) -> impl Iterator<Item = &'static Resource> {
        self.tests.iter().flat_map(|test| std::iter::once(test.resource).chain(test.also.iter().copied()))
    }
}

/// One look at one resource.
pub struct Test {
    /// What is looked at.
    pub resource: &'static Resource,
    /// Resources the function looks at besides.
    pub also: &'static [&'static Resource],
    /// How.
    pub judge: Judge,
    /// Having nothing to judge is what the rule wants, when that is so of every test beside it; else the rule does
    /// not apply then.
    pub nothing_passes: bool,
}

/// How a resource is looked at.
#[derive(Clone, Copy)]
pub enum Judge {
    /// Item by item.
    Each(fn(&Item, &mut Notes<'_>)),
    /// All items together; called also when there are none.
    All(fn(&[Item], &mut Notes<'_>)),
}

/// Each item must hold; where there is none the rule does not apply.
pub const fn each(resource: &'static Resource, judge: fn(&Item, &mut Notes<'_>)) -> Test {
    Test { resource, also: &[], judge: Judge::Each(judge), nothing_passes: false }
}

/// No item may fail; where there is none the rule passes, unless a test beside it wants something that is not there.
pub const fn never(resource: &'static Resource, judge: fn(&Item, &mut Notes<'_>)) -> Test {
    Test { resource, also: &[], judge: Judge::Each(judge), nothing_passes: true }
}

/// All items together.
pub const fn all(resource: &'static Resource, judge: fn(&[Item], &mut Notes<'_>)) -> Test {
    Test { resource, also: &[], judge: Judge::All(judge), nothing_passes: false }
}

impl Test {
    /// The same, looking at these resources besides.
    pub const fn also(self, also: &'static [&'static Resource]) -> Test {
        Test { also, ..self }
    }
}

/// What a function of a check says, and what it may ask.
pub struct Notes<'a> {
    subject: &'a Observed,
    files: &'a Files,
    today: Date,
    resource: &'static Resource,
    item: String,
    /// Something could not be told, though it was read.
    pub(crate) unclear: bool,
    /// Items that were judged at all.
    pub(crate) judged: usize,
    /// What fails.
    pub(crate) faults: Vec<Evidence>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(
        subject: &'a Observed,
        files: &'a Files,
        today: Date,
        resource: &'static Resource,
    ) -> Notes<'a> {
        Notes {
            subject,
            files,
            today,
            resource,
            item: String::new(),
            judged: 0,
            unclear: false,
            faults: Vec::new(),
        }
    }

    pub(crate) fn look_at(&mut self, item: &Item) {
        self.item.clone_from(&item.id);
    }

    /// The rule speaks about this item, and it is as it should be.
    pub fn holds(&mut self) {
        self.judged += 1;
    }

    /// It is not. `note` says what is wrong, about the field `field` (empty when it is the item as a whole).
    pub fn fails(&mut self, field: &str, note: &'static str) {
        self.judged += 1;
        self.faults.push(Evidence {
            resource: self.resource.name.to_owned(),
            id: self.item.clone(),
            field: field.to_owned(),
            note: note.to_owned(),
        });
    }

    /// The rule speaks about this item, and what was read does not tell: the rule is not observed.
    pub fn unsure(&mut self) {
        self.unclear = true;
    }

    /// [`Notes::holds`] when `condition` is met, else [`Notes::fails`].
    pub fn wants(&mut self, condition: bool, field: &str, note: &'static str) {
        if condition { self.holds() } else { self.fails(field, note) }
    }

    /// The flag `field` must be there and set.
    pub fn wants_flag(&mut self, item: &Item, field: &str, note: &'static str) {
        self.wants(item.is(field), field, note);
    }

    /// Every URL in these fields must satisfy `holds`; empty fields are passed over.
    pub fn wants_urls(
        &mut self,
        item: &Item,
        fields: &[&str],
        note: &'static str,
        holds: impl Fn(&UrlFacts) -> bool,
    ) {
        for field in fields {
            for url in item.urls(field) {
                self.wants(holds(url), field, note);
            }
        }
    }

    /// The day of the observations.
    pub fn today(&self) -> Date {
        self.today
    }

    /// What was read of another resource, which the test names under `also`.
    pub fn items(&self, resource: &Resource) -> &'a [Item] {
        &self.subject.reading(resource).items
    }

    /// Whether the register has this host, with an agreement in force today (or as one of the customer's own).
    pub fn is_registered(&self, host: &str) -> bool {
        self.files.register.covers(host, self.today)
    }

    /// The option chosen for a policy switch of the rulebook.
    pub fn policy(&self, switch: &str) -> &str {
        self.files.policy(switch)
    }

    /// Whether the designation file says that an account is a HIPAA project.
    pub fn is_designated(&self, account: &str) -> bool {
        self.files.is_designated(account)
    }

    /// After how many days a kind of record must be gone, if that is written down.
    pub fn retention(&self, kind: &str) -> Option<u16> {
        self.files.designation.retention.get(kind).copied()
    }

    /// Who is judged.
    pub fn subject(&self) -> &'a Observed {
        self.subject
    }
}

/// What a check came to by itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    /// Something fails.
    Fails(Vec<Evidence>),
    /// A resource it needs was not read.
    Unread { resource: &'static str, outcome: Outcome },
    /// It was read, and does not tell.
    Unclear,
    /// As it should be: so many items were judged.
    Holds(usize),
    /// There was nothing to judge.
    Nothing,
}

/// Looks at one subject.
pub(crate) fn look(check: &Check, subject: &Observed, files: &Files, today: Date) -> Seen {
    let mut faults = Vec::new();
    let mut judged = 0;
    let mut unclear = false;
    for test in check.tests {
        // What a test misses in a resource that was not read may be there: nothing is said of it.
        if !test.also.iter().all(|resource| is_whole(resource, subject)) {
            continue;
        }
        let reading = subject.reading(test.resource);
        let mut notes = Notes::new(subject, files, today, test.resource);
        match test.judge {
            Judge::Each(judge) => {
                for item in &reading.items {
                    notes.look_at(item);
                    judge(item, &mut notes);
                }
            }
            // What is said of all of them may only be said when all were read.
            Judge::All(judge) if reading.outcome == Outcome::Read => judge(&reading.items, &mut notes),
            Judge::All(_) => {}
        }
        judged += notes.judged;
        faults.append(&mut notes.faults);
        unclear |= notes.unclear;
    }
    if !faults.is_empty() {
        return Seen::Fails(faults);
    }
    let unread = check.reads().filter(|resource| !is_whole(resource, subject));
    let unread = unread.map(|resource| (resource.name, subject.reading(resource).outcome));
    // The worst stands for all: an error is more than a missing permission.
    if let Some((resource, outcome)) = unread.max_by_key(|(_, outcome)| *outcome) {
        return Seen::Unread { resource, outcome };
    }
    if unclear {
        return Seen::Unclear;
    }
    // Having nothing is what the rule wants only when every test says so: `never` beside an `each` that had nothing
    // must not pass for it.
    let nothing_passes = check.tests.iter().all(|test| test.nothing_passes);
    if judged > 0 || nothing_passes { Seen::Holds(judged) } else { Seen::Nothing }
}

/// Whether all of a resource was read that is to be; of content a sample is enough.
fn is_whole(resource: &Resource, subject: &Observed) -> bool {
    match subject.reading(resource).outcome {
        Outcome::Read => true,
        Outcome::CutShort => resource.purpose == Purpose::Sample,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::observations::{Facts, Reading};
    use crate::report::SubjectKind;

    static WANTED: Resource = Resource::list("Wanted", "api", "/wanted", "wanted");
    static BANNED: Resource = Resource::list("Banned", "api", "/banned", "banned");
    const HOLDS: Test = each(&WANTED, |_, notes| notes.holds());
    const WITH_BANNED: &[&Resource] = &[&BANNED];
    const MISSES: Test = each(&WANTED, |_, notes| {
        let none = notes.items(&BANNED).is_empty();
        notes.wants(!none, "", "has none");
    })
    .also(WITH_BANNED);
    const FAILS: Test = never(&BANNED, |_, notes| notes.fails("", "is there"));

    fn seen(tests: &'static [Test], wanted: usize, banned: usize) -> Seen {
        seen_as(Outcome::Read, tests, wanted, banned)
    }

    /// `outcome` is how the list of what is banned was read.
    fn seen_as(outcome: Outcome, tests: &'static [Test], wanted: usize, banned: usize) -> Seen {
        let item = |index: usize| Item { id: format!("item-{index}"), facts: Facts::default() };
        let read = |outcome, count: usize| Reading { outcome, items: (0..count).map(item).collect() };
        let readings = [
            ("Wanted".to_owned(), read(Outcome::Read, wanted)),
            ("Banned".to_owned(), read(outcome, banned)),
        ];
        let subject = Observed {
            id: "subject-1".to_owned(),
            kind: SubjectKind::Account,
            parent: None,
            created: None,
            readings: BTreeMap::from(readings),
        };
        let today = Date::parse("2026-11-26").expect("it is a day");
        look(&Check::new("X-1", tests), &subject, &Files::default(), today)
    }

    #[test]
    fn nothing_passes_by_itself_and_not_beside_a_test_that_wants_something() {
        assert_eq!(seen(&[FAILS], 0, 0), Seen::Holds(0));
        assert_eq!(seen(&[FAILS, FAILS], 0, 0), Seen::Holds(0));
        assert_eq!(seen(&[HOLDS], 0, 0), Seen::Nothing);
        assert_eq!(seen(&[HOLDS, FAILS], 0, 0), Seen::Nothing);
        assert_eq!(seen(&[FAILS, HOLDS], 0, 0), Seen::Nothing);
        assert_eq!(seen(&[HOLDS, FAILS], 2, 0), Seen::Holds(2));
        assert!(matches!(seen(&[HOLDS, FAILS], 0, 1), Seen::Fails(faults) if faults.len() == 1));
    }

    #[test]
    fn nothing_is_missed_in_what_was_not_read() {
        assert!(matches!(seen(&[MISSES], 1, 0), Seen::Fails(_)));
        assert_eq!(seen(&[MISSES], 1, 1), Seen::Holds(1));
        for outcome in [Outcome::CutShort, Outcome::Denied, Outcome::Absent, Outcome::Failed] {
            let unread = Seen::Unread { resource: "Banned", outcome };
            assert_eq!(seen_as(outcome, &[MISSES], 1, 0), unread);
            // What was seen to be there fails all the same.
            assert!(matches!(seen_as(outcome, &[FAILS], 1, 1), Seen::Fails(_)));
        }
    }
}
