//! The vocabulary of the tests: a whole platform in one process, without network or sleeping.
//!
//! [`TestApp`] is an organization under an agreement, an ordinary account, a HIPAA project, a
//! subaccount, somebody else's account and an operator, on a real database in a folder that is
//! removed afterwards. [`WebhookSink`] is the customer's HTTPS server, [`TestDatabase`] a PostgreSQL database where there is a server, and [`contains_bytes`] looks for
//! a leaked value in what is on disk.
//! Whatever cannot be set up fails the test at once, so nothing here returns an error.

mod app;
mod database;
mod disk;
mod reply;
mod sink;
mod world;

pub use app::TestApp;
pub use database::TestDatabase;
pub use disk::contains_bytes;
pub use reply::Reply;
pub use sink::{SinkReply, SinkRequest, WebhookSink, certificates};
pub use world::{Credentials, Keys, TestAccount};
