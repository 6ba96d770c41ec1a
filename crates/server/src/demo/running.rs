//! A server in this process, on a free port of this machine, with the simulated carrier.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base::VirtualClock;
use sim::Simulator;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use webhooks::{Webhooks, WebhooksConfig};

use crate::app::{self, Port, StoreSettings, Watching};
use crate::config::{BucketSettings, Keys};
use crate::data_folder::{DataFolder, Identity};
use crate::first_account;
use crate::problem::{Problem, Result};
use crate::products::Connections;

/// How long a stop may take.
const STOP: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its first account, a HIPAA project.
    pub(crate) identity: Identity,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Running {
    /// Starts a server on `data`; on `port` of the loopback address, 0 for a free one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn start(data: &DataFolder, port: u16) -> Result<Self> {
        let clock = Arc::new(VirtualClock::following_system());
        let settings = StoreSettings {
            data: data.clone(),
            database: None,
            master_key: None,
            keys: Keys::default(),
            blobs: BucketSettings::default(),
        };
        let services = settings.open(Arc::<VirtualClock>::clone(&clock)).await?;
        let account = first_account::ensure(data, &services, true).await?;
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let port = Port::open(data, listen, None, None).await?;
        let address = port.address()?;
        let loopback =
            "127.0.0.0/8".parse().map_err(|_| Problem::new("the loopback range is not a range"))?;
        let config = WebhooksConfig { allowed_private: vec![loopback], ..WebhooksConfig::default() };
        let webhooks = Webhooks::new(services.store.clone(), config)
            .map_err(|error| Problem::new(format!("webhooks cannot be delivered: {error}")))?;
        let connections = Connections {
            simulator: Some(Simulator::new(clock)),
            smpp: None,
            webhooks,
            ..Connections::none(&services.store).map_err(|error| Problem::new(error.to_string()))?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async move {
                // A sender that is gone is as good as one that has spoken.
                let _ = stopped.await;
            };
            app::serve(services, connections, port, Watching::default(), shutdown).await
        });
        Ok(Self { address, identity: account.identity, stop, task })
    }

    /// Stops it in good order.
    ///
    /// # Errors
    /// When it failed, or does not stop in time.
    pub(crate) async fn stop(self) -> Result<()> {
        let _ended_already = self.stop.send(());
        timeout(STOP, self.task)
            .await
            .map_err(|_| Problem::new("the server did not stop in time"))?
            .map_err(|_| Problem::new("the server ended by a panic"))?
    }
}
