//! Every limit of the carrier, in one place; those of the protocol are in [`smpp_proto::limits`].

use std::time::Duration;

/// Binds of one carrier, those of the file and those of the API together.
pub const BINDS: usize = 32;

/// Characters of a bind's name.
pub const NAME_CHARACTERS: usize = 64;

/// Characters of a host name (RFC 1035 §2.3.4, as text).
pub const HOST_CHARACTERS: usize = 253;

/// How often it is looked whether binds were changed by the API of another process.
pub const BINDS_POLL: Duration = Duration::from_secs(2);

/// After how long a message is looked at again while there is no bind at all.
pub const NO_BIND_WAIT: Duration = Duration::from_secs(5);

/// Unanswered submissions of a bind when its configuration says nothing.
pub const DEFAULT_WINDOW: usize = 10;

/// Messages a second on a bind when its configuration says nothing.
pub const DEFAULT_RATE: f64 = 30.0;

/// The slowest rate that may be configured, in messages a second.
pub const LEAST_PER_SECOND: f64 = 0.001;

/// The fastest rate that may be configured, in messages a second.
pub const MOST_PER_SECOND: f64 = 100_000.0;

/// After how many seconds of silence an SMSC is asked whether it is there, unless configured.
pub const DEFAULT_ENQUIRE_SECONDS: u64 = 30;

/// How many seconds an answer may take, unless configured.
pub const DEFAULT_RESPONSE_SECONDS: u64 = 20;

/// The longest silence, in seconds, that may be configured.
pub const MOST_ENQUIRE_SECONDS: u64 = 3_600;

/// The longest time for an answer, in seconds, that may be configured. With the waits before it, it stays
/// below the 120 seconds for which the queue leases a message to whoever sends it.
pub const MOST_RESPONSE_SECONDS: u64 = 60;

/// How long after its start a submission may still turn to another bind.
pub const FAILOVER_TIME: Duration = Duration::from_secs(20);

/// How long a connection and its TLS handshake may take.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);

/// The pause before the first attempt to connect again; it doubles with every failure.
pub const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// The longest pause between attempts to connect.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Parts that wait for the window of one bind; beyond that another bind is asked, or nobody.
pub const PENDING: usize = 256;

/// How long a part may wait for the window and the rate of its bind. What waits longer is not written, and
/// its message is tried again.
pub const QUEUE_WAIT: Duration = Duration::from_secs(10);

/// How much longer than its bind a message waits for an answer.
pub const ANSWER_MARGIN: Duration = Duration::from_secs(1);

/// How long a bind that left a submission unanswered is asked only after all others.
pub const SILENCE_PAUSE: Duration = Duration::from_secs(60);

/// Octets read from a connection at once.
pub const READ_BYTES: usize = 8_192;

/// Parts a second from a long code when the configuration says nothing: Twilio's rates, and the carriers'.
pub const LONG_CODE_RATE: f64 = 1.0;

/// Parts a second from a toll-free number when the configuration says nothing.
pub const TOLL_FREE_RATE: f64 = 3.0;

/// Parts a second from a short code when the configuration says nothing.
pub const SHORT_CODE_RATE: f64 = 100.0;

/// Parts a second from an alphanumeric sender when the configuration says nothing.
pub const ALPHANUMERIC_RATE: f64 = 10.0;

/// How long a message may wait for its sender's rate in hand; what would wait longer goes back into the queue.
pub const PACE_WAIT: Duration = Duration::from_millis(250);

/// After how long a message is tried again when no more senders can be kept in mind.
pub const SENDERS_FULL_WAIT: Duration = Duration::from_secs(5);

/// Senders whose rate is kept in mind at a time.
pub const SENDERS: usize = 10_000;

/// How long a receipt that names no message waits while submissions are under way, here or in another process
/// of the database: it may have come before the answer that gives the name.
pub const RECEIPT_GRACE: Duration = Duration::from_secs(5);

/// How often a receipt that names no message yet looks for the name that another process may write.
pub const NAMES_POLL: Duration = Duration::from_millis(100);

/// How long a receipt may come after its message was submitted: the longest validity of a message, and two
/// days for a carrier that is late.
pub const RECEIPT_KEPT: Duration = Duration::from_secs(3 * 86_400);

/// How long after it was taken a delivery may be given again and still be recognised. What comes later is
/// taken as new: a message twice is better than none.
pub const REPEAT_WINDOW: Duration = Duration::from_secs(3_600);

/// Equal deliveries that are looked at when one comes.
pub const EQUAL_DELIVERIES: usize = 100;

/// How often records are looked for that nothing can refer to any more.
pub const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// Records removed in one transaction.
pub const SWEEP_ROWS: usize = 500;

/// How long submissions may still be answered after the carrier was told to stop.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// Connections to the simulated SMSC at a time.
pub const SMSC_CONNECTIONS: usize = 100;

/// Deliveries that wait to be written to one connection of the simulated SMSC; more are lost.
pub const SMSC_WAITING: usize = 4_096;

/// Numbers of which the simulated SMSC knows to whom they belong.
pub const SMSC_NUMBERS: usize = 10_000;
