//! Which fields of events are protected: matchers that recognise them, the colours that people give them, and what
//! follows from a colour when an event comes in and when it is read.
//!
//! Pure: bytes of an event in, places and decisions out. A *field* is a place in events ([`paths::Path`]); what is known
//! of it says where it stands and never what stands there. Reading order: [`Colour`], `pack` (what Switchward ships),
//! `custom` (what a customer adds), [`Matchers`] (both together), [`Fields`] (what is known of a workspace's fields),
//! `walk` (an event against them, without building it in memory), `mask` (an event as somebody may see it).

mod colour;
mod custom;
mod fields;
pub mod limits;
mod mask;
mod matchers;
mod pack;
mod similar;
mod walk;
mod words;

pub use colour::{Colour, Door};
pub use custom::{CustomMatcher, How, Unusable, Where};
pub use fields::{Fields, State};
pub use mask::{MASK, drop_fields, mask};
pub use matchers::{Matched, Matchers};
pub use pack::{BuiltIn, PACK};
pub use walk::{Detected, Walked, walk};
