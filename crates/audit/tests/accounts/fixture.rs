//! A recorded account, and an audit of it.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use audit::files::{Attestations, Designation, Files, Register};
use audit::observations::{Facts, Item, Observations, Observed, Reading};
use audit::observe::{Order, observe};
use audit::report::{Report, Verdict};
use audit::resource::Resource;
use audit::service::{Recorded, Service};
use audit::wire::{Broken, Credential, Reply};
use audit::{Provider, judge, products};
use bytes::Bytes;
use rulebook::Date;

pub const GOOD: &str = "AC00000000000000000000000000000a11";
pub const BAD: &str = "AC0000000000000000000000000000bad1";

/// A provider with its two recorded subjects.
#[derive(Clone, Copy)]
pub struct Pair {
    pub provider: Provider,
    pub good: &'static str,
    pub bad: &'static str,
}

pub const TWILIO: Pair = Pair { provider: Provider::Twilio, good: GOOD, bad: BAD };
pub const SIGNALWIRE: Pair = Pair {
    provider: Provider::SignalWire,
    good: "00000000-0000-4000-8000-000000000a11",
    bad: "00000000-0000-4000-8000-00000000bad1",
};
pub const SEGMENT: Pair = Pair { provider: Provider::Segment, good: "ws-good-0001", bad: "ws-bad-0001" };
/// Every provider that somebody else runs.
pub const PAIRS: [Pair; 3] = [TWILIO, SIGNALWIRE, SEGMENT];

impl Pair {
    /// What was recorded of the good subject.
    pub fn good_recorded(self) -> Recorded {
        recorded(&format!("{}-good", self.provider.as_str()))
    }

    /// The audit of the good subject.
    pub fn good_audited(self) -> Report {
        audited(self.provider, &format!("{}-good", self.provider.as_str()), self.good)
    }

    /// The audit of the bad subject.
    pub fn bad_audited(self) -> Report {
        audited(self.provider, &format!("{}-bad", self.provider.as_str()), self.bad)
    }

    /// The rules that some check of the provider is for.
    pub fn rules(self) -> BTreeSet<&'static str> {
        products::checks_of(self.provider).map(|check| check.rule).collect()
    }

    /// Whether the provider has every API that a rule's checks read.
    pub fn can_show(self, rule: &str) -> bool {
        let mut checks = products::checks_of(self.provider).filter(|check| check.rule == rule);
        checks.all(|check| check.reads().all(|resource| self.provider.has(resource)))
    }
}

/// The files people write, as the fixtures have them. The bad account has agreements with fewer parties.
pub fn files(account: &str) -> Files {
    let register = match account {
        BAD => include_str!("../fixtures/register-bad.toml"),
        _ => include_str!("../fixtures/register.toml"),
    };
    let mut designation =
        Designation::read("designation.toml", include_str!("../fixtures/designation.toml")).unwrap();
    // The file is one for both accounts; to the key of one the other does not exist.
    designation.accounts.retain(|it| it.sid == account);
    Files {
        designation,
        register: Register::read("register.toml", register).unwrap(),
        attestations: Attestations::default(),
    }
}

/// What was recorded of an account.
pub fn recorded(name: &str) -> Recorded {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut recorded: Recorded = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let is_good = name.ends_with("good");
    for probe in products::resources().filter(|it| it.purpose == audit::resource::Purpose::Probe) {
        let answer = match (probe.name, is_good) {
            ("Probe of plain HTTP", true) => "closed",
            ("Probe of plain HTTP", false) => "answers",
            ("Probe of callback certificates", true) => "trusted",
            ("Probe of callback certificates", false) => "untrusted",
            ("Probe of callback signatures" | "Probe of Conversations callback signatures", false) => {
                "accepted"
            }
            ("Probe of callback TLS versions" | "Probe of the API's TLS versions", true) => "modern",
            ("Probe of callback TLS versions", false) => "old",
            ("Probe of the API's TLS versions", false) => "weak",
            ("Probe of the life of video media URLs", true) => "bounded",
            ("Probe of the life of video media URLs", false) => "longer",
            (_, true) => "refused",
            (_, false) => "open",
        };
        let fact = audit::fact::Fact::Words(vec![answer.to_owned()]);
        let facts = Facts::from_iter([("answer", fact)]);
        recorded.probes.insert(probe.name.to_owned(), vec![Item { id: "probed-1".to_owned(), facts }]);
    }
    recorded
}

pub fn order(provider: Provider, account: &str) -> Order {
    Order {
        provider,
        host: "recorded".to_owned(),
        account: account.to_owned(),
        credentials: vec![
            Credential::basic(account, "key", "secret"),
            Credential::of_organization("OR00000000000000000000000000000001", "token"),
        ],
        sample: true,
        probe: true,
        assume_designated: false,
        budget: 5_000,
        today: Date::parse("2026-11-26").unwrap(),
    }
}

/// Reads a service as the order says. Pauses between attempts take no time.
pub fn seen<S: Service>(order: &Order, service: &S, files: &Files) -> Observations {
    resumed(order, service, files, None)
}

/// The same, going on from what an earlier run had seen.
pub fn resumed<S: Service>(
    order: &Order,
    service: &S,
    files: &Files,
    before: Option<Observations>,
) -> Observations {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(observe(order, service, files, before, |_, _| {}))
}

/// Audits a recorded account.
pub fn audited(provider: Provider, name: &str, account: &str) -> Report {
    let files = files(account);
    judge(&seen(&order(provider, account), &recorded(name), &files), &files)
}

/// What was seen of a rule for one subject, before anybody's word.
pub fn observed(report: &Report, rule: &str, subject: &str) -> Option<Verdict> {
    let rule = report.rules.iter().find(|it| it.id == rule).unwrap();
    rule.answers.iter().find(|answer| answer.subject == subject).unwrap().observed
}

/// A service that counts requests, and answers all but the first as told.
pub struct Sulking {
    pub recorded: Recorded,
    pub status: Option<u16>,
    pub body: &'static str,
    pub asked: AtomicUsize,
}

impl Service for Sulking {
    fn get(
        &self,
        product: &str,
        path: &str,
        credential: &Credential,
    ) -> impl Future<Output = Result<Reply, Broken>> + Send {
        let is_first = path.starts_with("/2010-04-01/Accounts.json") || path == "/";
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (product, path) = (product.to_owned(), path.to_owned());
        async move {
            match self.status {
                _ if is_first => self.recorded.get(&product, &path, credential).await,
                Some(status) => {
                    Ok(Reply { status, retry_after: None, body: Bytes::from_static(self.body.as_bytes()) })
                }
                None => Err(Broken::Unreachable),
            }
        }
    }

    fn probe(
        &self,
        probe: &'static Resource,
        subject: &Observed,
        credential: &Credential,
        made: &AtomicUsize,
    ) -> impl Future<Output = Reading> + Send {
        let nothing = Recorded::default();
        async move { nothing.probe(probe, subject, credential, made).await }
    }
}
