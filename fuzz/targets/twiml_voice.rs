//! Voice documents of customers' servers: read or refused, and then run, whatever the call does meanwhile.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use twiml::Method;
use twiml::interpreter::{
    ConferenceEvent, ConnectionEnd, DialedQueueEvent, Entry, Fetched, FinishedSpeech, Input, Interpreter,
    LegEvent, LegResult, Output, QueueEvent, QueueResult, ReferEnd, Role, Settings, Target, TimerId,
};

/// Inputs that one document is run with.
const STEPS: usize = 64;

fn target() -> Target {
    Target { url: "https://example.org/voice?a=b".into(), method: Method::Post }
}

/// What happens next, as far as something is asked for.
fn answer(output: &Output, choice: u8, document: &[u8]) -> Option<Input> {
    let duration = Duration::from_secs(u64::from(choice));
    Some(match output {
        Output::Fetch { fetch, .. } if choice.is_multiple_of(8) => {
            Input::FetchFailed { fetch: *fetch, code: 11200 }
        }
        Output::Fetch { fetch, .. } => {
            Input::Fetched { fetch: *fetch, document: Fetched::Twiml(document.to_vec()) }
        }
        Output::Play { media, .. } => Input::MediaFinished(*media),
        Output::StartRecording { recording, .. } => {
            Input::RecordingEnded { recording: *recording, recorded: None }
        }
        Output::SetTimer { timer, .. } => Input::Timer(*timer),
        Output::Dial { legs, .. } => {
            let event = match choice % 4 {
                0 => LegEvent::Answered,
                1 => LegEvent::Screened { accepted: true },
                2 => LegEvent::Ended { result: LegResult::Busy, duration, recorded: None },
                _ => LegEvent::Ended { result: LegResult::Completed, duration, recorded: None },
            };
            Input::Leg { leg: legs.first()?.0, event }
        }
        Output::Bridge(leg) | Output::HangUpLeg(leg) => {
            let event = LegEvent::Ended { result: LegResult::Completed, duration, recorded: None };
            Input::Leg { leg: *leg, event }
        }
        Output::JoinConference(_) => Input::Conference(match choice % 3 {
            0 => ConferenceEvent::Joined { waiting: true },
            1 => ConferenceEvent::Started,
            _ => ConferenceEvent::Ended,
        }),
        Output::Enqueue(_) => Input::Queue(match choice % 3 {
            0 => QueueEvent::Entered,
            1 => QueueEvent::Dequeued { whisper: Some((target(), Vec::new())) },
            _ => QueueEvent::Left { result: QueueResult::Leave, queue_sid: None, waited: duration },
        }),
        Output::DialQueue { .. } => Input::DialedQueue(DialedQueueEvent::Bridged { call_sid: "CA1".into() }),
        Output::Connect(_) => Input::ConnectionEnded(ConnectionEnd { failure: None, parameters: Vec::new() }),
        Output::Refer { .. } => Input::Referred(ReferEnd { sip_response: Some(202), notified: None }),
        Output::SendSms(_) => Input::SmsSent(None),
        Output::Listen(_) => Input::SpeechFinished(FinishedSpeech { text: "a".into(), confidence: 0.5 }),
        _ => return None,
    })
}

fuzz_target!(|data: &[u8]| {
    let (choices, document) = data.split_at(data.len().min(STEPS / 4));
    if let Ok(mut read) = twiml::voice::parse(document) {
        assert!(read.verbs.len() <= twiml::limits::VERB_LIMIT);
        let _rules: usize = read.concerns().iter().map(|concern| concern.rules().len()).sum();
        let _resolved = read.resolve(None);
    }
    let settings =
        Settings { entry: Entry::Url(target()), fallback: Some(target()), answered: false, role: Role::Call };
    let mut call = Interpreter::new(settings);
    let mut last_timer = TimerId(0);
    for step in 0..STEPS {
        let choice = choices.get(step % choices.len().max(1)).copied().unwrap_or_default();
        let mut wanted = Vec::new();
        while let Some(output) = call.poll() {
            if let Output::SetTimer { timer, .. } = output {
                last_timer = timer;
            }
            wanted.extend(answer(&output, choice, document));
        }
        if call.is_ended() {
            call.handle(Input::HungUp);
            assert!(call.poll().is_none());
            return;
        }
        let place = usize::from(choice) % (wanted.len() + 1);
        let input = if place < wanted.len() {
            wanted.swap_remove(place)
        } else {
            Input::Digit(char::from(b"0123456789*#"[usize::from(choice) % 12]))
        };
        call.handle(input);
    }
    // Whatever goes on, it ends with the caller: at the latest when facts have been waited for.
    while call.poll().is_some() {}
    call.handle(Input::HungUp);
    while let Some(output) = call.poll() {
        if let Output::SetTimer { timer, .. } = output {
            last_timer = timer;
        }
    }
    call.handle(Input::Timer(last_timer));
    assert!(call.is_ended());
});
