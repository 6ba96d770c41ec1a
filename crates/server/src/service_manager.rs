//! Tells the service manager how far the program is (`sd_notify(3)`): one datagram for each state, nothing
//! when nobody listens.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::environment::variable;

/// Names the socket of the service manager.
const SOCKET: &str = "NOTIFY_SOCKET";

/// What the service manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Requests are answered.
    Ready,
    /// A stop was asked for.
    Stopping,
}

/// Tells the service manager, if there is one. That it cannot be told is no reason not to serve.
pub(crate) fn tell(state: State) {
    let text = match state {
        State::Ready => "READY=1",
        State::Stopping => "STOPPING=1",
    };
    if let Ok(Some(name)) = variable(SOCKET)
        && let Err(error) = send(&name, text)
    {
        tracing::warn!(%error, ?state, "the service manager cannot be told");
    }
}

fn send(name: &str, text: &str) -> std::io::Result<()> {
    // `@` stands for the NUL of an abstract name.
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    // A full queue must not hold up a start.
    socket.set_nonblocking(true)?;
    socket.send_to_addr(text.as_bytes(), &address).map(|_| ())
}
