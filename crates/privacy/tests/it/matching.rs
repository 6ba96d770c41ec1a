//! Who recognises a field, by its key and by what stands in it.

use paths::Path;
use privacy::{Colour, CustomMatcher, How, Matchers, PACK, Unusable, Where, limits};

fn path(text: &str) -> Path {
    Path::parse_loosely(text).unwrap()
}

fn by_key(text: &str) -> Option<String> {
    Matchers::default().by_key(&path(text)).map(|matched| matched.matcher)
}

fn by_value(key: &str, value: &str) -> Option<String> {
    Matchers::default().by_value(&path(key), value).map(|matched| matched.matcher)
}

/// For each identifier of 45 CFR 164.514(b)(2)(i): its letter, a matcher, a key, and a value under a key that says
/// nothing.
const SAFE_HARBOR: [(char, &str, &str, &str); 19] = [
    ('A', "name", "traits.firstName", "Dear Jane Doe, see you soon"),
    ('B', "geography", "traits.address.city", "Lives at 1600 Old Mill Rd, Apt 4"),
    ('C', "date", "properties.admission_date", "seen 11/22/2026"),
    ('C', "age", "traits.age", "a 94-year-old man"),
    ('D', "telephone", "traits.phone", "Call (415) 555-0123"),
    ('E', "fax", "traits.faxNumber", "fax 415.555.0124"),
    ('F', "email", "traits.email", "jane.doe@mail.example.org"),
    ('G', "social_security", "properties.ssn", "SSN 212-34-5678"),
    ('H', "medical_record", "properties.mrn", "MRN: A-0012345"),
    ('I', "health_plan", "traits.insuranceId", "Medicare 1EG4-TE5-MK73"),
    ('J', "account", "properties.credit_card", "card 4111 1111 1111 1111"),
    ('K', "license", "traits.license", "driver's license number D1234567"),
    ('L', "vehicle", "properties.vin", "VIN 1M8GDM9AXKP042788"),
    ('M', "device", "properties.serialNumber", "serial number SN-4455667"),
    ('N', "url", "traits.website", "https://portal.example.org/p/1?id=2"),
    ('O', "ip_address", "context.ip", "from 192.168.10.7"),
    ('P', "biometric", "properties.fingerprint", "fingerprint hash 9f86d081884c7d659a2feaa0c55ad015"),
    ('Q', "photograph", "traits.avatar", "photo attached: jane_doe-1.jpg"),
    ('R', "other_identifier", "properties.claimNumber", "passport number 512345678"),
];

#[test]
fn priv_match_1__refuses_to_pass_over_any_of_the_18_identifiers_by_key_or_value() {
    for (letter, matcher, key, value) in SAFE_HARBOR {
        assert_eq!(by_key(key).as_deref(), Some(matcher), "{letter} {key}");
        assert_eq!(by_value("properties.note", value).as_deref(), Some(matcher), "{letter} {value}");
    }
    let letters: std::collections::BTreeSet<_> = SAFE_HARBOR.iter().map(|row| row.0).collect();
    assert_eq!(letters.into_iter().collect::<String>(), "ABCDEFGHIJKLMNOPQR");
    // Segment's defaults, and the words of clinical data.
    let red = ["ssn", "password", "visa", "veteran", "disability", "creditCard", "passport", "token"];
    let yellow = [
        "race",
        "birthdate",
        "phone",
        "address",
        "gender",
        "ethnicity",
        "citizenship",
        "name",
        "street",
        "city",
        "zipcode",
        "email",
        "certificate",
        "license",
        "identification",
        "serial",
        "ip",
        "photo",
        "salary",
        "religion",
        "mac",
        "sex",
        "sexualOrientation",
        "medication",
        "allergy",
        "condition",
        "diagnosis",
        "procedure",
        "lab_result",
        "bloodPressure",
        "hiv_status",
        "pregnant",
        "immunization",
    ];
    let colour = |key: &str| {
        let path = Path::of(["traits", key]);
        Matchers::default().by_key(&path).map(|matched| matched.colour)
    };
    for key in red {
        assert_eq!(colour(key), Some(Colour::Red), "{key}");
    }
    for key in yellow {
        assert_eq!(colour(key), Some(Colour::Yellow), "{key}");
    }
    // The key is the word before the value.
    assert_eq!(by_value("properties.mrn", "00123456").as_deref(), Some("medical_record"));
}

#[test]
fn priv_match_1__allows_ordinary_fields_to_go_unrecognised() {
    for key in [
        "event",
        "context.library.name",
        "context.app.name",
        "context.campaign.name",
        "context.os.name",
        "properties.plan",
        "properties.quantity",
        "properties.product_id",
        "properties.nameless",
        "properties.package",
        "properties.pinned",
        "properties.average",
        "context.page.title",
        "context.library.version",
    ] {
        assert_eq!(by_key(key), None, "{key}");
    }
    for value in ["Order 20231 has shipped", "blue", "1234", "true", "", "4111 1111 1111 1112"] {
        assert_eq!(by_value("properties.note", value), None, "{value}");
    }
    // Every page has an address; that is what the context's pages are about.
    assert_eq!(by_value("context.page.url", "https://www.example.org/"), None);
}

#[test]
fn names_of_the_pack_are_words_and_stand_once() {
    let mut names: Vec<_> = PACK.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PACK.len());
    for class in matcher::Class::ALL {
        assert_eq!(PACK.iter().filter(|row| row.classes.contains(&class)).count(), 1, "{class:?}");
    }
}

fn custom(on: Where, how: How) -> CustomMatcher {
    CustomMatcher { name: "Ours".to_owned(), colour: Colour::Red, on, how }
}

#[test]
fn a_customers_matchers_come_first() {
    let check = |on, how, key: &str, value: &str, expected: bool| {
        let matchers = Matchers::new(&[custom(on, how)]).unwrap();
        let path = path(key);
        let matched = match on {
            Where::Key => matchers.by_key(&path),
            Where::Value => matchers.by_value(&path, value),
        };
        let is_ours = matched.is_some_and(|matched| matched.matcher == "custom:Ours");
        assert_eq!(is_ours, expected, "{key} {value}");
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    check(Where::Key, How::Exact(words(&["ward number"])), "properties.wardNumber", "", true);
    check(Where::Key, How::Exact(words(&["ward number"])), "properties.wardNumbers", "", false);
    check(Where::Key, How::Similar(words(&["ward number"])), "properties.ward_numbers", "", true);
    check(Where::Key, How::Similar(words(&["ward number"])), "properties.quantity", "", false);
    check(Where::Key, How::Pattern("(?i)^ward".to_owned()), "properties.WardX", "", true);
    check(Where::Key, How::Exact(words(&["email"])), "traits.email", "", true);
    check(Where::Value, How::Exact(words(&["Ward 7"])), "properties.x", "Ward 7", true);
    check(Where::Value, How::Exact(words(&["Ward 7"])), "properties.x", "ward 7", false);
    check(Where::Value, How::Pattern(r"\bW-\d{4}\b".to_owned()), "properties.x", "in W-1234 now", true);
    check(Where::Value, How::Pattern(r"\bW-\d{4}\b".to_owned()), "properties.x", "in W-123 now", false);
}

#[test]
fn refuses_matchers_that_cannot_be_used() {
    let check = |how: How, expected: Unusable| {
        assert_eq!(custom(Where::Key, how).check(), Err(expected));
    };
    check(How::Exact(Vec::new()), Unusable::Words);
    check(How::Exact(vec!["--".to_owned()]), Unusable::Words);
    check(How::Exact(vec!["x".to_owned(); limits::MATCHER_WORDS + 1]), Unusable::Words);
    check(How::Similar(vec!["x".repeat(limits::WORD + 1)]), Unusable::Words);
    for pattern in ["", "(?=a)", r"(a)\1", "(a{100}){100}", "[", "a*", &"(".repeat(60)] {
        check(How::Pattern(pattern.to_owned()), Unusable::Pattern);
    }
    check(How::Pattern("a".repeat(limits::PATTERN_BYTES + 1)), Unusable::Pattern);
    let unnamed = CustomMatcher { name: " ".to_owned(), ..custom(Where::Key, How::Pattern("a".to_owned())) };
    assert_eq!(unnamed.check(), Err(Unusable::Name));
}
