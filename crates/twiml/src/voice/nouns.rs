//! The nouns of a voice document: what stands in its verbs.

use std::time::Duration;

use super::verbs::{Action, Callback, RecordingStatus};
use super::words::{
    Beep, CallEvents, Channels, ConferenceEvents, ConferenceRecording, ConversationEvents,
    ConversationRecording, JitterBuffer, MachineDetectionMode, RecordingTrack, SequenceOfKeys, Track, Trim,
};

/// `<Number>`, and the text of a `<Dial>` itself.
#[derive(Clone, PartialEq, Eq)]
pub struct NumberNoun {
    /// The number as written.
    pub number: String,
    /// Keys to send once it is answered.
    pub send_digits: Option<SequenceOfKeys>,
    /// The document that is run at the called party before the two are connected.
    pub screening: Action,
    /// Where to report to.
    pub status: CallStatusReports,
    /// The carrier to use, by SID.
    pub byoc: Option<String>,
    /// Whether to find out if a machine answered.
    pub machine_detection: Option<MachineDetection>,
}

impl NumberNoun {
    /// A number without any attribute.
    pub fn plain(number: String) -> Self {
        Self {
            number,
            send_digits: None,
            screening: Action::default(),
            status: CallStatusReports::default(),
            byoc: None,
            machine_detection: None,
        }
    }
}

/// `statusCallback` with its method and events.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CallStatusReports {
    /// Where, when anywhere.
    pub callback: Option<Callback>,
    /// Which: `completed` by default.
    pub events: CallEvents,
}

/// Answering machine detection (`machineDetection*`).
#[derive(Clone, PartialEq, Eq)]
pub struct MachineDetection {
    /// When the answer comes.
    pub mode: MachineDetectionMode,
    /// After how long to give up (30 s by default).
    pub timeout: Duration,
    /// The longest greeting of a person (2.4 s by default).
    pub speech_threshold: Duration,
    /// The silence after a greeting (1.2 s by default).
    pub speech_end_threshold: Duration,
    /// The silence before it (5 s by default).
    pub silence_timeout: Duration,
    /// Where to report the answer; then the call does not wait for it.
    pub callback: Option<Callback>,
}

/// `<Sip>`.
#[derive(Clone, PartialEq, Eq)]
pub struct SipNoun {
    /// Where, in the order given: more than one with `<Uri>`.
    pub targets: Vec<SipTarget>,
    /// Headers to send along.
    pub headers: Vec<Parameter>,
    /// The document that is run at the called party before the two are connected.
    pub screening: Action,
    /// Where to report to.
    pub status: CallStatusReports,
    /// Whether to find out if a machine answered.
    pub machine_detection: Option<MachineDetection>,
}

/// A SIP address with what is needed to call it. Holds a password.
#[derive(Clone, PartialEq, Eq)]
pub struct SipTarget {
    /// The `sip:` or `sips:` URI as written, with its parameters and headers.
    pub uri: String,
    /// The user's name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// Lower ones first.
    pub priority: Option<u16>,
    /// Of equal priority, how often this one.
    pub weight: Option<u16>,
}

/// `<Client>`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientNoun {
    /// Who.
    pub identity: String,
    /// What the client is given.
    pub parameters: Vec<Parameter>,
    /// The document that is run at the called party before the two are connected.
    pub screening: Action,
    /// Where to report to.
    pub status: CallStatusReports,
}

/// `<Application>`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApplicationNoun {
    /// The application's SID.
    pub sid: String,
    /// What it is given.
    pub parameters: Vec<Parameter>,
    /// The document that is run at the called party before the two are connected.
    pub screening: Action,
    /// Where to report to.
    pub status: CallStatusReports,
    /// An opaque name of the customer.
    pub customer_id: Option<String>,
    /// Whether the new call's `To` is the parent's.
    pub copy_parent_to: bool,
}

/// `<Sim>`.
#[derive(Clone, PartialEq, Eq)]
pub struct SimNoun {
    /// The SIM's SID.
    pub sid: String,
}

/// `<WhatsApp>`.
#[derive(Clone, PartialEq, Eq)]
pub struct WhatsAppNoun {
    /// The number as written.
    pub number: String,
    /// The document that is run at the called party before the two are connected.
    pub screening: Action,
    /// Where to report to.
    pub status: CallStatusReports,
}

/// `<Conference>`.
#[derive(Clone, PartialEq, Eq)]
pub struct ConferenceNoun {
    /// Its name.
    pub name: String,
    /// Whether the caller is not heard.
    pub muted: bool,
    /// What is heard when somebody comes or goes.
    pub beep: Beep,
    /// Whether the conference starts with this caller (it does by default).
    pub start_on_enter: bool,
    /// Whether it ends with this caller (it does not by default).
    pub end_on_exit: bool,
    /// The document to wait with: hold music when absent, silence when empty.
    pub wait: Action,
    /// How many may be in it (250 by default).
    pub max_participants: u16,
    /// Whether to record.
    pub record: ConferenceRecording,
    /// Whether silence at both ends of a recording is cut (it is by default).
    pub trim: Trim,
    /// Where to mix; without effect here.
    pub region: Option<String>,
    /// The call that alone hears this caller, by SID.
    pub coach: Option<String>,
    /// Where to report the conference's events.
    pub status_callback: Option<Callback>,
    /// Which of them.
    pub status_events: ConferenceEvents,
    /// Where to report the recording's states.
    pub recording_status: RecordingStatus,
    /// A configuration at Twilio's, by id.
    pub recording_configuration_id: Option<String>,
    /// An old form of `statusCallback`.
    pub event_callback_url: Option<String>,
    /// How much delay is allowed for smoothness.
    pub jitter_buffer: JitterBuffer,
    /// A name for this caller.
    pub participant_label: Option<String>,
}

/// `<Queue>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct QueueNoun {
    /// The queue's name; none with a reservation.
    pub name: Option<String>,
    /// The document that is run at the waiting party before the two are connected.
    pub screening: Action,
    /// A TaskRouter reservation.
    pub reservation_sid: Option<String>,
    /// What the worker does after the call.
    pub post_work_activity_sid: Option<String>,
}

/// `<Task>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Task {
    /// The task's attributes, as JSON.
    pub attributes: String,
    /// Higher ones first.
    pub priority: Option<u32>,
    /// After how long it is given up.
    pub timeout: Option<Duration>,
}

/// `<Parameter>`, `<Header>` and `<Config>`: a name with its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// `<Stream>`. Under `Start` in one direction, under `Connect` in both.
#[derive(Clone, PartialEq, Eq)]
pub struct Stream {
    /// To stop it by.
    pub name: Option<String>,
    /// A connector in place of a URL.
    pub connector_name: Option<String>,
    /// The `wss:` URL, maybe relative.
    pub url: Option<String>,
    /// Whose sound.
    pub track: Track,
    /// Where to report to.
    pub status_callback: Option<Callback>,
    /// The form of the sound, as written.
    pub audio_format: Option<String>,
    /// Samples a second.
    pub sample_rate: Option<u32>,
    /// What the receiver is given.
    pub parameters: Vec<Parameter>,
}

/// `<Siprec>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Siprec {
    /// To stop it by.
    pub name: Option<String>,
    /// The connector.
    pub connector_name: Option<String>,
    /// Whose sound.
    pub track: Track,
    /// Where to report to.
    pub status_callback: Option<Callback>,
    /// What the recorder is given.
    pub parameters: Vec<Parameter>,
}

/// `<Transcription>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Transcription {
    /// To stop it by.
    pub name: Option<String>,
    /// Whose speech.
    pub track: Track,
    /// Where to send it.
    pub status_callback: Option<Callback>,
    /// A name for the caller's side.
    pub inbound_track_label: Option<String>,
    /// A name for the other side.
    pub outbound_track_label: Option<String>,
    /// Whether what is not final yet is sent too.
    pub partial_results: bool,
    /// The language spoken (`en-US` by default).
    pub language: String,
    /// The engine, by name.
    pub engine: Option<String>,
    /// Whether bad words are masked (they are by default).
    pub profanity_filter: bool,
    /// The engine's model, by name.
    pub speech_model: Option<String>,
    /// Words that may be expected.
    pub hints: Vec<String>,
    /// Whether to set points and commas (it does by default).
    pub automatic_punctuation: bool,
    /// A service of Voice Intelligence, by SID or name.
    pub intelligence_service: Option<String>,
    /// The engine's settings.
    pub configuration: Vec<Parameter>,
    /// What the receiver is given.
    pub parameters: Vec<Parameter>,
}

/// `<Recording>` of `<Start>`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordingNoun {
    /// Where to report its states.
    pub status: RecordingStatus,
    /// Whether silence at both ends is cut (it is not by default).
    pub trim: Trim,
    /// Whose sound.
    pub track: RecordingTrack,
    /// One channel for both parties or one each (each by default).
    pub channels: Channels,
    /// A configuration at Twilio's, by id.
    pub configuration_id: Option<String>,
}

/// `<VirtualAgent>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VirtualAgent {
    /// The connector.
    pub connector_name: Option<String>,
    /// The language spoken.
    pub language: Option<String>,
    /// Whether moods are guessed.
    pub sentiment_analysis: bool,
    /// Where to report to.
    pub status_callback: Option<Callback>,
    /// The agent's settings.
    pub configuration: Vec<Parameter>,
    /// What the agent is given.
    pub parameters: Vec<Parameter>,
}

/// `<Conversation>`.
#[derive(Clone, PartialEq, Eq)]
pub struct ConversationNoun {
    /// The service.
    pub service_instance_sid: Option<String>,
    /// Whether a conversation is begun when there is none.
    pub inbound_autocreation: bool,
    /// How long a route may take.
    pub routing_assignment_timeout: Option<Duration>,
    /// How long the caller may wait.
    pub inbound_timeout: Option<Duration>,
    /// The document to wait with.
    pub wait: Action,
    /// Whether to record.
    pub record: ConversationRecording,
    /// Whether silence at both ends of a recording is cut.
    pub trim: Trim,
    /// Where to report the recording's states.
    pub recording_status: RecordingStatus,
    /// Where to report to.
    pub status_callback: Option<Callback>,
    /// Which events.
    pub status_events: ConversationEvents,
}

/// `<ConversationRelay>`: kept as attributes, because it is never served.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConversationRelay {
    /// Every attribute in the order of the document.
    pub attributes: Vec<Parameter>,
    /// The attributes of each `<Language>`.
    pub languages: Vec<Vec<Parameter>>,
    /// What the receiver is given.
    pub parameters: Vec<Parameter>,
}
