//! What a reader is shown of an event: all of it, or what is not masked for who has no access to PII. It is decided when
//! an event is read, so that a colour that was given today hides what came yesterday.

use base::WorkspaceSid;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use store::{Store, StoreError};

use super::held::{self, Held};

/// How somebody sees the events of a workspace.
pub(crate) enum Sight {
    /// As they are.
    Full,
    /// Masked.
    Masked {
        /// What is known of the fields.
        held: Box<Held>,
        /// Whether what nobody has spoken about counts as red.
        hides_unknown: bool,
    },
}

impl Sight {
    /// The sight of somebody with or without access to PII, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn of(
        store: &Store,
        workspace: WorkspaceSid,
        is_hipaa: bool,
        sees_pii: bool,
    ) -> Result<Self, StoreError> {
        if sees_pii {
            return Ok(Self::Full);
        }
        let held = Box::new(held::read(store, workspace, is_hipaa).await?);
        Ok(Self::Masked { held, hides_unknown: is_hipaa })
    }

    /// What the ledger calls what is shown.
    pub(crate) const fn fields(&self) -> &'static [&'static str] {
        match self {
            Self::Full => &["event"],
            Self::Masked { .. } => &["event_masked"],
        }
    }

    /// The event as it is seen; `null` for one that cannot be looked at, which cannot be masked either.
    pub(crate) fn show(&self, event: Box<RawValue>) -> Box<RawValue> {
        let Self::Masked { held, hides_unknown } = self else { return event };
        let masked = serde_json::from_str::<Value>(event.get()).ok().and_then(|mut event| {
            privacy::mask(&mut event, &held.fields, *hides_unknown);
            to_raw_value(&event).ok()
        });
        masked.unwrap_or_else(|| RawValue::NULL.to_owned())
    }
}
