//! The vocabulary everything else is written in: SIDs, phone numbers, time, randomness.
//!
//! No I/O, no async, nothing of ours below it. Time and randomness are *inputs*: code asks a
//! [`Clock`] and a [`Random`], so that any run can be repeated from a seed.

mod address;
mod calling_code;
mod clock;
pub mod measure;
mod nanp;
mod network;
mod phone;
mod random;
mod sid;

pub use address::{
    ADDRESS_LIMIT, ALPHANUMERIC_LIMIT, Address, ChannelAddress, InvalidAddress, SenderName, ShortCode,
};
pub use calling_code::{CallingCode, calling_code_of, countries, split_calling_code};
pub use clock::{Clock, SystemClock, Timestamp, VirtualClock};
pub use nanp::{AREA_CODES, AreaCode, area_code};
pub use network::{IpRange, IpRangeProblem, ip_is_public, may_reach};
pub use phone::{
    InvalidPhoneNumber, MASKED_DIGITS, MASKED_WHOLE_BELOW, NumberFault, PHONE_DIGITS_MAX, PHONE_DIGITS_MIN,
    PHONE_TEXT_LIMIT, PhoneNumber, Region, check_number,
};
pub use random::{Random, SeededRandom};
pub use sid::*;
