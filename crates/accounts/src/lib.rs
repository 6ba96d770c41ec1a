//! Organizations, agreements, HIPAA designation, settings, accounts, keys and auth tokens.
//!
//! Four tables of routes: [`api_routes`], [`accounts_routes`] and [`iam_routes`] are Twilio's (the 2010 API's
//! `Accounts`, `Keys` and `SigningKeys`; `AuthTokens` and `PublicKeys` of accounts v1; `Keys` of iam v1),
//! [`switchward_routes`] is ours and is described by [`OPENAPI`]. In reading order: `organizations` and `agreements` (what lets PHI in), `designation` (which
//! accounts are HIPAA projects), `linking`, `settings`, `geo`, `statement` (what people gave as their reasons),
//! `register` (third parties), `signers`, `attestations` (signed answers, and exceptions), `subaccounts`,
//! `keys`, `iam`, `public_keys`, `tokens`, `webhook_keys`, `signatures` (what webhooks are signed with, and why it does not match), `ledger_rows`, `reference`, [`setup`].
//!
//! Every write goes through `author`, so none is without its ledger entry. Truth table T1 and all refusals
//! of the guide are `rulebook`'s; here their facts are established.

mod agreements;
mod attestations;
mod author;
mod designation;
mod geo;
mod iam;
mod keys;
mod ledger_rows;
pub mod limits;
mod linking;
mod organizations;
mod public_keys;
mod rate_limits;
mod reference;
mod register;
mod routes;
mod safe_list;
mod settings;
pub mod setup;
mod signatures;
mod signers;
mod statement;
mod subaccounts;
mod text;
mod tokens;
mod webhook_keys;

pub use attestations::is_attested;
pub use reference::OPENAPI;
pub use routes::{accounts_routes, api_routes, iam_routes, switchward_routes};
pub use statement::{Statement, StatementFacts};
