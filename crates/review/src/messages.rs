//! The port to whatever keeps messages: what they came to, and a text, still protected.

use std::pin::Pin;

use base::MessageSid;
use errors::Result;
use phi::Phi;
use store::{Range, Scoped};

/// An answer that is being read.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What a message came to, from its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Our number, or whatever else it was sent from.
    pub sender: String,
    /// Whether it ended well; `None` while it has not.
    pub ended_well: Option<bool>,
}

/// Where messages are kept. Nothing here opens one: a text comes as [`Phi`], and what it takes to open it is
/// this crate's to earn.
pub trait Messages: Send + Sync {
    /// Whether the account has this message.
    fn exists(&self, scoped: Scoped, sid: MessageSid) -> Reading<'_, bool>;

    /// The newest messages, at most so many.
    fn newest(&self, scoped: Scoped, limit: usize) -> Reading<'_, Vec<MessageSid>>;

    /// What messages sent in this time came to, newest first, at most so many.
    fn outcomes(&self, scoped: Scoped, made: Range, limit: usize) -> Reading<'_, Vec<Outcome>>;

    /// How many opt-outs came in this time, counted up to a limit.
    fn opt_outs(&self, scoped: Scoped, made: Range, limit: usize) -> Reading<'_, u64>;

    /// The text of a message; `None` when it is gone.
    fn body(&self, scoped: Scoped, sid: MessageSid) -> Reading<'_, Option<Phi<String>>>;
}
