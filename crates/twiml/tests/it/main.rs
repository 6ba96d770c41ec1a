//! What `twiml` promises, tested from outside.

mod messaging;
