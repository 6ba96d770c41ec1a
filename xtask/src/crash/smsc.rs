//! The carrier: an SMSC outside the server, which survives the kill and keeps what it was handed.
//!
//! It speaks as much SMPP 3.4 as a bind, submissions and receipts need. Answers and receipts come after
//! short random pauses, so that kills fall between them; receipts are stored and forwarded (§5.2.12: until
//! they are answered), as a real SMSC does.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::chance::Chance;

const SUBMIT: u32 = 0x04;
const DELIVER: u32 = 0x05;
const UNBIND: u32 = 0x06;
const ENQUIRE: u32 = 0x15;
/// The bit of an answer.
const ANSWER: u32 = 0x8000_0000;
const BINDS: [u32; 3] = [0x01, 0x02, 0x09];
/// `user_message_reference` (§5.3.2.17).
const REFERENCE_TAG: u16 = 0x0204;
/// `esm_class`: the text begins with a user data header.
const HAS_HEADER: u8 = 0x40;
/// `esm_class`: the delivery is a receipt.
const IS_RECEIPT: u8 = 0x04;

/// The longest pause before an answer or a receipt, usually.
const LONGEST_PAUSE_MS: u64 = 40;
/// A receipt without an answer is given again after this, also on another connection.
const RECEIPT_AGAIN: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(5);
const MAX_PDU: usize = 64 * 1024;

/// One part of a message, as it was handed over.
#[derive(Clone)]
pub(crate) struct Part {
    /// The id by which a carrier notices that a message was handed over twice.
    pub(crate) reference: u16,
    pub(crate) total: u8,
    pub(crate) number: u8,
    pub(crate) text: String,
    /// From when to when it was at the SMSC without an answer.
    pub(crate) unanswered: (Instant, Instant),
}

/// What the SMSC knows.
#[derive(Default)]
struct State {
    /// Parts by recipient, in order of arrival.
    parts: HashMap<String, Vec<Part>>,
    receipts: HashMap<u32, Receipt>,
    last_id: u32,
}

/// Answers and when they are written.
type Answers = Mutex<Vec<(Instant, Vec<u8>)>>;

struct Receipt {
    pdu: Vec<u8>,
    due: Instant,
}

/// A running SMSC. It ends with the program.
#[derive(Clone)]
pub(crate) struct Smsc {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    seed: u64,
    longest_pause_ms: u64,
}

impl Smsc {
    pub(crate) fn start(seed: u64) -> Result<Self, String> {
        Self::start_slow(seed, LONGEST_PAUSE_MS)
    }

    /// One that may take so long for an answer.
    pub(crate) fn start_slow(seed: u64, longest_pause_ms: u64) -> Result<Self, String> {
        let failed = |error: io::Error| format!("the SMSC cannot listen: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let smsc = Self { port, state: Arc::default(), seed, longest_pause_ms };
        let kept = smsc.clone();
        thread::spawn(move || {
            for (stream, number) in listener.incoming().flatten().zip(0..) {
                let smsc = kept.clone();
                // It ends with an error when the server is killed.
                thread::spawn(move || smsc.serve(stream, number));
            }
        });
        Ok(smsc)
    }

    /// The parts that were handed over, by recipient.
    pub(crate) fn parts(&self) -> HashMap<String, Vec<Part>> {
        self.state().parts.clone()
    }

    /// Forgets what was handed over so far.
    pub(crate) fn forget(&self) {
        self.state().parts.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream, number: u64) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let answers: Arc<Answers> = Arc::default();
        let open = Arc::new(());
        let (smsc, mut writer) = (self.clone(), stream.try_clone()?);
        let (queue, is_open) = (Arc::clone(&answers), Arc::downgrade(&open));
        thread::spawn(move || {
            while is_open.strong_count() > 0 && smsc.write_due(&mut writer, &queue).is_ok() {
                thread::sleep(TICK);
            }
        });
        let mut chance = Chance::new(self.seed ^ number);
        let read = self.read(stream, &answers, &mut chance);
        drop(open);
        read
    }

    fn read(&self, mut stream: TcpStream, answers: &Answers, chance: &mut Chance) -> io::Result<()> {
        loop {
            let mut head = [0; 16];
            stream.read_exact(&mut head)?;
            let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
            let (length, command, status, sequence) = (word(0) as usize, word(4), word(8), word(12));
            if !(16..=MAX_PDU).contains(&length) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let mut body = vec![0; length - 16];
            stream.read_exact(&mut body)?;
            let pause = Duration::from_millis(chance.below(self.longest_pause_ms));
            let answer = match command {
                SUBMIT => self.submit(&body, pause)?.into_bytes(),
                command if BINDS.contains(&command) => b"smsc\0".to_vec(),
                ENQUIRE | UNBIND => Vec::new(),
                command if command == DELIVER | ANSWER => {
                    if status == 0 {
                        self.state().receipts.remove(&sequence);
                    }
                    continue;
                }
                _ => continue,
            };
            let due = Instant::now() + if command == SUBMIT { pause } else { Duration::ZERO };
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.push((due, pdu(command | ANSWER, sequence, &answer)));
        }
    }

    /// Keeps a part and prepares its receipt; the message id, with its final zero.
    fn submit(&self, body: &[u8], pause: Duration) -> io::Result<String> {
        let mut submission = Submission::parse(body).ok_or(io::ErrorKind::InvalidData)?;
        submission.part.unanswered.1 += pause;
        let mut state = self.state();
        state.last_id += 1;
        let id = state.last_id;
        let text = format!(
            "id:m{id} sub:001 dlvrd:001 submit date:2611220000 done date:2611220000 stat:DELIVRD err:000 text:"
        );
        let mut receipt = vec![0, 1, 1];
        receipt.extend([submission.to.trim_start_matches('+').as_bytes(), &[0, 1, 1]].concat());
        receipt.extend([submission.from.trim_start_matches('+').as_bytes(), &[0]].concat());
        receipt.extend([IS_RECEIPT, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        receipt.extend(text.as_bytes());
        let receipt = Receipt { pdu: pdu(DELIVER, id, &receipt), due: Instant::now() + pause * 2 };
        state.receipts.insert(id, receipt);
        state.parts.entry(submission.to).or_default().push(submission.part);
        Ok(format!("m{id}\0"))
    }

    fn write_due(&self, writer: &mut TcpStream, answers: &Answers) -> io::Result<()> {
        let now = Instant::now();
        let mut due = Vec::new();
        answers.lock().unwrap_or_else(PoisonError::into_inner).retain(|(at, pdu)| {
            let wait = *at > now;
            if !wait {
                due.extend(pdu);
            }
            wait
        });
        for receipt in self.state().receipts.values_mut().filter(|receipt| receipt.due <= now) {
            due.extend(&receipt.pdu);
            receipt.due = now + RECEIPT_AGAIN;
        }
        writer.write_all(&due)
    }
}

/// What a `submit_sm` says (§4.4.1).
struct Submission {
    from: String,
    to: String,
    part: Part,
}

impl Submission {
    fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        text(&mut rest)?;
        octets::<2>(&mut rest)?;
        let from = text(&mut rest)?;
        octets::<2>(&mut rest)?;
        let to = text(&mut rest)?;
        let [esm_class, _, _] = octets(&mut rest)?;
        text(&mut rest)?;
        text(&mut rest)?;
        let [_, _, _, _, length] = octets(&mut rest)?;
        let (mut message, mut options) = rest.split_at_checked(length.into())?;
        let (mut total, mut number) = (1, 1);
        if esm_class & HAS_HEADER != 0 {
            let [5, 0, 3, _, parts, this] = octets(&mut message)? else { return None };
            (total, number) = (parts, this);
        }
        let mut reference = 0;
        while !options.is_empty() {
            let [tag_high, tag_low, high, low] = octets(&mut options)?;
            let (mut value, left) = options.split_at_checked(u16::from_be_bytes([high, low]).into())?;
            options = left;
            if u16::from_be_bytes([tag_high, tag_low]) == REFERENCE_TAG {
                reference = u16::from_be_bytes(octets(&mut value)?);
            }
        }
        let text = String::from_utf8(message.to_vec()).ok()?;
        let to = format!("+{}", to.trim_start_matches('+'));
        let now = Instant::now();
        Some(Self { from, to, part: Part { reference, total, number, text, unanswered: (now, now) } })
    }
}

/// A C-octet string.
fn text(rest: &mut &[u8]) -> Option<String> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = String::from_utf8(rest[..end].to_vec()).ok()?;
    *rest = &rest[end + 1..];
    Some(text)
}

fn octets<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*first)
}

fn pdu(command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("what is built here is short");
    let mut bytes: Vec<u8> = [length, command, 0, sequence].into_iter().flat_map(u32::to_be_bytes).collect();
    bytes.extend(body);
    bytes
}
