//! Where a field of an event stands, and sets of such places: the one small type that filters, mappings, tracking
//! plans and classifications share.
//!
//! A [`Path`] is a list of names. Its text form is that of Segment's filter language: names joined by dots, and a
//! backslash before any character of a name outside `A-Z a-z 0-9 _ -`. The empty text is the event itself.
//!
//! **Lists have no place of their own.** `properties.products.sku` is the `sku` of every element of `products`:
//! what may leave and what is a patient's does not depend on an element's position. Only [`Path::get`], which reads
//! one value, takes a name of digits as a position in a list.
//!
//! Events are `serde_json::Value` without `arbitrary_precision`: integers of 64 bits are kept exactly, every other
//! number is the nearest `f64`, and the order of an object's fields is not kept.

pub mod limits;
mod path;
mod set;

pub use path::{Path, PathError};
pub use set::PathSet;
