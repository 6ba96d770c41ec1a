//! What the audit may read: one row per resource of the API, with the fields that are kept.
//!
//! The rows stand in [`crate::products`], beside the checks that use them. There is no way to read anything that
//! has no row, and no way to keep a field that a row does not name.

use crate::fact::Keep;

/// Why a resource is read, and therefore when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Settings and inventory: always.
    Settings,
    /// Content of the account, reduced to verdicts in memory: only when sampling is allowed. At most
    /// [`crate::limits::SAMPLE_ITEMS`] instances are looked at.
    Sample,
    /// An active probe: only when probing is allowed. Its items are made by `probe`.
    Probe,
}

/// One resource of an API.
pub struct Resource {
    /// Its name as its documentation writes it, unique in the table.
    pub name: &'static str,
    /// The product: the first label of Twilio's host (`api`, `messaging`), `segment`, or `switchward`.
    pub product: &'static str,
    /// The path. `{account}` is the subject's SID, `{1}` the parent's id, `{2}` the id of the parent's parent,
    /// `{organization}` the Organization's SID, `{expired:KIND}` the last day that is too old for a kind of record,
    /// `{each}` each of [`Resource::each`] in turn.
    pub path: &'static str,
    /// What the path asks for, one list after the other; empty when there is one list.
    pub each: &'static [&'static str],
    /// The member that holds the list (dotted for Segment's `data.sources`); empty for a single object.
    pub list: &'static str,
    /// The member with the id of an item.
    pub id: &'static str,
    /// Members that are kept, by dotted path, and how. The path is the fact's name; after a `#` in it stands which of
    /// several questions about one member it answers.
    pub keep: &'static [(&'static str, Keep)],
    /// The resource under which it lies; read once per item of that.
    pub under: Option<&'static Resource>,
    /// Whether the list comes whole, and takes no size of a page.
    pub whole: bool,
    /// Why it is read.
    pub purpose: Purpose,
}

impl Resource {
    /// A list of settings.
    pub const fn list(
        name: &'static str,
        product: &'static str,
        path: &'static str,
        list: &'static str,
    ) -> Resource {
        let purpose = Purpose::Settings;
        Resource {
            name,
            product,
            path,
            each: &[],
            list,
            id: "sid",
            keep: &[],
            under: None,
            whole: false,
            purpose,
        }
    }

    /// A single object of settings.
    pub const fn one(name: &'static str, product: &'static str, path: &'static str) -> Resource {
        Resource::list(name, product, path, "")
    }

    /// What an active probe finds out. `path` says in words what it does, for `--plan`.
    pub const fn probe(name: &'static str, product: &'static str, path: &'static str) -> Resource {
        let resource = Resource::list(name, product, path, "");
        Resource { purpose: Purpose::Probe, ..resource }
    }

    /// The same, with these members kept.
    pub const fn keep(self, keep: &'static [(&'static str, Keep)]) -> Resource {
        Resource { keep, ..self }
    }

    /// The same, of which there is one list for each of these.
    pub const fn each(self, each: &'static [&'static str]) -> Resource {
        Resource { each, ..self }
    }

    /// The same, with another member as the id.
    pub const fn id(self, id: &'static str) -> Resource {
        Resource { id, ..self }
    }

    /// The same, of which the list comes whole: asked for pages, an API that is strict would refuse.
    pub const fn whole(self) -> Resource {
        Resource { whole: true, ..self }
    }

    /// The same, read once per item of `parent`.
    pub const fn under(self, parent: &'static Resource) -> Resource {
        Resource { under: Some(parent), ..self }
    }

    /// The same, read only when sampling is allowed.
    pub const fn sample(self) -> Resource {
        Resource { purpose: Purpose::Sample, ..self }
    }

    /// How many resources it lies under.
    pub fn depth(&self) -> usize {
        self.under.map_or(0, |parent| parent.depth() + 1)
    }

    /// What a restricted key needs to read it, in the form Twilio writes such permissions.
    ///
    /// Derived from the path; vendors may write it otherwise.
    pub fn permission(&self) -> String {
        let literal = |part: &&str| !part.is_empty() && !part.starts_with('{') && *part != "Accounts";
        let path = self.path.split('?').next().unwrap_or_default();
        let last = path.split('/').rfind(literal).unwrap_or_default();
        let name = last.trim_end_matches(".json");
        let mut words = String::new();
        for (index, letter) in name.char_indices() {
            if letter.is_ascii_uppercase() && index > 0 {
                words.push('-');
            }
            words.push(letter.to_ascii_lowercase());
        }
        let verb = if self.list.is_empty() { "read" } else { "list" };
        format!(
            "/{}/{}/{words}/{verb}",
            if self.product == "segment" { "segment" } else { "twilio" },
            self.product
        )
    }
}
