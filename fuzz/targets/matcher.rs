//! The PHI matcher: findings ascend, lie in the text, and never split a character.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut end = 0;
    for finding in matcher::find(text) {
        assert!(
            finding.span.start >= end
                && text.get(finding.span.clone()).is_some_and(|found| !found.is_empty())
        );
        end = finding.span.end;
    }
});
