//! The reply to an inbound message: `Message` and `Redirect`.

use roxmltree::Node;

use crate::document::{self, Violation, content, name, only_text, refuse_attributes, refuse_text};
use crate::limits::{BODY_LIMIT, MEDIA_LIMIT, VERB_LIMIT};
use crate::{SCHEMA_VIOLATION, TwimlError};

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
    document::read(body, verbs)
}

fn verbs(response: Node) -> Result<Vec<MessagingVerb>, Violation> {
    if name(response)? != "Response" {
        return Err(Violation::schema(response));
    }
    refuse_attributes(response, &[])?;
    let mut verbs = Vec::new();
    for child in content(response) {
        if child.is_text() {
            refuse_text(child)?;
            continue;
        }
        if verbs.len() == VERB_LIMIT {
            return Err(Violation::schema(child));
        }
        verbs.push(match name(child)? {
            "Message" | "Sms" => MessagingVerb::Message(message(child)?),
            "Redirect" => MessagingVerb::Redirect(redirect(child)?),
            _ => return Err(Violation::schema(child)),
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
            _ => return Err(Violation::schema(child)),
        };
        if list.len() == limit {
            return Err(Violation::schema(child));
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
    document::method(node, "method", SCHEMA_VIOLATION)
}
