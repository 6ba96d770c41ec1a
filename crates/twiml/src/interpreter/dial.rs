//! `Dial` of parties, of a conference, of a queue.

use std::collections::VecDeque;

use super::Interpreter;
use super::frame::{Activity, Conferring, Dialing, DialingQueue, Leg, LegState};
use super::ids::LegId;
use super::input::{ConferenceEvent, DialedQueueEvent, LegEvent, LegResult};
use super::output::{Alert, Listening, Output, Purpose, Target};
use super::run::recorded_parameters;
use crate::voice::{Action, Dial, DialTarget, Party};

/// Keys are listened to for `hangupOnStar` alone.
fn for_star(hangup_on_star: bool) -> Listening {
    Listening { digits: hangup_on_star, speech: None }
}

impl Dialing {
    /// Those that were not said to have ended.
    pub(super) fn live_legs(&self) -> Vec<LegId> {
        let live = self.legs.iter().filter(|leg| !matches!(leg.state, LegState::Ended { .. }));
        live.map(|leg| leg.id).collect()
    }

    /// Those that were not answered yet.
    pub(super) fn calling_legs(&self) -> Vec<LegId> {
        let calling = self.legs.iter().filter(|leg| matches!(leg.state, LegState::Calling));
        calling.map(|leg| leg.id).collect()
    }

    fn leg(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }

    /// How a leg ended, for `action`, after how much that says: a phone that rang tells more than one out of service.
    fn result(&self, leg: &Leg, is_over: bool) -> (u8, &'static str) {
        let was_ended_by_us = self.gave_up || is_over;
        match &leg.state {
            LegState::Answered => (4, "completed"),
            LegState::Ended { result, .. } => match result {
                LegResult::Completed => (4, "completed"),
                LegResult::NoAnswer => (3, "no-answer"),
                LegResult::Canceled if was_ended_by_us => (3, "no-answer"),
                LegResult::Busy => (2, "busy"),
                LegResult::Canceled => (1, "canceled"),
                LegResult::Failed { .. } => (0, "failed"),
            },
            LegState::Calling | LegState::Screening => (3, "no-answer"),
        }
    }

    /// What `action` is told. `is_over` when the caller has hung up.
    fn facts(&self, is_over: bool) -> Vec<(&'static str, String)> {
        let bridged = self.bridged.and_then(|bridged| self.legs.iter().find(|leg| leg.id == bridged));
        // Of those called one after the other, the last says how it went.
        let together = if self.dial.sequential { self.legs.len().saturating_sub(1) } else { 0 };
        let told =
            bridged.or_else(|| self.legs[together..].iter().max_by_key(|leg| self.result(leg, is_over).0));
        let result = match told {
            _ if bridged.is_some() => "completed",
            Some(leg) => self.result(leg, is_over).1,
            None => "failed",
        };
        let mut facts = vec![("DialCallStatus", result.to_owned())];
        if let Some(call_sid) = told.and_then(|leg| leg.call_sid.clone()) {
            facts.push(("DialCallSid", call_sid));
        }
        if let Some(Leg { state: LegState::Ended { duration, recorded, .. }, .. }) = bridged {
            facts.push(("DialCallDuration", duration.as_secs().to_string()));
            facts.extend(recorded.clone().into_iter().flat_map(recorded_parameters));
        }
        facts.push(("DialBridged", bridged.is_some().to_string()));
        facts
    }
}

impl Interpreter {
    pub(super) fn start_dial(&mut self, mut dial: Box<Dial>) {
        match std::mem::replace(&mut dial.target, DialTarget::Parties(Vec::new())) {
            DialTarget::Parties(parties) => {
                if !dial.answer_on_bridge {
                    self.answer();
                }
                let dialing = Dialing {
                    dial,
                    later: parties.into(),
                    legs: Vec::new(),
                    bridged: None,
                    timer: None,
                    gave_up: false,
                };
                self.call_parties(Box::new(dialing));
            }
            DialTarget::Conference(conference) => {
                self.answer();
                let conferring = Conferring {
                    action: dial.action.clone(),
                    wait: conference.wait.clone(),
                    hangup_on_star: dial.hangup_on_star,
                    timer: Some(self.set_timer(dial.time_limit)),
                };
                self.listen(for_star(conferring.hangup_on_star));
                self.output(Output::JoinConference(conference));
                self.set_activity(Activity::Conferring(Box::new(conferring)));
            }
            DialTarget::Queue(queue) => {
                self.answer();
                let dialing = DialingQueue {
                    action: dial.action.clone(),
                    time_limit: dial.time_limit,
                    hangup_on_star: dial.hangup_on_star,
                    timer: Some(self.set_timer(dial.timeout)),
                    call_sid: None,
                };
                self.listen(for_star(dialing.hangup_on_star));
                self.output(Output::DialQueue { queue, settings: dial });
                self.set_activity(Activity::DialingQueue(Box::new(dialing)));
            }
        }
    }

    /// Calls all, or the next.
    fn call_parties(&mut self, mut dialing: Box<Dialing>) {
        let parties: VecDeque<Party> = if dialing.dial.sequential {
            dialing.later.pop_front().into_iter().collect()
        } else {
            std::mem::take(&mut dialing.later)
        };
        let mut called = Vec::new();
        for party in parties {
            let id = LegId(self.id());
            let screening = screening(&party);
            dialing.legs.push(Leg { id, screening, call_sid: None, state: LegState::Calling });
            called.push((id, party));
        }
        dialing.gave_up = false;
        self.output(Output::Dial { legs: called, settings: dialing.dial.clone() });
        dialing.timer = Some(self.set_timer(dialing.dial.timeout));
        self.main.activity = Activity::Dialing(dialing);
    }

    pub(super) fn leg(&mut self, id: LegId, event: LegEvent) {
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::Dialing(dialing) => self.dialed(dialing, id, event),
            other => self.main.activity = other,
        }
    }

    fn dialed(&mut self, mut dialing: Box<Dialing>, id: LegId, event: LegEvent) {
        let is_free = dialing.bridged.is_none() && self.over.is_none();
        let Some(leg) = dialing.leg(id) else {
            self.main.activity = Activity::Dialing(dialing);
            return;
        };
        match (event, &leg.state) {
            (_, LegState::Ended { .. }) | (LegEvent::Ringing, _) => {}
            (LegEvent::Started { call_sid }, _) => leg.call_sid = Some(call_sid),
            (LegEvent::Answered, LegState::Calling) => {
                let screening = leg.screening.take().filter(|_| is_free);
                leg.state = if screening.is_some() { LegState::Screening } else { LegState::Answered };
                self.progress();
                match screening {
                    Some(target) => self.output(Output::Screen { leg: id, target }),
                    None if is_free => self.bridge(&mut dialing, id),
                    // Somebody else was faster.
                    None => self.output(Output::HangUpLeg(id)),
                }
            }
            (LegEvent::Screened { accepted }, LegState::Screening) => {
                leg.state = LegState::Answered;
                if accepted && is_free {
                    self.bridge(&mut dialing, id);
                } else {
                    self.output(Output::HangUpLeg(id));
                }
            }
            (LegEvent::Answered | LegEvent::Screened { .. }, _) => {}
            (LegEvent::Ended { result, duration, recorded }, _) => {
                leg.state = LegState::Ended { result, duration, recorded };
                if let LegResult::Failed { code: Some(code) } = result {
                    let url = self.own_url();
                    self.alert(Alert { code, url, position: None, concern: None });
                }
                return self.leg_ended(dialing, id);
            }
        }
        self.main.activity = Activity::Dialing(dialing);
    }

    fn bridge(&mut self, dialing: &mut Dialing, id: LegId) {
        dialing.bridged = Some(id);
        self.answer();
        self.output(Output::Bridge(id));
        dialing
            .live_legs()
            .into_iter()
            .filter(|leg| *leg != id)
            .for_each(|leg| self.output(Output::HangUpLeg(leg)));
        self.cancel(dialing.timer.take());
        dialing.timer = Some(self.set_timer(dialing.dial.time_limit));
        self.listen(for_star(dialing.dial.hangup_on_star));
    }

    fn leg_ended(&mut self, mut dialing: Box<Dialing>, id: LegId) {
        let is_done = match dialing.bridged {
            Some(bridged) => bridged == id,
            None => dialing.live_legs().is_empty(),
        };
        if !is_done {
            self.main.activity = Activity::Dialing(dialing);
            return;
        }
        self.cancel(dialing.timer.take());
        let was_answered = dialing.bridged.is_some();
        if !was_answered && !dialing.later.is_empty() && self.over.is_none() {
            self.call_parties(dialing);
        } else {
            self.dial_done(*dialing);
        }
    }

    pub(super) fn dial_done(&mut self, dialing: Dialing) {
        self.listen(Listening::default());
        let facts = dialing.facts(self.over.is_some());
        self.go_on("Dial", dialing.dial.action, facts);
    }

    pub(super) fn conference(&mut self, event: ConferenceEvent) {
        let Activity::Conferring(conferring) = &self.main.activity else {
            return;
        };
        let wait = conferring.wait.clone();
        match event {
            ConferenceEvent::Joined { waiting: true } | ConferenceEvent::Waiting => {
                if self.over.is_none() {
                    self.start_waiting(Purpose::ConferenceWait, wait);
                }
            }
            ConferenceEvent::Joined { waiting: false } | ConferenceEvent::Started => {
                self.progress();
                self.stop_waiting();
            }
            // Twilio says "answered" for a conference, whatever came of it.
            ConferenceEvent::Ended => self.conference_done("answered"),
            ConferenceEvent::Failed { code } => {
                self.stop_waiting();
                let url = self.own_url();
                self.alert(Alert { code, url, position: None, concern: None });
                self.conference_done("failed");
            }
        }
    }

    pub(super) fn conference_done(&mut self, result: &str) {
        self.stop_waiting();
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::Conferring(conferring) => {
                self.cancel(conferring.timer);
                self.listen(Listening::default());
                self.go_on("Dial", conferring.action, vec![("DialCallStatus", result.to_owned())]);
            }
            other => self.main.activity = other,
        }
    }

    pub(super) fn dialed_queue(&mut self, event: DialedQueueEvent) {
        let Activity::DialingQueue(dialing) = &mut self.main.activity else {
            return;
        };
        match event {
            DialedQueueEvent::Bridged { call_sid } => {
                if dialing.call_sid.is_some() || self.over.is_some() {
                    return;
                }
                dialing.call_sid = Some(call_sid);
                let (ringing, limit) = (dialing.timer, dialing.time_limit);
                self.progress();
                self.cancel(ringing);
                let timer = self.set_timer(limit);
                if let Activity::DialingQueue(dialing) = &mut self.main.activity {
                    dialing.timer = Some(timer);
                }
            }
            DialedQueueEvent::Ended { failure, duration, waited, recorded } => {
                let mut facts = Vec::new();
                if let Some(call_sid) = &dialing.call_sid {
                    facts.push(("DialCallSid", call_sid.clone()));
                    facts.push(("DialCallDuration", duration.as_secs().to_string()));
                    facts.push(("DequeuedCallSid", call_sid.clone()));
                    facts.push(("DequeuedCallQueueTime", waited.as_secs().to_string()));
                    facts.push(("DequeuedCallDuration", duration.as_secs().to_string()));
                    facts.extend(recorded.into_iter().flat_map(recorded_parameters));
                }
                self.dialed_queue_done(failure, facts);
            }
        }
    }

    pub(super) fn dialed_queue_done(&mut self, failure: Option<u32>, mut facts: Vec<(&'static str, String)>) {
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::DialingQueue(dialing) => {
                self.cancel(dialing.timer);
                self.listen(Listening::default());
                if let Some(code) = failure {
                    let url = self.own_url();
                    self.alert(Alert { code, url, position: None, concern: None });
                }
                let result = match (dialing.call_sid.is_some(), failure) {
                    (true, _) => "completed",
                    (false, Some(_)) => "failed",
                    (false, None) => "no-answer",
                };
                facts.insert(0, ("DialCallStatus", result.to_owned()));
                self.go_on("Dial", dialing.action, facts);
            }
            other => self.main.activity = other,
        }
    }

    /// The facts of what goes on did not come in time: its `action` is told without them.
    pub(super) fn finish_without_facts(&mut self) {
        match std::mem::replace(&mut self.main.activity, Activity::Idle) {
            Activity::Dialing(dialing) => self.dial_done(*dialing),
            Activity::Queueing { action, .. } => {
                self.go_on("Enqueue", action, vec![("QueueResult", "hangup".to_owned())]);
            }
            Activity::Connected { action } => self.go_on("Connect", action, Vec::new()),
            Activity::Referring { action } => {
                self.go_on("Refer", action, vec![("ReferCallStatus", "canceled".to_owned())]);
            }
            Activity::Conferring(conferring) => {
                self.main.activity = Activity::Conferring(conferring);
                self.conference_done("answered");
            }
            Activity::DialingQueue(dialing) => {
                self.main.activity = Activity::DialingQueue(dialing);
                self.dialed_queue_done(None, Vec::new());
            }
            // Without a recording there is nothing to tell.
            _ => {}
        }
    }
}

/// The document that runs at a called party, if any.
fn screening(party: &Party) -> Option<Target> {
    let Action { url, method } = match party {
        Party::Number(noun) => &noun.screening,
        Party::Sip(noun) => &noun.screening,
        Party::Client(noun) => &noun.screening,
        Party::Application(noun) => &noun.screening,
        Party::WhatsApp(noun) => &noun.screening,
        Party::Sim(_) => return None,
    };
    url.clone().map(|url| Target { url, method: *method })
}
