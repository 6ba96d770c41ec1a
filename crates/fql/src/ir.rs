//! The form in which Segment's libraries in browsers and apps take an expression.

use serde_json::{Value, json};

use crate::expression::Expression;

impl Expression {
    /// The expression as nested lists: `["and", ["=", "event", {"value": "Seen"}], ...]`, a bare text being a path.
    /// `None` when a name in a path has a dot in it, which this form cannot say.
    pub fn ir(&self) -> Option<Value> {
        let call = |head: &str, parts: &mut dyn Iterator<Item = &Self>| -> Option<Value> {
            let mut list = vec![json!(head)];
            for part in parts {
                list.push(part.ir()?);
            }
            Some(Value::Array(list))
        };
        match self {
            Self::Literal(value) => Some(json!({ "value": value })),
            Self::Path(path) if path.names().iter().any(|name| name.contains('.')) => None,
            Self::Path(path) => Some(Value::String(path.names().join("."))),
            Self::List(parts) => Some(Value::Array(parts.iter().map(Self::ir).collect::<Option<_>>()?)),
            Self::Not(inner) => call("!", &mut [&**inner].into_iter()),
            Self::And(parts) => call("and", &mut parts.iter()),
            Self::Or(parts) => call("or", &mut parts.iter()),
            Self::Compare(comparison, left, right) => {
                call(comparison.symbol(), &mut [&**left, &**right].into_iter())
            }
            // The list of `in` holds operands, not bare values.
            Self::In(item, list) => match &**list {
                Self::Literal(Value::Array(values)) => {
                    let values: Vec<_> = values.iter().map(|value| json!({ "value": value })).collect();
                    Some(json!(["in", item.ir()?, { "value": values }]))
                }
                list => call("in", &mut [&**item, list].into_iter()),
            },
            Self::Call(function, arguments) => call(function.name(), &mut arguments.iter()),
        }
    }
}
