//! Mappings: a mapping and an event, each JSON, parted by the first line break. Read or refused within the limits;
//! what is built depends on nothing that the mapping is not said to read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mapping::Mapping;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((mapping, event)) = text.split_once('\n') else { return };
    let (Ok(mapping), Ok(event)) = (serde_json::from_str(mapping), serde_json::from_str::<Value>(event)) else { return };
    let Ok(mapping) = Mapping::parse(&mapping) else { return };
    let kept = mapping.reads().keep(&event);
    // Whether the limit of work is met does depend on more.
    if let (Ok(of_kept), Ok(of_event)) = (mapping.apply(&kept), mapping.apply(&event)) {
        assert_eq!(of_kept, of_event);
    }
});
