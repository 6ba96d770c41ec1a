//! The way to a host: directly, or through the proxy that SDKs would use; and never to an address inside our own network
//! on the word of the audited account.

use std::net::{IpAddr, SocketAddr};

use base::{IpRange, may_reach};
use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::Empty;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;
use zeroize::Zeroizing;

use crate::limits;
use crate::wire::Broken;

/// On whose word a host is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Whoever runs the audit named it: the service. It may be anywhere, and behind a proxy.
    ByUs,
    /// The audited account named it: a callback URL. Only public addresses are connected, and those that
    /// [`Way::probes_may_reach`] lists; no proxy is asked, because one may resolve the name to another address.
    ByThem,
}

/// How hosts are reached. The default is directly.
#[derive(Default)]
pub struct Way {
    /// The proxy through which the service is asked, if any.
    pub proxy: Option<Proxy>,
    /// Hosts that are asked directly all the same, as `NO_PROXY` lists them.
    pub without_proxy: Vec<String>,
    /// Addresses inside our own network that callback probes may reach.
    pub probes_may_reach: Vec<IpRange>,
}

/// An HTTP proxy that opens tunnels (RFC 9110 §9.3.6). No Debug: it may carry a password.
pub struct Proxy {
    host: String,
    port: u16,
    authorization: Option<Zeroizing<String>>,
}

impl Proxy {
    /// Reads `http://host:port` or `http://user:password@host:port`, as the environment writes it.
    pub fn parse(text: &str) -> Option<Proxy> {
        let url = Url::parse(text).ok()?;
        if url.scheme() != "http" {
            return None;
        }
        let decoded = |text: &str| {
            let pair = format!("x={}", text.replace('+', "%2B"));
            url::form_urlencoded::parse(pair.as_bytes())
                .next()
                .map(|(_, value)| Zeroizing::new(value.into_owned()))
        };
        let authorization = if url.username().is_empty() {
            None
        } else {
            let (user, password) = (decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
            let pair = Zeroizing::new(format!("{}:{}", *user, *password));
            Some(Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes()))))
        };
        Some(Proxy {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default()?,
            authorization,
        })
    }

    async fn tunnel(&self, host: &str, port: u16) -> Result<TokioIo<Upgraded>, Broken> {
        let tcp =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|_| Broken::Unreachable)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp))
            .await
            .map_err(|_| Broken::Unreachable)?;
        tokio::spawn(connection.with_upgrades());
        let authority =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = authority.parse::<Uri>().map_err(|_| Broken::Unreachable)?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Broken::Unreachable);
        request.headers_mut().insert(header::HOST, value(&authority)?);
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, value(authorization)?);
        }
        let answer = sender.send_request(request).await.map_err(|_| Broken::Unreachable)?;
        if !answer.status().is_success() {
            return Err(Broken::Unreachable);
        }
        hyper::upgrade::on(answer).await.map(TokioIo::new).map_err(|_| Broken::Unreachable)
    }
}

/// An open connection.
pub(crate) enum Opened {
    Directly(TcpStream),
    Through(TokioIo<Upgraded>),
}

impl Way {
    /// Whether this URL is reached through the proxy.
    pub fn goes_through(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| self.proxy_for(&url).is_some())
    }

    /// The proxy that a request goes through. Plain HTTP goes through none: it stays on this machine, or is a probe.
    pub(crate) fn proxy_for(&self, url: &Url) -> Option<&Proxy> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        self.proxy.as_ref().filter(|_| url.scheme() == "https" && !self.goes_without(host))
    }

    fn goes_without(&self, host: &str) -> bool {
        let address: Option<IpAddr> = host.parse().ok();
        self.without_proxy.iter().map(|entry| entry.trim()).any(|entry| {
            let in_range = || {
                address
                    .zip(entry.parse::<IpRange>().ok())
                    .is_some_and(|(address, range)| range.contains(address))
            };
            let domain = entry.trim_start_matches("*.").trim_start_matches('.');
            let below =
                || host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            entry == "*" || in_range() || (!domain.is_empty() && below())
        })
    }

    /// Connects to the host of a URL.
    pub(crate) async fn open(&self, url: &Url, named: Named) -> Result<Opened, Broken> {
        let host = url.host_str().ok_or(Broken::Unreachable)?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().ok_or(Broken::Unreachable)?;
        match (named, self.proxy_for(url)) {
            (Named::ByUs, Some(proxy)) => proxy.tunnel(host, port).await.map(Opened::Through),
            (Named::ByUs, None) => {
                TcpStream::connect((host, port)).await.map(Opened::Directly).map_err(|_| Broken::Unreachable)
            }
            (Named::ByThem, _) => self.open_checked(host, port).await.map(Opened::Directly),
        }
    }

    /// Resolves once, and connects to what was checked: a name that is resolved again may lead elsewhere.
    async fn open_checked(&self, host: &str, port: u16) -> Result<TcpStream, Broken> {
        let resolved = tokio::net::lookup_host((host, port)).await.map_err(|_| Broken::Unreachable)?;
        let resolved: Vec<SocketAddr> = resolved.collect();
        let allowed: Vec<SocketAddr> = resolved
            .iter()
            .copied()
            .filter(|address| may_reach(address.ip(), &self.probes_may_reach))
            .take(limits::ADDRESSES_TRIED)
            .collect();
        if allowed.is_empty() && !resolved.is_empty() {
            return Err(Broken::NotPublic);
        }
        TcpStream::connect(allowed.as_slice()).await.map_err(|_| Broken::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(without_proxy: &str) -> Way {
        let without_proxy = without_proxy.split(',').map(str::to_owned).collect();
        Way { proxy: Proxy::parse("http://127.0.0.1:8080"), without_proxy, ..Way::default() }
    }

    #[test]
    fn goes_through_the_proxy_unless_told_otherwise() {
        for (list, url, expected) in [
            ("", "https://api.twilio.com/", true),
            ("localhost,127.0.0.1,::1", "https://api.twilio.com/", true),
            ("localhost,127.0.0.1,::1", "https://localhost:8443/", false),
            ("localhost,127.0.0.1,::1", "https://127.0.0.1:8443/", false),
            ("localhost, ::1", "https://[::1]:8443/", false),
            ("10.0.0.0/8", "https://10.1.2.3/", false),
            ("twilio.com", "https://api.twilio.com/", false),
            (".twilio.com", "https://api.twilio.com/", false),
            ("*.twilio.com", "https://api.twilio.com/", false),
            ("twilio.com", "https://api.nottwilio.com/", true),
            ("*", "https://api.twilio.com/", false),
            ("", "http://127.0.0.1:8080/", false),
        ] {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(way(list).proxy_for(&url).is_some(), expected, "{list} {url}");
        }
    }

    #[test]
    fn reads_proxies_as_the_environment_writes_them() {
        let plain = Proxy::parse("http://[::1]:3128").expect("a proxy");
        assert_eq!((plain.host.as_str(), plain.port, plain.authorization.is_none()), ("::1", 3128, true));
        let secret = Proxy::parse("http://user:p%40ss+word@proxy.example.org").expect("a proxy");
        assert_eq!((secret.host.as_str(), secret.port), ("proxy.example.org", 80));
        let basic = secret.authorization.expect("a password").to_string();
        assert_eq!(basic, format!("Basic {}", BASE64.encode(b"user:p@ss+word")));
        for text in ["", "proxy:3128", "https://proxy:3128", "socks5://proxy:1080"] {
            assert!(Proxy::parse(text).is_none(), "{text}");
        }
    }

    /// Goal: an audited account leads no probe into our network, in whatever way it writes an address.
    #[tokio::test]
    async fn callback_probes_reach_no_address_inside() {
        let inside = [
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://172.16.0.9/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0/",
        ];
        for text in inside {
            let url = Url::parse(text).expect("a URL");
            let opened = Way::default().open(&url, Named::ByThem).await;
            assert!(matches!(opened, Err(Broken::NotPublic)), "{text}");
        }
        // A proxy is no way around: it is not asked for such a host.
        let url = Url::parse("https://10.0.0.1/").expect("a URL");
        assert!(matches!(way("").open(&url, Named::ByThem).await, Err(Broken::NotPublic)));
    }

    #[tokio::test]
    async fn callback_probes_reach_inside_where_the_operator_says_so() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = Url::parse(&format!("https://127.0.0.1:{port}/")).expect("a URL");
        let listed =
            |range: &str| Way { probes_may_reach: vec![range.parse().expect("a range")], ..Way::default() };
        assert!(matches!(listed("127.0.0.0/8").open(&url, Named::ByThem).await, Ok(Opened::Directly(_))));
        assert!(matches!(listed("10.0.0.0/8").open(&url, Named::ByThem).await, Err(Broken::NotPublic)));
    }
}
