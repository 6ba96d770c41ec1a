//! Bodies in parts (RFC 2046 §5.1, RFC 2387): written for an MMSC, and read from one within limits.

use data_encoding::{BASE64, BASE64_NOPAD};

use crate::limits::{BOUNDARY_CHARACTERS, DEPTH, PART_HEADER_BYTES, PARTS, TYPE_PARAMETERS};

/// Characters of a line of base64 (RFC 2045 §6.8).
const LINE: usize = 76;

/// What is wrong with a body. It says nothing of what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A content type that cannot be read, or a multipart without a boundary.
    Type,
    /// The header of a part.
    Header,
    /// The boundary does not come, or not as it must.
    Boundary,
    /// An encoding that is not known, or bytes that are none of it.
    Encoding,
    /// More parts, or deeper ones, than are read.
    TooMany,
}

/// A content type with its parameters; names and type in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// `type/subtype`.
    pub kind: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// Reads a header's value (RFC 2045 §5.1).
    ///
    /// # Errors
    /// [`Malformed::Type`].
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (kind, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let kind = kind.trim().to_ascii_lowercase();
        if !kind.split_once('/').is_some_and(|(one, other)| is_token(one) && is_token(other)) {
            return Err(Malformed::Type);
        }
        let mut parameters = Vec::new();
        while !rest.trim().is_empty() {
            let (name, value) = rest.split_once('=').ok_or(Malformed::Type)?;
            let name = name.trim().to_ascii_lowercase();
            let (value, after) = value_of(value.trim_start())?;
            if !is_token(&name) || parameters.len() == TYPE_PARAMETERS {
                return Err(Malformed::Type);
            }
            parameters.push((name, value));
            rest = match after.trim_start() {
                "" => "",
                after => after.strip_prefix(';').ok_or(Malformed::Type)?,
            };
        }
        Ok(Self { kind, parameters })
    }

    /// The first parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn is_multipart(&self) -> bool {
        self.kind.starts_with("multipart/")
    }
}

fn is_token(text: &str) -> bool {
    let is_special = |byte: u8| b"()<>@,;:\\\"/[]?=".contains(&byte);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !is_special(byte))
}

/// A parameter's value, and what follows it.
fn value_of(text: &str) -> Result<(String, &str), Malformed> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        return Ok((value.trim().to_owned(), rest));
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, character) in quoted.char_indices() {
        match character {
            _ if is_escaped => {
                value.push(character);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => return Ok((value, &quoted[at + 1..])),
            _ => value.push(character),
        }
    }
    Err(Malformed::Type)
}

/// A part that is no multipart, with its encoding undone. No `Debug`: it may hold protected data.
pub struct Leaf {
    /// What it says it is.
    pub content_type: ContentType,
    /// Its name, without the angle brackets.
    pub id: Option<String>,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A body that was read: the part that goes first, and the others in their order. No `Debug`.
pub struct Related {
    /// The root: of MM7 the envelope.
    pub root: Vec<u8>,
    /// What it refers to.
    pub leaves: Vec<Leaf>,
}

/// Reads a body: an envelope alone, or one with attachments. Its root is the part that `start` names, else the first
/// (RFC 2387 §3.2).
///
/// # Errors
/// [`Malformed`].
pub fn read(content_type: &str, body: &[u8]) -> Result<Related, Malformed> {
    let whole = ContentType::parse(content_type)?;
    if !whole.is_multipart() {
        return Ok(Related { root: body.to_vec(), leaves: Vec::new() });
    }
    let start = whole.parameter("start").map(|id| bare(id).to_owned());
    let mut leaves = Vec::new();
    collect(&whole, body, 1, &mut leaves)?;
    let named = |leaf: &Leaf| start.is_some() && leaf.id == start;
    let at = leaves.iter().position(named).unwrap_or(0);
    if leaves.is_empty() {
        return Err(Malformed::Boundary);
    }
    Ok(Related { root: leaves.remove(at).bytes, leaves })
}

/// Adds what stands in a multipart, and in those in it.
fn collect(whole: &ContentType, body: &[u8], depth: usize, leaves: &mut Vec<Leaf>) -> Result<(), Malformed> {
    if depth > DEPTH {
        return Err(Malformed::TooMany);
    }
    let boundary = whole.parameter("boundary").filter(|boundary| is_boundary(boundary));
    for part in split(body, boundary.ok_or(Malformed::Type)?)? {
        let (header, content) = header(part)?;
        let content_type = ContentType::parse(header.content_type.as_deref().unwrap_or("text/plain"))?;
        if content_type.is_multipart() {
            collect(&content_type, content, depth + 1, leaves)?;
            continue;
        }
        if leaves.len() == PARTS {
            return Err(Malformed::TooMany);
        }
        let bytes = decode(header.encoding.as_deref(), content)?;
        leaves.push(Leaf { content_type, id: header.id, bytes });
    }
    Ok(())
}

fn is_boundary(text: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=BOUNDARY_CHARACTERS).contains(&text.len()) && text.bytes().all(is_known) && !text.ends_with(' ')
}

/// The parts between the delimiters. Only beginnings of lines are looked at, and a boundary holds no end of a line, so
/// this is linear in the body.
fn split<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, Malformed> {
    let (mut parts, mut began, mut at) = (Vec::new(), None, 0);
    loop {
        let line_end =
            body[at..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |end| at + end + 1);
        if let Some(is_last) = delimiter(&body[at..line_end], boundary) {
            if let Some(began) = began {
                if parts.len() == PARTS {
                    return Err(Malformed::TooMany);
                }
                parts.push(without_line_end(&body[began..at]));
            }
            if is_last {
                return Ok(parts);
            }
            began = Some(line_end);
        }
        if line_end == body.len() {
            return Err(Malformed::Boundary);
        }
        at = line_end;
    }
}

/// Whether a line is a delimiter, and the last one.
fn delimiter(line: &[u8], boundary: &str) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
    let (rest, is_last) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
    rest.iter().all(u8::is_ascii_whitespace).then_some(is_last)
}

/// The end of the line before a delimiter is the delimiter's.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[derive(Default)]
struct Header {
    content_type: Option<String>,
    encoding: Option<String>,
    id: Option<String>,
}

/// The header of a part, and its content.
fn header(part: &[u8]) -> Result<(Header, &[u8]), Malformed> {
    let (mut header, mut at, mut fields) = (Header::default(), 0, Vec::<String>::new());
    loop {
        let rest = part.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(part.len(), |end| at + end + 1);
        let line = without_line_end(&part[at..end]);
        let is_over = line.is_empty() || at == end;
        at = end;
        if is_over {
            break;
        }
        if at > PART_HEADER_BYTES {
            return Err(Malformed::Header);
        }
        let line = std::str::from_utf8(line).map_err(|_| Malformed::Header)?;
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => field.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    for field in fields {
        let (name, value) = field.split_once(':').ok_or(Malformed::Header)?;
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => header.content_type = Some(value.to_owned()),
            "content-transfer-encoding" => header.encoding = Some(value.to_ascii_lowercase()),
            "content-id" => header.id = Some(bare(value).to_owned()),
            _ => {}
        }
    }
    Ok((header, &part[at..]))
}

/// A Content-ID without its brackets, or a `cid:` URL without its scheme (RFC 2392).
#[must_use]
pub fn bare(id: &str) -> &str {
    let id = id.trim();
    let id = id.strip_prefix("cid:").unwrap_or(id);
    let id = id.strip_prefix('<').unwrap_or(id);
    id.strip_suffix('>').unwrap_or(id)
}

fn decode(encoding: Option<&str>, content: &[u8]) -> Result<Vec<u8>, Malformed> {
    match encoding {
        None | Some("" | "binary" | "8bit" | "7bit") => Ok(content.to_vec()),
        Some("base64") => {
            let bare: Vec<u8> = content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let bare = bare.strip_suffix(b"==").or(bare.strip_suffix(b"=")).unwrap_or(&bare);
            BASE64_NOPAD.decode(bare).map_err(|_| Malformed::Encoding)
        }
        Some("quoted-printable") => quoted_printable(content),
        Some(_) => Err(Malformed::Encoding),
    }
}

/// RFC 2045 §6.7.
fn quoted_printable(content: &[u8]) -> Result<Vec<u8>, Malformed> {
    let (mut plain, mut rest) = (Vec::with_capacity(content.len()), content);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'=' {
            plain.push(*first);
            continue;
        }
        let soft = rest.strip_prefix(b"\r\n").or(rest.strip_prefix(b"\n"));
        if let Some(after) = soft {
            rest = after;
            continue;
        }
        let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (high, low) = digit(0).zip(digit(1)).ok_or(Malformed::Encoding)?;
        plain.push(u8::try_from(high * 16 + low).map_err(|_| Malformed::Encoding)?);
        rest = &rest[2..];
    }
    Ok(plain)
}

/// The text of a part, by its charset. What is none of the usual ones, or does not fit, is read as UTF-8 as far as it
/// goes.
#[must_use]
pub fn text(leaf: &Leaf) -> String {
    let charset = leaf.content_type.parameter("charset").unwrap_or_default().to_ascii_lowercase();
    match charset.as_str() {
        "iso-8859-1" | "latin1" => leaf.bytes.iter().copied().map(char::from).collect(),
        "utf-16" | "utf-16be" | "utf-16le" | "iso-10646-ucs-2" => utf16(&leaf.bytes, &charset),
        _ => String::from_utf8_lossy(&leaf.bytes).trim_start_matches('\u{feff}').to_owned(),
    }
}

fn utf16(bytes: &[u8], charset: &str) -> String {
    let (bytes, is_little) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, true),
        [0xfe, 0xff, rest @ ..] => (rest, false),
        _ => (bytes, charset == "utf-16le"),
    };
    let units = bytes.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Writes a part in base64: no byte of it can be a delimiter, and no peer can read it as text.
pub fn write_encoded(out: &mut Vec<u8>, boundary: &str, content_type: &str, id: &str, bytes: &[u8]) {
    open(out, boundary, &[("Content-Type", content_type), ("Content-Transfer-Encoding", "base64")], id);
    // Whole groups of three bytes make whole lines.
    for line in bytes.chunks(LINE / 4 * 3) {
        out.extend_from_slice(BASE64.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes a part as it is, which is to hold no line that begins with the boundary.
pub fn write_plain(out: &mut Vec<u8>, boundary: &str, content_type: &str, id: &str, bytes: &[u8]) {
    open(out, boundary, &[("Content-Type", content_type)], id);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Begins a part of these headers.
fn open(out: &mut Vec<u8>, boundary: &str, headers: &[(&str, &str)], id: &str) {
    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(format!("Content-ID: <{id}>\r\n\r\n").as_bytes());
}

/// Ends a multipart.
pub fn close(out: &mut Vec<u8>, boundary: &str) {
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_types_with_their_parameters() {
        let read = ContentType::parse("Multipart/Related; boundary=\"a;b\\\"c\" ; TYPE=text/xml; start=<x>")
            .unwrap();
        assert_eq!(read.kind, "multipart/related");
        assert_eq!(read.parameter("boundary"), Some("a;b\"c"));
        assert_eq!((read.parameter("type"), read.parameter("start")), (Some("text/xml"), Some("<x>")));
        for wrong in [
            "",
            "text",
            "text/",
            "/plain",
            "text/plain; charset",
            "text/plain; a=\"b",
            "a b/c",
            "text/plain; x=\"a\"b",
        ] {
            assert_eq!(ContentType::parse(wrong), Err(Malformed::Type), "{wrong}");
        }
    }

    /// `root` and what else there is, as text.
    fn parts(body: &str) -> Result<(String, Vec<(String, String)>), Malformed> {
        let read = read("multipart/related; boundary=b; start=\"<env>\"", body.as_bytes())?;
        let words = |leaf: &Leaf| (leaf.content_type.kind.clone(), text(leaf));
        Ok((String::from_utf8(read.root).unwrap(), read.leaves.iter().map(words).collect()))
    }

    #[test]
    fn reads_parts_at_all_depths_and_undoes_their_encoding() {
        let body = "preamble\r\n--b\r\nContent-Type: text/xml\r\nContent-ID: <env>\r\n\r\n<e/>\r\n--b \r\n\
                    content-type: multipart/mixed;\r\n boundary=\"inner\"\r\n\r\n--inner\r\n\r\nplain\r\n--bogus\r\n--inner\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: BASE64\r\n\r\nw6Q\r\n=\r\n--inner\r\n\
                    Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E4=\r\nb\
                    \r\n--inner--\r\nepilogue\r\n--b--";
        let (root, leaves) = parts(body).unwrap();
        assert_eq!(root, "<e/>");
        let texts: Vec<_> = leaves.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["plain\r\n--bogus", "ä", "äb"]);
    }

    #[test]
    fn refuses_what_is_no_body_in_parts() {
        for (body, wrong) in [
            ("", Malformed::Boundary),
            ("--b\r\n\r\nnever ends", Malformed::Boundary),
            ("--b--", Malformed::Boundary),
            ("--b\r\nno colon\r\n\r\n--b--", Malformed::Header),
            ("--b\r\nContent-Transfer-Encoding: zip\r\n\r\nx\r\n--b--", Malformed::Encoding),
            ("--b\r\nContent-Transfer-Encoding: base64\r\n\r\n%\r\n--b--", Malformed::Encoding),
            ("--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--b--", Malformed::Type),
        ] {
            assert_eq!(parts(body).err(), Some(wrong), "{body:?}");
        }
        let long = format!("--b\r\nX: {}\r\n\r\nx\r\n--b--", "x".repeat(PART_HEADER_BYTES));
        assert_eq!(parts(&long).err(), Some(Malformed::Header));
        let many = format!("{}--b--", "--b\r\n\r\nx\r\n".repeat(PARTS + 1));
        assert_eq!(parts(&many).err(), Some(Malformed::TooMany));
        let nested = |depth: usize| {
            let mut body = "x".to_owned();
            for level in (1..depth).rev() {
                let header = format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n");
                body = format!(
                    "{header}--b{level}\r\n{}\r\n--b{level}--",
                    if level == depth - 1 { "\r\nx" } else { &body }
                );
            }
            parts(&format!("--b\r\n{}\r\n--b--", if depth == 1 { "\r\nx" } else { &body }))
        };
        assert_eq!(nested(DEPTH).map(|(root, _)| root), Ok("x".to_owned()));
        assert_eq!(nested(DEPTH + 1).err(), Some(Malformed::TooMany));
    }

    #[test]
    fn names_lose_their_brackets() {
        for (given, expected) in [("<a@b>", "a@b"), ("cid:a@b", "a@b"), ("a", "a"), (" <a> ", "a"), ("<", "")]
        {
            assert_eq!(bare(given), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(bytes in any::<Vec<u8>>()) {
            let mut body = Vec::new();
            write_plain(&mut body, "b", "text/xml", "env", b"<e/>");
            write_encoded(&mut body, "b", "image/png", "one", &bytes);
            close(&mut body, "b");
            let read = read("multipart/related; boundary=b; start=\"<env>\"", &body).map_err(|_| TestCaseError::fail("unread"))?;
            prop_assert_eq!(read.root, b"<e/>");
            prop_assert_eq!(&read.leaves[0].bytes, &bytes);
            prop_assert_eq!(read.leaves[0].id.as_deref(), Some("one"));
        }

        #[test]
        fn noise_is_read_or_refused(kind in ".{0,40}", bytes in any::<Vec<u8>>()) {
            let _ = read(&kind, &bytes);
            let _ = read("multipart/mixed; boundary=a", &[b"--a\r\n", &bytes[..], b"\r\n--a--"].concat());
        }
    }
}
