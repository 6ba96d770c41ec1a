//! The form of a request: what is accepted is read as the WHATWG's form decoder reads it.

#![no_main]

use kit::Params;
use libfuzzer_sys::fuzz_target;
use url::form_urlencoded;

fuzz_target!(|data: &[u8]| {
    let Ok(mut params) = Params::decode(data) else { return };
    let pairs: Vec<_> = form_urlencoded::parse(data).collect();
    for (name, _) in &pairs {
        let expected: Vec<_> =
            pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_ref()).collect();
        let taken = params.all(name);
        assert!(taken.is_empty() || taken == expected, "two readings of one form");
    }
    let mut params = Params::decode(data).expect("it was accepted before");
    // Every kind of reader, over names that the input can guess.
    let _ = params.flag("Flag");
    let _ = params.integer("PageSize", 1..=1000);
    let _ = params.word("Word", &["a", "b"]);
    let _ = params.phi("Body");
    let _ = params.text("To");
    let _ = params.finish();
});
