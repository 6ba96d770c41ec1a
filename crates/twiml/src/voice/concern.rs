//! Which rules of the guide a document touches. A plain fact: who executes the document asks the guard.

use super::verbs::{Connected, DialTarget, Document, Party, Started, Verb};
use super::words::{CallRecording, ConferenceRecording, ConversationRecording, InputType};

/// Something in a document that the guide has a rule about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// A phone number is called: US area codes only.
    Number,
    /// A SIP address is called or a call is sent there: TLS and SRTP.
    Sip,
    /// The call is recorded: the recording needs credentials.
    Recording,
    /// A recording is transcribed by the platform itself.
    Transcription,
    /// The call is transcribed while it goes on.
    LiveTranscription,
    /// Speech of the caller is recognised.
    Speech,
    /// The call's sound goes to a receiver: an agreement with it.
    Stream,
    /// A text message is sent.
    Sms,
    /// A Dialogflow agent: an agreement with its maker too.
    VirtualAgent,
    /// Voice Intelligence: not eligible.
    VoiceIntelligence,
    /// Autopilot: not eligible.
    Autopilot,
    /// A model talks: not eligible.
    ArtificialIntelligence,
    /// A channel other than voice: not eligible.
    WhatsApp,
    /// A payment connector of the marketplace: not eligible.
    Payment,
    /// A service that is on no list: not eligible.
    Unlisted,
}

impl Concern {
    /// The rules, by id; the first is the one a refusal names.
    pub fn rules(self) -> &'static [&'static str] {
        match self {
            Self::Number => &["VOI-GEO-1"],
            Self::Sip => &["VOI-SIPIF-1"],
            Self::Recording => &["VOI-REC-1", "VOI-RECENC-1"],
            Self::Transcription => &["VOI-TRANS-1", "ART-RESTR-VOICE"],
            Self::LiveTranscription => &["ART-RESTR-VOICE", "VOI-TRANS-1"],
            Self::Speech => &["VOI-IVR-1", "VOI-ELIG-1"],
            Self::Stream => &["VOI-STREAM-1", "VOI-STREAM-2"],
            Self::Sms => &["SMS-ELIG-1"],
            Self::VirtualAgent => &["VOI-DIALOG-1"],
            Self::VoiceIntelligence => &["VOI-INTEL-1"],
            Self::Autopilot => &["VOI-AUTOP-1"],
            Self::ArtificialIntelligence => &["AI-GEN-1"],
            Self::WhatsApp => &["CON-NELIST-1"],
            Self::Payment => &["VOI-MKT-1"],
            Self::Unlisted => &["VOI-ELIG-1"],
        }
    }
}

impl Concern {
    /// Whether a document with it is refused for every account: nothing here serves it.
    pub fn is_never_served(self) -> bool {
        match self {
            Self::VirtualAgent
            | Self::VoiceIntelligence
            | Self::Autopilot
            | Self::ArtificialIntelligence
            | Self::WhatsApp
            | Self::Payment
            | Self::Unlisted => true,
            Self::Number
            | Self::Sip
            | Self::Recording
            | Self::Transcription
            | Self::LiveTranscription
            | Self::Speech
            | Self::Stream
            | Self::Sms => false,
        }
    }
}

impl Document {
    /// Every concern of the document, once each, sorted.
    pub fn concerns(&self) -> Vec<Concern> {
        let mut all: Vec<Concern> = self.verbs.iter().flat_map(Verb::concerns).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Verb {
    /// What of this verb the guide has rules about.
    pub fn concerns(&self) -> Vec<Concern> {
        let when = |condition: bool, concern| condition.then_some(concern);
        match self {
            Self::Gather(gather) => {
                when(gather.input != InputType::Dtmf, Concern::Speech).into_iter().collect()
            }
            Self::Record(record) => {
                [Some(Concern::Recording), when(record.transcribe, Concern::Transcription)]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            Self::Dial(dial) => {
                let recorded = dial.record != CallRecording::DoNotRecord;
                let mut all: Vec<Concern> = when(recorded, Concern::Recording).into_iter().collect();
                match &dial.target {
                    DialTarget::Parties(parties) => all.extend(parties.iter().filter_map(Party::concern)),
                    DialTarget::Conference(conference) => {
                        all.extend(when(
                            conference.record == ConferenceRecording::FromStart,
                            Concern::Recording,
                        ));
                    }
                    DialTarget::Queue(_) => {}
                }
                all
            }
            Self::Refer(_) => vec![Concern::Sip],
            Self::Connect(connect) => connect.to.concern().into_iter().collect(),
            Self::Start(start) => start.what.iter().flat_map(Started::concerns).collect(),
            Self::Pay(_) | Self::Prompt(_) => vec![Concern::Payment],
            Self::Sms(_) => vec![Concern::Sms],
            Self::Say(_)
            | Self::Play(_)
            | Self::Pause(_)
            | Self::Enqueue(_)
            | Self::Leave
            | Self::Echo
            | Self::Hangup(_)
            | Self::Reject(_)
            | Self::Redirect(_)
            | Self::Stop(_)
            | Self::Queue(_) => Vec::new(),
        }
    }
}

impl Party {
    /// What of calling it the guide has a rule about.
    pub fn concern(&self) -> Option<Concern> {
        match self {
            Self::Number(_) => Some(Concern::Number),
            Self::Sip(_) => Some(Concern::Sip),
            Self::WhatsApp(_) => Some(Concern::WhatsApp),
            Self::Sim(_) => Some(Concern::Unlisted),
            Self::Client(_) | Self::Application(_) => None,
        }
    }
}

impl Connected {
    /// What of connecting to it the guide has a rule about.
    pub fn concern(&self) -> Option<Concern> {
        match self {
            Self::Stream(_) => Some(Concern::Stream),
            Self::VirtualAgent(_) => Some(Concern::VirtualAgent),
            Self::ConversationRelay(_) | Self::AiSession { .. } | Self::ConversationRelaySession { .. } => {
                Some(Concern::ArtificialIntelligence)
            }
            Self::Autopilot(_) => Some(Concern::Autopilot),
            Self::Conversation(conversation) => {
                (conversation.record != ConversationRecording::DoNotRecord).then_some(Concern::Recording)
            }
            Self::Room { .. } => None,
        }
    }
}

impl Started {
    /// What of starting it the guide has rules about.
    pub fn concerns(&self) -> Vec<Concern> {
        match self {
            Self::Stream(_) | Self::Siprec(_) => vec![Concern::Stream],
            Self::Recording(_) => vec![Concern::Recording],
            Self::Transcription(transcription) if transcription.intelligence_service.is_some() => {
                vec![Concern::VoiceIntelligence, Concern::LiveTranscription]
            }
            Self::Transcription(_) => vec![Concern::LiveTranscription],
        }
    }
}
