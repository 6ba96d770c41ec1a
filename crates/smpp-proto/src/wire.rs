//! PDUs on the wire: cutting a stream into PDUs, reading one, writing one.

use bytes::{Bytes, BytesMut};
use rusmpp_core::CommandStatus;
use rusmpp_core::command::owned::Command;
use rusmpp_core::decode::owned::DecodeWithLength;
use rusmpp_core::encode::{Encode, Length};
use rusmpp_core::pdus::owned::Pdu;

use crate::limits::{HEADER_BYTES, PDU_BYTES};

/// The bit of a command id that says that it is an answer.
pub(crate) const ANSWER_BIT: u32 = 0x8000_0000;
const LENGTH_BYTES: usize = 4;

/// What came, as far as it could be read. The header alone is enough to answer, so a body that cannot be
/// read costs only itself.
pub(crate) struct Incoming {
    pub(crate) command: u32,
    pub(crate) status: u32,
    pub(crate) sequence: u32,
    /// The octets after the header.
    pub(crate) body: Bytes,
    /// The body, read; `None` when it cannot be.
    pub(crate) pdu: Option<Pdu>,
}

/// What came is no SMPP: the length of a PDU is impossible, so there is no next one to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotSmpp;

/// Cuts a stream into PDUs.
#[derive(Default)]
pub(crate) struct Stream(BytesMut);

impl Stream {
    /// Takes what came.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next PDU, when all of it is there.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming>, NotSmpp> {
        let Some((length, _)) = self.0.split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if !(HEADER_BYTES..=PDU_BYTES).contains(&length) {
            return Err(NotSmpp);
        }
        if self.0.len() < length {
            return Ok(None);
        }
        Ok(Some(read(self.0.split_to(length))))
    }
}

/// Reads a PDU whose length fits and is at least that of a header.
fn read(mut pdu: BytesMut) -> Incoming {
    let word =
        |at: usize| pdu.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    let (command, status, sequence) = (word(4), word(8), word(12));
    let body = Bytes::copy_from_slice(pdu.get(HEADER_BYTES..).unwrap_or_default());
    let length = pdu.len() - LENGTH_BYTES;
    drop(pdu.split_to(LENGTH_BYTES));
    let decoded = Command::decode(&mut pdu, length).ok();
    let pdu = decoded.and_then(|(command, _)| command.pdu().cloned());
    Incoming { command, status, sequence, body, pdu }
}

/// Writes a PDU behind what is there.
pub(crate) fn write(output: &mut Vec<u8>, command_status: u32, sequence: u32, pdu: impl Into<Pdu>) {
    let command = Command::new(CommandStatus::from(command_status), sequence, pdu);
    let start = output.len();
    let length = LENGTH_BYTES + command.length();
    output.resize(start + length, 0);
    let (prefix, rest) = output[start..].split_at_mut(LENGTH_BYTES);
    prefix.copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    command.encode(rest);
}

/// How many PDUs these bytes begin with.
pub(crate) fn count(bytes: &[u8]) -> usize {
    let mut stream = Stream::default();
    stream.push(bytes);
    std::iter::from_fn(|| stream.next().ok().flatten()).count()
}
