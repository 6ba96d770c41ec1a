//! Expressions and events that mean harm: bounded, and never a panic.

use fql::limits::EXPRESSION_LIMIT_BYTES;
use fql::{EvalError, Expression, Problem};
use proptest::prelude::*;
use serde_json::json;

fn problem(text: &str) -> Option<Problem> {
    Expression::parse(text).err().map(|error| error.problem)
}

#[test]
fn length_and_depth_are_bounded() {
    assert_eq!(problem(&" ".repeat(EXPRESSION_LIMIT_BYTES + 1)), Some(Problem::TooLong));
    for open in ["(", "!", "[", "length("] {
        assert_eq!(problem(&open.repeat(1_000)), Some(Problem::TooDeep), "{open}");
    }
    let wide = vec!["a = 1"; 1_000].join(" and ");
    assert_eq!(Expression::parse(&wide).unwrap().holds(&json!({"a": 1})), Ok(true));
}

#[test]
fn a_costly_pattern_ends_in_an_error() {
    let event = json!({"text": "a".repeat(32_000), "pattern": format!("*{}b", "a".repeat(400))});
    let expression = Expression::parse("match(text, pattern)").unwrap();
    assert_eq!(expression.holds(&event), Err(EvalError::Budget));
}

#[test]
fn a_costly_list_ends_in_an_error() {
    let event = json!({"list": vec![0; 16_000]});
    let part = "1 in list or ".repeat(100);
    let expression = Expression::parse(&format!("{part} false")).unwrap();
    assert_eq!(expression.holds(&event), Err(EvalError::Budget));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in r#"[a-c .()!=<>\[\],'"\\*?0-9eé+-]{0,60}|(and|or|in|match\(|length\(|a\.b|'x'| |\)|=|!){0,20}"#) {
        if let Ok(expression) = Expression::parse(&text) {
            let _ = expression.holds(&json!({"a": {"b": [1, "x"]}, "b": "é", "c": null}));
            let _ = expression.ir();
        }
    }
}
