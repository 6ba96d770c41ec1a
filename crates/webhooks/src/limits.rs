//! Every bound of webhook delivery by name, so that a reviewer can see on one page what a hostile endpoint can cost.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest URL that may be configured, in bytes (Twilio documents 4000 characters for a callback URL, error 21609).
pub const URL_BYTES: usize = 4000;

/// Longest request target with the parameters of a GET added, in bytes; larger ones are refused before connecting.
pub const TARGET_BYTES: usize = 32 * 1024;

/// Largest answer that is read, in bytes; one more is alert 11750.
pub const ANSWER_BYTES: usize = 64 * 1024;

/// Largest answer head (status line and headers) in bytes.
pub const ANSWER_HEAD_BYTES: usize = 64 * 1024;

/// Most headers in an answer.
pub const ANSWER_HEADERS: usize = 100;

/// Most redirects followed; one more is alert 11215.
pub const REDIRECTS: usize = 10;

/// Allowed values of the `ct` override, in milliseconds.
pub const CONNECT_TIMEOUT_MS: RangeInclusive<u64> = 100..=10_000;

/// Allowed values of the `rt` override, in milliseconds.
pub const READ_TIMEOUT_MS: RangeInclusive<u64> = 100..=15_000;

/// Allowed values of the `tt` override, in milliseconds.
pub const TOTAL_TIMEOUT_MS: RangeInclusive<u64> = 100..=15_000;

/// Allowed values of the `rc` override (retries after the first attempt).
pub const RETRIES: RangeInclusive<u64> = 0..=5;

/// Retries when the URL says nothing.
pub const RETRIES_DEFAULT: u8 = 1;

/// Time to resolve, connect and shake hands when the URL says nothing.
pub const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_millis(5_000);

/// Time to the complete answer, once connected, when the URL says nothing.
pub const READ_TIMEOUT_DEFAULT: Duration = Duration::from_millis(15_000);

/// Time for everything, redirects and retries included, when the URL says nothing.
pub const TOTAL_TIMEOUT_DEFAULT: Duration = Duration::from_millis(15_000);

/// Hard end of one connection attempt, whatever the request that started it still wants.
pub const CONNECT_TIMEOUT_MAX: Duration = Duration::from_millis(10_000);

/// Most addresses of one name that are tried.
pub const ADDRESSES_TRIED: usize = 4;

/// Idle connections kept per destination: as many as deliveries to it may be under way, or each would dial anew.
pub const IDLE_CONNECTIONS_PER_HOST: usize = JOBS_AT_ONCE / 2;

/// How long an idle connection is kept.
pub const IDLE_CONNECTION_AGE: Duration = Duration::from_secs(30);

/// Deliveries under way at once in one client; more wait, with their clock not yet running.
pub const DELIVERIES_AT_ONCE: usize = 256;

/// Queued webhooks delivered at once by one process; at most half of them go to one destination of one account.
pub const JOBS_AT_ONCE: usize = 256;

/// Clients kept: one per set of registered private authorities. When there are more, all are dropped and made anew.
pub const CLIENTS: usize = 64;

/// Longest `WWW-Authenticate` value that is read, in bytes; a longer one counts as no challenge.
pub const CHALLENGE_BYTES: usize = 4 * 1024;

/// Most challenges read from one `WWW-Authenticate` value.
pub const CHALLENGES: usize = 8;

/// Most parameters kept of one challenge.
pub const CHALLENGE_PARAMETERS: usize = 16;

/// Most times one request is sent again because the server asked who we are: once for the first challenge, once for
/// a nonce that has become stale meanwhile.
pub const LOGINS: usize = 2;

/// Longest `Set-Cookie` value that is read, in bytes; a longer one is not kept.
pub const COOKIE_BYTES: usize = 4 * 1024;

/// Most cookies of one conversation; the oldest make room.
pub const COOKIES: usize = 20;

/// Most bytes of names, values and paths in the cookies of one conversation; the oldest make room.
pub const JAR_BYTES: usize = 4 * 1024;

/// Most conversations with cookies; the one that was silent longest makes room.
pub const CONVERSATIONS: usize = 4096;

/// How long the cookies of a conversation live without being used.
pub const COOKIE_AGE: Duration = Duration::from_hours(4);

/// How long a cookie lives at most, whatever the server says.
pub const COOKIE_AGE_MAX: Duration = Duration::from_hours(24);

/// Longest head of a proxy's answer to `CONNECT`, in bytes.
pub const PROXY_ANSWER_BYTES: usize = 8 * 1024;

/// Failures in a row after which a destination's circuit opens.
pub const CIRCUIT_FAILURES: u32 = 5;

/// The pause before the first trial of a destination whose circuit is open.
pub const FIRST_TRIAL: Duration = Duration::from_secs(1);

/// The longest pause between two trials.
pub const LONGEST_TRIAL: Duration = Duration::from_secs(60);

/// How long a webhook waits for its destination to come back, from when it was first due.
pub const CIRCUIT_WAIT: Duration = Duration::from_secs(3_600);

/// Destinations whose failures are remembered.
pub const CIRCUITS: usize = 4_096;

/// The time within which identical alerts are counted together.
pub const ALERT_WINDOW: Duration = Duration::from_secs(60);

/// Identical alerts that are raised in that time; the others are counted.
pub const ALERTS_PER_WINDOW: u32 = 10;

/// Kinds of alerts that are counted at once.
pub const ALERT_WINDOWS: usize = 4_096;

/// How long alerts are kept.
pub const ALERTS_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Alerts of one account that are kept; the oldest go first.
pub const ALERTS_COUNT: u64 = 100_000;

/// How long the delivery log is kept.
pub const DELIVERIES_KEPT: Duration = Duration::from_secs(7 * 86_400);

/// Deliveries of one account that are kept; the oldest go first.
pub const DELIVERIES_COUNT: u64 = 100_000;

/// How often what is past its time is removed.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Documents removed in one transaction.
pub const SWEEP_ROWS: usize = 1_000;

/// Names of parameters that one row of the delivery log shows.
pub const LOGGED_PARAMETERS: usize = 64;

/// Most signatures computed to explain one that does not match.
pub const DIAGNOSIS_VARIANTS: usize = 6_000;

/// Values tried for white space that was trimmed.
pub const DIAGNOSIS_TRIMMED: usize = 32;
