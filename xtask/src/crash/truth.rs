//! What must be true after the kills: the acknowledged messages against the API, the carrier, the
//! customer's sink and the ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::http::Connection;
use super::load::{Answered, Posted};
use super::sink::Sink;
use super::site::Site;
use super::smsc::{Part, Smsc};

/// How long everything acknowledged may take to come to its end after the last start.
const SETTLE_LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(200);
const PAGE: usize = 1_000;
/// Problems told; the rest is counted.
const SHOWN: usize = 10;
const TERMINAL: [&str; 4] = ["delivered", "undelivered", "failed", "canceled"];

/// What was found, added up.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: usize,
    pub(crate) unanswered: usize,
    /// Messages without an acknowledgement that exist all the same: the kill came before the answer.
    pub(crate) unanswered_kept: usize,
    pub(crate) refused: usize,
    pub(crate) handed_twice: usize,
    pub(crate) callbacks: usize,
    pub(crate) callbacks_twice: usize,
    pub(crate) ledger_entries: u64,
}

/// A message as the API lists it.
struct Listed {
    sid: String,
    to: String,
    body: String,
    status: String,
    segments: u64,
}

/// The truth about one run.
pub(crate) struct Truth {
    posted: HashMap<String, Posted>,
    settled: HashSet<String>,
    /// Segments of all that is settled.
    segments: u64,
    /// Numbers and texts, which no log may hold.
    protected: Vec<String>,
    ledger_read: u64,
    pub(crate) tally: Tally,
}

impl Truth {
    pub(crate) fn new() -> Self {
        Self {
            posted: HashMap::new(),
            protected: Vec::new(),
            settled: HashSet::new(),
            segments: 0,
            ledger_read: 0,
            tally: Tally::default(),
        }
    }

    pub(crate) fn add(&mut self, posted: Vec<Posted>) {
        for one in posted {
            match (&one.answered, one.status) {
                (Answered::Acknowledged(_), _) => self.tally.acknowledged += 1,
                (Answered::Unknown, None) => self.tally.unanswered += 1,
                (Answered::Unknown, Some(_)) => self.tally.refused += 1,
            }
            self.protected.extend([one.to.trim_start_matches('+').to_owned(), one.body.clone()]);
            self.posted.insert(one.to.clone(), one);
        }
    }

    /// No number and no text that was posted stands in this log.
    pub(crate) fn stands_not_in(&self, log: &str) -> Result<(), String> {
        match self.protected.iter().filter(|text| log.contains(text.as_str())).count() {
            0 => Ok(()),
            found => Err(format!("{found} numbers or texts stand in the log")),
        }
    }

    /// Waits until everything has come to its end, then checks it. The server runs.
    pub(crate) fn settle(&mut self, site: &Site, smsc: &Smsc, sink: &Sink) -> Result<Settled, String> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        let listed = loop {
            let listed = self.list(site)?;
            let lost = self.lost(&listed);
            if !lost.is_empty() {
                return Err(told("lost", lost));
            }
            let open = self.still_open(&listed, sink);
            if open.is_empty() {
                break listed;
            }
            if Instant::now() > deadline {
                return Err(told("not at its end in time", open));
            }
            thread::sleep(POLL);
        };
        let mut problems = self.against_api(&listed);
        let handed = smsc.parts();
        problems.extend(self.against_carrier(&listed, &handed));
        problems.extend(self.against_sink(&listed, sink));
        if !problems.is_empty() {
            return Err(told("wrong", problems));
        }
        let times = |listed: &Listed| (listed.sid.clone(), times_handed(handed.get(&listed.to)));
        let settled = Settled(listed.iter().map(times).collect());
        self.segments += listed.iter().map(|one| one.segments).sum::<u64>();
        self.settled.extend(listed.into_iter().map(|one| one.sid));
        self.against_usage(site)?;
        self.posted.clear();
        smsc.forget();
        sink.received().clear();
        Ok(settled)
    }

    /// Every message has its entries: one for its making, and one before each time it was handed over.
    /// The server does not run.
    pub(crate) fn against_ledger(&mut self, site: &Site, settled: &Settled) -> Result<(), String> {
        site.verify_ledger()?;
        let mut entries: HashMap<String, BTreeMap<String, usize>> = HashMap::new();
        for entry in site.ledger_after(self.ledger_read)? {
            self.ledger_read = entry["sequence"].as_u64().ok_or("an entry without a sequence")?;
            self.tally.ledger_entries += 1;
            let action = entry["act"].as_str().unwrap_or_default();
            for sid in entry["what"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                *entries.entry(sid.to_owned()).or_default().entry(action.to_owned()).or_default() += 1;
            }
        }
        let mut problems = Vec::new();
        for (sid, handed) in &settled.0 {
            let of =
                |action: &str| entries.get(sid).and_then(|found| found.get(action)).copied().unwrap_or(0);
            if of("create_message") != 1 {
                problems.push(format!("{sid}: {} entries for its making", of("create_message")));
            }
            if of("hand_to_carrier") < *handed {
                problems
                    .push(format!("{sid}: handed over {handed} times, {} entries", of("hand_to_carrier")));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(told("not in the ledger", problems)) }
    }

    /// Every message that there ever was is counted once, with its segments, however often the server was killed.
    fn against_usage(&self, site: &Site) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("the usage cannot be read: {error}");
        let account = &site.account.sid;
        let path = format!("/2010-04-01/Accounts/{account}/Usage/Records/AllTime.json?Category=sms-outbound");
        let mut connection = Connection::open(site.address).map_err(failed)?;
        let answer = connection.get(&path, &site.account.authorization).map_err(failed)?;
        let page: Value = serde_json::from_str(&answer.body).map_err(|e| format!("a usage record: {e}"))?;
        let record = &page["usage_records"][0];
        let counted = [&record["count"], &record["usage"]].map(|figure| figure.as_str().unwrap_or_default());
        let expected = [self.settled.len().to_string(), self.segments.to_string()];
        if counted == expected.each_ref().map(String::as_str) {
            return Ok(());
        }
        Err(format!("counted are {counted:?} messages and segments, and there are {expected:?}"))
    }

    /// What the API lists, the newest first, down to what was settled before.
    fn list(&self, site: &Site) -> Result<Vec<Listed>, String> {
        let failed = |error: std::io::Error| format!("the messages cannot be listed: {error}");
        let mut connection = Connection::open(site.address).map_err(failed)?;
        let mut path = format!("/2010-04-01/Accounts/{}/Messages.json?PageSize={PAGE}", site.account.sid);
        let mut all = Vec::new();
        loop {
            let answer = connection.get(&path, &site.account.authorization).map_err(failed)?;
            if answer.status != 200 {
                return Err(format!("the list of messages is answered with {}", answer.status));
            }
            let page: Value =
                serde_json::from_str(&answer.body).map_err(|e| format!("a page of messages: {e}"))?;
            let rows = page["messages"].as_array().ok_or("a page without messages")?;
            let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let rows = rows.iter().map(|row| Listed {
                sid: word(row, "sid"),
                to: word(row, "to"),
                body: word(row, "body"),
                status: word(row, "status"),
                segments: word(row, "num_segments").parse().unwrap_or(0),
            });
            let before = all.len();
            let mut seen = 0;
            all.extend(rows.inspect(|_| seen += 1).filter(|row| !self.settled.contains(&row.sid)));
            match page["next_page_uri"].as_str() {
                Some(next) if all.len() - before == seen => path = next.to_owned(),
                _ => return Ok(all),
            }
        }
    }

    /// What has not come to its end: messages, and callbacks that must still come.
    fn still_open(&self, listed: &[Listed], sink: &Sink) -> Vec<String> {
        let received = sink.received();
        let told: HashSet<(&str, &str)> =
            received.iter().map(|callback| (callback.sid.as_str(), callback.status.as_str())).collect();
        let mut open = Vec::new();
        for Listed { sid, status, .. } in listed {
            if !TERMINAL.contains(&status.as_str()) {
                open.push(format!("{sid} is {status}"));
            } else {
                let missing = ["queued", status].into_iter().filter(|state| !told.contains(&(sid, state)));
                open.extend(missing.map(|state| format!("{sid}: no callback says {state}")));
            }
        }
        open
    }

    /// Acknowledged messages that are not there.
    fn lost(&self, listed: &[Listed]) -> Vec<String> {
        let there: HashSet<(&str, &str)> =
            listed.iter().map(|one| (one.sid.as_str(), one.to.as_str())).collect();
        let acknowledged = self.posted.values().filter_map(|posted| match &posted.answered {
            Answered::Acknowledged(sid) => Some((sid.as_str(), posted.to.as_str())),
            Answered::Unknown => None,
        });
        acknowledged
            .filter(|one| !there.contains(one))
            .map(|(sid, _)| format!("{sid}: acknowledged"))
            .collect()
    }

    /// Nothing is there that was not posted like that.
    fn against_api(&mut self, listed: &[Listed]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut recipients = HashSet::new();
        for Listed { sid, to, body, status, .. } in listed {
            let Some(posted) = self.posted.get(to) else {
                problems.push(format!("{sid}: nobody posted it"));
                continue;
            };
            if posted.body != *body {
                problems.push(format!("{sid}: the text is another one"));
            }
            if status != "delivered" {
                problems.push(format!("{sid}: ended as {status}"));
            }
            if !recipients.insert(to) {
                problems.push(format!("{sid}: posted once, there twice"));
            }
            self.tally.unanswered_kept += usize::from(posted.answered == Answered::Unknown);
        }
        problems
    }

    /// What exists was handed over whole; a second time is recognised by its id.
    fn against_carrier(&mut self, listed: &[Listed], handed: &HashMap<String, Vec<Part>>) -> Vec<String> {
        let mut problems = Vec::new();
        let recipients: HashMap<&str, &Listed> = listed.iter().map(|one| (one.to.as_str(), one)).collect();
        for to in handed.keys().filter(|to| !recipients.contains_key(to.as_str())) {
            problems.push(format!("handed over and not there: the message to {to}"));
        }
        for Listed { sid, to, body, .. } in listed {
            let parts = handed.get(to).map_or(&[][..], Vec::as_slice);
            let different: BTreeSet<(u8, &str)> =
                parts.iter().map(|part| (part.number, part.text.as_str())).collect();
            let text: String = different.iter().map(|(_, text)| *text).collect();
            if text != *body || parts.iter().any(|part| usize::from(part.total) != different.len()) {
                problems.push(format!("{sid}: {} parts at the carrier are not the message", parts.len()));
            }
            let id = sid.get(sid.len().saturating_sub(4)..).and_then(|end| u16::from_str_radix(end, 16).ok());
            if parts.iter().any(|part| Some(part.reference) != id) {
                problems.push(format!("{sid}: handed over under another id"));
            }
            if parts
                .iter()
                .enumerate()
                .any(|(place, part)| parts[..place].iter().any(|one| at_once(one, part)))
            {
                problems.push(format!("{sid}: handed over twice at once"));
            }
            self.tally.handed_twice += usize::from(times_handed(Some(parts)) > 1);
        }
        problems
    }

    /// Attempts of one callback share a token, and no two callbacks do.
    fn against_sink(&mut self, listed: &[Listed], sink: &Sink) -> Vec<String> {
        let mut problems = Vec::new();
        let sids: HashSet<&str> = listed.iter().map(|one| one.sid.as_str()).collect();
        let mut tokens: HashMap<(&str, &str), BTreeMap<&str, usize>> = HashMap::new();
        let mut told: HashMap<&str, BTreeSet<(&str, &str)>> = HashMap::new();
        let received = sink.received();
        let mut by_token: HashMap<&str, Vec<(Instant, Instant)>> = HashMap::new();
        for callback in received.iter() {
            let attempts = by_token.entry(&callback.token).or_default();
            if attempts.iter().any(|attempt| overlap(*attempt, callback.unanswered)) {
                problems.push(format!("{}: told twice at once", callback.sid));
            }
            attempts.push(callback.unanswered);
            let event = (callback.sid.as_str(), callback.status.as_str());
            if !sids.contains(callback.sid.as_str()) {
                problems.push(format!("{}: a callback for a message that is not there", callback.sid));
            }
            *tokens.entry(event).or_default().entry(&callback.token).or_default() += 1;
            told.entry(&callback.token).or_default().insert(event);
        }
        for ((sid, status), tokens) in &tokens {
            if tokens.len() > 1 {
                problems.push(format!("{sid}: {} tokens for {status}", tokens.len()));
            }
            self.tally.callbacks += 1;
            self.tally.callbacks_twice += usize::from(tokens.values().sum::<usize>() > 1);
        }
        for (token, events) in told {
            if token.is_empty() || events.len() > 1 {
                problems.push(format!("{} callbacks share the token {token:?}", events.len()));
            }
        }
        problems
    }
}

/// What came to its end: the messages, and how often each was handed over.
pub(crate) struct Settled(Vec<(String, usize)>);

/// Whether the same part was handed over again while the first time was not answered.
fn at_once(one: &Part, other: &Part) -> bool {
    one.number == other.number && overlap(one.unanswered, other.unanswered)
}

fn overlap(one: (Instant, Instant), other: (Instant, Instant)) -> bool {
    one.0 < other.1 && other.0 < one.1
}

/// How often the part that came most often came.
fn times_handed(parts: Option<impl AsRef<[Part]>>) -> usize {
    let mut times: BTreeMap<u8, usize> = BTreeMap::new();
    for part in parts.iter().flat_map(|parts| parts.as_ref()) {
        *times.entry(part.number).or_default() += 1;
    }
    times.values().copied().max().unwrap_or(0)
}

fn told(what: &str, mut problems: Vec<String>) -> String {
    let count = problems.len();
    problems.sort();
    problems.truncate(SHOWN);
    format!("{count} {what}:\n  {}", problems.join("\n  "))
}
