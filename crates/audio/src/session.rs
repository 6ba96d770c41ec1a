//! One side of a call: a port, what comes in through it, what goes out, and what is done with both.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::draft::DraftWriter;
use crate::jitter::{JitterBuffer, Played};
use crate::limits::{
    FRAME_SAMPLES, MEDIA_TIMEOUT, PACKET_BYTES, PACKETS_AT_ONCE, PAYLOAD_BYTES, REPORT_EVERY,
    REPORTS_AT_ONCE, SOURCES,
};
use crate::mixer::{Frame, push_bounded};
use crate::outbound::Outbound;
use crate::recorder::{RecordOptions, Recording, Taping, Work};
use crate::rtcp::{Heard, Reception, report};
use crate::rtp::{Packet, is_rtcp};
use crate::speaking::{Change, Speaking};
use crate::telephone_event::{DigitReceiver, DigitSender, Keyed};
use crate::tone::{samples, time_of};
use crate::{
    Digits, Event, Media, MemberId, Mixer, Prompt, Reports, Role, SrtpKeys, SrtpProblem, SrtpReceiver,
    SrtpSender,
};

const SILENCE: Frame = [0; FRAME_SAMPLES];

/// What can be played.
#[derive(Clone, Debug)]
pub enum Source {
    /// A prompt.
    Prompt(Prompt),
    /// Nothing for so long.
    Silence(Duration),
    /// The beep before a recording.
    Beep,
}

/// How often a source is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// So often; never when it is zero.
    Times(u32),
    /// Until it is stopped.
    Forever,
}

/// Names what was played in [`Event::PlayEnded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayId(u64);

/// What a session is to listen for.
#[derive(Clone, Copy, Debug)]
pub struct Listen {
    /// After how long nobody having spoken is [`Event::Silence`].
    pub silence_after: Duration,
}

/// Why a command was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionProblem {
    /// The session was closed.
    Closed,
    /// As much waits as may: sources, digits or members.
    Full,
    /// The other side takes no digits (it negotiated no `telephone-event`).
    NoDigits,
    /// Something is being recorded.
    Recording,
    /// A session cannot be connected to itself.
    Itself,
    /// A key cannot be used.
    Key(SrtpProblem),
}

/// What a call was like, for its summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Packets sent.
    pub sent: u32,
    /// Packets that could not be sent.
    pub failed: u32,
    /// Packets taken.
    pub received: u32,
    /// Packets that never came.
    pub lost: u32,
    /// Packets that came too late to be heard.
    pub late: u32,
    /// Packets of other sources than the one that was latched on.
    pub foreign: u32,
    /// Packets that were none, repeated, or of another key.
    pub rejected: u32,
    /// Interarrival jitter (RFC 3550 A.8), as seen every 10 ms.
    pub jitter: Duration,
    /// How long a packet takes there and back, when the other side reports.
    pub round_trip: Option<Duration>,
    /// Packets that the other side says it lost.
    pub lost_there: Option<u32>,
}

struct Playing {
    id: PlayId,
    samples: Prompt,
    repeat: Repeat,
    at: usize,
    played: u64,
}

#[derive(Clone)]
enum Link {
    None,
    Peer(Weak<Shared>),
    Mixer(Mixer, MemberId),
}

/// What comes in, and what is done with it.
struct Inner {
    media: Option<Media>,
    srtp: Option<SrtpReceiver>,
    latched: Option<SocketAddr>,
    ssrc: Option<u32>,
    jitter: JitterBuffer,
    reception: Reception,
    heard_report: Option<Heard>,
    round_trip: Option<Duration>,
    lost_there: Option<u32>,
    foreign: u32,
    rejected: u32,
    digits_in: DigitReceiver,
    digits_out: DigitSender,
    playing: VecDeque<Playing>,
    next_play: u64,
    link: Link,
    taping: Option<Taping>,
    speaking: Option<Speaking>,
    is_muted: bool,
    last_frame: Option<Frame>,
    timeout: Duration,
    /// Milliseconds of the engine.
    last_packet: u64,
    last_report: u64,
    has_timed_out: bool,
    buffer: Vec<u8>,
}

pub(crate) struct Shared {
    socket: UdpSocket,
    reports: UdpSocket,
    local: SocketAddr,
    inner: Mutex<Inner>,
    out: Mutex<Outbound>,
    /// What a connected session said.
    inlet: Mutex<VecDeque<Frame>>,
    /// Whether packets must be decoded: something is played, recorded, listened to or keyed in.
    needs_audio: AtomicBool,
    is_closed: AtomicBool,
    events: mpsc::Sender<Event>,
    recorder: SyncSender<Work>,
}

/// One side of a call. Clones are the same one; it ends with [`Session::close`], or when the last clone is gone.
#[derive(Clone)]
pub struct Session(pub(crate) Arc<Shared>);

/// What a session tells.
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    /// The next event; `None` once the session is closed.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[session]")
    }
}

impl Session {
    pub(crate) fn new(
        (socket, reports): (UdpSocket, UdpSocket),
        random: [u8; 10],
        recorder: SyncSender<Work>,
        now: u64,
    ) -> io::Result<(Self, Events)> {
        let (events, receiver) = mpsc::channel(crate::limits::EVENTS);
        let inner = Inner {
            media: None,
            srtp: None,
            latched: None,
            ssrc: None,
            jitter: JitterBuffer::new(0xff),
            reception: Reception::default(),
            heard_report: None,
            round_trip: None,
            lost_there: None,
            foreign: 0,
            rejected: 0,
            digits_in: DigitReceiver::default(),
            digits_out: DigitSender::default(),
            playing: VecDeque::new(),
            next_play: 1,
            link: Link::None,
            taping: None,
            speaking: None,
            is_muted: false,
            last_frame: None,
            timeout: MEDIA_TIMEOUT,
            last_packet: now,
            last_report: now,
            has_timed_out: false,
            buffer: vec![0; PACKET_BYTES + 1],
        };
        let shared = Shared {
            local: socket.local_addr()?,
            socket,
            reports,
            inner: Mutex::new(inner),
            out: Mutex::new(Outbound::new(random)),
            inlet: Mutex::new(VecDeque::new()),
            needs_audio: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            events,
            recorder,
        };
        Ok((Self(Arc::new(shared)), Events(receiver)))
    }

    /// Where audio is taken: the port for the SDP. Reports are taken at the port after it.
    pub fn local(&self) -> SocketAddr {
        self.0.local
    }

    fn open(&self) -> Result<MutexGuard<'_, Inner>, SessionProblem> {
        match self.0.is_closed.load(Ordering::Acquire) {
            true => Err(SessionProblem::Closed),
            false => Ok(self.0.inner()),
        }
    }

    /// Takes what offer and answer agreed on; again after every later one. Keys and a latched source that stay the same are
    /// kept as they are.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`], [`SessionProblem::Key`].
    pub fn set_media(&self, media: Media) -> Result<(), SessionProblem> {
        let mut inner = self.open()?;
        let mut out = self.0.out();
        let before = inner.media.take();
        let same_keys = match (before.as_ref().and_then(|media| media.keys.as_ref()), &media.keys) {
            (Some(before), Some(now)) => before.is_same(now),
            (None, None) => before.is_some(),
            _ => false,
        };
        if !same_keys {
            // Without its keys a session is silent: it must not go on under the ones before, or in the clear.
            (out.sends, out.srtp, inner.srtp) = (false, None, None);
            let SrtpPair { send, receive } =
                SrtpPair::of(media.keys.as_ref()).map_err(SessionProblem::Key)?;
            (out.srtp, inner.srtp) = (send, receive);
        }
        if before.as_ref().is_none_or(|before| before.remote != media.remote) || !same_keys {
            inner.latched = None;
            out.remote = media.remote;
        }
        if before.as_ref().is_none_or(|before| before.codec != media.codec) {
            inner.jitter = JitterBuffer::new(media.codec.encode(0));
        }
        out.sends = media.direction.sends();
        (out.codec, out.payload_type) = (media.codec, media.payload_type);
        out.telephone_event = media.telephone_event;
        inner.media = Some(media);
        Ok(())
    }

    /// After how long without a packet [`Event::MediaTimeout`] is told.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`].
    pub fn set_media_timeout(&self, timeout: Duration) -> Result<(), SessionProblem> {
        self.open()?.timeout = timeout;
        Ok(())
    }

    /// Plays a source after those that wait. What is played is heard instead of whom the session is connected to.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`], [`SessionProblem::Full`].
    pub fn play(&self, source: Source, repeat: Repeat) -> Result<PlayId, SessionProblem> {
        let mut inner = self.open()?;
        if inner.playing.len() >= SOURCES {
            return Err(SessionProblem::Full);
        }
        let samples = match source {
            Source::Prompt(prompt) => prompt,
            Source::Silence(time) => Prompt::from_samples(vec![0; samples(time.min(crate::limits::PROMPT))]),
            Source::Beep => Prompt::from_samples(crate::tone::beep()),
        };
        let id = PlayId(inner.next_play);
        inner.next_play += 1;
        inner.playing.push_back(Playing { id, samples, repeat, at: 0, played: 0 });
        self.0.refresh(&inner);
        Ok(id)
    }

    /// Stops what is played and forgets what waits. Each is told as ended.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`].
    pub fn stop_playing(&self) -> Result<(), SessionProblem> {
        let mut inner = self.open()?;
        for playing in std::mem::take(&mut inner.playing) {
            self.0.tell(playing.ended(true));
        }
        self.0.refresh(&inner);
        Ok(())
    }

    /// Keys digits in, after those that wait (RFC 4733).
    ///
    /// # Errors
    /// [`SessionProblem::Closed`], [`SessionProblem::NoDigits`], [`SessionProblem::Full`].
    pub fn send_digits(&self, digits: &Digits) -> Result<(), SessionProblem> {
        let mut inner = self.open()?;
        if inner.media.as_ref().is_some_and(|media| media.telephone_event.is_none()) {
            return Err(SessionProblem::NoDigits);
        }
        if !inner.digits_out.add(digits) {
            return Err(SessionProblem::Full);
        }
        self.0.refresh(&inner);
        Ok(())
    }

    /// Begins, or with `None` ends, telling of speech and silence of the other side.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`].
    pub fn listen(&self, listen: Option<Listen>) -> Result<(), SessionProblem> {
        let mut inner = self.open()?;
        inner.speaking = listen.map(|listen| Speaking::new(listen.silence_after));
        self.0.refresh(&inner);
        Ok(())
    }

    /// Records into a draft, as it is laid out ([`DraftWriter::channels`]).
    ///
    /// # Errors
    /// [`SessionProblem::Closed`], [`SessionProblem::Recording`].
    pub fn record(&self, draft: DraftWriter, options: RecordOptions) -> Result<Recording, SessionProblem> {
        let mut inner = self.open()?;
        if inner.taping.is_some() {
            return Err(SessionProblem::Recording);
        }
        let channels = draft.channels();
        let (taping, ended) =
            Taping::new(draft, channels, options, self.0.recorder.clone(), self.0.events.clone());
        inner.taping = Some(taping);
        self.0.refresh(&inner);
        Ok(Recording { session: self.clone(), ended })
    }

    pub(crate) fn pause_recording(&self, is_paused: bool) {
        if let Some(taping) = &mut self.0.inner().taping {
            taping.is_paused = is_paused;
        }
    }

    pub(crate) fn stop_recording(&self) {
        let mut inner = self.0.inner();
        if let Some(taping) = inner.taping.take() {
            taping.end();
        }
        self.0.refresh(&inner);
    }

    /// Connects two sessions: each hears the other. Either leaves what it was connected to before.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`], [`SessionProblem::Itself`].
    pub fn connect(&self, other: &Session) -> Result<(), SessionProblem> {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Err(SessionProblem::Itself);
        }
        for (one, two) in [(self, other), (other, self)] {
            one.disconnect()?;
            one.0.inlet().clear();
            one.open()?.link = Link::Peer(Arc::downgrade(&two.0));
        }
        Ok(())
    }

    /// Joins a conference.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`], [`SessionProblem::Full`].
    pub fn join(&self, mixer: &Mixer, role: Role) -> Result<MemberId, SessionProblem> {
        self.disconnect()?;
        let mut inner = self.open()?;
        let member = mixer.add(role).ok_or(SessionProblem::Full)?;
        inner.link = Link::Mixer(mixer.clone(), member);
        self.0.refresh(&inner);
        Ok(member)
    }

    /// Leaves the other session, which then hears nobody either, or the conference.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`].
    pub fn disconnect(&self) -> Result<(), SessionProblem> {
        let mut inner = self.open()?;
        let link = std::mem::replace(&mut inner.link, Link::None);
        self.0.refresh(&inner);
        drop(inner);
        self.0.leave(link);
        Ok(())
    }

    /// Whether what the other side says is passed on to nobody: to no session and no conference. It is recorded still.
    ///
    /// # Errors
    /// [`SessionProblem::Closed`].
    pub fn set_muted(&self, is_muted: bool) -> Result<(), SessionProblem> {
        let mut inner = self.open()?;
        inner.is_muted = is_muted;
        self.0.refresh(&inner);
        Ok(())
    }

    /// What the call was like until now.
    pub fn quality(&self) -> Quality {
        let inner = self.0.inner();
        let (sent, failed) = self.0.out().counts();
        Quality {
            sent,
            failed,
            received: inner.reception.received(),
            lost: inner.reception.lost(),
            late: inner.jitter.late(),
            foreign: inner.foreign,
            rejected: inner.rejected,
            jitter: inner.reception.jitter(),
            round_trip: inner.round_trip,
            lost_there: inner.lost_there,
        }
    }

    /// Ends the session: what is played and recorded ends, the port is given back.
    pub fn close(&self) {
        self.0.close();
    }
}

struct SrtpPair {
    send: Option<SrtpSender>,
    receive: Option<SrtpReceiver>,
}

impl SrtpPair {
    fn of(keys: Option<&SrtpKeys>) -> Result<Self, SrtpProblem> {
        let Some(keys) = keys else { return Ok(Self { send: None, receive: None }) };
        let (send, receive) = (SrtpSender::new(&keys.send)?, SrtpReceiver::new(&keys.receive)?);
        Ok(Self { send: Some(send), receive: Some(receive) })
    }
}

impl Playing {
    /// The next frame; `None` at the end.
    fn next(&mut self) -> Option<Frame> {
        let samples = self.samples.samples();
        if self.at >= samples.len() {
            self.at = 0;
            self.repeat = match self.repeat {
                Repeat::Times(times) => Repeat::Times(times.saturating_sub(1)),
                Repeat::Forever => Repeat::Forever,
            };
        }
        if self.repeat == Repeat::Times(0) || samples.is_empty() {
            return None;
        }
        let piece = &samples[self.at..samples.len().min(self.at + FRAME_SAMPLES)];
        let mut frame = SILENCE;
        frame[..piece.len()].copy_from_slice(piece);
        self.at += FRAME_SAMPLES;
        self.played += piece.len() as u64;
        Some(frame)
    }

    fn ended(&self, was_stopped: bool) -> Event {
        Event::PlayEnded { id: self.id, position: time_of(self.played), was_stopped }
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self) -> MutexGuard<'_, Outbound> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inlet(&self) -> MutexGuard<'_, VecDeque<Frame>> {
        self.inlet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Which of the two turns of a frame is this session's: half of them are attended to at each.
    pub(crate) fn phase(&self) -> usize {
        usize::from(self.local.port()) / 2 % 2
    }

    fn tell(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::debug!("an event of a session is not heard");
        }
    }

    fn refresh(&self, inner: &Inner) {
        let needs = !inner.playing.is_empty()
            || !inner.digits_out.is_idle()
            || inner.taping.is_some()
            || inner.speaking.is_some()
            || inner.is_muted
            || matches!(inner.link, Link::Mixer(..));
        self.needs_audio.store(needs, Ordering::Release);
    }

    fn leave(self: &Arc<Self>, link: Link) {
        match link {
            Link::None => {}
            Link::Mixer(mixer, member) => mixer.remove(member),
            Link::Peer(peer) => {
                if let Some(peer) = peer.upgrade() {
                    let mut theirs = peer.inner();
                    if matches!(&theirs.link, Link::Peer(back) if Weak::ptr_eq(back, &Arc::downgrade(self))) {
                        theirs.link = Link::None;
                    }
                }
            }
        }
    }

    pub(crate) fn close(self: &Arc<Self>) {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut inner = self.inner();
        if let Some(taping) = inner.taping.take() {
            taping.end();
        }
        for playing in std::mem::take(&mut inner.playing) {
            self.tell(playing.ended(true));
        }
        inner.digits_out.clear();
        (inner.srtp, inner.media) = (None, None);
        let link = std::mem::replace(&mut inner.link, Link::None);
        drop(inner);
        self.out().srtp = None;
        self.leave(link);
    }

    /// Reads what came. `now` is in milliseconds of the engine.
    pub(crate) fn receive(self: &Arc<Self>, now: u64) {
        let mut inner = self.inner();
        let mut buffer = std::mem::take(&mut inner.buffer);
        for _ in 0..PACKETS_AT_ONCE {
            buffer.resize(PACKET_BYTES + 1, 0);
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else { break };
            buffer.truncate(length);
            match is_rtcp(&buffer) {
                true => self.take_report(&mut inner, &mut buffer, from, now),
                false => self.take_packet(&mut inner, &mut buffer, from, now),
            }
        }
        inner.buffer = buffer;
    }

    fn take_packet(self: &Arc<Self>, inner: &mut Inner, bytes: &mut Vec<u8>, from: SocketAddr, now: u64) {
        let Some(media) = inner.media.as_ref().filter(|media| media.direction.receives()) else { return };
        let is_theirs =
            inner.latched.map_or(media.symmetric || media.remote == Some(from), |known| known == from);
        if !is_theirs {
            inner.foreign = inner.foreign.saturating_add(1);
            return;
        }
        let (codec, audio, events) = (media.codec, media.payload_type, media.telephone_event);
        let opened = inner.srtp.as_mut().is_none_or(|srtp| srtp.open(bytes).is_ok());
        let packet = Packet::parse(bytes).ok().filter(|packet| {
            let is_known = packet.payload_type == audio || Some(packet.payload_type) == events;
            opened && is_known && packet.payload.len() <= PAYLOAD_BYTES
        });
        let Some(packet) = packet else {
            inner.rejected = inner.rejected.saturating_add(1);
            return;
        };
        if inner.latched.is_none() {
            inner.latched = Some(from);
            self.out().remote = Some(from);
            self.tell(Event::MediaStarted);
        }
        if inner.ssrc.replace(packet.ssrc) != Some(packet.ssrc) {
            inner.jitter.reset();
            inner.reception = Reception::default();
            inner.digits_in = DigitReceiver::default();
        }
        inner.last_packet = now;
        if std::mem::take(&mut inner.has_timed_out) {
            self.tell(Event::MediaResumed);
        }
        inner.reception.note(packet.sequence, packet.timestamp, (now as u32).wrapping_mul(8));
        let is_event = packet.payload_type != audio;
        if is_event && let Some(digit) = inner.digits_in.receive(packet.timestamp, packet.payload) {
            self.tell(Event::Digit(digit));
        }
        match self.relays_to(inner) {
            Some(peer) => peer.out().relay(&peer.socket, &packet, codec, is_event),
            None if is_event => {}
            None => inner.jitter.push(packet.timestamp, packet.payload),
        }
    }

    /// The session that packets go on to as they are.
    fn relays_to(&self, inner: &Inner) -> Option<Arc<Shared>> {
        let Link::Peer(peer) = &inner.link else { return None };
        let peer = peer.upgrade()?;
        let is_plain = |shared: &Shared| !shared.needs_audio.load(Ordering::Acquire) && !shared.is_closed();
        (is_plain(self) && is_plain(&peer)).then_some(peer)
    }

    fn take_report(&self, inner: &mut Inner, bytes: &mut Vec<u8>, from: SocketAddr, now: u64) {
        let from_theirs = inner.latched.is_none_or(|known| known.ip() == from.ip());
        let opened = inner.srtp.as_mut().is_none_or(|srtp| srtp.open_report(bytes).is_ok());
        let ours = self.out().ssrc();
        let reported =
            crate::rtcp::parse(bytes, ours).filter(|_| from_theirs && opened && inner.media.is_some());
        let Some(reported) = reported else {
            inner.rejected = inner.rejected.saturating_add(1);
            return;
        };
        if let Some(middle) = reported.sent_at {
            inner.heard_report = Some(Heard { middle, at: now });
        }
        if let Some(ours) = reported.ours {
            inner.lost_there = Some(ours.lost);
            inner.round_trip = ours.round_trip(now).or(inner.round_trip);
        }
    }

    /// Lets 20 ms pass.
    pub(crate) fn pass_frame(self: &Arc<Self>, now: u64) {
        let mut inner = self.inner();
        if inner.media.is_none() {
            return;
        }
        self.watch_time(&mut inner, now);
        let relays = self.relays_to(&inner).is_some();
        let heard = self.hear(&mut inner);
        let passed_on = heard.filter(|_| !inner.is_muted);
        let theirs = match &inner.link {
            Link::None => None,
            Link::Mixer(mixer, member) => mixer.exchange(*member, passed_on),
            Link::Peer(_) if relays => None,
            Link::Peer(peer) => {
                if let (Some(frame), Some(peer)) = (passed_on, peer.upgrade()) {
                    push_bounded(&mut peer.inlet(), frame);
                }
                self.inlet().pop_front()
            }
        };
        let said = self.play_on(&mut inner).or(theirs);
        let keyed = inner.digits_out.next();
        if relays && said.is_none() && keyed == Keyed::Nothing {
            return;
        }
        let is_audible = keyed == Keyed::Nothing;
        self.say(&keyed, said.as_ref().unwrap_or(&SILENCE));
        if keyed != Keyed::Nothing && inner.digits_out.is_idle() {
            self.tell(Event::DigitsSent);
        }
        let said = said.filter(|_| is_audible).unwrap_or(SILENCE);
        let heard = heard.unwrap_or(SILENCE);
        if inner.taping.as_mut().is_some_and(|taping| taping.take(&heard, &said))
            && let Some(taping) = inner.taping.take()
        {
            taping.end();
        }
        self.refresh(&inner);
    }

    fn hear(&self, inner: &mut Inner) -> Option<Frame> {
        let codec = inner.media.as_ref()?.codec;
        let heard = match inner.jitter.pop() {
            Played::Frame(codes) => Some(codes.map(|code| codec.decode(code))),
            // The last frame again, and softer each time: a short loss is not heard.
            Played::Lost => inner.last_frame.map(|frame| frame.map(|sample| sample / 2)),
            Played::Waiting => None,
        };
        inner.last_frame = heard;
        match inner.speaking.as_mut().map(|speaking| speaking.hear(heard.as_ref().unwrap_or(&SILENCE))) {
            Some(Change::Began) => self.tell(Event::SpeechStarted),
            Some(Change::SilentFor(time)) => self.tell(Event::Silence(time)),
            Some(Change::None) | None => {}
        }
        heard
    }

    fn play_on(&self, inner: &mut Inner) -> Option<Frame> {
        loop {
            if let Some(frame) = inner.playing.front_mut()?.next() {
                return Some(frame);
            }
            let ended = inner.playing.pop_front()?;
            self.tell(ended.ended(false));
        }
    }

    fn say(&self, keyed: &Keyed, frame: &Frame) {
        let mut out = self.out();
        if !out.sends {
            return out.pass_frame();
        }
        match keyed {
            Keyed::Event(event) => out.send_event(&self.socket, event),
            Keyed::Gap => out.send_frame(&self.socket, &SILENCE),
            Keyed::Nothing => out.send_frame(&self.socket, frame),
        }
    }

    /// What happens once in a while: reports, and noticing that nothing comes.
    fn watch_time(&self, inner: &mut Inner, now: u64) {
        let silent = Duration::from_millis(now.saturating_sub(inner.last_packet));
        let Some(media) = &inner.media else { return };
        let expects = media.direction.receives();
        if !expects {
            inner.last_packet = now;
        } else if silent >= inner.timeout && !inner.has_timed_out {
            inner.has_timed_out = true;
            self.tell(Event::MediaTimeout(silent));
        }
        if now.saturating_sub(inner.last_report) < REPORT_EVERY.as_millis() as u64 {
            return;
        }
        inner.last_report = now;
        let (kind, mut buffer) = (media.reports, std::mem::take(&mut inner.buffer));
        for _ in 0..REPORTS_AT_ONCE {
            buffer.resize(PACKET_BYTES + 1, 0);
            let Ok((length, from)) = self.reports.recv_from(&mut buffer) else { break };
            buffer.truncate(length);
            self.take_report(inner, &mut buffer, from, now);
        }
        inner.buffer = buffer;
        let mut out = self.out();
        let to = match (kind, out.remote) {
            (Reports::None, _) => None,
            (Reports::At(address), _) => Some(address),
            (Reports::SamePort, remote) => remote,
            (Reports::NextPort, remote) => remote.and_then(|mut remote| {
                remote.set_port(remote.port().checked_add(1)?);
                Some(remote)
            }),
        };
        let Some(to) = to else { return };
        let heard = inner.heard_report;
        let about = inner.ssrc.map(|ssrc| (ssrc, &mut inner.reception, heard));
        let report = report(&out.sent(), about, now);
        let socket = if kind == Reports::SamePort { &self.socket } else { &self.reports };
        out.send_report(socket, to, report);
    }
}
