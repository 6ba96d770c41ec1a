//! Which hosts this process stands in for, and which of them `CONNECT` may reach.
//!
//! The list is fixed: a proxy that answered for, or tunnelled to, any other host would be a way
//! for protected data to leave unseen.

/// Domains whose hosts are answered in this process when a client reaches us as its proxy.
pub const INTERCEPTED_DOMAINS: [&str; 5] =
    ["twilio.com", "twil.io", "segment.io", "segment.com", "segmentapis.com"];

/// The only port that `CONNECT` accepts: what is tunnelled must be TLS.
pub const CONNECT_PORT: &str = "443";

/// True if `host` is one of [`INTERCEPTED_DOMAINS`] or lies below one. Case and one trailing dot do not matter.
pub fn is_intercepted(host: &str) -> bool {
    let host = normalise(host);
    INTERCEPTED_DOMAINS.iter().any(|domain| is_within(&host, domain))
}

/// True if `CONNECT authority` may be answered: a host below an intercepted domain, port 443, nothing else.
///
/// `authority` is the request target as received (`RFC 9112 §3.2.3`). IP literals, user information,
/// a missing or different port and the bare domains are refused.
pub fn connect_allowed(authority: &str) -> bool {
    let Some((host, port)) = authority.rsplit_once(':') else {
        return false;
    };
    let host = normalise(host);
    port == CONNECT_PORT
        && is_host_name(&host)
        && INTERCEPTED_DOMAINS.iter().any(|domain| is_below(&host, domain))
}

/// Lower case, without one trailing dot: the form in which host names are compared here.
pub(crate) fn normalise(host: &str) -> String {
    let mut host = host.to_ascii_lowercase();
    if host.ends_with('.') {
        host.pop();
    }
    host
}

/// True if `host` is `domain` or lies below it; both normalised.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    host == domain || is_below(host, domain)
}

/// True if `host` has at least one label more than `domain`; both normalised.
pub(crate) fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .and_then(|labels| labels.strip_suffix('.'))
        .is_some_and(|labels| !labels.is_empty())
}

/// Letters, digits, hyphens and underscores in non-empty labels.
fn is_host_name(host: &str) -> bool {
    host.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_reaches_intercepted_hosts_on_443_only() {
        let table = [
            ("api.twilio.com:443", true),
            ("API.Twilio.COM:443", true),
            ("api.twilio.com.:443", true),
            ("api.dublin.ie1.twilio.com:443", true),
            ("hello-1234-dev.twil.io:443", true),
            ("api.segment.io:443", true),
            ("cdn.segment.com:443", true),
            ("events.eu1.segmentapis.com:443", true),
            ("api.twilio.com:80", false),
            ("api.twilio.com:8443", false),
            ("api.twilio.com:0443", false),
            ("api.twilio.com:", false),
            ("api.twilio.com", false),
            ("twilio.com:443", false),
            (".twilio.com:443", false),
            ("a..twilio.com:443", false),
            ("api.twilio.com..:443", false),
            ("nottwilio.com:443", false),
            ("api.nottwilio.com:443", false),
            ("twilio.com.evil.com:443", false),
            ("api.twilio.com.evil.com:443", false),
            ("example.com:443", false),
            ("someone@api.twilio.com:443", false),
            ("evil.com:443@api.twilio.com:443", false),
            ("evil.com/.twilio.com:443", false),
            ("127.0.0.1:443", false),
            ("[::1]:443", false),
            ("[::ffff:1.2.3.4].twilio.com:443", false),
            ("", false),
            (":443", false),
        ];
        for (authority, expected) in table {
            assert_eq!(connect_allowed(authority), expected, "{authority}");
        }
    }

    #[test]
    fn interception_covers_the_domains_and_what_is_below() {
        for host in ["twilio.com", "verify.twilio.com", "VERIFY.TWILIO.COM.", "x.twil.io"] {
            assert!(is_intercepted(host), "{host}");
        }
        for host in ["nottwilio.com", "twilio.com.evil.com", "localhost", "127.0.0.1", ""] {
            assert!(!is_intercepted(host), "{host}");
        }
    }
}
