//! The port through which Lookup learns what the number itself does not say.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use base::PhoneNumber;

use crate::model::{Caller, Line};

/// The answer of a provider, some time later.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unreachable>> + Send + 'a>>;

/// A provider that could not be asked. Says no more: its words might hold the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider of line data could not be asked")
    }
}

impl std::error::Error for Unreachable {}

/// A source of line types and caller names. It is given the number in the clear, after the ledger has
/// recorded that; whoever implements this over a network needs an agreement with the other side.
pub trait Provider: Send + Sync + 'static {
    /// What kind of line it is; `None` when that is not known.
    fn line<'a>(&'a self, number: &'a PhoneNumber) -> Answering<'a, Option<Line>>;

    /// Whose number it is; `None` when that is not known.
    fn caller<'a>(&'a self, number: &'a PhoneNumber) -> Answering<'a, Option<Caller>>;
}
