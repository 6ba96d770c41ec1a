//! The parts of a backup that are read before anything is decrypted, and its manifest.

#![no_main]

use backup::{Header, Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Manifest::parse(data);
    let _ = Header::read(&mut &*data);
});
