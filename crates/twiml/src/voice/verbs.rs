//! The verbs of a voice document, as types.

use std::time::Duration;

use super::nouns::{
    ApplicationNoun, ClientNoun, ConferenceNoun, ConversationNoun, ConversationRelay, NumberNoun, Parameter,
    QueueNoun, RecordingNoun, SimNoun, SipNoun, Siprec, Stream, Task, Transcription, VirtualAgent,
    WhatsAppNoun,
};
use super::speech::Speech;
use super::words::{
    BankAccountType, CallRecording, InputType, PayInput, PaymentMethod, RecordingEvents, RecordingTrack,
    RejectReason, SequenceOfKeys, TokenType, Trim,
};
use crate::Method;

/// A voice document: what to do with a call, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its verbs. None of them means: the call ends.
    pub verbs: Vec<Verb>,
}

/// One instruction. No `Debug`: what is said and whom to call is protected.
#[derive(Clone, PartialEq, Eq)]
pub enum Verb {
    /// Says something.
    Say(Say),
    /// Plays a file or keys.
    Play(Play),
    /// Waits.
    Pause(Pause),
    /// Collects keys and speech.
    Gather(Box<Gather>),
    /// Records the caller.
    Record(Box<Record>),
    /// Connects the caller to somebody.
    Dial(Box<Dial>),
    /// Lets the caller wait in a queue.
    Enqueue(Box<Enqueue>),
    /// Takes the call out of the queue it waits in.
    Leave,
    /// Sends the caller's sound back.
    Echo,
    /// Ends the call.
    Hangup(Vec<Parameter>),
    /// Does not take the call.
    Reject(Reject),
    /// Goes on with another document. What follows is never reached.
    Redirect(Redirect),
    /// Sends the caller elsewhere by SIP REFER.
    Refer(Refer),
    /// Hands the call to something and waits for its end.
    Connect(Box<Connect>),
    /// Starts something beside the call and goes on.
    Start(Box<Start>),
    /// Ends what [`Verb::Start`] began.
    Stop(Stop),
    /// Takes a payment. Read, never served.
    Pay(Box<Pay>),
    /// What [`Verb::Pay`] says, standing alone. Read, never served.
    Prompt(Box<Prompt>),
    /// Sends a text message (an old verb).
    Sms(Box<Sms>),
    /// The same as a `Dial` with a `Queue` alone (an old verb).
    Queue(Box<QueueNoun>),
}

/// `<Say>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Say {
    /// What to say.
    pub speech: Vec<Speech>,
    /// The voice's name, such as `Polly.Joanna`; the account's default when absent.
    pub voice: Option<String>,
    /// A BCP 47 tag; the voice's own when absent.
    pub language: Option<String>,
    /// How often.
    pub times: Times,
}

/// How often something is said or played: [`Times::UNTIL_STOPPED`] for the `loop="0"` of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times(pub u16);

impl Times {
    /// Until something else ends it; Twilio stops after as many, and so do we.
    pub const UNTIL_STOPPED: Self = Self(crate::limits::LOOP_LIMIT);
}

impl Default for Times {
    fn default() -> Self {
        Self(1)
    }
}

/// `<Play>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Play {
    /// What to play.
    pub what: Played,
    /// How often.
    pub times: Times,
}

/// What `<Play>` plays.
#[derive(Clone, PartialEq, Eq)]
pub enum Played {
    /// A file by its URL, maybe relative.
    Url(String),
    /// Keys, from `0-9*#A-D`; `w` is half a second of silence, `W` a whole one.
    Digits(SequenceOfKeys),
}

/// `<Pause>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// How long (1 s by default).
    pub length: Duration,
}

/// What may stand in `Gather` and `Prompt`.
#[derive(Clone, PartialEq, Eq)]
pub enum Prompted {
    /// Says something.
    Say(Say),
    /// Plays a file or keys.
    Play(Play),
    /// Waits.
    Pause(Pause),
}

/// Where to go on: `action` with `method`. URLs are as written, maybe relative, maybe empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Action {
    /// The URL. What its absence means differs by verb.
    pub url: Option<String>,
    /// How to ask it.
    pub method: Method,
}

/// Where to report to: a URL with its method, as written.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    /// The URL, maybe relative.
    pub url: String,
    /// How to call it.
    pub method: Method,
}

/// `<Gather>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Gather {
    /// What to collect: keys alone by default.
    pub input: InputType,
    /// Where to send it: the current document when absent.
    pub action: Action,
    /// How long to wait for the first or next input, once everything nested was played (5 s by default).
    pub timeout: Duration,
    /// When speech ends.
    pub speech_timeout: SpeechTimeout,
    /// How long speech may last (60 s by default).
    pub max_speech_time: Duration,
    /// Whether bad words are masked (they are by default).
    pub profanity_filter: bool,
    /// The key that ends the input and is not part of it (`#` by default); none for `finishOnKey=""`.
    pub finish_on_key: Option<char>,
    /// How many keys end the input.
    pub num_digits: Option<u16>,
    /// Where to report speech that is not final yet.
    pub partial_result: Option<Callback>,
    /// The language spoken (`en-US` by default).
    pub language: String,
    /// Words that may be expected.
    pub hints: Vec<String>,
    /// Whether input interrupts what is nested (it does by default).
    pub barge_in: bool,
    /// Whether partial results are logged at Twilio's; without effect here.
    pub debug: bool,
    /// Whether `action` is asked when nothing came (it is not by default).
    pub action_on_empty_result: bool,
    /// The recogniser's model, by name.
    pub speech_model: Option<String>,
    /// Whether the better model is wanted.
    pub enhanced: bool,
    /// What is said and played meanwhile.
    pub nested: Vec<Prompted>,
}

/// When speech has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpeechTimeout {
    /// After as much silence as `Gather`'s `timeout` says (when the document says nothing).
    #[default]
    AsTimeout,
    /// When the recogniser thinks so.
    Auto,
    /// After this much silence.
    After(Duration),
}

/// `<Record>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Where to go on: the current document when absent.
    pub action: Action,
    /// How much silence ends it (5 s by default); none for `timeout="0"`.
    pub timeout: Option<Duration>,
    /// The keys of which each ends it (all by default).
    pub finish_on_key: SequenceOfKeys,
    /// The longest recording (1 h by default).
    pub max_length: Duration,
    /// Whether a beep comes first (it does by default).
    pub play_beep: bool,
    /// Whether silence at both ends is cut (it is by default).
    pub trim: Trim,
    /// Where to report the recording's states.
    pub status: RecordingStatus,
    /// A configuration at Twilio's, by id.
    pub configuration_id: Option<String>,
    /// Whether to transcribe it.
    pub transcribe: bool,
    /// Where to send the transcription.
    pub transcribe_callback: Option<String>,
}

/// Where the states of a recording are reported, and which.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RecordingStatus {
    /// Where, when anywhere.
    pub callback: Option<Callback>,
    /// Which: `completed` by default.
    pub events: RecordingEvents,
}

/// `<Dial>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Dial {
    /// Where to go on: the next verb when absent.
    pub action: Action,
    /// How long to let it ring (30 s by default).
    pub timeout: Duration,
    /// Whether `*` of the caller ends the connection (it does not by default).
    pub hangup_on_star: bool,
    /// The longest connection (4 h by default).
    pub time_limit: Duration,
    /// What the called party sees; the caller's number when absent.
    pub caller_id: Option<String>,
    /// Whether to record.
    pub record: CallRecording,
    /// Whether silence at both ends of a recording is cut (it is not by default).
    pub trim: Trim,
    /// Which side of a recording.
    pub recording_track: RecordingTrack,
    /// Where to report the recording's states.
    pub recording_status: RecordingStatus,
    /// A configuration at Twilio's, by id.
    pub recording_configuration_id: Option<String>,
    /// Whether the caller's call is answered only once the called party's is.
    pub answer_on_bridge: bool,
    /// The ringing tone's country, in lower case; the called number's when absent.
    pub ring_tone: Option<String>,
    /// Whether one is called after the other instead of all at once.
    pub sequential: bool,
    /// Where to ask what to do when the called party sends a SIP REFER.
    pub refer: Action,
    /// Names of insight events; without effect here.
    pub events: Option<String>,
    /// SHAKEN passports to send along, as written.
    pub passports: Option<String>,
    /// Whom to call: one conference, one queue, or up to [`crate::limits::LEG_LIMIT`] others.
    pub target: DialTarget,
}

/// Whom `<Dial>` calls.
#[derive(Clone, PartialEq, Eq)]
pub enum DialTarget {
    /// Parties; the first to answer gets the call.
    Parties(Vec<Party>),
    /// A conference.
    Conference(Box<ConferenceNoun>),
    /// The first of a queue.
    Queue(Box<QueueNoun>),
}

/// Somebody who can be called.
#[derive(Clone, PartialEq, Eq)]
pub enum Party {
    /// A phone number.
    Number(NumberNoun),
    /// A SIP address.
    Sip(Box<SipNoun>),
    /// A browser or app.
    Client(ClientNoun),
    /// A TwiML application.
    Application(ApplicationNoun),
    /// A SIM of Twilio's. Read, never served.
    Sim(SimNoun),
    /// A WhatsApp user. Read, never served.
    WhatsApp(WhatsAppNoun),
}

/// `<Enqueue>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Enqueue {
    /// The queue's name; none with a workflow.
    pub queue: Option<String>,
    /// Where to go on: the next verb when absent.
    pub action: Action,
    /// The document to wait with: hold music when absent, silence when empty.
    pub wait: Action,
    /// How many may wait, for a queue that begins with this call.
    pub max_queue_size: Option<u16>,
    /// The TaskRouter workflow.
    pub workflow_sid: Option<String>,
    /// What TaskRouter is given.
    pub task: Option<Task>,
}

/// `<Reject>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Reject {
    /// What the caller hears.
    pub reason: RejectReason,
    /// Custom parameters.
    pub parameters: Vec<Parameter>,
}

/// `<Redirect>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redirect {
    /// The URL, maybe relative; empty means the current document's.
    pub url: String,
    /// How to ask it.
    pub method: Method,
}

/// `<Refer>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Refer {
    /// Where to go on: the next verb when absent.
    pub action: Action,
    /// The SIP address.
    pub sip_uri: String,
}

/// `<Connect>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Connect {
    /// Where to go on: the next verb when absent.
    pub action: Action,
    /// What to.
    pub to: Connected,
}

/// What `<Connect>` hands the call to.
#[derive(Clone, PartialEq, Eq)]
pub enum Connected {
    /// A media stream in both directions.
    Stream(Stream),
    /// A video room, by name.
    Room {
        /// Its unique name or SID.
        name: String,
        /// Who the caller is there.
        participant_identity: Option<String>,
    },
    /// A conversation.
    Conversation(Box<ConversationNoun>),
    /// A Dialogflow agent.
    VirtualAgent(VirtualAgent),
    /// A conversation with a model. Read, never served.
    ConversationRelay(Box<ConversationRelay>),
    /// Another form of the same. Read, never served.
    AiSession {
        /// The connector.
        connector: Option<String>,
        /// The configuration.
        configuration: Option<String>,
    },
    /// Another form of the same. Read, never served.
    ConversationRelaySession {
        /// The connector.
        connector: Option<String>,
        /// The configuration.
        configuration: Option<String>,
    },
    /// An Autopilot assistant. Read, never served.
    Autopilot(String),
}

/// `<Start>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Start {
    /// Without effect: what is started reports to its own callback.
    pub action: Action,
    /// What to start, in order.
    pub what: Vec<Started>,
}

/// What `<Start>` starts.
#[derive(Clone, PartialEq, Eq)]
pub enum Started {
    /// A media stream in one direction.
    Stream(Stream),
    /// A SIPREC recorder.
    Siprec(Siprec),
    /// A live transcription.
    Transcription(Box<Transcription>),
    /// A recording of the call.
    Recording(RecordingNoun),
}

/// `<Stop>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Stop {
    /// What to stop, in order.
    pub what: Vec<Stopped>,
}

/// What `<Stop>` stops: by the name it was started with, or the last one without a name.
#[derive(Clone, PartialEq, Eq)]
pub enum Stopped {
    /// A media stream.
    Stream(Option<String>),
    /// A SIPREC recorder.
    Siprec(Option<String>),
    /// A live transcription.
    Transcription(Option<String>),
}

/// `<Sms>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sms {
    /// The text.
    pub text: String,
    /// Receiver; the caller when absent.
    pub to: Option<String>,
    /// Sender; the called number when absent.
    pub from: Option<String>,
    /// Where to go on: the next verb when absent.
    pub action: Action,
    /// Where to report the message's states.
    pub status_callback: Option<String>,
}

/// `<Pay>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Pay {
    /// How the caller pays.
    pub input: PayInput,
    /// Where to go on: the current document when absent.
    pub action: Action,
    /// Whose account is debited.
    pub bank_account_type: Option<BankAccountType>,
    /// Where to report to.
    pub status_callback: Option<Callback>,
    /// How long to wait for a key (5 s by default).
    pub timeout: Duration,
    /// How often each step may be tried (1 by default).
    pub max_attempts: u16,
    /// Whether the security code is asked.
    pub security_code: bool,
    /// `true`, `false` or the code itself.
    pub postal_code: Option<String>,
    /// The shortest postal code.
    pub min_postal_code_length: Option<u16>,
    /// The connector's name.
    pub payment_connector: Option<String>,
    /// What with.
    pub payment_method: PaymentMethod,
    /// What kind of token is made.
    pub token_type: Option<TokenType>,
    /// The amount, as written: a decimal number.
    pub charge_amount: Option<String>,
    /// The currency's three letters, in lower case (`usd` by default).
    pub currency: String,
    /// What for.
    pub description: Option<String>,
    /// Which cards are taken.
    pub valid_card_types: Vec<String>,
    /// The language of the prompts.
    pub language: Option<String>,
    /// Prompts that replace the standard ones.
    pub prompts: Vec<Prompt>,
    /// What the connector is given.
    pub parameters: Vec<Parameter>,
}

/// `<Prompt>`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Which step it is for.
    pub for_step: Option<String>,
    /// Which errors it is for.
    pub error_types: Vec<String>,
    /// Which cards it is for.
    pub card_types: Vec<String>,
    /// Which attempts it is for.
    pub attempts: Vec<u16>,
    /// Whether the input is asked twice and compared.
    pub require_matching_inputs: bool,
    /// What is said and played.
    pub nested: Vec<Prompted>,
}
