//! Figures: one row per case, the same columns everywhere, as Markdown for people and JSON for programs.

use serde_json::{Value, json};

use crate::bench::Bench;

/// One measured case. `None` stands where something was not measured or has no meaning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// What was measured, under which conditions.
    pub(crate) case: String,
    /// Operations per second.
    pub(crate) rate: Option<f64>,
    /// CPU time of the measured server per operation, in microseconds.
    pub(crate) server_us: Option<f64>,
    /// CPU time of what drives it per operation, in microseconds.
    pub(crate) load_us: Option<f64>,
    /// Latencies in milliseconds: median, 99th percentile, longest.
    pub(crate) latency_ms: Option<[f64; 3]>,
    /// The most memory the server had resident, in MiB.
    pub(crate) peak_mib: Option<f64>,
}

/// Something the figures must hold.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    /// What is asked, in words and numbers.
    pub(crate) asked: String,
    /// What was measured.
    pub(crate) measured: String,
    /// Whether it holds.
    pub(crate) holds: bool,
}

/// The figures of one benchmark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// What an operation is.
    pub(crate) operation: &'static str,
    pub(crate) rows: Vec<Row>,
    /// Tables whose columns are their own, as Markdown, and the figures in them.
    pub(crate) others: Option<(String, Value)>,
    pub(crate) floors: Vec<Floor>,
    /// What was left out and why.
    pub(crate) notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(operation: &'static str) -> Self {
        Self { operation, ..Self::default() }
    }

    /// Asks that `measured` be at least `floor`.
    pub(crate) fn at_least(&mut self, what: &str, measured: f64, floor: f64, unit: &str) {
        self.floor(what, "at least", measured, floor, unit, measured >= floor);
    }

    /// Asks that `measured` be at most `bound`.
    pub(crate) fn at_most(&mut self, what: &str, measured: f64, bound: f64, unit: &str) {
        self.floor(what, "at most", measured, bound, unit, measured <= bound);
    }

    fn floor(&mut self, what: &str, how: &str, measured: f64, bound: f64, unit: &str, holds: bool) {
        let asked = format!("{what}: {how} {} {unit}", number(bound));
        self.floors.push(Floor { asked, measured: format!("{} {unit}", number(measured)), holds });
    }

    /// The floors that were missed.
    pub(crate) fn missed(&self) -> Vec<String> {
        let missed = self.floors.iter().filter(|floor| !floor.holds);
        missed.map(|floor| format!("{}; measured {}", floor.asked, floor.measured)).collect()
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = match &self.others {
            Some((tables, _)) => tables.clone(),
            None => format!(
                "| case | {}/s | server CPU µs each | load CPU µs each | p50 / p99 / max ms | peak MiB |\n|---|--:|--:|--:|--:|--:|\n",
                self.operation
            ),
        };
        for row in &self.rows {
            let latency = row.latency_ms.map_or_else(dash, |[p50, p99, max]| {
                format!("{} / {} / {}", number(p50), number(p99), number(max))
            });
            let cells = [row.rate, row.server_us, row.load_us].map(|cell| cell.map_or_else(dash, number));
            let peak = row.peak_mib.map_or_else(dash, number);
            text.push_str(&format!("| {} | {} | {latency} | {peak} |\n", row.case, cells.join(" | ")));
        }
        if !self.floors.is_empty() {
            text.push_str("\n| must hold | measured | |\n|---|--:|---|\n");
            for floor in &self.floors {
                let holds = if floor.holds { "holds" } else { "**missed**" };
                text.push_str(&format!("| {} | {} | {holds} |\n", floor.asked, floor.measured));
            }
        }
        for note in &self.notes {
            text.push_str(&format!("\n{note}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "case": row.case,
                "per_second": row.rate,
                "server_cpu_us": row.server_us,
                "load_cpu_us": row.load_us,
                "latency_ms": row.latency_ms.map(|[p50, p99, max]| json!({ "p50": p50, "p99": p99, "max": max })),
                "peak_mib": row.peak_mib,
            })
        };
        let floor =
            |floor: &Floor| json!({ "asked": floor.asked, "measured": floor.measured, "holds": floor.holds });
        json!({
            "operation": self.operation,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "others": self.others.as_ref().map(|(_, figures)| figures),
            "floors": self.floors.iter().map(floor).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

pub(crate) fn to_json(machine: &str, tables: &[(&'static Bench, Table)]) -> String {
    let benches: serde_json::Map<String, Value> =
        tables.iter().map(|(bench, table)| (bench.name.to_owned(), table.json())).collect();
    format!("{:#}\n", json!({ "machine": machine, "benches": benches }))
}

fn dash() -> String {
    "–".to_owned()
}

/// Three significant digits or whole numbers, with thousands apart: nothing here is more exact.
pub(crate) fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && digit.is_ascii_digit() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_exact_as_they_are_meant() {
        for (value, text) in [
            (0.0, "0.00"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (12_345.6, "12,346"),
            (1e6, "1,000,000"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_missed_floor_is_said() {
        let mut table = Table::new("messages");
        table.at_least("rate", 5_999.0, 6_000.0, "messages/s");
        table.at_most("p99", 20.0, 50.0, "ms");
        assert_eq!(table.missed(), ["rate: at least 6,000 messages/s; measured 5,999 messages/s"]);
        assert!(table.markdown().contains("| p99: at most 50.0 ms | 20.0 ms | holds |"));
    }
}
