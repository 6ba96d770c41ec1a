//! Twilio's codes for what a voice document does not allow. Each says which attribute of which verb.

pub(super) const ROOT: u32 = 12102;

pub(super) const MIXED_NOUNS: u32 = 13000;
pub(super) const DIAL_METHOD: u32 = 13210;
pub(super) const DIAL_TIMEOUT: u32 = 13212;
pub(super) const DIAL_HANGUP_ON_STAR: u32 = 13213;
pub(super) const DIAL_CALLER_ID: u32 = 13214;
pub(super) const DIAL_NESTED: u32 = 13215;
pub(super) const DIAL_TIME_LIMIT: u32 = 13216;
pub(super) const DIAL_RECORD: u32 = 13217;
pub(super) const DIAL_SEQUENTIAL: u32 = 13218;
pub(super) const DIAL_ANSWER_ON_BRIDGE: u32 = 13219;
pub(super) const DIAL_RING_TONE: u32 = 13220;
pub(super) const NUMBER_METHOD: u32 = 13221;
pub(super) const NUMBER_SEND_DIGITS: u32 = 13222;
pub(super) const NUMBER_FORMAT: u32 = 13223;
pub(super) const DIAL_CALLER_ID_TOO_LONG: u32 = 13248;
pub(super) const DIAL_TOO_MANY: u32 = 13250;

pub(super) const CONFERENCE_MUTED: u32 = 13230;
pub(super) const CONFERENCE_END_ON_EXIT: u32 = 13231;
pub(super) const CONFERENCE_START_ON_ENTER: u32 = 13232;
pub(super) const CONFERENCE_WAIT_METHOD: u32 = 13234;
pub(super) const CONFERENCE_BEEP: u32 = 13235;
pub(super) const CONFERENCE_NAME: u32 = 13237;
pub(super) const CONFERENCE_TRIM: u32 = 13239;
pub(super) const CONFERENCE_COACH: u32 = 13240;
pub(super) const CONFERENCE_LABEL: u32 = 16023;

pub(super) const SIP_METHOD: u32 = 13241;
pub(super) const SIP_URI: u32 = 13243;
pub(super) const SIP_CREDENTIALS: u32 = 13249;
pub(super) const SIP_TOO_MANY_HEADERS: u32 = 13251;
pub(super) const SIP_HEADER_NAME: u32 = 13252;
pub(super) const SIP_HEADER_TOO_LONG: u32 = 13253;

pub(super) const GATHER_FINISH_ON_KEY: u32 = 13310;
pub(super) const GATHER_METHOD: u32 = 13312;
pub(super) const GATHER_TIMEOUT: u32 = 13313;
pub(super) const GATHER_NUM_DIGITS: u32 = 13314;
pub(super) const GATHER_NESTED: u32 = 13320;
pub(super) const GATHER_SAY_VOICE: u32 = 13321;
pub(super) const GATHER_SAY_LOOP: u32 = 13322;
pub(super) const GATHER_INPUT: u32 = 13326;
pub(super) const GATHER_SPEECH_TIMEOUT: u32 = 13327;
pub(super) const GATHER_MAX_SPEECH_TIME: u32 = 13328;
pub(super) const GATHER_PARTIAL_METHOD: u32 = 13329;
pub(super) const GATHER_HINTS: u32 = 13330;
pub(super) const GATHER_LANGUAGE: u32 = 13331;
pub(super) const GATHER_BARGE_IN: u32 = 13332;
pub(super) const GATHER_PROFANITY_FILTER: u32 = 13333;
pub(super) const GATHER_MODEL: u32 = 13334;
pub(super) const GATHER_EMPTY_RESULT: u32 = 13338;

pub(super) const PLAY_LOOP: u32 = 13410;
pub(super) const PLAY_DIGITS: u32 = 13430;
pub(super) const SAY_LOOP: u32 = 13510;
pub(super) const SAY_VOICE: u32 = 13511;
pub(super) const SAY_LANGUAGE: u32 = 13512;
pub(super) const SAY_RATE: u32 = 13513;
pub(super) const SAY_TEXT: u32 = 13520;
pub(super) const SAY_TOO_LONG: u32 = 13521;

pub(super) const RECORD_METHOD: u32 = 13610;
pub(super) const RECORD_TIMEOUT: u32 = 13611;
pub(super) const RECORD_MAX_LENGTH: u32 = 13612;
pub(super) const RECORD_FINISH_ON_KEY: u32 = 13613;
pub(super) const RECORD_TRANSCRIBE: u32 = 13614;
pub(super) const RECORD_PLAY_BEEP: u32 = 13616;
pub(super) const RECORDING_EVENTS: u32 = 13621;
pub(super) const RECORDING_TRACK: u32 = 13622;
pub(super) const RECORDING_TRIM: u32 = 13699;

pub(super) const REDIRECT_METHOD: u32 = 13710;
pub(super) const REJECT_REASON: u32 = 13810;
pub(super) const PAUSE_LENGTH: u32 = 13910;

pub(super) const SMS_TO: u32 = 14101;
pub(super) const SMS_FROM: u32 = 14102;
pub(super) const SMS_BODY: u32 = 14103;
pub(super) const SMS_METHOD: u32 = 14104;

pub(super) const ENQUEUE_METHOD: u32 = 14201;
pub(super) const ENQUEUE_NAME_SHORT: u32 = 14204;
pub(super) const ENQUEUE_NAME_LONG: u32 = 14205;
pub(super) const ENQUEUE_WAIT_METHOD: u32 = 14206;
pub(super) const ENQUEUE_WORKFLOW: u32 = 14220;
pub(super) const QUEUE_METHOD: u32 = 14210;
pub(super) const QUEUE_NAME_SHORT: u32 = 14212;
pub(super) const QUEUE_NAME_LONG: u32 = 14213;
pub(super) const QUEUE_RESERVATION: u32 = 14215;
pub(super) const QUEUE_ACTIVITY: u32 = 14216;

pub(super) const START_NESTED: u32 = 14300;
