//! A running `switchward serve` with data of its own, and requests to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

use crate::bench::Setup;
use crate::bench::process::{Process, finished};
use crate::bench::table::Row;
use crate::crash::http::{Answer, Connection};
use crate::{postgres, shell};

const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at the metrics.
const POLL: Duration = Duration::from_millis(100);
/// The environment variable in which the load is handed its credentials.
const CREDENTIALS: &str = "LOAD_CREDENTIALS";
/// Seconds of load before a measurement: caches, connections and the log reach their usual state.
const WARM_UP: u64 = 1;

/// How the server is started.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options<'a> {
    /// Designate its account as a HIPAA project.
    pub(crate) hipaa: bool,
    /// A PostgreSQL URL instead of SQLite.
    pub(crate) database: Option<&'a str>,
    /// A file of SMPP binds instead of the simulator.
    pub(crate) smpp: Option<&'a Path>,
}

/// A server with a first account.
pub(crate) struct Server {
    pub(crate) process: Process,
    address: SocketAddr,
    account: String,
    token: String,
    number: String,
    folder: PathBuf,
    /// Where it shows its metrics.
    operations: SocketAddr,
}

impl Server {
    /// Makes the data folder and starts the server on it, with the simulated carrier.
    pub(crate) fn start(setup: &Setup, options: Options<'_>) -> Result<Self, String> {
        let folder = setup.folder.join("server");
        shell::fresh_folder(&folder)?;
        let program = setup.programs.join("switchward");
        let data = folder.join("data");
        let mut init = Command::new(&program);
        init.arg("init").arg("--data").arg(&data).arg("--json");
        if options.hipaa {
            init.arg("--hipaa");
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, postgres::free_port()?));
        let operations = SocketAddr::from((Ipv4Addr::LOCALHOST, postgres::free_port()?));
        let config = folder.join("switchward.toml");
        shell::write_private(&config, &format!("[operations]\nlisten = \"{operations}\"\n"))?;
        let mut serve = Command::new(&program);
        serve
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .arg("--data")
            .arg(&data)
            .arg("--listen")
            .arg(address.to_string());
        serve.args(["--allow-webhook-to", "127.0.0.0/8"]).env("SWITCHWARD_LOG", "warn");
        match options.smpp {
            Some(binds) => serve.arg("--smpp-config").arg(binds),
            None => serve.arg("--simulator"),
        };
        for command in [&mut init, &mut serve] {
            command.env_remove("SWITCHWARD_DATABASE").env_remove("SWITCHWARD_MASTER_KEY");
            if let Some(url) = options.database {
                command.arg("--database").arg(url);
            }
        }
        let identity: Value = serde_json::from_str(&shell::output(&mut init, COMMAND_LIMIT)?)
            .map_err(|_| "`switchward init --json` did not print JSON")?;
        let field = |name: &str| identity[name].as_str().unwrap_or_default().to_owned();
        let mut process = Process::start("switchward", &mut serve, &folder.join("log"))?;
        process.wait_for(address)?;
        let (account, token, number) = (field("account_sid"), field("auth_token"), field("phone_number"));
        Ok(Self { process, address, account, token, number, folder, operations })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The SID of its account.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// The account's auth token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The load, sending messages. `more` is added to the form.
    pub(crate) fn load(&self, setup: &Setup, connections: u32, more: &str) -> Command {
        self.load_from(setup, connections, &format!("{}{more}", self.own_sender()))
    }

    /// The load, sending messages from what `from` says, which may say more.
    fn load_from(&self, setup: &Setup, connections: u32, from: &str) -> Command {
        let form = format!("To=%2B1415{{line}}&Body=Your+appointment+is+tomorrow+at+9:30.&{from}");
        self.requests(setup, connections, &self.messages_path(), &form)
    }

    fn own_sender(&self) -> String {
        format!("From=%2B{}", self.number.trim_start_matches('+'))
    }

    /// Posts a form as the account, to a product's host when the path says so, and returns what was made.
    pub(crate) fn post(&self, path: &str, form: &str) -> Result<Value, String> {
        let basic = BASE64.encode(format!("{}:{}", self.account, self.token).as_bytes());
        self.created(path, |connection| connection.post(path, &format!("Basic {basic}"), form))
    }

    /// Brings a number in for the account, as the operator, and returns its SID.
    pub(crate) fn bring_number(&self, number: &str) -> Result<String, String> {
        let path = "/switchward/v1/Numbers";
        let token = shell::read(&self.folder.join("data").join("operator.token"))?;
        let basic = BASE64.encode(format!("operator:{}", token.trim()).as_bytes());
        let body = format!(r#"{{"number":"{number}","account_sid":"{}"}}"#, self.account);
        let brought =
            self.created(path, |connection| connection.post_json(path, &format!("Basic {basic}"), &body))?;
        Ok(brought["sid"].as_str().unwrap_or_default().to_owned())
    }

    fn created(
        &self,
        path: &str,
        ask: impl FnOnce(&mut Connection) -> std::io::Result<Answer>,
    ) -> Result<Value, String> {
        let answer = Connection::open(self.address).and_then(|mut connection| ask(&mut connection));
        match answer.map_err(|e| format!("{path}: {e}"))? {
            Answer { status: 201, body } => serde_json::from_str(&body).map_err(|e| format!("{path}: {e}")),
            Answer { status, body } => Err(format!("{path} answered {status}: {body}")),
        }
    }

    /// Where the account's messages are.
    pub(crate) fn messages_path(&self) -> String {
        format!("/2010-04-01/Accounts/{}/Messages.json", self.account)
    }

    /// The account's number, in E.164 form.
    pub(crate) fn number(&self) -> &str {
        &self.number
    }

    /// The load, sending these parameters to this path.
    pub(crate) fn requests(&self, setup: &Setup, connections: u32, path: &str, form: &str) -> Command {
        let mut command = Command::new(setup.programs.join("load"));
        command.arg("post").arg("--address").arg(self.address.to_string()).args(["--path", path]);
        command.args(["--form", form, "--connections", &connections.to_string()]);
        command.args(["--credentials", CREDENTIALS]);
        command.env(CREDENTIALS, format!("{}:{}", self.account, self.token));
        command
    }

    /// Measures accepted messages: one row for the time of the load, and one for all that follows from
    /// it, until every message is with its (simulated) handset.
    pub(crate) fn measure(&self, setup: &Setup, case: &str, connections: u32) -> Result<Vec<Row>, String> {
        self.measure_from(setup, case, connections, &self.own_sender())
    }

    /// [`Server::measure`], with messages from what `from` says.
    pub(crate) fn measure_from(
        &self,
        setup: &Setup,
        case: &str,
        connections: u32,
        from: &str,
    ) -> Result<Vec<Row>, String> {
        let mut warm_up = self.load_from(setup, connections, from);
        finished("load", warm_up.args(["--seconds", &WARM_UP.to_string()]))?;
        self.process.settle()?;
        let (started, before) = (Instant::now(), self.process.cpu()?);
        let mut command = self.load_from(setup, connections, from);
        let (answer, load_cpu) = finished("load", command.args(["--seconds", &setup.seconds.to_string()]))?;
        let accepted = accepted(&answer)?;
        let during = self.process.cpu()?;
        let settled = self.process.settle()?;
        let after = self.process.cpu()?;
        let micros = |time: Duration| Some(time.as_secs_f64() * 1e6 / accepted);
        let first = Row {
            case: format!("{case}, {connections} connections: accepted (201)"),
            rate: answer["rate"].as_f64(),
            server_us: micros(during - before),
            load_us: micros(load_cpu),
            latency_ms: latency(&answer),
            peak_mib: Some(self.process.peak_mib()?),
        };
        let whole = Row {
            case: format!("{case}, {connections} connections: accepted, sent and receipted"),
            rate: Some(accepted / (settled - started).as_secs_f64()),
            server_us: micros(after - before),
            ..Row::default()
        };
        self.complain_about_log();
        Ok(vec![first, whole])
    }

    /// Waits until every message has been handed over.
    pub(crate) fn wait_for_hand_over(&self) -> Result<(), String> {
        const QUEUE_IS_EMPTY: &str = "switchward_jobs{queue=\"messages.send\"} 0";
        let started = Instant::now();
        while started.elapsed() < COMMAND_LIMIT {
            let answer = Connection::open(self.operations).and_then(|mut asked| asked.get("/metrics", ""));
            if answer.map_err(|e| format!("/metrics: {e}"))?.body.lines().any(|line| line == QUEUE_IS_EMPTY) {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        Err(format!("not every message was handed over in {} s", COMMAND_LIMIT.as_secs()))
    }

    /// What the server logged above the level asked for would explain a strange figure.
    fn complain_about_log(&self) {
        let log = shell::read(&self.folder.join("log")).unwrap_or_default();
        let lines = log.lines().count();
        if lines > 0 {
            println!(
                "the server logged {lines} warnings, the first: {}",
                log.lines().next().unwrap_or_default()
            );
        }
    }
}

/// How many requests of a load were accepted; an error when any was not.
pub(crate) fn accepted(answer: &Value) -> Result<f64, String> {
    let accepted = answer["accepted"].as_f64().filter(|count| *count > 0.0);
    let others = answer["statuses"].as_object().is_some_and(|statuses| statuses.len() > 1);
    match accepted {
        Some(accepted) if !others && answer["unanswered"] == 0 => Ok(accepted),
        _ => Err(format!("the load was not accepted as it should be: {answer}")),
    }
}

/// Median, 99th percentile and longest, in milliseconds.
pub(crate) fn latency(answer: &Value) -> Option<[f64; 3]> {
    let ms = |name: &str| answer[name].as_f64().map(|micros| micros / 1_000.0);
    Some([ms("p50_us")?, ms("p99_us")?, ms("max_us")?])
}
