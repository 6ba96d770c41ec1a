//! What goes out: one part of a message as `submit_sm`.

use std::fmt;

use rusmpp_core::pdus::owned::SubmitSm;
use rusmpp_core::tlvs::owned::MessageSubmissionRequestTlvValue as Tlv;
use rusmpp_core::types::owned::{COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp_core::values::{
    DataCoding, EsmClass, IntermediateNotification, MCDeliveryReceipt, Npi, RegisteredDelivery,
    SmeOriginatedAcknowledgement, Ton, UserMessageReference,
};

use crate::delivery::{Joined, Party};
use crate::limits::SHORT_MESSAGE_BYTES;

/// `esm_class` with a user data header (SMPP 3.4 §5.2.12).
const WITH_HEADER: u8 = 0b0100_0000;
const INTERNATIONAL: u8 = 1;
const ISDN: u8 = 1;

/// How the parts of a text are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concatenation {
    /// By a user data header before the text (3GPP TS 23.040 §9.2.3.24.1).
    #[default]
    Header,
    /// By the `sar_*` TLVs: the SMSC writes the header.
    Sar,
}

/// One part of a message. Open text: no `Debug`.
#[derive(Clone)]
pub struct Submit {
    /// The sender.
    pub source: Party,
    /// The recipient.
    pub destination: Party,
    /// How the text is written.
    pub data_coding: u8,
    /// The text of this part.
    pub octets: Vec<u8>,
    /// Which part it is; `None` for a whole message.
    pub joined: Option<Joined>,
    /// How parts are joined.
    pub concatenation: Concatenation,
    /// Seconds after which it must not be delivered any more.
    pub validity_seconds: u64,
    /// `user_message_reference`: the same each time the message is submitted.
    pub reference: u16,
}

/// A submission that no PDU can hold: an address or a text is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSubmit;

impl fmt::Display for InvalidSubmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address or a text is too long for submit_sm")
    }
}

impl std::error::Error for InvalidSubmit {}

impl Submit {
    /// The PDU of this part.
    pub(crate) fn to_pdu(&self) -> Result<SubmitSm, InvalidSubmit> {
        let mut octets = Vec::with_capacity(self.octets.len() + 6);
        let mut tlvs = vec![Tlv::UserMessageReference(UserMessageReference::new(self.reference))];
        let mut esm_class = 0;
        match (self.joined, self.concatenation) {
            (None, _) => {}
            (Some(joined), Concatenation::Header) => {
                esm_class = WITH_HEADER;
                let [_, low] = joined.reference.to_be_bytes();
                octets.extend([5, 0, 3, low, joined.total, joined.number]);
            }
            (Some(joined), Concatenation::Sar) => tlvs.extend([
                Tlv::SarMsgRefNum(joined.reference),
                Tlv::SarTotalSegments(joined.total),
                Tlv::SarSegmentSeqnum(joined.number),
            ]),
        }
        octets.extend_from_slice(&self.octets);
        if octets.len() > SHORT_MESSAGE_BYTES {
            return Err(InvalidSubmit);
        }
        Ok(SubmitSm::builder()
            .source_addr_ton(Ton::from(self.source.ton))
            .source_addr_npi(npi(&self.source))
            .source_addr(text(&self.source.address)?)
            .dest_addr_ton(Ton::from(self.destination.ton))
            .dest_addr_npi(npi(&self.destination))
            .destination_addr(text(&self.destination.address)?)
            // From a number: the default of this type is no plain message.
            .esm_class(EsmClass::from(esm_class))
            .validity_period(full_text(&relative_time(self.validity_seconds))?)
            .registered_delivery(RegisteredDelivery::new(
                MCDeliveryReceipt::McDeliveryReceiptRequestedWhereFinalDeliveryOutcomeIsSuccessOrFailure,
                SmeOriginatedAcknowledgement::NoReceiptSmeAcknowledgementRequested,
                IntermediateNotification::NoIntermediaryNotificationRequested,
                0,
            ))
            .data_coding(DataCoding::from(self.data_coding))
            .short_message(OctetString::from_vec(octets).map_err(|_| InvalidSubmit)?)
            .tlvs(tlvs)
            .build())
    }
}

pub(crate) fn npi(party: &Party) -> Npi {
    Npi::from(if party.ton == INTERNATIONAL { ISDN } else { 0 })
}

/// A C string of at most `MAX` octets, its end included.
pub(crate) fn text<const MAX: usize>(value: &str) -> Result<COctetString<1, MAX>, InvalidSubmit> {
    COctetString::from_string(value.to_owned()).map_err(|_| InvalidSubmit)
}

fn full_text(value: &str) -> Result<EmptyOrFullCOctetString<17>, InvalidSubmit> {
    EmptyOrFullCOctetString::from_string(value.to_owned()).map_err(|_| InvalidSubmit)
}

/// A relative time, `YYMMDDhhmmss000R` (SMPP 3.4 §7.1.1); days are as far as it goes here.
fn relative_time(seconds: u64) -> String {
    let seconds = seconds.clamp(1, 99 * 86_400 - 1);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("0000{days:02}{:02}{:02}{:02}000R", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_is_a_relative_time() {
        for (seconds, expected) in [
            (0, "000000000001000R"),
            (4 * 3_600, "000000040000000R"),
            (86_400 + 3_661, "000001010101000R"),
            (u64::MAX, "000098235959000R"),
        ] {
            assert_eq!(relative_time(seconds), expected);
        }
    }

    #[test]
    fn addresses_of_21_characters_do_not_fit() {
        assert!(text::<21>(&"1".repeat(20)).is_ok());
        assert!(text::<21>(&"1".repeat(21)).is_err());
        assert!(text::<21>("1\u{0}2").is_err());
    }
}
