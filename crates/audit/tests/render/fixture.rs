//! Reports made by hand: a small one with every verdict, the same with hostile text, and one as large as they get.

use std::collections::BTreeMap;

use audit::inside::{Keys, Ledger};
use audit::report::{
    Answer, AttestationUsed, Built, Evidence, ExceptionUsed, FORMAT, Own, Report, Requests, RuleReport,
    Source, Subject, SubjectKind, Verdict,
};
use rulebook::{Date, Level, Owner, Rulebook, Status};
use serde_json::Value;

/// What a name of an account could hold at worst.
pub(crate) const HOSTILE: &str =
    "=<script>alert('x')</script>\"&\r\n\u{1B}[31m\u{202E}{0}[l](javascript:1) --> </style> ";

pub(crate) fn date(text: &str) -> Date {
    Date::parse(text).expect("a day in a test")
}

/// Five rules over two accounts and a workspace; every verdict, an exception and two attestations.
pub(crate) fn small() -> Report {
    let rule =
        |id: &str, product: &str, owner, severity: &str, cfr: &[&str], answers: Vec<Answer>| RuleReport {
            id: id.to_owned(),
            title: format!("Title of {id}"),
            product: product.to_owned(),
            level: Level::Required,
            owner,
            statement: format!("What {id} asks for, in our words."),
            source: vec!["G:121".to_owned(), "A:4".to_owned()],
            cfr: cfr.iter().map(|&section| section.to_owned()).collect(),
            severity: severity.to_owned(),
            remedy: format!("Set what {id} names."),
            question: format!("Who made sure of {id}, and how?"),
            verdict: answers.iter().map(|answer| answer.verdict).max().unwrap_or(Verdict::NotApplicable),
            answers,
            built: Some(Built {
                status: Status::Proven,
                places: vec!["rulebook::guard".to_owned()],
                tests: vec![format!("{}__refuses_it", id.to_ascii_lowercase().replace('-', "_"))],
            }),
        };
    let rules = vec![
        rule(
            "SMS-GEO-1",
            "Messaging",
            Owner::Customer,
            "high",
            &["164.312(e)(1)"],
            vec![failed("AC01", 3), excepted("AC02"), plain("WS01", Verdict::NotApplicable)],
        ),
        rule(
            "SMS-MEDIA-2",
            "Messaging",
            Owner::Both,
            "medium",
            &["164.312(a)(1)", "164.312(e)(1)"],
            vec![plain("AC01", Verdict::Pass), excepted("AC02"), plain("WS01", Verdict::NotApplicable)],
        ),
        rule(
            "VOI-REC-1",
            "Voice",
            Owner::Customer,
            "low",
            &["164.312(a)(1)"],
            vec![
                attested("AC01", "2027-01-31"),
                attested("AC02", "2026-01-31"),
                plain("WS01", Verdict::Error),
            ],
        ),
        rule(
            "SEG-KEY-1",
            "Segment",
            Owner::Platform,
            "medium",
            &[],
            vec![
                plain("AC01", Verdict::NotApplicable),
                plain("AC02", Verdict::NotApplicable),
                plain("WS01", Verdict::NotObserved),
            ],
        ),
        rule(
            "GEN-HTTPS-1",
            "All",
            Owner::Both,
            "high",
            &["164.312(e)(1)"],
            vec![plain("AC01", Verdict::Pass), plain("AC02", Verdict::Pass), plain("WS01", Verdict::Pass)],
        ),
        rule(
            "CON-BAA-1",
            "Contract",
            Owner::Customer,
            "high",
            &["164.308(b)(1)"],
            vec![
                attested("AC01", "2027-01-31"),
                attested("AC02", "2027-01-31"),
                plain("WS01", Verdict::NotApplicable),
            ],
        ),
        rule("DOC-1", "Contract", Owner::Platform, "low", &[], Vec::new()),
    ];
    let subject = |id: &str, kind, parent: Option<&str>, designated, expected| Subject {
        id: id.to_owned(),
        kind,
        parent: parent.map(str::to_owned),
        designated,
        expected,
        case: expected.map(|_| "T1 row 3".to_owned()),
    };
    finished(
        rules,
        vec![
            subject("AC01", SubjectKind::Account, None, true, Some(true)),
            subject("AC02", SubjectKind::Account, Some("AC01"), false, Some(true)),
            subject("WS01", SubjectKind::Workspace, None, true, None),
        ],
    )
}

/// The report before [`small`]: one rule less, one more, one account less, and one failure less.
pub(crate) fn earlier() -> Report {
    let mut report = small();
    report.observed_on = date("2026-08-20");
    report.rules[0].answers[0] = plain("AC01", Verdict::Pass);
    report.rules[4].answers[0] = failed("AC01", 1);
    report.rules[5].id = "CON-OLD-1".to_owned();
    report.subjects.pop();
    for rule in &mut report.rules {
        rule.answers.retain(|answer| answer.subject != "WS01");
        rule.verdict =
            rule.answers.iter().map(|answer| answer.verdict).max().unwrap_or(Verdict::NotApplicable);
    }
    report
}

/// [`small`] with [`HOSTILE`] before every text and every key of a map.
pub(crate) fn hostile() -> Report {
    let value = serde_json::to_value(small()).expect("a report is JSON");
    serde_json::from_value(hostile_value("", value)).expect("still a report")
}

/// Words of ours and days: nobody else can write them.
const OURS: [&str; 13] = [
    "edition",
    "observed_on",
    "headline",
    "counts",
    "kind",
    "level",
    "verdict",
    "observed",
    "on",
    "expires",
    "outcomes",
    "status",
    "oldest",
];

fn hostile_value(key: &str, value: Value) -> Value {
    match value {
        _ if OURS.contains(&key) => value,
        // A rule's owner is a word of ours; the owner of an exception is a name.
        Value::String(text)
            if key == "owner" && ["customer", "platform", "both"].contains(&text.as_str()) =>
        {
            Value::String(text)
        }
        Value::String(text) => Value::String(format!("{HOSTILE}{text}")),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| hostile_value(key, item)).collect()),
        Value::Object(fields) if key == "policies" => fields
            .into_iter()
            .map(|(name, value)| (format!("{HOSTILE}{name}"), hostile_value("", value)))
            .collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = hostile_value(&name, value);
                (name, value)
            })
            .collect(),
        other => other,
    }
}

/// The real rules over many accounts, verdicts spread evenly.
pub(crate) fn large(subjects: usize, seed: usize) -> Report {
    let ids: Vec<String> = (0..subjects).map(|index| format!("AC{index:032x}")).collect();
    let edition = Rulebook::embedded().latest();
    let rules = edition.rules.iter().enumerate().map(|(index, rule)| {
        let answers: Vec<Answer> = ids
            .iter()
            .enumerate()
            .map(|(place, id)| match (index * 7 + seed) % 23 {
                0 if place % 3 == 0 => failed(id, 1 + place % 4),
                1 if place % 5 == 0 => excepted(id),
                2 => plain(id, Verdict::NotObserved),
                3 | 4 => attested(id, "2027-01-31"),
                5 if place % 2 == 0 => attested(id, "2026-01-31"),
                6 if place == 1 => plain(id, Verdict::Error),
                7..=11 => plain(id, Verdict::NotApplicable),
                _ => plain(id, Verdict::Pass),
            })
            .collect();
        let note = edition.note(&rule.id).expect("every rule has a note");
        RuleReport::of(rule, note, answers)
    });
    let rules = rules.collect();
    let subjects = ids
        .iter()
        .enumerate()
        .map(|(index, id)| Subject {
            id: id.clone(),
            kind: SubjectKind::Account,
            parent: (index > 0).then(|| ids[0].clone()),
            designated: index % 4 != 3,
            expected: Some(index % 4 != 3 || index % 24 == 3),
            case: Some("T1 row 2".to_owned()),
        })
        .collect();
    finished(rules, subjects)
}

fn finished(rules: Vec<RuleReport>, subjects: Vec<Subject>) -> Report {
    let is_excepted = |rule: &RuleReport| {
        rule.verdict == Verdict::Fail
            && rule.answers.iter().all(|a| a.verdict != Verdict::Fail || a.exception.is_some())
    };
    let mut counts = BTreeMap::new();
    for rule in rules.iter().filter(|rule| !is_excepted(rule)) {
        *counts.entry(rule.verdict).or_insert(0) += 1;
    }
    let outcomes =
        |words: &[(&str, usize)]| words.iter().map(|&(word, count)| (word.to_owned(), count)).collect();
    let source =
        |resource: &str, request: &str, permission: &str, words: &[(&str, usize)], missed: &[&str]| Source {
            resource: resource.to_owned(),
            request: request.to_owned(),
            permission: permission.to_owned(),
            outcomes: outcomes(words),
            missed_by: missed.iter().map(|&id| id.to_owned()).collect(),
        };
    Report {
        format: FORMAT,
        tool: "switchward 0.1.0".to_owned(),
        edition: date("2024-12-11"),
        edition_title: "Architecting for HIPAA on Twilio, as dated data".to_owned(),
        observed_on: date("2026-11-20"),
        provider: "twilio".to_owned(),
        host: "api.twilio.com".to_owned(),
        headline: counts.keys().next_back().copied().unwrap_or(Verdict::NotApplicable),
        excepted: rules.iter().filter(|rule| is_excepted(rule)).count(),
        counts,
        policies: BTreeMap::from([
            ("designation_of_parents".to_owned(), "both".to_owned()),
            ("webhook_hosts".to_owned(), "kept".to_owned()),
        ]),
        subjects,
        rules,
        sources: vec![
            source("Account", "GET /2010-04-01/Accounts.json", "Main account key", &[("read", 2)], &[]),
            source(
                "Recording settings",
                "GET /v1/Recording/Settings",
                "Voice: Recording settings, read",
                &[("read", 1), ("denied", 1)],
                &["VOI-REC-1"],
            ),
            source(
                "Service",
                "GET /v1/Services",
                "Messaging: Services, read",
                &[("cut_short", 1), ("read", 1)],
                &[],
            ),
        ],
        requests: Requests { made: 120, budget: 5_000, items: 333 },
        inside: Some(Own {
            ledger: Ledger {
                intact: true,
                entries: 42,
                checkpoints: 7,
                root: "root-of-the-ledger".to_owned(),
                faults: 0,
            },
            keys: Keys {
                master_key: "master-key-1".to_owned(),
                scopes: 5,
                under_others: 1,
                oldest: Some(date("2026-01-02")),
            },
        }),
    }
}

fn plain(subject: &str, verdict: Verdict) -> Answer {
    Answer {
        subject: subject.to_owned(),
        verdict,
        observed: Some(verdict),
        reason: match verdict {
            Verdict::NotApplicable => "The account is not a HIPAA project.",
            Verdict::Pass => "Every service is set as the rule wants it.",
            Verdict::NotObserved => "There is no way to look, and nobody answers for it.",
            Verdict::Error => "The service answered with something that is not JSON.",
            _ => "Not as the rule wants it.",
        }
        .to_owned(),
        evidence: Vec::new(),
        more: 0,
        attestation: None,
        exception: None,
    }
}

fn failed(subject: &str, pieces: usize) -> Answer {
    let evidence = (0..pieces).map(|index| Evidence {
        resource: "Service".to_owned(),
        id: format!("MG{index:032x}"),
        field: if index % 2 == 0 { "inbound_request_url".to_owned() } else { String::new() },
        note: "is plain http".to_owned(),
    });
    Answer { evidence: evidence.collect(), more: 4, ..plain(subject, Verdict::Fail) }
}

fn excepted(subject: &str) -> Answer {
    Answer {
        exception: Some(ExceptionUsed {
            owner: "Head of Operations".to_owned(),
            reason: "The old gateway is replaced in spring.".to_owned(),
            expires: date("2027-03-31"),
        }),
        ..failed(subject, 1)
    }
}

fn attested(subject: &str, expires: &str) -> Answer {
    let stands = date(expires) >= date("2026-11-20");
    Answer {
        verdict: if stands { Verdict::Attested } else { Verdict::AttestationExpired },
        observed: None,
        reason: if stands { "A named person answers for it." } else { "The attestation has expired." }
            .to_owned(),
        attestation: Some(AttestationUsed {
            by: "Jo Example".to_owned(),
            role: "privacy officer".to_owned(),
            on: date("2025-12-01"),
            expires: date(expires),
            evidence: "https://evidence.example/policies/7".to_owned(),
        }),
        ..plain(subject, Verdict::Pass)
    }
}
