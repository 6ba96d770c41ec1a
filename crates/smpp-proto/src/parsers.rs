//! The parsers of what comes from outside, as plain functions of bytes: what fuzz targets call.

use crate::{delivery, receipt, wire};

/// Reads a stream of PDUs; how many there are before the first that is none, or is not all there.
pub fn pdus(bytes: &[u8]) -> usize {
    wire::count(bytes)
}

/// Reads the text of a delivery receipt; whether it names a message and a state.
pub fn receipt(text: &[u8]) -> bool {
    receipt::read(None, None, text).is_some()
}

/// Takes the user data header off a text; whether it is well-formed.
pub fn user_data_header(octets: &[u8]) -> bool {
    delivery::split_header(octets).is_ok()
}
