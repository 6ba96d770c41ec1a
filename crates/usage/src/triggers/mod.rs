//! Usage triggers: a webhook when what an account has used reaches a value, once in each period.

pub(crate) mod model;
pub(crate) mod routes;
mod service;
mod view;
pub(crate) mod watch;
