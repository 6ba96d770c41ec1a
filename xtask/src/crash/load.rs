//! The load: connections that post messages until they are told to stop, and what each was answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use super::http::{Answer, Connection};
use super::site::Account;

/// Connections that post at the same time.
const CONNECTIONS: usize = 16;
const PAUSE: Duration = Duration::from_millis(10);
/// Every so many messages is one of two parts.
const LONG_EVERY: u64 = 8;
const LONG_CHARACTERS: usize = 200;

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// 201: it must never be lost.
    Acknowledged(String),
    /// Another answer, or none: it may exist, but then whole.
    Unknown,
}

/// A message that was posted.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) to: String,
    pub(crate) body: String,
    pub(crate) answered: Answered,
    /// The status, when there was an answer.
    pub(crate) status: Option<u16>,
    /// The answer, when it was no acknowledgement.
    pub(crate) refusal: String,
}

/// Posts messages under way.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    connections: Vec<JoinHandle<Vec<Posted>>>,
}

/// Where messages are posted, and who is told of their states.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) account: Account,
    pub(crate) sink: u16,
    /// Numbers the messages of a run.
    pub(crate) next: Arc<AtomicU64>,
    /// What one connection posts at most: bounds a run, and lets a debug build keep up.
    pub(crate) most: usize,
}

impl Load {
    pub(crate) fn start(target: &Target) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let connections = (0..CONNECTIONS)
            .map(|_| {
                let (target, stop) = (target.clone(), Arc::clone(&stop));
                thread::spawn(move || target.post_until(&stop))
            })
            .collect();
        Self { stop, connections }
    }

    /// Tells the connections to end after what they are waiting for.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Everything that was posted.
    pub(crate) fn posted(self) -> Result<Vec<Posted>, String> {
        self.stop();
        let mut all = Vec::new();
        for connection in self.connections {
            all.extend(connection.join().map_err(|_| "a connection of the load panicked".to_owned())?);
        }
        Ok(all)
    }
}

impl Target {
    fn post_until(&self, stop: &AtomicBool) -> Vec<Posted> {
        let mut posted = Vec::new();
        let mut connection = None;
        while !stop.load(Ordering::Relaxed) && posted.len() < self.most {
            let Some(open) = connection.take().or_else(|| Connection::open(self.address).ok()) else {
                thread::sleep(PAUSE);
                continue;
            };
            let mut open = open;
            let one = self.post_next(&mut open);
            connection = one.status.is_some().then_some(open);
            posted.push(one);
        }
        posted
    }

    /// Posts one message on a connection of its own and waits so long for the answer.
    pub(crate) fn probe(&self, patience: Duration) -> Option<Posted> {
        Connection::open_with(self.address, patience).ok().map(|mut open| self.post_next(&mut open))
    }

    fn post_next(&self, connection: &mut Connection) -> Posted {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (to, body) = (recipient(number), text(number));
        let answer = self.post(connection, &to, &body);
        let answered = answer.as_ref().map_or(Answered::Unknown, answered);
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let refusal = answer.ok().filter(|_| answered == Answered::Unknown).map(|answer| answer.body);
        Posted { to, body, answered, status, refusal: refusal.unwrap_or_default() }
    }

    fn post(&self, connection: &mut Connection, to: &str, body: &str) -> std::io::Result<Answer> {
        let Account { sid, number, authorization } = &self.account;
        // Only these characters need an escape in what is posted here.
        let escaped = |text: &str| text.replace('+', "%2B").replace(' ', "+");
        let form = format!(
            "To={}&From={}&Body={}&StatusCallback=http%3A%2F%2F127.0.0.1%3A{}%2Fstatus",
            escaped(to),
            escaped(number),
            escaped(body),
            self.sink
        );
        connection.post(&format!("/2010-04-01/Accounts/{sid}/Messages.json"), authorization, &form)
    }
}

fn answered(answer: &Answer) -> Answered {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match (answer.status, body["sid"].as_str()) {
        (201, Some(sid)) => Answered::Acknowledged(sid.to_owned()),
        _ => Answered::Unknown,
    }
}

/// A number of its own for every message, in valid area codes and exchanges.
fn recipient(number: u64) -> String {
    let (exchange, line) = (number / 10_000, number % 10_000);
    // 2xx to 9xx without the service codes (x11) and 555, which is special.
    let exchanges: Vec<u64> = (200..1_000).filter(|code| code % 100 != 11 && *code != 555).collect();
    let areas = [415, 212, 312, 617];
    let count = exchanges.len() as u64;
    let area = areas[usize::try_from(exchange / count).unwrap_or_default() % areas.len()];
    let exchange = exchanges[usize::try_from(exchange % count).unwrap_or_default()];
    format!("+1{area}{exchange}{line:04}")
}

fn text(number: u64) -> String {
    let start = format!("Reminder {number}");
    match number % LONG_EVERY {
        0 => format!("{start} {}", "x".repeat(LONG_CHARACTERS - start.len() - 1)),
        _ => start,
    }
}
