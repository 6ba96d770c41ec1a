//! What key services answer, and the file of their credentials.

#![no_main]

use kms::answers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = answers::encrypted(data);
    let _ = answers::decrypted(data);
    let _ = answers::refusal(data);
    let _ = answers::ciphertext(data);
    let _ = answers::plaintext(data);
    let _ = answers::is_sealed(data);
    let _ = answers::client_token(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = answers::credentials_file(text, "default");
    }
});
