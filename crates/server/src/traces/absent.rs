//! What stands in for traces in a program that was built without them.

use spans::Tracer;
use store::Store;

use crate::config;
use crate::metrics::Page;
use crate::problem::{Problem, Result};

/// A collector; here there is none.
pub(crate) enum Collector {}

impl Collector {
    /// The collector that the configuration names.
    ///
    /// # Errors
    /// When it names one: it would wait for traces in vain.
    pub(crate) fn load(settings: &config::Traces) -> Result<Option<Self>> {
        match settings.endpoint {
            None => Ok(None),
            Some(_) => Err(Problem::new(
                "the configuration asks for traces (key `traces.endpoint`), and this program was built without them: \
                 build it with `--features otel`, or remove the section [traces]",
            )),
        }
    }
}

/// Traces; here there are none.
pub(crate) struct Traces;

impl Traces {
    /// Starts nothing.
    pub(crate) fn start(_collector: Option<Collector>, _store: &Store) -> Self {
        Self
    }

    /// What records nothing.
    pub(crate) fn tracer(&self) -> Tracer {
        Tracer::off()
    }

    /// Adds nothing to the metrics.
    pub(crate) fn show(&self, _page: &mut Page) {}

    /// Sends nothing.
    pub(crate) async fn finish(&self) {}
}
