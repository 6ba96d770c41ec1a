//! Recordings under way: sessions hand over audio, one thread seals it and writes it.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::Duration;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::draft::{DraftProblem, DraftWriter};
use crate::limits::{FRAME_SAMPLES, HELD_SILENCE, RECORDED_AT_ONCE, RECORDING};
use crate::mixer::Frame;
use crate::session::Session;
use crate::speaking::{Change, Speaking};
use crate::tone::{samples, time_of};
use crate::{EncryptionDetails, Event};

/// How a recording is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Both sides together.
    Mono,
    /// What comes in on the left, what goes out on the right.
    Dual,
    /// What comes in alone, as `<Record>` has it.
    Incoming,
}

impl Channels {
    /// Channels of the file.
    pub const fn count(self) -> u8 {
        match self {
            Self::Mono | Self::Incoming => 1,
            Self::Dual => 2,
        }
    }

    pub(crate) const fn of(count: u8) -> Option<Self> {
        match count {
            1 => Some(Self::Mono),
            2 => Some(Self::Dual),
            _ => None,
        }
    }
}

/// What is asked of a recording.
#[derive(Clone, Copy, Debug)]
pub struct RecordOptions {
    /// Ends it after so long; [`RECORDING`] at most.
    pub longest: Duration,
    /// Ends it when nobody has spoken for so long (`<Record timeout>`).
    pub silence: Option<Duration>,
    /// Leaves out silence at the beginning and the end (`trim-silence`).
    pub trims_silence: bool,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self { longest: RECORDING, silence: None, trims_silence: false }
    }
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// How much of it is on the disk.
    pub duration: Duration,
    /// What went wrong, if something did: what was said until then is in the draft.
    pub problem: Option<DraftProblem>,
    /// What the customer needs to open it, when only he can.
    pub encryption_details: Option<EncryptionDetails>,
}

/// A recording under way.
pub struct Recording {
    pub(crate) session: Session,
    pub(crate) ended: oneshot::Receiver<Recorded>,
}

impl Recording {
    /// Leaves out what is said from now on.
    pub fn pause(&self) {
        self.session.pause_recording(true);
    }

    /// Goes on.
    pub fn resume(&self) {
        self.session.pause_recording(false);
    }

    /// Ends it.
    pub fn stop(&self) {
        self.session.stop_recording();
    }

    /// Waits until it has ended and all of it is on the disk.
    pub async fn ended(self) -> Recorded {
        let lost = Recorded {
            duration: Duration::ZERO,
            problem: Some(DraftProblem::Unavailable),
            encryption_details: None,
        };
        self.ended.await.unwrap_or(lost)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[recording]")
    }
}

/// What the thread that writes is told.
pub(crate) enum Work {
    Write(Job, Zeroizing<Vec<i16>>),
    End(Job),
}

/// The draft of a recording, on its way between session and thread.
pub(crate) struct Job(pub(crate) std::sync::Arc<std::sync::Mutex<JobState>>);

impl Clone for Job {
    fn clone(&self) -> Self {
        Self(std::sync::Arc::clone(&self.0))
    }
}

pub(crate) struct JobState {
    writer: Option<DraftWriter>,
    written: u64,
    problem: Option<DraftProblem>,
    ended: Option<oneshot::Sender<Recorded>>,
    events: tokio::sync::mpsc::Sender<Event>,
}

/// Writes until every engine is gone.
pub(crate) fn run(queue: &Receiver<Work>) {
    while let Ok(work) = queue.recv() {
        match work {
            Work::Write(job, samples) => job.state().write(&samples),
            Work::End(job) => job.state().end(),
        }
    }
}

impl Job {
    fn state(&self) -> std::sync::MutexGuard<'_, JobState> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl JobState {
    fn write(&mut self, samples: &[i16]) {
        let Some(writer) = self.writer.as_mut().filter(|_| self.problem.is_none()) else { return };
        match writer.write(samples) {
            Ok(()) => self.written += (samples.len() / usize::from(writer.channels().count())) as u64,
            Err(problem) => {
                tracing::warn!(?problem, "a recording cannot be written and ends");
                self.problem = Some(problem);
            }
        }
    }

    fn end(&mut self) {
        let Some(writer) = self.writer.take() else { return };
        let encryption_details = writer.encryption_details().cloned();
        let finished = if self.problem.is_none() { writer.finish() } else { Ok(()) };
        let problem = self.problem.or(finished.err());
        let recorded = Recorded { duration: time_of(self.written), problem, encryption_details };
        if self.ended.take().is_some_and(|ended| ended.send(recorded).is_err()) {
            tracing::debug!("nobody waits for the end of a recording");
        }
        if self.events.try_send(Event::RecordingEnded).is_err() {
            tracing::debug!("nobody hears of the end of a recording");
        }
    }
}

/// The session's side of a recording.
pub(crate) struct Taping {
    job: Job,
    queue: SyncSender<Work>,
    channels: Channels,
    options: RecordOptions,
    pub(crate) is_paused: bool,
    speaking: Speaking,
    has_begun: bool,
    /// Audio that is not handed over yet.
    pending: Zeroizing<Vec<i16>>,
    /// Silence that is left out unless more is said.
    held: Zeroizing<Vec<i16>>,
    taken: usize,
    lost: bool,
}

impl Taping {
    pub(crate) fn new(
        writer: DraftWriter,
        channels: Channels,
        options: RecordOptions,
        queue: SyncSender<Work>,
        events: tokio::sync::mpsc::Sender<Event>,
    ) -> (Self, oneshot::Receiver<Recorded>) {
        let (sender, ended) = oneshot::channel();
        let state = JobState { writer: Some(writer), written: 0, problem: None, ended: Some(sender), events };
        let taping = Self {
            job: Job(std::sync::Arc::new(std::sync::Mutex::new(state))),
            queue,
            channels,
            options,
            is_paused: false,
            speaking: Speaking::new(options.silence.unwrap_or(RECORDING)),
            has_begun: !options.trims_silence,
            pending: Zeroizing::default(),
            held: Zeroizing::default(),
            taken: 0,
            lost: false,
        };
        (taping, ended)
    }

    /// Takes what was heard and said in one frame; `true` when the recording is to end.
    pub(crate) fn take(&mut self, heard: &Frame, said: &Frame) -> bool {
        if self.is_paused {
            return false;
        }
        let change = self.speaking.hear(heard);
        let is_voice = self.speaking.is_speaking() || crate::tone::level(said) > -48.0;
        self.has_begun |= is_voice;
        if self.has_begun {
            let into = if self.options.trims_silence && !is_voice {
                &mut self.held
            } else {
                let held = std::mem::take(&mut *self.held);
                self.pending.extend(held);
                &mut self.pending
            };
            match self.channels {
                Channels::Incoming => into.extend(heard),
                Channels::Mono => into.extend(heard.iter().zip(said).map(|(a, b)| a.saturating_add(*b))),
                Channels::Dual => into.extend(heard.iter().zip(said).flat_map(|(a, b)| [*a, *b])),
            }
            if self.held.len() > samples(HELD_SILENCE) {
                let held = std::mem::take(&mut *self.held);
                self.pending.extend(held);
            }
        }
        self.taken += FRAME_SAMPLES;
        if self.pending.len() >= samples(RECORDED_AT_ONCE) {
            self.hand_over();
        }
        let is_silent = self.options.silence.is_some() && matches!(change, Change::SilentFor(_));
        is_silent || self.lost || self.taken >= samples(self.options.longest.min(RECORDING))
    }

    fn hand_over(&mut self) {
        let piece = std::mem::take(&mut self.pending);
        if !piece.is_empty() && self.queue.try_send(Work::Write(self.job.clone(), piece)).is_err() {
            self.fail();
        }
    }

    /// The disk does not keep up: the recording ends where it is, and says so.
    fn fail(&mut self) {
        tracing::warn!("the disk does not keep up with recordings: one ends");
        self.job.state().problem.get_or_insert(DraftProblem::Unavailable);
        self.lost = true;
    }

    pub(crate) fn end(mut self) {
        self.hand_over();
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.try_send(Work::End(self.job.clone()))
        {
            self.fail();
            self.job.state().end();
        }
    }
}
