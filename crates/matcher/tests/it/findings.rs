//! Text, and what is in it.

use matcher::Class::{
    self, Account, Age, Biometric, Date, Device, Diagnosis, Drug, Email, Fax, Geography, HealthPlan,
    IpAddress, License, MedicalRecord, Name, OtherIdentifier, Photograph, SocialSecurity, Telephone, Url,
    Vehicle,
};

fn found(text: &str) -> Vec<(Class, &str)> {
    matcher::find(text).into_iter().map(|finding| (finding.class, &text[finding.span])).collect()
}

#[test]
fn finds_each_class() {
    let rows: &[(&str, &[(Class, &str)])] = &[
        ("Dear Jane Doe, see you soon", &[(Name, "Jane Doe")]),
        ("Mr. O'Brien called; patient: Li Wei", &[(Name, "O'Brien"), (Name, "Li Wei")]),
        ("This is Maria. Robert Smith-Jones too.", &[(Name, "Maria"), (Name, "Robert Smith-Jones")]),
        ("Lives at 1600 Old Mill Rd, Apt 4", &[(Geography, "1600 Old Mill Rd, Apt 4")]),
        ("in Springfield, IL 62704-1234 now", &[(Geography, "Springfield, IL 62704-1234")]),
        ("zip code is 94105; P.O. Box 1234", &[(Geography, "94105"), (Geography, "P.O. Box 1234")]),
        ("DOB 01/02/1980, seen 2026-11-22T10:00", &[(Date, "01/02/1980"), (Date, "2026-11-22")]),
        (
            "on 11/22, or Nov 23rd, 2026 or 24 Dec",
            &[(Date, "11/22"), (Date, "Nov 23rd, 2026"), (Date, "24 Dec")],
        ),
        ("a 94-year-old man, aged 101", &[(Age, "94"), (Age, "101")]),
        (
            "Call (415) 555-0123 or +44 20 7946 0123",
            &[(Telephone, "(415) 555-0123"), (Telephone, "+44 20 7946 0123")],
        ),
        ("text me at 4155550123, fax 415.555.0124", &[(Telephone, "4155550123"), (Fax, "415.555.0124")]),
        ("write to jane.doe+rx@mail.example.org.", &[(Email, "jane.doe+rx@mail.example.org")]),
        (
            "SSN 212-34-5678; social security number: 212345678",
            &[(SocialSecurity, "212-34-5678"), (SocialSecurity, "212345678")],
        ),
        (
            "MRN: A-0012345, medical record no. 998877",
            &[(MedicalRecord, "A-0012345"), (MedicalRecord, "998877")],
        ),
        (
            "Medicare 1EG4-TE5-MK73, member ID XYZ123456",
            &[(HealthPlan, "1EG4-TE5-MK73"), (HealthPlan, "XYZ123456")],
        ),
        (
            "card 4111 1111 1111 1111, acct 00123456",
            &[(Account, "4111 1111 1111 1111"), (Account, "00123456")],
        ),
        ("IBAN GB82 WEST 1234 5698 7654 32", &[(Account, "GB82 WEST 1234 5698 7654 32")]),
        (
            "driver's license number D1234567, NPI 1234567893, DEA AB1234563",
            &[(License, "D1234567"), (License, "1234567893"), (License, "AB1234563")],
        ),
        (
            "VIN 1M8GDM9AXKP042788, license plate 7ABC123",
            &[(Vehicle, "1M8GDM9AXKP042788"), (Vehicle, "7ABC123")],
        ),
        (
            "serial number SN-4455667, 00:1B:44:11:3A:B7",
            &[(Device, "SN-4455667"), (Device, "00:1B:44:11:3A:B7")],
        ),
        ("see https://portal.example.org/p/1?id=2.", &[(Url, "https://portal.example.org/p/1?id=2")]),
        (
            "open www.example.org or clinic.example.com/x",
            &[(Url, "www.example.org"), (Url, "clinic.example.com/x")],
        ),
        (
            "from 192.168.10.7 and 2001:db8::8a2e:370:7334",
            &[(IpAddress, "192.168.10.7"), (IpAddress, "2001:db8::8a2e:370:7334")],
        ),
        (
            "fingerprint hash 9f86d081884c7d659a2feaa0c55ad015",
            &[(Biometric, "9f86d081884c7d659a2feaa0c55ad015")],
        ),
        ("photo attached: jane_doe-1.jpg", &[(Photograph, "jane_doe-1.jpg")]),
        (
            "passport number 512345678, case #A-20231",
            &[(OtherIdentifier, "512345678"), (OtherIdentifier, "A-20231")],
        ),
        ("diagnosis: E11.9, dx code F32", &[(Diagnosis, "E11.9"), (Diagnosis, "F32")]),
        ("NDC 0002-8215-01", &[(Drug, "0002-8215-01")]),
    ];
    let wrong: Vec<_> = rows.iter().map(|(text, expected)| (text, found(text), *expected)).collect();
    let wrong: Vec<_> = wrong.into_iter().filter(|(_, found, expected)| found != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn leaves_ordinary_text_alone() {
    let rows = [
        "Hi there, your order 20231 has shipped and arrives in 3 to 5 days.",
        "Dear Patient, Dr. Smith is ready for you in Room B12.3.",
        "Call us at 1-800-555-0199 or reply STOP. Open 24/7, 9:30 to 17:00.",
        "Version 10.0.2.15 of the app is out, 1/2 the size.",
        "Your code is 482913. Do not share it.",
        "The total is $1,234.56 for 12 items, ref 000-12-3456.",
        "Take 2 tablets every 8 hours. You may 2 times a day march on.",
        "Order 4155550123 and card 4111 1111 1111 1112 are refused.",
        "In case 3 people come, group 2 waits. He is 45 years old.",
        "Great, OK. Please reply YES, NO or HELP.",
        "10:30:15 and 1.2.3 and 12-34 and 5-6-7 and 99/99/2026",
        "Ärzte grüßen, “thanks” – 50 % off",
    ];
    for text in rows {
        assert_eq!(found(text), [], "in: {text}");
    }
}

#[test]
fn a_text_may_end_in_the_middle_of_anything() {
    let text = "Dear Jane O'Doe, 415 (415) 555-0123, 212-34-5678, 4111 1111 1111 1111, 11/22/2026, 1.2.3.4, a@b.co, P.O. Box 1";
    for end in 0..=text.len() {
        for start in 0..=end {
            matcher::find(&text[start..end]);
        }
    }
}

#[test]
fn findings_ascend_and_lie_in_the_text() {
    let text = "Dear Jane Doe, +1 (415) 555-0123, Springfield, IL 62704, a@b.co, 212-34-5678";
    let findings = matcher::find(text);
    assert_eq!(findings.len(), 5);
    assert!(findings.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start));
}

proptest::proptest! {
    #[test]
    fn never_panics_on_any_text(text in ".*", pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        for text in [text, pieces.concat()] {
            for finding in matcher::find(&text) {
                assert!(text.get(finding.span).is_some_and(|found| !found.is_empty()));
            }
        }
    }
}

/// What detectors look at, to be strung together in any order.
const PIECES: &[&str] = &[
    "1", "22", "333", "4111", "2026", " ", "-", ".", "/", ":", "::", "@", "+", "(", ") ", "https://", "www",
    "com", "May", "Jan", "Jane", "Doe", "O", "'", "A1B", "MRN", "number", "is", "IL", "St", ", ", "é", "’",
    "–", "jpg", "T",
];
