//! The sockets: one TCP port that speaks HTTP, TLS and `CONNECT`, and the private certificate
//! authority that lets unmodified SDKs trust it.
//!
//! In reading order: [`hosts`] says whom we may stand in for, [`ca`] makes the certificates,
//! [`tls`] picks one per connection, [`listener`] accepts and serves, and [`product`] turns the
//! target of a request into a product and a clean path. The crate knows nothing of accounts,
//! storage or products: it hands every request to one service.

pub mod ca;
mod ca_files;
mod connection;
mod first_byte;
pub mod hosts;
pub mod limits;
pub mod listener;
pub mod product;
mod refusal;
pub mod tls;
mod watch;

pub use ca::CertificateAuthority;
pub use connection::{Connection, Scheme};
pub use listener::{EdgeConfig, serve};
pub use product::Target;
pub use tls::{SniResolver, WallClock};
