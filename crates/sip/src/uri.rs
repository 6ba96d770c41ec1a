//! SIP URIs, and the addresses of From, To, Contact and Route (RFC 3261 §19.1, §20.10, §25.1).

use std::fmt::Write;

use crate::limits::{PARAMETERS, URI_BYTES};

/// What a `sip:` or `sips:` URI says. Not `Debug`: the user is a telephone number.
#[derive(Clone, PartialEq, Eq)]
pub struct Uri {
    /// Whether it is a `sips:` URI, which may only be reached by TLS.
    pub secure: bool,
    /// The part before `@`, as it is written (escapes are left alone).
    pub user: Option<String>,
    /// A name, an IPv4 address, or an IPv6 address in brackets; in lower case.
    pub host: String,
    /// The port, when it is given.
    pub port: Option<u16>,
    /// Parameters, in order; names in lower case.
    pub parameters: Vec<Parameter>,
}

/// A parameter: its name in lower case, and its value.
pub type Parameter = (String, Option<String>);

/// Why a text is no URI that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriProblem {
    /// It is a URI of another scheme (416).
    Scheme,
    /// It is malformed, or longer than [`URI_BYTES`].
    Malformed,
}

impl Uri {
    /// A URI of a host.
    pub fn of_host(host: &str, port: Option<u16>) -> Self {
        Self { secure: false, user: None, host: host.to_ascii_lowercase(), port, parameters: Vec::new() }
    }

    /// Reads a URI. Headers (`?...`) are refused: nothing here may be made to send them.
    ///
    /// # Errors
    /// [`UriProblem`] when it is of another scheme or malformed.
    pub fn parse(text: &str) -> Result<Self, UriProblem> {
        let is_plain = |c: char| !c.is_control() && !matches!(c, ' ' | '<' | '>' | '"' | '\u{7f}');
        if text.len() > URI_BYTES || !text.chars().all(is_plain) {
            return Err(UriProblem::Malformed);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriProblem::Malformed)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "sip" => false,
            "sips" => true,
            other if !other.is_empty() && other.bytes().all(is_scheme_byte) => {
                return Err(UriProblem::Scheme);
            }
            _ => return Err(UriProblem::Malformed),
        };
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) if !user.is_empty() => (Some(user.to_owned()), rest),
            Some(_) => return Err(UriProblem::Malformed),
            None => (None, rest),
        };
        if rest.contains(['?', '@']) || user.as_deref().is_some_and(|user| !has_whole_escapes(user)) {
            return Err(UriProblem::Malformed);
        }
        let (place, parameters) = match rest.split_once(';') {
            Some((place, parameters)) => (place, parse_parameters(parameters).ok_or(UriProblem::Malformed)?),
            None => (rest, Vec::new()),
        };
        let (host, port) = parse_host_port(place).ok_or(UriProblem::Malformed)?;
        Ok(Self { secure, user, host, port, parameters })
    }

    /// The value of a parameter; `Some("")` when it has none.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name)
    }

    /// The URI as it is written.
    pub fn text(&self) -> String {
        let mut text = String::from(if self.secure { "sips:" } else { "sip:" });
        if let Some(user) = &self.user {
            text.push_str(user);
            text.push('@');
        }
        text.push_str(&self.host);
        if let Some(port) = self.port {
            let _ = write!(text, ":{port}");
        }
        write_parameters(&mut text, &self.parameters);
        text
    }

    /// The user with its escapes undone, for comparing and for reading a number; `None` when it is no text.
    pub fn user_unescaped(&self) -> Option<String> {
        let user = self.user.as_deref()?.as_bytes();
        let mut bytes = Vec::with_capacity(user.len());
        let mut at = 0;
        while at < user.len() {
            if user[at] == b'%' {
                let hex = user.get(at + 1..at + 3)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
                at += 3;
            } else {
                bytes.push(user[at]);
                at += 1;
            }
        }
        String::from_utf8(bytes).ok()
    }

    /// The address-of-record that it names: user and host, without anything else (RFC 3261 §10.3 step 5).
    pub fn address_of_record(&self) -> String {
        format!("{}@{}", self.user_unescaped().unwrap_or_default(), self.host)
    }
}

/// A URI with a name beside it and parameters behind it, as in From, To, Contact and Route.
#[derive(Clone)]
pub struct NameAddress {
    /// The name to show, without quotes.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// Parameters of the header field; names in lower case.
    pub parameters: Vec<Parameter>,
}

impl NameAddress {
    /// A URI alone.
    pub fn of(uri: Uri) -> Self {
        Self { display: None, uri, parameters: Vec::new() }
    }

    /// Reads one element of such a header field.
    ///
    /// # Errors
    /// [`UriProblem`] when it is malformed, or its URI is of another scheme.
    pub fn parse(text: &str) -> Result<Self, UriProblem> {
        let text = text.trim();
        let (display, rest) = if let Some(quoted) = text.strip_prefix('"') {
            let (name, rest) = parse_quoted(quoted).ok_or(UriProblem::Malformed)?;
            (Some(name), rest.trim_start())
        } else if let Some(open) = text.find('<') {
            let name = text[..open].trim();
            let is_word = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~ \t".contains(c) || !c.is_ascii();
            if !name.chars().all(is_word) {
                return Err(UriProblem::Malformed);
            }
            ((!name.is_empty()).then(|| name.to_owned()), &text[open..])
        } else {
            // Without brackets what follows `;` belongs to the header field, and `,` and `?` may not stand.
            let (uri, parameters) = text.split_once(';').map_or((text, ""), |(a, b)| (a, b));
            if uri.contains([',', '?']) {
                return Err(UriProblem::Malformed);
            }
            let uri = Uri::parse(uri.trim_end())?;
            let parameters = parse_parameters(parameters).ok_or(UriProblem::Malformed)?;
            return Ok(Self { display: None, uri, parameters });
        };
        let rest = rest.strip_prefix('<').ok_or(UriProblem::Malformed)?;
        let (uri, after) = rest.split_once('>').ok_or(UriProblem::Malformed)?;
        let uri = Uri::parse(uri)?;
        let parameters = match after.trim_start() {
            "" => Vec::new(),
            after => {
                let after = after.strip_prefix(';').ok_or(UriProblem::Malformed)?;
                parse_parameters(after).ok_or(UriProblem::Malformed)?
            }
        };
        Ok(Self { display, uri, parameters })
    }

    /// The value of a parameter of the header field; `Some("")` when it has none.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name)
    }

    /// The `tag` of From or To.
    pub fn tag(&self) -> Option<&str> {
        self.parameter("tag").filter(|tag| !tag.is_empty())
    }

    /// The same with this `tag`.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.parameters.retain(|(name, _)| name != "tag");
        self.parameters.push(("tag".to_owned(), Some(tag.to_owned())));
        self
    }

    /// The element as it is written.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Some(display) = &self.display {
            text.push('"');
            for c in display.chars().filter(|c| !c.is_control()) {
                if matches!(c, '"' | '\\') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push_str("\" ");
        }
        text.push('<');
        text.push_str(&self.uri.text());
        text.push('>');
        write_parameters(&mut text, &self.parameters);
        text
    }
}

/// Splits a list at its commas, outside of quotes and brackets. `None` when a quote or bracket stays open, or
/// there are more than `most` elements.
pub(crate) fn split_list(value: &str, most: usize) -> Option<Vec<&str>> {
    let (mut elements, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut angled) = (false, false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => angled = true,
            b'>' if !quoted => angled = false,
            b',' if !quoted && !angled => {
                elements.push(value[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        if elements.len() >= most {
            return None;
        }
    }
    elements.push(value[start..].trim());
    (!quoted && !angled && elements.iter().all(|element| !element.is_empty())).then_some(elements)
}

/// Reads `name[=value]` between semicolons.
pub(crate) fn parse_parameters(text: &str) -> Option<Vec<Parameter>> {
    let mut parameters = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if parameters.len() >= PARAMETERS {
            return None;
        }
        let end = rest.find(['=', ';']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        if name.is_empty() || !name.bytes().all(is_parameter_byte) {
            return None;
        }
        let mut value = None;
        rest = &rest[end..];
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            if let Some(quoted) = after.strip_prefix('"') {
                let (text, left) = parse_quoted(quoted)?;
                value = Some(text);
                rest = left.trim_start();
            } else {
                let end = after.find(';').unwrap_or(after.len());
                let text = after[..end].trim();
                if text.is_empty() || !text.bytes().all(is_parameter_byte) {
                    return None;
                }
                value = Some(text.to_owned());
                rest = &after[end..];
            }
        }
        parameters.push((name.to_ascii_lowercase(), value));
        match rest.strip_prefix(';') {
            Some(after) if !after.trim().is_empty() => rest = after.trim_start(),
            None if rest.is_empty() => {}
            _ => return None,
        }
    }
    Some(parameters)
}

/// Reads a quoted string after its opening quote: the text, and what follows the closing quote.
pub(crate) fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((value, &text[at + 1..])),
            _ => value.push(c),
        }
    }
    None
}

/// Reads `host[:port]`; the host in lower case.
pub(crate) fn parse_host_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']')?;
        text[1..end].parse::<std::net::Ipv6Addr>().ok()?;
        (&text[..=end], &text[end + 1..])
    } else {
        let end = text.find(':').unwrap_or(text.len());
        let host = &text[..end];
        let is_host_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if host.is_empty() || host.len() > 253 || !host.bytes().all(is_host_byte) {
            return None;
        }
        (host, &text[end..])
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse::<u16>().ok().filter(|port| *port > 0)?)
        }
        Some(_) => return None,
    };
    Some((host.to_ascii_lowercase(), port))
}

fn write_parameters(text: &mut String, parameters: &[Parameter]) {
    for (name, value) in parameters {
        text.push(';');
        text.push_str(name);
        match value {
            Some(value) if !value.is_empty() && value.bytes().all(is_parameter_byte) => {
                text.push('=');
                text.push_str(value);
            }
            Some(value) => {
                let safe: String =
                    value.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
                let _ = write!(text, "=\"{safe}\"");
            }
            None => {}
        }
    }
}

fn find<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    let (_, value) = parameters.iter().find(|(found, _)| found == name)?;
    Some(value.as_deref().unwrap_or_default())
}

fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// What a parameter of a URI or of a header field may hold: tokens, hosts, and the marks of URIs.
fn is_parameter_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~[]/:&$()@{}|^#?".contains(&byte) || byte >= 0x80
}

fn has_whole_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| {
        *byte != b'%' || bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_uris() {
        for text in [
            "sip:+14155550100@example.com",
            "sips:alice@example.com:5061;transport=tls",
            "sip:user;par=u%40example.net@example.com",
            "sip:[2001:db8::1]:5060;lr",
            "sip:example.com",
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        ] {
            let uri = Uri::parse(text).map_err(|problem| format!("{text}: {problem:?}")).unwrap();
            assert_eq!(uri.text(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_sip_uri() {
        for (text, problem) in [
            ("tel:+14155550100", UriProblem::Scheme),
            ("nobodyKnowsThisScheme:totallyopaquecontent", UriProblem::Scheme),
            ("sip:", UriProblem::Malformed),
            ("sip:@example.com", UriProblem::Malformed),
            ("<sip:user@example.com>", UriProblem::Malformed),
            ("sip:user@example.com; lr", UriProblem::Malformed),
            ("sip:user@example.com?Route=%3Csip:example.com%3E", UriProblem::Malformed),
            ("sip:us%er@example.com", UriProblem::Malformed),
            ("sip:a@example.com:0", UriProblem::Malformed),
            ("sip:a@example.com:70000", UriProblem::Malformed),
            ("sip:a@[::1", UriProblem::Malformed),
        ] {
            assert_eq!(Uri::parse(text).err(), Some(problem), "{text}");
        }
    }

    #[test]
    fn reads_names_beside_addresses() {
        let cases = [
            (
                r#""J Rosenberg \\\"" <sip:jdrosen@example.com> ; tag = 98asjd8"#,
                Some("J Rosenberg \\\""),
                "98asjd8",
            ),
            ("caller<sip:caller@example.com>;tag=323", Some("caller"), "323"),
            ("sip:bob@example.com;tag=1", None, "1"),
            ("<sip:bob@example.com;tag=inside>;tag=outside", None, "outside"),
        ];
        for (text, display, tag) in cases {
            let address = NameAddress::parse(text).map_err(|p| format!("{text}: {p:?}")).unwrap();
            assert_eq!(address.display.as_deref(), display, "{text}");
            assert_eq!(address.tag(), Some(tag), "{text}");
        }
        for text in [
            "\"Mr. J. User <sip:j.user@example.com>",
            "Bell, Alexander <sip:a.g.bell@example.com>",
            "<sip:a@example.com",
            "sip:a@example.com?x=y",
            "\"a\" sip:a@example.com",
        ] {
            assert!(NameAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_nothing_that_breaks_a_line() {
        let mut address = NameAddress::of(Uri::of_host("example.com", None));
        address.display = Some("a\"\r\nb\\".to_owned());
        assert_eq!(address.text(), "\"a\\\"b\\\\\" <sip:example.com>");
    }

    #[test]
    fn splits_lists_outside_of_quotes_and_brackets() {
        assert_eq!(split_list("<sip:a,b@c>, \"x, y\" <sip:d>", 8).unwrap().len(), 2);
        assert!(split_list("<sip:a", 8).is_none());
        assert!(split_list("a,,b", 8).is_none());
        assert!(split_list("a,b,c", 2).is_none());
    }
}
