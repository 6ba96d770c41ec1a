//! The reply to an inbound message: `Message` and `Redirect`.

use roxmltree::{Document, Node, ParsingOptions};

use crate::limits::{BODY_LIMIT, DOCUMENT_LIMIT_BYTES, MEDIA_LIMIT, NODE_LIMIT, VERB_LIMIT};
use crate::{DOCUMENT_PARSE_FAILURE, DOCUMENT_TOO_LARGE, Position, SCHEMA_VIOLATION, TwimlError};

/// One instruction of a reply, in document order. No `Debug`: it carries protected content.
#[derive(Clone, PartialEq, Eq)]
pub enum MessagingVerb {
    /// Send a message.
    Message(Message),
    /// Go on with the document at another URL. What follows it in the document is never reached.
    Redirect(Redirect),
}

/// `<Message>`, also under its old name `<Sms>`. Values are as written: addresses and URLs are not yet checked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Receiver; the sender of the inbound message when absent.
    pub to: Option<String>,
    /// Sender; the receiver of the inbound message when absent.
    pub from: Option<String>,
    /// Where to ask for the next document once this message is accepted.
    pub action: Option<String>,
    /// How to ask `action`.
    pub method: Method,
    /// Where to report the message's states.
    pub status_callback: Option<String>,
    /// The texts: what stands directly in the element first, then every `Body`.
    pub bodies: Vec<String>,
    /// URLs of media to attach.
    pub media: Vec<String>,
}

/// `<Redirect>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redirect {
    /// The URL, maybe relative; empty means the current document's.
    pub url: String,
    /// How to ask it.
    pub method: Method,
}

/// The HTTP method of a callback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST, the default.
    #[default]
    Post,
}

/// Reads the reply to an inbound message. An empty document and an empty `Response` have no verbs.
///
/// Errors: 11750 too large; 12100 not UTF-8, not well-formed, with a DTD, or too many nodes; 12200 anything in it that
/// is not supported.
pub fn parse_messaging(body: &[u8]) -> Result<Vec<MessagingVerb>, TwimlError> {
    if body.len() > DOCUMENT_LIMIT_BYTES {
        return Err(TwimlError { code: DOCUMENT_TOO_LARGE, position: None });
    }
    let text = std::str::from_utf8(body).map_err(|error| TwimlError {
        code: DOCUMENT_PARSE_FAILURE,
        position: std::str::from_utf8(&body[..error.valid_up_to()]).ok().map(end_of),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // XML allows nothing before its declaration, but templates often leave a blank line there.
    let document = text.trim_start();
    let start = end_of(&text[..text.len() - document.len()]);
    if document.is_empty() {
        return Ok(Vec::new());
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODE_LIMIT, ..ParsingOptions::default() };
    let tree = Document::parse_with_options(document, options).map_err(|error| TwimlError {
        code: DOCUMENT_PARSE_FAILURE,
        position: Some(shifted(start, error.pos())),
    })?;
    verbs(tree.root_element()).map_err(|offset| TwimlError {
        code: SCHEMA_VIOLATION,
        position: Some(shifted(start, tree.text_pos_at(offset))),
    })
}

/// The byte offset of what the schema does not allow.
type Violation = usize;

fn verbs(response: Node) -> Result<Vec<MessagingVerb>, Violation> {
    if name(response)? != "Response" {
        return Err(response.range().start);
    }
    refuse_attributes(response, &[])?;
    let mut verbs = Vec::new();
    for child in content(response) {
        if child.is_text() {
            refuse_text(child)?;
            continue;
        }
        if verbs.len() == VERB_LIMIT {
            return Err(child.range().start);
        }
        verbs.push(match name(child)? {
            "Message" | "Sms" => MessagingVerb::Message(message(child)?),
            "Redirect" => MessagingVerb::Redirect(redirect(child)?),
            _ => return Err(child.range().start),
        });
    }
    Ok(verbs)
}

fn message(node: Node) -> Result<Message, Violation> {
    refuse_attributes(node, &["to", "from", "action", "method", "statusCallback"])?;
    let attribute = |name| node.attribute(name).map(str::to_owned);
    let mut bodies = Vec::new();
    let mut media = Vec::new();
    let mut direct = String::new();
    for child in content(node) {
        if child.is_text() {
            direct.push_str(child.text().unwrap_or_default());
            continue;
        }
        let (list, limit) = match name(child)? {
            "Body" => (&mut bodies, BODY_LIMIT),
            "Media" => (&mut media, MEDIA_LIMIT),
            _ => return Err(child.range().start),
        };
        if list.len() == limit {
            return Err(child.range().start);
        }
        refuse_attributes(child, &[])?;
        list.push(only_text(child)?);
    }
    let direct = direct.trim();
    if !direct.is_empty() {
        bodies.insert(0, direct.to_owned());
    }
    for url in &mut media {
        *url = url.trim().to_owned();
    }
    Ok(Message {
        to: attribute("to"),
        from: attribute("from"),
        action: attribute("action"),
        method: method(node)?,
        status_callback: attribute("statusCallback"),
        bodies,
        media,
    })
}

fn redirect(node: Node) -> Result<Redirect, Violation> {
    refuse_attributes(node, &["method"])?;
    Ok(Redirect { url: only_text(node)?.trim().to_owned(), method: method(node)? })
}

fn method(node: Node) -> Result<Method, Violation> {
    match node.attribute_node("method") {
        None => Ok(Method::default()),
        Some(written) if written.value().eq_ignore_ascii_case("GET") => Ok(Method::Get),
        Some(written) if written.value().eq_ignore_ascii_case("POST") => Ok(Method::Post),
        Some(written) => Err(written.range().start),
    }
}

/// Elements and texts; comments and processing instructions mean nothing.
fn content<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(|child| child.is_element() || child.is_text())
}

/// The element's name, which must stand in no namespace.
fn name<'input>(node: Node<'_, 'input>) -> Result<&'input str, Violation> {
    let name = node.tag_name();
    if name.namespace().is_some() { Err(node.range().start) } else { Ok(name.name()) }
}

fn refuse_attributes(node: Node, known: &[&str]) -> Result<(), Violation> {
    let is_known = |name: &str| known.contains(&name);
    match node.attributes().find(|found| found.namespace().is_some() || !is_known(found.name())) {
        Some(unknown) => Err(unknown.range().start),
        None => Ok(()),
    }
}

fn refuse_text(text: Node) -> Result<(), Violation> {
    if text.text().unwrap_or_default().trim().is_empty() { Ok(()) } else { Err(text.range().start) }
}

/// The text of an element that may hold nothing else.
fn only_text(node: Node) -> Result<String, Violation> {
    let mut all = String::new();
    for child in content(node) {
        if child.is_element() {
            return Err(child.range().start);
        }
        all.push_str(child.text().unwrap_or_default());
    }
    Ok(all)
}

/// The place right after this text.
fn end_of(text: &str) -> Position {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    Position { line: count(text.matches('\n').count()) + 1, column: count(last_line.chars().count()) + 1 }
}

/// A place in the trimmed document as a place in the whole one.
fn shifted(start: Position, inner: roxmltree::TextPos) -> Position {
    let column = if inner.row == 1 { start.column + inner.col - 1 } else { inner.col };
    Position { line: start.line + inner.row - 1, column }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("documents are limited to 64 KiB")
}
