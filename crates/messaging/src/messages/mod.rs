//! The Message resource.

pub(crate) mod events;
pub(crate) mod feedback;
pub(crate) mod model;
pub(crate) mod routes;
pub(crate) mod service;
pub(crate) mod store;
pub(crate) mod view;
