//! The sections `[limits]` and `[operations]`: how much anybody may ask for, and who may watch.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use super::sections::{Key, Section};
use super::value::{Read, Value};

/// The longest a stop may be announced ahead, in seconds.
const LONGEST_NOTICE: f64 = 300.0;

/// The operations address and what goes with it.
#[derive(Debug, Default)]
pub struct Operations {
    /// Where metrics and readiness are told; nowhere by default.
    pub listen: Option<SocketAddr>,
    /// For how long the server says that it is not ready before it stops taking requests.
    pub stop_notice: Duration,
}

pub(super) const LIMITS: Section = Section {
    name: "limits",
    about: "How much an account may ask for that has no limits of its own (docs/limits.md).",
    keys: &[
        Key::new(
            "requests_per_second",
            "Requests per second of one account; as many may come at once.",
            "200",
            |config, value| {
                config.limits.account.requests_per_second = Some(count(value)?);
                Ok(())
            },
        ),
        Key::new(
            "key_requests_per_second",
            "Requests per second with one API key; as many may come at once.",
            "100",
            |config, value| {
                config.limits.account.key_requests_per_second = Some(count(value)?);
                Ok(())
            },
        ),
        Key::new(
            "concurrent_requests",
            "Requests of one account that run at the same time.",
            "64",
            |config, value| {
                config.limits.account.concurrent_requests = Some(count(value)?);
                Ok(())
            },
        )
        .default("512, an eighth of the connections"),
        Key::new(
            "unauthenticated_per_second",
            "Answers per second to one address without usable credentials; 1,000 may come at once.",
            "10",
            |config, value| {
                config.limits.unauthenticated_per_second = count(value)?;
                Ok(())
            },
        )
        .default("50"),
    ],
};

pub(super) const OPERATIONS: Section = Section {
    name: "operations",
    about: "Metrics and readiness, for the operator's own network (docs/observability.md).",
    keys: &[
        Key::new(
            "listen",
            "Address and port for /metrics, /readyz and /healthz. It asks for no credentials: keep it off the internet.",
            "\"127.0.0.1:9464\"",
            |config, value| {
                let address = value.parsed::<SocketAddr>("an address and a port such as \"127.0.0.1:9464\"")?;
                config.operations.listen = Some(address);
                Ok(())
            },
        )
        .default("closed"),
        Key::new(
            "stop_notice_seconds",
            "How long /readyz says 503 before the port stops taking requests, for a load balancer to notice.",
            "10",
            |config, value| {
                config.operations.stop_notice = Duration::from_secs_f64(value.number(0.0..=LONGEST_NOTICE)?);
                Ok(())
            },
        )
        .default("0"),
    ],
};

/// A whole number of requests.
fn count(value: &Value<'_>) -> Read<NonZeroU32> {
    let most = f64::from(throttle::limits::MAX_PER_SECOND);
    let number = value.number(1.0..=most)?;
    let whole = (number.fract() == 0.0).then_some(number as u32).and_then(NonZeroU32::new);
    whole.ok_or_else(|| value.wrong("must be a whole number"))
}
