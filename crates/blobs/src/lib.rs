//! Blobs: media, and later recordings and assets, sealed before they touch a disk.
//!
//! Read in this order: [`name`] (where a blob is), [`key`] (what opens it), `sealed` (how its bytes are laid out),
//! [`mod@write`] and [`mod@read`], [`mod@sweep`] (what is cleared away), [`bucket`] (S3 in
//! place of a folder). Why it is like this: ADR 0009.
//!
//! A blob belongs to a document, whose protected content holds the blob's key: whoever opens the document with a
//! [`phi::Proof`] has the key, and whoever destroys the document's key has destroyed the blob. What is left then is
//! noise, and is swept up.
//!
//! What this crate must not do: hold a key longer than a call, write a byte in the clear, know what a blob is.

pub mod bucket;
mod error;
pub mod key;
pub mod limits;
pub mod name;
pub mod read;
mod sealed;
mod store;
pub mod sweep;
pub mod write;

pub use bucket::{BucketConfig, BucketProblem};
pub use error::BlobError;
pub use key::BlobKey;
pub use name::BlobName;
pub use read::{Part, Reader};
pub use store::Blobs;
pub use sweep::Swept;
pub use write::Writer;
