//! Facts about phone numbers and addresses, through the public edge.

use base::{Address, NumberFault, PhoneNumber, Region, check_number};

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).expect("a number")
}

#[test]
fn accepts_numbers_the_way_people_write_them() {
    for text in ["+14155552671", "+1 (415) 555-2671", " +1.415.555.2671 ", "+1-415-555-2671"] {
        assert_eq!(
            PhoneNumber::parse(text).map(PhoneNumber::into_string),
            Ok("+14155552671".into()),
            "{text}"
        );
    }
}

#[test]
fn refuses_what_is_not_e164() {
    let too_wide = format!("+1415555{}2671", " ".repeat(64));
    for text in [
        "",
        "+",
        "++14155552671",
        "14155552671",
        "+04155552671",
        "+141555",
        "+1415555267112345",
        "+1415555267a",
        "+1415555٢٦٧١",
        "+1415 555\t2671",
        "+1415555+2671",
        &too_wide,
    ] {
        assert!(PhoneNumber::parse(text).is_err(), "{text}");
    }
}

#[test]
fn places_numbers_by_their_digits() {
    for (text, region, country) in [
        ("+14155552671", Region::UnitedStates, Some("US")),
        ("+12025550123", Region::UnitedStates, Some("US")),
        ("+12045550123", Region::OtherNanp, Some("CA")),
        ("+18765550123", Region::OtherNanp, Some("JM")),
        ("+17875550123", Region::UsTerritory, Some("PR")),
        ("+16715550123", Region::UsTerritory, Some("GU")),
        ("+18005550123", Region::UsTollFree, Some("US")),
        ("+19005550123", Region::Premium, Some("US")),
        ("+15005550006", Region::Premium, Some("US")),
        ("+17105550123", Region::Premium, Some("US")),
        ("+19995550123", Region::UnassignedNanp, None),
        ("+1415555267", Region::UnassignedNanp, None),
        ("+141555526711", Region::UnassignedNanp, None),
        ("+442079460000", Region::International, Some("GB")),
        ("+79161234567", Region::International, Some("RU")),
        ("+77011234567", Region::International, Some("KZ")),
        ("+88216123456", Region::International, None),
        ("+2101234567", Region::International, None),
    ] {
        assert_eq!((number(text).region(), number(text).country_iso()), (region, country), "{text}");
    }
    assert_eq!(number("+14155552671").us_state(), Some("CA"));
    assert_eq!(number("+18005550123").us_state(), None);
}

#[test]
fn writes_numbers_as_at_home() {
    for (text, national, code) in [
        ("+14155552671", "(415) 555-2671", Some(1)),
        ("+442079460000", "2079460000", Some(44)),
        ("+2101234567", "2101234567", None),
    ] {
        assert_eq!(number(text).national_format(), national);
        assert_eq!(number(text).country_calling_code(), code);
    }
}

#[test]
fn checks_numbers_like_lookup() {
    use NumberFault::*;
    for (text, country, expected) in [
        ("+14155552671", None, Ok("+14155552671")),
        ("(415) 555-2671", Some("US"), Ok("+14155552671")),
        ("1 415 555 2671", Some("us"), Ok("+14155552671")),
        ("020 7946 0000", Some("GB"), Ok("+442079460000")),
        ("030 123456", Some("DE"), Ok("+4930123456")),
        ("06 698 12345", Some("IT"), Ok("+390669812345")),
        ("+1415555267", None, Err(TooShort)),
        ("+1", None, Err(TooShort)),
        ("+44", None, Err(TooShort)),
        ("+141555526711", None, Err(TooLong)),
        ("+4420794600001234", None, Err(TooLong)),
        ("+4420794600", None, Err(InvalidLength)),
        ("+19995552671", None, Err(InvalidButPossible)),
        ("+14151552671", None, Err(InvalidButPossible)),
        ("+2101234567", None, Err(InvalidCountryCode)),
        ("4155552671", None, Err(InvalidCountryCode)),
        ("4155552671", Some("ZZ"), Err(InvalidCountryCode)),
        ("+0123456789", None, Err(InvalidCountryCode)),
        ("call me", Some("US"), Err(NotANumber)),
        ("", Some("US"), Err(NotANumber)),
        ("+", None, Err(NotANumber)),
    ] {
        let answer = check_number(text, country).map(PhoneNumber::into_string);
        assert_eq!(answer, expected.map(str::to_owned), "{text} {country:?}");
    }
    assert_eq!(InvalidButPossible.as_str(), "INVALID_BUT_POSSIBLE");
}

#[test]
fn reads_every_form_of_address() {
    let forms = [
        ("+1 415 555 2671", "phone", "+14155552671", "+1415555XXXX"),
        ("+1234567", "phone", "+1234567", "+XXXXXXX"),
        ("+12345678", "phone", "+12345678", "+1234XXXX"),
        ("12345", "short", "12345", "XXXXX"),
        ("123456", "short", "123456", "XXXXXX"),
        ("Clinic 24", "name", "Clinic 24", "XXXXXXXXX"),
        ("WhatsApp:+1 415 555 2671", "channel", "whatsapp:+14155552671", "whatsapp:+1415555XXXX"),
        ("messenger:jane.doe", "channel", "messenger:jane.doe", "messenger:XXXXXXXX"),
    ];
    for (text, form, wire, masked) in forms {
        let address = Address::parse(text).expect("an address");
        let kind = match &address {
            Address::Phone(_) => "phone",
            Address::ShortCode(_) => "short",
            Address::Alphanumeric(_) => "name",
            Address::Channel(_) => "channel",
        };
        assert_eq!((kind, address.as_str(), address.masked().as_str()), (form, wire, masked), "{text}");
        assert_eq!(address.phone().is_some(), form == "phone");
        assert_eq!(address.into_string(), wire);
    }
}

#[test]
fn refuses_what_is_no_address() {
    let long = format!("whatsapp:{}", "a".repeat(300));
    for text in [
        "",
        " ",
        "1234",
        "1234567",
        "4155552671",
        "415-555-2671",
        "TwelveLetter",
        "Clinic!",
        "Größe",
        "+12",
        ":x",
        "whatsapp:",
        "what sapp:+14155552671",
        "messenger:a\u{0}b",
        &long,
    ] {
        assert!(Address::parse(text).is_err(), "{text}");
    }
}

#[test]
fn channel_splits_at_the_first_colon() {
    let Ok(Address::Channel(channel)) = Address::parse("rcs:brand:agent") else { panic!("a channel") };
    assert_eq!((channel.scheme(), channel.rest()), ("rcs", "brand:agent"));
}

#[test]
fn debug_never_shows_digits() {
    for text in ["+14155552671", "12345", "Clinic", "whatsapp:+14155552671"] {
        assert_eq!(format!("{:?}", Address::parse(text)), "Ok([phone])");
    }
    assert_eq!(format!("{:?}", number("+14155552671")), "[phone]");
}
