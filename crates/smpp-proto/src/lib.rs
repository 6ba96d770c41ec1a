//! SMPP 3.4 and 5.0 as a pure state machine, from the side of the one who binds (ESME), and as far as a
//! simulator needs it from the side of the SMSC ([`smsc`]).
//!
//! Bytes and an instant go in; bytes, [`Event`]s and the next deadline come out. No sockets, no
//! clock, no tasks: an instant is the time since the connection was made, so that every run can be
//! repeated. The wire format is `rusmpp-core`'s, the behaviour is ours. Read in this order:
//! [`Session`], [`Submit`] (what goes out), [`Delivery`] (what comes in), [`Bucket`].
//!
//! Texts and numbers pass through here in the open, on their way between `Phi` and the carrier. What
//! holds them has no `Debug`.

mod delivery;
pub mod limits;
mod pace;
pub mod parsers;
mod receipt;
mod session;
pub mod smsc;
pub mod status;
mod submit;
mod wire;

pub use delivery::{Delivered, Delivery, Joined, Part, Party, Receipt};
pub use pace::Bucket;
pub use receipt::{Notice, State};
pub use session::{BindRequest, CloseReason, Event, Hold, InvalidBind, Mode, Session, Timing, Version};
pub use submit::{Concatenation, InvalidSubmit, Submit};
