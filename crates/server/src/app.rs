//! The running program: opens the store, wires products to the port and the job runner, and ends
//! everything in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use auth::Secret;
use base::measure::Stopwatch;
use base::{Clock, SystemClock};
use blobs::{BlobError, Blobs};
use edge::tls::{SniResolver, server_config};
use edge::{CertificateAuthority, EdgeConfig, WallClock};
use kit::{Gate, GateConfig, RouteRow, Services};
use ledger::merkle::Tree;
use messaging::Inbox;
use phi::{KeyWrapper, SystemRandom};
use rustls::sign::CertifiedKey;
use store::{Options, Store};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::bucket;
use crate::config::{BucketSettings, Holder, Keys};
use crate::data_folder::DataFolder;
use crate::front::Front;
use crate::holders;
use crate::metrics::{RequestMeasures, Sources};
use crate::operations::Operations;
use crate::problem::{Problem, Result};
use crate::products::Connections;
use crate::readiness::Readiness;
use crate::traces::{Collector, Traces};

/// Where the API is for programs that come through the proxy, which is where links lead when there is no own domain.
const TWILIO: &str = "https://api.twilio.com";
/// How often the ledger's root is signed.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// How often media without a document are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
/// How long jobs in hand may go on after shutdown was asked for; what is cut off is leased again later.
const JOBS_GRACE: Duration = Duration::from_secs(20);

/// What is needed to open the store.
#[derive(Clone)]
pub(crate) struct StoreSettings {
    /// The data folder.
    pub(crate) data: DataFolder,
    /// A PostgreSQL URL instead of the folder's database.
    pub(crate) database: Option<String>,
    /// The master key from the environment.
    pub(crate) master_key: Option<String>,
    /// What holds the master key.
    pub(crate) keys: Keys,
    /// The bucket in place of the folder of media.
    pub(crate) blobs: BucketSettings,
}

impl StoreSettings {
    /// Opens the store and everything that requests share.
    ///
    /// # Errors
    /// When the folder, the key or the database cannot be used; the text says what to do.
    pub(crate) async fn open(&self, clock: Arc<dyn Clock>) -> Result<Arc<Services>> {
        let wrapper = self.holder()?;
        let operator = self.data.operator_token()?;
        let database = self.data.database(self.database.as_deref());
        open_services(database, wrapper, clock, Some(operator), self.blobs()?).await
    }

    /// Where media are.
    ///
    /// # Errors
    /// When the place cannot be used.
    pub(crate) fn blobs(&self) -> Result<Blobs> {
        bucket::place(&self.blobs, &self.data)
    }

    /// What holds the master key; a file is made on first use.
    ///
    /// # Errors
    /// When its settings or files cannot be used.
    pub(crate) fn holder(&self) -> Result<Arc<dyn KeyWrapper>> {
        holders::keyring(&self.keys, &self.data, self.master_key.as_deref())
    }

    /// What holds a master key that is there already.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn existing_holder(&self) -> Result<Arc<dyn KeyWrapper>> {
        if self.master_key.is_some() || self.data.has_master_key() {
            return self.holder();
        }
        if self.keys.holder == Holder::File {
            return Err(Problem::new(
                "the master key is missing: give `--master-key FILE`, set SWITCHWARD_MASTER_KEY, or name its holder with `--config FILE`",
            ));
        }
        // Asking for a file that is not there would make one.
        let mut keys = self.keys.clone();
        keys.earlier.retain(|earlier| *earlier != Holder::File);
        holders::keyring(&keys, &self.data, None)
    }
}

/// Opens a database with this key.
///
/// # Errors
/// When it cannot be opened.
pub(crate) async fn open_services(
    database: store::Database,
    wrapper: Arc<dyn KeyWrapper>,
    clock: Arc<dyn Clock>,
    operator: Option<Secret>,
    blobs: Blobs,
) -> Result<Arc<Services>> {
    let store = Store::open(Options { database, wrapper, clock, random: Arc::new(SystemRandom) }).await?;
    let gate = Arc::new(Gate::new(GateConfig::default()));
    Ok(Arc::new(Services { store, operator, gate, blobs, api_base: TWILIO.to_owned() }))
}

/// A bound port and how it is served.
pub(crate) struct Port {
    listener: TcpListener,
    config: EdgeConfig,
    base_domain: Option<String>,
}

impl Port {
    /// Makes what TLS needs ready and binds `address`: who connects from then on is served.
    ///
    /// `base_domain` is the operator's own domain, `certificate` its own certificate.
    ///
    /// # Errors
    /// When the private CA or the certificate cannot be used, or the address is taken.
    pub(crate) async fn open(
        data: &DataFolder,
        address: SocketAddr,
        base_domain: Option<String>,
        certificate: Option<Arc<CertifiedKey>>,
    ) -> Result<Self> {
        let config = edge_config(data, base_domain.as_deref(), certificate)?;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Problem::new(format!("cannot listen on {address}: {error}")))?;
        Ok(Self { listener, config, base_domain })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(|error| Problem::new(format!("the port has no address: {error}")))
    }
}

/// How the running program is watched.
#[derive(Default)]
pub(crate) struct Watching {
    /// Where metrics and readiness are told.
    pub(crate) operations: Option<Operations>,
    /// The folder that the database grows in, when it is ours.
    pub(crate) database_folder: Option<PathBuf>,
    /// For how long the server says that it is not ready before it stops taking requests.
    pub(crate) stop_notice: Duration,
    /// Where traces go.
    pub(crate) collector: Option<Collector>,
}

/// Serves until `shutdown` completes, then ends everything in good order.
///
/// # Errors
/// When the port cannot be served.
pub(crate) async fn serve(
    services: Arc<Services>,
    connections: Connections,
    port: Port,
    watching: Watching,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let started = SystemClock.now();
    let running = Stopwatch::start();
    let carrier = connections.carrier_state();
    let readiness = Readiness::new(services.store.clone(), watching.database_folder, carrier);
    let readiness = Arc::new(readiness);
    let traces = Arc::new(Traces::start(watching.collector, &services.store));
    let (stop, stopped) = watch::channel(false);
    let mut runner = jobs::Runner::new(services.store.clone(), stopped.clone())
        .on_park(webhooks::note_parked(&services.store))
        .traced(traces.tracer());
    let mut queues = Vec::new();
    for queue in connections.queues(&services) {
        queues.push((queue.name(), queue.measures()));
        runner.start(queue);
    }
    let checkpoints =
        tokio::spawn(checkpoint_until(services.store.clone(), Arc::clone(&readiness), stopped.clone()));
    let mut helpers = JoinSet::new();
    helpers.spawn(connections.webhooks.clone().keep_house(stopped.clone()));
    helpers.spawn(connections.switchboard(&services).keep_house(stopped.clone()));
    helpers.spawn(usage::keep_watch(Arc::clone(&services), stopped.clone()));
    helpers.spawn(sweep_until(Arc::clone(&services), stopped.clone()));
    let (deliveries, retention) = connections.events(&services);
    let delivery_measures = Arc::clone(&deliveries.measures);
    helpers.spawn(deliveries.clone().run(stopped.clone()));
    helpers.spawn(deliveries.keep_house(stopped.clone()));
    helpers.spawn(retention.keep_house(stopped.clone()));
    let watch = segment::Watch::new(Arc::clone(&services));
    let waiting = watch.measures();
    helpers.spawn(watch.keep_watch(stopped.clone()));
    if let Some(simulator) = connections.simulator.clone() {
        helpers.spawn(simulator.run(Inbox::new(Arc::clone(&services)), stopped.clone()));
    }
    if let Some(smpp) = connections.smpp.clone() {
        helpers.spawn(smpp.run(Inbox::new(Arc::clone(&services)), stopped));
    }

    let routes = connections.routes(&services);
    let table: Vec<RouteRow> = routes.iter().flat_map(|routes| routes.table().to_vec()).collect();
    let requests = Arc::new(RequestMeasures::new(&table));
    let (end, ended) = oneshot::channel::<()>();
    let operations = watching.operations.map(|operations| {
        let sources = Arc::new(Sources {
            services: Arc::clone(&services),
            requests: Arc::clone(&requests),
            queues,
            smpp: connections.smpp.clone(),
            webhooks: connections.webhooks.clone(),
            deliveries: delivery_measures,
            waiting: Arc::clone(&waiting),
            readiness: Arc::clone(&readiness),
            traces: Arc::clone(&traces),
            started,
            running,
        });
        let config = port.config.clone();
        // A sender that is gone is as good as one that has spoken.
        let shutdown = async move { drop(ended.await) };
        tokio::spawn(operations.serve(sources, config, shutdown))
    });

    let front =
        Front::new(port.base_domain, routes, Connections::faces(&services), requests, Arc::clone(&readiness));
    let front = Arc::new(front.traced(traces.tracer()));
    let shutdown = async {
        shutdown.await;
        readiness.stop();
        sleep(watching.stop_notice).await;
    };
    let served = edge::serve(port.listener, port.config, front.service(), shutdown).await;

    stop.send_replace(true);
    if timeout(JOBS_GRACE, runner.stopped()).await.is_err() {
        tracing::warn!("shutdown: jobs still running are cut off; they run again after their lease");
    }
    while let Some(ended) = helpers.join_next().await {
        if ended.is_err() {
            tracing::error!("a background task ended by a panic");
        }
    }
    traces.finish().await;
    // Last of all, so that it covers what the others have written.
    match checkpoints.await {
        Ok(mut tree) => checkpoint(&services.store, &mut tree, &readiness).await,
        Err(_) => tracing::error!("the checkpoint task ended by a panic"),
    }
    drop(end);
    if let Some(operations) = operations
        && operations.await.is_err()
    {
        tracing::error!("the operations address ended by a panic");
    }
    services.store.clone().close().await;
    tracing::info!("stopped");
    served.map_err(|error| Problem::new(format!("the port could not be served: {error}")))
}

fn edge_config(
    data: &DataFolder,
    base_domain: Option<&str>,
    certificate: Option<Arc<CertifiedKey>>,
) -> Result<EdgeConfig> {
    let clock: WallClock = Arc::new(wall_clock);
    let authority = CertificateAuthority::load_or_create(data.path(), base_domain, clock())
        .map_err(|error| Problem::new(format!("the private CA cannot be used: {error}")))?;
    let tls = server_config(SniResolver::new(Arc::new(authority), certificate, clock))
        .map_err(|error| Problem::new(format!("TLS cannot be set up: {error}")))?;
    Ok(EdgeConfig::new(tls))
}

/// The machine's clock, in the form certificates need.
pub(crate) fn wall_clock() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(SystemClock.now().seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Signs the ledger's root now and then, and gives back the state for the last time.
async fn checkpoint_until(store: Store, readiness: Arc<Readiness>, stopped: watch::Receiver<bool>) -> Tree {
    let mut tree = Tree::default();
    let mut rounds = jobs::Rounds::every(CHECKPOINT_EVERY, stopped);
    while rounds.next().await {
        checkpoint(&store, &mut tree, &readiness).await;
    }
    tree
}

/// Clears away the bytes of media that no document opens any more, now and then.
async fn sweep_until(services: Arc<Services>, stopped: watch::Receiver<bool>) {
    let mut rounds = jobs::Rounds::every(SWEEP_EVERY, stopped);
    while rounds.next().await {
        let wanted = |name| {
            let services = Arc::clone(&services);
            async move {
                messaging::media::is_wanted(&services.store, &name).await.map_err(|_| BlobError::Unavailable)
            }
        };
        // The age of a blob is by the clock of the machine, whatever clock the store goes by.
        match services.blobs.sweep(SystemClock.now(), wanted).await {
            Ok(swept) if swept.removed > 0 => {
                tracing::info!(
                    seen = swept.seen,
                    removed = swept.removed,
                    "media without a document were removed"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "media without a document are removed later"),
        }
    }
}

async fn checkpoint(store: &Store, tree: &mut Tree, readiness: &Readiness) {
    let now = store.clock().now();
    match ledger::checkpoint(store, tree).await {
        Ok(made) => {
            readiness.ledger.covered(now);
            if let Some(made) = made {
                tracing::info!(entries = made.size, "ledger checkpoint signed");
            }
        }
        Err(error) => {
            readiness.ledger.failed();
            tracing::error!(%error, "the ledger checkpoint failed");
        }
    }
}
