//! Drives a call: what its document asks for is done on the line, and what happens on the line is told to the document.
//!
//! One task for each call. It owns the call's leg, its interpreter, its timers and the legs that `Dial` made. Everything
//! that takes time runs beside it and comes back as something that [`Happened`]. States and reports are on disk before
//! the document hears of them.

mod asking;
mod call;
mod legs;
mod verbs;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use auth::AccountContext;
use base::{CallSid, Timestamp};
use store::{Document, StoreError};
use tokio::sync::mpsc;
use tokio::time::sleep;
use twiml::interpreter::{
    Entry, FetchId, Fetched, Input, Interpreter, LegId, MediaId, Modification, Role, Settings,
    Target as Asked, TimerId,
};

use crate::Switchboard;
use crate::calls::model::{Call, Script, Status};
use crate::hook::Target;
use crate::limits::{HAPPENINGS, TIMER_POLL};
use crate::line::{Cause, Ended, Event, Leg, Line, Order as LineOrder, Reference, Sound};
use crate::orders::Order;
use crate::switchboard::Seat;
use legs::Child;

/// What a driver is told by what runs beside it. No `Debug`: documents and keys are protected.
enum Happened {
    /// Something on the call's own leg.
    Own(Event),
    /// Something on a leg of `Dial`.
    Child(LegId, Event),
    /// A document came, or did not, with a code.
    Document(FetchId, Result<Fetched, u32>),
    /// A file to be played came, with its type, or did not, with a code.
    File(MediaId, Result<(String, Vec<u8>), u32>),
}

/// What is being played, and how often it still is to be.
struct Playing {
    media: MediaId,
    left: u16,
    what: Replay,
}

/// Something that can be played again.
#[derive(Clone)]
enum Replay {
    Speech { text: String, language: String, voice: String },
    Keys(String),
    File { content_type: String, bytes: Arc<Vec<u8>> },
}

impl Replay {
    fn sound(&self) -> Sound {
        match self.clone() {
            Self::Speech { text, language, voice } => Sound::Speech { text, language, voice },
            Self::Keys(keys) => Sound::Keys(keys),
            Self::File { content_type, bytes } => Sound::File { content_type, bytes: bytes.to_vec() },
        }
    }
}

/// One call that goes on.
struct Driver {
    switchboard: Switchboard,
    account: AccountContext,
    call: Document<Call>,
    orders: mpsc::Sender<LineOrder>,
    happened: mpsc::Sender<Happened>,
    interpreter: Option<Interpreter>,
    /// Whether keys are listened for.
    hears_keys: bool,
    timers: BTreeMap<(Timestamp, u64), TimerId>,
    playing: HashMap<u64, Playing>,
    children: HashMap<LegId, Child>,
    /// How its own leg ended, once it has.
    ended: Option<Ended>,
    /// The state that the call ends in when its leg was never answered.
    unanswered: Option<Status>,
    /// Requests for documents so far: each has a token of its own.
    requests: u32,
    next_timer: u64,
}

/// Places a call of the API and drives it, in a task of its own.
pub(crate) fn spawn_outgoing(
    switchboard: Switchboard,
    account: AccountContext,
    call: Document<Call>,
    line: Arc<dyn Line>,
    seat: Seat,
) {
    tokio::spawn(async move {
        let sid = call.sid;
        if let Err(error) = outgoing(switchboard, account, call, line, seat).await {
            // Whoever looks after the call ends it.
            tracing::error!(call = %sid, %error, "a call was given up");
        }
    });
}

/// Drives a call that has come in, in a task of its own.
pub(crate) fn spawn_incoming(
    switchboard: Switchboard,
    account: AccountContext,
    call: Document<Call>,
    leg: Leg,
    seat: Seat,
) {
    tokio::spawn(async move {
        let sid = call.sid;
        let (mut driver, happenings) = Driver::new(switchboard, account, call, leg);
        let begun = driver.begin(None, false);
        driver.interpreter = Some(begun);
        if let Err(error) = driver.run(happenings, seat).await {
            tracing::error!(call = %sid, %error, "a call was given up");
        }
    });
}

async fn outgoing(
    switchboard: Switchboard,
    account: AccountContext,
    call: Document<Call>,
    line: Arc<dyn Line>,
    mut seat: Seat,
) -> Result<(), StoreError> {
    let Some(leg) = call::place(&switchboard, &account, &call, line.as_ref()).await? else {
        return Ok(());
    };
    let (mut driver, mut happenings) = Driver::new(switchboard, account, call, leg);
    driver.initiated().await?;
    let script = driver.ring(&mut happenings, &mut seat).await?;
    if let Some(script) = script {
        let Script { twiml, send_digits } = script;
        if let Some(keys) = send_digits {
            driver.order(LineOrder::Play { id: u64::MAX, sound: Sound::Keys(keys) }).await;
        }
        driver.interpreter = Some(driver.begin(twiml, true));
    }
    driver.run(happenings, seat).await
}

/// Hands on what happens on a leg, until it ends or nobody listens.
fn listen<F>(mut events: mpsc::Receiver<Event>, happened: mpsc::Sender<Happened>, wrap: F)
where
    F: Fn(Event) -> Happened + Send + 'static,
{
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            let is_last = matches!(event, Event::Ended(_));
            if happened.send(wrap(event)).await.is_err() || is_last {
                return;
            }
        }
        // The line let go of it without a word.
        let ended = Ended { cause: Cause::HungUp, sip_response: None };
        if happened.send(wrap(Event::Ended(ended))).await.is_err() {
            tracing::debug!("a leg ended after its call");
        }
    });
}

/// A target, as the interpreter has it.
fn asked(target: &Target) -> Option<Asked> {
    let method = match target.method {
        webhooks::Method::Get => twiml::Method::Get,
        webhooks::Method::Post => twiml::Method::Post,
    };
    target.url.clone().map(|url| Asked { url, method })
}

/// A method, as webhooks have it.
fn method(method: twiml::Method) -> webhooks::Method {
    match method {
        twiml::Method::Get => webhooks::Method::Get,
        twiml::Method::Post => webhooks::Method::Post,
    }
}

impl Driver {
    fn new(
        switchboard: Switchboard,
        account: AccountContext,
        call: Document<Call>,
        leg: Leg,
    ) -> (Self, mpsc::Receiver<Happened>) {
        let (happened, happenings) = mpsc::channel(HAPPENINGS);
        let Leg { orders, events } = leg;
        listen(events, happened.clone(), Happened::Own);
        let driver = Self {
            switchboard,
            account,
            call,
            orders,
            happened,
            interpreter: None,
            hears_keys: false,
            timers: BTreeMap::new(),
            playing: HashMap::new(),
            children: HashMap::new(),
            ended: None,
            unanswered: None,
            requests: 0,
            next_timer: 0,
        };
        (driver, happenings)
    }

    /// The interpreter of the call's document.
    fn begin(&self, twiml: Option<String>, answered: bool) -> Interpreter {
        let hook = &self.call.facts.hook;
        let entry = match (twiml, asked(&hook.voice)) {
            (Some(twiml), _) => Entry::Twiml(twiml.into_bytes()),
            (None, Some(target)) => Entry::Url(target),
            // Nobody said what to do: the call is not taken.
            (None, None) => Entry::Twiml(b"<Response><Reject/></Response>".to_vec()),
        };
        Interpreter::new(Settings { entry, fallback: asked(&hook.fallback), answered, role: Role::Call })
    }

    fn sid(&self) -> CallSid {
        self.call.sid
    }

    fn reference(&self, call: CallSid) -> Reference {
        Reference { account: self.account.sid(), call }
    }

    fn now(&self) -> Timestamp {
        self.switchboard.services().now()
    }

    /// Orders something of the call's own leg; one that is over needs nothing any more.
    async fn order(&self, order: LineOrder) {
        if self.orders.send(order).await.is_err() {
            tracing::debug!(call = %self.sid(), "an order came after the end of a leg");
        }
    }

    /// The loop of a call: what the document asks for, then what happens next.
    async fn run(
        &mut self,
        mut happenings: mpsc::Receiver<Happened>,
        mut seat: Seat,
    ) -> Result<(), StoreError> {
        loop {
            if self.obey().await? {
                return self.finish().await;
            }
            let wait = self.until_timer();
            tokio::select! {
                Some(happened) = happenings.recv() => self.take(happened).await?,
                Some(order) = seat.orders.recv() => self.heed(order),
                () = sleep(wait) => self.ring_timers(),
            }
        }
    }

    /// Tells the document of something.
    fn tell(&mut self, input: Input) {
        if let Some(interpreter) = &mut self.interpreter {
            interpreter.handle(input);
        }
    }

    fn heed(&mut self, order: Order) {
        let modification = match order {
            Order::End => Modification::Ended,
            Order::Redirect { twiml: Some(twiml), .. } => Modification::Twiml(twiml.into_bytes()),
            Order::Redirect { voice, twiml: None, fallback } => match asked(&voice) {
                Some(target) => Modification::Url { target, fallback: fallback.as_ref().and_then(asked) },
                None => return,
            },
        };
        self.tell(Input::Modified(modification));
    }

    fn set_timer(&mut self, timer: TimerId, after: Duration) {
        self.next_timer += 1;
        self.timers.insert((self.now().plus(after), self.next_timer), timer);
    }

    /// How long to wait for the next timer. The clock is the store's, which tests and the simulator move, so it is looked
    /// at now and then.
    fn until_timer(&self) -> Duration {
        let limit = self.time_limit();
        let next = self.timers.keys().next().map(|(at, _)| *at);
        let next = [next, limit].into_iter().flatten().min();
        next.map_or(TIMER_POLL, |at| at.since(self.now()).min(TIMER_POLL))
    }

    /// When the call has lasted as long as it may.
    fn time_limit(&self) -> Option<Timestamp> {
        let answered = Timestamp::from_micros(self.call.facts.answered_at?);
        Some(answered.plus(Duration::from_secs(u64::from(self.call.facts.time_limit))))
    }

    fn ring_timers(&mut self) {
        let now = self.now();
        let later = self.timers.split_off(&(now, u64::MAX));
        for timer in std::mem::replace(&mut self.timers, later).into_values() {
            self.tell(Input::Timer(timer));
        }
        if self.time_limit().is_some_and(|at| at <= now) {
            self.tell(Input::Modified(Modification::Ended));
        }
    }

    async fn take(&mut self, happened: Happened) -> Result<(), StoreError> {
        match happened {
            Happened::Own(event) => self.own_event(event).await?,
            Happened::Child(leg, event) => self.child_event(leg, event).await?,
            Happened::Document(fetch, Ok(document)) => self.tell(Input::Fetched { fetch, document }),
            Happened::Document(fetch, Err(code)) => self.tell(Input::FetchFailed { fetch, code }),
            Happened::File(media, Ok((content_type, bytes))) => {
                let what = Replay::File { content_type, bytes: Arc::new(bytes) };
                self.play_loaded(media, what).await;
            }
            Happened::File(media, Err(code)) => {
                self.playing.remove(&media.0);
                self.tell(Input::MediaFailed { media, code });
            }
        }
        Ok(())
    }

    async fn own_event(&mut self, event: Event) -> Result<(), StoreError> {
        match event {
            Event::Digit(key) if self.hears_keys => self.tell(Input::Digit(key)),
            Event::Played(id) => self.played(id).await,
            Event::NotPlayed { id, code } => {
                if let Some(playing) = self.playing.remove(&id) {
                    self.tell(Input::MediaFailed { media: playing.media, code });
                }
            }
            Event::Ended(ended) => {
                self.ended = Some(ended);
                self.tell(Input::HungUp);
            }
            Event::Ringing | Event::Answered | Event::Digit(_) => {}
        }
        Ok(())
    }
}
