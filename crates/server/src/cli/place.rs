//! Which database a command is about, and how it is told to whoever has it open.

use std::io::{IsTerminal, stderr};
use std::path::PathBuf;
use std::sync::Arc;

use backup::Progress;
use base::SystemClock;
use serde_json::Value;
use tokio::sync::watch;

use crate::app::StoreSettings;
use crate::config::{self, Config, SecretSource};
use crate::data_folder::DataFolder;
use crate::maintenance::{Maintenance, Order};
use crate::problem::{Problem, Result};
use crate::terminal::show_progress;
use crate::{cli, control};

#[derive(clap::Args, Clone)]
pub(super) struct Place {
    /// Configuration file of the server
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The data folder
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// PostgreSQL URL instead of the folder's own database
    #[arg(long, value_name = "URL")]
    pub(super) database: Option<String>,
}

impl Place {
    /// The configuration with these flags in place of what it says.
    pub(super) fn configuration(&self) -> Result<Config> {
        let mut config = match &self.config {
            Some(file) => config::read(file)?,
            None => Config::default(),
        };
        if let Some(url) = cli::database(self.database.as_deref())? {
            config.database = Some(SecretSource::Here(url.into()));
        }
        if let Some(data) = &self.data {
            config.data = Some(data.clone());
        }
        Ok(config)
    }

    /// The data folder, which need not exist.
    pub(super) fn folder(config: &Config) -> Result<PathBuf> {
        let missing = "the data folder is missing: give `--data DIR`, or `--config FILE` with `data` in it";
        config.data.clone().ok_or_else(|| Problem::new(missing))
    }

    /// What the store is opened with.
    pub(super) fn store(config: &Config, data: DataFolder) -> Result<StoreSettings> {
        let database = config.database.as_ref().map(SecretSource::reveal).transpose()?;
        let database = database.map(|url| url.to_string());
        let (keys, blobs) = (config.keys.clone(), config.blobs.clone());
        Ok(StoreSettings { data, database, master_key: cli::master_key()?, keys, blobs })
    }

    /// Has an order carried out: by the running server, or here when there is none.
    pub(super) async fn carry_out(&self, order: Order) -> Result<Value> {
        let config = self.configuration()?;
        let data = DataFolder::open(&Self::folder(&config)?)?;
        let (progress, seen) = watch::channel(Progress { done: 0, total: 0 });
        let shown = stderr().is_terminal().then(|| tokio::spawn(show_progress(seen)));
        let done = match control::ask(data.path(), &order, &progress).await {
            Ok(None) => here(&config, data, order, progress).await,
            Ok(Some(value)) => Ok(value),
            Err(problem) => Err(problem),
        };
        if let Some(shown) = shown {
            shown.abort();
        }
        done
    }
}

async fn here(
    config: &Config,
    data: DataFolder,
    order: Order,
    progress: watch::Sender<Progress>,
) -> Result<Value> {
    let settings = Arc::new(Place::store(config, data.clone())?);
    if settings.database.is_none() && !data.database_file().exists() {
        return Err(Problem::new(format!("there is no database in {}", data.path().display())));
    }
    let services = settings.open(Arc::new(SystemClock)).await?;
    let maintenance = Maintenance {
        store: services.store.clone(),
        data,
        blobs: services.blobs.clone(),
        holder: Arc::new(move || settings.holder()),
    };
    let done = maintenance.carry_out(order, progress).await;
    maintenance.store.close().await;
    done
}
