//! What MMSCs say: bodies in parts with an envelope, and answers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mm7::limits::PARTS;
use mm7::{mime, soap};

fuzz_target!(|data: &[u8]| {
    // The first line is the content type.
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let kind = String::from_utf8_lossy(&data[..end]);
    if let Ok(related) = mime::read(&kind, data.get(end + 1..).unwrap_or_default()) {
        assert!(related.leaves.len() < PARTS);
        related.leaves.iter().for_each(|leaf| drop(mime::text(leaf)));
        drop(soap::read_told(&related.root));
    }
    drop(soap::read_answer(data));
});
