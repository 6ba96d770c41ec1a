//! The nine lists of usage records: what they ask for, and one row as JSON (`api.v2010.account.usage.usage_record`).

use base::{AccountSid, Timestamp};
use errors::{ApiError, Result, codes};
use kit::page::Paging;
use kit::{Ctx, FromParams, Listing, Params};
use serde::Serialize;

use crate::calendar::{Day, Every, Period};
use crate::category::{self, CATEGORIES, Category};
use crate::figures::{Figure, Figures, accounts};

/// One of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Base,
    AllTime,
    Daily,
    LastMonth,
    Monthly,
    ThisMonth,
    Today,
    Yearly,
    Yesterday,
}

impl List {
    /// The lists that a record links to, by the names of the links.
    const LINKED: [(&'static str, List); 8] = [
        ("all_time", List::AllTime),
        ("daily", List::Daily),
        ("last_month", List::LastMonth),
        ("monthly", List::Monthly),
        ("this_month", List::ThisMonth),
        ("today", List::Today),
        ("yearly", List::Yearly),
        ("yesterday", List::Yesterday),
    ];

    /// Its path, after the account's.
    fn path(self) -> &'static str {
        match self {
            Self::Base => "/Usage/Records.json",
            Self::AllTime => "/Usage/Records/AllTime.json",
            Self::Daily => "/Usage/Records/Daily.json",
            Self::LastMonth => "/Usage/Records/LastMonth.json",
            Self::Monthly => "/Usage/Records/Monthly.json",
            Self::ThisMonth => "/Usage/Records/ThisMonth.json",
            Self::Today => "/Usage/Records/Today.json",
            Self::Yearly => "/Usage/Records/Yearly.json",
            Self::Yesterday => "/Usage/Records/Yesterday.json",
        }
    }

    fn every(self) -> Every {
        match self {
            Self::Daily => Every::Day,
            Self::Monthly => Every::Month,
            Self::Yearly => Every::Year,
            _ => Every::Whole,
        }
    }

    /// The days that it is about at most.
    fn days(self, today: Day) -> Period {
        let last_month = today.month_start().before();
        let (start, end) = match self {
            Self::LastMonth => (last_month.month_start(), last_month),
            Self::ThisMonth => (today.month_start(), today),
            Self::Today => (today, today),
            Self::Yesterday => (today.before(), today.before()),
            Self::Base | Self::AllTime | Self::Daily | Self::Monthly | Self::Yearly => (Day(i64::MIN), today),
        };
        Period { start, end }
    }
}

/// What a request asks for.
pub(crate) struct Filter {
    category: Option<&'static Category>,
    start: Option<String>,
    end: Option<String>,
    subaccounts: bool,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let category = given(params.text("Category")?);
        Ok(Self {
            category: category.map(|name| category::find("Category", &name)).transpose()?,
            start: given(params.text("StartDate")?),
            end: given(params.text("EndDate")?),
            subaccounts: params.flag("IncludeSubaccounts")?.unwrap_or(true),
        })
    }
}

impl Filter {
    /// The days that are asked about; `None` when there are none.
    fn days(&self, list: List, created: Day, today: Day) -> Result<Option<Period>> {
        let read = |name: &'static str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match Day::parse(text, today) {
                Some(day) => Ok(Some(day)),
                None => Err(ApiError::new(codes::INVALID_PARAMETER).parameter(name)),
            },
        };
        let asked = Period {
            start: read("StartDate", &self.start)?.unwrap_or(Day(i64::MIN)),
            end: read("EndDate", &self.end)?.unwrap_or(today),
        };
        // Before there was the account there is nothing, and after today neither.
        let life = Period { start: created, end: today };
        Ok(asked.within(list.days(today)).and_then(|days| days.within(life)))
    }

    /// Whether everything is asked for that there ever was.
    fn is_of_all_time(&self, list: List) -> bool {
        matches!(list, List::Base | List::AllTime) && self.start.is_none() && self.end.is_none()
    }
}

/// One page of a list.
///
/// # Errors
/// 20001 for a day that is none; what the store fails with.
pub(crate) async fn list(ctx: &Ctx, list: List, filter: Filter, paging: Paging) -> Result<Listing> {
    let (now, account) = (ctx.now(), ctx.account());
    let days = filter.days(list, Day::of(account.account.created_at), Day::of(now))?;
    let periods = days.map_or_else(Vec::new, |days| days.parts(list.every()));
    let categories: Vec<&Category> = match filter.category {
        Some(category) => vec![category],
        None => CATEGORIES.iter().collect(),
    };
    // Row after row: the categories of the newest period, then of the one before.
    let total = periods.len() * categories.len();
    let first = usize::try_from(paging.index).ok().and_then(|index| index.checked_mul(paging.size));
    let first = first.unwrap_or(total).min(total);
    let last = first.saturating_add(paging.size).min(total);
    let shown = first / categories.len()..last.div_ceil(categories.len());
    let shown = periods.get(shown).unwrap_or_default();
    let store = &ctx.services.store;
    let scopes = accounts(store, ctx.scope(), filter.subaccounts).await?;
    // A clock that was wrong for a while has counted on days outside the account's life: they are no less for it.
    let read = if filter.is_of_all_time(list) { &[Period::ALWAYS][..] } else { shown };
    let figures = Figures::read(store, &scopes, read, list.every()).await?;
    let skipped = (first / categories.len()) * categories.len();
    let row = |place: usize| {
        let (period, category) = ((place - skipped) / categories.len(), categories[place % categories.len()]);
        RecordView::new(account.sid(), list, category, shown[period], figures.of(period, category), now)
    };
    let rows = (first..last).map(row).collect();
    Listing::computed(ctx, paging, rows, last < total).await
}

/// The path of a list, for its links.
pub(crate) fn path(account: AccountSid, list: List) -> String {
    format!("/2010-04-01/Accounts/{account}{}", list.path())
}

/// A record on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub(crate) struct RecordView {
    account_sid: String,
    api_version: &'static str,
    as_of: String,
    category: &'static str,
    count: String,
    count_unit: &'static str,
    description: &'static str,
    end_date: String,
    price: &'static str,
    price_unit: &'static str,
    start_date: String,
    subresource_uris: serde_json::Map<String, serde_json::Value>,
    uri: String,
    usage: String,
    usage_unit: &'static str,
}

impl RecordView {
    fn new(
        account: AccountSid,
        list: List,
        category: &Category,
        period: Period,
        figure: Figure,
        now: Timestamp,
    ) -> Self {
        let name = category.name;
        let linked = |(key, list): (&str, List)| {
            (key.to_owned(), format!("{}?Category={name}", path(account, list)).into())
        };
        let (start, end) = (period.start.to_string(), period.end.to_string());
        Self {
            account_sid: account.to_string(),
            api_version: "2010-04-01",
            as_of: format!("{}+00:00", now.iso8601().trim_end_matches('Z')),
            category: name,
            count: figure.count.to_string(),
            count_unit: category.count_unit,
            description: category.description,
            // Whoever runs the platform pays the carrier; nobody pays the platform.
            price: "0",
            price_unit: "usd",
            subresource_uris: List::LINKED.into_iter().map(linked).collect(),
            uri: format!("{}?Category={name}&StartDate={start}&EndDate={end}", path(account, list)),
            end_date: end,
            start_date: start,
            usage: figure.usage.to_string(),
            usage_unit: category.usage_unit,
        }
    }
}
