//! What attributes of voice documents may say.

use crate::words::{word_sets, words};

/// Keys and pauses, as written: `0-9`, `*`, `#`, `A-D`, and where pauses are allowed `w` and `W`.
pub type SequenceOfKeys = String;

words! {
    /// The `trim` of recordings.
    pub enum Trim {
        /// Silence at both ends is cut.
        #[default]
        TrimSilence = "trim-silence",
        /// It is not.
        DoNotTrim = "do-not-trim",
    }

    /// The `record` of `Dial`.
    pub enum CallRecording {
        /// No recording.
        #[default]
        DoNotRecord = "do-not-record" | "false",
        /// From the answer on, one channel.
        FromAnswer = "record-from-answer" | "true",
        /// From the first ring on, one channel.
        FromRinging = "record-from-ringing",
        /// From the answer on, a channel for each party.
        FromAnswerDual = "record-from-answer-dual",
        /// From the first ring on, a channel for each party.
        FromRingingDual = "record-from-ringing-dual",
    }

    /// The `record` of `Conversation`.
    pub enum ConversationRecording {
        /// No recording.
        #[default]
        DoNotRecord = "do-not-record" | "false",
        /// From the answer on, one channel.
        FromAnswer = "record-from-answer" | "true",
        /// From the first ring on, one channel.
        FromRinging = "record-from-ringing",
        /// From the answer on, a channel for each party.
        FromAnswerDual = "record-from-answer-dual",
        /// From the first ring on, a channel for each party.
        FromRingingDual = "record-from-ringing-dual",
    }

    /// The `record` of `Conference`.
    pub enum ConferenceRecording {
        /// No recording.
        #[default]
        DoNotRecord = "do-not-record" | "false",
        /// From its start.
        FromStart = "record-from-start" | "true",
    }

    /// The `recordingTrack` of `Dial` and the `track` of `Recording`.
    pub enum RecordingTrack {
        /// Both parties.
        #[default]
        Both = "both",
        /// What the caller says.
        Inbound = "inbound",
        /// What the caller hears.
        Outbound = "outbound",
    }

    /// The `channels` of `Recording`.
    pub enum Channels {
        /// One for each party.
        #[default]
        Dual = "dual",
        /// One.
        Mono = "mono",
    }

    /// The `track` of `Stream`, `Siprec` and `Transcription`.
    pub enum Track {
        /// What the caller says.
        #[default]
        Inbound = "inbound_track",
        /// What the caller hears.
        Outbound = "outbound_track",
        /// Both, apart.
        Both = "both_tracks",
    }

    /// The `input` of `Gather`, in either order.
    pub enum InputType {
        /// Keys.
        #[default]
        Dtmf = "dtmf",
        /// Speech.
        Speech = "speech",
        /// What comes first.
        DtmfSpeech = "dtmf speech" | "speech dtmf",
    }

    /// The `reason` of `Reject`.
    pub enum RejectReason {
        /// Not in service.
        #[default]
        Rejected = "rejected",
        /// Busy.
        Busy = "busy",
    }

    /// The `beep` of `Conference`.
    pub enum Beep {
        /// At coming and going.
        #[default]
        Always = "true",
        /// Never.
        Never = "false",
        /// At coming.
        OnEnter = "onEnter",
        /// At going.
        OnExit = "onExit",
    }

    /// The `jitterBufferSize` of `Conference`.
    pub enum JitterBuffer {
        /// The longest.
        #[default]
        Large = "large",
        /// Less.
        Medium = "medium",
        /// Little.
        Small = "small",
        /// None.
        Off = "off",
    }

    /// The `machineDetection` of `Number` and `Sip`.
    pub enum MachineDetectionMode {
        /// The answer comes as soon as it is known.
        #[default]
        Enable = "Enable",
        /// A machine's comes once its greeting is over.
        DetectMessageEnd = "DetectMessageEnd",
    }

    /// The `input` of `Pay`.
    pub enum PayInput {
        /// Keys.
        #[default]
        Dtmf = "dtmf",
    }

    /// The `bankAccountType` of `Pay`.
    pub enum BankAccountType {
        /// A person's checking account.
        #[default]
        ConsumerChecking = "consumer-checking",
        /// A person's savings account.
        ConsumerSavings = "consumer-savings",
        /// A company's checking account.
        CommercialChecking = "commercial-checking",
        /// A company's savings account.
        CommercialSavings = "commercial-savings",
    }

    /// The `paymentMethod` of `Pay`.
    pub enum PaymentMethod {
        /// A card.
        #[default]
        CreditCard = "credit-card",
        /// A bank account.
        AchDebit = "ach-debit",
    }

    /// The `tokenType` of `Pay`.
    pub enum TokenType {
        /// For many payments.
        #[default]
        Reusable = "reusable",
        /// For one.
        OneTime = "one-time",
        /// The connector's own.
        PaymentMethod = "payment-method",
    }
}

word_sets! {
    /// The `statusCallbackEvent` of those called.
    pub struct CallEvents {
        /// It was begun.
        initiated = "initiated",
        /// It rings.
        ringing = "ringing",
        /// It was answered.
        answered = "answered",
        /// It is over.
        completed = "completed",
    }

    /// The `statusCallbackEvent` of `Conversation`.
    pub struct ConversationEvents {
        /// It was begun.
        initiated = "call-initiated",
        /// It rings.
        ringing = "call-ringing",
        /// It was answered.
        answered = "call-answered",
        /// It is over.
        completed = "call-completed",
    }

    /// The `recordingStatusCallbackEvent` of recordings.
    pub struct RecordingEvents {
        /// It began.
        in_progress = "in-progress",
        /// It can be fetched.
        completed = "completed",
        /// There is none after all.
        absent = "absent",
    }

    /// The `statusCallbackEvent` of `Conference`.
    pub struct ConferenceEvents {
        /// It began.
        start = "start",
        /// It ended.
        end = "end",
        /// Somebody came.
        join = "join",
        /// Somebody went.
        leave = "leave",
        /// Somebody was muted, or no longer.
        mute = "mute",
        /// Somebody was put on hold, or no longer.
        hold = "hold",
        /// A participant was changed.
        modify = "modify",
        /// Somebody began or ceased to speak.
        speaker = "speaker",
        /// An announcement was made.
        announcement = "announcement",
    }
}

impl Default for CallEvents {
    fn default() -> Self {
        Self { completed: true, ..Self::NONE }
    }
}

impl Default for ConversationEvents {
    fn default() -> Self {
        Self { completed: true, ..Self::NONE }
    }
}

impl Default for RecordingEvents {
    fn default() -> Self {
        Self { completed: true, ..Self::NONE }
    }
}

impl Default for ConferenceEvents {
    fn default() -> Self {
        Self::NONE
    }
}
