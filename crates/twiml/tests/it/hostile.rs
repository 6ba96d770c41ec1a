//! No sequence of inputs panics, goes on by itself, or brings anything out after the end.

use std::time::Duration;

use proptest::prelude::*;
use twiml::Method;
use twiml::interpreter::{
    ConferenceEvent, ConnectionEnd, DialedQueueEvent, Entry, FetchId, Fetched, FinishedSpeech, Input,
    Interpreter, LegEvent, LegId, LegResult, MediaId, Modification, Output, PartialSpeech, QueueEvent,
    QueueResult, Recorded, RecordingId, ReferEnd, Role, Settings, Target, TimerId,
};

/// What one input may bring out at most: a document's hundred verbs without a wait, each with its one or two outputs.
const OUTPUTS_LIMIT: usize = 400;

/// Documents in which everything is.
const DOCUMENTS: &[&str] = &[
    "",
    "<Say>a</Say>",
    "<Pause/><Redirect/>",
    "<Redirect>/b</Redirect>",
    "<Gather input='dtmf speech' numDigits='2' partialResultCallback='/p'><Say>a</Say><Pause/><Play>/b</Play></Gather><Say>b</Say>",
    "<Gather bargeIn='false' actionOnEmptyResult='true' timeout='0'><Say>a</Say></Gather>",
    "<Record maxLength='5'/><Say>b</Say>",
    "<Dial action='/d' hangupOnStar='true'><Number url='/w'>1</Number><Client>a</Client></Dial>",
    "<Dial sequential='true' answerOnBridge='true'><Number>1</Number><Number>2</Number></Dial><Echo/>",
    "<Dial action='/d' hangupOnStar='true'><Conference waitUrl='/w'>a</Conference></Dial>",
    "<Dial><Conference>a</Conference></Dial><Leave/>",
    "<Dial><Queue>a</Queue></Dial><Say>a</Say>",
    "<Enqueue waitUrl='/w' action='/d'>a</Enqueue>",
    "<Enqueue>a</Enqueue><Hangup/>",
    "<Leave/>",
    "<Hangup/>",
    "<Reject/>",
    "<Refer action='/r'><Sip>sip:a@b</Sip></Refer>",
    "<Connect action='/c'><Stream url='wss://a'/></Connect>",
    "<Start><Stream url='wss://a'/></Start><Stop><Stream/></Stop><Sms>a</Sms>",
    "<Pay/>",
    "<Foo/>",
];

/// What the driver knows of a call.
#[derive(Default)]
struct Seen {
    fetches: Vec<FetchId>,
    media: Vec<MediaId>,
    timers: Vec<TimerId>,
    recordings: Vec<RecordingId>,
    legs: Vec<LegId>,
    ended: usize,
    after_end: usize,
    answers: usize,
}

impl Seen {
    /// Takes what is there, and says how much it was.
    fn drain(&mut self, interpreter: &mut Interpreter) -> usize {
        let mut count = 0;
        while let Some(output) = interpreter.poll() {
            count += 1;
            self.after_end += self.ended;
            match output {
                Output::Fetch { fetch, .. } => self.fetches.push(fetch),
                Output::Play { media, .. } => self.media.push(media),
                Output::SetTimer { timer, .. } => self.timers.push(timer),
                Output::StartRecording { recording, .. } => self.recordings.push(recording),
                Output::Dial { legs, .. } => self.legs.extend(legs.into_iter().map(|(leg, _)| leg)),
                Output::Answer => self.answers += 1,
                Output::Ended(_) => self.ended += 1,
                _ => {}
            }
        }
        count
    }
}

/// One of the last few: mostly the one that counts, sometimes one that is over.
fn pick<T: Copy>(all: &[T], choice: u8) -> Option<T> {
    let back = usize::from(choice % 4 / 2 * (choice / 64));
    all.len().checked_sub(1 + back).map(|place| all[place])
}

fn target() -> Target {
    Target { url: "https://h.example/x".into(), method: Method::Post }
}

fn input(seen: &Seen, kind: u8, choice: u8) -> Option<Input> {
    let duration = Duration::from_secs(u64::from(choice));
    let recorded = || {
        let recorded = Recorded { sid: "RE1".into(), url: "https://h.example/RE1".into(), duration };
        choice.is_multiple_of(2).then_some(recorded)
    };
    Some(match kind % 21 {
        0..=3 => {
            let document = DOCUMENTS[usize::from(choice) % DOCUMENTS.len()];
            let document = Fetched::Twiml(format!("<Response>{document}</Response>").into_bytes());
            Input::Fetched { fetch: *seen.fetches.last()?, document }
        }
        4 => Input::Fetched { fetch: pick(&seen.fetches, choice)?, document: Fetched::Text("a".into()) },
        5 => Input::FetchFailed { fetch: pick(&seen.fetches, choice)?, code: 11200 },
        6 => Input::MediaFinished(pick(&seen.media, choice)?),
        7 => Input::MediaFailed { media: pick(&seen.media, choice)?, code: 13420 },
        8 => Input::Digit(char::from(b"0123456789*#ABCDx"[usize::from(choice) % 17])),
        9 => match choice % 4 {
            0 => Input::SpeechStarted,
            1 => Input::SpeechPartial(PartialSpeech {
                stable: "a".into(),
                unstable: "b".into(),
                stability: 0.5,
            }),
            2 => Input::SpeechFinished(FinishedSpeech { text: "a".into(), confidence: 0.5 }),
            _ => Input::SpeechFailed { code: 13340 },
        },
        10 | 11 => Input::Timer(pick(&seen.timers, choice)?),
        12 => Input::RecordingEnded { recording: pick(&seen.recordings, choice)?, recorded: recorded() },
        13..=15 => {
            let event = match choice % 6 {
                0 => LegEvent::Started { call_sid: "CA1".into() },
                1 => LegEvent::Ringing,
                2 => LegEvent::Answered,
                3 => LegEvent::Screened { accepted: choice > 99 },
                4 => LegEvent::Ended { result: LegResult::Busy, duration, recorded: None },
                _ => LegEvent::Ended { result: LegResult::Completed, duration, recorded: recorded() },
            };
            Input::Leg { leg: pick(&seen.legs, choice)?, event }
        }
        16 => Input::Conference(match choice % 5 {
            0 => ConferenceEvent::Joined { waiting: choice > 99 },
            1 => ConferenceEvent::Started,
            2 => ConferenceEvent::Waiting,
            3 => ConferenceEvent::Ended,
            _ => ConferenceEvent::Failed { code: 16020 },
        }),
        17 => Input::Queue(match choice % 4 {
            0 => QueueEvent::Entered,
            1 => QueueEvent::Dequeued { whisper: None },
            2 => QueueEvent::Dequeued { whisper: Some((target(), Vec::new())) },
            _ => QueueEvent::Left { result: QueueResult::Bridged, queue_sid: None, waited: duration },
        }),
        18 => Input::DialedQueue(match choice % 2 {
            0 => DialedQueueEvent::Bridged { call_sid: "CA2".into() },
            _ => DialedQueueEvent::Ended { failure: None, duration, waited: duration, recorded: recorded() },
        }),
        19 => match choice % 3 {
            0 => Input::ConnectionEnded(ConnectionEnd { failure: None, parameters: Vec::new() }),
            1 => Input::Referred(ReferEnd { sip_response: Some(202), notified: None }),
            _ => Input::SmsSent(None),
        },
        _ => match choice % 16 {
            0 => Input::HungUp,
            1 => Input::Modified(Modification::Ended),
            2 => Input::Modified(Modification::Twiml(b"<Response><Gather/></Response>".to_vec())),
            _ => Input::Modified(Modification::Url { target: target(), fallback: None }),
        },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn calls_end_once_and_never_go_on_by_themselves(
        steps in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..200),
        answered in any::<bool>(),
        screens in prop::bool::weighted(0.1),
    ) {
        let role = if screens { Role::Screening } else { Role::Call };
        let fallback = Some(target()).filter(|_| answered);
        let mut interpreter = Interpreter::new(Settings { entry: Entry::Url(target()), fallback, answered, role });
        let mut seen = Seen::default();
        seen.drain(&mut interpreter);
        for (kind, choice) in steps {
            if let Some(input) = input(&seen, kind, choice) {
                interpreter.handle(input);
                prop_assert!(seen.drain(&mut interpreter) <= OUTPUTS_LIMIT);
            }
        }
        // Whatever goes on: once the caller hangs up, the end comes, at the latest with the timer for the facts.
        interpreter.handle(Input::HungUp);
        seen.drain(&mut interpreter);
        if let (false, Some(last)) = (interpreter.is_ended(), seen.timers.last()) {
            interpreter.handle(Input::Timer(*last));
            seen.drain(&mut interpreter);
        }
        prop_assert!(interpreter.is_ended());
        prop_assert_eq!((seen.ended, seen.after_end), (1, 0));
        prop_assert!(seen.answers <= usize::from(!answered));
    }
}
