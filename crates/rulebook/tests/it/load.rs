//! The loader: what it refuses, on small editions made here.

use rulebook::enforced::{Effect, Enforced};
use rulebook::{EditionSource, LoadError, Rulebook, SourceFile, Status};

const POLICIES: &str = r#"
policy = [
    { name = "us_territories", default = "exclude", options = ["exclude", "include"], question = "q", explanation = "e" },
    { name = "ineligible_services", default = "strict", options = ["strict"], question = "q", explanation = "e" },
    { name = "foreign_inbound", default = "reject", options = ["reject"], question = "q", explanation = "e" },
    { name = "webhook_hosts", default = "any", options = ["any"], question = "q", explanation = "e" },
    { name = "verify_push", default = "deny", options = ["deny"], question = "q", explanation = "e" },
    { name = "inherit_self_service", default = "no", options = ["no"], question = "q", explanation = "e" },
]
"#;

fn rule(id: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nproduct = \"p\"\nlevel = \"required\"\nowner = \"both\"\nstatement = \"s\"\nenforcement = \"e\"\n\
         means = []\nobserve = \"o\"\nobserve_classes = []\nproof_wanted = \"w\"\nsource = [\"G:1\"]\n"
    )
}

fn system(id: &str, rest: &str) -> String {
    format!(
        "[[system]]\nid = \"{id}\"\nname = \"n\"\nkind = \"k\"\ncondition = \"c\"\nrules = [\"SMS-TAG-1\"]\nai_ml = false\n{rest}\n"
    )
}

fn edition(id: &str, rest: &str) -> String {
    format!("id = \"{id}\"\ntitle = \"t\"\n{POLICIES}\n{}\n{rest}", rule("SMS-TAG-1"))
}

fn load_with(
    editions: &[(&str, String)],
    enforced: &'static [Enforced],
    proofs: &str,
) -> Result<Rulebook, LoadError> {
    let files: Vec<[SourceFile<'_>; 1]> =
        editions.iter().map(|(_, text)| [SourceFile { name: "file", text }]).collect();
    let sources: Vec<EditionSource<'_>> =
        editions.iter().zip(&files).map(|((id, _), files)| EditionSource { id, files }).collect();
    Rulebook::from_sources(&sources, enforced, proofs)
}

fn load(editions: &[(&str, String)]) -> Result<Rulebook, LoadError> {
    load_with(editions, &[], "")
}

fn load_one(rest: &str) -> Result<Rulebook, LoadError> {
    load(&[("2025-01-01", edition("2025-01-01", rest))])
}

const ENFORCED_TAGS: &[Enforced] =
    &[Enforced { rule: "SMS-TAG-1", effect: Effect::Load, code: None, place: "here" }];

#[test]
fn accepts_a_small_edition() {
    assert!(load_one("").is_ok());
}

#[test]
fn status_follows_the_table_and_the_proofs() {
    let both = "SMS-TAG-1 sms_tag_1__refuses_x\nSMS-TAG-1 sms_tag_1__allows_y\n";
    let one = "SMS-TAG-1 sms_tag_1__refuses_x\n";
    let status = |enforced, proofs| {
        load_with(&[("2025-01-01", edition("2025-01-01", ""))], enforced, proofs).unwrap().status("SMS-TAG-1")
    };
    assert_eq!(status(&[], both), Some(Status::Declared));
    assert_eq!(status(ENFORCED_TAGS, ""), Some(Status::Enforced));
    assert_eq!(status(ENFORCED_TAGS, one), Some(Status::Enforced));
    assert_eq!(status(ENFORCED_TAGS, both), Some(Status::Proven));
}

#[test]
fn rejects_headers_that_do_not_fit() {
    assert_eq!(load(&[]).unwrap_err(), LoadError::Empty);
    let wrong_day = load(&[("2025-01-02", edition("2025-01-01", ""))]);
    assert_eq!(wrong_day.unwrap_err(), LoadError::Header("2025-01-02".to_owned()));
    let backwards =
        load(&[("2025-01-02", edition("2025-01-02", "")), ("2025-01-01", edition("2025-01-01", ""))]);
    assert_eq!(backwards.unwrap_err(), LoadError::Header("2025-01-01".to_owned()));
}

#[test]
fn rejects_duplicates() {
    assert_eq!(load_one(&rule("SMS-TAG-1")).unwrap_err(), LoadError::Duplicate("SMS-TAG-1".to_owned()));
    let twice = system("x", "verdict = \"eligible\"").repeat(2);
    assert_eq!(load_one(&twice).unwrap_err(), LoadError::Duplicate("x".to_owned()));
}

#[test]
fn rejects_names_of_rules_that_do_not_exist() {
    let first = |enforced, proofs| {
        load_with(
            &[("2025-01-01", edition("2025-01-01", &rule("OTHER-1").replace("OTHER-1", "OTHER-2")))],
            enforced,
            proofs,
        )
    };
    const UNKNOWN: &[Enforced] =
        &[Enforced { rule: "OTHER-1", effect: Effect::Load, code: None, place: "here" }];
    assert!(matches!(first(UNKNOWN, ""), Err(LoadError::UnknownRule { rule, .. }) if rule == "OTHER-1"));
    assert!(
        matches!(first(&[], "OTHER-1 other_1__allows_x"), Err(LoadError::UnknownRule { rule, .. }) if rule == "OTHER-1")
    );
    assert!(matches!(first(&[], "nonsense"), Err(LoadError::Proofs(_))));
    let named_by_system = system("x", "verdict = \"eligible\"").replace("SMS-TAG-1", "OTHER-1");
    assert!(
        matches!(load_one(&named_by_system), Err(LoadError::UnknownRule { named_by, .. }) if named_by == "x")
    );
}

#[test]
fn con_label_1__rejects_unknown_words_and_missing_verdicts() {
    let is_parse_error = |rest: &str| matches!(load_one(rest), Err(LoadError::Parse { .. }));
    assert!(is_parse_error(&rule("NEW-1").replace("required", "perhaps")));
    assert!(is_parse_error(&rule("NEW-1").replace("level = \"required\"\n", "")));
    assert!(is_parse_error(&rule("NEW-1").replace("both", "nobody")));
    assert!(is_parse_error(&rule("NEW-1").replace("product =", "produce =")));
    assert!(is_parse_error(&system("x", "")));
    assert!(is_parse_error(&system("x", "verdict = \"maybe\"")));
    assert!(is_parse_error(&system("x", "verdict = \"eligible\"\nannounced_on = \"2025-02-30\"")));
}

#[test]
fn rejects_missing_switches_and_defaults_that_are_no_option() {
    let text = edition("2025-01-01", "");
    let missing = text.replace("name = \"verify_push\"", "name = \"other\"");
    assert_eq!(load(&[("2025-01-01", missing)]).unwrap_err(), LoadError::Policy("verify_push".to_owned()));
    let no_option = text.replace("default = \"exclude\"", "default = \"both\"");
    assert_eq!(
        load(&[("2025-01-01", no_option)]).unwrap_err(),
        LoadError::Policy("us_territories".to_owned())
    );
}

#[test]
fn rejects_ineligible_system_without_error_number() {
    let rest = rule("NEW-1") + &system("x", "verdict = \"not-eligible\"").replace("SMS-TAG-1", "NEW-1");
    assert_eq!(load_one(&rest).unwrap_err(), LoadError::SystemWithoutCode("x".to_owned()));
}

fn withdrawal(announced: &str, effective: &str) -> Result<Rulebook, LoadError> {
    load_one(&system(
        "x",
        &format!("verdict = \"eligible\"\nannounced_on = \"{announced}\"\neffective_on = \"{effective}\""),
    ))
}

#[test]
fn con_depr_1__rejects_less_than_180_days_of_notice() {
    let short = |days| LoadError::ShortNotice { system: "x".to_owned(), days };
    assert_eq!(withdrawal("2024-12-11", "2025-06-08").unwrap_err(), short(Some(179)));
    assert_eq!(withdrawal("2025-06-08", "2024-12-11").unwrap_err(), short(Some(-179)));
    let one_date = load_one(&system("x", "verdict = \"eligible\"\nannounced_on = \"2024-12-11\""));
    assert_eq!(one_date.unwrap_err(), short(None));
}

#[test]
fn con_depr_1__accepts_180_days_of_notice() {
    assert!(withdrawal("2024-12-11", "2025-06-09").is_ok());
}

/// An edition in which `x` was eligible, followed by one with these systems and changes.
fn succession(later: &str) -> Result<Rulebook, LoadError> {
    let earlier = edition("2025-01-01", &system("x", "verdict = \"eligible\""));
    load(&[("2025-01-01", earlier), ("2026-01-01", edition("2026-01-01", later))])
}

const ENTRY: &str = "[[change]]\ndate = \"2025-12-01\"\ntext = \"t\"\nsystems = [\"x\"]\n";

#[test]
fn con_depr_1__rejects_loss_of_eligibility_without_notice() {
    let no_dates = system("x", "verdict = \"not-eligible\"") + ENTRY;
    assert!(matches!(succession(&no_dates), Err(LoadError::ShortNotice { .. })));
    let still_running = system(
        "x",
        "verdict = \"not-eligible\"\nannounced_on = \"2025-12-01\"\neffective_on = \"2026-12-01\"",
    ) + ENTRY;
    assert!(matches!(succession(&still_running), Err(LoadError::ShortNotice { .. })));
}

#[test]
fn con_depr_1__accepts_loss_of_eligibility_after_notice() {
    let after_notice = system(
        "x",
        "verdict = \"not-eligible\"\nannounced_on = \"2025-02-01\"\neffective_on = \"2025-12-01\"",
    ) + ENTRY;
    assert!(succession(&after_notice).is_ok());
}

#[test]
fn con_depr_2__rejects_eligibility_change_without_entry() {
    let changed = system("x", "verdict = \"conditions\"");
    assert!(matches!(succession(&changed), Err(LoadError::UnannouncedChange { .. })));
    let old_entry = changed + &ENTRY.replace("2025-12-01", "2024-12-01");
    assert!(matches!(succession(&old_entry), Err(LoadError::UnannouncedChange { .. })));
    assert!(matches!(succession(""), Err(LoadError::UnannouncedChange { .. })), "a system may not vanish");
    let added = system("x", "verdict = \"eligible\"") + &system("y", "verdict = \"eligible\"");
    assert!(matches!(succession(&added), Err(LoadError::UnannouncedChange { system, .. }) if system == "y"));
}

#[test]
fn con_depr_2__accepts_announced_and_absent_changes() {
    assert!(succession(&(system("x", "verdict = \"conditions\"") + ENTRY)).is_ok());
    let unchanged = succession(&system("x", "verdict = \"eligible\"")).unwrap();
    assert_eq!(unchanged.latest().id.to_string(), "2026-01-01");
    assert!(unchanged.edition("2025-01-01").is_some());
}

#[test]
fn rejects_change_entry_for_unknown_system() {
    assert_eq!(load_one(ENTRY).unwrap_err(), LoadError::UnknownSystem("x".to_owned()));
}
