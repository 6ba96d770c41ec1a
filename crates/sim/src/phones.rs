//! The simulated line: phones that ring, are answered or not, hear what is said to them, and can be used by hand.
//!
//! What the last four digits of the number called decide, in any area code:
//!
//! | digits | what happens |
//! |---|---|
//! | 9101 | busy |
//! | 9102 | it rings, and nobody answers |
//! | 9103 | the number does not exist |
//! | 9104 | answered after 5 seconds |
//! | 9105 | answered at once, hung up after 5 seconds |
//! | 9106 | answered at once, then `1` is pressed |
//! | 9107 | the line takes no call now |
//! | others | answered at once |
//!
//! Seconds are of the virtual clock. Nothing has a length: what is played is heard at once.

use std::collections::VecDeque;
use std::time::Duration;

use base::{PhoneNumber, Timestamp};
use phi::Phi;
use tokio::sync::mpsc;
use tokio::time::sleep;
use voice::line::{
    Cause, Ended, Event, Incoming, Line, LineError, Order, Outgoing, Placing, Reference, Sound, Wire, leg,
};

use crate::Simulator;
use crate::limits::{ACTS_PER_CALL, CLOCK_POLL, HEARD_PER_CALL, PERSON_WAIT, PHONE_CALLS};

/// Nobody has the number (the public error dictionary).
const NOT_REACHED: u32 = 21_214;

/// What somebody does with a phone by hand.
pub(crate) enum Act {
    /// Presses these keys.
    Press(Vec<char>),
    /// Hangs up.
    HangUp,
}

/// A call at a phone.
#[derive(Clone, Debug)]
pub struct PhoneCall {
    /// Which call, and whose; none before it was taken.
    pub reference: Option<Reference>,
    /// Whether the phone called.
    pub is_caller: bool,
    /// How it is now: `ringing`, `answered` or `over`.
    pub state: &'static str,
    /// What was heard, oldest first.
    pub heard: Vec<Phi<String>>,
    phone: PhoneNumber,
    id: u64,
    acts: mpsc::Sender<Act>,
}

/// The calls at all phones, oldest first.
#[derive(Default)]
pub(crate) struct Phones {
    calls: VecDeque<PhoneCall>,
    next: u64,
}

impl Phones {
    fn begin(&mut self, phone: PhoneNumber, reference: Option<Reference>) -> (u64, mpsc::Receiver<Act>) {
        self.next += 1;
        let (acts, done) = mpsc::channel(ACTS_PER_CALL);
        if self.calls.len() == PHONE_CALLS {
            self.calls.pop_front();
        }
        let is_caller = reference.is_none();
        let (id, heard) = (self.next, Vec::new());
        self.calls.push_back(PhoneCall { reference, is_caller, state: "ringing", heard, phone, id, acts });
        (id, done)
    }

    fn find(&mut self, id: u64) -> Option<&mut PhoneCall> {
        self.calls.iter_mut().rev().find(|call| call.id == id)
    }
}

/// What the phone does by itself once it rings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    Busy,
    NoAnswer,
    Unknown,
    AnswersAfter(Duration),
    HangsUpAfter(Duration),
    PressesOne,
}

/// A while, for those who take it.
const A_WHILE: Duration = Duration::from_secs(5);

fn habit(to: &PhoneNumber) -> Option<Habit> {
    let number = to.as_str();
    Some(match &number[number.len().saturating_sub(4)..] {
        "9101" => Habit::Busy,
        "9102" => Habit::NoAnswer,
        "9103" => Habit::Unknown,
        "9104" => Habit::AnswersAfter(A_WHILE),
        "9105" => Habit::HangsUpAfter(A_WHILE),
        "9106" => Habit::PressesOne,
        "9107" => return None,
        _ => Habit::AnswersAfter(Duration::ZERO),
    })
}

impl Simulator {
    /// The calls at a phone, oldest first.
    pub fn calls(&self, phone: &PhoneNumber) -> Vec<PhoneCall> {
        self.phones().calls.iter().filter(|call| call.phone == *phone).cloned().collect()
    }

    /// Begins a call from a phone: to be given to a [`voice::Switchboard`], which says what it is called from then on
    /// ([`Simulator::taken`]).
    pub fn call(&self, phone: &PhoneNumber, to: &str, forwarded_from: Option<String>) -> (u64, Incoming) {
        let (id, acts) = self.phones().begin(phone.clone(), None);
        let (leg, wire) = leg();
        let person = Person { simulator: self.clone(), id, acts, wire };
        tokio::spawn(person.calls());
        let (from, to) = (phone.as_str().to_owned(), to.to_owned());
        (id, Incoming { from, to, forwarded_from, private_path: true, leg })
    }

    /// What a call that a phone began is called.
    pub fn taken(&self, id: u64, reference: Reference) {
        if let Some(call) = self.phones().find(id) {
            call.reference = Some(reference);
        }
    }

    /// Presses keys at a phone; whether a call goes on there that `allowed` lets somebody use.
    pub fn press(&self, phone: &PhoneNumber, keys: &str, allowed: impl Fn(&PhoneCall) -> bool) -> bool {
        self.act(phone, allowed, || Act::Press(keys.chars().collect()))
    }

    /// Hangs a phone up, likewise.
    pub fn hang_up(&self, phone: &PhoneNumber, allowed: impl Fn(&PhoneCall) -> bool) -> bool {
        self.act(phone, allowed, || Act::HangUp)
    }

    fn act(&self, phone: &PhoneNumber, allowed: impl Fn(&PhoneCall) -> bool, act: impl Fn() -> Act) -> bool {
        let phones = self.phones();
        let going_on = |call: &&PhoneCall| call.phone == *phone && call.state != "over" && allowed(call);
        let newest = phones.calls.iter().rev().find(going_on);
        newest.is_some_and(|call| call.acts.try_send(act()).is_ok())
    }
}

impl Line for Simulator {
    fn place(&self, outgoing: Outgoing) -> Placing<'_> {
        Box::pin(async move {
            let to = PhoneNumber::parse(&outgoing.to).map_err(|_| LineError::Refused(NOT_REACHED))?;
            let habit = habit(&to).ok_or(LineError::Unavailable)?;
            let (id, acts) = self.phones().begin(to, Some(outgoing.reference));
            let (leg, wire) = leg();
            let person = Person { simulator: self.clone(), id, acts, wire };
            tokio::spawn(person.rings(habit, outgoing.timeout));
            Ok(leg)
        })
    }

    /// It reaches nobody.
    fn is_covered(&self, _: &voice::line::InForce) -> bool {
        true
    }
}

/// Somebody at a phone, for one call.
struct Person {
    simulator: Simulator,
    id: u64,
    acts: mpsc::Receiver<Act>,
    wire: Wire,
}

/// What comes to somebody at a phone.
enum Came {
    Order(Order),
    Act(Act),
    /// The platform let go of the call.
    Gone,
    /// It is that time.
    Time,
}

impl Person {
    /// A phone that rings.
    async fn rings(mut self, habit: Habit, ring: Duration) {
        let ended = self.answered_or_not(habit, ring).await;
        self.over(ended).await;
    }

    async fn answered_or_not(&mut self, habit: Habit, ring: Duration) -> Ended {
        let now = self.simulator.now();
        match habit {
            Habit::Busy => return ended(Cause::Busy, 486),
            Habit::Unknown => return ended(Cause::Failed(NOT_REACHED), 404),
            _ => {}
        }
        self.tell(Event::Ringing).await;
        let answers_at = match habit {
            Habit::AnswersAfter(wait) => now.plus(wait),
            Habit::NoAnswer => now.plus(ring),
            _ => now,
        };
        loop {
            match self.next(Some(answers_at)).await {
                Came::Time if habit == Habit::NoAnswer => return ended(Cause::NoAnswer, 480),
                Came::Time => break,
                Came::Gone | Came::Order(Order::HangUp) => return ended(Cause::HungUp, 487),
                Came::Act(Act::HangUp) => return ended(Cause::Busy, 603),
                Came::Act(Act::Press(_)) | Came::Order(_) => {}
            }
        }
        self.is("answered");
        self.tell(Event::Answered).await;
        let hangs_up_at = match habit {
            Habit::HangsUpAfter(wait) => Some(self.simulator.now().plus(wait)),
            _ => None,
        };
        self.talk(hangs_up_at, habit == Habit::PressesOne).await
    }

    /// Somebody who calls.
    async fn calls(mut self) {
        let answered = loop {
            match self.next(None).await {
                Came::Order(Order::Answer) => break true,
                Came::Gone | Came::Order(Order::Reject(_) | Order::HangUp) | Came::Act(Act::HangUp) => {
                    break false;
                }
                Came::Order(_) | Came::Act(Act::Press(_)) | Came::Time => {}
            }
        };
        if !answered {
            return self.over(ended(Cause::HungUp, 487)).await;
        }
        self.is("answered");
        let last = self.talk(None, false).await;
        self.over(last).await;
    }

    /// From the answer to the end.
    async fn talk(&mut self, hangs_up_at: Option<Timestamp>, presses_one: bool) -> Ended {
        let mut presses_one = presses_one;
        loop {
            match self.next(hangs_up_at).await {
                Came::Gone | Came::Time | Came::Act(Act::HangUp) | Came::Order(Order::HangUp) => {
                    return ended(Cause::HungUp, 200);
                }
                Came::Act(Act::Press(keys)) => {
                    for key in keys {
                        self.tell(Event::Digit(key)).await;
                    }
                }
                Came::Order(Order::Play { id, sound }) => {
                    self.hear(sound);
                    if std::mem::take(&mut presses_one) {
                        self.tell(Event::Digit('1')).await;
                    }
                    self.tell(Event::Played(id)).await;
                }
                Came::Order(
                    Order::Answer | Order::Reject(_) | Order::Silence | Order::Bridge(_) | Order::Unbridge,
                ) => {}
            }
        }
    }

    /// The next thing that comes, or the time by the virtual clock.
    async fn next(&mut self, until: Option<Timestamp>) -> Came {
        loop {
            if until.is_some_and(|until| self.simulator.now() >= until) {
                return Came::Time;
            }
            tokio::select! {
                order = self.wire.orders.recv() => return order.map_or(Came::Gone, Came::Order),
                Some(act) = self.acts.recv() => return Came::Act(act),
                // The clock may be moved by others than the simulator.
                () = sleep(CLOCK_POLL), if until.is_some() => {}
            }
        }
    }

    fn hear(&self, sound: Sound) {
        let heard = match sound {
            Sound::Speech { text, .. } => text,
            Sound::File { content_type, bytes } => format!("[{content_type}, {} bytes]", bytes.len()),
            Sound::Keys(keys) => format!("[keys {keys}]"),
        };
        if let Some(call) = self.simulator.phones().find(self.id)
            && call.heard.len() < HEARD_PER_CALL
        {
            call.heard.push(Phi::new(heard));
        }
    }

    fn is(&self, state: &'static str) {
        if let Some(call) = self.simulator.phones().find(self.id) {
            call.state = state;
        }
    }

    async fn over(self, ended: Ended) {
        self.is("over");
        self.tell(Event::Ended(ended)).await;
    }

    /// Whoever does not listen any more needs to hear nothing.
    async fn tell(&self, event: Event) {
        let told = tokio::time::timeout(PERSON_WAIT, self.wire.events.send(event)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::debug!("a phone spoke to nobody");
        }
    }
}

fn ended(cause: Cause, sip_response: u16) -> Ended {
    Ended { cause, sip_response: Some(sip_response) }
}
