//! Which alerts are asked for: the filters of a list, read without looking at any alert.

use std::time::Duration;

use base::Timestamp;
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use store::{Index, IndexValue, Range};
use webhooks::LogLevel;
use webhooks::alert::{BY_LEVEL, BY_RESOURCE};

/// Characters of a date without time.
const DATE_LENGTH: usize = "2026-01-15".len();

/// The unit of a date-time on the wire; an end includes all of its second.
const SECOND: Duration = Duration::from_secs(1);

/// A day; an end without time includes all of its day.
const DAY: Duration = Duration::from_secs(86_400);

/// The filters of `GET /v1/Alerts`. `ResourceSid` is ours: the published list has only the other three.
pub(crate) struct AlertFilter {
    pub(crate) index: Vec<Index>,
    pub(crate) generated: Range,
}

impl FromParams for AlertFilter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let level = params.word("LogLevel", LogLevel::WORDS)?.map(|word| plain(BY_LEVEL, word));
        let resource = params.text("ResourceSid")?.map(|sid| plain(BY_RESOURCE, &sid));
        let from = instant(params, "StartDate")?.map(|(start, _)| start);
        let until = instant(params, "EndDate")?.map(|(start, length)| start.plus(length));
        Ok(Self { index: level.into_iter().chain(resource).collect(), generated: Range { from, until } })
    }
}

fn plain(key: &'static str, value: &str) -> Index {
    Index { key, value: IndexValue::Plain(value.to_owned()) }
}

/// The beginning and the length of the day or second that a parameter names.
pub(crate) fn instant(params: &mut Params, name: &'static str) -> Result<Option<(Timestamp, Duration)>> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    let start =
        Timestamp::parse_iso8601(&text).ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter(name))?;
    Ok(Some((start, if text.len() == DATE_LENGTH { DAY } else { SECOND })))
}
