//! JSON that is made while it is written: an audit of many accounts has lists that would not fit into memory as values.

use std::collections::BTreeMap;
use std::io;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A part of a document. Members are written in the order of their names, as [`Value`] does.
pub(super) enum Node<'a> {
    /// What is small.
    Value(Value),
    /// An object with parts of its own.
    Object(BTreeMap<&'static str, Node<'a>>),
    /// A list of one part.
    One(Box<Node<'a>>),
    /// A list that is made item by item, each time it is written.
    List(Make<'a>),
}

/// Makes the items of a list from the beginning.
type Make<'a> = Box<dyn Fn() -> Box<dyn Iterator<Item = Value> + 'a> + 'a>;

impl<'a> Node<'a> {
    /// An object with these members.
    pub(super) fn object<const N: usize>(members: [(&'static str, Node<'a>); N]) -> Node<'a> {
        Node::Object(BTreeMap::from(members))
    }

    /// A list of what `make` makes.
    pub(super) fn list<I: Iterator<Item = Value> + 'a>(make: impl Fn() -> I + 'a) -> Node<'a> {
        Node::List(Box::new(move || Box::new(make())))
    }

    /// Adds a member.
    pub(super) fn with(mut self, name: &'static str, member: Node<'a>) -> Node<'a> {
        if let Node::Object(members) = &mut self {
            members.insert(name, member);
        }
        self
    }

    /// Adds a list, unless it is empty.
    pub(super) fn with_list<I: Iterator<Item = Value> + 'a>(
        self,
        name: &'static str,
        make: impl Fn() -> I + 'a,
    ) -> Node<'a> {
        if make().next().is_none() { self } else { self.with(name, Node::list(make)) }
    }

    /// Writes it indented, with a line end.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub(super) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

impl From<Value> for Node<'_> {
    fn from(value: Value) -> Self {
        Node::Value(value)
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Value(value) => value.serialize(serializer),
            Node::One(part) => serializer.collect_seq([part]),
            Node::List(make) => serializer.collect_seq(make()),
            Node::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, member) in members {
                    map.serialize_entry(name, member)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn is_written_as_the_same_value_would_be() {
        let node = Node::object([
            ("z", json!({ "b": 1, "a": [] }).into()),
            ("list", Node::list(|| (0..2).map(|index| json!({ "index": index })))),
            ("one", Node::One(Box::new(Node::object([("x", json!(null).into())])))),
        ])
        .with_list("none", std::iter::empty)
        .with_list("some", || std::iter::once(json!("é\n")));
        let mut written = Vec::new();
        node.write(&mut written).expect("memory takes it");
        let value = json!({
            "z": { "b": 1, "a": [] }, "list": [{ "index": 0 }, { "index": 1 }], "one": [{ "x": null }], "some": ["é\n"],
        });
        let expected = serde_json::to_string_pretty(&value).expect("it is JSON");
        assert_eq!(String::from_utf8(written).expect("text"), format!("{expected}\n"));
    }
}
