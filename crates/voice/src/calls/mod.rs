//! The Call resource.

pub(crate) mod events;
pub(crate) mod model;
pub(crate) mod routes;
pub(crate) mod service;
pub(crate) mod store;
mod view;
