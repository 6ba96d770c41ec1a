//! Why a delivery failed, in the words the Debugger shows: an alert code and never a byte of the request.

use std::fmt;

use crate::url::UrlProblem;

/// A delivery that brought no answer. Carries no URL, no address, no parameter and no text from the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// The account demands https and the URL, or a redirect, says http; nothing was sent there.
    PlainHttpRefused,
    /// Every address of the host lies outside the public internet and the operator's list.
    AddressRefused,
    /// The host name does not resolve.
    Dns,
    /// The connection could not be opened.
    Connect,
    /// The connection broke before the answer was complete.
    Disconnected,
    /// Connecting took too long.
    ConnectTimeout,
    /// The answer took too long.
    ReadTimeout,
    /// The whole delivery, redirects included, took too long.
    TotalTimeout,
    /// The TLS handshake failed for another reason than the certificate.
    TlsHandshake,
    /// The certificate is for another host.
    CertificateName,
    /// The certificate has expired or is not valid yet.
    CertificateExpired,
    /// The certificate does not chain to a root that is trusted or registered; self-signed ones are here.
    CertificateUntrusted,
    /// The server wants a client certificate that we do not have, or refuses the one we showed.
    ClientCertificateRefused,
    /// The operator's proxy cannot be reached or opens no tunnel.
    Proxy,
    /// No source address of the operator's fits the destination, or the machine does not have it.
    NoSourceAddress,
    /// What came back is not HTTP.
    BadResponse,
    /// More redirects than [`crate::limits::REDIRECTS`].
    TooManyRedirects,
    /// A redirect without a usable `Location`.
    BadRedirect,
    /// The answer is larger than [`crate::limits::ANSWER_BYTES`].
    TooLarge,
    /// The URL with its parameters cannot be requested: larger than [`crate::limits::TARGET_BYTES`].
    UrlTooLong,
    /// The configured text is not a URL that can be called.
    BadUrl(UrlProblem),
    /// A rule of the guide forbids it, with the number of the refusal (`rulebook::codes`); nothing was sent.
    Refused(u32),
}

impl SendError {
    /// The code of the alert, from Twilio's public error dictionary.
    pub fn alert_code(self) -> u32 {
        match self {
            // The dictionary has no code for a forbidden scheme; "invalid URL format" is what the owner has to mend.
            SendError::PlainHttpRefused | SendError::UrlTooLong => 11100,
            // The dictionary names private addresses and localhost as a cause of 11205, not of 11210.
            SendError::AddressRefused
            | SendError::Connect
            | SendError::Disconnected
            | SendError::ConnectTimeout
            | SendError::ReadTimeout
            | SendError::TotalTimeout
            | SendError::Proxy
            | SendError::NoSourceAddress => 11205,
            SendError::Dns => 11210,
            SendError::TlsHandshake | SendError::ClientCertificateRefused => 11220,
            SendError::CertificateName => 11235,
            SendError::CertificateExpired => 11236,
            SendError::CertificateUntrusted => 11237,
            SendError::BadResponse => 11206,
            SendError::TooManyRedirects => 11215,
            SendError::BadRedirect => 11200,
            SendError::TooLarge => 11750,
            SendError::BadUrl(problem) => problem.alert_code(),
            SendError::Refused(code) => code,
        }
    }

    /// Whether the destination itself did not answer, or not with HTTP: what its circuit counts.
    pub fn is_no_answer(self) -> bool {
        let broke_off = matches!(
            self,
            SendError::Disconnected
                | SendError::ReadTimeout
                | SendError::TotalTimeout
                | SendError::BadResponse
        );
        broke_off || self.is_connect_failure()
    }

    /// Whether no connection came about for a reason that may pass, and the last host asked saw no request: the retry
    /// policy's `ct`. A certificate that is refused, theirs or ours, is refused the next second too.
    pub fn is_connect_failure(self) -> bool {
        matches!(
            self,
            SendError::Dns
                | SendError::Connect
                | SendError::ConnectTimeout
                | SendError::TlsHandshake
                | SendError::Proxy
        )
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::PlainHttpRefused => "plain http is refused for this account",
            SendError::AddressRefused => "the host's address is not on the public internet",
            SendError::Dns => "the host name does not resolve",
            SendError::Connect => "the connection could not be opened",
            SendError::Disconnected => "the connection broke before the answer was complete",
            SendError::ConnectTimeout => "connecting took too long",
            SendError::ReadTimeout => "the answer took too long",
            SendError::TotalTimeout => "the delivery took too long",
            SendError::TlsHandshake => "the TLS handshake failed",
            SendError::CertificateName => "the certificate is for another host",
            SendError::CertificateExpired => "the certificate is expired or not yet valid",
            SendError::CertificateUntrusted => "the certificate does not chain to a known root",
            SendError::ClientCertificateRefused => "the server refused our client certificate",
            SendError::Proxy => "the proxy opened no connection",
            SendError::NoSourceAddress => "no configured source address fits",
            SendError::BadResponse => "the answer is not valid HTTP",
            SendError::TooManyRedirects => "too many redirects",
            SendError::BadRedirect => "the redirect has no usable location",
            SendError::TooLarge => "the answer is too large",
            SendError::UrlTooLong => "the URL with its parameters is too long",
            SendError::BadUrl(_) => "the configured URL cannot be called",
            SendError::Refused(_) => "a rule of the guide forbids it",
        })
    }
}

impl std::error::Error for SendError {}
