//! Rows of a warehouse: whatever an event says, rows are bounded, and every name is one that needs no escaping.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use warehouse::limits;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(name) = warehouse::names::identifier(text)
    {
        assert!(is_plain(&name), "{name}");
    }
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return };
    for row in warehouse::rows(&event, "id") {
        assert!(is_plain(&row.table) && row.cells.contains_key("id"));
        assert!(row.cells.len() <= 2 * limits::CELLS);
        assert!(row.cells.keys().all(|column| is_plain(column)));
        let has_nul = |value: &Value| value.as_str().is_some_and(|text| text.contains('\0'));
        assert!(!row.cells.values().any(has_nul));
    }
});

fn is_plain(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.len() <= limits::NAME + 1 && name.bytes().all(is_part)
}
