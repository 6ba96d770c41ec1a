//! What callers of Segment's Public API send besides JSON: a token, and the cursor of a page.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    segment::fuzzing::token(text);
    segment::fuzzing::cursor(text);
});
