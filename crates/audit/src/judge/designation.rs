//! The rules about designation: the vendor's list of accounts against the designation file, by the guide's truth
//! table T1.

use rulebook::Date;
use rulebook::designation::{BOUNDARY, Bits, Case, Created, Origin, ParentDesignation, Path, outcome};

use super::Observation;
use crate::files::{Account, Agreement, Files, Method};
use crate::observations::{Observations, Observed, Outcome};
use crate::report::{Evidence, SubjectKind, Verdict};

/// What the truth table expects of an account.
pub(super) struct Expected {
    /// Its row.
    pub(super) row: &'static str,
    /// It is a HIPAA project.
    pub(super) expected: bool,
}

/// What the table says of an account; none without an agreement, a date of creation, or for a workspace.
pub(super) fn case_of(seen: &Observations, subject: &Observed, files: &Files) -> Option<Expected> {
    if subject.kind == SubjectKind::Workspace {
        return None;
    }
    let agreement = files.designation.agreement.as_ref()?;
    let created = subject.created?;
    let account = files.designation.account(&subject.id);
    // What somebody asked for by itself is decided by that.
    if let Some(Account {
        designated: true,
        method: Some(method @ (Method::Support | Method::SelfService)),
        ..
    }) = account
    {
        let path = if *method == Method::Support { Path::Support } else { Path::SelfService };
        let row = if path == Path::Support { "by request" } else { "by self-service" };
        return Some(Expected {
            row,
            expected: outcome(Case::Designated { path, linked: true }).phi_permitted,
        });
    }
    let origin = origin(seen, subject, files, agreement, created);
    let bits = outcome(Case::Untouched(origin));
    Some(Expected { row: row_of(&origin), expected: bits == Bits::ON })
}

fn origin(
    seen: &Observations,
    subject: &Observed,
    files: &Files,
    agreement: &Agreement,
    created: Date,
) -> Origin {
    let designation = &files.designation;
    let account = designation.account(&subject.id);
    let owner = subject.parent.as_deref().and_then(|owner| designation.account(owner));
    let is_sibling = |sid: &str| seen.subjects.iter().any(|it| it.id == sid && it.parent == subject.parent);
    let some_named = designation
        .accounts
        .iter()
        .any(|it| it.designated && it.method == Some(Method::Agreement) && is_sibling(&it.sid));
    let parent = match owner.filter(|owner| owner.designated).and_then(|owner| owner.method) {
        Some(Method::Agreement) => Some(ParentDesignation::AtSigning),
        Some(Method::Support) => Some(ParentDesignation::LaterByRequest),
        Some(Method::SelfService) => Some(ParentDesignation::SelfService),
        _ if subject.parent.is_some() && some_named => Some(ParentDesignation::OnlySomeSubaccounts),
        _ => None,
    };
    // The event that counts: the signing, or the parent's designation where that came later.
    let event = match parent {
        Some(ParentDesignation::LaterByRequest | ParentDesignation::SelfService) => {
            owner.and_then(|owner| owner.date).unwrap_or(agreement.signed)
        }
        _ => agreement.signed,
    };
    Origin {
        path: if agreement.initiated <= BOUNDARY { Path::Support } else { Path::SelfService },
        parent,
        created: if created <= event { Created::Before } else { Created::After },
        named_in_agreement: account.is_some_and(|it| it.method == Some(Method::Agreement)),
        inherit_self_service: files.policy("inherit_self_service") == "yes",
        // Its own row in the file, with a signer, is the confirmation.
        confirmed: account.is_some_and(|it| it.designated && it.method == Some(Method::Inherited)),
    }
}

/// The row's name in the truth table.
fn row_of(origin: &Origin) -> &'static str {
    use ParentDesignation::{AtSigning, LaterByRequest, OnlySomeSubaccounts, SelfService};
    match (origin.parent, origin.created, origin.named_in_agreement) {
        (Some(AtSigning), Created::Before, false) => "L1",
        (Some(AtSigning), Created::Before, true) => "L2",
        (Some(AtSigning), Created::After, _) => "L3",
        (Some(OnlySomeSubaccounts), Created::Before, true) => "L4",
        (Some(OnlySomeSubaccounts), Created::Before, false) => "L5",
        (Some(OnlySomeSubaccounts), Created::After, _) => "L6",
        (None, _, _) if origin.path == Path::SelfService => "S1",
        (None, Created::Before, true) => "L2",
        (None, _, _) => "L7",
        (Some(LaterByRequest), Created::Before, _) => "L8",
        (Some(LaterByRequest), Created::After, _) => "L9",
        (Some(SelfService), Created::Before, _) => "S3",
        (Some(SelfService), Created::After, _) => "S4",
    }
}

/// Rows of the truth table that a rule is about.
fn rows_of(rule: &str) -> Option<&'static [&'static str]> {
    Some(match rule {
        "DES-INH-1" => &["L3", "L9", "S4"],
        "DES-INH-2" => &["L1", "L2", "L8", "S3"],
        "DES-INH-3" => &["L4", "L5", "L6"],
        "DES-INH-4" => &["L7", "S1"],
        _ => return None,
    })
}

/// What is to be said of a rule about designation; none for every other rule.
pub(super) fn observe(
    rule: &str,
    seen: &Observations,
    subject: &Observed,
    files: &Files,
) -> Option<Observation> {
    let fault = |field: &str, note: &str| Evidence {
        resource: "designation file".to_owned(),
        id: subject.id.clone(),
        field: field.to_owned(),
        note: note.to_owned(),
    };
    let fails = |reason: &str, fault: Evidence| {
        let observation = Observation::of(Verdict::Fail, reason);
        Observation { evidence: vec![fault], ..observation }
    };
    if rule == "DES-SCOPE-1" {
        return Some(scope(seen, subject, files, fails, fault));
    }
    if matches!(rule, "DES-SELF-1" | "DES-SELF-2") {
        return self_service(rule, subject, files);
    }
    let rows = rows_of(rule)?;
    Some(match case_of(seen, subject, files) {
        None if files.designation.agreement.is_none() => {
            Observation::of(Verdict::NotObserved, "The designation file has no agreement to judge by.")
        }
        None => Observation::of(Verdict::NotObserved, "The vendor does not say when it was created."),
        Some(case) if !rows.contains(&case.row) => {
            Observation::of(Verdict::NotApplicable, "Its case is another one of the truth table.")
        }
        Some(case) if case.expected == files.is_designated(&subject.id) => Observation::of(
            Verdict::Pass,
            format!("The file agrees with row {} of the truth table.", case.row),
        ),
        Some(case) => {
            let reason = format!("The file does not agree with row {} of the truth table.", case.row);
            let note = match case.expected {
                true => "the guide designates it, and the file does not",
                false => {
                    "the file calls it designated, and by the guide it is not without a request of its own"
                }
            };
            fails(&reason, fault("designated", note))
        }
    })
}

/// DES-SELF-1 and -2 are about accounts that the customer designated itself; whether such a one is linked to its
/// Organization is a check's to see.
fn self_service(rule: &str, subject: &Observed, files: &Files) -> Option<Observation> {
    let designation = &files.designation;
    let by_itself = designation.account(&subject.id).is_some_and(|it| it.method == Some(Method::SelfService));
    if !by_itself {
        return Some(Observation::of(Verdict::NotApplicable, "It was not designated by self-service."));
    }
    match &designation.agreement {
        None => {
            Some(Observation::of(Verdict::NotObserved, "The designation file has no agreement to judge by."))
        }
        Some(agreement) if rule == "DES-SELF-1" && agreement.initiated < BOUNDARY => Some(Observation::of(
            Verdict::NotApplicable,
            "The agreement was initiated before self-service began.",
        )),
        Some(_) => None,
    }
}

/// DES-SCOPE-1: every account the vendor lists stands in the file, one way or the other.
fn scope(
    seen: &Observations,
    subject: &Observed,
    files: &Files,
    fails: impl Fn(&str, Evidence) -> Observation,
    fault: impl Fn(&str, &str) -> Evidence,
) -> Observation {
    let designation = &files.designation;
    if designation.account(&subject.id).is_none() {
        return fails(
            "The designation file does not say whether it is a HIPAA project.",
            fault("sid", "is not in the designation file"),
        );
    }
    let is_first = subject.parent.is_none();
    if is_first && seen.accounts == Outcome::Read {
        let gone = designation.accounts.iter().find(|it| !seen.subjects.iter().any(|seen| seen.id == it.sid));
        if gone.is_some_and(|gone| gone.designated) {
            return fails(
                "The designation file names accounts that the vendor does not list.",
                fault("sid", "names a designated account that is not among the accounts of this key"),
            );
        }
    }
    match seen.accounts {
        Outcome::Read => Observation::of(Verdict::Pass, "The designation file says what it is."),
        outcome if is_first => {
            Observation::of(Verdict::NotObserved, format!("The list of accounts {}.", outcome.sentence()))
        }
        _ => Observation::of(Verdict::Pass, "The designation file says what it is."),
    }
}
