//! What the platform counts for each account and day: the words that products count with and `usage` reads.
//!
//! A count is part of the batch of what is counted (`store::Count`), so it is neither lost nor doubled.

use base::Timestamp;
use store::{Batch, Count};

const SECONDS_OF_A_DAY: i64 = 86_400;

macro_rules! meters {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// Something that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Meter { $($(#[$doc])* $name),* }

        impl Meter {
            /// Everything that is counted.
            pub const ALL: &[Meter] = &[$(Meter::$name),*];

            /// The word in the database; never changed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Meter::$name => $word),* }
            }
        }
    };
}

meters! {
    /// Text messages to a number with an area code; the amount is segments, as of all text messages.
    SmsInboundLongcode = "sms-inbound-longcode";
    /// Text messages to a short code.
    SmsInboundShortcode = "sms-inbound-shortcode";
    /// Text messages to a toll-free number.
    SmsInboundTollfree = "sms-inbound-tollfree";
    /// Text messages from a number with an area code.
    SmsOutboundLongcode = "sms-outbound-longcode";
    /// Text messages from a short code.
    SmsOutboundShortcode = "sms-outbound-shortcode";
    /// Text messages from a toll-free number.
    SmsOutboundTollfree = "sms-outbound-tollfree";
    /// Text messages from a name; they are in no category but the common one.
    SmsOutboundName = "sms-outbound-name";
    /// Messages with media to a number with an area code; the amount is messages, as of all of them.
    MmsInboundLongcode = "mms-inbound-longcode";
    /// Messages with media to a short code.
    MmsInboundShortcode = "mms-inbound-shortcode";
    /// Messages with media to a toll-free number; they are in no category of their own.
    MmsInboundTollfree = "mms-inbound-tollfree";
    /// Messages with media from a number with an area code.
    MmsOutboundLongcode = "mms-outbound-longcode";
    /// Messages with media from a short code.
    MmsOutboundShortcode = "mms-outbound-shortcode";
    /// Messages with media from a toll-free number; they are in no category of their own.
    MmsOutboundTollfree = "mms-outbound-tollfree";
    /// Messages with media from a name, likewise.
    MmsOutboundName = "mms-outbound-name";
    /// Lookups; the amount is lookups too.
    Lookups = "lookups";
    /// Those of the line's type and carrier.
    CarrierLookups = "carrier-lookups";
    /// Those of the caller's name.
    CallerIdLookups = "calleridlookups";
}

/// The day (UTC) of an instant, in days since 1970-01-01.
pub fn day_of(at: Timestamp) -> i64 {
    at.seconds().div_euclid(SECONDS_OF_A_DAY)
}

/// Counts `events` that came to `amount` at this time, in the batch's scope; negative numbers take back.
pub fn count(batch: &mut Batch, meter: Meter, at: Timestamp, events: i64, amount: i64) {
    batch.count(Count { name: meter.as_str(), day: day_of(at), events, amount });
}
