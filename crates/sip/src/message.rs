//! SIP messages: read strictly and within limits, and written (RFC 3261 §7, §8.1.1, §20, §25).
//!
//! No type here is `Debug` or `Display`: a message names people and may carry keys.

use std::borrow::Cow;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::limits::{
    BODY_BYTES, CUSTOM_HEADERS, HEAD_BYTES, HEADER_BYTES, HEADERS, LIST_ELEMENTS, MESSAGE_BYTES,
};
use crate::uri::{NameAddress, Parameter, Uri, UriProblem, parse_host_port, parse_parameters, split_list};

/// A message as it stands on the wire, shared by whoever may send it again; wiped with the last of them.
pub(crate) type Wire = Arc<Zeroizing<Vec<u8>>>;

/// The methods that are spoken; what else comes is answered 405 or 501.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// RFC 3261 §13.
    Invite,
    /// RFC 3261 §17.1.1.3.
    Ack,
    /// RFC 3261 §9.
    Cancel,
    /// RFC 3261 §15.
    Bye,
    /// RFC 3261 §10.
    Register,
    /// RFC 3261 §11.
    Options,
    /// RFC 6086.
    Info,
    /// RFC 3311.
    Update,
    /// RFC 3515.
    Refer,
    /// RFC 6665, for the progress of a REFER only.
    Notify,
    /// Any other.
    Other,
}

/// The methods that are answered, as `Allow` says it.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, REFER, NOTIFY";

/// The extensions that are spoken, as `Supported` says it.
pub(crate) const SUPPORTED: &str = "timer, path";

const METHODS: &[(&str, Method)] = &[
    ("INVITE", Method::Invite),
    ("ACK", Method::Ack),
    ("CANCEL", Method::Cancel),
    ("BYE", Method::Bye),
    ("REGISTER", Method::Register),
    ("OPTIONS", Method::Options),
    ("INFO", Method::Info),
    ("UPDATE", Method::Update),
    ("REFER", Method::Refer),
    ("NOTIFY", Method::Notify),
];

impl Method {
    fn of(name: &str) -> Self {
        METHODS.iter().find(|(known, _)| *known == name).map_or(Self::Other, |(_, method)| *method)
    }

    /// The method as it is written; of [`Method::Other`] nothing is known.
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == self).map_or("OTHER", |(name, _)| name)
    }
}

/// The first line.
#[derive(Clone)]
pub(crate) enum Start {
    /// A request: its method, the method's name, and its URI as text.
    Request { method: Method, name: String, uri: String },
    /// A response.
    Response { code: u16, reason: String },
}

/// Why bytes are no message at all: there is nobody to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is longer than [`MESSAGE_BYTES`], or its head is longer than [`HEAD_BYTES`].
    TooLong,
    /// Its head is no text, does not end, or has no first line.
    NoHead,
    /// It has more than [`HEADERS`] header fields, or one longer than [`HEADER_BYTES`].
    Headers,
}

/// Why a request is refused: the status, and the phrase beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) u16, pub(crate) &'static str);

/// One message.
#[derive(Clone)]
pub struct Message {
    pub(crate) start: Start,
    headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// What was wrong with the form, found while reading; `check` says it.
    defect: Option<Refusal>,
}

/// The topmost Via.
pub(crate) struct Via {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) parameters: Vec<Parameter>,
}

impl Via {
    fn parse(text: &str) -> Option<Self> {
        // The slashes may have white space around them (RFC 4475 §3.1.1.1).
        let mut parts = text.splitn(3, '/');
        let (name, version, rest) = (parts.next()?.trim(), parts.next()?.trim(), parts.next()?.trim_start());
        if !name.eq_ignore_ascii_case("SIP") || version != "2.0" {
            return None;
        }
        let (_, rest) = rest.split_once(|c: char| c.is_ascii_whitespace())?;
        let (place, parameters) = rest.split_once(';').map_or((rest, ""), |(a, b)| (a, b));
        let (host, port) = match place.split_once(':') {
            Some((host, port)) if !host.trim_start().starts_with('[') => (host.trim(), Some(port.trim())),
            _ => (place.trim(), None),
        };
        let whole = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let (host, port) = parse_host_port(&whole)?;
        Some(Self { host, port, parameters: parse_parameters(parameters)? })
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(found, _)| found == name)?;
        Some(value.as_deref().unwrap_or_default())
    }

    pub(crate) fn branch(&self) -> &str {
        self.parameter("branch").unwrap_or_default()
    }
}

impl Message {
    /// Reads one message: all of `bytes` for a datagram, or what [`frame`] cut from a stream.
    ///
    /// # Errors
    /// [`Unreadable`] when there is no message in it. What can be answered is not an error here.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > MESSAGE_BYTES {
            return Err(Unreadable::TooLong);
        }
        // Empty lines before a message are keep-alives (RFC 3261 §7.5, RFC 5626 §3.5.1).
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let bytes = &bytes[blank..];
        let end = head_end(bytes).ok_or(Unreadable::NoHead)?;
        if end > HEAD_BYTES {
            return Err(Unreadable::TooLong);
        }
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Unreadable::NoHead)?;
        let mut lines = head.split("\r\n");
        let (start, mut defect) = read_start(lines.next().unwrap_or_default()).ok_or(Unreadable::NoHead)?;
        let mut headers: Vec<(Cow<'static, str>, String)> = Vec::new();
        for line in lines {
            if line.starts_with([' ', '\t']) {
                match headers.last_mut() {
                    Some((_, value)) => {
                        value.push(' ');
                        value.push_str(line.trim());
                        if value.len() > HEADER_BYTES {
                            return Err(Unreadable::Headers);
                        }
                    }
                    None => defect = Some(BAD_HEADER),
                }
                continue;
            }
            let (name, value) = match line.split_once(':') {
                Some((name, value)) if is_token(name.trim_end()) => (name.trim_end(), value.trim()),
                _ => {
                    defect = defect.or(Some(BAD_HEADER));
                    continue;
                }
            };
            if headers.len() >= HEADERS || value.len() > HEADER_BYTES {
                return Err(Unreadable::Headers);
            }
            if value.chars().any(|c| c.is_control() && c != '\t') {
                defect = defect.or(Some(BAD_HEADER));
            }
            headers.push((canonical(name), value.to_owned()));
        }
        // What folding joined begins with a space when the first line was empty.
        for (_, value) in &mut headers {
            if value.starts_with(' ') {
                *value = value.trim_start().to_owned();
            }
        }
        let mut body = &bytes[end + 4..];
        let lengths: Vec<&str> = headers
            .iter()
            .filter(|(name, _)| name == "Content-Length")
            .map(|(_, value)| value.as_str())
            .collect();
        match lengths.as_slice() {
            [] => {}
            [length] if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
                match length.parse::<usize>() {
                    // What is behind the body of a datagram is thrown away (RFC 3261 §18.3).
                    Ok(length) if length <= body.len() => body = &body[..length],
                    _ => defect = defect.or(Some(Refusal(400, "Content Length Larger Than Message"))),
                }
            }
            _ => defect = defect.or(Some(Refusal(400, "Bad Content-Length"))),
        }
        if body.len() > BODY_BYTES {
            defect = defect.or(Some(Refusal(413, "Request Entity Too Large")));
        }
        Ok(Self { start, headers, body: Zeroizing::new(body.to_vec()), defect })
    }

    /// Whether the message is well formed: what RFC 3261 §8.1.1 asks of each message, once.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if let Some(defect) = self.defect {
            return Err(defect);
        }
        for (name, missing) in [
            ("From", Refusal(400, "Bad From")),
            ("To", Refusal(400, "Bad To")),
            ("Call-ID", Refusal(400, "Bad Call-ID")),
            ("CSeq", Refusal(400, "Bad CSeq")),
        ] {
            if self.all(name).count() != 1 {
                return Err(missing);
            }
        }
        if self.header("Call-ID").is_none_or(|id| id.is_empty() || id.contains(char::is_whitespace)) {
            return Err(Refusal(400, "Bad Call-ID"));
        }
        let is_foreign =
            |result: Result<NameAddress, UriProblem>| matches!(result, Err(UriProblem::Malformed));
        // Addresses of other schemes may stand in From and To (RFC 4475 §3.3.4).
        if self.header("From").is_some_and(|text| is_foreign(NameAddress::parse(text))) {
            return Err(Refusal(400, "Bad From"));
        }
        if self.header("To").is_some_and(|text| is_foreign(NameAddress::parse(text))) {
            return Err(Refusal(400, "Bad To"));
        }
        let (_, cseq_method) = self.cseq().ok_or(Refusal(400, "Bad CSeq"))?;
        if self.via().is_none() {
            return Err(Refusal(400, "Bad Via"));
        }
        if self.all("Max-Forwards").count() > 1 || self.all("Content-Type").count() > 1 {
            return Err(Refusal(400, "Repeated Header"));
        }
        if self.header("Max-Forwards").is_some_and(|text| text.parse::<u8>().is_err()) {
            return Err(Refusal(400, "Bad Max-Forwards"));
        }
        if let Start::Request { name, uri, .. } = &self.start {
            if name != cseq_method {
                return Err(Refusal(400, "CSeq Method Does Not Match"));
            }
            match Uri::parse(uri) {
                Ok(_) => {}
                Err(UriProblem::Scheme) => return Err(Refusal(416, "Unsupported URI Scheme")),
                Err(UriProblem::Malformed) => return Err(Refusal(400, "Bad Request-URI")),
            }
        }
        for name in ["Expires", "Min-SE", "Min-Expires"] {
            if self.header(name).is_some_and(|text| text.parse::<u32>().is_err()) {
                return Err(Refusal(400, "Bad Number In A Header"));
            }
        }
        Ok(())
    }

    /// Reads all that an endpoint reads of a message, for the fuzz targets. Whether it is well formed.
    pub fn examine(&self) -> bool {
        let lists =
            ["Via", "Route", "Record-Route", "Contact", "Path", "Refer-To"].map(|name| self.list(name));
        let fields = ["Authorization", "WWW-Authenticate"]
            .map(|name| self.all(name).filter_map(crate::digest::Fields::parse).count());
        let wire = self.wire();
        // Without a repetition or a defect what is written is read again as the same.
        let again = Self::read(&wire).is_ok_and(|again| *again.body == *self.body);
        // With `Content-Length` it may be over a limit.
        let is_long = wire.len() > HEAD_BYTES || self.headers.len() >= HEADERS;
        assert!(
            again || is_long || self.defect.is_some() || self.check().is_err(),
            "a message changes when written"
        );
        let tags = (self.tag_of_from(), self.tag_of_to(), self.contact().is_some(), self.custom().len());
        let is_read = lists.iter().all(Option::is_some) && tags.3 <= CUSTOM_HEADERS && fields[0] <= HEADERS;
        is_read && self.check().is_ok()
    }

    /// A request with the header fields that a dialog or the caller adds to.
    pub(crate) fn request(method: Method, uri: &str) -> Self {
        Self {
            start: Start::Request { method, name: method.name().to_owned(), uri: uri.to_owned() },
            headers: Vec::new(),
            body: Zeroizing::default(),
            defect: None,
        }
    }

    /// The response to a request: Via, From, To, Call-ID, CSeq and Record-Route are copied (RFC 3261 §8.2.6).
    pub(crate) fn response(request: &Self, code: u16, reason: &str, tag: &str) -> Self {
        let mut response = Self {
            start: Start::Response { code, reason: reason.to_owned() },
            headers: Vec::new(),
            body: Zeroizing::default(),
            defect: None,
        };
        for (name, value) in &request.headers {
            let is_copied = matches!(name.as_ref(), "Via" | "From" | "Call-ID" | "CSeq")
                || (name == "Record-Route" && code < 300);
            if is_copied {
                response.headers.push((name.clone(), value.clone()));
            } else if name == "To" {
                let has_tag = NameAddress::parse(value).is_ok_and(|to| to.tag().is_some());
                let value = if has_tag || code == 100 { value.clone() } else { format!("{value};tag={tag}") };
                response.headers.push((name.clone(), value));
            }
        }
        response
    }

    /// Adds a header field.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((Cow::Borrowed(name), value.into()));
    }

    /// Adds a header field whose name is not ours.
    pub(crate) fn add_custom(&mut self, name: String, value: String) {
        self.headers.push((Cow::Owned(name), value));
    }

    /// Puts a header field in the place of those of its name, or at the end.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.retain(|(found, _)| found != name);
        self.add(name, value);
    }

    /// Takes all header fields of a name away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.headers.retain(|(found, _)| found != name);
    }

    /// Puts a Via on top.
    pub(crate) fn push_via(&mut self, via: String) {
        self.headers.insert(0, (Cow::Borrowed("Via"), via));
    }

    /// Puts this in the place of the topmost Via.
    pub(crate) fn replace_top_via(&mut self, via: String) {
        if let Some((_, value)) = self.headers.iter_mut().find(|(name, _)| name == "Via") {
            let rest = split_list(value, LIST_ELEMENTS).map(|list| list[1..].join(", ")).unwrap_or_default();
            *value = if rest.is_empty() { via } else { format!("{via}, {rest}") };
        }
    }

    /// Puts a body of this type.
    pub(crate) fn set_body(&mut self, content_type: &'static str, body: Vec<u8>) {
        self.set("Content-Type", content_type);
        self.body = Zeroizing::new(body);
    }

    /// The first header field of a name (the long form, as RFC 3261 writes it).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All header fields of a name, in order.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The elements of all header fields of a name; `None` when one is malformed, or there are too many.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        let mut elements = Vec::new();
        for value in self.all(name) {
            elements.extend(split_list(value, LIST_ELEMENTS)?);
            if elements.len() > LIST_ELEMENTS {
                return None;
            }
        }
        Some(elements)
    }

    /// Whether a header field that lists tokens has this one.
    pub(crate) fn lists(&self, name: &str, token: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(','))
            .any(|found| found.trim().eq_ignore_ascii_case(token))
    }

    /// The header fields of the application: those whose name begins with `X-`.
    pub(crate) fn custom(&self) -> Vec<(String, String)> {
        let is_custom = |name: &str| name.len() > 2 && name.as_bytes()[..2].eq_ignore_ascii_case(b"X-");
        let found = self.headers.iter().filter(|(name, _)| is_custom(name)).take(CUSTOM_HEADERS);
        found.map(|(name, value)| (name.to_string(), value.clone())).collect()
    }

    /// The topmost Via.
    pub(crate) fn via(&self) -> Option<Via> {
        Via::parse(split_list(self.header("Via")?, LIST_ELEMENTS)?.first()?)
    }

    /// The number of the CSeq (below 2^31, RFC 3261 §8.1.1.5) and its method's name.
    pub(crate) fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.header("CSeq")?.split_once(|c: char| c.is_ascii_whitespace())?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = number.parse::<u32>().ok().filter(|number| *number < 1 << 31)?;
        Some((number, method.trim_start())).filter(|(_, method)| is_token(method))
    }

    /// The method: that of a request, or that of the request that a response answers.
    pub(crate) fn method(&self) -> Method {
        match &self.start {
            Start::Request { method, .. } => *method,
            Start::Response { .. } => self.cseq().map_or(Method::Other, |(_, name)| Method::of(name)),
        }
    }

    /// The status of a response.
    pub(crate) fn code(&self) -> Option<u16> {
        match self.start {
            Start::Response { code, .. } => Some(code),
            Start::Request { .. } => None,
        }
    }

    /// The URI of a request.
    pub(crate) fn request_uri(&self) -> Option<&str> {
        match &self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    pub(crate) fn from(&self) -> Option<NameAddress> {
        NameAddress::parse(self.header("From")?).ok()
    }

    pub(crate) fn to(&self) -> Option<NameAddress> {
        NameAddress::parse(self.header("To")?).ok()
    }

    pub(crate) fn tag_of_to(&self) -> Option<String> {
        self.to()?.tag().map(str::to_owned)
    }

    pub(crate) fn tag_of_from(&self) -> Option<String> {
        self.from()?.tag().map(str::to_owned)
    }

    pub(crate) fn call_id(&self) -> &str {
        self.header("Call-ID").unwrap_or_default()
    }

    /// The one Contact of a request or response that makes or refreshes a dialog.
    pub(crate) fn contact(&self) -> Option<Uri> {
        let list = self.list("Contact")?;
        match list.as_slice() {
            [one] => NameAddress::parse(one).ok().map(|contact| contact.uri),
            _ => None,
        }
    }

    /// Whether the body is of this type; parameters of the type do not count.
    pub(crate) fn is_type(&self, wanted: &str) -> bool {
        let found = self.header("Content-Type").and_then(|value| value.split(';').next());
        found.is_some_and(|found| found.trim().eq_ignore_ascii_case(wanted))
    }

    /// The message as it is sent. A control character, which could begin another header field, becomes a space.
    pub(crate) fn wire(&self) -> Wire {
        let mut out = Zeroizing::new(Vec::with_capacity(1_024 + self.body.len()));
        let mut line = |parts: &[&str]| {
            for part in parts {
                out.extend(part.bytes().map(|byte| if byte < 0x20 || byte == 0x7f { b' ' } else { byte }));
            }
            out.extend_from_slice(b"\r\n");
        };
        match &self.start {
            Start::Request { name, uri, .. } => line(&[name, " ", uri, " SIP/2.0"]),
            Start::Response { code, reason } => line(&["SIP/2.0 ", &code.to_string(), " ", reason]),
        }
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "Content-Length") {
            line(&[name, ": ", value]);
        }
        line(&["Content-Length: ", &self.body.len().to_string()]);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        Arc::new(out)
    }
}

/// What stands at the front of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A keep-alive that is answered with one empty line (RFC 5626 §3.5.1): this many octets.
    Ping(usize),
    /// An empty line: this many octets.
    Blank(usize),
    /// A message of this many octets.
    Message(usize),
    /// More octets are needed.
    Incomplete,
}

/// Finds the first message of a stream (RFC 3261 §18.3).
///
/// # Errors
/// [`Unreadable`] when no message can follow: the connection is at its end.
pub fn frame(bytes: &[u8]) -> Result<Frame, Unreadable> {
    if bytes.starts_with(b"\r\n\r\n") {
        return Ok(Frame::Ping(4));
    }
    if bytes.starts_with(b"\r\n") {
        // Half of a ping, perhaps: with its other half it is answered.
        return Ok(if matches!(bytes, b"\r\n" | b"\r\n\r") { Frame::Incomplete } else { Frame::Blank(2) });
    }
    if bytes == b"\r" {
        return Ok(Frame::Incomplete);
    }
    let Some(end) = head_end(bytes) else {
        return if bytes.len() > HEAD_BYTES { Err(Unreadable::TooLong) } else { Ok(Frame::Incomplete) };
    };
    if end > HEAD_BYTES {
        return Err(Unreadable::TooLong);
    }
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Unreadable::NoHead)?;
    let mut length = None;
    for line in head.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim_end();
        if name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("l") {
            let value = value.trim();
            let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let value = value.parse::<usize>().ok().filter(|_| is_number).ok_or(Unreadable::NoHead)?;
            // Two lengths that differ are two readings of one stream.
            if length.is_some_and(|length| length != value) {
                return Err(Unreadable::NoHead);
            }
            length = Some(value);
        }
    }
    let whole = length.unwrap_or(0).saturating_add(end + 4);
    if whole > MESSAGE_BYTES {
        return Err(Unreadable::TooLong);
    }
    Ok(if whole <= bytes.len() { Frame::Message(whole) } else { Frame::Incomplete })
}

/// Whether a header field of the application may be sent: `X-` and a token, and a value of one line.
pub(crate) fn is_custom_header(name: &str, value: &str) -> bool {
    name.len() > 2
        && name.as_bytes()[..2].eq_ignore_ascii_case(b"X-")
        && name.len() <= 128
        && is_token(name)
        && value.len() <= HEADER_BYTES
        && !value.chars().any(char::is_control)
}

const BAD_HEADER: Refusal = Refusal(400, "Bad Header");
const BAD_START: Refusal = Refusal(400, "Bad Request Line");

/// The first line, and what is wrong with it; `None` when nothing can be made of it.
fn read_start(line: &str) -> Option<(Start, Option<Refusal>)> {
    if let Some(rest) = line.strip_prefix("SIP/2.0 ") {
        // The phrase may be empty, but the space before it stands (RFC 4475 §3.1.1.13).
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let code = (code.len() == 3).then(|| code.parse::<u16>().ok()).flatten()?;
        return (100..700)
            .contains(&code)
            .then(|| (Start::Response { code, reason: reason.to_owned() }, None));
    }
    if line.starts_with("SIP/") {
        return None;
    }
    let (name, rest) = line.split_once(' ')?;
    if !is_token(name) {
        return None;
    }
    let start =
        |uri: &str| Start::Request { method: Method::of(name), name: name.to_owned(), uri: uri.to_owned() };
    let Some((uri, version)) = rest.rsplit_once(' ') else { return Some((start(rest), Some(BAD_START))) };
    let is_bad = uri.is_empty() || uri.contains(char::is_whitespace) || version.is_empty();
    let defect = match version {
        _ if is_bad => Some(BAD_START),
        "SIP/2.0" => None,
        _ => Some(Refusal(505, "Version Not Supported")),
    };
    Some((start(uri), defect))
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n")
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte))
}

/// The header fields that are looked at, in their long form, and the compact form of those that have one.
const NAMES: &[(&str, &str)] = &[
    ("Via", "v"),
    ("From", "f"),
    ("To", "t"),
    ("Call-ID", "i"),
    ("CSeq", ""),
    ("Contact", "m"),
    ("Content-Length", "l"),
    ("Content-Type", "c"),
    ("Content-Encoding", "e"),
    ("Subject", "s"),
    ("Supported", "k"),
    ("Refer-To", "r"),
    ("Referred-By", "b"),
    ("Event", "o"),
    ("Allow-Events", "u"),
    ("Session-Expires", "x"),
    ("Min-SE", ""),
    ("Min-Expires", ""),
    ("Max-Forwards", ""),
    ("Expires", ""),
    ("Route", ""),
    ("Record-Route", ""),
    ("Path", ""),
    ("Require", ""),
    ("Proxy-Require", ""),
    ("Allow", ""),
    ("Accept", ""),
    ("Authorization", ""),
    ("Proxy-Authorization", ""),
    ("WWW-Authenticate", ""),
    ("Proxy-Authenticate", ""),
    ("Subscription-State", ""),
    ("Retry-After", ""),
    ("Replaces", ""),
];

fn canonical(name: &str) -> Cow<'static, str> {
    let known = NAMES.iter().find(|(long, compact)| {
        long.eq_ignore_ascii_case(name) || (!compact.is_empty() && compact.eq_ignore_ascii_case(name))
    });
    known.map_or_else(|| Cow::Owned(name.to_owned()), |(long, _)| Cow::Borrowed(*long))
}
