//! Runs voice documents: what happened to a call goes in, what to do comes out.
//!
//! No sockets, no clock, no tasks: documents are fetched, sounds played and legs called by a driver, which says what
//! became of it. An [`Interpreter`] is for one call, from its first document to its end; the document that screens a
//! called party has one of its own ([`Role::Screening`]).
//!
//! The driver's loop: hand over an [`Input`], take every [`Output`] and do it, wait for the next thing to happen.
//!
//! ```
//! use twiml::Method;
//! use twiml::interpreter::{End, Entry, Fetched, Input, Interpreter, Output, Role, Settings, Target};
//!
//! let entry = Target { url: "https://example.org/voice".into(), method: Method::Post };
//! let mut call = Interpreter::new(Settings {
//!     entry: Entry::Url(entry),
//!     fallback: None,
//!     answered: false,
//!     role: Role::Call,
//! });
//! let mut done = Vec::new();
//! let end = loop {
//!     let input = match call.poll() {
//!         Some(Output::Fetch { fetch, .. }) => {
//!             let document = b"<Response><Say>Hello</Say></Response>".to_vec();
//!             Input::Fetched { fetch, document: Fetched::Twiml(document) }
//!         }
//!         Some(Output::Play { media, .. }) => Input::MediaFinished(media),
//!         Some(Output::Ended(end)) => break end,
//!         Some(other) => {
//!             done.push(other.name());
//!             continue;
//!         }
//!         None => unreachable!("a real driver would wait for something to happen"),
//!     };
//!     call.handle(input);
//! };
//! assert_eq!((done, end), (vec!["answer", "hang up"], End::HungUp));
//! ```
//!
//! What the driver has to know:
//!
//! - After [`Output::Ended`] nothing comes any more, and everything that is still going on for the call is to be
//!   stopped without being asked.
//! - Ids are never used again, and what names one that is over has no effect.
//! - What the guard refuses is answered as what it is to the call: a fetch or medium that failed, a leg that failed, a
//!   conference or connection that failed, with the rule's code. [`Concern`](crate::voice::Concern) says which rules to ask about.
//! - Once the caller has hung up, facts that an `action` is to be told may still be awaited: an [`Output::Ended`]
//!   follows once they have come, or after [`ENDING_LIMIT`].
//! - Calls have no limit of length here beyond that of `Dial`: the driver hangs up what is too long.

mod dial;
mod frame;
mod gather;
mod ids;
mod input;
mod output;
mod run;
mod wait;

use std::collections::VecDeque;
use std::time::Duration;

use url::Url;

pub use ids::{FetchId, LegId, MediaId, RecordingId, TimerId};
pub use input::{
    ConferenceEvent, ConnectionEnd, DialedQueueEvent, Fetched, FinishedSpeech, Input, LegEvent, LegResult,
    Modification, PartialSpeech, QueueEvent, QueueResult, Recorded, ReferEnd, SentSms,
};
pub use output::{Alert, End, Listening, Media, Output, Purpose, Recognition, Request, Target};

use self::frame::{Activity, Frame, Kind, Origin};
use crate::limits::{DOCUMENTS_IN_A_ROW_LIMIT, ENDING_LIMIT};
use crate::voice::{self, Action, Document, Play, Played, Say, Speech, Times, Verb};
use crate::{SCHEMA_VIOLATION, TwimlError};

/// A URL that is none (Twilio 11100).
const INVALID_URL: u32 = 11100;
/// Documents lead to each other and to nothing else (Twilio 11215).
const LOOP: u32 = 11215;
/// `Dial` where a called party is screened (Twilio 13201).
const DIAL_IN_SCREENING: u32 = 13201;
/// A verb that does not fill a wait (Twilio 13238).
const INVALID_WAIT_VERB: u32 = 13238;

/// What an interpreter begins with.
pub struct Settings {
    /// The first document.
    pub entry: Entry,
    /// Where to ask when a document fails.
    pub fallback: Option<Target>,
    /// Whether the call is answered already: true for a call of the API, false for one that comes in.
    pub answered: bool,
    /// What the document is for.
    pub role: Role,
}

/// Where the first document is.
pub enum Entry {
    /// To be fetched.
    Url(Target),
    /// Given with the call (`Twiml` of the API). It has no URL, so URLs in it must be absolute.
    Twiml(Vec<u8>),
}

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It runs a call: at its end the call ends.
    Call,
    /// It runs at a called party before the two are connected (`url` of `Number`, `Sip`, `Client`): at its end they are.
    Screening,
}

/// One call, or one called party that is being screened. No `Debug`: it holds what is said and pressed.
pub struct Interpreter {
    role: Role,
    fallback: Option<Target>,
    is_answered: bool,
    next_id: u64,
    main: Frame,
    /// What fills a wait of `main`.
    above: Option<Frame>,
    hold_music: bool,
    listening: Listening,
    /// Documents since something last happened to the caller.
    documents: u32,
    /// The `action` of an `Enqueue` that the API ended, until the call has left the queue.
    left_behind: Option<Action>,
    /// Why the call is over; what is awaited are only facts for an `action`.
    over: Option<End>,
    over_timer: Option<TimerId>,
    is_ended: bool,
    outputs: VecDeque<Output>,
}

impl Interpreter {
    /// An interpreter that asks for its first document.
    pub fn new(settings: Settings) -> Self {
        let mut interpreter = Self {
            role: settings.role,
            fallback: settings.fallback,
            is_answered: settings.answered,
            next_id: 0,
            main: Frame::new(Kind::Main),
            above: None,
            hold_music: false,
            listening: Listening::default(),
            documents: 0,
            left_behind: None,
            over: None,
            over_timer: None,
            is_ended: false,
            outputs: VecDeque::new(),
        };
        match settings.entry {
            Entry::Url(target) => interpreter.fetch(Purpose::Voice, target, Vec::new()),
            Entry::Twiml(document) => interpreter.load_inline(document),
        }
        interpreter.run();
        interpreter
    }

    /// The next thing to do. None until something else happens, and for good after [`Output::Ended`].
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether [`Output::Ended`] is out or waits in [`Interpreter::poll`].
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Takes note of what happened.
    pub fn handle(&mut self, input: Input) {
        if self.is_ended {
            return;
        }
        match input {
            Input::Fetched { fetch, document } => self.fetched(fetch, document),
            Input::FetchFailed { fetch, code } => self.fetch_failed(fetch, code),
            Input::MediaFinished(media) => self.media_ended(media, None),
            Input::MediaFailed { media, code } => self.media_ended(media, Some(code)),
            Input::Digit(key) => self.digit(key),
            Input::SpeechStarted => self.with_gather(Self::gather_speech_started),
            Input::SpeechPartial(partial) => {
                self.with_gather(|call, gathering| call.gather_speech_partial(gathering, partial));
            }
            Input::SpeechFinished(speech) => {
                self.with_gather(|call, gathering| call.gather_speech_finished(gathering, speech));
            }
            Input::SpeechFailed { code } => {
                self.with_gather(|call, gathering| call.gather_speech_failed(gathering, code));
            }
            Input::Timer(timer) => self.timer(timer),
            Input::RecordingEnded { recording, recorded } => self.recording_ended(recording, recorded),
            Input::Leg { leg, event } => self.leg(leg, event),
            Input::Conference(event) => self.conference(event),
            Input::Queue(event) => self.queue(event),
            Input::DialedQueue(event) => self.dialed_queue(event),
            Input::ConnectionEnded(end) => self.connection_ended(end),
            Input::Referred(end) => self.referred(end),
            Input::SmsSent(sent) => self.sms_sent(sent),
            Input::HungUp => self.call_over(End::HungUpByCaller, false),
            Input::Modified(modification) => self.modified(modification),
        }
        self.run();
    }

    fn modified(&mut self, modification: Modification) {
        if self.over.is_some() {
            return;
        }
        match modification {
            Modification::Ended => self.call_over(End::Canceled, true),
            Modification::Url { target, fallback } => {
                self.abandon();
                self.fallback = fallback.or(self.fallback.take());
                self.fetch(Purpose::Voice, target, Vec::new());
            }
            Modification::Twiml(document) => {
                self.abandon();
                self.load_inline(document);
            }
        }
    }

    /// Gives up whatever goes on, for another document.
    fn abandon(&mut self) {
        self.documents = 0;
        self.stop_waiting();
        if let Activity::Queueing { action, .. } = &self.main.activity {
            self.left_behind = Some(action.clone());
        }
        let activity = std::mem::replace(&mut self.main.activity, Activity::Idle);
        self.abort(activity);
        self.main.is_fallback = false;
        self.main.verbs = Vec::new().into_iter();
    }

    /// The call is over, by itself or because we say so. What an `action` is to be told is awaited.
    fn call_over(&mut self, end: End, hang_up: bool) {
        if self.over.is_some() {
            return;
        }
        if hang_up {
            self.output(Output::HangUp);
        }
        self.stop_waiting();
        self.over = Some(end);
        self.main.verbs = Vec::new().into_iter();
        let awaits_facts = match &self.main.activity {
            Activity::Recording(_) => true,
            Activity::Dialing(dialing) => dialing.dial.action.url.is_some(),
            Activity::Conferring(conferring) => conferring.action.url.is_some(),
            Activity::DialingQueue(dialing) => dialing.action.url.is_some(),
            Activity::Queueing { action, .. }
            | Activity::Connected { action }
            | Activity::Referring { action } => action.url.is_some(),
            _ => false,
        };
        if awaits_facts {
            self.wind_down();
            self.over_timer = Some(self.set_timer(ENDING_LIMIT));
        } else {
            let activity = std::mem::replace(&mut self.main.activity, Activity::Idle);
            self.abort(activity);
        }
    }

    /// Asks for the end of what goes on, and stays with it.
    fn wind_down(&mut self) {
        match &mut self.main.activity {
            Activity::Recording(recording) if !recording.is_stopping => {
                recording.is_stopping = true;
                let recording = recording.recording;
                self.output(Output::StopRecording(recording));
            }
            Activity::Dialing(dialing) => {
                let legs = dialing.live_legs();
                legs.into_iter().for_each(|leg| self.output(Output::HangUpLeg(leg)));
            }
            Activity::Conferring(_) => self.output(Output::LeaveConference),
            Activity::Queueing { .. } => self.output(Output::LeaveQueue),
            Activity::DialingQueue(_) => self.output(Output::LeaveDialedQueue),
            Activity::Connected { .. } => self.output(Output::Disconnect),
            _ => {}
        }
        self.listen(Listening::default());
    }

    /// Stops what goes on and thinks no more of it.
    fn abort(&mut self, activity: Activity) {
        match activity {
            Activity::Idle
            | Activity::Fetching { .. }
            | Activity::Referring { .. }
            | Activity::Texting { .. }
            | Activity::Silent => {}
            Activity::Playing(media) => self.output(Output::StopMedia(media)),
            Activity::Pausing(timer) => self.output(Output::CancelTimer(timer)),
            Activity::Gathering(gathering) => self.abort_gather(gathering),
            Activity::Recording(recording) => {
                self.cancel(recording.timer);
                if !recording.is_stopping {
                    self.output(Output::StopRecording(recording.recording));
                }
                self.listen(Listening::default());
            }
            Activity::Dialing(dialing) => {
                dialing.live_legs().into_iter().for_each(|leg| self.output(Output::HangUpLeg(leg)));
                self.cancel(dialing.timer);
                self.listen(Listening::default());
            }
            Activity::Conferring(conferring) => {
                self.cancel(conferring.timer);
                self.output(Output::LeaveConference);
                self.listen(Listening::default());
            }
            Activity::Queueing { .. } => self.output(Output::LeaveQueue),
            Activity::DialingQueue(dialing) => {
                self.cancel(dialing.timer);
                self.output(Output::LeaveDialedQueue);
                self.listen(Listening::default());
            }
            Activity::Connected { .. } => self.output(Output::Disconnect),
            Activity::Echoing => self.output(Output::StopEcho),
        }
    }

    /// The end, if it has not come yet.
    fn end(&mut self, end: End) {
        if !self.is_ended {
            self.output(Output::Ended(end));
            self.is_ended = true;
        }
    }

    /// Hangs up and ends.
    fn hang_up(&mut self, end: End) {
        self.output(Output::HangUp);
        self.end(end);
    }

    // What every verb needs.

    fn output(&mut self, output: Output) {
        if !self.is_ended {
            self.outputs.push_back(output);
        }
    }

    fn alert(&mut self, alert: Alert) {
        self.output(Output::Alert(alert));
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn set_timer(&mut self, after: Duration) -> TimerId {
        let timer = TimerId(self.id());
        self.output(Output::SetTimer { timer, after });
        timer
    }

    fn cancel(&mut self, timer: Option<TimerId>) {
        if let Some(timer) = timer {
            self.output(Output::CancelTimer(timer));
        }
    }

    fn play(&mut self, what: Media, times: Times) -> MediaId {
        let media = MediaId(self.id());
        self.output(Output::Play { media, what, times: times.0 });
        media
    }

    fn listen(&mut self, listening: Listening) {
        if self.listening != listening {
            self.listening = listening.clone();
            self.output(Output::Listen(listening));
        }
    }

    fn answer(&mut self) {
        if !self.is_answered {
            self.is_answered = true;
            self.output(Output::Answer);
        }
    }

    /// Something happened to the caller: what comes now is no empty loop.
    fn progress(&mut self) {
        self.documents = 0;
    }

    /// The document that runs.
    fn top(&mut self) -> &mut Frame {
        self.above.as_mut().unwrap_or(&mut self.main)
    }

    fn set_activity(&mut self, activity: Activity) {
        self.top().activity = activity;
    }

    // Documents.

    fn fetch(&mut self, purpose: Purpose, target: Target, parameters: Vec<(&'static str, String)>) {
        let fetch = FetchId(self.id());
        let request = Request { purpose, target: target.clone(), parameters };
        self.set_activity(Activity::Fetching { fetch, purpose, target });
        self.output(Output::Fetch { fetch, request });
    }

    /// What is being fetched by this id, for the document that runs.
    fn take_fetching(&mut self, asked: FetchId) -> Option<(Purpose, Target)> {
        let frame = self.top();
        match std::mem::replace(&mut frame.activity, Activity::Idle) {
            Activity::Fetching { fetch, purpose, target } if fetch == asked => Some((purpose, target)),
            other => {
                frame.activity = other;
                None
            }
        }
    }

    fn fetched(&mut self, fetch: FetchId, fetched: Fetched) {
        let Some((purpose, target)) = self.take_fetching(fetch) else {
            return;
        };
        let is_fallback = purpose == Purpose::Fallback;
        let Ok(own) = Url::parse(&target.url) else {
            self.top().is_fallback = is_fallback;
            self.document_failed(INVALID_URL, Some(target.url), None);
            return;
        };
        let document = match fetched {
            Fetched::Twiml(bytes) => voice::parse(&bytes),
            Fetched::Audio => {
                Ok(only(Verb::Play(Play { what: Played::Url(target.url), times: Times::default() })))
            }
            Fetched::Text(text) => {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                Ok(only(Verb::Say(Say { speech: vec![Speech::Text(text)], ..Say::default() })))
            }
        };
        self.load(document, Origin::Url(own), is_fallback);
    }

    fn fetch_failed(&mut self, fetch: FetchId, code: u32) {
        if let Some((purpose, target)) = self.take_fetching(fetch) {
            self.top().is_fallback = purpose == Purpose::Fallback;
            self.document_failed(code, Some(target.url), None);
        }
    }

    fn load_inline(&mut self, document: Vec<u8>) {
        let parsed = voice::parse(&document);
        self.load(parsed, Origin::Inline(document), false);
    }

    /// Begins a document, or says what is wrong with it.
    fn load(&mut self, document: Result<Document, TwimlError>, origin: Origin, is_fallback: bool) {
        let own = match &origin {
            Origin::Url(url) => Some(url.clone()),
            Origin::Inline(_) => None,
        };
        let frame = self.top();
        frame.activity = Activity::Idle;
        frame.verbs = Vec::new().into_iter();
        frame.origin = origin;
        frame.is_fallback = is_fallback;
        let url = own.as_ref().map(|url| url.to_string());
        self.documents += 1;
        if self.documents > DOCUMENTS_IN_A_ROW_LIMIT {
            self.alert(Alert { code: LOOP, url, position: None, concern: None });
            self.give_up();
            return;
        }
        let mut document = match document {
            Ok(document) => document,
            Err(error) => return self.document_failed(error.code, url, error.position),
        };
        if document.resolve(own.as_ref()).is_err() {
            return self.document_failed(INVALID_URL, url, None);
        }
        if let Some(code) = document.verbs.iter().find_map(|verb| self.misplaced(verb)) {
            return self.document_failed(code, url, None);
        }
        self.top().verbs = document.verbs.into_iter();
    }

    /// The code for a verb that has no place in this document.
    fn misplaced(&self, verb: &Verb) -> Option<u32> {
        let kind = self.above.as_ref().map_or(&self.main.kind, |frame| &frame.kind);
        match (kind, verb) {
            (_, Verb::Say(_) | Verb::Play(_) | Verb::Pause(_) | Verb::Redirect(_)) => None,
            (Kind::ConferenceWait(_), _) => Some(INVALID_WAIT_VERB),
            (Kind::QueueWait(_), Verb::Gather(_) | Verb::Leave | Verb::Hangup(_)) => None,
            (Kind::QueueWait(_) | Kind::Whisper, _) => Some(SCHEMA_VIOLATION),
            (Kind::Main, _) if self.role == Role::Call => None,
            (Kind::Main, Verb::Gather(_) | Verb::Record(_) | Verb::Hangup(_) | Verb::Reject(_)) => None,
            (Kind::Main, Verb::Dial(_) | Verb::Queue(_)) => Some(DIAL_IN_SCREENING),
            (Kind::Main, _) => Some(SCHEMA_VIOLATION),
        }
    }

    /// A document cannot be had, read or run: an alert, and the fallback if there is one.
    fn document_failed(&mut self, code: u32, url: Option<String>, position: Option<crate::Position>) {
        self.failed(Alert { code, url, position, concern: None });
    }

    fn failed(&mut self, alert: Alert) {
        let shown = alert.url.as_deref().map(without_secrets).unwrap_or_default();
        let code = alert.code.to_string();
        self.alert(Alert { url: alert.url.as_deref().map(without_secrets), ..alert });
        let frame = self.top();
        frame.verbs = Vec::new().into_iter();
        let is_last = frame.is_fallback || frame.kind != Kind::Main;
        match self.fallback.clone().filter(|_| !is_last) {
            Some(fallback) => {
                self.fetch(Purpose::Fallback, fallback, vec![("ErrorCode", code), ("ErrorUrl", shown)]);
            }
            None => self.give_up(),
        }
    }

    /// There is no document to go on with. A wait goes on with hold music, a call ends.
    fn give_up(&mut self) {
        match self.top().kind {
            Kind::Main => self.hang_up(End::ApplicationError),
            Kind::QueueWait(_) | Kind::ConferenceWait(_) => {
                self.set_activity(Activity::Silent);
                self.start_hold_music();
            }
            Kind::Whisper => {
                self.above = None;
                self.output(Output::JoinDequeuer);
            }
        }
    }

    /// A verb is done: its `action`, or the next verb when it names none.
    fn go_on(&mut self, verb: &'static str, action: Action, parameters: Vec<(&'static str, String)>) {
        let Some(url) = action.url else {
            self.set_activity(Activity::Idle);
            return;
        };
        let target = Target { url, method: action.method };
        if self.over.is_some() {
            self.set_activity(Activity::Idle);
            self.output(Output::Notify(Request { purpose: Purpose::Farewell(verb), target, parameters }));
        } else {
            self.fetch(Purpose::Action(verb), target, parameters);
        }
    }

    /// The same for verbs whose `action` is the document itself when they name none.
    fn go_on_or_here(&mut self, verb: &'static str, action: Action, parameters: Vec<(&'static str, String)>) {
        let url = match (action.url, &self.top().origin) {
            (Some(url), _) => url,
            (None, Origin::Url(own)) => own.to_string(),
            (None, Origin::Inline(document)) => {
                // It has no address to tell anything to; Twilio's has one of Twilio's own and runs again.
                let document = document.clone();
                self.set_activity(Activity::Idle);
                if self.over.is_none() {
                    self.load_inline(document);
                }
                return;
            }
        };
        self.go_on(verb, Action { url: Some(url), method: action.method }, parameters);
    }
}

fn only(verb: Verb) -> Document {
    Document { verbs: vec![verb] }
}

/// A URL without its user and password.
fn without_secrets(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return String::new();
    };
    // Both fail only for URLs that cannot hold them.
    let _cannot_hold = url.set_username("").and(url.set_password(None));
    url.into()
}
