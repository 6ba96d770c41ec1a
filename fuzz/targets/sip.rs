//! What peers write: messages in datagrams, and streams that are cut into messages.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::limits::MESSAGE_BYTES;
use sip::{Frame, Message, NameAddress, Uri, frame};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Message::read(data) {
        assert!(data.len() <= MESSAGE_BYTES);
        message.examine();
    }
    let mut rest = data;
    while let Ok(found) = frame(rest) {
        let length = match found {
            Frame::Incomplete => break,
            Frame::Ping(length) | Frame::Blank(length) | Frame::Message(length) => length,
        };
        assert!(length > 0 && length <= rest.len());
        if let Frame::Message(length) = found
            && let Ok(message) = Message::read(&rest[..length])
        {
            message.examine();
        }
        rest = &rest[length..];
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(uri) = Uri::parse(text) {
            assert!(Uri::parse(&uri.text()).is_ok_and(|again| again == uri));
        }
        if let Ok(address) = NameAddress::parse(text) {
            assert!(NameAddress::parse(&address.text()).is_ok());
        }
    }
});
