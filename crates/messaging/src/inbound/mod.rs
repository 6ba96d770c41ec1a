//! What comes from outside: receipts of the carrier, messages of handsets, and the answers that
//! the account's webhook gives to them in TwiML.
//!
//! Read in this order: `inbox` (what is taken), `webhook` (who is asked about it), `reply` (what is answered).

use std::fmt;
use std::sync::Arc;

use auth::AccountContext;
use kit::Services;
use phi::Phi;
use store::{Batch, Scope, StoreError};

use crate::numbers::Hook;
use crate::optout::{self, Keyword, Meant};
use crate::own::{self, Own};
use crate::services::{choice, country_of};

mod inbox;
mod reply;
mod webhook;

pub use inbox::Inbox;
pub(crate) use inbox::join;
pub(crate) use webhook::answer;

/// The queue of messages that came in and whose webhook is to be asked.
pub(crate) const ANSWERING: &str = "messages.answer";

/// The queue of messages that came in parts, for those whose parts do not all come.
pub(crate) const JOINING: &str = "messages.join";
/// Why an arrived message was not taken.
#[derive(Debug)]
pub enum ArrivalError {
    /// The number it was sent to is nobody's.
    UnknownNumber,
    /// The sender's or our number is not a number.
    InvalidNumber,
    /// It brings more media, or more bytes of them, than a message may.
    TooLarge,
    /// It could not be kept; the carrier must try again.
    Store(StoreError),
}

impl fmt::Display for ArrivalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNumber => f.write_str("the number belongs to no account"),
            Self::InvalidNumber => f.write_str("a number is not valid"),
            Self::TooLarge => f.write_str("its media are too many or too large"),
            Self::Store(error) => write!(f, "the message could not be kept: {error}"),
        }
    }
}

impl std::error::Error for ArrivalError {}

impl From<StoreError> for ArrivalError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a carrier writes in the transaction that takes an arrival. It may leave the batch in another scope.
pub type Rider<'a> = &'a (dyn Fn(&mut Batch) + Send + Sync);

/// One of our numbers or short codes, and whose it is.
struct Receiver {
    account: AccountContext,
    own: Own,
    /// The Messaging Service it is in.
    service: Option<Arc<choice::Configured>>,
}

/// Whom to ask about what came in to a number: its service, unless that leaves it to the number; then the number's
/// application, unless it names none.
async fn hook(
    services: &Services,
    scope: Scope,
    own: &Own,
    service: Option<&choice::Configured>,
) -> Result<Hook, StoreError> {
    match service.map(|service| &service.service.facts) {
        Some(facts) if !facts.use_inbound_webhook_on_number => Ok(facts.inbound.clone()),
        _ => own.hook(&services.store, scope).await,
    }
}

/// The Messaging Service that a number is in.
async fn service_of(
    services: &Services,
    scope: Scope,
    number: &str,
) -> Result<Option<Arc<choice::Configured>>, StoreError> {
    let owned = own::owned(&services.store, scope, number).await?;
    match owned.and_then(|owned| owned.service) {
        Some(sid) => choice::find(&services.store, scope, sid).await,
        None => Ok(None),
    }
}

/// Which keyword a text is: one of three, or none. The answer to it is the account's own text.
struct Recognised<'a>(Option<Meant<'a>>);
impl phi::PublicFact for Recognised<'_> {}

/// What a text orders, by the words of the service it came to.
fn recognised<'a>(
    body: &Phi<String>,
    from: &Phi<String>,
    service: Option<&'a choice::Configured>,
) -> Option<Meant<'a>> {
    let country = country_of(from);
    let words = service.map(|service| &service.service.facts.words);
    let keyword = |text: &String| match words {
        Some(words) => words.recognise(text, country),
        None => optout::recognise(text).map(Keyword::meant),
    };
    body.learn(|text| Recognised(keyword(text))).0
}
