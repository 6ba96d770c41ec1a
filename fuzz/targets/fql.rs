//! The filter language: an expression and an event, parted by the first line break. Read, or refused within its
//! limits; whatever it says, it says again.

#![no_main]

use fql::Expression;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (expression, event) = text.split_once('\n').unwrap_or((text, "null"));
    let Ok(expression) = Expression::parse(expression) else { return };
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let held = expression.holds(&event);
    // What it does not read cannot change what it says, unless it takes a position in a list.
    let is_positional =
        expression.reads().paths().iter().any(|path| path.names().iter().any(|name| name.parse::<usize>().is_ok()));
    if !is_positional {
        assert_eq!(expression.holds(&expression.reads().keep(&event)), held);
    }
});
