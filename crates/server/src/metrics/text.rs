//! Prometheus's text exposition format, version 0.0.4: families with their help, samples with their labels.

use std::fmt::{Display, Write};

use base::measure::{Counter, Histogram};

/// What a microsecond is of the unit that Prometheus's names want.
pub(super) const SECONDS: f64 = 1e-6;

/// What a family's numbers are.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The page as far as it is written. All samples of a family follow its heading.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    /// The heading of a family. `help` is one line of ours.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, help: &'static str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// One number of a family.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels = labels.iter().copied().map(Label).collect::<Vec<_>>();
        self.labelled(name, &labels, value);
    }

    /// A family of counters that differ in one label.
    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &'static str,
        label: &'static str,
        counters: &[(&str, &Counter)],
    ) {
        self.family(name, Kind::Counter, help);
        for (value, counter) in counters {
            self.sample(name, &[(label, value)], counter.value());
        }
    }

    /// The samples of one histogram; its values times `scale` are what the family counts.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        histogram: &Histogram,
        scale: f64,
    ) {
        let (bounds, counts, sum) = histogram.read();
        let (buckets, mut total) = (format!("{name}_bucket"), 0);
        for (at, count) in counts.iter().enumerate() {
            total += count;
            let bound = match bounds.get(at) {
                // What is shown is rounded to what was measured: 0.00025, not 0.00025000000000000001.
                Some(bound) => format!("{}", (*bound as f64 * scale * 1e9).round() / 1e9),
                None => "+Inf".to_owned(),
            };
            let mut all = labels.to_vec();
            all.push(("le", &bound));
            self.sample(&buckets, &all, total);
        }
        self.sample(&format!("{name}_sum"), labels, sum as f64 * scale);
        self.sample(&format!("{name}_count"), labels, total);
    }

    /// The whole page.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn labelled(&mut self, name: &str, labels: &[Label<'_>], value: impl Display) {
        let list = labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        match list.is_empty() {
            true => self.line(format_args!("{name} {value}")),
            false => self.line(format_args!("{name}{{{list}}} {value}")),
        }
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{text}").expect("a string can be written to");
    }
}

/// A label with its value, quoted as the format says.
struct Label<'a>((&'a str, &'a str));

impl Display for Label<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, value) = self.0;
        write!(f, "{name}=\"")?;
        for character in value.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_as_the_format_says() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "Things.");
        page.sample("a_total", &[("kind", "quote \" slash \\ line\n")], 3);
        let histogram = Histogram::new(&[250, 1_000_000]);
        for value in [100, 250, 2_000_000] {
            histogram.record(value);
        }
        page.family("b_seconds", Kind::Histogram, "Times.");
        page.histogram("b_seconds", &[], &histogram, SECONDS);
        let expected = r#"# HELP a_total Things.
# TYPE a_total counter
a_total{kind="quote \" slash \\ line\n"} 3
# HELP b_seconds Times.
# TYPE b_seconds histogram
b_seconds_bucket{le="0.00025"} 2
b_seconds_bucket{le="1"} 2
b_seconds_bucket{le="+Inf"} 3
b_seconds_sum 2.00035
b_seconds_count 3
"#;
        assert_eq!(page.finish(), expected);
    }
}
