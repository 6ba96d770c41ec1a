//! What a business says in a registration: tables of fields, one reader and one writer for all of them. Pure.

use base::PhoneNumber;
use errors::{ApiError, Result, codes};
use kit::Params;
use phi::Phi;
use serde_json::{Map, Value};

/// What was said, by the keys of the API. It may name people, so it is content and never a fact.
pub type Record = Map<String, Value>;

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text of this many characters.
    Text(usize, usize),
    /// A list of so many texts, each of this many characters.
    Texts(usize, usize, usize, usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// One or more of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// An address on the web; it is never called.
    Link,
    /// A phone number in E.164.
    Phone,
}

/// Whether a request must have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it the request is refused.
    Must,
    /// It stays as it is.
    May,
    /// It is no parameter of this request.
    Not,
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The parameter it comes in.
    pub parameter: &'static str,
    /// The key it is shown under.
    pub key: &'static str,
    /// What it looks like.
    pub shape: Shape,
    /// For a request that submits.
    pub new: Need,
    /// For a request that edits.
    pub edit: Need,
}

/// Reads the fields of a request over what was said before, and seals them.
///
/// # Errors
/// 20001 with the parameter's name, never with its value.
pub fn read(params: &mut Params, fields: &[Field], need: fn(&Field) -> Need) -> Result<Phi<Record>> {
    let mut record = Record::new();
    for field in fields {
        let given = match need(field) {
            Need::Not => continue,
            _ => value(params, field)?,
        };
        match given {
            Some(value) => record.insert(field.key.to_owned(), value),
            None if need(field) == Need::Must => {
                return Err(ApiError::new(codes::INVALID_PARAMETER).parameter(field.parameter));
            }
            None => None,
        };
    }
    Ok(Phi::new(record))
}

/// What was said before with what is said now over it.
pub fn over(earlier: Phi<Record>, now: Phi<Record>) -> Phi<Record> {
    earlier.zip(now).map(|(mut earlier, now)| {
        earlier.extend(now);
        earlier
    })
}

/// The fields as they are shown, in the order of the table; what was not said is `null`.
pub fn shown(record: &Record, fields: &[Field]) -> Record {
    let show = |field: &Field| (field.key.to_owned(), record.get(field.key).cloned().unwrap_or(Value::Null));
    fields.iter().map(show).collect()
}

/// A text of a record.
pub fn text<'a>(record: &'a Record, key: &str) -> Option<&'a str> {
    record.get(key).and_then(Value::as_str)
}

fn value(params: &mut Params, field: &Field) -> Result<Option<Value>> {
    let name = field.parameter;
    let wrong = || ApiError::new(codes::INVALID_PARAMETER).parameter(name);
    let fits = |text: &str, least, most| (least..=most).contains(&text.chars().count());
    match field.shape {
        Shape::Flag => Ok(params.flag(name)?.map(Value::Bool)),
        Shape::Word(words) => Ok(params.word(name, words)?.map(Value::from)),
        Shape::Words(words) => {
            let given = params.all(name);
            if !given.iter().all(|word| words.contains(&word.as_str())) {
                return Err(wrong());
            }
            Ok((!given.is_empty()).then(|| given.into()))
        }
        Shape::Texts(fewest, greatest, least, most) => {
            let given = params.all(name);
            if given.is_empty() {
                return Ok(None);
            }
            let is_right = (fewest..=greatest).contains(&given.len())
                && given.iter().all(|text| fits(text, least, most));
            is_right.then(|| Some(given.into())).ok_or_else(wrong)
        }
        Shape::Text(least, most) => one(params, name, |text| fits(text, least, most)),
        Shape::Link => one(params, name, |text| {
            url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        }),
        Shape::Phone => one(params, name, |text| PhoneNumber::parse(text).is_ok()),
    }
}

/// A text that is as it should be. An empty one says nothing.
fn one(params: &mut Params, name: &'static str, is_right: impl Fn(&str) -> bool) -> Result<Option<Value>> {
    let given = params.text(name)?.filter(|text| !text.is_empty());
    match given {
        Some(text) if !is_right(&text) => Err(ApiError::new(codes::INVALID_PARAMETER).parameter(name)),
        given => Ok(given.map(Value::from)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const fn field(shape: Shape, new: Need) -> Field {
        Field { parameter: "Value", key: "value", shape, new, edit: Need::Not }
    }

    #[track_caller]
    fn check(shape: Shape, given: &str, expected: Option<Value>) {
        let mut params = Params::decode(given.as_bytes()).expect("well-formed");
        let read = read(&mut params, &[field(shape, Need::May)], |field| field.new);
        let is_right = |record: &Record| record.get("value") == expected.as_ref();
        assert_eq!(read.is_ok_and(|record| record.learn(is_right)), expected.is_some(), "{shape:?} {given}");
    }

    #[test]
    fn values_are_of_their_shape() {
        check(Shape::Text(2, 3), "Value=abc", Some(json!("abc")));
        check(Shape::Text(2, 3), "Value=a", None);
        check(Shape::Text(2, 3), "Value=abcd", None);
        check(Shape::Texts(1, 2, 1, 3), "Value=a&Value=b", Some(json!(["a", "b"])));
        check(Shape::Texts(1, 2, 1, 3), "Value=a&Value=b&Value=c", None);
        check(Shape::Texts(1, 2, 1, 3), "Value=abcd", None);
        check(Shape::Word(&["A"]), "Value=A", Some(json!("A")));
        check(Shape::Word(&["A"]), "Value=B", None);
        check(Shape::Words(&["A", "B"]), "Value=A&Value=B", Some(json!(["A", "B"])));
        check(Shape::Words(&["A", "B"]), "Value=A&Value=C", None);
        check(Shape::Flag, "Value=true", Some(json!(true)));
        check(Shape::Flag, "Value=yes", None);
        check(Shape::Link, "Value=https://clinic.example/", Some(json!("https://clinic.example/")));
        check(Shape::Link, "Value=clinic.example", None);
        check(Shape::Link, "Value=javascript:alert(1)", None);
        check(Shape::Phone, "Value=%2B14155550100", Some(json!("+14155550100")));
        check(Shape::Phone, "Value=555", None);
    }

    #[test]
    fn what_must_be_there_must_be_there() {
        let of = |given: &str, need| {
            let mut params = Params::decode(given.as_bytes()).expect("well-formed");
            read(&mut params, &[field(Shape::Text(1, 9), need)], |field| field.new).is_ok()
        };
        assert!(of("Value=a", Need::Must) && of("", Need::May));
        assert!(!of("", Need::Must) && !of("Value=", Need::Must));
    }

    #[test]
    fn what_is_no_parameter_is_left_for_the_reader_to_refuse() {
        let mut params = Params::decode(b"Value=a").expect("well-formed");
        let read = read(&mut params, &[field(Shape::Text(1, 9), Need::May)], |field| field.edit);
        assert!(read.is_ok() && params.finish().is_err());
    }

    #[test]
    fn an_edit_goes_over_what_was_said() {
        let record = |value: Value| Phi::new(value.as_object().expect("an object").clone());
        let merged = over(record(json!({"a": 1, "b": 2})), record(json!({"b": 3})));
        assert!(merged.learn(|merged| *merged == *json!({"a": 1, "b": 3}).as_object().expect("an object")));
    }
}
