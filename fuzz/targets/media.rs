//! Media: what bytes are is told by their beginning alone, and a range never leaves them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use messaging::media::kind::{LOOKED_AT, sniff};
use messaging::media::range::{Asked, parse};

fuzz_target!(|data: &[u8]| {
    let start = &data[..data.len().min(LOOKED_AT)];
    assert_eq!(sniff(start), sniff(data), "what follows the beginning changes nothing");
    let size = u64::from(data.first().copied().unwrap_or_default());
    if let Asked::Part(range) = parse(std::str::from_utf8(data).ok(), size) {
        assert!(range.start < range.end && range.end <= size);
    }
});
