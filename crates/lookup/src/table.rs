//! The provider that needs nobody else: a small table the operator keeps, and what area codes tell.

use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;

use base::{PHONE_DIGITS_MAX, PhoneNumber, Region};
use phi::Phi;
use serde::Deserialize;

use crate::model::{Caller, CallerType, Line, LineType};
use crate::provider::{Answering, Provider};

/// Entries of the table; a list of every exchange of a state is shorter.
pub const MAX_ENTRIES: usize = 100_000;

/// Lines and callers by number or prefix; the longest prefix that says something wins.
#[derive(Debug, Default)]
pub struct LocalTable {
    entries: BTreeMap<Prefix, Entry>,
}

/// A number or the beginning of one. Whole numbers are among them, so it is not printed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Prefix(String);

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[prefix]")
    }
}

#[derive(Debug)]
struct Entry {
    line: Option<Line>,
    caller: Option<Caller>,
}

/// Why a table cannot be used. Names the entry by its place, because what it holds is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableProblem {
    /// It is not TOML of this form.
    Malformed,
    /// It has more than [`MAX_ENTRIES`].
    TooLong,
    /// The `number` of this entry (from 1) is not `+` and 1 to 15 digits.
    Number(usize),
    /// The `number` of this entry (from 1) was given before.
    Repeated(usize),
}

impl fmt::Display for TableProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the lookup table is not TOML with [[line]] entries"),
            Self::TooLong => write!(f, "the lookup table has more than {MAX_ENTRIES} entries"),
            Self::Number(place) => {
                write!(f, "the number of lookup entry {place} is not + and 1 to 15 digits")
            }
            Self::Repeated(place) => write!(f, "the number of lookup entry {place} was given before"),
        }
    }
}

impl std::error::Error for TableProblem {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    line: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    number: String,
    #[serde(rename = "type")]
    line_type: Option<LineType>,
    carrier: Option<String>,
    mobile_country_code: Option<String>,
    mobile_network_code: Option<String>,
    caller_name: Option<String>,
    caller_type: Option<CallerType>,
}

impl LocalTable {
    /// Reads the operator's table:
    ///
    /// ```
    /// let table = lookup::LocalTable::parse(r#"
    ///     [[line]]
    ///     number = "+1415555"        # a number or the beginning of one
    ///     type = "mobile"
    ///     carrier = "Example Wireless"
    ///     mobile_country_code = "310"
    ///     mobile_network_code = "456"
    ///
    ///     [[line]]
    ///     number = "+14155550123"
    ///     caller_name = "Example Clinic"
    ///     caller_type = "BUSINESS"
    /// "#);
    /// assert!(table.is_ok());
    /// ```
    ///
    /// # Errors
    /// [`TableProblem`]; the whole table is refused then.
    pub fn parse(text: &str) -> Result<Self, TableProblem> {
        // The parser's own words quote the line, which may hold a number or a name.
        let file: File = toml::from_str(text).map_err(|_| TableProblem::Malformed)?;
        if file.line.len() > MAX_ENTRIES {
            return Err(TableProblem::TooLong);
        }
        let mut entries = BTreeMap::new();
        for (index, row) in file.line.into_iter().enumerate() {
            let digits = row.number.strip_prefix('+').unwrap_or_default();
            let fits = (1..=PHONE_DIGITS_MAX).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit());
            if !fits {
                return Err(TableProblem::Number(index + 1));
            }
            let prefix = Prefix(row.number.clone());
            if entries.insert(prefix, Entry::new(row)).is_some() {
                return Err(TableProblem::Repeated(index + 1));
            }
        }
        Ok(Self { entries })
    }

    /// What the longest prefix says about which anything is said.
    fn longest<T>(&self, number: &PhoneNumber, said: impl Fn(&Entry) -> Option<T>) -> Option<T> {
        let text = number.as_str();
        (2..=text.len())
            .rev()
            .find_map(|length| self.entries.get(&Prefix(text[..length].to_owned())).and_then(&said))
    }
}

impl Entry {
    fn new(row: Row) -> Self {
        let line = row.line_type.map(|line_type| Line {
            line_type,
            carrier: row.carrier,
            mobile_country_code: row.mobile_country_code,
            mobile_network_code: row.mobile_network_code,
        });
        let caller =
            row.caller_name.map(|name| Caller { name: Phi::new(name), caller_type: row.caller_type });
        Self { line, caller }
    }
}

impl Provider for LocalTable {
    fn line<'a>(&'a self, number: &'a PhoneNumber) -> Answering<'a, Option<Line>> {
        let known = self.longest(number, |entry| entry.line.clone());
        Box::pin(ready(Ok(known.or_else(|| by_area_code(number)))))
    }

    fn caller<'a>(&'a self, number: &'a PhoneNumber) -> Answering<'a, Option<Caller>> {
        Box::pin(ready(Ok(self.longest(number, |entry| entry.caller.clone()))))
    }
}

/// What the North American plan says by itself. Carriers of these services are not told by numbers.
fn by_area_code(number: &PhoneNumber) -> Option<Line> {
    let line_type = match (number.region(), number.as_str().as_bytes().get(2)) {
        (Region::UsTollFree, _) => LineType::TollFree,
        (Region::Premium, Some(b'9')) => LineType::Premium,
        (Region::Premium, Some(b'5')) => LineType::Personal,
        _ => return None,
    };
    Some(Line { line_type, carrier: None, mobile_country_code: None, mobile_network_code: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(table: &str, number: &str) -> Option<LineType> {
        let table = LocalTable::parse(table).expect("a table");
        table
            .longest(&PhoneNumber::parse(number).expect("a number"), |entry| entry.line.clone())
            .map(|line| line.line_type)
    }

    #[test]
    fn longest_prefix_wins() {
        let table = "[[line]]\nnumber='+1415'\ntype='landline'\n[[line]]\nnumber='+1415555'\ntype='mobile'\n\
            [[line]]\nnumber='+14155550100'\ncaller_name='X'";
        assert_eq!(line_of(table, "+14155550100"), Some(LineType::Mobile));
        assert_eq!(line_of(table, "+14152000100"), Some(LineType::Landline));
        assert_eq!(line_of(table, "+14165550100"), None);
    }

    #[test]
    fn refuses_tables_without_quoting_them() {
        for (table, problem) in [
            ("[[line]]\nnumber=14155550100", TableProblem::Malformed),
            ("[[line]]\nnumber='+1'\ntype='satellite'", TableProblem::Malformed),
            ("[[line]]\nnumber='+1'\ncolour='blue'", TableProblem::Malformed),
            ("[[line]]\nnumber='14155550100'", TableProblem::Number(1)),
            ("[[line]]\nnumber='+1'\n[[line]]\nnumber='+1 415'", TableProblem::Number(2)),
            ("[[line]]\nnumber='+1'\n[[line]]\nnumber='+1'", TableProblem::Repeated(2)),
        ] {
            let found = LocalTable::parse(table).expect_err(table);
            assert_eq!(found, problem, "{table}");
            assert!(!found.to_string().contains("415"), "{table}");
        }
    }

    #[test]
    fn area_codes_tell_toll_free_premium_and_personal() {
        for (number, line_type) in [
            ("+18005550100", Some(LineType::TollFree)),
            ("+19005550100", Some(LineType::Premium)),
            ("+15005550100", Some(LineType::Personal)),
            ("+17005550100", None),
            ("+14155550100", None),
            ("+442071838750", None),
        ] {
            let number = PhoneNumber::parse(number).expect("a number");
            assert_eq!(by_area_code(&number).map(|line| line.line_type), line_type);
        }
    }
}
