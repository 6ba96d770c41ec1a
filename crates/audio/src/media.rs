//! What signalling hands over: how a session's audio is coded, where it goes and under which keys.

use std::net::SocketAddr;

use crate::{Codec, SrtpKeys};

/// What two sides agreed on by offer and answer (RFC 3264).
#[derive(Clone)]
pub struct Media {
    /// How audio is coded, both ways.
    pub codec: Codec,
    /// The payload type of audio; [`Codec::payload_type`] unless the SDP says otherwise.
    pub payload_type: u8,
    /// The payload type of `telephone-event/8000`, when the other side takes digits that way.
    pub telephone_event: Option<u8>,
    /// Where audio is sent to, as the SDP says; `None` while only what comes in can tell.
    pub remote: Option<SocketAddr>,
    /// Where reports go.
    pub reports: Reports,
    /// Which way audio flows, seen from here.
    pub direction: Direction,
    /// The keys of SRTP. With keys nothing is sent or taken in the clear.
    pub keys: Option<SrtpKeys>,
    /// Whether audio goes to where audio comes from when that is elsewhere than the SDP says: callers behind NAT.
    /// The first source that is valid (under SRTP: that has the key) is kept, whatever comes later.
    pub symmetric: bool,
}

impl Media {
    /// Plain G.711 both ways, as the static payload types have it, with digits as payload type 101.
    pub fn plain(codec: Codec, remote: SocketAddr) -> Self {
        Self {
            codec,
            payload_type: codec.payload_type(),
            telephone_event: Some(101),
            remote: Some(remote),
            reports: Reports::NextPort,
            direction: Direction::Both,
            keys: None,
            symmetric: true,
        }
    }

    /// The same under these keys.
    pub fn secured(self, keys: SrtpKeys) -> Self {
        Self { keys: Some(keys), ..self }
    }
}

/// Where RTCP goes and comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// The port of the audio (`a=rtcp-mux`).
    SamePort,
    /// The port after that of the audio.
    NextPort,
    /// Where `a=rtcp` says.
    At(SocketAddr),
    /// Nowhere.
    None,
}

/// Which way audio flows, seen from here (RFC 3264 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `sendrecv`.
    Both,
    /// `sendonly`.
    SendOnly,
    /// `recvonly`.
    ReceiveOnly,
    /// `inactive`.
    Inactive,
}

impl Direction {
    /// Whether we send.
    pub const fn sends(self) -> bool {
        matches!(self, Self::Both | Self::SendOnly)
    }

    /// Whether we take what comes.
    pub const fn receives(self) -> bool {
        matches!(self, Self::Both | Self::ReceiveOnly)
    }
}
