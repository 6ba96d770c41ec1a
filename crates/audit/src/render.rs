//! The evidence as somebody wants to read it: each renderer is a pure function of a [`Report`].
//!
//! Equal reports give equal bytes: no renderer looks at a clock or draws a random number. Names of the account
//! (SIDs, hosts, names of resources) are text of somebody else's, so every renderer escapes all of its input for
//! what it writes: control characters, markup, formulas.
//!
//! - [`text()`]: the terminal.
//! - [`json`] and [`csv()`]: the report itself, and one row per rule and subject.
//! - [`sarif()`]: SARIF 2.1.0, for dashboards of findings.
//! - [`oscal_results`] and [`oscal_component`]: NIST OSCAL, for systems of governance.
//! - [`html()`]: one file for a person, on screen and on paper.

mod csv;
mod html;
mod node;
mod oscal;
mod sarif;
mod text;

use std::collections::BTreeMap;
use std::io;

use aws_lc_rs::digest;
use rulebook::{Level, Owner, Status};
use serde::{Deserialize, Serialize};

use crate::report::{Answer, Evidence, Own, Report, RuleReport, Source, Verdict};

pub use csv::csv;
pub use html::html;
pub use oscal::oscal_component;
pub use text::text;

/// What a reader is shown: the verdict, or that somebody answers for the failure. Ordered by how much it
/// concerns the reader, least first: an accepted failure is less than what nobody could see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// [`Verdict::NotApplicable`].
    NotApplicable,
    /// [`Verdict::Pass`].
    Pass,
    /// [`Verdict::Attested`].
    Attested,
    /// [`Verdict::Fail`], under an exception.
    Excepted,
    /// [`Verdict::NotObserved`].
    NotObserved,
    /// [`Verdict::AttestationExpired`].
    AttestationExpired,
    /// [`Verdict::Error`].
    Error,
    /// [`Verdict::Fail`], and nobody answers for it.
    Fail,
}

/// What the code of this program does about a rule.
fn status_words(status: Status) -> &'static str {
    match status {
        Status::Proven => "enforced, and proven by tests",
        Status::Enforced => "enforced, not proven in both directions",
        Status::Declared => "not built",
    }
}

/// What a Switchward says of its ledger and its keys, in two sentences.
fn own_words(own: &Own) -> String {
    let (ledger, keys) = (&own.ledger, &own.keys);
    let verified = match ledger.faults {
        0 if ledger.intact => "verifies".to_owned(),
        faults => format!("does NOT verify ({faults} faults)"),
    };
    let oldest = keys.oldest.map_or_else(|| "none yet".to_owned(), |day| day.to_string());
    format!(
        "The ledger {verified}: {} entries, {} signed checkpoints, root {}. Keys of {} scopes, the oldest of {oldest}, \
         {} of them under another master key than {}.",
        ledger.entries, ledger.checkpoints, ledger.root, keys.scopes, keys.under_others, keys.master_key
    )
}

impl State {
    /// All of them, worst first, as reports print them.
    pub const ALL: [State; 8] = [
        State::Fail,
        State::Error,
        State::AttestationExpired,
        State::NotObserved,
        State::Excepted,
        State::Attested,
        State::Pass,
        State::NotApplicable,
    ];

    /// The state of one answer.
    pub fn of_answer(answer: &Answer) -> State {
        match answer.verdict {
            Verdict::Fail if answer.exception.is_some() => State::Excepted,
            verdict => State::of_verdict(verdict),
        }
    }

    /// The state of a rule: the worst of its answers.
    pub fn of_rule(rule: &RuleReport) -> State {
        let worst = rule.answers.iter().map(State::of_answer).max();
        worst.unwrap_or_else(|| State::of_verdict(rule.verdict))
    }

    /// The state of a verdict without an exception.
    pub const fn of_verdict(verdict: Verdict) -> State {
        match verdict {
            Verdict::NotApplicable => State::NotApplicable,
            Verdict::Pass => State::Pass,
            Verdict::Attested => State::Attested,
            Verdict::NotObserved => State::NotObserved,
            Verdict::AttestationExpired => State::AttestationExpired,
            Verdict::Error => State::Error,
            Verdict::Fail => State::Fail,
        }
    }

    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::NotApplicable => "not_applicable",
            State::Pass => "pass",
            State::Attested => "attested",
            State::Excepted => "excepted",
            State::NotObserved => "not_observed",
            State::AttestationExpired => "attestation_expired",
            State::Error => "error",
            State::Fail => "fail",
        }
    }

    /// The words for persons.
    pub const fn label(self) -> &'static str {
        match self {
            State::NotApplicable => "not applicable",
            State::Pass => "pass",
            State::Attested => "attested",
            State::Excepted => "under an exception",
            State::NotObserved => "not observed",
            State::AttestationExpired => "attestation expired",
            State::Error => "error",
            State::Fail => "fail",
        }
    }

    /// Whether nothing has to be done or said about it.
    pub const fn is_quiet(self) -> bool {
        matches!(self, State::NotApplicable | State::Pass)
    }
}

/// The report itself as JSON, indented, with a newline at the end. [`Report`] reads it back.
pub fn json(report: &Report) -> String {
    pretty(report)
}

/// Writes what [`json`] gives.
///
/// # Errors
/// When `out` does not take it.
pub fn write_json(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

/// Writes the report as a SARIF log. With many accounts it is long, so it is made while it is written.
///
/// # Errors
/// When `out` does not take it.
pub fn write_sarif(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    sarif::sarif(report).write(out)
}

/// Writes the report as OSCAL assessment results; as [`write_sarif`].
///
/// # Errors
/// When `out` does not take it.
pub fn write_oscal_results(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    oscal::oscal_results(report).write(out)
}

/// What [`write_sarif`] writes.
pub fn sarif(report: &Report) -> String {
    text_of(|out| write_sarif(report, out))
}

/// What [`write_oscal_results`] writes.
pub fn oscal_results(report: &Report) -> String {
    text_of(|out| write_oscal_results(report, out))
}

fn text_of(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("memory takes everything, and keys are strings");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Anything of ours as indented JSON.
pub(crate) fn pretty<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("keys are strings and numbers are whole");
    text.push('\n');
    text
}

/// The result in one sentence: `FAIL – 12 of 246 rules fail, 31 not observed, 2 under an exception`.
pub fn headline(report: &Report) -> String {
    let counts = tally(&report.rules);
    let count = |state| counts.get(&state).copied().unwrap_or(0);
    let total = report.rules.len();
    let mut parts = vec![match (count(State::Fail), total) {
        (0, 1) => "no failure in 1 rule".to_owned(),
        (0, _) => format!("no failure in {total} rules"),
        (1, 1) => "1 of 1 rule fails".to_owned(),
        (1, _) => format!("1 of {total} rules fails"),
        (failures, _) => format!("{failures} of {total} rules fail"),
    }];
    for (state, words) in [
        (State::Error, "could not be read"),
        (State::AttestationExpired, "with an expired attestation"),
        (State::NotObserved, "not observed"),
        (State::Excepted, "under an exception"),
    ] {
        if count(state) > 0 {
            parts.push(format!("{} {words}", count(state)));
        }
    }
    format!("{} – {}", State::of_verdict(report.headline).label().to_uppercase(), parts.join(", "))
}

/// Rules by state.
pub(crate) fn tally<'a>(rules: impl IntoIterator<Item = &'a RuleReport>) -> BTreeMap<State, usize> {
    let mut counts = BTreeMap::new();
    for rule in rules {
        *counts.entry(State::of_rule(rule)).or_insert(0) += 1;
    }
    counts
}

/// `3 fail, 1 not observed`: the counts in words, worst first.
pub(crate) fn tally_words(counts: &BTreeMap<State, usize>) -> String {
    let words: Vec<String> =
        counts.iter().rev().map(|(state, count)| format!("{count} {}", state.label())).collect();
    words.join(", ")
}

/// The rules of one product.
pub(crate) struct Product<'a> {
    pub(crate) name: &'a str,
    /// Worst first, then by severity, then in the guide's order.
    pub(crate) rules: Vec<&'a RuleReport>,
    pub(crate) counts: BTreeMap<State, usize>,
}

/// The products, those with the worst rules first; equal ones stay in the guide's order.
pub(crate) fn products(report: &Report) -> Vec<Product<'_>> {
    let mut products: Vec<Product<'_>> = Vec::new();
    for rule in &report.rules {
        match products.iter_mut().find(|product| product.name == rule.product) {
            Some(product) => product.rules.push(rule),
            None => {
                products.push(Product { name: &rule.product, rules: vec![rule], counts: BTreeMap::new() })
            }
        }
    }
    for product in &mut products {
        product.rules.sort_by_key(|rule| (std::cmp::Reverse(State::of_rule(rule)), severity_rank(rule)));
        product.counts = tally(product.rules.iter().copied());
    }
    products.sort_by_key(|product| {
        let counts: Vec<usize> =
            State::ALL.iter().map(|state| product.counts.get(state).copied().unwrap_or(0)).collect();
        std::cmp::Reverse(counts)
    });
    products
}

/// 0 for the most severe.
pub(crate) fn severity_rank(rule: &RuleReport) -> u8 {
    match rule.severity.as_str() {
        "high" => 0,
        "medium" => 1,
        _ => 2,
    }
}

/// The program's version without its name.
pub(crate) fn version(report: &Report) -> &str {
    report.tool.strip_prefix("switchward ").unwrap_or(&report.tool)
}

/// Resources that the key was not allowed to read.
pub(crate) fn denied(report: &Report) -> impl Iterator<Item = &Source> {
    report.sources.iter().filter(|source| source.outcomes.get("denied").is_some_and(|count| *count > 0))
}

/// The guide's label in words.
pub(crate) const fn level_words(level: Level) -> &'static str {
    match level {
        Level::Required => "required",
        Level::Recommended => "recommended",
        Level::SpecialConsideration => "special consideration",
        Level::NotEligible => "not eligible",
        Level::PlatformChange => "platform change",
        Level::Contract => "contract",
        Level::Eligible => "eligible",
    }
}

/// The responsible one in a word.
pub(crate) const fn owner_words(owner: Owner) -> &'static str {
    match owner {
        Owner::Customer => "customer",
        Owner::Platform => "platform",
        Owner::Both => "both",
    }
}

/// `Service MG12 – inbound_request_url: plain http`, in one line.
pub(crate) fn evidence_line(evidence: &Evidence) -> String {
    let mut text = format!("{} {}", evidence.resource, evidence.id);
    if !evidence.field.is_empty() {
        text.push_str(" – ");
        text.push_str(&evidence.field);
    }
    if !evidence.note.is_empty() {
        text.push_str(": ");
        text.push_str(&evidence.note);
    }
    one_line(&text)
}

/// The text in one line: white space of any kind becomes one space, and what could steer a terminal or turn the
/// direction of writing becomes U+FFFD.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<String> =
        text.split_whitespace().map(|word| word.chars().map(visible).collect::<String>()).collect();
    words.join(" ")
}

/// The character, or U+FFFD for one that is not seen but does something: controls (C0, C1), marks of direction,
/// line separators, and what no text holds.
pub(crate) const fn visible(character: char) -> char {
    match character {
        '\0'..='\u{1F}'
        | '\u{7F}'..='\u{9F}'
        | '\u{61C}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FEFF}'
        | '\u{FFFE}'
        | '\u{FFFF}' => '\u{FFFD}',
        other => other,
    }
}

/// SHA-256 over the parts, each with its length before it, so that no two lists of parts give the same bytes.
pub(crate) fn digest_of(parts: &[&str]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// SHA-256 over the report as JSON, without holding that text.
pub(crate) fn digest_of_report(report: &Report) -> [u8; 32] {
    struct Hashing(digest::Context);
    impl io::Write for Hashing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hashing = Hashing(digest::Context::new(&digest::SHA256));
    write_json(report, &mut hashing).expect("a digest takes everything, and keys are strings");
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hashing.0.finish().as_ref());
    bytes
}

/// A UUID made of the parts alone. It carries the number of version 5 (a name's digest, RFC 9562 5.5), because
/// OSCAL accepts versions 4 and 5 only; the digest is SHA-256, cut short, instead of SHA-1.
pub(crate) fn uuid(parts: &[&str]) -> String {
    let digest = digest_of(parts);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0F) | 0x50;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_steers_no_terminal() {
        assert_eq!(one_line(" a\n\tb \u{1B}[31mc\u{202E}d "), "a b \u{FFFD}[31mc\u{FFFD}d");
    }

    #[test]
    fn a_uuid_depends_on_every_part_and_where_it_ends() {
        assert_eq!(uuid(&["a", "b"]), uuid(&["a", "b"]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab", ""]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["b", "a"]));
        let made = uuid(&["x"]);
        assert_eq!(made.len(), 36);
        assert_eq!(made.as_bytes()[14], b'5');
        assert!(b"89ab".contains(&made.as_bytes()[19]));
    }

    #[test]
    fn states_stand_worst_first() {
        assert!(State::ALL.windows(2).all(|pair| pair[0] > pair[1]));
    }
}
