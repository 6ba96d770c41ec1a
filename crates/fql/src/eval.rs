//! What an expression says about an event.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde_json::{Number, Value};

use crate::expression::{Comparison, Expression};
use crate::functions;
use crate::limits::STEP_LIMIT;

/// Why an expression has no value for an event. The event is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// A value of another type than the operator or function takes.
    Type,
    /// A text that cannot be what was asked for: a number, a truth value, a version, a pattern.
    Text,
    /// More than [`STEP_LIMIT`] steps.
    Budget,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "a value is of a type that the operator or function does not take",
            Self::Text => "a text is not of the form that the function takes",
            Self::Budget => "the expression costs too much for this event",
        })
    }
}

impl std::error::Error for EvalError {}

pub(crate) type Evaluated<'a> = Result<Cow<'a, Value>, EvalError>;

/// What is left of an evaluation's steps.
pub(crate) struct Budget(pub(crate) u32);

impl Budget {
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), EvalError> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.0.checked_sub(steps));
        self.0 = left.ok_or(EvalError::Budget)?;
        Ok(())
    }
}

impl Expression {
    /// Whether the expression holds for an event. `null` does not; any other value that is no truth value is an
    /// error.
    pub fn holds(&self, event: &Value) -> Result<bool, EvalError> {
        self.truth(event, &mut Budget(STEP_LIMIT))
    }

    /// The value of the expression for an event.
    pub fn value(&self, event: &Value) -> Result<Value, EvalError> {
        self.evaluate(event, &mut Budget(STEP_LIMIT)).map(Cow::into_owned)
    }

    fn truth(&self, event: &Value, budget: &mut Budget) -> Result<bool, EvalError> {
        match *self.evaluate(event, budget)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null => Ok(false),
            _ => Err(EvalError::Type),
        }
    }

    fn evaluate<'a>(&'a self, event: &'a Value, budget: &mut Budget) -> Evaluated<'a> {
        budget.spend(1)?;
        let truth = match self {
            Self::Literal(value) => return Ok(Cow::Borrowed(value)),
            Self::Path(path) => return Ok(path.get(event).map_or(Cow::Owned(Value::Null), Cow::Borrowed)),
            Self::List(parts) => {
                let values = parts.iter().map(|part| part.evaluate(event, budget).map(Cow::into_owned));
                return Ok(Cow::Owned(Value::Array(values.collect::<Result<_, _>>()?)));
            }
            Self::Call(function, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(argument.evaluate(event, budget)?);
                }
                return functions::call(*function, values, budget);
            }
            Self::Not(inner) => match *inner.evaluate(event, budget)? {
                Value::Bool(truth) => !truth,
                _ => return Err(EvalError::Type),
            },
            Self::And(parts) => all(parts, |part| part.truth(event, budget))?,
            Self::Or(parts) => !all(parts, |part| part.truth(event, budget).map(|truth| !truth))?,
            Self::Compare(comparison, left, right) => {
                let (left, right) = (left.evaluate(event, budget)?, right.evaluate(event, budget)?);
                compare(*comparison, &left, &right, budget)?
            }
            Self::In(item, list) => {
                let (item, list) = (item.evaluate(event, budget)?, list.evaluate(event, budget)?);
                is_in(&item, &list, budget)?
            }
        };
        Ok(Cow::Owned(Value::Bool(truth)))
    }
}

/// Whether `holds` for each part, up to the first for which it does not.
fn all(
    parts: &[Expression],
    mut holds: impl FnMut(&Expression) -> Result<bool, EvalError>,
) -> Result<bool, EvalError> {
    for part in parts {
        if !holds(part)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare(
    comparison: Comparison,
    left: &Value,
    right: &Value,
    budget: &mut Budget,
) -> Result<bool, EvalError> {
    let ordering = match comparison {
        Comparison::Equal => return same(left, right, budget),
        Comparison::NotEqual => return same(left, right, budget).map(|same| !same),
        _ => match (left, right) {
            (Value::Number(left), Value::Number(right)) => order(left, right),
            // An absent field is neither more nor less than anything.
            (Value::Null, Value::Number(_) | Value::Null) | (Value::Number(_), Value::Null) => {
                return Ok(false);
            }
            _ => return Err(EvalError::Type),
        },
    };
    Ok(match comparison {
        Comparison::Less => ordering.is_lt(),
        Comparison::AtMost => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        _ => ordering.is_ge(),
    })
}

fn is_in(item: &Value, list: &Value, budget: &mut Budget) -> Result<bool, EvalError> {
    match (item, list) {
        (Value::Array(_) | Value::Object(_), _) => Err(EvalError::Type),
        (_, Value::Null) => Ok(false),
        (item, Value::Array(list)) => {
            for element in list {
                if same(item, element, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(EvalError::Type),
    }
}

/// Whether two values are of one type and equal. The order of an object's fields does not count.
fn same(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, EvalError> {
    budget.spend(1)?;
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Ok(order(left, right).is_eq()),
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right) {
                if !same(left, right, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(left), Value::Object(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (name, left) in left {
                let Some(right) = right.get(name) else { return Ok(false) };
                if !same(left, right, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Ok(left == right),
    }
}

/// Two integers of 64 bits exactly, any other pair as `f64`, which a JSON number always fits.
pub(crate) fn order(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => {
            let (left, right) = (left.as_f64().unwrap_or_default(), right.as_f64().unwrap_or_default());
            left.partial_cmp(&right).unwrap_or(Ordering::Equal)
        }
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}
