//! Facts about TwiML, one module per kind of document and one for what runs them.

mod calls;
mod hostile;
mod messaging;
mod voice;
