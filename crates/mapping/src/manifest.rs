//! The disclosure manifest: what can leave to a destination, known before any event comes.

use std::collections::BTreeSet;

use fql::filter::{Action, Condition, Filter, Outcome};
use paths::{Path, PathSet};
use serde_json::Value;

use crate::{EvalError, Mapping};

/// What can leave to one destination: the places of the grants that its mapping reads, without what its filters
/// always remove. A filter with a condition removes nothing here, because it may not act.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    reads: PathSet,
    /// Fields that every event loses: the objects' place, and names.
    dropped: Vec<(Path, BTreeSet<String>)>,
    /// The only fields that objects at a place keep.
    only: Vec<(Path, BTreeSet<String>)>,
}

impl Manifest {
    /// Computes the manifest. Without a mapping the event itself is sent.
    pub fn of(grants: &PathSet, filters: &[Filter], mapping: Option<&Mapping>) -> Self {
        Self::of_all(grants, filters, mapping)
    }

    /// The manifest of a destination with several mappings, each of which may make a payload of the same event; without
    /// any the event itself is sent.
    pub fn of_all<'a>(
        grants: &PathSet,
        filters: &[Filter],
        mappings: impl IntoIterator<Item = &'a Mapping>,
    ) -> Self {
        let mut reads = None;
        for mapping in mappings {
            reads.get_or_insert_with(PathSet::default).extend(&grants.intersection(&mapping.reads()));
        }
        let reads = reads.unwrap_or_else(|| grants.clone());
        let mut manifest = Self { reads, dropped: Vec::new(), only: Vec::new() };
        let always = filters.iter().filter(|filter| filter.condition == Condition::Always);
        for action in always.flat_map(|filter| &filter.actions) {
            let (list, fields) = match action {
                Action::DropProperties(fields) => (&mut manifest.dropped, fields),
                Action::AllowProperties(fields) => (&mut manifest.only, fields),
                Action::Drop => {
                    manifest.reads = PathSet::default();
                    continue;
                }
                Action::Sample { .. } => continue,
            };
            list.extend(fields.iter().map(|(path, names)| (path.clone(), names.clone())));
        }
        manifest
    }

    /// Whether the value at a place may leave.
    pub fn covers(&self, path: &Path) -> bool {
        let field_of = |place: &Path| path.names().strip_prefix(place.names())?.first().cloned();
        self.reads.covers(path)
            && self
                .dropped
                .iter()
                .all(|(place, names)| field_of(place).is_none_or(|name| !names.contains(&name)))
            && self.only.iter().all(|(place, names)| field_of(place).is_none_or(|name| names.contains(&name)))
    }

    /// The manifest as lines, for people who approve it and for comparing two of them: `+` what can leave, `-` the
    /// fields inside it that never do, `=` the only fields that objects at a place keep.
    pub fn lines(&self) -> Vec<String> {
        let names = |sign: &str, (place, names): &(Path, BTreeSet<String>)| {
            let names: Vec<_> = names.iter().map(|name| Path::of([name.as_str()]).to_string()).collect();
            format!(
                "{sign} {}",
                [place.to_string(), format!("{{{}}}", names.join(", "))].join(" ").trim_start()
            )
        };
        let reads = self.reads.paths().into_iter().map(|path| format!("+ {path}"));
        let dropped = self.dropped.iter().map(|dropped| names("-", dropped));
        let only = self.only.iter().map(|only| names("=", only));
        reads.chain(dropped).chain(only).collect()
    }
}

/// What a destination gets of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Disclosed {
    /// This payload.
    Payload(Value),
    /// Nothing; the filters say why.
    Filtered(Outcome),
    /// Nothing; the mapping cannot be evaluated.
    Unmapped(EvalError),
}

/// Filters an event, keeps what is granted, and maps it. The filters see the whole event, so that they can judge by
/// what is not granted; the mapping sees only what they and the grants left.
pub fn disclose(
    grants: &PathSet,
    filters: &[Filter],
    mapping: Option<&Mapping>,
    mut event: Value,
    chance: impl FnMut() -> f64,
) -> Disclosed {
    match fql::filter::apply(filters, &mut event, chance) {
        Outcome::Passes => {}
        stopped => return Disclosed::Filtered(stopped),
    }
    let granted = grants.keep(&event);
    match mapping.map(|mapping| mapping.apply(&granted)) {
        None => Disclosed::Payload(granted),
        Some(Ok(payload)) => Disclosed::Payload(payload),
        Some(Err(error)) => Disclosed::Unmapped(error),
    }
}
