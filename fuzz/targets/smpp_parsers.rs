//! What SMSCs write apart from the session: streams of PDUs, texts of receipts, headers of texts in parts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smpp_proto::limits::HEADER_BYTES;
use smpp_proto::parsers;

fuzz_target!(|data: &[u8]| {
    assert!(parsers::pdus(data) <= data.len() / HEADER_BYTES);
    parsers::receipt(data);
    parsers::user_data_header(data);
});
