//! What the SMSC's statuses and receipts mean in Twilio's codes.

use messaging::carrier::{CarrierError, Receipt};
use smpp_proto::State;
use smpp_proto::status::{Refusal, meaning};

const UNREACHABLE: u32 = 30_003;
const UNKNOWN_HANDSET: u32 = 30_005;
const FILTERED: u32 = 30_007;
const UNKNOWN_ERROR: u32 = 30_008;
const EXPIRED: u32 = 30_036;

/// What no PDU can hold has no valid address.
pub(crate) const UNSENDABLE: CarrierError = CarrierError::Rejected(UNKNOWN_HANDSET);

/// What a refused submission means.
pub(crate) fn refused(status: u32) -> CarrierError {
    match (meaning(status), status) {
        (Refusal::Temporary, _) => CarrierError::Unavailable,
        (Refusal::Permanent, 0x0B | 0x50 | 0x51) => CarrierError::Rejected(UNKNOWN_HANDSET),
        (Refusal::Permanent, 0x66) => CarrierError::Rejected(FILTERED),
        (Refusal::Permanent, _) => CarrierError::Rejected(UNKNOWN_ERROR),
    }
}

/// What a receipt says; `None` when the message is still under way.
pub(crate) fn receipt(state: State) -> Option<Receipt> {
    match state {
        State::UnderWay => None,
        State::Delivered => Some(Receipt::Delivered),
        State::Expired => Some(Receipt::Undelivered(EXPIRED)),
        State::Undeliverable => Some(Receipt::Undelivered(UNREACHABLE)),
        State::Rejected => Some(Receipt::Undelivered(FILTERED)),
        State::Deleted | State::Unknown => Some(Receipt::Undelivered(UNKNOWN_ERROR)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_unavailable_and_a_bad_number_is_rejected() {
        for (status, expected) in [
            (0x58, CarrierError::Unavailable),
            (0x14, CarrierError::Unavailable),
            (0x0B, CarrierError::Rejected(30_005)),
            (0x66, CarrierError::Rejected(30_007)),
            (0x45, CarrierError::Rejected(30_008)),
            (0x0500, CarrierError::Unavailable),
        ] {
            assert_eq!(refused(status), expected, "{status:#x}");
        }
    }
}
