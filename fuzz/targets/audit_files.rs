//! The files of an audit, and the facts it keeps of an API's answer: read or refused with a place, and no text kept.

#![no_main]

use audit::fact::{Fact, Keep};
use audit::files::{Attestations, Designation, Register};
use libfuzzer_sys::fuzz_target;

const WORDS: &[&str] = &["GET", "POST"];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let problems = [
        Designation::read("d", text).err(),
        Attestations::read("a", text).err(),
        Register::read("r", text).err(),
    ];
    for problem in problems.into_iter().flatten() {
        assert!(!problem.to_string().is_empty());
    }
    if let Ok(register) = Register::read("r", text) {
        assert_eq!(Register::read("again", &register.to_toml()).as_ref(), Ok(&register));
    }
    let value = serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()));
    if let Some(Fact::Words(words)) = Keep::Words(WORDS).of(&value) {
        assert!(words.iter().all(|word| WORDS.contains(&word.as_str()) || word == "other"));
    }
    if let Some(Fact::Words(words)) = Keep::Place.of(&value) {
        assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
    if let Some(Fact::Urls(urls)) = Keep::Urls.of(&value) {
        assert!(urls.iter().all(|url| !url.host.contains(['/', '?', '@'])));
    }
    for keep in [Keep::Flag, Keep::Number, Keep::Day, Keep::Sid, Keep::Filled, Keep::Length, Keep::Text] {
        let _kept = keep.of(&value);
    }
});
