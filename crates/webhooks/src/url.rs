//! The URL a customer configures for a webhook: kept as written, checked once, shown to nobody in full.
//!
//! The receiver recomputes the signature over this text, so it must travel byte for byte: a URL that would have to be
//! re-encoded before it fits a request line is refused instead of being silently changed.

use std::fmt;
use std::time::Duration;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::limits;
use crate::signature::signed_url;

/// A webhook URL that can be requested. Debug and Display show scheme and host only: path, query and userinfo may
/// identify a person or hold a password.
#[derive(Clone)]
pub struct WebhookUrl {
    text: Zeroizing<String>,
    https: bool,
    /// Normalised: lower case, IPv4 in dotted form, IPv6 in brackets.
    host: String,
    /// As configured where that is only a matter of case, because receivers rebuild the signed URL from it.
    host_header: String,
    port: u16,
    credentials: Option<Credentials>,
    overrides: Overrides,
}

/// Scheme, host and port of a URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) https: bool,
    host: String,
    port: u16,
}

/// Why a text cannot be a webhook URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UrlProblem {
    /// Longer than [`limits::URL_BYTES`].
    TooLong,
    /// Not an absolute `http:` or `https:` URL.
    NotHttp,
    /// No host, or characters that a request line cannot carry as they are.
    Malformed,
    /// The `e` override names something that cannot be an edge location.
    BadEdge,
    /// A `ct`, `rt`, `tt`, `rc` or `sni` override is no number or out of range.
    BadSetting,
    /// The `rp` override names an unknown policy.
    BadRetryPolicy,
}

impl UrlProblem {
    /// The code of the alert, from Twilio's public error dictionary.
    pub fn alert_code(self) -> u32 {
        match self {
            UrlProblem::TooLong | UrlProblem::NotHttp | UrlProblem::Malformed => 11100,
            UrlProblem::BadEdge => 11240,
            UrlProblem::BadSetting => 11241,
            UrlProblem::BadRetryPolicy => 11243,
        }
    }
}

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlProblem::TooLong => "the URL is too long",
            UrlProblem::NotHttp => "the URL is not an absolute http or https URL",
            UrlProblem::Malformed => "the URL has no host or holds characters that must be percent-encoded",
            UrlProblem::BadEdge => "the URL fragment's e (edge location) is invalid",
            UrlProblem::BadSetting => "a connection setting in the URL fragment is invalid",
            UrlProblem::BadRetryPolicy => "the URL fragment's rp (retry policy) is invalid",
        })
    }
}

impl std::error::Error for UrlProblem {}

/// Connection settings that the URL's fragment carries (`#ct=2000&rc=3&rp=5xx,ct`). The edge list and `sni` are
/// checked and otherwise without effect: there is one exit here, and the server name is always sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overrides {
    /// `ct`: time to connect.
    pub connect_timeout: Option<Duration>,
    /// `rt`: time from the connection to the complete answer.
    pub read_timeout: Option<Duration>,
    /// `tt`: time for all attempts together.
    pub total_timeout: Option<Duration>,
    /// `rc`: attempts after the first one.
    pub retries: u8,
    /// `rp`: which failures are worth another attempt.
    pub retry_on: RetryOn,
}

/// The failures after which a delivery is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryOn {
    /// `4xx`: the server said that the request is wrong.
    pub client_error: bool,
    /// `5xx`: the server said that it failed.
    pub server_error: bool,
    /// `ct`: no connection.
    pub connect: bool,
    /// `rt`: no answer in time.
    pub read: bool,
}

impl RetryOn {
    const NOTHING: RetryOn =
        RetryOn { client_error: false, server_error: false, connect: false, read: false };
    const ALL: RetryOn = RetryOn { client_error: true, server_error: true, connect: true, read: true };
}

impl Default for Overrides {
    fn default() -> Overrides {
        Overrides {
            connect_timeout: None,
            read_timeout: None,
            total_timeout: None,
            retries: limits::RETRIES_DEFAULT,
            retry_on: RetryOn { connect: true, ..RetryOn::NOTHING },
        }
    }
}

impl WebhookUrl {
    /// Checks a URL as configured. Accepts printable ASCII only (no backslash, which URL parsers disagree about).
    pub fn parse(text: &str) -> Result<WebhookUrl, UrlProblem> {
        if text.len() > limits::URL_BYTES {
            return Err(UrlProblem::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlProblem::NotHttp)?;
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return Err(UrlProblem::NotHttp);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(UrlProblem::Malformed);
        }
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        let (userinfo, host_and_port) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo), host),
            None => (None, authority),
        };
        if host_and_port.is_empty() {
            return Err(UrlProblem::Malformed);
        }
        let parsed = url::Url::parse(text).map_err(|_| UrlProblem::Malformed)?;
        let host = parsed.host_str().ok_or(UrlProblem::Malformed)?.to_owned();
        let port = parsed.port_or_known_default().ok_or(UrlProblem::Malformed)?;
        let url = WebhookUrl {
            https,
            host_header: host_header(host_and_port, &host, parsed.port()),
            host,
            port,
            credentials: userinfo.map(Credentials::from_userinfo),
            overrides: parse_overrides(text.split_once('#').map_or("", |(_, fragment)| fragment))?,
            text: Zeroizing::new(text.to_owned()),
        };
        // Proves now that the request line can be built, so that a delivery cannot fail on it later.
        url.request_uri(&url.signed()).ok_or(UrlProblem::Malformed)?;
        Ok(url)
    }

    /// The text exactly as configured, userinfo and fragment included: for storage and for the owner's eyes only.
    pub fn as_configured(&self) -> &str {
        &self.text
    }

    /// Scheme, host, port and path: what an alert may show. Query, userinfo and fragment stay behind.
    pub fn without_secrets(&self) -> String {
        let mut text = self.signed();
        text.truncate(text.find('?').unwrap_or(text.len()));
        text
    }

    /// The URL as the delivery log shows it: userinfo, the values of the query and the fragment are masked.
    pub fn masked(&self) -> String {
        let mut text = self.without_secrets();
        if self.credentials.is_some()
            && let Some(authority) = text.find("://")
        {
            text.insert_str(authority + "://".len(), "***@");
        }
        for (position, pair) in self.query().split('&').filter(|pair| !pair.is_empty()).enumerate() {
            text.push(if position == 0 { '?' } else { '&' });
            // What has no name may be the secret itself.
            let name = pair.split_once('=').map_or("", |(name, _)| name);
            text.push_str(name);
            text.push_str("=***");
        }
        text
    }

    /// The path as configured.
    pub(crate) fn path(&self) -> String {
        let text = self.without_secrets();
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or_else(|| "/".to_owned(), |start| rest[start..].to_owned())
    }

    /// The query as configured, without its `?`; empty when there is none.
    pub fn query(&self) -> &str {
        let text = self.text.split_once('#').map_or(self.text.as_str(), |(before, _)| before);
        text.split_once('?').map_or("", |(_, query)| query)
    }

    /// Whether the scheme is https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host, normalised; an IPv6 address stands in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the platform itself answers: the host of hosted TwiML. Nothing that names it leaves
    /// ([`crate::hosted`]), so no register has to name it either.
    pub fn is_hosted(&self) -> bool {
        self.host == crate::hosted::HOST
    }

    /// The port, named or implied by the scheme.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The connection settings of the fragment.
    pub fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// The URL without userinfo and fragment: what is signed, and what goes on the wire.
    pub(crate) fn signed(&self) -> String {
        signed_url(&self.text)
    }

    /// Value of the `Host` header.
    pub(crate) fn host_header(&self) -> &str {
        &self.host_header
    }

    /// The user and password it names.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Keeps the credentials of the URL that redirected here, if this one has none and names the same origin.
    pub(crate) fn inherit_credentials(&mut self, from: &WebhookUrl) {
        if self.origin() == from.origin() && self.credentials.is_none() {
            self.credentials.clone_from(&from.credentials);
        }
    }

    /// Scheme, host and port (RFC 6454 §4): what passwords, challenges and cookies are kept within.
    pub(crate) fn origin(&self) -> Origin {
        Origin { https: self.https, host: self.host.clone(), port: self.port }
    }

    /// The URI to request: our normalised authority, and path and query of `signed` byte for byte.
    pub(crate) fn request_uri(&self, signed: &str) -> Option<Uri> {
        let (_, rest) = signed.split_once("://")?;
        let target = &rest[rest.find(['/', '?']).unwrap_or(rest.len())..];
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        if target.len() > limits::TARGET_BYTES {
            return None;
        }
        let path_and_query = PathAndQuery::try_from(target.as_str()).ok()?;
        // Anything the parser would drop or rewrite is not what was signed.
        if path_and_query.as_str() != target {
            return None;
        }
        Uri::builder()
            .scheme(if self.https { Scheme::HTTPS } else { Scheme::HTTP })
            .authority(format!("{}:{}", self.host, self.port))
            .path_and_query(path_and_query)
            .build()
            .ok()
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// `port` is the one that is not the scheme's default.
fn host_header(host_and_port: &str, host: &str, port: Option<u16>) -> String {
    let same = host_and_port.get(..host.len()).filter(|prefix| prefix.eq_ignore_ascii_case(host));
    let host = same.unwrap_or(host);
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Unknown names are no problem: a fragment may mean something else altogether.
fn parse_overrides(fragment: &str) -> Result<Overrides, UrlProblem> {
    let mut overrides = Overrides::default();
    for (name, value) in fragment.split('&').filter_map(|part| part.split_once('=')) {
        match name {
            "ct" => overrides.connect_timeout = Some(parse_milliseconds(value, limits::CONNECT_TIMEOUT_MS)?),
            "rt" => overrides.read_timeout = Some(parse_milliseconds(value, limits::READ_TIMEOUT_MS)?),
            "tt" => overrides.total_timeout = Some(parse_milliseconds(value, limits::TOTAL_TIMEOUT_MS)?),
            "rc" => {
                let retries = parse_number(value, limits::RETRIES)?;
                overrides.retries = u8::try_from(retries).map_err(|_| UrlProblem::BadSetting)?;
            }
            "rp" => overrides.retry_on = parse_retry_policy(value)?,
            "e" if !value.split(',').all(is_edge_name) => return Err(UrlProblem::BadEdge),
            "sni" if !matches!(value, "y" | "n") => return Err(UrlProblem::BadSetting),
            _ => {}
        }
    }
    Ok(overrides)
}

fn parse_milliseconds(value: &str, allowed: std::ops::RangeInclusive<u64>) -> Result<Duration, UrlProblem> {
    parse_number(value, allowed).map(Duration::from_millis)
}

fn parse_number(value: &str, allowed: std::ops::RangeInclusive<u64>) -> Result<u64, UrlProblem> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| digits && allowed.contains(number));
    number.ok_or(UrlProblem::BadSetting)
}

fn parse_retry_policy(value: &str) -> Result<RetryOn, UrlProblem> {
    let mut retry_on = RetryOn::NOTHING;
    for policy in value.split(',') {
        match policy {
            "4xx" => retry_on.client_error = true,
            "5xx" => retry_on.server_error = true,
            "ct" => retry_on.connect = true,
            "rt" => retry_on.read = true,
            "all" => retry_on = RetryOn::ALL,
            _ => return Err(UrlProblem::BadRetryPolicy),
        }
    }
    Ok(retry_on)
}

fn is_edge_name(name: &str) -> bool {
    let known_bytes =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    !name.is_empty() && known_bytes
}
