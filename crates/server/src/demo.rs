//! The demonstration: one patient's reminder, from request to handset, and what does not happen to
//! it on the way. The server runs in this process, but every step goes over real sockets, through
//! our own proxy and our own certificates, and every step checks what it claims.

mod client;
mod running;
mod screen;
mod sink;
mod story;
mod traces;

pub(crate) use running::Running;
pub(crate) use screen::Screen;
pub(crate) use story::tell;
