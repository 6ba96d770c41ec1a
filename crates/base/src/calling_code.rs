//! Country calling codes: which country a number belongs to and how many digits it may have.
//!
//! Source: libphonenumber metadata 9.0.43. Where countries share a code the main one stands for all, except that
//! Kazakhstan is told from Russia. Lengths are necessary, not sufficient: outside the North American plan no
//! numbering ranges are checked.

use std::collections::BTreeMap;

/// One calling code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallingCode {
    /// The digits after `+`.
    pub code: u16,
    /// ISO 3166-1 alpha-2, or `None` for services that belong to no country (satellite, international toll-free).
    pub country_iso: Option<&'static str>,
    /// What is dialled before a national number inside the country; empty where nothing is.
    pub trunk_prefix: &'static str,
    /// Possible counts of national digits, ascending.
    pub lengths: &'static [u8],
}

/// Most digits a calling code has (ITU-T E.164 §6.2.1).
const LONGEST_CODE: usize = 3;

/// Code, country (empty for none), trunk prefix, lengths; ascending by code.
#[rustfmt::skip]
const ROWS: &[(u16, &str, &str, &[u8])] = &[
    (1, "US", "1", &[10]), (7, "RU", "8", &[10, 14]), (20, "EG", "0", &[8, 9, 10]),
    (27, "ZA", "0", &[5, 6, 7, 8, 9, 10]), (30, "GR", "", &[10, 11, 12]),
    (31, "NL", "0", &[5, 6, 7, 8, 9, 10, 11]), (32, "BE", "0", &[8, 9]), (33, "FR", "0", &[9]),
    (34, "ES", "", &[9]), (36, "HU", "06", &[8, 9]), (39, "IT", "", &[6, 7, 8, 9, 10, 11, 12]),
    (40, "RO", "0", &[6, 9]), (41, "CH", "0", &[9, 12]),
    (43, "AT", "0", &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13]), (44, "GB", "0", &[7, 9, 10]),
    (45, "DK", "", &[8]), (46, "SE", "0", &[6, 7, 8, 9, 10, 12]), (47, "NO", "", &[5, 8]),
    (48, "PL", "", &[6, 7, 8, 9, 10]), (49, "DE", "0", &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
    (51, "PE", "0", &[8, 9]), (52, "MX", "", &[10]), (53, "CU", "0", &[6, 7, 8, 10]),
    (54, "AR", "0", &[10, 11]), (55, "BR", "0", &[8, 9, 10, 11]), (56, "CL", "", &[9, 10, 11]),
    (57, "CO", "0", &[8, 10, 11]), (58, "VE", "0", &[10]), (60, "MY", "0", &[8, 9, 10]),
    (61, "AU", "0", &[5, 6, 7, 8, 9, 10, 12]), (62, "ID", "0", &[7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
    (63, "PH", "0", &[6, 8, 9, 10, 11, 12, 13]), (64, "NZ", "0", &[5, 6, 7, 8, 9, 10]),
    (65, "SG", "", &[8, 10, 11]), (66, "TH", "0", &[8, 9, 10, 13]),
    (81, "JP", "0", &[8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
    (82, "KR", "0", &[5, 6, 8, 9, 10, 11, 12, 13, 14]), (84, "VN", "0", &[7, 8, 9, 10]),
    (86, "CN", "0", &[7, 8, 9, 10, 11, 12]), (90, "TR", "0", &[7, 10, 12, 13]),
    (91, "IN", "0", &[8, 9, 10, 11, 12, 13]), (92, "PK", "0", &[8, 9, 10, 11, 12]), (93, "AF", "0", &[9]),
    (94, "LK", "0", &[9]), (95, "MM", "0", &[6, 7, 8, 9, 10]), (98, "IR", "0", &[4, 5, 6, 7, 10]),
    (211, "SS", "0", &[9]), (212, "MA", "0", &[9]), (213, "DZ", "0", &[8, 9]), (216, "TN", "", &[8]),
    (218, "LY", "0", &[9]), (220, "GM", "", &[7, 9]), (221, "SN", "", &[9]), (222, "MR", "", &[8]),
    (223, "ML", "", &[8]), (224, "GN", "", &[8, 9]), (225, "CI", "", &[10]), (226, "BF", "", &[8]),
    (227, "NE", "", &[8]), (228, "TG", "", &[8]), (229, "BJ", "", &[10]), (230, "MU", "", &[7, 8, 10]),
    (231, "LR", "0", &[7, 8, 9]), (232, "SL", "0", &[8]), (233, "GH", "0", &[8, 9]),
    (234, "NG", "0", &[10, 11, 12, 13, 14]), (235, "TD", "", &[8]), (236, "CF", "", &[8]),
    (237, "CM", "", &[8, 9]), (238, "CV", "", &[7]), (239, "ST", "", &[7]), (240, "GQ", "", &[9]),
    (241, "GA", "", &[7, 8]), (242, "CG", "", &[9]), (243, "CD", "0", &[7, 8, 9, 10]),
    (244, "AO", "", &[9]), (245, "GW", "", &[7, 9]), (246, "IO", "", &[7]), (247, "AC", "", &[5, 6]),
    (248, "SC", "", &[7]), (249, "SD", "0", &[9]), (250, "RW", "0", &[8, 9]), (251, "ET", "0", &[9]),
    (252, "SO", "0", &[6, 7, 8, 9]), (253, "DJ", "", &[8]), (254, "KE", "0", &[7, 8, 9, 10]),
    (255, "TZ", "0", &[9]), (256, "UG", "0", &[9]), (257, "BI", "", &[8]), (258, "MZ", "", &[8, 9]),
    (260, "ZM", "0", &[9]), (261, "MG", "0", &[9]), (262, "RE", "0", &[9]), (263, "ZW", "0", &[7, 9, 10]),
    (264, "NA", "0", &[8, 9]), (265, "MW", "0", &[7, 9]), (266, "LS", "", &[8]),
    (267, "BW", "", &[7, 8, 10]), (268, "SZ", "", &[8, 9]), (269, "KM", "", &[7]),
    (290, "SH", "", &[4, 5]), (291, "ER", "0", &[7]), (297, "AW", "", &[7]), (298, "FO", "", &[6]),
    (299, "GL", "", &[6]), (350, "GI", "", &[8]), (351, "PT", "", &[9]),
    (352, "LU", "", &[4, 5, 6, 7, 8, 9, 10, 11]), (353, "IE", "0", &[7, 8, 9, 10]),
    (354, "IS", "", &[7, 9]), (355, "AL", "0", &[6, 7, 8, 9]), (356, "MT", "", &[8]),
    (357, "CY", "", &[8]), (358, "FI", "0", &[5, 6, 7, 8, 9, 10, 11, 12]),
    (359, "BG", "0", &[6, 7, 8, 9, 12]), (370, "LT", "0", &[8]), (371, "LV", "", &[8]),
    (372, "EE", "", &[7, 8, 10]), (373, "MD", "0", &[8]), (374, "AM", "0", &[8]),
    (375, "BY", "8", &[6, 7, 8, 9, 10, 11]), (376, "AD", "", &[6, 8, 9]), (377, "MC", "0", &[8, 9]),
    (378, "SM", "", &[8, 10]), (380, "UA", "0", &[9, 10]), (381, "RS", "0", &[6, 7, 8, 9, 10, 11, 12]),
    (382, "ME", "0", &[8, 9]), (383, "XK", "0", &[8, 9, 10, 11, 12]), (385, "HR", "0", &[7, 8, 9]),
    (386, "SI", "0", &[5, 6, 7, 8]), (387, "BA", "0", &[8, 9]), (389, "MK", "0", &[8]),
    (420, "CZ", "", &[9, 10, 11, 12]), (421, "SK", "0", &[6, 7, 9]), (423, "LI", "0", &[7, 9]),
    (500, "FK", "", &[5]), (501, "BZ", "", &[7, 11]), (502, "GT", "", &[8, 11]),
    (503, "SV", "", &[7, 8, 11]), (504, "HN", "", &[8, 11]), (505, "NI", "", &[8]),
    (506, "CR", "", &[8, 10]), (507, "PA", "", &[7, 8, 10, 11]), (508, "PM", "0", &[6, 9]),
    (509, "HT", "", &[8]), (590, "GP", "0", &[9]), (591, "BO", "0", &[8, 9]), (592, "GY", "", &[7]),
    (593, "EC", "0", &[8, 9, 10, 11]), (594, "GF", "0", &[9]), (595, "PY", "0", &[6, 7, 8, 9, 10, 11]),
    (596, "MQ", "0", &[9]), (597, "SR", "", &[6, 7]),
    (598, "UY", "0", &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13]), (599, "CW", "", &[7, 8]),
    (670, "TL", "", &[7, 8]), (672, "NF", "", &[6]), (673, "BN", "", &[7]), (674, "NR", "", &[7]),
    (675, "PG", "", &[7, 8]), (676, "TO", "", &[5, 7]), (677, "SB", "", &[5, 7]), (678, "VU", "", &[5, 7]),
    (679, "FJ", "", &[7, 11]), (680, "PW", "", &[7]), (681, "WF", "", &[6, 9]), (682, "CK", "", &[5]),
    (683, "NU", "", &[4, 7]), (685, "WS", "", &[5, 6, 7, 10]), (686, "KI", "0", &[5, 8]),
    (687, "NC", "", &[6]), (688, "TV", "", &[5, 6, 7]), (689, "PF", "", &[6, 8, 9]),
    (690, "TK", "", &[4, 5, 6, 7]), (691, "FM", "", &[7]), (692, "MH", "1", &[7]), (800, "", "", &[8]),
    (808, "", "", &[8]), (850, "KP", "0", &[8, 10]), (852, "HK", "", &[5, 6, 7, 8, 9, 11]),
    (853, "MO", "", &[7, 8]), (855, "KH", "0", &[8, 9, 10]), (856, "LA", "0", &[8, 9, 10]),
    (870, "", "", &[9, 12]), (878, "", "", &[12]), (880, "BD", "0", &[6, 7, 8, 9, 10]),
    (881, "", "", &[9, 10]), (882, "", "", &[7, 8, 9, 10, 11, 12]), (883, "", "", &[8, 9, 10, 11, 12]),
    (886, "TW", "0", &[7, 8, 9, 10, 11]), (888, "", "", &[11]), (960, "MV", "", &[7, 10]),
    (961, "LB", "0", &[7, 8]), (962, "JO", "0", &[8, 9]), (963, "SY", "0", &[8, 9]),
    (964, "IQ", "0", &[8, 9, 10]), (965, "KW", "", &[7, 8]), (966, "SA", "0", &[9, 10]),
    (967, "YE", "0", &[7, 8, 9]), (968, "OM", "", &[7, 8, 9]), (970, "PS", "0", &[8, 9, 10]),
    (971, "AE", "0", &[5, 6, 7, 8, 9, 10, 11, 12]), (972, "IL", "0", &[7, 8, 9, 10, 11, 12]),
    (973, "BH", "", &[8]), (974, "QA", "", &[7, 8, 9, 11]), (975, "BT", "", &[7, 8]),
    (976, "MN", "0", &[8, 9, 10]), (977, "NP", "0", &[8, 10, 11]), (979, "", "", &[9]),
    (992, "TJ", "", &[9]), (993, "TM", "8", &[8]), (994, "AZ", "0", &[9]), (995, "GE", "0", &[9]),
    (996, "KG", "0", &[9, 10]), (998, "UZ", "", &[9]),];

/// Countries that share a calling code and therefore have no row of their own.
const SHARING: &[(&str, u16)] = &[
    ("KZ", 7),
    ("VA", 39),
    ("GG", 44),
    ("IM", 44),
    ("JE", 44),
    ("SJ", 47),
    ("CC", 61),
    ("CX", 61),
    ("EH", 212),
    ("YT", 262),
    ("TA", 290),
    ("AX", 358),
    ("BL", 590),
    ("MF", 590),
    ("BQ", 599),
    ("CA", 1),
    ("PR", 1),
    ("VI", 1),
    ("GU", 1),
    ("AS", 1),
    ("MP", 1),
    ("AG", 1),
    ("AI", 1),
    ("BB", 1),
    ("BM", 1),
    ("BS", 1),
    ("DM", 1),
    ("DO", 1),
    ("GD", 1),
    ("JM", 1),
    ("KN", 1),
    ("KY", 1),
    ("LC", 1),
    ("MS", 1),
    ("SX", 1),
    ("TC", 1),
    ("TT", 1),
    ("VC", 1),
    ("VG", 1),
];

fn row(index: usize) -> CallingCode {
    let (code, country, trunk_prefix, lengths) = ROWS[index];
    CallingCode { code, country_iso: (!country.is_empty()).then_some(country), trunk_prefix, lengths }
}

/// Splits digits that start with a calling code into the code's row and the national digits.
/// `None` when no assigned code matches. No calling code is the beginning of another.
pub fn split_calling_code(digits: &str) -> Option<(CallingCode, &str)> {
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    (1..=LONGEST_CODE).find_map(|length| {
        let code: u16 = digits.get(..length)?.parse().ok()?;
        let index = ROWS.binary_search_by_key(&code, |row| row.0).ok()?;
        Some((row(index), &digits[length..]))
    })
}

/// Every country that numbers are told to be of, as ISO 3166-1 alpha-2 in ascending order, with its calling code.
pub fn countries() -> BTreeMap<&'static str, u16> {
    let own = ROWS.iter().filter(|row| !row.1.is_empty()).map(|row| (row.1, row.0));
    let told_apart = |entry: &&(&str, u16)| entry.1 == 1 || entry.0 == "KZ";
    own.chain(SHARING.iter().filter(told_apart).copied()).collect()
}

/// The calling code of a country given as ISO 3166-1 alpha-2, in either case.
pub fn calling_code_of(country_iso: &str) -> Option<CallingCode> {
    let shared = SHARING.iter().find(|entry| entry.0.eq_ignore_ascii_case(country_iso)).map(|entry| entry.1);
    let index = match shared {
        Some(code) => ROWS.binary_search_by_key(&code, |row| row.0).ok()?,
        None => {
            ROWS.iter().position(|row| !country_iso.is_empty() && row.1.eq_ignore_ascii_case(country_iso))?
        }
    };
    Some(row(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_prefix_free() {
        assert_eq!(ROWS.len(), 215);
        for pair in ROWS.windows(2) {
            assert!(pair[0].0 < pair[1].0);
        }
        for left in ROWS {
            for right in ROWS {
                let (left, right) = (left.0.to_string(), right.0.to_string());
                assert!(left == right || !right.starts_with(&left), "{left} {right}");
            }
        }
    }

    #[test]
    fn splits_codes_of_every_width() {
        for (digits, code, country, national) in [
            ("14155552671", 1, Some("US"), "4155552671"),
            ("442079460000", 44, Some("GB"), "2079460000"),
            ("353861234567", 353, Some("IE"), "861234567"),
            ("88216123456", 882, None, "16123456"),
        ] {
            let (row, rest) = split_calling_code(digits).expect("assigned");
            assert_eq!((row.code, row.country_iso, rest), (code, country, national));
        }
        assert_eq!(split_calling_code("2101234567"), None);
        for digits in ["", "0123456", "+1415", "1 415", "९९९"] {
            assert_eq!(split_calling_code(digits), None, "{digits}");
        }
    }

    #[test]
    fn every_country_that_is_listed_has_the_code_that_it_is_listed_with() {
        let listed = countries();
        assert!(listed.len() > 200 && listed["US"] == 1 && listed["CA"] == 1 && listed["GB"] == 44);
        for (country, code) in listed {
            assert_eq!(calling_code_of(country).map(|row| row.code), Some(code), "{country}");
        }
    }

    #[test]
    fn finds_codes_by_country() {
        for (country, code) in
            [("GB", Some(44)), ("gb", Some(44)), ("CA", Some(1)), ("KZ", Some(7)), ("", None), ("ZZ", None)]
        {
            assert_eq!(calling_code_of(country).map(|row| row.code), code, "{country}");
        }
    }

    #[test]
    fn every_area_code_country_is_in_the_sharing_list() {
        for (npa, holder) in crate::nanp::AREA_CODES {
            if let crate::AreaCode::Country(country) | crate::AreaCode::Territory(country) = holder {
                assert_eq!(calling_code_of(country).map(|row| row.code), Some(1), "{npa}");
            }
        }
    }
}
