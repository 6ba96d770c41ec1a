//! The carrier port: which bind a message goes to, how fast, and in how many parts.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use messaging::Inbox;
use messaging::carrier::{Carrier, CarrierError, Pace, Submission, Submitting};
use messaging::segments::{Encoding, encode};
use rulebook::codes::CARRIAGE_NOT_PRIVATE;
use smpp_proto::{Joined, Submit};
use store::Store;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::codes::{self, UNSENDABLE};
use crate::config::{BindConfig, BindMode, SmppConfig};
use crate::inbound::Inbound;
use crate::limits::{ANSWER_MARGIN, FAILOVER_TIME, QUEUE_WAIT};
use crate::link::{Driver, Link, Order, Outcome, link};
use crate::names::{Ends, Names};
use crate::repeats::Repeats;
use crate::senders::{Rates, Senders};
use crate::sweep;
use crate::text::{UCS2, to_party};
use crate::tls::Connector;

/// The SMPP carrier. Clones share everything.
#[derive(Clone)]
pub struct SmppCarrier {
    inner: Arc<Inner>,
}

struct Inner {
    links: Vec<Link>,
    drivers: Mutex<Vec<Driver>>,
    names: Arc<Names>,
    store: Store,
    senders: Mutex<Senders>,
    started: Instant,
}

/// Why the carrier cannot be set up, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupProblem(String);

impl fmt::Display for SetupProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SetupProblem {}

/// How handing all parts to one bind went.
enum Handed {
    /// The SMSC has all of them, under these names.
    Taken(Vec<String>),
    /// Nothing was taken and nothing is unknown: another bind may be asked.
    Nothing(CarrierError),
    /// Some of it was taken, or may have been.
    Partly(CarrierError),
}

impl SmppCarrier {
    /// A carrier with these binds, none of them connected before [`SmppCarrier::run`].
    ///
    /// # Errors
    /// [`SetupProblem`] when certificates cannot be read.
    pub fn new(config: SmppConfig, store: Store) -> Result<Self, SetupProblem> {
        let senders = Senders::new(Rates::of(&config));
        let (mut links, mut drivers) = (Vec::new(), Vec::new());
        for bind in config.binds {
            if let Some(attested_by) = bind.interconnect_attested_by.as_deref().filter(|_| !bind.tls) {
                tracing::info!(
                    bind = bind.name,
                    attested_by,
                    "not encrypted: inside an attested interconnect"
                );
            } else if !bind.tls {
                tracing::warn!(
                    bind = bind.name,
                    "the connection is not encrypted: no message of a HIPAA project leaves by it"
                );
            }
            let connector = Connector::new(&bind)
                .map_err(|problem| SetupProblem(format!("bind `{}`: {problem}", bind.name)))?;
            let (link, driver) = link(bind, connector);
            links.push(link);
            drivers.push(driver);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                links,
                drivers: Mutex::new(drivers),
                names: Names::new(store.clone()),
                store,
                senders: Mutex::new(senders),
                started: Instant::now(),
            }),
        })
    }

    /// Keeps the binds up, and gives receipts and arrivals to `inbox`, until `stop` becomes true or is
    /// dropped. It runs once; a second call ends at once.
    pub async fn run(self, inbox: Inbox, stop: watch::Receiver<bool>) {
        let drivers = std::mem::take(&mut *lock(&self.inner.drivers));
        if drivers.is_empty() {
            return;
        }
        let store = self.inner.store.clone();
        let inbound = Inbound::new(inbox, Arc::clone(&self.inner.names), Repeats::new(store.clone()));
        let mut tasks = JoinSet::new();
        for driver in drivers {
            tasks.spawn(driver.run(Arc::clone(&inbound), stop.clone()));
        }
        tasks.spawn(sweep::run(store, stop));
        while let Some(ended) = tasks.join_next().await {
            if ended.is_err() {
                tracing::error!("a task of the SMPP carrier ended by a panic");
            }
        }
    }

    /// Each bind by its configured name, and whether it is bound now.
    pub fn binds(&self) -> impl Iterator<Item = (&str, bool)> {
        self.inner.links.iter().map(|link| (link.config.name.as_str(), *link.is_bound.borrow()))
    }

    /// The binds, the preferred ones first.
    pub(crate) fn links(&self) -> &[Link] {
        &self.inner.links
    }

    /// Completes when the bind of this name is up or down, as asked; at once when there is none.
    pub async fn until(&self, name: &str, is_bound: bool) {
        if let Some(link) = self.inner.links.iter().find(|link| link.config.name == name) {
            // An error says that the task is gone, and the bind with it.
            drop(link.is_bound.clone().wait_for(|bound| *bound == is_bound).await);
        }
    }

    async fn hand_over(&self, submission: Submission) -> Result<(), CarrierError> {
        let may_leave_by = |link: &Link| !submission.private_path || link.config.is_private();
        if !self.inner.links.iter().any(|link| link.config.mode != BindMode::Receiver && may_leave_by(link)) {
            return Err(CarrierError::Rejected(CARRIAGE_NOT_PRIVATE));
        }
        // From here on a receipt may come whose name is not written yet.
        let _under_way = self.inner.names.announce();
        let mut answer = Err(CarrierError::Unavailable);
        let started = Instant::now();
        let mut links: Vec<&Link> = self.inner.links.iter().filter(|link| link.can_submit()).collect();
        links.retain(|link| may_leave_by(link));
        // Those that do not answer come last, and otherwise the order stays.
        links.sort_by_key(|link| link.is_silent());
        for link in links {
            if started.elapsed() > FAILOVER_TIME {
                break;
            }
            let parts = self.inner.parts(&submission, &link.config).ok_or(UNSENDABLE)?;
            match hand(link, parts).await {
                Handed::Taken(ids) => {
                    if ids.is_empty() {
                        let bind = link.config.name.as_str();
                        tracing::warn!(bind, "the SMSC gave no message id: no receipt can be recognised");
                        return Ok(());
                    }
                    let ends = Ends { sender: &submission.from, recipient: &submission.to };
                    let network = link.config.network();
                    let written = self.inner.names.write(network, &ids, submission.reference, ends).await;
                    return written.map_err(|error| {
                        let message = submission.reference.message;
                        tracing::error!(%message, %error, "the SMSC's names could not be kept: it is submitted again");
                        CarrierError::Unavailable
                    });
                }
                Handed::Partly(error) => return Err(error),
                Handed::Nothing(error @ CarrierError::Rejected(_)) => return Err(error),
                Handed::Nothing(error) => answer = Err(error),
            }
        }
        answer
    }
}

impl Carrier for SmppCarrier {
    fn submit(&self, submission: Submission) -> Submitting<'_> {
        Box::pin(self.hand_over(submission))
    }

    fn pace(&self, from: &str, segments: u32, again: bool) -> Pace {
        lock(&self.inner.senders).pace(from, segments, again, self.inner.started.elapsed())
    }
}

/// Hands all parts to one bind and waits for every answer.
async fn hand(link: &Link, parts: Vec<Submit>) -> Handed {
    // All or none, so that no text is begun that cannot be ended.
    let Ok(permits) = link.orders.try_reserve_many(parts.len()) else {
        return Handed::Nothing(CarrierError::Unavailable);
    };
    let not_after = Instant::now() + QUEUE_WAIT;
    // The session gives up what is unanswered; a little more, so that it speaks first.
    let give_up = not_after + link.config.response() + ANSWER_MARGIN;
    let mut answers = Vec::with_capacity(parts.len());
    for (permit, part) in permits.zip(parts) {
        let (reply, answer) = oneshot::channel();
        permit.send(Order { part, not_after, reply });
        answers.push(answer);
    }
    let mut outcomes = Vec::with_capacity(answers.len());
    for answer in answers {
        let outcome = timeout_at(give_up, answer).await;
        // A task that is gone may have written it. One that still holds it back sees that nobody waits.
        outcomes.push(outcome.ok().and_then(Result::ok).unwrap_or(Outcome::Unanswered));
    }
    sum_up(&outcomes)
}

fn sum_up(outcomes: &[Outcome]) -> Handed {
    let mut ids = Vec::new();
    let (mut error, mut is_partly) = (None, false);
    for outcome in outcomes {
        let problem = match outcome {
            Outcome::Taken(id) => {
                is_partly = true;
                ids.extend(id.clone());
                continue;
            }
            Outcome::Refused(status) => codes::refused(*status),
            Outcome::NotSent => CarrierError::Unavailable,
            Outcome::Unsendable => UNSENDABLE,
            Outcome::Unanswered => {
                is_partly = true;
                CarrierError::Unavailable
            }
        };
        // A part that is never taken decides: trying the others again would not help.
        error = Some(match error {
            Some(rejected @ CarrierError::Rejected(_)) => rejected,
            _ => problem,
        });
    }
    match error {
        None => Handed::Taken(ids),
        Some(error) if is_partly => Handed::Partly(error),
        Some(error) => Handed::Nothing(error),
    }
}

impl Inner {
    /// The parts of a message for one bind; `None` when it has no address that SMPP knows.
    fn parts(&self, submission: &Submission, bind: &BindConfig) -> Option<Vec<Submit>> {
        let (source, destination) = (to_party(&submission.from)?, to_party(&submission.to)?);
        let encoded = encode(&submission.body);
        let data_coding = match encoded.encoding {
            Encoding::Gsm7 => bind.gsm7_data_coding,
            Encoding::Ucs2 => UCS2,
        };
        let reference = reference_number(&submission.reference.message.to_string());
        let total = u8::try_from(encoded.segments.len()).ok()?;
        let validity = submission.valid_until.since(self.store.clock().now());
        let parts = (1..).zip(encoded.segments).map(|(number, octets)| Submit {
            source: source.clone(),
            destination: destination.clone(),
            data_coding,
            octets,
            joined: (total > 1).then_some(Joined { reference, total, number }),
            concatenation: bind.concatenation(),
            validity_seconds: validity.as_secs(),
            reference,
        });
        Some(parts.collect())
    }
}

/// A number that is the same whenever the message is submitted: the last 16 bits of its SID.
fn reference_number(sid: &str) -> u16 {
    sid.get(sid.len().saturating_sub(4)..)
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind the locks is consistent after every statement, so a panic elsewhere spoils nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcomes: &[Outcome], expected: &str) {
        let summed = match sum_up(outcomes) {
            Handed::Taken(ids) => format!("taken {}", ids.join(" ")),
            Handed::Nothing(error) => format!("nothing {error:?}"),
            Handed::Partly(error) => format!("partly {error:?}"),
        };
        assert_eq!(summed, expected, "{outcomes:?}");
    }

    #[test]
    fn a_message_is_taken_when_all_its_parts_are() {
        let taken = |id: &str| Outcome::Taken(Some(id.to_owned()));
        check(&[taken("a"), taken("b")], "taken a b");
        check(&[Outcome::Taken(None)], "taken ");
        check(&[taken("a"), Outcome::Refused(0x58)], "partly Unavailable");
        check(&[taken("a"), Outcome::Refused(0x0B)], "partly Rejected(30005)");
        check(&[Outcome::Refused(0x0B), Outcome::Refused(0x58)], "nothing Rejected(30005)");
        check(&[Outcome::NotSent, Outcome::NotSent], "nothing Unavailable");
        check(&[Outcome::NotSent, Outcome::Unanswered], "partly Unavailable");
        check(&[Outcome::Unsendable], "nothing Rejected(30005)");
    }

    #[test]
    fn the_reference_number_is_of_the_sid() {
        assert_eq!(reference_number("SM0123456789abcdef0123456789abcdef"), 0xcdef);
    }
}
