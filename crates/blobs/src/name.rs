//! Where a blob is: kind, scope and SID, which is all that anybody sees who looks at the folder or the bucket.

use std::fmt;

use object_store::path::Path;

use crate::limits::NAME_CHARACTERS;

/// The name of a blob. It is bound into every chunk, so a blob that was moved does not open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobName {
    kind: String,
    scope: String,
    sid: String,
}

impl BlobName {
    /// The blob that belongs to the document `sid` of this kind and scope; `None` when a part could not stand in a path.
    pub fn new(kind: &str, scope: &str, sid: &str) -> Option<Self> {
        let is_plain = |text: &&str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !text.is_empty() && text.len() <= NAME_CHARACTERS && text.bytes().all(known)
        };
        let are_plain = [kind, scope, sid].iter().all(is_plain);
        are_plain.then(|| Self { kind: kind.to_owned(), scope: scope.to_owned(), sid: sid.to_owned() })
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (kind, scope, sid) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then(|| Self::new(kind, scope, sid)).flatten()
    }

    /// The kind of its document.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The scope of its document.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The SID of its document.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    pub(crate) fn path(&self) -> Path {
        Path::from(self.to_string())
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.scope, self.sid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_prints_and_nothing_that_leaves_the_folder() {
        let name = BlobName::new("media", "AC1", "ME1").unwrap();
        assert_eq!(BlobName::parse(&name.to_string()), Some(name));
        for text in ["", "a/b", "a/b/c/d", "../b/c", "a//c", "a/b/c#1", "a/b/c.d", "/a/b"] {
            assert_eq!(BlobName::parse(text), None, "{text}");
        }
    }
}
