//! What a usage trigger is, what a request may say of it, and when it fires. Pure.

use auth::SidText;
use base::{AccountSid, Timestamp, UsageTriggerSid};
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use serde::{Deserialize, Serialize};
use store::{Index, IndexValue, Kind};
use webhooks::Method;

use crate::calendar::{Day, Period};
use crate::category::{self, Category};
use crate::figures::Figure;
use crate::limits::{FRIENDLY_NAME, TRIGGER_VALUE};

/// The kind of usage triggers; they live in the account's scope.
#[derive(Debug)]
pub(crate) enum UsageTrigger {}

impl Kind for UsageTrigger {
    const NAME: &'static str = "usage-trigger";
    type Sid = UsageTriggerSid;
    type Facts = TriggerFacts;
    type Content = ();
}

/// The kind of what says, in the system's scope, that a trigger may still fire, and whose it is.
#[derive(Debug)]
pub(crate) enum WatchedTrigger {}

impl Kind for WatchedTrigger {
    const NAME: &'static str = "watched-usage-trigger";
    type Sid = UsageTriggerSid;
    type Facts = SidText<AccountSid>;
    type Content = ();
}

/// Which of a category's figures is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    Count,
    Usage,
}

impl By {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Usage => "usage",
        }
    }

    pub(crate) const fn of(self, figure: Figure) -> i64 {
        match self {
            Self::Count => figure.count,
            Self::Usage => figure.usage,
        }
    }
}

/// How often a trigger may fire. Without a word it fires once, as with `alltime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Recurring {
    Daily,
    Monthly,
    Yearly,
    Alltime,
}

impl Recurring {
    const ALL: [Self; 4] = [Self::Daily, Self::Monthly, Self::Yearly, Self::Alltime];
    const WORDS: [&str; 4] = ["daily", "monthly", "yearly", "alltime"];

    pub(crate) const fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    fn from_params(params: &mut Params) -> Result<Option<Self>> {
        let word = params.text("Recurring")?.filter(|word| !word.is_empty());
        let read = |word: String| Self::ALL.into_iter().find(|recurring| recurring.as_str() == word);
        match word {
            None => Ok(None),
            Some(word) => {
                read(word).map(Some).ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("Recurring"))
            }
        }
    }
}

/// A usage trigger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TriggerFacts {
    pub(crate) friendly_name: String,
    pub(crate) callback_url: String,
    pub(crate) callback_method: Method,
    /// The name of a category that is counted.
    pub(crate) category: String,
    pub(crate) by: By,
    /// At this figure, or above, it fires.
    pub(crate) value: i64,
    pub(crate) recurring: Option<Recurring>,
    /// When it fired last, in microseconds since 1970.
    pub(crate) fired_at: Option<i64>,
}

impl TriggerFacts {
    /// The category whose figures are watched.
    pub(crate) fn category(&self) -> Option<&'static Category> {
        category::CATEGORIES.iter().find(|category| category.name == self.category)
    }

    /// The days whose usage counts today.
    pub(crate) fn period(&self, today: Day) -> Period {
        let start = match self.recurring {
            Some(Recurring::Daily) => today,
            Some(Recurring::Monthly) => today.month_start(),
            Some(Recurring::Yearly) => today.year_start(),
            Some(Recurring::Alltime) | None => Day(i64::MIN),
        };
        Period { start, end: today }
    }

    /// Whether it may fire again once it has fired.
    pub(crate) fn recurs(&self) -> bool {
        !matches!(self.recurring, Some(Recurring::Alltime) | None)
    }

    /// Whether it is time to fire: the value is reached, and it has not fired in this period.
    pub(crate) fn fires(&self, current: i64, today: Day) -> bool {
        let fired = self.fired_at.map(|at| Day::of(Timestamp::from_micros(at)));
        let has_fired = fired.is_some_and(|fired| fired >= self.period(today).start);
        current >= self.value && !has_fired
    }
}

/// The value of a new trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// This much.
    At(i64),
    /// So much more than there is now.
    More(i64),
}

impl Value {
    fn parse(text: &str) -> Option<Self> {
        // A plus that was not encoded comes as a space.
        let (digits, make): (&str, fn(i64) -> Self) = match text.strip_prefix(['+', ' ']) {
            Some(digits) => (digits, Self::More),
            None => (text, Self::At),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let number = digits.parse().ok().filter(|number| *number <= TRIGGER_VALUE);
        number.filter(|_| is_number).map(make)
    }
}

/// What a new trigger is made of.
pub(crate) struct CreateTrigger {
    pub(crate) category: &'static Category,
    pub(crate) by: By,
    pub(crate) value: Value,
    pub(crate) recurring: Option<Recurring>,
    pub(crate) changes: UpdateTrigger,
}

/// What a request may change.
pub(crate) struct UpdateTrigger {
    pub(crate) friendly_name: Option<String>,
    pub(crate) callback_url: Option<String>,
    pub(crate) callback_method: Option<Method>,
}

impl FromParams for UpdateTrigger {
    fn from_params(params: &mut Params) -> Result<Self> {
        let invalid = |name| ApiError::new(codes::INVALID_PARAMETER).parameter(name);
        let method = params.word("CallbackMethod", &["GET", "POST"])?;
        let friendly_name = params.text("FriendlyName")?;
        if friendly_name.as_ref().is_some_and(|name| name.chars().count() > FRIENDLY_NAME) {
            return Err(invalid("FriendlyName"));
        }
        let callback_url = params.text("CallbackUrl")?;
        if callback_url.as_ref().is_some_and(String::is_empty) {
            return Err(invalid("CallbackUrl"));
        }
        let callback_method = method.map(|word| if word == "GET" { Method::Get } else { Method::Post });
        Ok(Self { friendly_name, callback_url, callback_method })
    }
}

/// Which figure, and of which category. Nothing has a price here, so a trigger by price would never fire, and whoever
/// relies on it must be told so.
fn by(params: &mut Params) -> Result<Option<By>> {
    match params.word("TriggerBy", &["count", "usage", "price"])? {
        Some("price") => Err(ApiError::new(codes::NOT_SUPPORTED).parameter("TriggerBy")),
        Some("count") => Ok(Some(By::Count)),
        Some(_) => Ok(Some(By::Usage)),
        None => Ok(None),
    }
}

impl FromParams for CreateTrigger {
    fn from_params(params: &mut Params) -> Result<Self> {
        let invalid = |name| ApiError::new(codes::INVALID_PARAMETER).parameter(name);
        let changes = UpdateTrigger::from_params(params)?;
        if changes.callback_url.is_none() {
            return Err(invalid("CallbackUrl"));
        }
        let category = category::find("UsageCategory", &params.required("UsageCategory")?)?;
        if category.meters.is_empty() {
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("UsageCategory"));
        }
        let value = Value::parse(&params.required("TriggerValue")?).ok_or(invalid("TriggerValue"))?;
        Ok(Self {
            category,
            by: by(params)?.unwrap_or(By::Usage),
            value,
            recurring: Recurring::from_params(params)?,
            changes,
        })
    }
}

/// Filters of a list.
pub(crate) struct Filter(Vec<Index>);

impl Filter {
    pub(crate) fn index(self) -> Vec<Index> {
        self.0
    }
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let mut filters = Vec::new();
        if let Some(recurring) = Recurring::from_params(params)? {
            filters.push(entry("recurring", recurring.as_str()));
        }
        // By price there is none, and asking is fine.
        if let Some(word) = params.word("TriggerBy", &["count", "usage", "price"])? {
            filters.push(entry("trigger_by", word));
        }
        if let Some(name) = params.text("UsageCategory")?.filter(|name| !name.is_empty()) {
            filters.push(entry("usage_category", category::find("UsageCategory", &name)?.name));
        }
        Ok(Self(filters))
    }
}

fn entry(key: &'static str, word: &str) -> Index {
    Index { key, value: IndexValue::Plain(word.to_owned()) }
}

/// What a trigger is found by.
pub(crate) fn index(facts: &TriggerFacts) -> Vec<Index> {
    let mut index = vec![entry("trigger_by", facts.by.as_str()), entry("usage_category", &facts.category)];
    index.extend(facts.recurring.map(|recurring| entry("recurring", recurring.as_str())));
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text, Day(0)).expect("a day")
    }

    #[test]
    fn values_are_numbers_or_so_much_more() {
        for (text, value) in [
            ("0", Some(Value::At(0))),
            ("50", Some(Value::At(50))),
            ("+30", Some(Value::More(30))),
            (" 30", Some(Value::More(30))),
            ("", None),
            ("+", None),
            ("-1", None),
            ("++1", None),
            ("1.5", None),
            ("many", None),
            ("9999999999999999999", None),
        ] {
            assert_eq!(Value::parse(text), value, "{text}");
        }
    }

    #[test]
    fn fires_once_in_each_period() {
        use Recurring::{Alltime, Daily, Monthly, Yearly};
        let trigger = |recurring, fired: Option<&str>| TriggerFacts {
            friendly_name: String::new(),
            callback_url: String::new(),
            callback_method: Method::Post,
            category: "sms".to_owned(),
            by: By::Count,
            value: 10,
            recurring,
            fired_at: fired.map(|fired| day(fired).0 * 86_400_000_000),
        };
        let today = day("2026-03-06");
        for (recurring, fired, current, expected) in [
            (None, None, 9, false),
            (None, None, 10, true),
            (None, Some("2020-01-01"), 10, false),
            (Some(Alltime), Some("2020-01-01"), 10, false),
            (Some(Daily), Some("2026-03-06"), 10, false),
            (Some(Daily), Some("2026-03-05"), 10, true),
            (Some(Monthly), Some("2026-03-01"), 10, false),
            (Some(Monthly), Some("2026-02-28"), 10, true),
            (Some(Yearly), Some("2026-01-01"), 10, false),
            (Some(Yearly), Some("2025-12-31"), 10, true),
            (Some(Yearly), Some("2025-12-31"), 9, false),
        ] {
            let fires = trigger(recurring, fired).fires(current, today);
            assert_eq!(fires, expected, "{recurring:?} {fired:?} {current}");
        }
    }
}
