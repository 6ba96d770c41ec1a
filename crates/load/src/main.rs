//! Load for measuring: `load post` drives a server over HTTP, `load receive` takes its webhooks. Both
//! print JSON; `cargo xtask bench` reads it.
//!
//! It is no part of the product, and a program of its own so that its CPU time can be told from the
//! server's. It speaks just the HTTP/1.1 that the measured servers do (keep-alive, `Content-Length`)
//! and costs little, so that on a machine of two cores the server has the most of both.

mod client;
mod histogram;
mod http;
mod limits;
mod run;
mod sink;

use std::io::{BufRead, Error, Write};
use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::json;

use crate::client::{Method, Target};
use crate::run::{Outcome, Until, run};
use crate::sink::{Behaviour, Sink};

/// The `{line}` of a form counts from here: the first seven digits of a US number that may exist.
const FIRST_LINE: u64 = 2_000_000;
/// How many lines there are before they repeat.
const LINES: u64 = 7_000_000;

#[derive(Parser)]
#[command(name = "load", about = "Load for measuring a server")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Send a form over and over, and say how fast it was accepted
    Post(Post),
    /// Receive webhooks; reads commands from the standard input: `count`, `prompt`, `late MS`
    Receive(Receive),
}

#[derive(clap::Args)]
struct Post {
    /// Where the server listens
    #[arg(long)]
    address: SocketAddr,
    /// The path; `{n}` is the number of the request, `{line}` seven digits made from it
    #[arg(long)]
    path: String,
    /// The form, URL-encoded, or the JSON; with the same placeholders
    #[arg(long)]
    form: String,
    /// How many different `{line}` there are
    #[arg(long, default_value_t = LINES, value_parser = clap::value_parser!(u64).range(1..=LINES))]
    lines: u64,
    /// User and password of HTTP Basic, `user:password`, in this environment variable
    #[arg(long, value_name = "VARIABLE")]
    credentials: Option<String>,
    /// Send the form as a query
    #[arg(long)]
    get: bool,
    /// Send JSON
    #[arg(long, conflicts_with = "get")]
    json: bool,
    /// Connections
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds to run
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Requests to send, instead of a time
    #[arg(long)]
    requests: Option<u64>,
}

#[derive(clap::Args)]
struct Receive {
    /// How many ports to listen on
    #[arg(long, default_value_t = 1)]
    sinks: usize,
    /// How many of them never answer
    #[arg(long, default_value_t = 0)]
    silent: usize,
    /// Milliseconds the others wait before they answer, until told otherwise
    #[arg(long, default_value_t = 0)]
    late: u64,
}

fn main() -> Result<(), Error> {
    // One thread: what is measured has the other core and more.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match CommandLine::parse().command {
        Command::Post(post) => runtime.block_on(drive(post)),
        Command::Receive(receive) => runtime.block_on(listen(receive)),
    }
}

#[expect(clippy::disallowed_methods, reason = "a secret in an argument would stand in the list of processes")]
async fn drive(post: Post) -> Result<(), Error> {
    let authorization = match post.credentials.map(std::env::var) {
        None => None,
        Some(Ok(pair)) => pair.split_once(':').map(|(user, password)| Target::basic(user, password)),
        Some(Err(_)) => return Err(Error::other("the variable with the credentials is not set")),
    };
    let target = Target {
        address: post.address,
        method: match (post.get, post.json) {
            (true, _) => Method::Get,
            (_, true) => Method::PostJson,
            _ => Method::Post,
        },
        path: post.path,
        authorization,
    };
    let until = post.requests.map_or(Until::Elapsed(Duration::from_secs(post.seconds)), Until::Requests);
    let fill = move |text: &str, number: u64| {
        let line = FIRST_LINE + number % post.lines;
        text.replace("{n}", &number.to_string()).replace("{line}", &line.to_string())
    };
    let outcome = run(&target, post.connections, until, post.form, fill).await;
    print(&summary(&outcome))
}

fn summary(outcome: &Outcome) -> serde_json::Value {
    let micros = |took: Duration| u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let quantile = |share| micros(outcome.latencies.quantile(share));
    json!({
        "accepted": outcome.accepted(),
        "statuses": outcome.statuses,
        "unanswered": outcome.unanswered,
        "seconds": outcome.elapsed.as_secs_f64(),
        "rate": outcome.rate(),
        "p50_us": quantile(0.5),
        "p99_us": quantile(0.99),
        "max_us": micros(outcome.latencies.longest()),
    })
}

async fn listen(receive: Receive) -> Result<(), Error> {
    let mut sinks = Vec::new();
    for place in 0..receive.sinks {
        let behaviour = match receive.late {
            _ if place < receive.silent => Behaviour::Silent,
            0 => Behaviour::Prompt,
            late => Behaviour::Late(Duration::from_millis(late)),
        };
        sinks.push(Sink::start(behaviour).await?);
    }
    let ports: Vec<u16> = sinks.iter().map(|sink| sink.address().port()).collect();
    print(&json!({ "ports": ports }))?;
    // The standard input is read beside the sinks; its end is the end of all.
    let (sender, mut commands) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(command) = commands.recv().await {
        let answering = &sinks[receive.silent.min(sinks.len())..];
        let late = command.strip_prefix("late ").and_then(|text| text.parse().ok());
        match (command.as_str(), late) {
            ("count", _) => {}
            ("prompt", _) => answering.iter().for_each(|sink| sink.behave(Behaviour::Prompt)),
            (_, Some(ms)) => {
                let late = Behaviour::Late(Duration::from_millis(ms));
                answering.iter().for_each(|sink| sink.behave(late));
            }
            _ => return Err(Error::other("commands are `count`, `prompt` and `late MS`")),
        }
        let counts: Vec<_> = sinks.iter().map(Sink::count).collect();
        print(&json!({ "sinks": counts }))?;
    }
    Ok(())
}

fn print(value: &serde_json::Value) -> Result<(), Error> {
    let mut out = std::io::stdout();
    writeln!(out, "{value}")?;
    out.flush()
}
