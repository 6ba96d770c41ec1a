//! Whether this server should be sent requests, and which part of it is the reason if not.
//!
//! Required are the store (something can be made durable now, and what came last was), the ledger (an entry can be made
//! durable, its end is genuine, checkpoints are signed) and disk space. The carrier is told of but not required: what is
//! accepted while it is away is on disk and waits, so turning requests down would only lose them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use base::Timestamp;
use serde::Serialize;
use store::Store;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// For how long an answer is good: whoever asks more often costs nothing.
const TRUSTED_FOR: Duration = Duration::from_secs(2);
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Free bytes below which nothing new is accepted: room for the log, its checkpoint and an orderly end.
const LEAST_FREE_BYTES: u64 = 128 * 1024 * 1024;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Part {
    /// Which.
    pub(crate) part: &'static str,
    /// Whether it is ready.
    pub(crate) ready: bool,
    /// Whether the server is not ready without it.
    pub(crate) required: bool,
    /// Why it is not: words of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
}

impl Part {
    fn new(part: &'static str, required: bool, problem: Option<&'static str>) -> Self {
        Self { part, ready: problem.is_none(), required, reason: problem }
    }
}

/// Every part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Whether requests are welcome.
    pub(crate) ready: bool,
    /// Each part.
    pub(crate) parts: Vec<Part>,
}

/// How the ledger's checkpoints go.
#[derive(Debug, Default)]
pub(crate) struct LedgerWatch {
    covered_at: AtomicI64,
    failing: AtomicBool,
}

impl LedgerWatch {
    /// A checkpoint covers the whole ledger.
    pub(crate) fn covered(&self, now: Timestamp) {
        self.failing.store(false, Ordering::Relaxed);
        self.covered_at.store(now.micros(), Ordering::Relaxed);
    }

    /// The checkpoint that was due could not be made.
    pub(crate) fn failed(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    /// How long ago a checkpoint covered the whole ledger; `None` before the first one.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        let at = self.covered_at.load(Ordering::Relaxed);
        (at != 0).then(|| now.since(Timestamp::from_micros(at)))
    }
}

/// Whether a carrier can be handed messages; `None` when there is none.
pub(crate) type CarrierState = Box<dyn Fn() -> Option<bool> + Send + Sync>;

/// Knows what is ready.
pub(crate) struct Readiness {
    store: Store,
    /// The folder that the database grows in, when it is ours.
    folder: Option<PathBuf>,
    carrier: CarrierState,
    /// How the ledger's checkpoints go.
    pub(crate) ledger: LedgerWatch,
    stopping: AtomicBool,
    known: Mutex<Option<(Instant, Report)>>,
}

impl Readiness {
    /// Of this store, whose database is in `folder` unless it is elsewhere.
    pub(crate) fn new(store: Store, folder: Option<PathBuf>, carrier: CarrierState) -> Self {
        Self {
            store,
            folder,
            carrier,
            ledger: LedgerWatch::default(),
            stopping: AtomicBool::new(false),
            known: Mutex::default(),
        }
    }

    /// From now on nothing is ready: the server is about to stop.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// What is ready, as of a moment ago at the longest.
    pub(crate) async fn report(&self) -> Report {
        if self.stopping.load(Ordering::Relaxed) {
            let parts = vec![Part::new("server", true, Some("it is stopping"))];
            return Report { ready: false, parts };
        }
        // Whoever asks meanwhile waits for the same answer.
        let mut known = self.known.lock().await;
        if let Some((at, report)) = known.as_ref()
            && at.elapsed() < TRUSTED_FOR
        {
            return report.clone();
        }
        let report = self.look().await;
        if known.as_ref().is_none_or(|(_, before)| before.ready != report.ready) {
            let missing = report.parts.iter().filter(|part| part.required).find_map(|part| part.reason);
            tracing::info!(ready = report.ready, missing, "readiness");
        }
        *known = Some((Instant::now(), report.clone()));
        report
    }

    /// What is ready now.
    async fn look(&self) -> Report {
        // The ledger first: that it can be written ends what the store knows of an earlier failure.
        let ledger = self.ledger_problem().await;
        let parts = vec![
            Part::new("store", true, self.store_problem().await),
            Part::new("ledger", true, ledger),
            Part::new("disk", true, self.disk_problem()),
            Part::new("carrier", false, self.carrier_problem()),
        ];
        Report { ready: parts.iter().all(|part| part.ready || !part.required), parts }
    }

    async fn store_problem(&self) -> Option<&'static str> {
        match timeout(PATIENCE, self.store.probe()).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some("the database cannot be written"),
            Err(_) => Some("the database does not answer in time"),
        }
    }

    async fn ledger_problem(&self) -> Option<&'static str> {
        match timeout(PATIENCE, self.store.journal().probe()).await {
            Ok(Ok(())) => self.ledger_end_problem().await,
            Ok(Err(_)) => Some("no entry can be written"),
            Err(_) => Some("the database does not answer in time"),
        }
    }

    async fn ledger_end_problem(&self) -> Option<&'static str> {
        match timeout(PATIENCE, self.store.journal().head()).await {
            Ok(Ok(head)) if !head.mac_valid => Some("its end was not written by this system"),
            Ok(Ok(_)) if self.ledger.failing.load(Ordering::Relaxed) => Some("no checkpoint can be signed"),
            Ok(Ok(_)) => None,
            Ok(Err(_)) => Some("it cannot be read"),
            Err(_) => Some("the database does not answer in time"),
        }
    }

    fn disk_problem(&self) -> Option<&'static str> {
        let folder = self.folder.as_ref()?;
        match rustix::fs::statvfs(folder) {
            Ok(state) if state.f_bavail.saturating_mul(state.f_frsize) < LEAST_FREE_BYTES => {
                Some("less than 128 MiB are free")
            }
            Ok(_) => None,
            Err(_) => Some("the data folder cannot be looked at"),
        }
    }

    fn carrier_problem(&self) -> Option<&'static str> {
        match (self.carrier)() {
            Some(true) => None,
            Some(false) => Some("no connection to it is bound; messages wait"),
            None => Some("there is none; messages wait until their validity ends"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::SystemClock;
    use store::Database;

    use super::*;
    use crate::app::open_services;
    use crate::data_folder::DataFolder;

    async fn readiness(dir: &tempfile::TempDir, folder: PathBuf) -> (Readiness, Store) {
        let data = DataFolder::open(dir.path()).expect("a folder");
        let key = data.master_key(None).expect("a key");
        let database = Database::Sqlite(data.database_file());
        let services =
            open_services(database, key, Arc::new(SystemClock), None, data.blobs().expect("a folder"))
                .await
                .expect("a store");
        let store = services.store.clone();
        (Readiness::new(store.clone(), Some(folder), Box::new(|| None)), store)
    }

    fn states(report: &Report) -> Vec<(&'static str, bool)> {
        report.parts.iter().map(|part| (part.part, part.ready)).collect()
    }

    #[tokio::test]
    async fn each_part_answers_for_itself() {
        let dir = tempfile::tempdir().expect("a folder");
        let (readiness, store) = readiness(&dir, dir.path().to_owned()).await;
        let report = readiness.report().await;
        let fine = [("store", true), ("ledger", true), ("disk", true), ("carrier", false)];
        assert!(report.ready, "a carrier is not required: {report:?}");
        assert_eq!(states(&report), fine);

        readiness.ledger.failed();
        assert!(readiness.report().await.ready, "known from a moment ago");
        assert_eq!(states(&readiness.look().await)[1], ("ledger", false));
        readiness.ledger.covered(store.clock().now());
        assert!(readiness.look().await.ready);

        store.close().await;
        let report = readiness.look().await;
        assert!(!report.ready);
        assert_eq!(states(&report)[..2], [("store", false), ("ledger", false)]);
    }

    #[tokio::test]
    async fn a_server_that_stops_is_not_ready_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let (readiness, _store) = readiness(&dir, dir.path().join("absent")).await;
        assert_eq!(states(&readiness.report().await)[2], ("disk", false));
        readiness.stop();
        assert_eq!(states(&readiness.report().await), [("server", false)]);
    }
}
