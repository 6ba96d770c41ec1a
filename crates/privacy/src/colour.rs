//! Colours and doors.

use serde::{Deserialize, Serialize};

/// How much a field is to be protected. The order is that of strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// Everybody may see it who may see events.
    Green,
    /// It is masked for who has no access to PII.
    Yellow,
    /// The same, it leaves to no destination, and it may be kept out at ingest.
    Red,
}

impl Colour {
    /// Whether it is hidden from who has no access to PII.
    pub const fn is_hidden(self) -> bool {
        !matches!(self, Self::Green)
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// What happens to a field when an event comes in. The order is that of strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// It is kept.
    #[default]
    Keep,
    /// The event is kept without it.
    DropField,
    /// The event is not kept.
    DropEvent,
}
