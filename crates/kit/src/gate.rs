//! How much anybody may ask for: rates and concurrent requests per account and key, answers without
//! credentials per address, and delays after wrong passwords.
//!
//! Who is told to wait gets 429 with Twilio's code 20429 and `Retry-After`. Wrong passwords are counted per
//! address, and per user name *and* address, never per user name alone: nobody can lock a customer out by
//! guessing at its account from elsewhere.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use auth::{AccountLimits, Principal};
use base::measure::Counter;
use base::{AccountSid, KeySid, Timestamp};
use errors::{ApiError, Result, codes};
use ledger::Actor;
use throttle::{FailurePolicy, FailureThrottle, InFlight, Rate, RateLimiter, Seat};

use crate::limits::{
    CONCURRENT_REQUESTS, FREE_ADDRESS_FAILURES, FREE_LOGIN_FAILURES, IPV6_PREFIX_BITS, UNAUTHENTICATED_BURST,
    UNAUTHENTICATED_PER_SECOND,
};

/// What the operator sets for everybody.
#[derive(Clone, Copy, Debug)]
pub struct GateConfig {
    /// What an account may ask for that has no limits of its own.
    pub account: AccountLimits,
    /// Answers per second to one address without usable credentials.
    pub unauthenticated_per_second: NonZeroU32,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            account: AccountLimits {
                concurrent_requests: NonZeroU32::new(CONCURRENT_REQUESTS),
                ..AccountLimits::default()
            },
            unauthenticated_per_second: NonZeroU32::new(UNAUTHENTICATED_PER_SECOND)
                .expect("the constant is not zero"),
        }
    }
}

/// What the gate has done, for the metrics.
#[derive(Debug, Default)]
pub struct GateMeasures {
    /// Requests refused for their account's or key's rate.
    pub over_rate: Counter,
    /// Requests refused because too many of their account were running.
    pub over_concurrency: Counter,
    /// Requests without usable credentials refused for their address's rate.
    pub over_unauthenticated: Counter,
    /// Wrong user names and passwords.
    pub failed_logins: Counter,
    /// Requests refused unread because wrong passwords came before them.
    pub delayed_logins: Counter,
}

/// Which rate an event counts for.
#[derive(Hash)]
enum Subject {
    Account(AccountSid),
    Key(KeySid),
    Address(IpAddr),
}

/// Decides who has to wait. Shared by all requests; its memory is fixed.
pub struct Gate {
    defaults: AccountLimits,
    unauthenticated: Rate,
    rates: RateLimiter,
    addresses: FailureThrottle,
    logins: FailureThrottle,
    in_flight: Arc<InFlight<AccountSid>>,
    /// What it has done.
    pub measures: GateMeasures,
}

const ADDRESS_POLICY: FailurePolicy = FailurePolicy { free: FREE_ADDRESS_FAILURES };
const LOGIN_POLICY: FailurePolicy = FailurePolicy { free: FREE_LOGIN_FAILURES };

impl Gate {
    /// A gate with these limits.
    pub fn new(config: GateConfig) -> Self {
        let burst = NonZeroU32::new(UNAUTHENTICATED_BURST).expect("the constant is not zero");
        Self {
            defaults: config.account,
            unauthenticated: Rate::new(config.unauthenticated_per_second, burst),
            rates: RateLimiter::default(),
            addresses: FailureThrottle::default(),
            logins: FailureThrottle::default(),
            in_flight: Arc::default(),
            measures: GateMeasures::default(),
        }
    }

    /// What an account with these limits of its own is held to.
    pub fn limits(&self, own: AccountLimits) -> AccountLimits {
        own.or(self.defaults)
    }

    /// Accounts with running requests.
    pub fn busy_accounts(&self) -> usize {
        self.in_flight.keys()
    }

    /// A request without usable credentials: there is nothing to check, but answering has a price too.
    ///
    /// # Errors
    /// 429 when there were too many from this address.
    pub fn anonymous(&self, peer: IpAddr, now: Timestamp) -> Result<()> {
        let subject = Subject::Address(network(peer));
        self.rates.take(&subject, self.unauthenticated, now).map_err(|wait| {
            self.measures.over_unauthenticated.increment();
            too_many(wait)
        })
    }

    /// Whether credentials from this address may be looked at now.
    pub(crate) fn may_try(&self, user: &str, peer: IpAddr, now: Timestamp) -> Result<()> {
        let peer = network(peer);
        let by_address = self.addresses.wait(&peer, ADDRESS_POLICY, now);
        let by_login = self.logins.wait(&(user, peer), LOGIN_POLICY, now);
        match by_address.max(by_login) {
            None => Ok(()),
            Some(wait) => {
                self.measures.delayed_logins.increment();
                Err(too_many(wait))
            }
        }
    }

    /// The credentials were wrong.
    pub(crate) fn failed(&self, user: &str, peer: IpAddr, now: Timestamp) {
        self.measures.failed_logins.increment();
        let network = network(peer);
        let (of_address, wait_of_address) = self.addresses.failed(&network, ADDRESS_POLICY, now);
        let (of_login, wait_of_login) = self.logins.failed(&(user, network), LOGIN_POLICY, now);
        let wait_seconds = wait_of_address.max(wait_of_login).as_secs();
        // Not the user name: people type passwords there.
        tracing::warn!(address = %peer, of_address, of_login, wait_seconds, "authentication failed");
    }

    /// The credentials were right. What came from the address for other users stays counted: who holds one
    /// account cannot wash away its guesses at others.
    pub(crate) fn succeeded(&self, user: &str, peer: IpAddr) {
        self.logins.forgive(&(user, network(peer)));
    }

    /// Counts a running request of the account.
    pub(crate) fn sit(&self, account: AccountSid) -> Seat<AccountSid> {
        self.in_flight.sit(account)
    }

    /// Whether a request may go on that holds this seat, with credentials of `principal`.
    pub(crate) fn admit(
        &self,
        principal: &Principal,
        own: AccountLimits,
        seat: &Seat<AccountSid>,
        now: Timestamp,
    ) -> Result<()> {
        let limits = self.limits(own);
        if limits.concurrent_requests.is_some_and(|limit| seat.number() > limit.get()) {
            self.measures.over_concurrency.increment();
            return Err(too_many(Duration::from_secs(1)));
        }
        let take = |subject: Subject, limit: Option<NonZeroU32>| match limit {
            None => Ok(()),
            Some(limit) => self.rates.take(&subject, Rate::per_second(limit), now).map_err(|wait| {
                self.measures.over_rate.increment();
                too_many(wait)
            }),
        };
        // A key that is over its own rate uses up nothing of its account's.
        if let Actor::Key(key) = principal.actor {
            take(Subject::Key(key), limits.key_requests_per_second)?;
        }
        take(Subject::Account(*seat.key()), limits.requests_per_second)
    }
}

/// 429, to be tried again after `wait`, in whole seconds.
fn too_many(wait: Duration) -> ApiError {
    let seconds = wait.as_nanos().div_ceil(1_000_000_000);
    ApiError::new(codes::TOO_MANY_REQUESTS).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX).max(1))
}

/// What counts as one address: a whole IPv6 network, since its holder has all of it.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let host_bits = u128::BITS - IPV6_PREFIX_BITS;
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> host_bits << host_bits))
        }
    }
}
