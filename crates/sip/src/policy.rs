//! What the endpoint asks of whoever knows accounts: may this request be served, and whose is it.

use std::net::SocketAddr;
use std::pin::Pin;

use crate::digest::{Algorithm, Ha1};

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// In the clear, in datagrams.
    Udp,
    /// In the clear, over a connection.
    Tcp,
    /// Over TLS.
    Tls,
}

impl Transport {
    /// The name as a URI's `transport` parameter has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// The name as Via has it.
    pub(crate) fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// Whether what travels is protected.
    pub fn is_secure(self) -> bool {
        self == Self::Tls
    }
}

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A call (INVITE).
    Call,
    /// A registration (REGISTER).
    Registration,
}

/// A request from outside, before anything is done for it.
///
/// It is not `Debug`: it names people.
pub struct Asking {
    /// What it wants.
    pub purpose: Purpose,
    /// Where it came from.
    pub source: SocketAddr,
    /// How it came.
    pub transport: Transport,
    /// The host of the Request-URI: which domain of ours is meant.
    pub domain: String,
    /// The user of the Request-URI, with its escapes undone.
    pub callee: String,
    /// The address-of-record in To: what a registration binds.
    pub address_of_record: String,
    /// The address-of-record in From, which anybody can write.
    pub caller: String,
    /// Who it is, once a password was checked.
    pub authenticated: Option<Authenticated>,
}

/// A user whose password was right.
pub struct Authenticated {
    /// The realm of the password.
    pub realm: String,
    /// The user.
    pub username: String,
}

/// What the policy decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is served.
    Serve {
        /// Whether media must be protected: a call that offers or answers it in the clear is refused with 488.
        secure_media: bool,
    },
    /// It must show a password of this realm. After that the policy is asked again, with `authenticated`.
    Authenticate {
        /// The realm, which the caller sees.
        realm: String,
    },
    /// It is refused with this status (4xx to 6xx).
    Refuse(u16),
    /// It is not answered at all: a scanner learns nothing.
    Ignore,
}

/// The future of a decision.
pub type Deciding<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Decides for the endpoint. Each question has [`limits::POLICY`](crate::limits::POLICY) of time; without an answer
/// the request is refused with 500.
pub trait Policy: Send + Sync + 'static {
    /// Whether a request is served.
    fn decide<'a>(&'a self, asking: &'a Asking) -> Deciding<'a, Verdict>;

    /// The secret of a user in a realm for an algorithm; `None` when there is no such user or no such digest.
    ///
    /// The user's name is what the request claims; it is not PHI of ours before it is known, and must not be kept.
    fn secret<'a>(
        &'a self,
        realm: &'a str,
        username: &'a str,
        algorithm: Algorithm,
    ) -> Deciding<'a, Option<Ha1>>;
}
