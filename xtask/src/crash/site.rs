//! The server under test: the real binary on one data folder, started, killed and started again.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

use super::http::Connection;
use crate::shell;

/// How long a start may take before the run is given up; what is promised is [`super::RESTART_LIMIT`].
const START_LIMIT: Duration = Duration::from_secs(60);
const COMMAND_LIMIT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(5);

/// Where the server and its surroundings are.
pub(crate) struct Site {
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    smpp_config: PathBuf,
    database: Option<String>,
    pub(crate) address: SocketAddr,
    pub(crate) account: Account,
}

/// Who sends.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) sid: String,
    pub(crate) number: String,
    pub(crate) authorization: String,
}

impl Site {
    /// A data folder with an account, everything else in the empty folder `home`, and a carrier at this port.
    pub(crate) fn make(
        binary: &Path,
        home: &Path,
        data: &Path,
        database: Option<&str>,
        smsc: u16,
    ) -> Result<Self, String> {
        shell::fresh_folder(home)?;
        let smpp_config = home.join("smpp.toml");
        let text = format!(
            "long_code_rate = 10000.0\n[[binds]]\nname = \"main\"\nhost = \"127.0.0.1\"\nport = {smsc}\nsystem_id = \"crash\"\n\
             password = \"secret\"\ntls = false\nwindow = 100\nrate_per_second = 5000.0\n"
        );
        shell::write_private(&smpp_config, &text)?;
        let address = free_address()?;
        let mut site = Self {
            binary: binary.to_owned(),
            data: data.to_owned(),
            log: home.join("server.log"),
            smpp_config,
            database: database.map(str::to_owned),
            address,
            account: Account { sid: String::new(), number: String::new(), authorization: String::new() },
        };
        let made = shell::output(&mut site.command(&["init", "--json"]), COMMAND_LIMIT)?;
        let made: Value =
            serde_json::from_str(&made).map_err(|e| format!("`init` did not answer JSON: {e}"))?;
        let word = |name: &str| made[name].as_str().unwrap_or_default();
        let basic = BASE64.encode(format!("{}:{}", word("account_sid"), word("auth_token")).as_bytes());
        site.account = Account {
            sid: word("account_sid").to_owned(),
            number: word("phone_number").to_owned(),
            authorization: format!("Basic {basic}"),
        };
        Ok(site)
    }

    /// Another server of the same database and key, with a folder and an address of its own.
    pub(crate) fn twin(&self, home: &Path) -> Result<Self, String> {
        let data = home.join("data-twin");
        let mut copy = Command::new("cp");
        shell::output(copy.arg("-a").arg(&self.data).arg(&data), COMMAND_LIMIT)?;
        Ok(Self {
            binary: self.binary.clone(),
            data,
            log: home.join("server-twin.log"),
            smpp_config: self.smpp_config.clone(),
            database: self.database.clone(),
            address: free_address()?,
            account: self.account.clone(),
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--data").arg(&self.data).stdin(Stdio::null());
        if let Some(url) = &self.database {
            command.env("SWITCHWARD_DATABASE", url);
        }
        command
    }

    /// Starts the server; it may not be ready yet.
    pub(crate) fn start(&self) -> Result<Server, String> {
        self.start_with(&[])
    }

    /// Starts the server with these variables.
    pub(crate) fn start_with(&self, variables: &[(&str, String)]) -> Result<Server, String> {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.map_err(|e| format!("cannot open {}: {e}", self.log.display()))?;
        let mut command = self.command(&["serve", "--allow-webhook-to", "127.0.0.0/8"]);
        command.arg("--listen").arg(self.address.to_string()).arg("--smpp-config").arg(&self.smpp_config);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|e| format!("the server could not be started: {e}"))?;
        Ok(Server { child, address: self.address, started: Instant::now(), log: self.log.clone() })
    }

    /// Everything that the server has logged.
    pub(crate) fn log_text(&self) -> Result<String, String> {
        shell::read(&self.log)
    }

    /// Whether every link of the ledger holds; the server must not run.
    pub(crate) fn verify_ledger(&self) -> Result<(), String> {
        shell::output(&mut self.command(&["ledger", "verify"]), COMMAND_LIMIT).map(drop)
    }

    /// The ledger's entries after this one; the server must not run.
    pub(crate) fn ledger_after(&self, sequence: u64) -> Result<Vec<Value>, String> {
        let after = sequence.to_string();
        let text = shell::output(&mut self.command(&["ledger", "list", "--after", &after]), COMMAND_LIMIT)?;
        text.lines()
            .map(|line| serde_json::from_str(line).map_err(|e| format!("a ledger line: {e}")))
            .collect()
    }
}

/// An address that nobody has now; the server binds it moments later.
fn free_address() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("no free port: {e}"))?;
    listener.local_addr().map_err(|e| format!("no free port: {e}"))
}

/// A running server; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    started: Instant,
    log: PathBuf,
}

impl Server {
    /// Waits until it says that it is ready; how long that took from its start.
    pub(crate) fn wait_ready(&mut self) -> Result<Duration, String> {
        while self.started.elapsed() < START_LIMIT {
            let answer = Connection::open(self.address).and_then(|mut asked| asked.get("/readyz", ""));
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(self.started.elapsed());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                println!("{}", shell::read(&self.log)?);
                return Err(format!("the server ended with {status} instead of starting"));
            }
            thread::sleep(POLL);
        }
        Err(format!("the server was not ready within {} s", START_LIMIT.as_secs()))
    }

    /// `kill -9`, and waits for the end.
    pub(crate) fn kill(mut self) -> Result<(), String> {
        self.child.kill().and_then(|()| self.child.wait()).map_err(|e| format!("cannot kill: {e}")).map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `kill` there is nothing left to do; after a failed check it must not stay behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
