//! Every limit of SIP, in one place.

use std::time::Duration;

/// Octets of a message, head and body together. What is longer is dropped (UDP) or ends its connection.
pub const MESSAGE_BYTES: usize = 16_384;

/// Octets of the head of a message.
pub const HEAD_BYTES: usize = 12_288;

/// Octets of one header field after unfolding.
pub const HEADER_BYTES: usize = 4_096;

/// Header fields of a message.
pub const HEADERS: usize = 96;

/// Elements of a header field that is a list (Via, Route, Contact).
pub const LIST_ELEMENTS: usize = 24;

/// Parameters of a URI or a header field.
pub const PARAMETERS: usize = 24;

/// Octets of a URI.
pub const URI_BYTES: usize = 1_024;

/// Header fields of an application (`X-...`) in a message, in either direction.
pub const CUSTOM_HEADERS: usize = 32;

/// Octets of the body of a message.
pub const BODY_BYTES: usize = 8_192;

/// Octets read from a socket at once; a datagram can be no longer.
pub const READ_BYTES: usize = 65_535;

/// Octets of an SDP body.
pub const SDP_BYTES: usize = 8_192;

/// Lines of an SDP body.
pub const SDP_LINES: usize = 256;

/// Media sections of an SDP body.
pub const SDP_MEDIA: usize = 8;

/// Payload types of a media section.
pub const SDP_FORMATS: usize = 32;

/// `a=crypto` lines of a media section.
pub const SDP_CRYPTO: usize = 8;

/// Requests that wait for their final answer, or INVITEs for their ACK, over all sources, unless configured.
/// Beyond it new requests are answered 503.
pub const TRANSACTIONS: usize = 4_000;

/// Calls at a time, unless configured.
pub const CALLS: usize = 2_000;

/// INVITEs that ring here at a time, unless configured: each waits for somebody's decision.
pub const PENDING_INVITES: usize = 500;

/// INVITEs a second from one address, unless configured.
pub const INVITES_PER_SECOND: u32 = 50;

/// INVITEs at once from one address, unless configured.
pub const INVITE_BURST: u32 = 100;

/// Other requests outside of a call a second from one address, unless configured.
pub const REQUESTS_PER_SECOND: u32 = 50;

/// Such requests at once from one address, unless configured.
pub const REQUEST_BURST: u32 = 200;

/// How many failed authentications of one address cost nothing; each further one doubles the wait.
pub const FREE_FAILURES: u32 = 10;

/// When a refused request may be tried again (`Retry-After`), in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 5;

/// Connections (TCP and TLS) at a time, unless configured.
pub const CONNECTIONS: usize = 4_000;

/// Connections from one address at a time.
pub const CONNECTIONS_PER_SOURCE: usize = 256;

/// Messages that wait to be written to one connection; when there are more its peer does not read, and it ends.
pub const WRITE_QUEUE: usize = 64;

/// How long a connection may be silent. It is longer than the longest time between keep-alives (RFC 5626 §4.4.1).
pub const IDLE: Duration = Duration::from_secs(600);

/// How long a connection, its TLS handshake, or the name of a host may take.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long one write may take before its peer is taken for gone.
pub const WRITE_TIME: Duration = Duration::from_secs(10);

/// How long sockets stay open after the endpoint was told to stop.
pub const STOP_GRACE: Duration = Duration::from_secs(1);

/// RFC 3261 T1: what a round trip is taken for.
pub const T1: Duration = Duration::from_millis(500);

/// RFC 3261 T2: the longest pause between repetitions.
pub const T2: Duration = Duration::from_secs(4);

/// RFC 3261 64*T1: how long an answer may take, and how long what is over is kept in mind.
pub const T64: Duration = Duration::from_secs(32);

/// How long a call may ring in either direction, unless the caller says less (RFC 3261 timer C is longer).
pub const RING: Duration = Duration::from_secs(180);

/// How long the application may take to answer an offer in a call, or a request to be transferred.
pub const DECISION: Duration = Duration::from_secs(8);

/// How long the policy may take for one request.
pub const POLICY: Duration = Duration::from_secs(8);

/// Requests of one call that wait for it, and answers of one transaction.
pub const INSIDE_QUEUE: usize = 16;

/// Commands that wait for one call.
pub const COMMANDS: usize = 16;

/// Events of one call that nobody has read.
pub const EVENTS: usize = 64;

/// Calls that nobody has taken yet.
pub const INCOMING_QUEUE: usize = 256;

/// Redirections and challenges that one call out follows together.
pub const DIAL_ATTEMPTS: usize = 4;

/// The shortest session that is agreed to, in seconds (RFC 4028 §5).
pub const MIN_SE_SECONDS: u32 = 90;

/// The session that is asked for, in seconds, unless configured.
pub const SESSION_SECONDS: u32 = 1_800;

/// The longest session that is agreed to, in seconds.
pub const MOST_SESSION_SECONDS: u32 = 7_200;

/// Bindings of one address-of-record, unless configured.
pub const BINDINGS_PER_ADDRESS: usize = 8;

/// Bindings in all, unless configured.
pub const BINDINGS: usize = 20_000;

/// The shortest registration, in seconds (423 below).
pub const MIN_EXPIRES_SECONDS: u32 = 60;

/// The longest registration, in seconds; longer wishes are cut.
pub const MOST_EXPIRES_SECONDS: u32 = 3_600;

/// How long a nonce may be used.
pub const NONCE_LIFE: Duration = Duration::from_secs(300);

/// Nonces whose count is kept in mind; when there are more the oldest become stale.
pub const NONCES: usize = 16_384;

/// The nonce count after which a nonce is stale.
pub const NONCE_USES: u32 = 10_000;
