//! Facts about calls: scripts of what happens and what is to be done then.

use std::time::Duration;

use twiml::Method;
use twiml::interpreter::{
    Alert, ConferenceEvent, ConnectionEnd, DialedQueueEvent, Entry, FetchId, Fetched, FinishedSpeech, Input,
    Interpreter, LegEvent, LegId, LegResult, Media, MediaId, Modification, Output, PartialSpeech, Purpose,
    QueueEvent, QueueResult, Recorded, RecordingId, ReferEnd, Request, Role, SentSms, Settings, Target,
    TimerId,
};
use twiml::limits::DOCUMENTS_IN_A_ROW_LIMIT;
use twiml::voice::{Party, Speech};

/// A call whose outputs are read as lines.
struct Call {
    interpreter: Interpreter,
    fetch: Option<FetchId>,
    media: Option<MediaId>,
    timers: Vec<(TimerId, Duration)>,
    recording: Option<RecordingId>,
    legs: Vec<LegId>,
}

fn target(path: &str) -> Target {
    Target { url: format!("https://h.example{path}"), method: Method::Post }
}

impl Call {
    fn with(settings: Settings) -> Self {
        Self {
            interpreter: Interpreter::new(settings),
            fetch: None,
            media: None,
            timers: Vec::new(),
            recording: None,
            legs: Vec::new(),
        }
    }

    /// A call that comes in, whose first document is at `/voice`.
    fn incoming() -> Self {
        let entry = Entry::Url(target("/voice"));
        Self::with(Settings { entry, fallback: None, answered: false, role: Role::Call })
    }

    /// The same, with the document answered and the call taken.
    fn running(document: &str) -> Self {
        let mut call = Self::incoming();
        call.expect(&["fetch POST /voice Voice"]);
        call.serve(document);
        call
    }

    fn expect(&mut self, lines: &[&str]) {
        let found = self.lines();
        assert_eq!(found, lines);
    }

    fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(output) = self.interpreter.poll() {
            lines.push(self.line(output));
        }
        lines
    }

    fn line(&mut self, output: Output) -> String {
        match output {
            Output::Fetch { fetch, request } => {
                self.fetch = Some(fetch);
                format!("fetch {}", asked(&request))
            }
            Output::Notify(request) => format!("notify {}", asked(&request)),
            Output::Play { media, what, times } => {
                self.media = Some(media);
                let what = match what {
                    Media::Say(say) => match &say.speech[..] {
                        [Speech::Text(text)] => format!("say {text}"),
                        _ => "say something".to_owned(),
                    },
                    Media::Url(url) => format!("play {}", short(&url)),
                    Media::Digits(digits) => format!("keys {digits}"),
                };
                if times == 1 { what } else { format!("{what} x{times}") }
            }
            Output::SetTimer { timer, after } => {
                self.timers.push((timer, after));
                format!("timer {}", after.as_secs())
            }
            Output::CancelTimer(timer) => {
                let place =
                    self.timers.iter().position(|(set, _)| *set == timer).expect("a timer that was set");
                format!("cancel {}", self.timers.remove(place).1.as_secs())
            }
            Output::Listen(listening) => {
                format!(
                    "listen{}{}",
                    if listening.digits { " keys" } else { "" },
                    match &listening.speech {
                        Some(speech) => format!(" speech {}", speech.language),
                        None => String::new(),
                    }
                )
            }
            Output::StartRecording { recording, .. } => {
                self.recording = Some(recording);
                "record".to_owned()
            }
            Output::Dial { legs, .. } => {
                let whom = legs.iter().map(|(_, party)| match party {
                    Party::Number(number) => number.number.clone(),
                    Party::Client(client) => client.identity.clone(),
                    Party::Sip(sip) => sip.targets[0].uri.clone(),
                    _ => "another".to_owned(),
                });
                let line = format!("dial {}", whom.collect::<Vec<_>>().join(" "));
                self.legs.extend(legs.iter().map(|(leg, _)| *leg));
                line
            }
            Output::Screen { leg, target } => format!("screen {} {}", self.leg_of(leg), short(&target.url)),
            Output::Bridge(leg) => format!("bridge {}", self.leg_of(leg)),
            Output::HangUpLeg(leg) => format!("end leg {}", self.leg_of(leg)),
            Output::Alert(Alert { code, url, concern, .. }) => {
                let rule = concern.map(|concern| format!(" {}", concern.rules()[0])).unwrap_or_default();
                format!("alert {code} {}{rule}", short(&url.unwrap_or_default()))
            }
            Output::Refer { uri } => format!("refer {uri}"),
            Output::Ended(end) => format!("ended {end:?}"),
            other => other.name().to_owned(),
        }
    }

    fn leg_of(&self, leg: LegId) -> usize {
        self.legs.iter().position(|known| *known == leg).expect("a leg that was called")
    }

    fn serve(&mut self, inside: &str) {
        let document = format!("<Response>{inside}</Response>").into_bytes();
        self.fetched(Fetched::Twiml(document));
    }

    fn fetched(&mut self, document: Fetched) {
        let fetch = self.fetch.take().expect("something was asked for");
        self.interpreter.handle(Input::Fetched { fetch, document });
    }

    fn fail(&mut self, code: u32) {
        let fetch = self.fetch.take().expect("something was asked for");
        self.interpreter.handle(Input::FetchFailed { fetch, code });
    }

    fn played(&mut self) {
        let media = self.media.take().expect("something is played");
        self.interpreter.handle(Input::MediaFinished(media));
    }

    /// The last timer that was set and is not cancelled is due.
    fn wait(&mut self) {
        let (timer, _) = self.timers.pop().expect("a timer");
        self.interpreter.handle(Input::Timer(timer));
    }

    fn press(&mut self, keys: &str) {
        keys.chars().for_each(|key| self.interpreter.handle(Input::Digit(key)));
    }

    fn recorded(&mut self, seconds: Option<u64>) {
        let recording = self.recording.take().expect("a recording");
        self.interpreter.handle(Input::RecordingEnded { recording, recorded: seconds.map(recording_of) });
    }

    fn leg(&mut self, leg: usize, event: LegEvent) {
        self.interpreter.handle(Input::Leg { leg: self.legs[leg], event });
    }

    fn started(&mut self, leg: usize) {
        self.leg(leg, LegEvent::Started { call_sid: format!("CA{leg}") });
    }

    fn leg_ended(&mut self, leg: usize, result: LegResult, seconds: u64) {
        self.leg(leg, LegEvent::Ended { result, duration: Duration::from_secs(seconds), recorded: None });
    }

    fn hang_up(&mut self) {
        self.interpreter.handle(Input::HungUp);
    }
}

fn recording_of(seconds: u64) -> Recorded {
    Recorded {
        sid: "RE1".into(),
        url: "https://api.example/RE1".into(),
        duration: Duration::from_secs(seconds),
    }
}

fn short(url: &str) -> String {
    url.strip_prefix("https://h.example").unwrap_or(url).to_owned()
}

fn asked(request: &Request) -> String {
    let method = match request.target.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let purpose = match request.purpose {
        Purpose::Action(verb) => format!("after {verb}"),
        Purpose::Farewell(verb) => format!("farewell {verb}"),
        other => format!("{other:?}"),
    };
    let parameters: Vec<String> =
        request.parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{method} {} {purpose}{}", short(&request.target.url), parameters.concat())
}

#[test]
fn says_and_hangs_up() {
    let mut call =
        Call::running("<Say>Hello</Say><Play loop='2'>/a.mp3</Play><Pause length='3'/><Play digits='1w'/>");
    call.expect(&["answer", "say Hello"]);
    call.played();
    call.expect(&["play /a.mp3 x2"]);
    call.played();
    call.expect(&["timer 3"]);
    call.wait();
    call.expect(&["keys 1w"]);
    call.played();
    call.expect(&["hang up", "ended HungUp"]);
    call.press("1");
    call.hang_up();
    call.expect(&[]);
}

#[test]
fn an_empty_document_answers_and_hangs_up() {
    Call::running("").expect(&["answer", "hang up", "ended HungUp"]);
    Call::running("<Hangup/><Say>never</Say>").expect(&["answer", "hang up", "ended HungUp"]);
}

#[test]
fn rejects_only_what_is_not_answered() {
    Call::running("<Reject reason='busy'/><Say>never</Say>").expect(&["reject", "ended Rejected"]);
    let mut call = Call::running("<Pause/><Reject/>");
    call.expect(&["timer 1"]);
    call.wait();
    call.expect(&["reject", "ended Rejected"]);
    let mut call = Call::running("<Say>a</Say><Reject/>");
    call.expect(&["answer", "say a"]);
    call.played();
    call.expect(&["hang up", "ended HungUp"]);
}

#[test]
fn a_menu_gathers_keys_and_goes_on_at_its_action() {
    let mut call = Call::running(
        "<Gather numDigits='1' action='menu?x=1' method='GET'><Say>Press one</Say><Pause/><Say>Again</Say></Gather>\
         <Say>Nothing came</Say>",
    );
    call.expect(&["answer", "listen keys", "say Press one"]);
    call.played();
    call.expect(&["timer 1"]);
    call.press("3");
    call.expect(&["cancel 1", "listen", "fetch GET /menu?x=1 after Gather Digits=3"]);
    call.serve("<Gather finishOnKey='*'><Play>/pin.wav</Play></Gather><Say>Nothing came</Say>");
    call.expect(&["listen keys", "play /pin.wav"]);
    call.press("12");
    call.expect(&["stop media", "timer 5", "cancel 5", "timer 5"]);
    call.press("*");
    // Without an action it is the document itself, by POST.
    call.expect(&["cancel 5", "listen", "fetch POST /menu?x=1 after Gather Digits=12"]);
}

#[test]
fn a_gather_without_input_goes_on_with_the_next_verb() {
    let mut call = Call::running("<Gather timeout='3'><Say>Key?</Say></Gather><Say>Bye</Say>");
    call.expect(&["answer", "listen keys", "say Key?"]);
    call.played();
    call.expect(&["timer 3"]);
    call.wait();
    call.expect(&["listen", "say Bye"]);
    let mut call = Call::running("<Gather actionOnEmptyResult='true' action='/e'/><Say>never</Say>");
    call.expect(&["answer", "listen keys", "timer 5"]);
    call.press("#");
    call.expect(&["cancel 5", "listen", "fetch POST /e after Gather Digits="]);
}

#[test]
fn a_timeout_sends_the_keys_so_far() {
    let mut call = Call::running("<Gather numDigits='4' action='/e'/>");
    call.expect(&["answer", "listen keys", "timer 5"]);
    call.press("12");
    call.expect(&["cancel 5", "timer 5", "cancel 5", "timer 5"]);
    call.wait();
    call.expect(&["listen", "fetch POST /e after Gather Digits=12"]);
}

#[test]
fn without_barge_in_keys_count_once_everything_was_played() {
    let mut call = Call::running("<Gather bargeIn='false' numDigits='1'><Say>Listen</Say></Gather>");
    call.expect(&["answer", "say Listen"]);
    call.press("1");
    call.expect(&[]);
    call.played();
    call.expect(&["listen keys", "timer 5"]);
    call.press("2");
    call.expect(&["cancel 5", "listen", "fetch POST /voice after Gather Digits=2"]);
}

#[test]
fn speech_is_recognised_with_partial_results() {
    let mut call = Call::running(
        "<Gather input='dtmf speech' action='/s' partialResultCallback='/p' language='es-MX'><Say>Why?</Say></Gather>",
    );
    call.expect(&["answer", "listen keys speech es-MX", "say Why?"]);
    let partial = PartialSpeech { stable: "my".into(), unstable: "knee".into(), stability: 0.5 };
    call.interpreter.handle(Input::SpeechPartial(partial));
    call.expect(&[
        "stop media",
        "timer 70",
        "notify POST /p PartialResult SequenceNumber=0 StableSpeechResult=my UnstableSpeechResult=knee Stability=0.5",
    ]);
    let finished = FinishedSpeech { text: "my knee".into(), confidence: 0.75 };
    call.interpreter.handle(Input::SpeechFinished(finished));
    call.expect(&["cancel 70", "listen", "fetch POST /s after Gather SpeechResult=my knee Confidence=0.75"]);
}

#[test]
fn a_key_wins_over_speech() {
    let mut call = Call::running("<Gather input='dtmf speech' action='/s' numDigits='2'/>");
    call.expect(&["answer", "listen keys speech en-US", "timer 5"]);
    call.interpreter.handle(Input::SpeechStarted);
    call.expect(&["cancel 5", "timer 70"]);
    call.press("1");
    call.expect(&["cancel 70", "listen keys", "timer 5"]);
    call.interpreter.handle(Input::SpeechFinished(FinishedSpeech { text: "one".into(), confidence: 1.0 }));
    call.expect(&[]);
    call.press("2");
    call.expect(&["cancel 5", "listen", "fetch POST /s after Gather Digits=12"]);
}

#[test]
fn keys_are_taken_when_speech_fails() {
    let mut call = Call::running("<Gather input='dtmf speech' action='/s'/>");
    call.expect(&["answer", "listen keys speech en-US", "timer 5"]);
    call.interpreter.handle(Input::SpeechFailed { code: 13340 });
    call.expect(&["alert 13340 ", "listen keys"]);
    call.press("1#");
    call.expect(&["cancel 5", "timer 5", "cancel 5", "listen", "fetch POST /s after Gather Digits=1"]);
}

#[test]
fn voicemail_ends_by_key_by_length_and_by_hanging_up() {
    let document = "<Record action='/done' maxLength='60'/><Say>I heard nothing</Say>";
    let mut call = Call::running(document);
    call.expect(&["answer", "record", "listen keys", "timer 60"]);
    call.press("#5");
    call.expect(&["stop recording"]);
    call.recorded(Some(12));
    call.expect(&[
        "cancel 60",
        "listen",
        "fetch POST /done after Record RecordingUrl=https://api.example/RE1 RecordingSid=RE1 RecordingDuration=12 Digits=#",
    ]);

    let mut call = Call::running(document);
    call.lines();
    call.wait();
    call.expect(&["stop recording"]);
    call.recorded(Some(60));
    call.expect(&[
        "listen",
        "fetch POST /done after Record RecordingUrl=https://api.example/RE1 RecordingSid=RE1 RecordingDuration=60",
    ]);

    let mut call = Call::running(document);
    call.lines();
    call.hang_up();
    call.expect(&["stop recording", "listen", "timer 30"]);
    call.recorded(Some(3));
    call.expect(&[
        "cancel 60",
        "notify POST /done farewell Record RecordingUrl=https://api.example/RE1 RecordingSid=RE1 RecordingDuration=3 Digits=hangup",
        "ended HungUpByCaller",
    ]);
}

#[test]
fn an_empty_recording_goes_on_with_the_next_verb() {
    let mut call = Call::running("<Record finishOnKey=''/><Say>I heard nothing</Say>");
    call.expect(&["answer", "record", "timer 3600"]);
    call.press("#");
    call.expect(&[]);
    call.recorded(None);
    call.expect(&["cancel 3600", "say I heard nothing"]);
}

#[test]
fn the_first_to_answer_gets_the_call() {
    let mut call = Call::running(
        "<Dial action='/done' timeout='20' timeLimit='600'><Number>+14155552671</Number><Client>ana</Client></Dial><Say>never</Say>",
    );
    call.expect(&["answer", "dial +14155552671 ana", "timer 20"]);
    call.started(0);
    call.started(1);
    call.leg(0, LegEvent::Ringing);
    call.leg(1, LegEvent::Answered);
    call.expect(&["bridge 1", "end leg 0", "cancel 20", "timer 600"]);
    call.leg_ended(0, LegResult::Canceled, 0);
    call.expect(&[]);
    call.leg_ended(1, LegResult::Completed, 95);
    call.expect(&[
        "cancel 600",
        "fetch POST /done after Dial DialCallStatus=completed DialCallSid=CA1 DialCallDuration=95 DialBridged=true",
    ]);
}

#[test]
fn a_sequential_dial_fails_over() {
    let mut call = Call::running(
        "<Dial action='/done' sequential='true' timeout='20'><Number>1</Number><Number>2</Number><Number>3</Number></Dial>",
    );
    call.expect(&["answer", "dial 1", "timer 20"]);
    call.leg_ended(0, LegResult::Busy, 0);
    call.expect(&["cancel 20", "dial 2", "timer 20"]);
    call.started(1);
    call.wait();
    call.expect(&["end leg 1"]);
    call.leg_ended(1, LegResult::Canceled, 0);
    call.expect(&["dial 3", "timer 20"]);
    call.started(2);
    call.leg_ended(2, LegResult::Failed { code: Some(13224) }, 0);
    call.expect(&[
        "alert 13224 /voice",
        "cancel 20",
        "fetch POST /done after Dial DialCallStatus=failed DialCallSid=CA2 DialBridged=false",
    ]);
}

/// A leg that rang says more than one that was busy, and that more than one out of service.
#[test]
fn the_result_of_a_dial_is_the_most_telling_one() {
    let failed = LegResult::Failed { code: None };
    for (results, expected) in [
        ([LegResult::NoAnswer, LegResult::Busy], "no-answer DialCallSid=CA0"),
        ([failed, LegResult::Busy], "busy DialCallSid=CA1"),
        ([LegResult::Canceled, failed], "canceled DialCallSid=CA0"),
        ([failed, failed], "failed DialCallSid=CA1"),
    ] {
        let mut call = Call::running("<Dial action='/done'><Number>1</Number><Number>2</Number></Dial>");
        call.lines();
        for (leg, result) in results.into_iter().enumerate() {
            call.started(leg);
            call.leg_ended(leg, result, 0);
        }
        let told = format!("fetch POST /done after Dial DialCallStatus={expected} DialBridged=false");
        call.expect(&["cancel 30", &told]);
    }
}

#[test]
fn without_an_action_the_next_verb_follows_a_dial() {
    let mut call = Call::running("<Dial>1</Dial><Say>Nobody there</Say>");
    call.expect(&["answer", "dial 1", "timer 30"]);
    call.wait();
    call.expect(&["end leg 0"]);
    call.leg_ended(0, LegResult::NoAnswer, 0);
    call.expect(&["say Nobody there"]);
}

#[test]
fn a_call_can_be_answered_when_the_other_side_answers() {
    let mut call = Call::running("<Dial answerOnBridge='true' hangupOnStar='true' action='/done'>1</Dial>");
    call.expect(&["dial 1", "timer 30"]);
    call.leg(0, LegEvent::Answered);
    call.expect(&["answer", "bridge 0", "cancel 30", "timer 14400", "listen keys"]);
    call.press("1*");
    call.expect(&["end leg 0"]);
    call.leg_ended(0, LegResult::Completed, 5);
    call.expect(&[
        "cancel 14400",
        "listen",
        "fetch POST /done after Dial DialCallStatus=completed DialCallDuration=5 DialBridged=true",
    ]);
}

#[test]
fn a_called_party_is_screened_before_it_is_connected() {
    let mut call = Call::running(
        "<Dial action='/done'><Number url='/who'>1</Number><Number url='who2'>2</Number><Number>3</Number></Dial>",
    );
    call.expect(&["answer", "dial 1 2 3", "timer 30"]);
    call.leg(0, LegEvent::Answered);
    call.leg(1, LegEvent::Answered);
    call.expect(&["screen 0 /who", "screen 1 /who2"]);
    call.wait();
    call.expect(&["end leg 2"]);
    call.leg(0, LegEvent::Screened { accepted: false });
    call.expect(&["end leg 0"]);
    call.leg_ended(0, LegResult::Completed, 9);
    call.leg_ended(2, LegResult::NoAnswer, 0);
    call.expect(&[]);
    call.leg(1, LegEvent::Screened { accepted: true });
    call.expect(&["bridge 1", "timer 14400"]);

    let mut call = Call::running("<Dial action='/done'><Number url='/who'>1</Number></Dial>");
    call.lines();
    call.started(0);
    call.leg(0, LegEvent::Answered);
    call.leg(0, LegEvent::Screened { accepted: false });
    call.leg_ended(0, LegResult::Completed, 9);
    call.expect(&[
        "screen 0 /who",
        "end leg 0",
        "cancel 30",
        "fetch POST /done after Dial DialCallStatus=completed DialCallSid=CA0 DialBridged=false",
    ]);
}

#[test]
fn a_screening_document_passes_or_hangs_up() {
    let screening = |document: &str| {
        let entry = Entry::Url(target("/who"));
        let mut call = Call::with(Settings { entry, fallback: None, answered: true, role: Role::Screening });
        call.expect(&["fetch POST /who Voice"]);
        call.serve(document);
        call
    };
    let mut call = screening("<Say>A patient</Say>");
    call.expect(&["say A patient"]);
    call.played();
    call.expect(&["ended Passed"]);
    screening("<Hangup/>").expect(&["hang up", "ended HungUp"]);
    screening("<Dial>1</Dial>").expect(&["alert 13201 /who", "hang up", "ended ApplicationError"]);
    screening("<Enqueue>a</Enqueue>").expect(&["alert 12200 /who", "hang up", "ended ApplicationError"]);
}

#[test]
fn who_hangs_up_during_a_dial_ends_it_and_the_action_is_told() {
    let mut call = Call::running("<Dial action='/done'>1</Dial>");
    call.lines();
    call.started(0);
    call.leg(0, LegEvent::Answered);
    call.lines();
    call.hang_up();
    call.expect(&["end leg 0", "timer 30"]);
    call.leg_ended(0, LegResult::Completed, 7);
    call.expect(&[
        "cancel 14400",
        "notify POST /done farewell Dial DialCallStatus=completed DialCallSid=CA0 DialCallDuration=7 DialBridged=true",
        "ended HungUpByCaller",
    ]);

    // The facts do not come: the action is told what is known.
    let mut call = Call::running("<Dial action='/done'>1</Dial>");
    call.lines();
    call.hang_up();
    call.expect(&["end leg 0", "timer 30"]);
    call.wait();
    call.expect(&[
        "notify POST /done farewell Dial DialCallStatus=no-answer DialBridged=false",
        "ended HungUpByCaller",
    ]);

    let mut call = Call::running("<Dial>1</Dial>");
    call.lines();
    call.hang_up();
    call.expect(&["end leg 0", "cancel 30", "ended HungUpByCaller"]);
}

#[test]
fn a_conference_waits_with_a_document_and_starts() {
    let mut call = Call::running(
        "<Dial action='/done' hangupOnStar='true'><Conference waitUrl='/wait' waitMethod='GET'>Visit</Conference></Dial>",
    );
    call.expect(&["answer", "timer 14400", "listen keys", "join conference"]);
    call.interpreter.handle(Input::Conference(ConferenceEvent::Joined { waiting: true }));
    call.expect(&["fetch GET /wait ConferenceWait"]);
    call.serve("<Say>Please wait</Say>");
    call.expect(&["say Please wait"]);
    call.played();
    call.expect(&["fetch GET /wait ConferenceWait"]);
    call.serve("<Say>Please wait</Say>");
    call.expect(&["say Please wait"]);
    call.interpreter.handle(Input::Conference(ConferenceEvent::Started));
    call.expect(&["stop media"]);
    call.interpreter.handle(Input::Conference(ConferenceEvent::Waiting));
    call.expect(&["fetch GET /wait ConferenceWait"]);
    call.serve("<Gather/>");
    call.expect(&["alert 13238 /wait", "start hold music"]);
    call.press("*");
    call.expect(&["leave conference"]);
    call.interpreter.handle(Input::Conference(ConferenceEvent::Ended));
    call.expect(&[
        "stop hold music",
        "cancel 14400",
        "listen",
        "fetch POST /done after Dial DialCallStatus=answered",
    ]);
}

#[test]
fn a_full_conference_fails_the_dial() {
    let mut call = Call::running("<Dial><Conference waitUrl=''>Visit</Conference></Dial><Say>Full</Say>");
    call.expect(&["answer", "timer 14400", "join conference"]);
    call.interpreter.handle(Input::Conference(ConferenceEvent::Failed { code: 16020 }));
    call.expect(&["alert 16020 /voice", "cancel 14400", "say Full"]);
}

#[test]
fn a_queue_waits_whispers_and_reports() {
    let mut call = Call::running("<Enqueue waitUrl='wait' action='/done'>support</Enqueue><Say>never</Say>");
    call.expect(&["answer", "enqueue"]);
    call.interpreter.handle(Input::Queue(QueueEvent::Entered));
    call.expect(&["fetch POST /wait QueueWait"]);
    call.serve("<Gather numDigits='1' action='/keys'><Play>/music.mp3</Play></Gather>");
    call.expect(&["listen keys", "play /music.mp3"]);
    let whisper = Some((target("/whisper"), vec![("QueueTime", "9".to_owned())]));
    call.interpreter.handle(Input::Queue(QueueEvent::Dequeued { whisper }));
    call.expect(&["stop media", "listen", "fetch POST /whisper QueueWhisper QueueTime=9"]);
    call.serve("<Say>This call is recorded</Say>");
    call.expect(&["say This call is recorded"]);
    call.played();
    call.expect(&["join dequeuer"]);
    call.interpreter.handle(Input::Queue(left(QueueResult::Bridged)));
    call.expect(&["fetch POST /done after Enqueue QueueResult=bridged QueueSid=QU1 QueueTime=9"]);
}

fn left(result: QueueResult) -> QueueEvent {
    QueueEvent::Left { result, queue_sid: Some("QU1".into()), waited: Duration::from_secs(9) }
}

#[test]
fn leave_goes_on_after_the_queue() {
    let mut call = Call::running("<Enqueue waitUrl='/wait'>support</Enqueue><Say>Closed</Say>");
    call.lines();
    call.interpreter.handle(Input::Queue(QueueEvent::Entered));
    call.lines();
    call.serve("<Leave/>");
    call.expect(&["leave queue"]);
    call.interpreter.handle(Input::Queue(left(QueueResult::Leave)));
    call.expect(&["say Closed"]);
}

#[test]
fn a_full_queue_and_a_caller_who_hangs_up_are_reported() {
    let mut call = Call::running("<Enqueue action='/done'>support</Enqueue>");
    call.lines();
    call.interpreter.handle(Input::Queue(left(QueueResult::QueueFull)));
    call.expect(&[
        "alert 14207 /voice",
        "fetch POST /done after Enqueue QueueResult=queue-full QueueSid=QU1 QueueTime=9",
    ]);
    let mut call = Call::running("<Enqueue action='/done'>support</Enqueue>");
    call.lines();
    call.interpreter.handle(Input::Queue(QueueEvent::Entered));
    call.expect(&["start hold music"]);
    call.hang_up();
    call.expect(&["stop hold music", "leave queue", "timer 30"]);
    call.interpreter.handle(Input::Queue(left(QueueResult::Hangup)));
    call.expect(&[
        "notify POST /done farewell Enqueue QueueResult=hangup QueueSid=QU1 QueueTime=9",
        "ended HungUpByCaller",
    ]);
}

#[test]
fn an_agent_dials_a_queue() {
    let mut call = Call::running("<Dial action='/done' timeout='60'><Queue>support</Queue></Dial>");
    call.expect(&["answer", "timer 60", "dial queue"]);
    call.interpreter.handle(Input::DialedQueue(DialedQueueEvent::Bridged { call_sid: "CA9".into() }));
    call.expect(&["cancel 60", "timer 14400"]);
    call.interpreter.handle(Input::DialedQueue(DialedQueueEvent::Ended {
        failure: None,
        duration: Duration::from_secs(30),
        waited: Duration::from_secs(9),
        recorded: None,
    }));
    call.expect(&[
        "cancel 14400",
        "fetch POST /done after Dial DialCallStatus=completed DialCallSid=CA9 DialCallDuration=30 DequeuedCallSid=CA9 \
         DequeuedCallQueueTime=9 DequeuedCallDuration=30",
    ]);
    let mut call = Call::running("<Queue>support</Queue><Say>Nobody waits</Say>");
    call.expect(&["answer", "timer 30", "dial queue"]);
    call.wait();
    call.expect(&["leave dialed queue"]);
}

#[test]
fn redirects_lead_on_and_loops_end() {
    let mut call = Call::running("<Redirect method='GET'>other?b=c</Redirect><Say>never</Say>");
    for _ in 1..DOCUMENTS_IN_A_ROW_LIMIT {
        call.expect(&["fetch GET /other?b=c Redirect"]);
        call.serve("<Redirect method='GET'/>");
    }
    call.expect(&["fetch GET /other?b=c Redirect"]);
    call.serve("<Redirect method='GET'/>");
    call.expect(&["alert 11215 /other?b=c", "hang up", "ended ApplicationError"]);
}

#[test]
fn what_passes_time_is_no_loop() {
    let mut call = Call::running("<Pause/><Redirect/>");
    for _ in 0..2 * DOCUMENTS_IN_A_ROW_LIMIT {
        call.expect(&["timer 1"]);
        call.wait();
        call.expect(&["fetch POST /voice Redirect"]);
        call.serve("<Pause/><Redirect/>");
    }
}

/// A wait that is an empty loop goes on with hold music instead, and the caller stays in the queue.
#[test]
fn an_empty_wait_becomes_hold_music() {
    let mut call = Call::running("<Enqueue waitUrl='/wait'>support</Enqueue>");
    call.lines();
    call.interpreter.handle(Input::Queue(QueueEvent::Entered));
    let mut lines = call.lines();
    for _ in 0..DOCUMENTS_IN_A_ROW_LIMIT {
        if call.fetch.is_none() {
            break;
        }
        call.serve("");
        lines = call.lines();
    }
    assert_eq!(lines, ["alert 11215 /wait", "start hold music"]);
    assert!(!call.interpreter.is_ended());
}

#[test]
fn the_fallback_is_asked_once_with_code_and_url() {
    let fallback = Some(target("/fallback"));
    let entry = Entry::Url(Target { url: "https://u:p@h.example/voice".into(), method: Method::Get });
    let mut call = Call::with(Settings { entry, fallback, answered: true, role: Role::Call });
    call.lines();
    call.fail(11200);
    call.expect(&[
        "alert 11200 /voice",
        "fetch POST /fallback Fallback ErrorCode=11200 ErrorUrl=https://h.example/voice",
    ]);
    call.serve("<Foo/>");
    call.expect(&["alert 12200 /fallback", "hang up", "ended ApplicationError"]);
}

#[test]
fn later_documents_that_fail_have_the_fallback_too() {
    let fallback = Some(target("/fallback"));
    let mut call = Call::with(Settings {
        entry: Entry::Url(target("/voice")),
        fallback,
        answered: true,
        role: Role::Call,
    });
    call.lines();
    call.serve("<Redirect>/gone</Redirect>");
    call.lines();
    call.fail(11200);
    call.expect(&[
        "alert 11200 /gone",
        "fetch POST /fallback Fallback ErrorCode=11200 ErrorUrl=https://h.example/gone",
    ]);
    call.serve("<Say>Sorry</Say>");
    call.expect(&["say Sorry"]);
}

#[test]
fn sounds_and_plain_text_are_documents_too() {
    let mut call = Call::incoming();
    call.lines();
    call.fetched(Fetched::Audio);
    call.expect(&["answer", "play /voice"]);
    let mut call = Call::incoming();
    call.lines();
    call.fetched(Fetched::Text(" Good\n morning ".into()));
    call.expect(&["answer", "say Good morning"]);
}

#[test]
fn a_medium_that_fails_is_an_alert_and_the_call_goes_on() {
    let mut call = Call::running("<Play>/gone.mp3</Play><Say>On</Say>");
    call.lines();
    let media = call.media.expect("a medium");
    call.interpreter.handle(Input::MediaFailed { media, code: 13420 });
    call.expect(&["alert 13420 /voice", "say On"]);
}

#[test]
fn a_document_given_inline_needs_absolute_urls() {
    let inline = |document: &str| {
        let entry = Entry::Twiml(format!("<Response>{document}</Response>").into_bytes());
        Call::with(Settings { entry, fallback: None, answered: true, role: Role::Call })
    };
    inline("<Say>Hi</Say>").expect(&["say Hi"]);
    inline("<Redirect>/a</Redirect>").expect(&["alert 11100 ", "hang up", "ended ApplicationError"]);
    let mut call = inline("<Gather numDigits='1'/>");
    call.expect(&["listen keys", "timer 5"]);
    call.press("1");
    call.expect(&["cancel 5", "listen", "listen keys", "timer 5"]);
}

#[test]
fn the_api_can_change_and_end_a_call() {
    let mut call = Call::running("<Dial action='/done'>1</Dial>");
    call.lines();
    let to = |path| Modification::Url { target: target(path), fallback: None };
    call.interpreter.handle(Input::Modified(to("/new")));
    call.expect(&["end leg 0", "cancel 30", "fetch POST /new Voice"]);
    call.leg_ended(0, LegResult::Canceled, 0);
    call.serve("<Enqueue action='/done'>support</Enqueue>");
    call.expect(&["enqueue"]);
    call.interpreter.handle(Input::Queue(QueueEvent::Entered));
    call.expect(&["start hold music"]);
    call.interpreter
        .handle(Input::Modified(Modification::Twiml(b"<Response><Say>Hi</Say></Response>".to_vec())));
    call.expect(&["stop hold music", "leave queue", "say Hi"]);
    call.interpreter.handle(Input::Queue(left(QueueResult::Redirected)));
    call.expect(&["notify POST /done farewell Enqueue QueueResult=redirected QueueSid=QU1 QueueTime=9"]);
    call.interpreter.handle(Input::Modified(Modification::Ended));
    call.expect(&["hang up", "stop media", "ended Canceled"]);
}

#[test]
fn the_rest_of_the_verbs() {
    let mut call = Call::running(
        "<Start><Stream url='wss://s.example/a' name='a'/></Start><Stop><Stream name='a'/></Stop>\
         <Sms action='/sms'>Hi</Sms>",
    );
    call.expect(&["answer", "start", "stop", "send sms"]);
    call.interpreter.handle(Input::SmsSent(Some(SentSms { sid: "SM1".into(), status: "queued" })));
    call.expect(&["fetch POST /sms after Sms SmsSid=SM1 SmsStatus=queued"]);
    call.serve("<Refer action='/r'><Sip>sip:a@example.org</Sip></Refer>");
    call.expect(&["refer sip:a@example.org"]);
    call.interpreter.handle(Input::Referred(ReferEnd { sip_response: Some(202), notified: Some(486) }));
    call.expect(&[
        "fetch POST /r after Refer ReferCallStatus=busy ReferSipResponseCode=202 NotifySipResponseCode=486",
    ]);
    call.serve("<Connect><Stream url='wss://s.example/a'/></Connect><Leave/><Echo/>");
    call.expect(&["connect"]);
    call.interpreter
        .handle(Input::ConnectionEnded(ConnectionEnd { failure: Some(31920), parameters: Vec::new() }));
    call.expect(&["alert 31920 /r", "alert 12200 /r", "start echo"]);
    call.hang_up();
    call.expect(&["stop echo", "ended HungUpByCaller"]);
}

#[test]
fn what_is_never_served_fails_the_document_and_names_its_rule() {
    for (document, rule) in [
        ("<Pay/>", "VOI-MKT-1"),
        ("<Connect><Autopilot>a</Autopilot></Connect>", "VOI-AUTOP-1"),
        ("<Connect><VirtualAgent connectorName='a'/></Connect>", "VOI-DIALOG-1"),
        ("<Connect><ConversationRelay url='wss://a.example'/></Connect>", "AI-GEN-1"),
        ("<Dial><Client>a</Client><WhatsApp>1</WhatsApp></Dial>", "CON-NELIST-1"),
        ("<Start><Transcription intelligenceService='GA1'/></Start>", "VOI-INTEL-1"),
    ] {
        let alert = format!("alert 13750 /voice {rule}");
        Call::running(document).expect(&[&alert, "hang up", "ended ApplicationError"]);
    }
}

#[test]
fn ids_that_are_over_have_no_effect() {
    let mut call = Call::running("<Say>a</Say><Say>b</Say>");
    call.lines();
    let media = call.media.expect("a medium");
    call.played();
    call.lines();
    call.interpreter.handle(Input::MediaFinished(media));
    call.interpreter.handle(Input::Timer(TimerId(999)));
    call.interpreter.handle(Input::Fetched { fetch: FetchId(1), document: Fetched::Audio });
    call.interpreter.handle(Input::Conference(ConferenceEvent::Ended));
    call.expect(&[]);
    assert!(!call.interpreter.is_ended());
}
