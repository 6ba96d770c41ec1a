//! The figures themselves: what the counters of an account, or of an account and its subaccounts, add up to.

use std::collections::HashMap;

use auth::Account;
use errors::Result;
use store::{Counter, Query, Scope, Store, limits};

use crate::calendar::{Every, Period};
use crate::category::Category;

/// The accounts whose usage counts: this one, and its subaccounts if they are to be included.
///
/// # Errors
/// When the store cannot answer.
pub async fn accounts(store: &Store, scope: Scope, with_subaccounts: bool) -> Result<Vec<Scope>> {
    let mut scopes = vec![scope];
    if !with_subaccounts {
        return Ok(scopes);
    }
    let mut query = Query { limit: limits::PAGE_ROWS, ..Query::default() };
    loop {
        // An account lives in the scope of its owner: in a subaccount's scope there is none.
        let listed = store.scope(scope).list::<Account>(query.clone()).await?;
        scopes.extend(
            listed
                .documents
                .iter()
                .map(|account| Scope::account(account.sid))
                .filter(|other| *other != scope),
        );
        match listed.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(scopes),
        }
    }
}

/// How many events there were, and what they came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// Events.
    pub count: i64,
    /// What they came to, in the category's usage unit.
    pub usage: i64,
}

/// What was counted in some periods, by meter.
#[derive(Debug, Default)]
pub struct Figures(HashMap<(usize, String), Figure>);

impl Figures {
    /// Adds up what these accounts used in each of these periods, which are parts of one period, newest first.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn read(store: &Store, scopes: &[Scope], periods: &[Period], every: Every) -> Result<Self> {
        let mut figures = Self::default();
        let (Some(newest), Some(oldest)) = (periods.first(), periods.last()) else { return Ok(figures) };
        let days = oldest.start.0..=newest.end.0;
        for scope in scopes {
            let scoped = store.scope(*scope);
            let counters = match every {
                Every::Whole => scoped.counted_in_all(days.clone()).await?,
                Every::Day | Every::Month | Every::Year => scoped.counted(days.clone()).await?,
            };
            for counter in counters {
                figures.add(periods, counter);
            }
        }
        Ok(figures)
    }

    fn add(&mut self, periods: &[Period], counter: Counter) {
        // They begin ever earlier: the first that began by then is the one.
        let place = periods.partition_point(|period| period.start.0 > counter.day);
        if periods.get(place).is_some_and(|period| period.contains(counter.day)) {
            let figure = self.0.entry((place, counter.name)).or_default();
            figure.count += counter.events;
            figure.usage += counter.amount;
        }
    }

    /// The figure of a category in the period at this place.
    pub fn of(&self, place: usize, category: &Category) -> Figure {
        let meters =
            category.meters.iter().filter_map(|meter| self.0.get(&(place, meter.as_str().to_owned())));
        meters.fold(Figure::default(), |sum, figure| Figure {
            count: sum.count + figure.count,
            usage: sum.usage + figure.usage,
        })
    }
}
