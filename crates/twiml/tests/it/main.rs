//! What `twiml` promises, tested from outside.

mod calls;
mod hostile;
mod messaging;
mod voice;
