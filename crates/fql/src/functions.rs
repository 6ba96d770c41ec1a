//! The functions. `null` in, a default out, so that filters need not ask first whether a field is there.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::eval::{Budget, EvalError, Evaluated};
use crate::expression::Function;
use crate::glob::Glob;

/// Applies a function to as many values as it takes.
pub(crate) fn call<'a>(
    function: Function,
    values: Vec<Cow<'a, Value>>,
    budget: &mut Budget,
) -> Evaluated<'a> {
    let value = match (function, values.as_slice()) {
        (Function::Contains, [text, part]) => Value::Bool(match texts([text, part])? {
            Some([text, part]) => text.contains(part),
            None => false,
        }),
        (Function::Match, [text, pattern]) => Value::Bool(match texts([text, pattern])? {
            Some([text, pattern]) => {
                budget.spend(pattern.len())?;
                let glob = Glob::parse(pattern).ok_or(EvalError::Text)?;
                glob.matches(text, &mut budget.0).ok_or(EvalError::Budget)?
            }
            None => false,
        }),
        (Function::Semver, [left, operator, right]) => Value::Bool(match texts([left, operator, right])? {
            Some([left, operator, right]) => semver(left, operator, right)?,
            None => false,
        }),
        (Function::Length, [value]) => Value::from(match &**value {
            Value::Null => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.len(),
            _ => return Err(EvalError::Type),
        }),
        (Function::Lowercase, [text]) => cased(text, str::to_lowercase)?,
        (Function::Uppercase, [text]) => cased(text, str::to_uppercase)?,
        (Function::Snakecase, [text]) => cased(text, |text| text.replace(' ', "_"))?,
        (Function::Kebabcase, [text]) => cased(text, |text| text.replace(' ', "-"))?,
        (Function::Titlecase, [text]) => cased(text, titlecase)?,
        (Function::Typeof, [value]) => Value::from(match &**value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        }),
        (Function::Bool, [value]) => Value::Bool(truth(value)?),
        (Function::String, [value]) => match &**value {
            Value::Null | Value::String(_) => value.clone().into_owned(),
            Value::Object(_) => return Err(EvalError::Type),
            other => Value::String(other.to_string()),
        },
        (Function::Number, [value]) => match &**value {
            Value::Null | Value::Number(_) => value.clone().into_owned(),
            Value::String(text) => {
                serde_json::from_str::<Number>(text.trim()).map_err(|_| EvalError::Text)?.into()
            }
            _ => return Err(EvalError::Type),
        },
        // The parser counts the arguments; an expression put together by hand is judged here.
        _ => return Err(EvalError::Type),
    };
    Ok(Cow::Owned(value))
}

/// All values as texts; `None` when one is `null`.
fn texts<'v, const N: usize>(values: [&'v Cow<'_, Value>; N]) -> Result<Option<[&'v str; N]>, EvalError> {
    let mut texts = [""; N];
    let mut is_null = false;
    for (text, value) in texts.iter_mut().zip(values) {
        match &**value {
            Value::String(value) => *text = value,
            Value::Null => is_null = true,
            _ => return Err(EvalError::Type),
        }
    }
    Ok((!is_null).then_some(texts))
}

fn cased(value: &Value, change: impl Fn(&str) -> String) -> Result<Value, EvalError> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::String(text) => Ok(Value::String(change(text))),
        _ => Err(EvalError::Type),
    }
}

fn titlecase(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut begins = true;
    for character in text.chars() {
        if begins {
            titled.extend(character.to_uppercase());
        } else {
            titled.push(character);
        }
        begins = character.is_whitespace();
    }
    titled
}

fn truth(value: &Value) -> Result<bool, EvalError> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(truth) => Ok(*truth),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::Array(items) => Ok(!items.is_empty()),
        Value::String(text) => match text.as_str() {
            "true" => Ok(true),
            "false" | "" => Ok(false),
            _ => Err(EvalError::Text),
        },
        Value::Object(_) => Err(EvalError::Type),
    }
}

fn semver(left: &str, operator: &str, right: &str) -> Result<bool, EvalError> {
    let ordering = version(left)?.cmp(&version(right)?);
    Ok(match operator {
        "=" => ordering == Ordering::Equal,
        "!=" => ordering != Ordering::Equal,
        ">" => ordering == Ordering::Greater,
        ">=" => ordering != Ordering::Less,
        "<" => ordering == Ordering::Less,
        "<=" => ordering != Ordering::Greater,
        _ => return Err(EvalError::Text),
    })
}

/// One to three numbers between dots; what follows the digits of one (`3-beta`) does not count.
fn version(text: &str) -> Result<[u64; 3], EvalError> {
    let mut version = [0; 3];
    for (index, part) in text.split('.').enumerate() {
        let part = part.trim();
        let digits = part.len() - part.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        let place = version.get_mut(index).ok_or(EvalError::Text)?;
        *place = part[..digits].parse().map_err(|_| EvalError::Text)?;
    }
    Ok(version)
}
