//! All matchers together: which one recognises a field.

use matcher::Class;
use paths::Path;

use crate::custom::{CustomMatcher, Ready, Unusable, Where, key_words, stands_in};
use crate::pack::PACK;
use crate::{Colour, limits};

/// The matchers of a workspace.
#[derive(Debug, Default)]
pub struct Matchers {
    custom: Vec<(String, Ready)>,
}

/// Which matcher recognised a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Its name: one of the pack's, or `custom:` and the customer's.
    pub matcher: String,
    /// What it recommends.
    pub colour: Colour,
}

/// Objects of the context that say something of software, whose `name` is no person's.
const OF_SOFTWARE: [&str; 10] =
    ["app", "campaign", "consent", "library", "network", "os", "page", "protocols", "referrer", "screen"];

impl Matchers {
    /// The pack with these besides.
    ///
    /// # Errors
    /// [`Unusable`] with the place of the first that cannot be used.
    pub fn new(custom: &[CustomMatcher]) -> Result<Self, (usize, Unusable)> {
        let ready = |(place, one): (usize, &CustomMatcher)| {
            let ready = one.ready().map_err(|why| (place, why))?;
            Ok((format!("custom:{}", one.name), ready))
        };
        Ok(Self { custom: custom.iter().enumerate().map(ready).collect::<Result<_, _>>()? })
    }

    /// Who recognises a field by its names: the field's own before those of what it stands in, a customer's matchers
    /// before the pack's.
    pub fn by_key(&self, path: &Path) -> Option<Matched> {
        let names = path.names();
        for (place, name) in names.iter().enumerate().rev() {
            let found =
                self.custom.iter().find(|(_, ready)| ready.on == Where::Key && ready.recognises(name));
            if let Some((name, ready)) = found {
                return Some(Matched { matcher: name.clone(), colour: ready.colour });
            }
            if is_of_software(names, place) {
                continue;
            }
            let words = key_words(name);
            let found = PACK.iter().find(|row| row.keys.iter().any(|key| stands_in(key, &words)));
            if let Some(row) = found {
                return Some(Matched { matcher: row.name.to_owned(), colour: row.colour });
            }
        }
        None
    }

    /// Who recognises a field by what stands in it.
    pub fn by_value(&self, path: &Path, value: &str) -> Option<Matched> {
        let value = head(value);
        let found = self.custom.iter().find(|(_, ready)| ready.on == Where::Value && ready.recognises(value));
        if let Some((name, ready)) = found {
            return Some(Matched { matcher: name.clone(), colour: ready.colour });
        }
        // Addresses of machines and pages stand in every browser's context.
        if path.names().first().is_some_and(|first| first == "context")
            && path.names().get(1).is_some_and(|second| second != "traits")
        {
            return None;
        }
        // Words before a value say what it is, and here the key is what stands before it.
        let key = path.names().last().map(|name| key_words(name).join(" ")).unwrap_or_default();
        let text = format!("{key}: {value}");
        let mut strictest: Option<(&'static str, Colour)> = None;
        matcher::scan(&text, |finding| {
            if finding.span.end <= key.len() + 2 {
                return;
            }
            if let Some((name, colour)) = row_of(finding.class)
                && strictest.is_none_or(|(_, known)| known < colour)
            {
                strictest = Some((name, colour));
            }
        });
        strictest.map(|(name, colour)| Matched { matcher: name.to_owned(), colour })
    }
}

/// What is looked at of a value; no character is split.
fn head(value: &str) -> &str {
    let end = value.floor_char_boundary(limits::VALUE_BYTES);
    &value[..end]
}

fn row_of(class: Class) -> Option<(&'static str, Colour)> {
    PACK.iter().find(|row| row.classes.contains(&class)).map(|row| (row.name, row.colour))
}

fn is_of_software(names: &[String], place: usize) -> bool {
    place >= 2
        && names.first().is_some_and(|first| first == "context")
        && names.get(1).is_some_and(|second| OF_SOFTWARE.contains(&second.as_str()))
}
