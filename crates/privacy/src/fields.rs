//! What is known of the fields of a workspace, as a tree that an event is walked against.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use base::SourceSid;
use paths::Path;

use crate::{Colour, Door, limits};

/// What is known of a field.
#[derive(Debug, Default)]
pub struct State {
    /// What somebody said it is.
    pub colour: Option<Colour>,
    /// What a matcher recommends.
    pub recommended: Option<Colour>,
    /// What happens to it at ingest.
    pub door: Door,
    /// Where it was seen.
    pub sources: Vec<SourceSid>,
    /// How many of its values came by.
    came_by: AtomicU32,
}

impl Clone for State {
    fn clone(&self) -> Self {
        let came_by = AtomicU32::new(self.came_by.load(Ordering::Relaxed));
        let Self { colour, recommended, door, ref sources, .. } = *self;
        Self { colour, recommended, door, sources: sources.clone(), came_by }
    }
}

impl State {
    /// What is known; none of its values has been looked at.
    pub fn new(
        colour: Option<Colour>,
        recommended: Option<Colour>,
        door: Door,
        sources: Vec<SourceSid>,
    ) -> Self {
        Self { colour, recommended, door, sources, came_by: AtomicU32::new(0) }
    }

    /// Whether the value that comes by is worth a look: nobody has spoken, no matcher either, and it is one of the
    /// first or its turn has come.
    pub(crate) fn wants_a_look(&self) -> bool {
        if self.colour.is_some() || self.recommended.is_some() {
            return false;
        }
        let place = self.came_by.fetch_add(1, Ordering::Relaxed);
        place < limits::FIRST_VALUES || place.is_multiple_of(limits::EVERY_VALUE)
    }
}

/// The place of a node in the tree.
pub(crate) type Place = usize;

/// The place of the event itself.
pub(crate) const TOP: Place = 0;

#[derive(Clone, Default)]
struct Node {
    children: HashMap<Box<str>, Place>,
    state: Option<State>,
}

/// The fields of a workspace. Their names may be a patient's, so none can be printed.
#[derive(Clone)]
pub struct Fields {
    nodes: Vec<Node>,
    count: usize,
    doors: bool,
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fields", self.count)
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], count: 0, doors: false }
    }
}

impl Fields {
    /// Adds a field, or replaces what is known of it.
    pub fn insert(&mut self, path: &Path, state: State) {
        let mut at = TOP;
        for name in path.names() {
            at = match self.nodes[at].children.get(name.as_str()) {
                Some(place) => *place,
                None => {
                    let place = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].children.insert(name.as_str().into(), place);
                    place
                }
            };
        }
        self.doors |= state.door != Door::Keep;
        if self.nodes[at].state.replace(state).is_none() {
            self.count += 1;
        }
    }

    /// What is known of a field.
    pub fn get(&self, path: &Path) -> Option<&State> {
        let place = path.names().iter().try_fold(TOP, |at, name| self.child(at, name))?;
        self.state(place)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether anything is kept out at ingest.
    pub fn keeps_out(&self) -> bool {
        self.doors
    }

    pub(crate) fn child(&self, at: Place, name: &str) -> Option<Place> {
        self.nodes[at].children.get(name).copied()
    }

    pub(crate) fn state(&self, at: Place) -> Option<&State> {
        self.nodes[at].state.as_ref()
    }
}
