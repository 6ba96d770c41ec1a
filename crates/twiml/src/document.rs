//! From bytes to elements: what every kind of document has in common.

use roxmltree::{Document, Node, ParsingOptions};

use crate::limits::{DOCUMENT_LIMIT_BYTES, NODE_LIMIT};
use crate::{DOCUMENT_PARSE_FAILURE, DOCUMENT_TOO_LARGE, Method, Position, SCHEMA_VIOLATION, TwimlError};

/// What a document does not allow: where, as a byte offset, and Twilio's code.
#[derive(Clone, Copy)]
pub(crate) struct Violation {
    pub(crate) code: u32,
    pub(crate) offset: usize,
}

impl Violation {
    /// Something that is not in the schema.
    pub(crate) fn schema(node: Node) -> Self {
        Self::of(node, SCHEMA_VIOLATION)
    }

    pub(crate) fn of(node: Node, code: u32) -> Self {
        Self { code, offset: node.range().start }
    }
}

/// Reads a document and builds something from its root. An empty one gives the default.
///
/// Errors: 11750 too large; 12100 not UTF-8, not well-formed, with a DTD, or too many nodes; whatever `build` finds.
pub(crate) fn read<T: Default>(
    body: &[u8],
    build: impl FnOnce(Node) -> Result<T, Violation>,
) -> Result<T, TwimlError> {
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
        return Ok(T::default());
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODE_LIMIT, ..ParsingOptions::default() };
    let tree = Document::parse_with_options(document, options).map_err(|error| TwimlError {
        code: DOCUMENT_PARSE_FAILURE,
        position: Some(shifted(start, error.pos())),
    })?;
    build(tree.root_element()).map_err(|Violation { code, offset }| TwimlError {
        code,
        position: Some(shifted(start, tree.text_pos_at(offset))),
    })
}

/// The method written in this attribute, or the default.
pub(crate) fn method(node: Node, attribute: &str, code: u32) -> Result<Method, Violation> {
    match node.attribute_node(attribute) {
        None => Ok(Method::default()),
        Some(written) if written.value().eq_ignore_ascii_case("GET") => Ok(Method::Get),
        Some(written) if written.value().eq_ignore_ascii_case("POST") => Ok(Method::Post),
        Some(written) => Err(Violation { code, offset: written.range().start }),
    }
}

/// Elements and texts; comments and processing instructions mean nothing.
pub(crate) fn content<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(|child| child.is_element() || child.is_text())
}

/// The element's name, which must stand in no namespace.
pub(crate) fn name<'input>(node: Node<'_, 'input>) -> Result<&'input str, Violation> {
    let name = node.tag_name();
    if name.namespace().is_some() { Err(Violation::schema(node)) } else { Ok(name.name()) }
}

pub(crate) fn refuse_attributes(node: Node, known: &[&str]) -> Result<(), Violation> {
    let is_known = |name: &str| known.contains(&name);
    match node.attributes().find(|found| found.namespace().is_some() || !is_known(found.name())) {
        Some(unknown) => Err(Violation { code: SCHEMA_VIOLATION, offset: unknown.range().start }),
        None => Ok(()),
    }
}

pub(crate) fn refuse_text(text: Node) -> Result<(), Violation> {
    if text.text().unwrap_or_default().trim().is_empty() { Ok(()) } else { Err(Violation::schema(text)) }
}

/// The text of an element that may hold nothing else.
pub(crate) fn only_text(node: Node) -> Result<String, Violation> {
    let mut all = String::new();
    for child in content(node) {
        if child.is_element() {
            return Err(Violation::schema(child));
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
