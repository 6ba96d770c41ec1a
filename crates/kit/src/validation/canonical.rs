//! What a client hashes of its request. Twilio's SDKs have three dialects of the same canonical form, and
//! differ where a query or path needs escapes; a request is good when one dialect gives its hash.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

/// Parameters of our own next-page links, and nothing else.
const PAGING: [&str; 3] = ["Page", "PageSize", "PageToken"];

/// What Java's `URLEncoder` leaves, after what its client puts right; slashes are those of the path.
const KEPT_BY_JAVA: &[u8] = b"-_.~/";

/// What JavaScript's `encodeURIComponent` leaves, without `*`, which its client escapes.
const KEPT_BY_NODE: &[u8] = b"-_.~!'()";

/// The parts of a request that are signed.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// As received, escapes untouched.
    pub(crate) path: &'a str,
    /// As received, escapes untouched; empty when there is none.
    pub(crate) query: &'a str,
    /// Name and value, ascending by name.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

impl Signed<'_> {
    /// Whether this is the hash of the request, in one of the dialects.
    pub(crate) fn hashes_to(&self, hash: &[u8; 32]) -> bool {
        let is = |path: &str, query: &str| {
            let sum = digest(&SHA256, self.canonical(path, query).as_bytes());
            phi::constant_time_eq(sum.as_ref(), hash)
        };
        if is(self.path, &sorted(self.query)) {
            return true;
        }
        if reencoded_whole(self.path).is_some_and(|path| is(&path, &sorted(&adjusted(self.query)))) {
            return true;
        }
        let Some(path) = reencoded_path(self.path) else { return false };
        reencoded_query(self.query).is_some_and(|query| is(&path, &query))
            || (self.is_later_page() && is(&path, ""))
    }

    /// The lines of the canonical form (the last, the body's hash, is empty without a body).
    fn canonical(&self, path: &str, query: &str) -> String {
        let mut lines = vec![self.method.to_owned(), path.to_owned(), query.to_owned()];
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}:{value}")));
        lines.push(String::new());
        lines.push(self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";"));
        lines.push(match self.body {
            [] => String::new(),
            body => HEXLOWER.encode(digest(&SHA256, body).as_ref()),
        });
        lines.join("\n")
    }

    /// Whether it follows one of our next-page links. The node client signs those without their query.
    /// What could be altered is only the page's number and size, and a token that we have sealed.
    fn is_later_page(&self) -> bool {
        let names = || self.query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        self.method == "GET"
            && names().any(|name| name == "PageToken")
            && names().all(|name| PAGING.contains(&name))
    }
}

/// The first dialect (Python): the raw pairs in byte order, beside the raw path.
fn sorted(query: &str) -> String {
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// The second dialect (Java) of a path: decoded and encoded again as a whole. An escaped slash would look
/// like one of the path's own, so a path with one has no such form.
fn reencoded_whole(path: &str) -> Option<String> {
    let slashes = |text: &str| text.bytes().filter(|byte| *byte == b'/').count();
    let decoded = decode(path, false).filter(|decoded| slashes(decoded) == slashes(path))?;
    Some(encode(&decoded, KEPT_BY_JAVA))
}

/// The second dialect (Java) of a query: three escapes made uniform; sorted as in the first.
fn adjusted(query: &str) -> String {
    query.replace('+', "%20").replace('*', "%2A").replace("%7E", "~")
}

/// The third dialect (node) of a path: each segment decoded and encoded again.
fn reencoded_path(path: &str) -> Option<String> {
    let segments: Option<Vec<String>> = path
        .split('/')
        .map(|segment| decode(segment, false).map(|text| encode(&text, KEPT_BY_NODE)))
        .collect();
    Some(segments?.join("/"))
}

/// The third dialect (node) of a query: it sorts decoded `name=value` pairs, drops what follows a second
/// `=`, and decodes once more before it encodes. What it drops is not protected, in a query: whoever takes
/// these clients takes that. A body is hashed as it is.
fn reencoded_query(query: &str) -> Option<String> {
    let wire = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<String> = wire
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some(format!("{}={}", decode(name, true)?, decode(value, true)?))
        })
        .collect::<Option<_>>()?;
    // JavaScript compares strings by UTF-16 code units.
    pairs.sort_by(|one, other| one.encode_utf16().cmp(other.encode_utf16()));
    let encoded: Option<Vec<String>> = pairs
        .iter()
        .map(|pair| {
            let mut parts = pair.split('=');
            let name = decode(parts.next().unwrap_or_default(), false)?;
            let value = decode(parts.next().unwrap_or_default(), false)?;
            Some(format!("{}={}", encode(&name, KEPT_BY_NODE), encode(&value, KEPT_BY_NODE)))
        })
        .collect();
    Some(encoded?.join("&"))
}

/// Removes percent escapes; `+` is a space in what a form encoder wrote. Nothing when an escape is
/// malformed or the result is not UTF-8, which the client itself would have refused.
fn decode(text: &str, is_form: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if is_form => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Escapes all but letters, digits and the `kept` characters.
fn encode(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: [(&str, &str); 2] = [("authorization", "Basic U0s6c2VjcmV0"), ("host", "api.twilio.com")];

    fn hash(lines: &[&str]) -> [u8; 32] {
        let sum = digest(&SHA256, lines.join("\n").as_bytes());
        sum.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// Whether a request to `path` and `query` is accepted for what a client canonicalised.
    fn accepts(method: &str, path: &str, query: &str, canonical_path: &str, canonical_query: &str) -> bool {
        let signed = Signed { method, path, query, headers: &HEADERS, body: b"" };
        signed.hashes_to(&hash(&[
            method,
            canonical_path,
            canonical_query,
            "authorization:Basic U0s6c2VjcmV0",
            "host:api.twilio.com",
            "",
            "authorization;host",
            "",
        ]))
    }

    #[test]
    fn the_first_dialect_sorts_the_raw_query() {
        let path = "/2010-04-01/Accounts/AC1/Messages.json";
        for (query, canonical) in [
            ("", ""),
            ("To=%2B1&From=%2B2", "From=%2B2&To=%2B1"),
            ("B=a+b&A=~*'", "A=~*'&B=a+b"),
            ("A=b=c&A", "A&A=b=c"),
        ] {
            assert!(accepts("GET", path, query, path, canonical), "{query}");
        }
        assert!(!accepts("GET", path, "A=1&B=2", path, "A=1"));
        assert!(!accepts("GET", path, "A=1", "/2010-04-01/Accounts/AC1/Calls.json", "A=1"));
    }

    #[test]
    fn the_second_dialect_makes_three_escapes_uniform_and_encodes_the_path_again() {
        let path = "/v1/Services";
        for (query, canonical) in [
            ("B=a+b&A=%7E", "A=~&B=a%20b"),
            ("A=*&A=%2F%3A", "A=%2A&A=%2F%3A"),
            // Nothing else is touched, and nothing is lost.
            ("A=b=c'&A=%41", "A=%41&A=b=c'"),
        ] {
            assert!(accepts("GET", path, query, path, canonical), "{query}");
        }
        for (path, canonical) in [
            ("/v2/PhoneNumbers/+14155550100", "/v2/PhoneNumbers/%2B14155550100"),
            ("/v1/Users/it's(me)", "/v1/Users/it%27s%28me%29"),
            ("/v1/Users/a%7Ec", "/v1/Users/a~c"),
        ] {
            assert!(accepts("GET", path, "", canonical, ""), "{path}");
        }
        assert!(!accepts("GET", "/v1/Users%2Fa", "", "/v1/Users/a", ""));
    }

    #[test]
    fn the_third_dialect_decodes_twice_and_encodes_again() {
        let path = "/v1/Services";
        for (query, canonical) in [
            // `+` is a space on the wire, and comes back as an escape.
            ("B=a+b&A=1", "A=1&B=a%20b"),
            ("A=%7E%2A%27", "A=~%2A'"),
            ("A=:$,", "A=%3A%24%2C"),
            // An escaped per cent sign is decoded twice.
            ("A=%252B", "A=%2B"),
            ("A=%2541", "A=A"),
            // What follows a second equals sign is lost.
            ("A=b%3Dc", "A=b"),
            ("A=b=c&A0=1", "A0=1&A=b"),
            ("A=%C3%A9", "A=%C3%A9"),
        ] {
            assert!(accepts("GET", path, query, path, canonical), "{query}");
        }
        // A text that the client could not have decoded was not signed by it.
        assert!(!accepts("GET", path, "A=100%25", path, "A=100%25x"));
        assert!(accepts("GET", "/v2/PhoneNumbers/+14155550100", "", "/v2/PhoneNumbers/%2B14155550100", ""));
    }

    #[test]
    fn only_our_own_next_page_links_may_go_without_their_query() {
        let path = "/v1/Services";
        assert!(accepts("GET", path, "PageSize=50&Page=1&PageToken=PTx", path, ""));
        for (method, query) in [
            ("POST", "PageSize=50&Page=1&PageToken=PTx"),
            ("DELETE", "PageToken=PTx"),
            ("GET", "PageSize=50&Page=1"),
            ("GET", "PageToken=PTx&To=1"),
            ("GET", "To=PageToken"),
        ] {
            assert!(!accepts(method, path, query, path, ""), "{method} {query}");
        }
    }

    #[test]
    fn the_body_and_every_header_count() {
        let request = |body, headers| Signed { method: "POST", path: "/v1/Keys", query: "", headers, body };
        let lines = |sum| {
            [
                "POST",
                "/v1/Keys",
                "",
                "authorization:Basic U0s6c2VjcmV0",
                "host:api.twilio.com",
                "",
                "authorization;host",
                sum,
            ]
        };
        // SHA-256 of "A=1".
        let sum = HEXLOWER.encode(digest(&SHA256, b"A=1").as_ref());
        let good = hash(&lines(&sum));
        assert!(request(b"A=1", &HEADERS).hashes_to(&good));
        assert!(!request(b"A=2", &HEADERS).hashes_to(&good));
        assert!(!request(b"", &HEADERS).hashes_to(&good));
        let other = [HEADERS[0], ("host", "api.example.org")];
        assert!(!request(b"A=1", &other).hashes_to(&good));
    }
}
