//! Where a message comes from or goes to: the values that `To` and `From` may have.

use std::fmt;

use crate::phone::{PhoneNumber, mask_digits};

/// Most characters of an alphanumeric sender (GSM 03.40 §9.1.2.5: 7 bits each in ten octets).
pub const ALPHANUMERIC_LIMIT: usize = 11;
/// Longest address of any form, in bytes.
pub const ADDRESS_LIMIT: usize = 256;
/// How many digits a short code has.
const SHORT_CODE_DIGITS: std::ops::RangeInclusive<usize> = 5..=6;

/// Text that is none of the address forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAddress;

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a phone number, short code, sender name or channel address")
    }
}

impl std::error::Error for InvalidAddress {}

/// A short code: five or six digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortCode(String);

/// A sender name: 1 to 11 letters, digits, spaces and `+-_&` with at least one letter; it does not begin with `+`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderName(String);

/// An address of another channel, `whatsapp:+14155552671`. The scheme is kept in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelAddress {
    text: String,
    scheme_length: usize,
}

impl ChannelAddress {
    /// What stands before the colon: `whatsapp`, `messenger`, `rcs`.
    pub fn scheme(&self) -> &str {
        &self.text[..self.scheme_length]
    }

    /// What stands after the colon.
    pub fn rest(&self) -> &str {
        &self.text[self.scheme_length + 1..]
    }
}

/// One end of a message. Protected data: no `Display`, and `Debug` prints `[phone]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A phone number.
    Phone(PhoneNumber),
    /// A short code.
    ShortCode(ShortCode),
    /// A sender name.
    Alphanumeric(SenderName),
    /// An address of another channel.
    Channel(ChannelAddress),
}

impl Address {
    /// Reads an address; surrounding blanks are dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        if text.is_empty() || text.len() > ADDRESS_LIMIT {
            return Err(InvalidAddress);
        }
        if let Some((scheme, rest)) = text.split_once(':') {
            return channel(scheme, rest);
        }
        if text.starts_with('+') {
            return PhoneNumber::parse(text).map(Self::Phone).map_err(|_| InvalidAddress);
        }
        if SHORT_CODE_DIGITS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::ShortCode(ShortCode(text.to_owned())));
        }
        let fits = text.len() <= ALPHANUMERIC_LIMIT
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +-_&".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if fits { Ok(Self::Alphanumeric(SenderName(text.to_owned()))) } else { Err(InvalidAddress) }
    }

    /// The address as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phone(number) => number.as_str(),
            Self::ShortCode(code) => &code.0,
            Self::Alphanumeric(name) => &name.0,
            Self::Channel(channel) => &channel.text,
        }
    }

    /// The address as it stands on the wire, owned.
    pub fn into_string(self) -> String {
        match self {
            Self::Phone(number) => number.into_string(),
            Self::ShortCode(code) => code.0,
            Self::Alphanumeric(name) => name.0,
            Self::Channel(channel) => channel.text,
        }
    }

    /// The phone number, when it is one.
    pub fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Phone(number) => Some(number),
            Self::ShortCode(_) | Self::Alphanumeric(_) | Self::Channel(_) => None,
        }
    }

    /// The address as shown after redaction (rule `SMS-REDACT-2`): a number loses its last four digits, everything
    /// else is hidden whole, since four hidden characters of a name or an account id hide nothing. A channel keeps
    /// its scheme, and its number is treated as a number.
    pub fn masked(&self) -> String {
        match self {
            Self::Phone(number) => number.masked(),
            Self::ShortCode(code) => mask_digits(&code.0),
            Self::Alphanumeric(name) => hide(&name.0),
            Self::Channel(channel) => {
                let rest = channel.rest();
                let rest = PhoneNumber::parse(rest).map_or_else(|_| hide(rest), |number| number.masked());
                format!("{}:{rest}", channel.scheme())
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phone]")
    }
}

fn channel(scheme: &str, rest: &str) -> Result<Address, InvalidAddress> {
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let rest = rest.trim();
    if !scheme_fits || rest.is_empty() || rest.chars().any(char::is_control) {
        return Err(InvalidAddress);
    }
    let scheme_length = scheme.len();
    let rest = PhoneNumber::parse(rest).map_or_else(|_| rest.to_owned(), PhoneNumber::into_string);
    let text = format!("{}:{rest}", scheme.to_ascii_lowercase());
    Ok(Address::Channel(ChannelAddress { text, scheme_length }))
}

fn hide(text: &str) -> String {
    "X".repeat(text.chars().count())
}
