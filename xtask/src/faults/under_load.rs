//! A server under load that goes through faults, and what must be seen of it meanwhile and afterwards.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Fault, Looks, POLL, Place, Seen};
use crate::crash::chance::fresh_seed;
use crate::crash::http::Connection;
use crate::crash::load::{Load, Target};
use crate::crash::sink::Sink;
use crate::crash::site::{Server, Site};
use crate::crash::smsc::Smsc;
use crate::crash::truth::Truth;

/// The load before a fault, and after its end.
const UNDISTURBED: Duration = Duration::from_millis(700);
/// How long a fault may last before the server is expected to have noticed it.
const NOTICED: Duration = Duration::from_secs(20);
/// How soon after its end the server must acknowledge again.
const RECOVERED: Duration = Duration::from_secs(20);
/// How long the fault lasts after it was noticed.
const LASTS: Duration = Duration::from_secs(2);
/// How long an answer may take that says no.
const LONGEST_ANSWER: Duration = Duration::from_secs(40);
/// Twilio's code for a service that cannot answer now.
const UNAVAILABLE: i64 = 20_503;

/// A server under load.
pub(super) struct Loaded {
    site: Site,
    smsc: Smsc,
    sink: Sink,
    server: Server,
    target: Target,
    truth: Truth,
    looks: Looks,
}

impl Loaded {
    pub(super) fn start(
        place: &Place<'_>,
        data: &Path,
        database: Option<&str>,
        most: usize,
        variables: &[(&str, String)],
    ) -> Result<Self, String> {
        let (smsc, sink) = (Smsc::start(fresh_seed())?, Sink::start()?);
        let site = Site::make(place.binary, &place.home.join("run"), data, database, smsc.port)?;
        let mut server = site.start_with(variables)?;
        server.wait_ready()?;
        let target = Target {
            address: site.address,
            account: site.account.clone(),
            sink: sink.port,
            next: Default::default(),
            most,
        };
        Ok(Self { site, smsc, sink, server, target, truth: Truth::new(), looks: place.looks })
    }

    /// Goes through the faults, ends the process, and looks at its ledger and its log.
    pub(super) fn through(self, faults: &[Fault<'_>]) -> Result<Site, String> {
        let run = self.through_each(faults)?;
        run.server.kill()?;
        run.site.verify_ledger()?;
        run.truth.stands_not_in(&run.site.log_text()?)?;
        Ok(run.site)
    }

    /// Goes through the faults on one process, and looks for everything that was acknowledged.
    pub(super) fn through_each(mut self, faults: &[Fault<'_>]) -> Result<Self, String> {
        for fault in faults {
            self.go_through(fault).map_err(|problem| format!("{}: {problem}", fault.name))?;
            if self.looks == Looks::AfterEach {
                self.settle(fault.name)?;
            }
        }
        if self.looks == Looks::AtTheEnd {
            self.settle("all of them")?;
        }
        Ok(self)
    }

    fn settle(&mut self, after: &str) -> Result<(), String> {
        let began = Instant::now();
        let settled = self.truth.settle(&self.site, &self.smsc, &self.sink);
        settled.map_err(|problem| format!("after {after}: {problem}"))?;
        println!("after {after}: everything at its end {:.1?} later", began.elapsed());
        Ok(())
    }

    fn go_through(&mut self, fault: &Fault<'_>) -> Result<(), String> {
        let load = Load::start(&self.target);
        sleep(UNDISTURBED);
        (fault.begin)()?;
        let began = Instant::now();
        let noticed = self.notices(fault.seen);
        if noticed.is_ok() {
            sleep(LASTS);
        }
        // It ends in any case, so that the next run finds things as they were.
        (fault.end)()?;
        let ended = Instant::now();
        let noticed = noticed?;
        while !self.acknowledges() || !self.is_ready() {
            if ended.elapsed() > RECOVERED {
                return Err(format!("no recovery within {} s", RECOVERED.as_secs()));
            }
            sleep(POLL);
        }
        let recovered = ended.elapsed();
        sleep(UNDISTURBED);
        self.truth.add(load.posted()?);
        println!(
            "{}: noticed after {noticed:.1?}, lasted {:.1?}, acknowledged again {recovered:.1?} after its end",
            fault.name,
            ended - began
        );
        Ok(())
    }

    /// Waits until the fault is seen as it should be; how long that took.
    fn notices(&mut self, seen: Seen) -> Result<Duration, String> {
        let began = Instant::now();
        let mut last = String::new();
        while began.elapsed() < NOTICED {
            match seen {
                Seen::Any => {
                    println!("acknowledges meanwhile: {}", self.acknowledges());
                    return Ok(began.elapsed());
                }
                Seen::Waits => {
                    let posted = self.target.probe(Duration::from_secs(2));
                    let waits = posted.as_ref().is_some_and(|posted| posted.status.is_none());
                    self.truth.add(posted.into_iter().collect());
                    if waits {
                        return Ok(began.elapsed());
                    }
                }
                Seen::Refused => {
                    let Some(posted) = self.target.probe(LONGEST_ANSWER) else { continue };
                    let status = posted.status;
                    let body: Value = serde_json::from_str(&posted.refusal).unwrap_or_default();
                    self.truth.add(vec![posted]);
                    let is_refused = (status, body["code"].as_i64()) == (Some(503), Some(UNAVAILABLE));
                    if is_refused && !self.is_ready() {
                        return Ok(began.elapsed());
                    }
                    last = format!("{status:?} {body} ready: {}", self.is_ready());
                }
            }
            sleep(POLL);
        }
        Err(format!("not noticed within {} s: {last}", NOTICED.as_secs()))
    }

    fn acknowledges(&mut self) -> bool {
        let posted = self.target.probe(LONGEST_ANSWER);
        let is_acknowledged = posted.as_ref().is_some_and(|posted| posted.status == Some(201));
        self.truth.add(posted.into_iter().collect());
        is_acknowledged
    }

    fn is_ready(&self) -> bool {
        let answer = Connection::open(self.site.address).and_then(|mut asked| asked.get("/readyz", ""));
        answer.is_ok_and(|answer| answer.status == 200)
    }
}
