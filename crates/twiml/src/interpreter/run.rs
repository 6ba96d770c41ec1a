//! Runs verbs, and goes on with those that took their time.

use std::time::Duration;

use super::frame::{Activity, Gathering, Kind, Recording};
use super::ids::{MediaId, RecordingId, TimerId};
use super::input::{ConnectionEnd, Recorded, ReferEnd, SentSms};
use super::output::{Alert, End, Listening, Media, Output, Purpose, Target};
use super::{Interpreter, Role};
use crate::SCHEMA_VIOLATION;
use crate::limits::{RINGING_DEFAULT_SECONDS, TIME_LIMIT_DEFAULT_SECONDS};
use crate::voice::{
    CallRecording, Concern, Connect, Dial, DialTarget, Party, Played, RecordingTrack, Redirect, Started,
    Trim, Verb,
};

/// A verb that is read but never run (Twilio 13750).
const NOT_SERVED: u32 = 13750;

impl Interpreter {
    /// Runs verbs until one takes its time, or the end. A document has few enough for a loop without a limit.
    pub(super) fn run(&mut self) {
        while !self.is_ended && matches!(self.top().activity, Activity::Idle) {
            if let Some(end) = self.over {
                self.end(end);
                return;
            }
            match self.top().verbs.next() {
                Some(verb) => self.verb(verb),
                None => self.document_over(),
            }
        }
    }

    fn document_over(&mut self) {
        match (self.top().kind.clone(), self.role) {
            (Kind::Main, Role::Call) => {
                self.answer();
                self.hang_up(End::HungUp);
            }
            (Kind::Main, Role::Screening) => self.end(End::Passed),
            (Kind::QueueWait(target), _) => self.fetch(Purpose::QueueWait, target, Vec::new()),
            (Kind::ConferenceWait(target), _) => self.fetch(Purpose::ConferenceWait, target, Vec::new()),
            (Kind::Whisper, _) => {
                self.above = None;
                self.output(Output::JoinDequeuer);
            }
        }
    }

    fn verb(&mut self, verb: Verb) {
        if let Some(concern) = never_served(&verb) {
            let url = self.own_url();
            self.failed(Alert { code: NOT_SERVED, url, position: None, concern: Some(concern) });
            return;
        }
        match verb {
            Verb::Say(mut say) => {
                self.answer();
                let times = std::mem::take(&mut say.times);
                let media = self.play(Media::Say(say), times);
                self.set_activity(Activity::Playing(media));
            }
            Verb::Play(play) => {
                self.answer();
                let what = match play.what {
                    Played::Url(url) => Media::Url(url),
                    Played::Digits(digits) => Media::Digits(digits),
                };
                let media = self.play(what, play.times);
                self.set_activity(Activity::Playing(media));
            }
            // Alone among the verbs that take time it does not answer: callers hear it ring meanwhile.
            Verb::Pause(pause) => {
                let timer = self.set_timer(pause.length);
                self.set_activity(Activity::Pausing(timer));
            }
            Verb::Gather(gather) => self.start_gather(gather),
            Verb::Record(record) => {
                self.answer();
                let recording = RecordingId(self.id());
                let digits = !record.finish_on_key.is_empty();
                let max_length = record.max_length;
                let action = (record.action.clone(), record.finish_on_key.clone());
                self.output(Output::StartRecording { recording, settings: record });
                self.listen(Listening { digits, speech: None });
                let timer = self.set_timer(max_length);
                self.set_activity(Activity::Recording(Box::new(Recording::new(recording, timer, action))));
            }
            Verb::Dial(dial) => self.start_dial(dial),
            Verb::Queue(queue) => self.start_dial(Box::new(plain_dial(DialTarget::Queue(queue)))),
            Verb::Enqueue(enqueue) => self.start_queueing(enqueue),
            Verb::Leave => self.leave(),
            Verb::Echo => {
                self.answer();
                self.output(Output::StartEcho);
                self.set_activity(Activity::Echoing);
            }
            Verb::Hangup(_) => {
                self.answer();
                self.call_over(End::HungUp, true);
            }
            Verb::Reject(_) if self.is_answered => self.call_over(End::HungUp, true),
            Verb::Reject(reject) => {
                self.output(Output::Reject(reject.reason));
                self.end(End::Rejected);
            }
            Verb::Redirect(Redirect { url, method }) => {
                self.fetch(Purpose::Redirect, Target { url, method }, Vec::new());
            }
            Verb::Refer(refer) => {
                self.answer();
                self.output(Output::Refer { uri: refer.sip_uri });
                self.set_activity(Activity::Referring { action: refer.action });
            }
            Verb::Connect(connect) => {
                let Connect { action, to } = *connect;
                self.answer();
                self.output(Output::Connect(Box::new(to)));
                self.set_activity(Activity::Connected { action });
            }
            Verb::Start(start) => {
                self.answer();
                start.what.into_iter().for_each(|what| self.output(Output::Start(Box::new(what))));
            }
            Verb::Stop(stop) => stop.what.into_iter().for_each(|what| self.output(Output::Stop(what))),
            Verb::Sms(sms) => {
                let action = sms.action.clone();
                self.output(Output::SendSms(sms));
                self.set_activity(Activity::Texting { action });
            }
            Verb::Pay(_) | Verb::Prompt(_) => {}
        }
    }

    /// `Leave` outside a queue leaves nothing: an alert, and the next verb.
    fn leave(&mut self) {
        if self.above.is_some() {
            self.stop_waiting();
            self.output(Output::LeaveQueue);
        } else {
            let url = self.own_url();
            self.alert(Alert { code: SCHEMA_VIOLATION, url, position: None, concern: None });
        }
    }

    /// The URL of the document that runs, for an alert.
    pub(super) fn own_url(&mut self) -> Option<String> {
        match &self.top().origin {
            super::Origin::Url(url) => Some(super::without_secrets(url.as_str())),
            super::Origin::Inline(_) => None,
        }
    }

    pub(super) fn media_ended(&mut self, media: MediaId, failure: Option<u32>) {
        match self.take_activity() {
            Activity::Playing(playing) if playing == media => {}
            Activity::Gathering(gathering) if gathering.is_prompting(media) => {
                self.note_media(failure);
                return self.prompt(gathering);
            }
            other => return self.set_activity(other),
        }
        self.note_media(failure);
    }

    /// What could not be played is told, and is no progress.
    fn note_media(&mut self, failure: Option<u32>) {
        match failure {
            None => self.progress(),
            Some(code) => {
                let url = self.own_url();
                self.alert(Alert { code, url, position: None, concern: None });
            }
        }
    }

    fn take_activity(&mut self) -> Activity {
        std::mem::replace(&mut self.top().activity, Activity::Idle)
    }

    pub(super) fn with_gather(&mut self, then: impl FnOnce(&mut Self, Box<Gathering>)) {
        match self.take_activity() {
            Activity::Gathering(gathering) => then(self, gathering),
            other => self.set_activity(other),
        }
    }

    pub(super) fn digit(&mut self, key: char) {
        if !key.is_ascii_digit() && !"*#ABCD".contains(key) {
            return;
        }
        if matches!(self.top().activity, Activity::Gathering(_)) {
            return self.with_gather(|call, gathering| call.gather_digit(gathering, key));
        }
        if self.over.is_some() {
            return;
        }
        let is_star = key == '*';
        match &mut self.main.activity {
            Activity::Recording(recording)
                if !recording.is_stopping && recording.finish_on_key.contains(key) =>
            {
                recording.key = Some(key);
                recording.is_stopping = true;
                let recording = recording.recording;
                self.output(Output::StopRecording(recording));
            }
            Activity::Dialing(dialing) if is_star && dialing.dial.hangup_on_star => {
                if let Some(leg) = dialing.bridged {
                    self.output(Output::HangUpLeg(leg));
                }
            }
            Activity::Conferring(conferring) if is_star && conferring.hangup_on_star => {
                self.output(Output::LeaveConference);
            }
            Activity::DialingQueue(dialing) if is_star && dialing.hangup_on_star => {
                self.output(Output::LeaveDialedQueue);
            }
            _ => {}
        }
    }

    pub(super) fn timer(&mut self, timer: TimerId) {
        if self.over_timer == Some(timer) {
            // The facts did not come: the action is told what is known.
            return self.finish_without_facts();
        }
        match self.take_activity() {
            Activity::Pausing(pausing) if pausing == timer => return self.progress(),
            Activity::Gathering(gathering) => return self.gather_timer(gathering, timer),
            other => self.set_activity(other),
        }
        match &mut self.main.activity {
            Activity::Recording(recording) if recording.timer == Some(timer) => {
                recording.timer = None;
                let was_stopping = std::mem::replace(&mut recording.is_stopping, true);
                let recording = recording.recording;
                self.progress();
                if !was_stopping {
                    self.output(Output::StopRecording(recording));
                }
            }
            Activity::Dialing(dialing) if dialing.timer == Some(timer) => {
                dialing.timer = None;
                let late = match dialing.bridged {
                    Some(leg) => vec![leg],
                    None => {
                        dialing.gave_up = true;
                        dialing.calling_legs()
                    }
                };
                self.progress();
                late.into_iter().for_each(|leg| self.output(Output::HangUpLeg(leg)));
            }
            Activity::Conferring(conferring) if conferring.timer == Some(timer) => {
                conferring.timer = None;
                self.progress();
                self.output(Output::LeaveConference);
            }
            Activity::DialingQueue(dialing) if dialing.timer == Some(timer) => {
                dialing.timer = None;
                self.progress();
                self.output(Output::LeaveDialedQueue);
            }
            _ => {}
        }
    }

    pub(super) fn recording_ended(&mut self, ended: RecordingId, recorded: Option<Recorded>) {
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::Recording(recording) if recording.recording == ended => {
                self.cancel(recording.timer);
                self.listen(Listening::default());
                let Some(recorded) = recorded else {
                    return;
                };
                self.progress();
                let mut parameters = recorded_parameters(recorded);
                if self.over.is_some() {
                    parameters.push(("Digits", "hangup".to_owned()));
                } else if let Some(key) = recording.key {
                    parameters.push(("Digits", key.to_string()));
                }
                self.go_on_or_here("Record", recording.action, parameters);
            }
            other => self.main.activity = other,
        }
    }

    pub(super) fn connection_ended(&mut self, end: ConnectionEnd) {
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::Connected { action } => {
                match end.failure {
                    None => self.progress(),
                    Some(code) => {
                        let url = self.own_url();
                        self.alert(Alert { code, url, position: None, concern: None });
                    }
                }
                self.go_on("Connect", action, end.parameters);
            }
            other => self.main.activity = other,
        }
    }

    pub(super) fn referred(&mut self, end: ReferEnd) {
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::Referring { action } => {
                let status = if self.over.is_some() { Some("canceled") } else { refer_status(end) };
                let mut parameters = Vec::new();
                parameters.extend(status.map(|status| ("ReferCallStatus", status.to_owned())));
                if let Some(code) = end.sip_response {
                    parameters.push(("ReferSipResponseCode", code.to_string()));
                }
                if let Some(code) = end.notified {
                    parameters.push(("NotifySipResponseCode", code.to_string()));
                }
                self.go_on("Refer", action, parameters);
            }
            other => self.main.activity = other,
        }
    }

    pub(super) fn sms_sent(&mut self, sent: Option<SentSms>) {
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::Texting { action } => {
                let parameters = match sent {
                    Some(sent) => vec![("SmsSid", sent.sid), ("SmsStatus", sent.status.to_owned())],
                    None => vec![("SmsStatus", "failed".to_owned())],
                };
                self.go_on("Sms", action, parameters);
            }
            other => self.main.activity = other,
        }
    }
}

/// What the API calls the facts of a recording.
pub(super) fn recorded_parameters(recorded: Recorded) -> Vec<(&'static str, String)> {
    vec![
        ("RecordingUrl", recorded.url),
        ("RecordingSid", recorded.sid),
        ("RecordingDuration", recorded.duration.as_secs().to_string()),
    ]
}

/// The state of the call that the REFER led to, as the notifications say; without any it is not known.
fn refer_status(end: ReferEnd) -> Option<&'static str> {
    if !matches!(end.sip_response, Some(200..=299)) {
        return Some("failed");
    }
    Some(match end.notified? {
        200..=299 => "in-progress",
        486 | 600 => "busy",
        408 | 480 | 487 => "no-answer",
        _ => "failed",
    })
}

/// What concerns a verb that is read but never run.
fn never_served(verb: &Verb) -> Option<Concern> {
    match verb {
        Verb::Pay(_) | Verb::Prompt(_) => Some(Concern::Payment),
        Verb::Start(start) => {
            start.what.iter().flat_map(Started::concerns).find(|concern| concern.is_never_served())
        }
        Verb::Connect(connect) => connect.to.concern().filter(|concern| concern.is_never_served()),
        Verb::Dial(dial) => match &dial.target {
            DialTarget::Parties(parties) => {
                parties.iter().filter_map(Party::concern).find(|concern| concern.is_never_served())
            }
            DialTarget::Conference(_) | DialTarget::Queue(_) => None,
        },
        _ => None,
    }
}

/// A `Dial` without attributes.
fn plain_dial(target: DialTarget) -> Dial {
    Dial {
        action: crate::voice::Action::default(),
        timeout: Duration::from_secs(RINGING_DEFAULT_SECONDS.into()),
        hangup_on_star: false,
        time_limit: Duration::from_secs(TIME_LIMIT_DEFAULT_SECONDS.into()),
        caller_id: None,
        record: CallRecording::DoNotRecord,
        trim: Trim::DoNotTrim,
        recording_track: RecordingTrack::Both,
        recording_status: crate::voice::RecordingStatus::default(),
        recording_configuration_id: None,
        answer_on_bridge: false,
        ring_tone: None,
        sequential: false,
        refer: crate::voice::Action::default(),
        events: None,
        passports: None,
        target,
    }
}
