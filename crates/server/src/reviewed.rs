//! Where reviews meet messages: the port of the one, answered by the other.

use base::MessageSid;
use phi::Phi;
use review::messages::{Messages, Outcome, Reading};
use store::{Range, Scoped};

/// The messages of this server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reviewed;

impl Messages for Reviewed {
    fn exists(&self, scoped: Scoped, sid: MessageSid) -> Reading<'_, bool> {
        Box::pin(async move { messaging::review::exists(&scoped, sid).await })
    }

    fn newest(&self, scoped: Scoped, limit: usize) -> Reading<'_, Vec<MessageSid>> {
        Box::pin(async move { messaging::review::newest(&scoped, limit).await })
    }

    fn outcomes(&self, scoped: Scoped, made: Range, limit: usize) -> Reading<'_, Vec<Outcome>> {
        Box::pin(async move {
            let sent = messaging::review::outcomes(&scoped, made, limit).await?;
            let outcome =
                |it: messaging::review::Sent| Outcome { sender: it.sender, ended_well: it.ended_well };
            Ok(sent.into_iter().map(outcome).collect())
        })
    }

    fn opt_outs(&self, scoped: Scoped, made: Range, limit: usize) -> Reading<'_, u64> {
        Box::pin(async move { messaging::review::opt_outs(&scoped, made, limit).await })
    }

    fn body(&self, scoped: Scoped, sid: MessageSid) -> Reading<'_, Option<Phi<String>>> {
        Box::pin(async move { messaging::review::body(&scoped, sid).await })
    }
}
