//! Which alerts are asked for: the filters of a list, read without looking at any alert.

use errors::Result;
use kit::{FromParams, Params};
use store::{Index, IndexValue, Range};
use webhooks::LogLevel;
use webhooks::alert::{BY_LEVEL, BY_RESOURCE};

/// The filters of `GET /v1/Alerts`. `ResourceSid` is ours: the published list has only the other three.
pub(crate) struct AlertFilter {
    pub(crate) index: Vec<Index>,
    pub(crate) generated: Range,
}

impl FromParams for AlertFilter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let level = params.word("LogLevel", LogLevel::WORDS)?.map(|word| plain(BY_LEVEL, word));
        let resource = params.text("ResourceSid")?.map(|sid| plain(BY_RESOURCE, &sid));
        let from = params.instant("StartDate")?.map(|(start, _)| start);
        let until = params.instant("EndDate")?.map(|(start, length)| start.plus(length));
        Ok(Self { index: level.into_iter().chain(resource).collect(), generated: Range { from, until } })
    }
}

/// A filter by a word.
pub(crate) fn plain(key: &'static str, value: &str) -> Index {
    Index { key, value: IndexValue::Plain(value.to_owned()) }
}
