//! Programmable Messaging: texts that people send and receive.

pub mod optout;
pub mod segments;
