//! `Enqueue`, and what fills the wait of queues and conferences.

use super::Interpreter;
use super::frame::{Activity, Frame, Kind};
use super::input::{QueueEvent, QueueResult};
use super::output::{Alert, Output, Purpose, Request, Target};
use crate::voice::{Action, Enqueue};

/// The queue has as many as it may hold (Twilio 14207).
const QUEUE_FULL: u32 = 14207;

impl Interpreter {
    pub(super) fn start_queueing(&mut self, enqueue: Box<Enqueue>) {
        self.answer();
        let (action, wait) = (enqueue.action.clone(), enqueue.wait.clone());
        self.output(Output::Enqueue(enqueue));
        self.set_activity(Activity::Queueing { action, wait });
    }

    pub(super) fn queue(&mut self, event: QueueEvent) {
        let Activity::Queueing { wait, .. } = &self.main.activity else {
            // The API has given the call another document meanwhile.
            if let (QueueEvent::Left { result, queue_sid, waited }, Some(action)) =
                (event, self.left_behind.take())
                && let Some(url) = action.url
            {
                let target = Target { url, method: action.method };
                let parameters = facts(result, queue_sid, waited.as_secs());
                self.output(Output::Notify(Request {
                    purpose: Purpose::Farewell("Enqueue"),
                    target,
                    parameters,
                }));
            }
            return;
        };
        let wait = wait.clone();
        match event {
            QueueEvent::Entered if self.over.is_none() => self.start_waiting(Purpose::QueueWait, wait),
            QueueEvent::Dequeued { whisper } if self.over.is_none() => {
                self.progress();
                self.stop_waiting();
                match whisper {
                    None => self.output(Output::JoinDequeuer),
                    Some((target, parameters)) => {
                        self.above = Some(Frame::new(Kind::Whisper));
                        self.fetch(Purpose::QueueWhisper, target, parameters);
                    }
                }
            }
            QueueEvent::Entered | QueueEvent::Dequeued { .. } => {}
            QueueEvent::Left { result, queue_sid, waited } => {
                self.stop_waiting();
                if result == QueueResult::QueueFull {
                    let url = self.own_url();
                    self.alert(Alert { code: QUEUE_FULL, url, position: None, concern: None });
                }
                let facts = facts(result, queue_sid, waited.as_secs());
                if let Activity::Queueing { action, .. } =
                    std::mem::replace(&mut self.main.activity, Activity::Idle)
                {
                    self.go_on("Enqueue", action, facts);
                }
            }
        }
    }

    /// Begins to fill a wait: with hold music, with silence, or with a document.
    pub(super) fn start_waiting(&mut self, purpose: Purpose, wait: Action) {
        if self.above.is_some() || self.hold_music {
            return;
        }
        match wait.url {
            None => self.start_hold_music(),
            Some(url) if url.is_empty() => {}
            Some(url) => {
                let target = Target { url, method: wait.method };
                let kind = match purpose {
                    Purpose::ConferenceWait => Kind::ConferenceWait(target.clone()),
                    _ => Kind::QueueWait(target.clone()),
                };
                self.above = Some(Frame::new(kind));
                self.fetch(purpose, target, Vec::new());
            }
        }
    }

    pub(super) fn start_hold_music(&mut self) {
        if !self.hold_music {
            self.hold_music = true;
            self.output(Output::StartHoldMusic);
        }
    }

    /// Ends what fills a wait.
    pub(super) fn stop_waiting(&mut self) {
        if let Some(frame) = self.above.take() {
            self.abort(frame.activity);
        }
        if self.hold_music {
            self.hold_music = false;
            self.output(Output::StopHoldMusic);
        }
    }
}

fn facts(result: QueueResult, queue_sid: Option<String>, waited_seconds: u64) -> Vec<(&'static str, String)> {
    let mut facts = vec![("QueueResult", result.as_str().to_owned())];
    facts.extend(queue_sid.map(|sid| ("QueueSid", sid)));
    facts.push(("QueueTime", waited_seconds.to_string()));
    facts
}
