//! What a document asks for, one output at a time. What is not built is answered as what failed to the call, never as if
//! it were done; what the guide has a rule about, the guard is asked first.

use std::time::Duration;

use kit::ctx::decide;
use rulebook::guard::{Action, CapabilityFacts, StreamFacts};
use store::StoreError;
use twiml::interpreter::{
    ConferenceEvent, ConnectionEnd, DialedQueueEvent, Input, Media, MediaId, Output, QueueEvent, QueueResult,
    ReferEnd,
};
use twiml::voice::{Concern, Connected, RejectReason, Speech, Started, Style};
use webhooks::WebhookUrl;

use super::legs::NOT_SERVED;
use super::{Driver, Playing, Replay};
use crate::calls::model::Status;
use crate::line::{Order as LineOrder, Rejection, Sound};

/// The language and the voice of what is said when nothing is said about them (Twilio's).
const LANGUAGE: &str = "en-US";
const VOICE: &str = "man";

impl Driver {
    /// Does everything that the document asks for by now; whether the call is over for it.
    pub(super) async fn obey(&mut self) -> Result<bool, StoreError> {
        loop {
            let Some(interpreter) = &mut self.interpreter else { return Ok(true) };
            let Some(output) = interpreter.poll() else { return Ok(false) };
            match output {
                Output::Ended(_) => return Ok(true),
                other => self.carry_out(other).await?,
            }
        }
    }

    async fn carry_out(&mut self, output: Output) -> Result<(), StoreError> {
        match output {
            Output::Answer => {
                self.order(LineOrder::Answer).await;
                self.reached(Status::InProgress).await?;
            }
            Output::Reject(reason) => {
                let (rejection, status) = match reason {
                    RejectReason::Busy => (Rejection::Busy, Status::Busy),
                    RejectReason::Rejected => (Rejection::Declined, Status::NoAnswer),
                };
                self.unanswered = Some(status);
                self.order(LineOrder::Reject(rejection)).await;
            }
            Output::HangUp => self.order(LineOrder::HangUp).await,
            Output::Fetch { fetch, request } => self.fetch(fetch, &request),
            Output::Notify(request) => self.notify(&request).await?,
            Output::Play { media, what, times } => self.play(media, what, times).await,
            Output::StopMedia(media) => {
                self.playing.remove(&media.0);
                self.order(LineOrder::Silence).await;
            }
            Output::Listen(listening) => {
                self.hears_keys = listening.digits;
                if listening.speech.is_some() {
                    self.tell(Input::SpeechFailed { code: NOT_SERVED });
                }
            }
            Output::StartRecording { recording, .. } => {
                self.raise(NOT_SERVED, None).await?;
                self.tell(Input::RecordingEnded { recording, recorded: None });
            }
            Output::Dial { legs, settings } => self.dial(legs, &settings).await?,
            Output::Bridge(leg) => self.bridge(leg).await,
            Output::HangUpLeg(leg) => self.hang_up_leg(leg).await?,
            Output::SetTimer { timer, after } => self.set_timer(timer, after),
            Output::CancelTimer(timer) => self.timers.retain(|_, set| *set != timer),
            Output::Alert(alert) => {
                // Where a rule stands against it, the account is told the rule's number.
                let ruled = match alert.concern {
                    Some(concern) => self.ask_about(concern).await?.err(),
                    None => None,
                };
                self.raise(ruled.unwrap_or(alert.code), alert.url.as_deref()).await?;
            }
            other => self.refuse(other).await?,
        }
        Ok(())
    }

    /// What is not built.
    async fn refuse(&mut self, output: Output) -> Result<(), StoreError> {
        match output {
            Output::JoinConference(_) => {
                self.tell(Input::Conference(ConferenceEvent::Failed { code: NOT_SERVED }));
            }
            Output::Enqueue(_) => {
                self.raise(NOT_SERVED, None).await?;
                self.tell(Input::Queue(QueueEvent::Left {
                    result: QueueResult::Error,
                    queue_sid: None,
                    waited: Duration::ZERO,
                }));
            }
            Output::DialQueue { .. } => self.tell(Input::DialedQueue(DialedQueueEvent::Ended {
                failure: Some(NOT_SERVED),
                duration: Duration::ZERO,
                waited: Duration::ZERO,
                recorded: None,
            })),
            Output::Connect(what) => {
                let allowed = match what.as_ref() {
                    Connected::Stream(stream) => self.may_stream(stream.url.as_deref()),
                    _ => Ok(()),
                };
                let code = allowed.err().unwrap_or(NOT_SERVED);
                let end = ConnectionEnd { failure: Some(code), parameters: Vec::new() };
                self.tell(Input::ConnectionEnded(end));
            }
            Output::Start(what) => {
                let code = self.may_start(&what).err().unwrap_or(NOT_SERVED);
                self.raise(code, None).await?;
            }
            Output::Refer { .. } => {
                self.raise(NOT_SERVED, None).await?;
                self.tell(Input::Referred(ReferEnd { sip_response: None, notified: None }));
            }
            Output::SendSms(_) => {
                self.raise(NOT_SERVED, None).await?;
                self.tell(Input::SmsSent(None));
            }
            Output::Screen { leg, .. } => {
                self.raise(NOT_SERVED, None).await?;
                self.hang_up_leg(leg).await?;
            }
            Output::StartEcho => self.raise(NOT_SERVED, None).await?,
            // They follow what was refused above, or are heard as silence.
            _ => {}
        }
        Ok(())
    }

    async fn play(&mut self, media: MediaId, what: Media, times: u16) {
        let left = times;
        match what {
            Media::Url(url) => {
                let what = Replay::Keys(String::new());
                self.playing.insert(media.0, Playing { media, left, what });
                self.fetch_file(media, url);
            }
            Media::Say(say) => {
                let text = spoken(&say.speech);
                let language = say.language.unwrap_or_else(|| LANGUAGE.to_owned());
                let voice = say.voice.unwrap_or_else(|| VOICE.to_owned());
                self.begin_playing(media, left, Replay::Speech { text, language, voice }).await;
            }
            Media::Digits(keys) => {
                self.begin_playing(media, left, Replay::Keys(keys.to_string())).await;
            }
        }
    }

    async fn begin_playing(&mut self, media: MediaId, left: u16, what: Replay) {
        let sound = what.sound();
        self.playing.insert(media.0, Playing { media, left, what });
        self.order(LineOrder::Play { id: media.0, sound }).await;
    }

    /// A file has come that is to be played, unless it was silenced meanwhile.
    pub(super) async fn play_loaded(&mut self, media: MediaId, what: Replay) {
        if let Some(Playing { left, .. }) = self.playing.remove(&media.0) {
            self.begin_playing(media, left, what).await;
        }
    }

    pub(super) async fn played(&mut self, id: u64) {
        let Some(mut playing) = self.playing.remove(&id) else { return };
        playing.left = playing.left.saturating_sub(1);
        if playing.left == 0 {
            return self.tell(Input::MediaFinished(playing.media));
        }
        let sound: Sound = playing.what.sound();
        self.playing.insert(id, playing);
        self.order(LineOrder::Play { id, sound }).await;
    }

    /// Whether the account may use a system of the rulebook; a code when not.
    fn may_use(&self, system: &str, ai_ml: bool) -> Result<(), u32> {
        let facts = CapabilityFacts { system, ai_ml, declared_phi: false, attested_phi_free: false };
        self.ask(&Action::UseCapability(facts))
    }

    fn ask(&self, action: &Action<'_>) -> Result<(), u32> {
        let decision = decide(&self.account.facts(crate::PRODUCT.service), action);
        decision.map(drop).map_err(|refusal| refusal.code().number)
    }

    /// What the guide says about something in a document; a code when a rule stands against it.
    async fn ask_about(&self, concern: Concern) -> Result<Result<(), u32>, StoreError> {
        Ok(match concern {
            Concern::VirtualAgent => {
                let services = self.switchboard.services();
                let scoped = services.store.scope(self.account.scope());
                let subject = self.account.sid().to_string();
                let neighbours = &self.switchboard.inner.neighbours;
                let attested =
                    neighbours.is_attested(&scoped, "VOI-DIALOG-1", &subject, services.now()).await?;
                self.ask(&Action::UseVirtualAgent { attested })
            }
            Concern::VoiceIntelligence => self.may_use("voice-intelligence", false),
            Concern::Autopilot => self.may_use("autopilot", false),
            Concern::ArtificialIntelligence => self.may_use("programmable-voice", true),
            Concern::WhatsApp => self.may_use("channels-whatsapp", false),
            Concern::Payment => self.may_use("marketplace-add-ons-and-third-party-apis", false),
            Concern::Unlisted => self.may_use("unlisted", false),
            // These are asked about where they are done, or are not built.
            Concern::Number
            | Concern::Sip
            | Concern::Recording
            | Concern::Transcription
            | Concern::LiveTranscription
            | Concern::Speech
            | Concern::Stream
            | Concern::Sms => Ok(()),
        })
    }

    /// What the guide says about something beside the call.
    fn may_start(&self, what: &Started) -> Result<(), u32> {
        match what {
            Started::Stream(stream) => self.may_stream(stream.url.as_deref()),
            // A recorder of somebody else, reached by a connector that no register knows.
            Started::Siprec(_) => self.may_stream(None),
            Started::Transcription(_) => self.may_use("recording-transcription-native", false),
            Started::Recording(_) => self.may_use("call-recordings", false),
        }
    }

    /// Whether media may go there (VOI-STREAM-1, VOI-STREAM-2).
    fn may_stream(&self, url: Option<&str>) -> Result<(), u32> {
        let secure = url.and_then(|url| url.strip_prefix("wss:"));
        // The host of a `wss` URL is written as that of an `https` one.
        let parsed = secure.and_then(|rest| WebhookUrl::parse(&format!("https:{rest}")).ok());
        let host = parsed.as_ref().map(WebhookUrl::host);
        let register = self.account.register.as_ref();
        self.ask(&Action::StreamMedia(StreamFacts {
            scheme_wss: secure.is_some(),
            host_known: host
                .is_some_and(|host| register.is_some_and(|it| it.register.party_of(host).is_some())),
            agreement_in_force: host
                .is_some_and(|host| self.account.is_registered(host, crate::PRODUCT.service)),
        }))
    }
}

/// Speech as plain text: how it is said is the line's, and no line here has a voice that would obey.
fn spoken(speech: &[Speech]) -> String {
    let mut text = String::new();
    for part in speech {
        match part {
            Speech::Text(said) => text.push_str(said),
            Speech::Break(_) => text.push(' '),
            Speech::Styled { style: Style::Substitute(said), .. } => text.push_str(said),
            Speech::Styled { content, .. } => text.push_str(&spoken(content)),
        }
    }
    text
}
