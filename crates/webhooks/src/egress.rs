//! The way out: from which of our addresses, or through which proxy, webhooks leave, so that customers can allow-list it
//! (rule `GEN-PROXY-1`). What cannot leave that way does not leave at all.
//!
//! The proxy is told the address that was checked here (`CONNECT 203.0.113.7:443`), never the host's name: a name that
//! the proxy resolves for itself may lead it to an address that we would refuse. TLS runs inside the tunnel, so the
//! proxy sees addresses and sizes, and the certificate is still checked against the name.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use zeroize::Zeroizing;

use crate::connector::bare;
use crate::credentials::Credentials;
use crate::error::SendError;
use crate::limits;

/// What the operator decides about the way out. The default is the machine's own routing.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    /// Source addresses, of which the first of the right family is used; with some set, a destination of the other
    /// family is not reached.
    pub sources: Vec<IpAddr>,
    /// The proxy that every webhook goes through, whatever its scheme.
    pub proxy: Option<Proxy>,
}

/// An HTTP proxy that opens tunnels (RFC 9110 §9.3.6): `http://user:password@host:port`.
#[derive(Clone)]
pub struct Proxy {
    host: String,
    port: u16,
    authorization: Option<Zeroizing<String>>,
}

/// Why a text is not a proxy: it must be `http://`, a host, a port, and perhaps a user and password before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAProxy;

impl fmt::Display for NotAProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proxy is written http://host:port or http://user:password@host:port")
    }
}

impl std::error::Error for NotAProxy {}

impl FromStr for Proxy {
    type Err = NotAProxy;

    fn from_str(text: &str) -> Result<Proxy, NotAProxy> {
        let rest = text.strip_prefix("http://").ok_or(NotAProxy)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (userinfo, authority) = match rest.rsplit_once('@') {
            Some((userinfo, authority)) => (Some(userinfo), authority),
            None => (None, rest),
        };
        let (host, port) = authority.rsplit_once(':').ok_or(NotAProxy)?;
        let host = bare(host);
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
        if host.is_empty() || !host.bytes().all(is_host) {
            return Err(NotAProxy);
        }
        Ok(Proxy {
            host: host.to_owned(),
            port: port.parse().ok().filter(|port| *port != 0).ok_or(NotAProxy)?,
            authorization: userinfo.map(|userinfo| Credentials::from_userinfo(userinfo).basic()),
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl Egress {
    /// Opens a connection to a checked address.
    pub(crate) async fn dial(&self, target: SocketAddr) -> Result<TcpStream, SendError> {
        match &self.proxy {
            None => self.open(target).await,
            Some(proxy) => proxy.tunnel(self.reach(proxy).await?, target).await,
        }
    }

    /// A connection to the proxy, whose addresses the operator answers for: they are not checked.
    async fn reach(&self, proxy: &Proxy) -> Result<TcpStream, SendError> {
        let resolved = tokio::net::lookup_host((proxy.host.as_str(), proxy.port)).await;
        for address in resolved.map_err(|_| SendError::Proxy)?.take(limits::ADDRESSES_TRIED) {
            if let Ok(stream) = self.open(address).await {
                return Ok(stream);
            }
        }
        Err(SendError::Proxy)
    }

    async fn open(&self, target: SocketAddr) -> Result<TcpStream, SendError> {
        let socket = if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(|_| SendError::Connect)?;
        if !self.sources.is_empty() {
            let source = self.sources.iter().find(|source| source.is_ipv4() == target.is_ipv4());
            let source = *source.ok_or(SendError::NoSourceAddress)?;
            socket.bind(SocketAddr::new(source, 0)).map_err(|_| SendError::NoSourceAddress)?;
        }
        socket.connect(target).await.map_err(|_| SendError::Connect)
    }
}

impl Proxy {
    async fn tunnel(&self, mut stream: TcpStream, target: SocketAddr) -> Result<TcpStream, SendError> {
        let mut request = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
        if let Some(authorization) = &self.authorization {
            request.push_str("Proxy-Authorization: ");
            request.push_str(authorization);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.map_err(|_| SendError::Proxy)?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            // Nobody speaks in the tunnel before we do, so nothing but the proxy's head can arrive here.
            let mut bytes = [0; 512];
            let count = stream.read(&mut bytes).await.map_err(|_| SendError::Proxy)?;
            answer.extend_from_slice(&bytes[..count]);
            if count == 0 || answer.len() > limits::PROXY_ANSWER_BYTES {
                return Err(SendError::Proxy);
            }
        }
        if opens_tunnel(&answer) { Ok(stream) } else { Err(SendError::Proxy) }
    }
}

/// Whether a head says 2xx and is one head only.
fn opens_tunnel(head: &[u8]) -> bool {
    let ends = head.windows(4).filter(|bytes| bytes == b"\r\n\r\n").count();
    matches!(
        head,
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            b'0' | b'1',
            b' ',
            b'2',
            b'0'..=b'9',
            b'0'..=b'9',
            b' ' | b'\r',
            ..
        ]
    ) && ends == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_proxies_and_never_prints_their_password() {
        for (text, expected) in [
            ("http://proxy.example.org:3128", "http://proxy.example.org:3128"),
            ("http://user:se%40cret@10.0.0.1:80/", "http://10.0.0.1:80"),
            ("http://[fd00::1]:3128", "http://fd00::1:3128"),
        ] {
            assert_eq!(format!("{:?}", text.parse::<Proxy>().unwrap()), expected);
        }
        for text in [
            "",
            "proxy:1",
            "https://proxy:1",
            "http://proxy",
            "http://:1",
            "http://a:0",
            "http://a:x",
            "http://a b:1",
            "http://a:1/x",
        ] {
            assert_eq!(text.parse::<Proxy>().err(), Some(NotAProxy), "{text}");
        }
    }

    #[test]
    fn takes_only_a_whole_2xx_head_for_a_tunnel() {
        for (head, expected) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", true),
            ("HTTP/1.0 200\r\nVia: x\r\n\r\n", true),
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", false),
            ("HTTP/1.1 2000 x\r\n\r\n", false),
            ("SSH-2.0\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false),
        ] {
            assert_eq!(opens_tunnel(head.as_bytes()), expected, "{head}");
        }
    }
}
