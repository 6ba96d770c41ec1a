//! What the SMSC delivers: receipts, and messages of handsets or parts of them.

use rusmpp_core::pdus::owned::DeliverSm;
use rusmpp_core::tlvs::owned::{Tlv, TlvValue};

use crate::receipt::{self, Notice};

/// The bits of `esm_class` that say what is delivered (SMPP 3.4 §5.2.12).
const TYPE_BITS: u8 = 0b0011_1100;
pub(crate) const RECEIPT: u8 = 0b0000_0100;
const INTERMEDIATE: u8 = 0b0010_0000;
/// The bit of `esm_class` that says that a user data header stands before the text.
const HEADER_BIT: u8 = 0b0100_0000;
/// Information elements that join parts (3GPP TS 23.040 §9.2.3.24.1 and .8).
const JOINED_8_BIT: u8 = 0x00;
const JOINED_16_BIT: u8 = 0x08;

/// A `deliver_sm` that waits for an answer. It holds open text, so it has no `Debug`.
pub struct Delivery {
    /// Names it when it is answered.
    pub sequence: u32,
    /// The octets of the PDU after its header: what is given again is the same, octet by octet.
    pub body: Vec<u8>,
    /// What it is.
    pub delivered: Delivered,
}

/// What was delivered.
pub enum Delivered {
    /// What became of a message of ours.
    Receipt(Receipt),
    /// A message of a handset, or a part of one.
    Message(Part),
    /// An acknowledgement by a handset's user, or a receipt that names no message: nothing for us.
    Other,
}

/// A receipt: what it says, and between whom the message was.
pub struct Receipt {
    /// What it says.
    pub notice: Notice,
    /// Who got the message, or should have.
    pub recipient: Party,
    /// Our number.
    pub sender: Party,
}

/// One end of a message, as it stands on the wire.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Party {
    /// Type of number (SMPP 3.4 §5.2.5).
    pub ton: u8,
    /// The digits or the name.
    pub address: String,
}

/// A message of a handset, or a part of one. Open text: no `Debug`.
#[derive(Clone)]
pub struct Part {
    /// The handset.
    pub source: Party,
    /// Our number.
    pub destination: Party,
    /// How the text is written (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
    /// The text, without the header.
    pub octets: Vec<u8>,
    /// Which part it is; `None` for a whole message.
    pub joined: Option<Joined>,
}

/// Which part of a message something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Names the message among those of one sender.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which one this is, from 1.
    pub number: u8,
}

/// A delivery whose header is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BrokenHeader;

/// What the TLVs of a text say.
#[derive(Default)]
pub(crate) struct Extras<'a> {
    /// The text, when it does not stand in `short_message`.
    pub(crate) payload: Option<&'a [u8]>,
    receipted_id: Option<&'a str>,
    state: Option<u8>,
    reference: Option<u16>,
    total: Option<u8>,
    number: Option<u8>,
}

impl<'a> Extras<'a> {
    pub(crate) fn of(tlvs: &'a [Tlv]) -> Self {
        let mut extras = Self::default();
        for value in tlvs.iter().filter_map(|tlv| tlv.value()) {
            match value {
                TlvValue::MessagePayload(text) => extras.payload = Some(text.value.as_ref()),
                TlvValue::ReceiptedMessageId(id) => extras.receipted_id = Some(id.as_str()),
                TlvValue::MessageState(code) => extras.state = Some(u8::from(*code)),
                TlvValue::SarMsgRefNum(value) => extras.reference = Some(*value),
                TlvValue::SarTotalSegments(value) => extras.total = Some(*value),
                TlvValue::SarSegmentSeqnum(value) => extras.number = Some(*value),
                _ => {}
            }
        }
        extras
    }

    /// Which part of a message a text is, by its header or by the TLVs, and the text without the header.
    pub(crate) fn split<'b>(
        &self,
        esm_class: u8,
        octets: &'b [u8],
    ) -> Result<(Option<Joined>, &'b [u8]), BrokenHeader> {
        let sar = match (self.reference, self.total, self.number) {
            (Some(reference), Some(total), Some(number)) => Some(Joined { reference, total, number }),
            _ => None,
        };
        let (from_header, octets) =
            if esm_class & HEADER_BIT == 0 { (None, octets) } else { split_header(octets)? };
        let joined = from_header.or(sar).filter(|joined| joined.total > 1);
        if joined.is_some_and(|joined| joined.number == 0 || joined.number > joined.total) {
            return Err(BrokenHeader);
        }
        Ok((joined, octets))
    }
}

/// Reads a `deliver_sm`.
pub(crate) fn read(pdu: &DeliverSm) -> Result<Delivered, BrokenHeader> {
    let esm_class = u8::from(pdu.esm_class);
    let extras = Extras::of(pdu.tlvs());
    let octets: &[u8] = extras.payload.unwrap_or_else(|| pdu.short_message().as_ref());
    let source = Party { ton: u8::from(pdu.source_addr_ton), address: pdu.source_addr.as_str().to_owned() };
    let destination =
        Party { ton: u8::from(pdu.dest_addr_ton), address: pdu.destination_addr.as_str().to_owned() };
    match esm_class & TYPE_BITS {
        RECEIPT | INTERMEDIATE => {
            let read = receipt::read(extras.receipted_id, extras.state, octets);
            return Ok(read.map_or(Delivered::Other, |notice| {
                Delivered::Receipt(Receipt { notice, recipient: source, sender: destination })
            }));
        }
        0 => {}
        _ => return Ok(Delivered::Other),
    }
    let (joined, octets) = extras.split(esm_class, octets)?;
    Ok(Delivered::Message(Part {
        source,
        destination,
        data_coding: u8::from(pdu.data_coding),
        octets: octets.to_vec(),
        joined,
    }))
}

/// Takes the user data header off a text; elements that we do not know are passed over.
pub(crate) fn split_header(octets: &[u8]) -> Result<(Option<Joined>, &[u8]), BrokenHeader> {
    let (&length, rest) = octets.split_first().ok_or(BrokenHeader)?;
    let (mut header, text) = rest.split_at_checked(usize::from(length)).ok_or(BrokenHeader)?;
    let mut joined = None;
    while !header.is_empty() {
        let [element, length, rest @ ..] = header else { return Err(BrokenHeader) };
        let (value, rest) = rest.split_at_checked(usize::from(*length)).ok_or(BrokenHeader)?;
        match (*element, value) {
            (JOINED_8_BIT, &[reference, total, number]) => {
                joined = Some(Joined { reference: u16::from(reference), total, number });
            }
            (JOINED_16_BIT, &[high, low, total, number]) => {
                joined = Some(Joined { reference: u16::from_be_bytes([high, low]), total, number });
            }
            _ => {}
        }
        header = rest;
    }
    Ok((joined, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What names a part (reference, total, number), and the text.
    type Read<'a> = (Option<(u16, u8, u8)>, &'a [u8]);

    fn check(octets: &[u8], expected: Result<Read<'_>, BrokenHeader>) {
        let read = split_header(octets).map(|(joined, text)| {
            (joined.map(|joined| (joined.reference, joined.total, joined.number)), text)
        });
        assert_eq!(read, expected, "{octets:?}");
    }

    #[test]
    fn reads_both_widths_of_reference_among_other_elements() {
        check(&[5, 0, 3, 7, 2, 1, b'h'], Ok((Some((7, 2, 1)), b"h")));
        check(&[6, 8, 4, 1, 2, 3, 3, b'h'], Ok((Some((258, 3, 3)), b"h")));
        check(&[9, 0x24, 2, 1, 1, 0, 3, 7, 2, 1, b'h'], Ok((Some((7, 2, 1)), b"h")));
        check(&[0, b'h'], Ok((None, b"h")));
    }

    #[test]
    fn refuses_headers_longer_than_the_text() {
        for octets in [&[][..], &[5], &[5, 0, 3, 7, 2], &[3, 0, 9, 1], &[1, 0]] {
            check(octets, Err(BrokenHeader));
        }
    }
}
