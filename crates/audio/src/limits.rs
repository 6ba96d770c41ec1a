//! Every limit of the audio plane, in one place.

use std::time::Duration;

/// Samples a second of telephone audio (G.711).
pub const RATE: u32 = 8_000;

/// How much audio a packet carries, and how often every session is attended to.
pub const FRAME: Duration = Duration::from_millis(20);

/// Samples of one frame.
pub const FRAME_SAMPLES: usize = 160;

/// How often the threads look at their sockets: half a frame, so that what is relayed waits 5 ms on average.
pub const TICK: Duration = Duration::from_millis(10);

/// How far a thread may fall behind before it leaves out what it missed.
pub const LATEST_TICK: Duration = Duration::from_millis(200);

/// Threads of an engine at most.
pub const THREADS: usize = 64;

/// Sessions of an engine at most.
pub const SESSIONS: usize = 10_000;

/// Octets of a packet that are read; a longer one is not audio.
pub const PACKET_BYTES: usize = 1_500;

/// Octets of audio in a packet that is taken: 120 ms of G.711.
pub const PAYLOAD_BYTES: usize = 960;

/// Packets that are read from one socket in one turn.
pub const PACKETS_AT_ONCE: usize = 32;

/// RTCP packets that are read from one session in one turn.
pub const REPORTS_AT_ONCE: usize = 4;

/// Ports that are tried before a session is refused.
pub const PORT_ATTEMPTS: usize = 200;

/// How often reports are sent (RFC 3550 6.2 recommends five seconds at least).
pub const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Blocks of one report that are read (RFC 3550 has five bits for their number).
pub const REPORT_BLOCKS: usize = 31;

/// Samples that the jitter buffer has room for: one second.
pub const JITTER_SAMPLES: usize = 8_192;

/// Frames that wait before they are played, at least.
pub const LEAST_WAITING: usize = 2;

/// Frames that wait before they are played, at most: 200 ms.
pub const MOST_WAITING: usize = 10;

/// Frames after which the jitter buffer asks whether it may be shorter: two seconds.
pub const SHORTEN_AFTER: u32 = 100;

/// Frames that wait between two sessions, or a session and a mixer; older ones are dropped.
pub const LINK_FRAMES: usize = 5;

/// Members of one mixer (Twilio's limit for a conference).
pub const MIXER_MEMBERS: usize = 250;

/// Sources that wait to be played in one session.
pub const SOURCES: usize = 64;

/// Digits that wait to be sent by one session.
pub const DIGITS: usize = 256;

/// How long a digit sounds when nothing else is said.
pub const DIGIT_LASTS: Duration = Duration::from_millis(100);

/// Silence between two digits that are sent.
pub const DIGIT_GAP: Duration = Duration::from_millis(100);

/// Times the last packet of a digit is sent (RFC 4733 2.5.1.4).
pub const DIGIT_ENDS: u8 = 3;

/// Events of a session that wait for whoever listens.
pub const EVENTS: usize = 256;

/// After how long without a packet a session says so, unless it was told otherwise.
pub const MEDIA_TIMEOUT: Duration = Duration::from_secs(30);

/// Streams (SSRCs) of one sender that SRTP keeps apart.
pub const SRTP_STREAMS: usize = 8;

/// Packets that may come out of order under SRTP and still be told from repeated ones (RFC 3711 3.3.2 asks for 64).
pub const REPLAY_WINDOW: u32 = 128;

/// Packets that one SRTP key may protect (RFC 3711 9.2).
pub const SRTP_PACKETS: u64 = 1 << 48;

/// Reports that one SRTP key may protect (RFC 3711 9.2).
pub const SRTCP_PACKETS: u32 = (1 << 31) - 1;

/// Characters of the `inline:` of an SDP `crypto` attribute.
pub const INLINE_CHARACTERS: usize = 256;

/// How long a prompt may be once it is decoded.
pub const PROMPT: Duration = Duration::from_secs(20 * 60);

/// How much audio of a recording is sealed together: what a crash loses at most.
pub const RECORDED_AT_ONCE: Duration = Duration::from_millis(500);

/// How long a recording may be: Twilio's longest.
pub const RECORDING: Duration = Duration::from_secs(24 * 3_600);

/// Pieces of recordings that wait for the disk, of all sessions together.
pub const RECORDER_QUEUE: usize = 4_096;

/// Bytes of one sealed record of a draft; a longer one is refused before it is read.
pub const RECORD_BYTES: usize = 256 * 1024;
/// Samples of a draft's record at most; even, so that two channels stay together. Their bytes are well below
/// [`RECORD_BYTES`].
pub const PIECE_SAMPLES: usize = 32 * 1024;

/// Silence that is held back until it is known whether more is said; a longer one is not trimmed.
pub const HELD_SILENCE: Duration = Duration::from_secs(60);

/// Bits of the RSA key that recordings are encrypted with, at least.
pub const LEAST_RSA_BITS: usize = 2_048;

/// Characters of a public key in PEM.
pub const PEM_CHARACTERS: usize = 8_192;
