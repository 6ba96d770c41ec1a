//! What a mapping can read, found without an event.

use paths::{Path, PathSet};

use crate::Mapping;
use crate::directives::{Node, Piece};

impl Mapping {
    /// Every place of an event that the mapping may read: what it builds depends on nothing else. A path or template
    /// that is itself made from the event may read anything.
    pub fn reads(&self) -> PathSet {
        let mut reads = PathSet::default();
        collect(&self.0, &mut reads);
        reads
    }
}

fn collect(node: &Node, reads: &mut PathSet) {
    match node {
        Node::Literal(_) => {}
        Node::Path(path) => reads.insert(&place(path).0),
        Node::MadePath(_) | Node::MadeTemplate(_) => reads.extend(&PathSet::everything()),
        Node::Template(pieces) => {
            for piece in pieces {
                if let Piece::Path(path) = piece {
                    reads.insert(&place(path).0);
                }
            }
        }
        Node::Object(fields) => fields.iter().for_each(|(_, node)| collect(node, reads)),
        Node::List(nodes) | Node::Merge(nodes) => nodes.iter().for_each(|node| collect(node, reads)),
        Node::If { value, then, otherwise, .. } => {
            collect(value, reads);
            then.iter().chain(otherwise).for_each(|node| collect(node, reads));
        }
        Node::Case { value, .. } => value.iter().for_each(|node| collect(node, reads)),
        Node::Replace { value, .. }
        | Node::Encode(value)
        | Node::Decode(value)
        | Node::Flatten { value, .. }
        | Node::ExcludeWhenNull(value) => collect(value, reads),
        // What the second part reads is what the first one made.
        Node::Transform { apply, .. } => collect(apply, reads),
        Node::ArrayPath { list, shape } => match (&**list, shape) {
            (Node::Path(path), Some(shape)) => {
                let mut inner = PathSet::default();
                collect(shape, &mut inner);
                match place(path) {
                    (path, true) if !inner.is_empty() => reads.extend(&inner.within(&path)),
                    // How many elements there are is read even when nothing of them is.
                    (path, _) => reads.insert(&path),
                }
            }
            (list, _) => collect(list, reads),
        },
    }
}

/// The place that reading a path amounts to, and whether that is the path itself: whoever picks one element of a
/// list reads the list, since a place is the same in all elements.
fn place(path: &Path) -> (Path, bool) {
    let picks = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    match path.names().iter().position(picks) {
        Some(position) => (Path::of(path.names()[..position].iter().cloned()), false),
        None => (path.clone(), true),
    }
}
