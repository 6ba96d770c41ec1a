//! The threads that move the audio of all sessions: a few, each with many sessions, none with a timer of its own.
//!
//! A thread wakes every 10 ms, reads what came to its sockets in batches, and lets 20 ms pass in half of its sessions at each
//! turn. So a thousand calls cost as many wake-ups as one.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use base::Random;

use crate::limits::{LATEST_TICK, PORT_ATTEMPTS, RECORDER_QUEUE, SESSIONS, THREADS, TICK};
use crate::recorder::{self, Work};
use crate::session::{Events, Session, Shared};
use crate::{Mixer, mixer::WeakMixer};

/// Where an engine listens and how many threads it has.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The address of its sockets.
    pub address: IpAddr,
    /// The ports that it may use; each session takes an even one and the one after it.
    pub ports: RangeInclusive<u16>,
    /// Threads that move audio, 1 to [`THREADS`].
    pub threads: usize,
}

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineProblem {
    /// There are [`SESSIONS`] already.
    Full,
    /// No pair of ports was free among those that were tried.
    NoPort,
}

impl fmt::Display for EngineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there are too many sessions",
            Self::NoPort => "no port for audio is free",
        })
    }
}

impl std::error::Error for EngineProblem {}

/// Moves audio until it is dropped; sessions end with it.
pub struct Engine {
    core: Arc<Core>,
    threads: Vec<JoinHandle<()>>,
    recorder: SyncSender<Work>,
    random: Arc<dyn Random>,
    config: EngineConfig,
    next: AtomicUsize,
}

struct Core {
    shards: Vec<Mutex<Vec<Arc<Shared>>>>,
    mixers: Mutex<Vec<WeakMixer>>,
    is_stopping: AtomicBool,
    started: Instant,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(config: EngineConfig, random: Arc<dyn Random>) -> io::Result<Self> {
        let count = config.threads.clamp(1, THREADS);
        let core = Arc::new(Core {
            shards: (0..count).map(|_| Mutex::default()).collect(),
            mixers: Mutex::default(),
            is_stopping: AtomicBool::new(false),
            started: Instant::now(),
        });
        let (recorder, queue) = sync_channel(RECORDER_QUEUE);
        let mut threads = vec![named("recordings").spawn(move || recorder::run(&queue))?];
        for shard in 0..count {
            let core = Arc::clone(&core);
            threads.push(named("audio").spawn(move || core.run(shard))?);
        }
        Ok(Self { core, threads, recorder, random, config, next: AtomicUsize::new(0) })
    }

    /// A session, with a port, and what it will tell. It is silent until its media are known.
    ///
    /// # Errors
    /// [`EngineProblem`].
    pub fn session(&self) -> Result<(Session, Events), EngineProblem> {
        if self.sessions() >= SESSIONS {
            return Err(EngineProblem::Full);
        }
        let sockets = self.sockets().ok_or(EngineProblem::NoPort)?;
        let mut random = [0; 10];
        self.random.fill(&mut random);
        let made = Session::new(sockets, random, self.recorder.clone(), self.core.now());
        let (session, events) = made.map_err(|_| EngineProblem::NoPort)?;
        let shards = &self.core.shards;
        let shard = shards.iter().min_by_key(|shard| lock(shard).len()).unwrap_or(&shards[0]);
        lock(shard).push(Arc::clone(&session.0));
        Ok((session, events))
    }

    /// A conference.
    pub fn mixer(&self) -> Mixer {
        let mixer = Mixer::default();
        lock(&self.core.mixers).push(mixer.downgrade());
        mixer
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.core.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn sockets(&self) -> Option<(UdpSocket, UdpSocket)> {
        let first = self.config.ports.start().checked_next_multiple_of(2)?;
        let pairs = (usize::from(*self.config.ports.end()) + 1).checked_sub(usize::from(first))? / 2;
        (0..PORT_ATTEMPTS.min(pairs)).find_map(|_| {
            let pair = self.next.fetch_add(1, Ordering::Relaxed) % pairs;
            let port = first + u16::try_from(pair * 2).ok()?;
            let bind = |port| {
                let socket = UdpSocket::bind(SocketAddr::new(self.config.address, port))?;
                socket.set_nonblocking(true)?;
                io::Result::Ok(socket)
            };
            Some((bind(port).ok()?, bind(port + 1).ok()?))
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.core.is_stopping.store(true, Ordering::Release);
        for shard in &self.core.shards {
            for session in lock(shard).drain(..) {
                session.close();
            }
        }
        // The thread of recordings ends by itself when the last session is gone and all is written.
        for thread in self.threads.drain(1..) {
            if thread.join().is_err() {
                tracing::error!("a thread of audio ended by a panic");
            }
        }
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn run(&self, shard: usize) {
        let mut next = Instant::now();
        let mut turn = 0_usize;
        let mut sessions = Vec::new();
        while !self.is_stopping.load(Ordering::Acquire) {
            next += TICK;
            let now = Instant::now();
            match next.checked_duration_since(now) {
                Some(wait) => thread::sleep(wait),
                None if now - next > LATEST_TICK => next = now,
                None => {}
            }
            turn = turn.wrapping_add(1);
            sessions.clear();
            {
                let mut all = lock(&self.shards[shard]);
                // A session that nobody holds any more is over.
                all.retain(|session| {
                    if Arc::strong_count(session) == 1 {
                        session.close();
                    }
                    !session.is_closed()
                });
                sessions.extend(all.iter().cloned());
            }
            let now = self.now();
            for session in &sessions {
                session.receive(now);
            }
            for session in sessions.iter().filter(|session| session.phase() == turn % 2) {
                session.pass_frame(now);
            }
            if shard == 0 && turn.is_multiple_of(2) {
                self.mix();
            }
        }
    }

    fn mix(&self) {
        lock(&self.mixers).retain(|mixer| match mixer.upgrade() {
            Some(mixer) => {
                mixer.mix();
                true
            }
            None => false,
        });
    }
}
