//! What a NATS server says: read, waited for or refused, whole or byte by byte, with the same result.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nats::protocol::take;

fuzz_target!(|data: &[u8]| {
    let mut whole = data.to_vec();
    let mut said = Vec::new();
    let end = loop {
        match take(&mut whole) {
            Ok(Some(one)) => said.push(one),
            end => break end.map(drop),
        }
    };
    let (mut pieces, mut heard) = (Vec::new(), Vec::new());
    let mut ended = Ok(());
    'bytes: for byte in data {
        pieces.push(*byte);
        loop {
            match take(&mut pieces) {
                Ok(Some(one)) => heard.push(one),
                Ok(None) => break,
                Err(refused) => {
                    ended = Err(refused);
                    break 'bytes;
                }
            }
        }
    }
    assert_eq!((said, end), (heard, ended));
});
