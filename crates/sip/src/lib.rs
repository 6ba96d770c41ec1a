//! SIP: calls in and out, registrations, and the session descriptions that go with them.
//!
//! The crate knows nothing of accounts. Whoever uses it gives a [`Policy`], which is asked about each call and each
//! registration, and takes [`Incoming`] calls and [`Leg`]s. Media is somebody else's: an [`Sdp`] says what was agreed on.
//!
//! Nothing is logged here, and no type that holds a message is `Debug`: numbers, names, bodies and keys are in them.
//!
//! In reading order: [`message`](Message) and [`uri`](Uri) are the bytes; `transaction` repeats and answers; `dialog` is
//! what requests of a call have in common; `call` is the task of a call, and [`Leg`] its handle; [`Endpoint`] has the
//! sockets, and decides what becomes of a request outside of a call. `docs/sip.md` says what is spoken and what is not.

mod admission;
mod call;
mod dialog;
mod digest;
mod endpoint;
mod leg;
pub mod limits;
mod message;
mod net;
mod policy;
mod registrar;
pub mod sdp;
mod session_timer;
mod transaction;
mod uri;

pub use admission::Capacity;
pub use digest::{Algorithm, Credentials, Ha1};
pub use endpoint::{Endpoint, Settings, Stats};
pub use leg::{
    Control, Dial, End, Event, Failed, Incoming, Leg, Progress, Referral, Refused, Renegotiation, Target,
};
pub use message::{Frame, Message, Method, Unreadable, frame};
pub use net::{Identity, Listener, StartProblem, Trust};
pub use policy::{Asking, Authenticated, Deciding, Policy, Purpose, Transport, Verdict};
pub use sdp::Sdp;
pub use uri::{NameAddress, Parameter, Uri, UriProblem};
