//! Requests by product, route and status class. The rows are made from the table of routes when the server
//! starts; whatever matches none of them is one row more.

use std::collections::HashMap;
use std::time::Duration;

use base::measure::{Counter, Histogram};
use kit::RouteRow;

use super::text::{Kind, Page, SECONDS};

/// What is said where there is no word of ours.
const OTHER: &str = "other";
/// The classes of status codes, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// A route: product, method and path template.
type Place = (&'static str, &'static str, &'static str);

struct Row {
    classes: [Counter; CLASSES.len()],
    time: Histogram,
}

impl Default for Row {
    fn default() -> Self {
        Self { classes: Default::default(), time: Histogram::of_times() }
    }
}

/// Counts answers.
pub(crate) struct RequestMeasures {
    rows: Vec<(Place, Row)>,
    places: HashMap<Place, usize>,
    other: Row,
}

impl RequestMeasures {
    /// Rows for this table.
    pub(crate) fn new(table: &[RouteRow]) -> Self {
        let known = |method: &http::Method| match method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "DELETE" => "DELETE",
            _ => OTHER,
        };
        let place = |row: &RouteRow| (row.product, known(&row.method), row.path);
        let rows: Vec<(Place, Row)> = table.iter().map(|row| (place(row), Row::default())).collect();
        let places = rows.iter().enumerate().map(|(at, (place, _))| (*place, at)).collect();
        Self { rows, places, other: Row::default() }
    }

    /// Counts an answer.
    pub(crate) fn count(&self, product: &str, method: &str, route: &str, status: u16, time: Duration) {
        let places: &HashMap<(&str, &str, &str), usize> = &self.places;
        let row = places.get(&(product, method, route)).map_or(&self.other, |at| &self.rows[*at].1);
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        row.classes[class].increment();
        row.time.record_time(time);
    }

    /// The template of this route as the table has it; whatever is not in it is a word for that.
    pub(crate) fn template(&self, product: &str, method: &str, route: &str) -> &'static str {
        let places: &HashMap<(&str, &str, &str), usize> = &self.places;
        places.get(&(product, method, route)).map_or(OTHER, |at| self.rows[*at].0.2)
    }

    /// Rows that nobody has asked for yet are left out.
    pub(super) fn show(&self, page: &mut Page) {
        let other = ((OTHER, OTHER, OTHER), &self.other);
        let rows = || self.rows.iter().map(|(place, row)| (*place, row)).chain([other]);
        let name = "switchward_requests_total";
        page.family(name, Kind::Counter, "Requests answered, by route and class of status code.");
        for ((product, method, route), row) in rows() {
            for (class, counter) in
                CLASSES.iter().zip(&row.classes).filter(|(_, counter)| counter.value() > 0)
            {
                let labels = [("product", product), ("method", method), ("route", route), ("status", class)];
                page.sample(name, &labels, counter.value());
            }
        }
        let name = "switchward_request_seconds";
        page.family(name, Kind::Histogram, "From a request's head to its answer's.");
        for ((product, method, route), row) in rows() {
            if row.classes.iter().any(|counter| counter.value() > 0) {
                let labels = [("product", product), ("method", method), ("route", route)];
                page.histogram(name, &labels, &row.time, SECONDS);
            }
        }
    }
}
