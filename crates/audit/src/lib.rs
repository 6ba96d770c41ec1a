//! `switchward audit`: reads an account of any Twilio-compatible vendor, or a Segment workspace, and says of every
//! rule of the guide whether it holds there, with evidence.

pub mod limits;
pub mod report;
