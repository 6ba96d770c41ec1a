//! Sets of places: what may leave, what a mapping reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Path;

/// A set of places, each with everything inside it. Lists are looked through: a place is the same in each element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathSet {
    /// Everything below here belongs to the set.
    whole: bool,
    inner: BTreeMap<String, PathSet>,
}

impl PathSet {
    /// Every place there is.
    pub fn everything() -> Self {
        Self { whole: true, inner: BTreeMap::new() }
    }

    /// Adds a place and all inside it.
    pub fn insert(&mut self, path: &Path) {
        let mut node = self;
        for name in path.names() {
            if node.whole {
                return;
            }
            node = node.inner.entry(name.clone()).or_default();
        }
        *node = Self::everything();
    }

    /// Adds the places of another set.
    pub fn extend(&mut self, other: &Self) {
        if self.whole {
        } else if other.whole {
            *self = Self::everything();
        } else {
            for (name, inner) in &other.inner {
                self.inner.entry(name.clone()).or_default().extend(inner);
            }
        }
    }

    /// The same set, seen from outside: every place moved into `path`.
    pub fn within(self, path: &Path) -> Self {
        path.names()
            .iter()
            .rev()
            .fold(self, |set, name| Self { whole: false, inner: BTreeMap::from([(name.clone(), set)]) })
    }

    /// The places that are in both.
    pub fn intersection(&self, other: &Self) -> Self {
        if self.whole {
            return other.clone();
        }
        if other.whole {
            return self.clone();
        }
        let both = self.inner.iter().filter_map(|(name, inner)| {
            let common = inner.intersection(other.inner.get(name)?);
            (!common.is_empty()).then(|| (name.clone(), common))
        });
        Self { whole: false, inner: both.collect() }
    }

    /// Whether no place is in the set.
    pub fn is_empty(&self) -> bool {
        !self.whole && self.inner.values().all(Self::is_empty)
    }

    /// Whether a place, and so all inside it, is in the set.
    pub fn covers(&self, path: &Path) -> bool {
        let mut node = self;
        for name in path.names() {
            if node.whole {
                return true;
            }
            match node.inner.get(name) {
                Some(inner) => node = inner,
                None => return false,
            }
        }
        node.whole
    }

    /// The places, none inside another, in order.
    pub fn paths(&self) -> Vec<Path> {
        let mut found = Vec::new();
        self.collect(&Path::ROOT, &mut found);
        found
    }

    fn collect(&self, at: &Path, found: &mut Vec<Path>) {
        if self.whole {
            found.push(at.clone());
        }
        for (name, inner) in &self.inner {
            inner.collect(&at.child(name.clone()), found);
        }
    }

    /// The event without any value outside the set. Objects and lists on the way to a place of the set stay, even
    /// empty, and elements keep their positions; a value in their stead goes (in a list it becomes `null`).
    pub fn keep(&self, event: &Value) -> Value {
        self.kept(event).unwrap_or(Value::Null)
    }

    fn kept(&self, value: &Value) -> Option<Value> {
        if self.whole {
            return Some(value.clone());
        }
        match value {
            Value::Object(fields) => {
                let kept = self
                    .inner
                    .iter()
                    .filter_map(|(name, inner)| Some((name.clone(), inner.kept(fields.get(name)?)?)));
                Some(Value::Object(kept.collect::<Map<_, _>>()))
            }
            Value::Array(items) => Some(Value::Array(items.iter().map(|item| self.keep(item)).collect())),
            _ => None,
        }
    }
}

impl<'a> FromIterator<&'a Path> for PathSet {
    fn from_iter<I: IntoIterator<Item = &'a Path>>(paths: I) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(path));
        set
    }
}

impl FromIterator<Path> for PathSet {
    fn from_iter<I: IntoIterator<Item = Path>>(paths: I) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(&path));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(paths: &[&str]) -> PathSet {
        paths.iter().map(|path| Path::parse(path).unwrap()).collect()
    }

    fn texts(set: &PathSet) -> Vec<String> {
        set.paths().iter().map(Path::to_string).collect()
    }

    #[test]
    fn a_place_covers_what_is_inside_it() {
        let set = set(&["traits.address.city", "event", "traits.address"]);
        assert_eq!(texts(&set), ["event", "traits.address"]);
        let covers = |path: &str| set.covers(&Path::parse(path).unwrap());
        assert!(covers("traits.address") && covers("traits.address.zip.first") && covers("event"));
        assert!(!covers("traits") && !covers("traits.name") && !covers(""));
    }

    #[test]
    fn intersection_keeps_the_narrower_place() {
        let left = set(&["traits", "properties.a"]);
        let right = set(&["traits.email", "properties.a.b", "context"]);
        assert_eq!(texts(&left.intersection(&right)), ["properties.a.b", "traits.email"]);
        assert_eq!(left.intersection(&PathSet::everything()), left);
        assert!(left.intersection(&set(&["context"])).is_empty());
    }

    #[test]
    fn moves_into_a_place_and_joins() {
        let mut moved = set(&["sku"]).within(&Path::of(["properties", "products"]));
        moved.extend(&set(&["event"]));
        assert_eq!(texts(&moved), ["event", "properties.products.sku"]);
        moved.extend(&PathSet::everything());
        assert_eq!(texts(&moved), [""]);
    }

    #[test]
    fn keeps_only_values_of_the_set() {
        let event = json!({
            "event": "Seen",
            "userId": "u",
            "properties": {"products": [{"sku": 1, "name": "x"}, "bare", [{"sku": 2, "n": 3}]], "note": "n"},
            "traits": "not an object",
        });
        assert_eq!(
            set(&["event", "properties.products.sku", "traits.email", "context.ip"]).keep(&event),
            json!({"event": "Seen", "properties": {"products": [{"sku": 1}, null, [{"sku": 2}]]}}),
        );
        assert_eq!(PathSet::everything().keep(&event), event);
        assert_eq!(PathSet::default().keep(&event), json!({}));
    }
}
