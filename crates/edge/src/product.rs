//! Turns the target of a request into a product and a clean path, because clients reach one
//! product in several ways: by host, by a path prefix, or with a stray dotted segment that an
//! SDK puts in front when the region variable names our domain.
//!
//! Pure text in, text out. What client validation signs is the raw target: it must be checked
//! before this module has touched it.

use crate::hosts::{is_below, normalise};

/// Product label of the 2010 API.
pub const API: &str = "api";
/// Product label of our own pages, probes and console.
pub const SWITCHWARD: &str = "switchward";
/// Product label of Segment's tracking API.
pub const TRACKING: &str = "segment-api";
/// What may stand behind `/v1/` when Segment's SDKs are given this host: they take a host, and no path before theirs.
const TRACKING_CALLS: [&str; 18] = [
    "alias", "a", "batch", "b", "group", "g", "identify", "i", "import", "m", "page", "p", "pixel",
    "projects", "screen", "s", "track", "t",
];
/// Product label of Segment's Public API.
pub const PUBLIC_API: &str = "segmentapis-api";
/// What its paths begin with when an SDK is given this host. None of them is a label of Twilio's or well-known here,
/// but `events`, `functions` and `usage` are products elsewhere: with a Bearer token they are this one's.
const PUBLIC_PATHS: [&str; 26] = [
    "audit-events",
    "catalog",
    "delivery-overview",
    "destination",
    "destinations",
    "echo",
    "events",
    "filters",
    "functions",
    "group",
    "groups",
    "insert-function-instances",
    "invites",
    "labels",
    "regulations",
    "reverse-etl-models",
    "reverse-etl-syncs",
    "roles",
    "sources",
    "spaces",
    "suppressions",
    "tracking-plans",
    "transformations",
    "usage",
    "users",
    "warehouses",
];
/// Product label of every host below `twil.io`: deployed functions and assets.
pub const FUNCTIONS: &str = "functions";

/// Where a request goes, and what absolute links in its answer must repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Label of the product: `api`, `messaging`, `functions`, `segment-api`, `segmentapis-events`, `switchward`, …
    pub product: String,
    /// Text between host and path that absolute links repeat: empty, `/messaging`, `/.twilio.com`, …
    pub prefix: String,
    /// What the product's router sees: starts with `/`, escapes untouched.
    pub path: String,
    /// The `Host` value as received, port included.
    pub host: String,
}

/// Finds the product of a request, or `None` if the target is malformed or names no product.
///
/// `host` is the raw `Host` value, `raw_path` the request target without its query, `base_domain`
/// the operator's own domain, `products` the labels accepted as a first path segment. The order is:
/// first label of a host below a Twilio, Segment or operator domain; first path segment; well-known path.
///
/// Segment's and Twilio's hosts share labels (`api` above all), so Segment's are told apart:
/// `api.segment.io` is `segment-api`, `api.segmentapis.com` is `segmentapis-api`. The label of a Segment
/// host is its first one that is not a region (`eu1.api.segmentapis.com` is `segmentapis-api` too).
pub fn resolve(host: &str, raw_path: &str, base_domain: Option<&str>, products: &[&str]) -> Option<Target> {
    if !is_clean_host(host) || !is_clean_path(raw_path) {
        return None;
    }
    let (dotted, path) = split_dotted_segment(raw_path);
    let target = |product: &str, prefix: String, path: &str| {
        Some(Target { product: product.to_owned(), prefix, path: path.to_owned(), host: host.to_owned() })
    };

    if let Some(product) = product_of_host(host, base_domain) {
        return target(&product, dotted.to_owned(), path);
    }
    let (first, rest) = split_first_segment(path);
    if let Some(product) = products.iter().find(|product| **product == first) {
        return target(product, format!("{dotted}/{first}"), rest);
    }
    let product = match first {
        "2010-04-01" => API,
        SWITCHWARD => SWITCHWARD,
        "healthz" | "readyz" if rest == "/" => SWITCHWARD,
        "v1" if TRACKING_CALLS.contains(&split_first_segment(rest).0) => TRACKING,
        _ if is_public_path(first) => PUBLIC_API,
        _ => return None,
    };
    target(product, dotted.to_owned(), path)
}

/// Where a request goes that carries a Bearer token and names none of our hosts, when it is one to Segment's Public API:
/// its SDKs are given a host, and its root is a resource. For everything else [`resolve`] says.
pub fn resolve_bearer(host: &str, raw_path: &str, base_domain: Option<&str>) -> Option<Target> {
    if !is_clean_host(host) || !is_clean_path(raw_path) || product_of_host(host, base_domain).is_some() {
        return None;
    }
    let (first, _) = split_first_segment(raw_path);
    let is_public = raw_path == "/" || is_public_path(first);
    is_public.then(|| Target {
        product: PUBLIC_API.to_owned(),
        prefix: String::new(),
        path: raw_path.to_owned(),
        host: host.to_owned(),
    })
}

fn is_public_path(first: &str) -> bool {
    PUBLIC_PATHS.contains(&first)
}

/// Removes the `.json` that SDKs put behind every path of the 2010 API. Only for that API.
pub fn strip_json_suffix(path: &str) -> &str {
    match path.strip_suffix(".json") {
        Some(stripped) if !stripped.is_empty() && !stripped.ends_with('/') => stripped,
        _ => path,
    }
}

/// What stands before the path in absolute links: `https://localhost:8443/messaging`.
pub fn absolute_base(scheme: &str, host: &str, prefix: &str) -> String {
    format!("{scheme}://{host}{prefix}")
}

/// The product that a host names by itself, if it lies below a domain we answer for.
fn product_of_host(host: &str, base_domain: Option<&str>) -> Option<String> {
    let name = normalise(without_port(host));
    let below =
        |domain: &str| is_below(&name, domain).then(|| &name[..name.len() - domain.len() - ".".len()]);
    if below("twil.io").is_some() {
        return Some(FUNCTIONS.to_owned());
    }
    for (domain, family) in
        [("segment.io", "segment"), ("segment.com", "segment"), ("segmentapis.com", "segmentapis")]
    {
        if let Some(labels) = below(domain) {
            let label = labels.split('.').find(|label| !is_region(label))?;
            return Some(format!("{family}-{label}"));
        }
    }
    let base_domain = base_domain.map(normalise);
    let labels = below("twilio.com").or_else(|| base_domain.as_deref().and_then(below))?;
    labels.split('.').next().filter(|label| !label.is_empty()).map(str::to_owned)
}

/// Segment's region labels: letters, then a number (`eu1`, `euw1`, `us1`).
fn is_region(label: &str) -> bool {
    let digits = label.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let letters = label.len() - digits.len();
    matches!(letters, 2..=3) && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The host without `:port`; brackets of an IPv6 literal stay.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Only what a host may hold: it is repeated in links, so nothing that could end a URL's authority.
fn is_clean_host(host: &str) -> bool {
    !host.is_empty()
        && host.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'[' | b']')
        })
}

/// Absolute, no empty segment except the last, no `.` or `..` (also not escaped), no query.
fn is_clean_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains("//")
        && !path.contains(['?', '#', '\\'])
        && !path.bytes().any(|byte| byte.is_ascii_control())
        && !path.split('/').any(is_dot_segment)
}

/// `.` and `..` as RFC 3986 §5.2.4 removes them, with `%2e` counted as the dot it stands for.
fn is_dot_segment(segment: &str) -> bool {
    segment.contains(['.', '%'])
        && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// Splits off one leading segment that starts with a dot: (`/.twilio.com`, `/2010-04-01/…`).
fn split_dotted_segment(path: &str) -> (&str, &str) {
    if !path.starts_with("/.") {
        return ("", path);
    }
    match path[1..].find('/') {
        Some(end) => path.split_at(end + 1),
        None => (path, "/"),
    }
}

/// The first segment without slashes, and the rest with its leading slash (`/` if nothing is left).
fn split_first_segment(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.find('/') {
        Some(end) => path.split_at(end),
        None => (path, "/"),
    }
}
