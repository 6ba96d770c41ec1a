//! What callers send, and every 4xx that it alone can cause. No `Debug`: it holds open text.

use std::time::Duration;

use base::{AccountSid, Address, PhoneNumber};
use data_encoding::BASE64;
use errors::{ApiError, Result, codes};
use messaging::carrier::{Arrival, ArrivedMedia};
use serde::Deserialize;

use crate::faults::{Fault, FaultKind};
use crate::limits::{ADVANCE_SECONDS, ARRIVAL_CHARACTERS, FAULT_CODES, FAULT_COUNT, FAULT_DELAY_MS};
use crate::outcome::{UNKNOWN_ERROR, UNREACHABLE};

/// The handset a path names.
pub(crate) fn handset(text: &str) -> Result<PhoneNumber> {
    PhoneNumber::parse(text).map_err(|_| ApiError::new(codes::FROM_INVALID))
}

/// A message from a handset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendFromHandset {
    to: String,
    #[serde(default)]
    body: String,
    /// The bytes of each medium, in base64.
    #[serde(default)]
    media: Vec<String>,
}

impl SendFromHandset {
    pub(crate) fn parse(self, handset: PhoneNumber) -> Result<Arrival> {
        let to = match Address::parse(&self.to) {
            Ok(to @ (Address::Phone(_) | Address::ShortCode(_))) => to,
            _ => return Err(ApiError::new(codes::TO_INVALID)),
        };
        let media = self.media.iter().map(|text| match BASE64.decode(text.as_bytes()) {
            Ok(bytes) => Ok(ArrivedMedia { bytes }),
            Err(_) => Err(invalid("media")),
        });
        let media = media.collect::<Result<Vec<_>>>()?;
        match self.body.chars().count() {
            0 if media.is_empty() => Err(codes::BODY_REQUIRED.into()),
            count if count == 0 || ARRIVAL_CHARACTERS.contains(&count) => {
                Ok(Arrival { from: handset.into_string(), to: to.into_string(), body: self.body, media })
            }
            _ => Err(codes::BODY_TOO_LONG.into()),
        }
    }
}

/// How far to move the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdvanceClock {
    advance_seconds: u64,
}

impl AdvanceClock {
    pub(crate) fn parse(self) -> Result<Duration> {
        if !ADVANCE_SECONDS.contains(&self.advance_seconds) {
            return Err(invalid("advance_seconds"));
        }
        Ok(Duration::from_secs(self.advance_seconds))
    }
}

/// A fault script.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateFault {
    kind: String,
    code: Option<u32>,
    count: Option<u32>,
    delay_ms: Option<u64>,
    to: Option<String>,
}

impl CreateFault {
    pub(crate) fn parse(self, account: Option<AccountSid>) -> Result<Fault> {
        if self.code.is_some_and(|code| !FAULT_CODES.contains(&code)) {
            return Err(invalid("code"));
        }
        if self.delay_ms.is_some_and(|delay_ms| !FAULT_DELAY_MS.contains(&delay_ms)) {
            return Err(invalid("delay_ms"));
        }
        let count = self.count.unwrap_or(1);
        if !FAULT_COUNT.contains(&count) {
            return Err(invalid("count"));
        }
        let kind = match (self.kind.as_str(), self.code, self.delay_ms) {
            ("unavailable", None, None) => FaultKind::Unavailable,
            ("reject", code, None) => FaultKind::Reject(code.unwrap_or(UNREACHABLE)),
            ("undelivered", code, None) => FaultKind::Undelivered(code.unwrap_or(UNKNOWN_ERROR)),
            ("silent", None, None) => FaultKind::Silent,
            ("delay", None, Some(delay_ms)) => FaultKind::Delay(Duration::from_millis(delay_ms)),
            ("delay", None, None) => return Err(invalid("delay_ms")),
            ("unavailable" | "reject" | "undelivered" | "silent" | "delay", _, _) => {
                return Err(ApiError::new(codes::INVALID_PARAMETER)
                    .hint("code belongs to reject and undelivered, delay_ms to delay"));
            }
            _ => return Err(invalid("kind")),
        };
        let to = self.to.map(|to| PhoneNumber::parse(&to)).transpose();
        let to = to.map_err(|_| ApiError::new(codes::TO_INVALID))?;
        Ok(Fault { account, kind, count, to })
    }
}

fn invalid(name: &'static str) -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).parameter(name)
}
