//! Two servers on one PostgreSQL, both under load: one is killed (`kill -9`) at random moments, the other must
//! go on, take over what was in hand, and never do at the same time what the first is doing.
//!
//! The carrier and the sink are slow here, so that a job is in hand for long, and done twice at once would be seen.

use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::chance::Chance;
use super::load::{Load, Target};
use super::sink::Sink;
use super::site::{Server, Site};
use super::smsc::Smsc;
use super::truth::Truth;
use super::{KILLS_PER_CHECK, LOAD_MS, Plan, report};

/// The longest pause of the carrier before an answer.
const CARRIER_PAUSE_MS: u64 = 400;
/// The pause of the sink before every answer.
const SINK_PAUSE: Duration = Duration::from_millis(100);
/// Messages that one connection posts to one server before a kill at most.
const MESSAGES: usize = 6;
/// The load before a kill at least, so that jobs are in hand.
const LEAST_LOAD: Duration = Duration::from_millis(200);
/// How long the server that is left is under load alone.
const ALONE: Duration = Duration::from_millis(300);
/// How long its answer may take right after the kill.
const ANSWER: Duration = Duration::from_secs(5);
/// A lease, as it is documented: after that the other server has taken over.
const LEASE: Duration = Duration::from_secs(20);
/// What comes after the takeover: handing over, receipts, callbacks and the look at all of them.
const FINISHING: Duration = Duration::from_secs(10);
/// A lease is renewed before so much of it is left, so less shows that nothing was in hand.
const LEAST_LEFT: Duration = Duration::from_secs(10);

/// One of the two.
struct Half {
    site: Site,
    server: Option<Server>,
    target: Target,
}

impl Half {
    fn start(&mut self) -> Result<Duration, String> {
        let mut server = self.site.start()?;
        let ready = server.wait_ready();
        self.server = Some(server);
        ready
    }

    fn kill(&mut self) -> Result<(), String> {
        self.server.take().map_or(Ok(()), Server::kill)
    }
}

/// Kills one of two servers so many times.
pub(super) fn crash(binary: &Path, target: &Path, plan: &Plan) -> Result<(), String> {
    println!(
        "{} kills of one of two servers; again with --times {0} --database pair --seed {}",
        plan.times, plan.seed
    );
    let home = target.join("crash").join("pair");
    let (smsc, sink) = (Smsc::start_slow(plan.seed, CARRIER_PAUSE_MS)?, Sink::start_slow(SINK_PAUSE)?);
    let site = Site::make(binary, &home, &home.join("data"), plan.database.as_deref(), smsc.port)?;
    let twin = site.twin(&home)?;
    let next = Arc::default();
    let half = |site: Site| Half {
        target: Target {
            address: site.address,
            account: site.account.clone(),
            sink: sink.port,
            next: Arc::clone(&next),
            most: MESSAGES,
        },
        site,
        server: None,
    };
    let mut halves = [half(site), half(twin)];
    let mut chance = Chance::new(plan.seed);
    let mut truth = Truth::new();
    let mut restarts = Vec::new();
    let mut takeovers: Vec<Duration> = Vec::new();
    for half in &mut halves {
        restarts.push(half.start()?);
    }
    for kill in 1..=plan.times {
        let after = |problem: String| format!("at kill {kill}: {problem}");
        let is_checked = kill % KILLS_PER_CHECK == 0 || kill == plan.times;
        if is_checked {
            // So that what is seen afterwards is the takeover and no backlog.
            truth.settle(&halves[0].site, &smsc, &sink).map_err(after)?;
        }
        let victim = usize::from(chance.below(2) == 1);
        let loads = [Load::start(&halves[0].target), Load::start(&halves[1].target)];
        sleep(LEAST_LOAD + Duration::from_millis(chance.below(LOAD_MS)));
        loads[victim].stop();
        halves[victim].kill()?;
        let killed = Instant::now();
        let probe = halves[1 - victim].target.probe(ANSWER);
        let goes_on = probe.as_ref().is_some_and(|posted| posted.status == Some(201));
        truth.add(probe.into_iter().collect());
        sleep(ALONE);
        for load in loads {
            truth.add(load.posted()?);
        }
        if !goes_on {
            return Err(after("the other server does not go on".to_owned()));
        }
        if is_checked {
            truth.settle(&halves[1 - victim].site, &smsc, &sink).map_err(after)?;
            takeovers.push(killed.elapsed());
        }
        restarts.push(halves[victim].start()?);
    }
    let settled = truth.settle(&halves[0].site, &smsc, &sink)?;
    for half in &mut halves {
        half.kill()?;
    }
    truth.against_ledger(&halves[0].site, &settled)?;
    for half in &halves {
        truth.stands_not_in(&half.site.log_text()?)?;
    }
    let longest = takeovers.iter().max().copied().unwrap_or_default();
    println!("everything in hand at a kill was at its end {longest:.1?} later at most");
    if longest > LEASE + FINISHING {
        return Err(format!("the other server took over after {longest:.1?}"));
    }
    if longest < LEAST_LEFT {
        return Err("nothing was in hand at a kill, so nothing was shown".to_owned());
    }
    report(&truth, restarts)
}
