//! The carrier port: which bind a message goes to, how fast, and in how many parts.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use base::CarrierRecordSid;
use messaging::Inbox;
use messaging::carrier::{Carrier, CarrierError, Pace, SetupProblem, Submission, Submitting};
use messaging::segments::{Encoding, encode};
use rulebook::codes::{CARRIAGE_NOT_PRIVATE, CARRIER_NOT_REGISTERED};
use smpp_proto::{Joined, Submit};
use statements::InForce;
use store::{Store, StoreError};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::codes::{self, UNSENDABLE};
use crate::config::{BindConfig, BindMode, SmppConfig};
use crate::inbound::Inbound;
use crate::limits::{ANSWER_MARGIN, BINDS_POLL, FAILOVER_TIME, NO_BIND_WAIT, QUEUE_WAIT};
use crate::link::{Driver, Link, Order, Outcome, link, told};
use crate::names::{Ends, Names};
use crate::repeats::Repeats;
use crate::senders::{Rates, Senders};
use crate::stored;
use crate::sweep;
use crate::text::{UCS2, to_party};
use crate::tls::Connector;

/// The SMPP carrier. Clones share everything.
#[derive(Clone)]
pub struct SmppCarrier {
    inner: Arc<Inner>,
}

struct Inner {
    /// Those of the file first, then those of the API in the order of their making.
    links: RwLock<Arc<[Arc<Link>]>>,
    /// Those whose task is not started yet.
    drivers: Mutex<Vec<Driver>>,
    /// There are new drivers.
    has_drivers: Notify,
    renewal: tokio::sync::Mutex<Renewal>,
    is_running: AtomicBool,
    names: Arc<Names>,
    store: Store,
    senders: Mutex<Senders>,
    started: Instant,
}

/// What is remembered from one look at the stored binds to the next.
#[derive(Default)]
struct Renewal {
    /// The last bind of each name that may not have ended.
    last: HashMap<String, watch::Receiver<bool>>,
    /// Stored binds that this process cannot use, said once for each revision.
    unusable: HashSet<(CarrierRecordSid, i64)>,
}

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
            note_privacy(&bind);
            let connector = Connector::new(&bind)
                .map_err(|problem| SetupProblem(format!("bind `{}`: {problem}", bind.name)))?;
            let (link, driver) = link(bind, connector, None, None);
            links.push(Arc::new(link));
            drivers.push(driver);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                links: RwLock::new(links.into()),
                drivers: Mutex::new(drivers),
                has_drivers: Notify::new(),
                renewal: tokio::sync::Mutex::default(),
                is_running: AtomicBool::new(false),
                names: Names::new(store.clone()),
                store,
                senders: Mutex::new(senders),
                started: Instant::now(),
            }),
        })
    }

    /// A carrier that has no binds but those of the API.
    #[must_use]
    pub fn without_binds(store: Store) -> Self {
        Self::new(SmppConfig::default(), store).expect("only binds have certificates")
    }

    /// Keeps the binds up, and gives receipts and arrivals to `inbox`, until `stop` becomes true or is
    /// dropped. Binds that are added, changed or deleted by the API of any process of the database are
    /// connected, connected again or ended meanwhile. It runs once; a second call ends at once.
    pub async fn run(self, inbox: Inbox, mut stop: watch::Receiver<bool>) {
        if self.inner.is_running.swap(true, Ordering::Relaxed) {
            return;
        }
        let store = self.inner.store.clone();
        let inbound = Inbound::new(inbox, Arc::clone(&self.inner.names), Repeats::new(store.clone()));
        let mut tasks = JoinSet::new();
        tasks.spawn(sweep::run(store, stop.clone()));
        let mut looks = interval(BINDS_POLL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_known = true;
        loop {
            for driver in std::mem::take(&mut *lock(&self.inner.drivers)) {
                tasks.spawn(driver.run(Arc::clone(&inbound), stop.clone()));
            }
            tokio::select! {
                () = told(&mut stop) => break,
                () = self.inner.has_drivers.notified() => {}
                Some(ended) = tasks.join_next() => note_end(ended),
                _ = looks.tick() => match self.renew().await {
                    Ok(()) => is_known = true,
                    // Said once: the next look is soon.
                    Err(error) if is_known => {
                        is_known = false;
                        tracing::warn!(%error, "whether SMPP binds were changed is not known for now");
                    }
                    Err(_) => {}
                },
            }
        }
        while let Some(ended) = tasks.join_next().await {
            note_end(ended);
        }
    }

    /// Brings the binds of the API to what is stored: new ones connect, changed ones are drained and
    /// connect again, deleted ones are drained.
    pub(crate) async fn renew(&self) -> Result<(), StoreError> {
        let mut renewal = self.inner.renewal.lock().await;
        let stored = stored::all(&self.inner.store).await?;
        let present = self.links();
        let mut links: Vec<Arc<Link>> =
            present.iter().filter(|link| link.stored.is_none()).map(Arc::clone).collect();
        let of_file = links.len();
        renewal.last.retain(|_, task| task.has_changed().is_ok());
        let mut drivers = Vec::new();
        for document in stored.iter() {
            let version = Some((document.sid, document.revision));
            if let Some(link) = present.iter().find(|link| link.stored == version) {
                links.push(Arc::clone(link));
                continue;
            }
            let name = document.facts.name.as_str();
            let is_taken = links[..of_file].iter().any(|link| link.config.name == name);
            let usable = match is_taken {
                true => Err("the configuration file has a bind of this name".to_owned()),
                false => document.facts.usable(),
            };
            let (bind, connector) = match usable {
                Ok(usable) => usable,
                Err(problem) => {
                    if renewal.unusable.insert((document.sid, document.revision)) {
                        tracing::error!(bind = name, problem, "a bind of the API cannot be used here");
                    }
                    continue;
                }
            };
            note_privacy(&bind);
            let (link, driver) = link(bind, connector, version, renewal.last.get(name).cloned());
            renewal.last.insert(name.to_owned(), link.is_bound.clone());
            links.push(Arc::new(link));
            drivers.push(driver);
        }
        for link in present.iter().filter(|link| !links.iter().any(|kept| Arc::ptr_eq(kept, link))) {
            tracing::info!(
                bind = link.config.name,
                "the bind was changed or deleted: it ends what it has begun"
            );
            link.drain();
        }
        *self.inner.links.write().unwrap_or_else(PoisonError::into_inner) = links.into();
        lock(&self.inner.drivers).extend(drivers);
        self.inner.has_drivers.notify_one();
        Ok(())
    }

    /// Each bind by its configured name, and whether it is bound now.
    #[must_use]
    pub fn binds(&self) -> Vec<(String, bool)> {
        self.links().iter().map(|link| (link.config.name.clone(), *link.is_bound.borrow())).collect()
    }

    /// The store that binds of the API are in.
    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The binds, the preferred ones first.
    pub(crate) fn links(&self) -> Arc<[Arc<Link>]> {
        Arc::clone(&self.inner.links.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The bind of this name.
    pub(crate) fn link(&self, name: &str) -> Option<Arc<Link>> {
        self.links().iter().find(|link| link.config.name == name).map(Arc::clone)
    }

    /// Completes when the bind of this name is up or down, as asked; at once when there is none.
    pub async fn until(&self, name: &str, is_bound: bool) {
        if let Some(link) = self.link(name) {
            // An error says that the task is gone, and the bind with it.
            drop(link.is_bound.clone().wait_for(|bound| *bound == is_bound).await);
        }
    }

    /// The binds that a submission may leave by, up or not; none while there is no bind that submits.
    ///
    /// # Errors
    /// When there are binds and none of them may carry it.
    async fn ways(&self, submission: &Submission) -> Result<Vec<Arc<Link>>, CarrierError> {
        let submitting = || {
            let links = self.links();
            let submitting = links.iter().filter(|link| link.config.mode != BindMode::Receiver);
            let submitting: Vec<_> = submitting.map(Arc::clone).collect();
            let is_private = |link: &&Arc<Link>| !submission.private_path || link.config.is_private();
            let is_registered = |link: &&Arc<Link>| is_registered(submission, &link.config);
            let private: Vec<_> = submitting.iter().filter(is_private).collect();
            let obstacle = if private.is_empty() { CARRIAGE_NOT_PRIVATE } else { CARRIER_NOT_REGISTERED };
            let allowed: Vec<_> = private.into_iter().filter(is_registered).map(Arc::clone).collect();
            let obstacle = (!submitting.is_empty() && allowed.is_empty()).then_some(obstacle);
            (obstacle, allowed)
        };
        let (_, allowed) = submitting();
        if !allowed.is_empty() {
            return Ok(allowed);
        }
        // Another process may have added one that this one does not know yet.
        self.renew().await.map_err(|_| CarrierError::Unavailable)?;
        match submitting() {
            (Some(obstacle), _) => Err(CarrierError::Rejected(obstacle)),
            (None, allowed) => Ok(allowed),
        }
    }

    async fn hand_over(&self, submission: Submission) -> Result<(), CarrierError> {
        let mut links = self.ways(&submission).await?;
        // From here on a receipt may come whose name is not written yet.
        let _under_way = self.inner.names.announce();
        let mut answer = Err(CarrierError::Unavailable);
        let started = Instant::now();
        links.retain(|link| link.can_submit());
        // Those that do not answer come last, and otherwise the order stays.
        links.sort_by_key(|link| link.is_silent());
        for link in links {
            if started.elapsed() > FAILOVER_TIME {
                break;
            }
            let parts = self.inner.parts(&submission, &link.config).ok_or(UNSENDABLE)?;
            match hand(&link, parts).await {
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

    fn is_covered(&self, register: &InForce) -> bool {
        let links = self.links();
        let mut submitting = links.iter().filter(|link| link.config.mode != BindMode::Receiver).peekable();
        // What cannot be judged yet waits in the queue, and is judged there.
        submitting.peek().is_none() || submitting.any(|link| covers(register, &link.config))
    }

    fn pace(&self, from: &str, segments: u32, again: bool) -> Pace {
        if self.links().is_empty() {
            // Nothing is opened for a carrier that is not there.
            return Pace::Later(NO_BIND_WAIT);
        }
        lock(&self.inner.senders).pace(from, segments, again, self.inner.started.elapsed())
    }
}

/// Whether the register that a submission obeys has this bind's host, under an agreement about messaging.
fn is_registered(submission: &Submission, bind: &BindConfig) -> bool {
    submission.register.as_ref().is_none_or(|register| covers(register, bind))
}

fn covers(register: &InForce, bind: &BindConfig) -> bool {
    register.covers(&bind.host, messaging::PRODUCT.service)
}

/// Says how open a bind is that is about to connect.
fn note_privacy(bind: &BindConfig) {
    if let Some(attested_by) = bind.interconnect_attested_by.as_deref().filter(|_| !bind.tls) {
        tracing::info!(bind = bind.name, attested_by, "not encrypted: inside an attested interconnect");
    } else if !bind.tls {
        tracing::warn!(
            bind = bind.name,
            "the connection is not encrypted: no message of a HIPAA project leaves by it"
        );
    }
}

fn note_end(ended: Result<(), JoinError>) {
    if ended.is_err() {
        tracing::error!("a task of the SMPP carrier ended by a panic");
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
