//! Registration of senders with the carriers of the United States: brands, their campaigns and vettings (A2P 10DLC),
//! and the verification of toll-free numbers.
//!
//! Spec: `messaging/v1/a2p`, `.../Compliance/Usa2p` and `.../Tollfree`. Read in this order: [`registry`] (the port to
//! whoever decides, and the simulated one), [`stage`] (the one state machine behind four vocabularies), [`record`]
//! (what a request may say, as tables), `model` (the documents), `review` (the job that moves them on), `brands`,
//! `campaigns` and `tollfree` (the API), `routes`, `verdict` (the operator's word, in our own API).
//!
//! What a business says of itself is personal data of its contacts: it is content under a key of its own, in a document
//! beside the facts, so that each edit destroys the key of what was said before. These are records: whether a message
//! waits for them is its account's decision ([`has_campaign`], [`is_verified`]).

mod asked;
mod brands;
mod campaigns;
mod failures;
pub mod limits;
mod model;
pub mod record;
pub mod registry;
mod review;
mod routes;
pub mod senders;
pub mod stage;
mod tollfree;
mod usecases;
mod verdict;

pub use asked::{has_campaign, is_verified};
pub use registry::{Registry, Simulated};
pub use review::queue;
pub use routes::routes;
pub use senders::Senders;
pub use verdict::operator_routes;
