//! Where a request came from, as the listener saw it.

use std::net::IpAddr;

/// Set by `server` on every request, before routing.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Scheme, host and product prefix to put before absolute links, as the caller reached us:
    /// `https://lookups.twilio.com`, `http://127.0.0.1:8080/lookups`.
    pub base_url: String,
    /// The caller's address.
    pub peer: IpAddr,
    /// Whether the request came over TLS.
    pub secure: bool,
}

impl Origin {
    /// Whether the caller is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.peer.is_loopback()
    }
}
