//! Drafts: recordings while they are made. Sealed from the first octet, and whole up to the last piece after a crash.
//!
//! ```text
//! draft  = "SWDRAFT1" record+
//! record = length(4, big-endian) sealed(length)          sealed by phi::DataKey under the draft's own key
//! place  = "switchward draft\n" identity "\n" number(8)    what each record is bound to
//! first  = JSON: channels, and encryption_details when only the customer can open it
//! others = 1 piece | 2 count(8)                            a piece of audio | the end, after so many octets
//! piece  = audio                                           16 bits, little-endian, channels interleaved
//!        | sealed_header(44) tag(16) sealed_audio          when only the customer can open it
//! ```
//! A record that was cut off by a crash is left out; anything else that does not open is an error. Each piece for a customer
//! brings what would end the file there, so that a recording that was cut off is still one in Twilio's form.
//! ADR 0017 says what that costs.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use base::Random;
use phi::DataKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gcm::{GrowingGcm, IV_BYTES, TAG_BYTES};
use crate::limits::{PIECE_SAMPLES, RECORD_BYTES};
use crate::tone::time_of;
use crate::wav::{HEADER_BYTES, header};
use crate::{Channels, EncryptionDetails, PublicKey};

const MARK: &[u8; 8] = b"SWDRAFT1";
const PIECE: u8 = 1;
const END: u8 = 2;
/// What a piece for a customer has before its audio.
const ENDING: usize = HEADER_BYTES + TAG_BYTES;

/// Why a draft cannot be written or read. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftProblem {
    /// The disk cannot be used, or is full.
    Unavailable,
    /// Not a draft, of another key, or altered.
    Sealed,
    /// The provider failed.
    Provider,
}

impl From<io::Error> for DraftProblem {
    fn from(_: io::Error) -> Self {
        Self::Unavailable
    }
}

#[derive(Serialize, Deserialize)]
struct First {
    channels: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption_details: Option<EncryptionDetails>,
}

fn place(identity: &str, number: u64) -> Vec<u8> {
    let mut place = format!("switchward draft\n{identity}\n").into_bytes();
    place.extend_from_slice(&number.to_be_bytes());
    place
}

/// A recording being written. It is on the disk up to the last piece; nothing of it is there in the clear.
pub struct DraftWriter {
    file: File,
    key: DataKey,
    identity: String,
    number: u64,
    channels: Channels,
    customer: Option<GrowingGcm>,
    details: Option<EncryptionDetails>,
    audio_bytes: u64,
}

impl DraftWriter {
    /// Begins a draft in a new file, under a key that is on disk already (in the sealed document of the recording).
    /// With `customer` the audio itself is encrypted for the holder of that key: no key of ours opens it, not even while
    /// it is made.
    ///
    /// # Errors
    /// [`DraftProblem::Unavailable`] when the file exists or cannot be written; [`DraftProblem::Provider`].
    pub fn create(
        path: &Path,
        key: DataKey,
        identity: &str,
        channels: Channels,
        customer: Option<&PublicKey>,
        random: &dyn Random,
    ) -> Result<Self, DraftProblem> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let identity = identity.to_owned();
        let mut draft =
            Self { file, key, identity, number: 0, channels, customer: None, details: None, audio_bytes: 0 };
        if let Some(public) = customer {
            let mut content_key = Zeroizing::new([0; 32]);
            random.fill(&mut *content_key);
            let mut iv = [0; IV_BYTES];
            random.fill(&mut iv);
            let details = public.wrap(&content_key, &iv).map_err(|_| DraftProblem::Provider)?;
            draft.details = Some(details);
            draft.customer = Some(GrowingGcm::new(&content_key, iv).map_err(|_| DraftProblem::Provider)?);
        }
        draft.file.write_all(MARK)?;
        let first = First { channels: channels.count(), encryption_details: draft.details.clone() };
        let first = serde_json::to_vec(&first).map_err(|_| DraftProblem::Provider)?;
        draft.add(&first)?;
        // The name of the file must survive a crash too.
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(draft)
    }

    /// Adds audio, interleaved when there are two channels. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`DraftProblem::Unavailable`], [`DraftProblem::Provider`].
    pub fn write(&mut self, samples: &[i16]) -> Result<(), DraftProblem> {
        // A long pause comes all at once; no record is longer than what is read back.
        samples.chunks(PIECE_SAMPLES).try_for_each(|samples| self.write_piece(samples))
    }

    fn write_piece(&mut self, samples: &[i16]) -> Result<(), DraftProblem> {
        let mut piece = Zeroizing::new(vec![PIECE]);
        if self.customer.is_some() {
            piece.resize(1 + ENDING, 0);
        }
        let audio = piece.len();
        piece.reserve_exact(samples.len() * 2);
        piece.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        self.audio_bytes += samples.len() as u64 * 2;
        if let Some(customer) = &mut self.customer {
            customer.seal(&mut piece[audio..]).map_err(|_| DraftProblem::Provider)?;
            let header = header(self.channels.count(), self.audio_bytes);
            let (header, tag) = customer.finish(&header).map_err(|_| DraftProblem::Provider)?;
            piece[1..1 + HEADER_BYTES].copy_from_slice(&header);
            piece[1 + HEADER_BYTES..audio].copy_from_slice(&tag);
        }
        self.add(&piece)
    }

    /// Ends the draft.
    ///
    /// # Errors
    /// [`DraftProblem::Unavailable`], [`DraftProblem::Provider`].
    pub fn finish(mut self) -> Result<(), DraftProblem> {
        // An empty recording for a customer has a tag as well.
        if self.audio_bytes == 0 {
            self.write_piece(&[])?;
        }
        let end = [&[END][..], &self.audio_bytes.to_be_bytes()].concat();
        self.add(&end)
    }

    /// What the customer needs to open it, when only he can.
    pub fn encryption_details(&self) -> Option<&EncryptionDetails> {
        self.details.as_ref()
    }

    /// How it is laid out.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    fn add(&mut self, plain: &[u8]) -> Result<(), DraftProblem> {
        let sealed = self.key.seal(&place(&self.identity, self.number), plain);
        let sealed = sealed.map_err(|_| DraftProblem::Provider)?;
        let length = u32::try_from(sealed.len()).map_err(|_| DraftProblem::Provider)?;
        self.number += 1;
        self.file.write_all(&[&length.to_be_bytes()[..], &sealed].concat())?;
        self.file.sync_data()?;
        Ok(())
    }
}

/// A draft that is read: after its recording ended, or after a crash.
pub struct Draft {
    file: BufReader<File>,
    key: DataKey,
    identity: String,
    channels: Channels,
    details: Option<EncryptionDetails>,
    audio_bytes: u64,
    is_whole: bool,
    /// What the file begins with: a WAV header, sealed when only the customer can open it.
    beginning: Vec<u8>,
    /// What it ends with: the tag, when only the customer can open it.
    tag: Option<[u8; TAG_BYTES]>,
    next: u64,
}

impl Draft {
    /// Opens a draft and reads it once, to know its length.
    ///
    /// # Errors
    /// [`DraftProblem::Unavailable`], [`DraftProblem::Sealed`].
    pub fn open(path: &Path, key: DataKey, identity: &str) -> Result<Self, DraftProblem> {
        let mut file = BufReader::new(File::open(path)?);
        begin(&mut file)?;
        let first = record(&mut file, &key, identity, 0)?.ok_or(DraftProblem::Sealed)?;
        let First { channels, encryption_details } =
            serde_json::from_slice(&first).map_err(|_| DraftProblem::Sealed)?;
        let channels = Channels::of(channels).ok_or(DraftProblem::Sealed)?;
        let mut draft = Self {
            file,
            key,
            identity: identity.to_owned(),
            channels,
            details: encryption_details,
            audio_bytes: 0,
            is_whole: false,
            beginning: Vec::new(),
            tag: None,
            next: 1,
        };
        draft.measure()?;
        Ok(draft)
    }

    fn measure(&mut self) -> Result<(), DraftProblem> {
        while let Some(record) = record(&mut self.file, &self.key, &self.identity, self.next)? {
            self.next += 1;
            match record.split_first() {
                Some((&PIECE, piece)) if self.details.is_some() => {
                    let (ending, audio) = piece.split_at_checked(ENDING).ok_or(DraftProblem::Sealed)?;
                    self.beginning = ending[..HEADER_BYTES].to_vec();
                    self.tag = ending[HEADER_BYTES..].try_into().ok();
                    self.audio_bytes += audio.len() as u64;
                }
                Some((&PIECE, piece)) => self.audio_bytes += piece.len() as u64,
                Some((&END, count)) if count == self.audio_bytes.to_be_bytes() => {
                    self.is_whole = true;
                    break;
                }
                _ => return Err(DraftProblem::Sealed),
            }
        }
        if self.details.is_none() {
            self.beginning = header(self.channels.count(), self.audio_bytes).to_vec();
        } else if self.tag.is_none() {
            // It was cut off before anything was said.
            return Err(DraftProblem::Sealed);
        }
        self.file = BufReader::new(self.file.get_ref().try_clone()?);
        io::Seek::rewind(&mut self.file)?;
        begin(&mut self.file)?;
        record(&mut self.file, &self.key, &self.identity, 0)?;
        self.next = 1;
        Ok(())
    }

    /// Octets of the recording's file.
    pub fn size(&self) -> u64 {
        HEADER_BYTES as u64 + self.audio_bytes + self.tag.map_or(0, |tag| tag.len() as u64)
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        time_of(self.audio_bytes / 2 / u64::from(self.channels.count()))
    }

    /// Whether it was ended, or cut off by a crash.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// How it is laid out.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// What the customer needs to open it, when only he can.
    pub fn encryption_details(&self) -> Option<&EncryptionDetails> {
        self.details.as_ref()
    }

    /// The next piece of the recording's file, to be written to where recordings are kept, sealed; `None` at the end. The
    /// file is a WAV, or what Twilio makes of one: its octets under AES-256-GCM, then the tag.
    ///
    /// # Errors
    /// [`DraftProblem::Unavailable`], [`DraftProblem::Sealed`].
    pub fn next_piece(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, DraftProblem> {
        if !self.beginning.is_empty() {
            return Ok(Some(Zeroizing::new(std::mem::take(&mut self.beginning))));
        }
        let piece = record(&mut self.file, &self.key, &self.identity, self.next)?;
        self.next += 1;
        match piece {
            Some(mut piece) if piece.first() == Some(&PIECE) => {
                let audio = if self.details.is_some() { 1 + ENDING } else { 1 };
                let skipped = audio.min(piece.len());
                piece.drain(..skipped);
                Ok(Some(piece))
            }
            _ => Ok(self.tag.take().map(|tag| Zeroizing::new(tag.to_vec()))),
        }
    }
}

fn begin(file: &mut BufReader<File>) -> Result<(), DraftProblem> {
    let mut mark = [0; MARK.len()];
    file.read_exact(&mut mark).map_err(|_| DraftProblem::Sealed)?;
    if &mark == MARK { Ok(()) } else { Err(DraftProblem::Sealed) }
}

/// The next record; `None` at the end, or where a crash cut it off.
fn record(
    file: &mut BufReader<File>,
    key: &DataKey,
    identity: &str,
    number: u64,
) -> Result<Option<Zeroizing<Vec<u8>>>, DraftProblem> {
    let mut length = [0; 4];
    if !filled(file, &mut length)? {
        return Ok(None);
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > RECORD_BYTES {
        return Err(DraftProblem::Sealed);
    }
    let mut sealed = vec![0; length];
    if !filled(file, &mut sealed)? {
        return Ok(None);
    }
    let plain = key.unseal(&place(identity, number), &sealed).map_err(|_| DraftProblem::Sealed)?;
    Ok(Some(Zeroizing::new(plain)))
}

fn filled(file: &mut BufReader<File>, bytes: &mut [u8]) -> Result<bool, DraftProblem> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(_) => Err(DraftProblem::Unavailable),
    }
}
