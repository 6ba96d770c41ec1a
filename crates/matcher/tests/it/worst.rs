//! Texts that make detectors look as far as they may at every token: a unit of each, to be repeated.

/// None has a character that JSON writes differently.
pub const UNITS: &[&str] = &[
    "1 ",
    "1-",
    "a.",
    "A1.",
    "a@",
    "1.1.1.1.",
    "ab:",
    "MRN ",
    "MRN 1 ",
    "My Name ",
    "4111-",
    "4111 ",
    "May 1 ",
    "www.",
    "id no ",
    "10 ",
    "1 Ab Ab Ab Ab ",
    "a_",
    "+1 ",
    "http://",
];
