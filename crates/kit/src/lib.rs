//! What a product imports: routes, the request's context, extractors, pages, answers.
//!
//! Read in this order: [`routes`] (the table a product is), [`ctx`] (what a handler is given),
//! [`params`] (what came in), [`page`] and [`respond`] (what goes out).
//! There is no way to register a route without its [`Access`], to answer an error in another shape
//! than the API's, or to read another account's documents.

pub mod after;
pub mod ctx;
pub mod gate;
pub mod limits;
pub mod meter;
pub mod origin;
pub mod page;
pub mod params;
pub mod presented;
pub mod respond;
pub mod routes;
mod services;
mod signed;
mod validation;

/// For fuzz targets alone.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use crate::validation::fuzzed as validate;
}

pub use after::After;
pub use axum::Extension;
pub use axum::body::Body;
pub use axum::response::{IntoResponse, Response};
pub use ctx::{Caller, Ctx};
pub use errors::{ApiError, Result, codes};
pub use gate::{Gate, GateConfig};
pub use meter::Meter;
pub use origin::Origin;
pub use page::{Listing, PageRequest};
pub use params::{Form, FromParams, Json, Params, Path, PathPair, Query};
pub use respond::{Accepted, Answer, Created, Deleted, Found, Twiml};
pub use routes::{Access, Product, Refusal, RouteRow, Routes};
pub use services::Services;
pub use signed::SignedWebhook;
pub use validation::ReceivedPath;
