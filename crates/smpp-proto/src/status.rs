//! Command statuses (SMPP 3.4 §5.1.3): those we answer with, and what those we get mean.

/// No error.
pub const OK: u32 = 0x00;
/// The length of the PDU, or of something in it, is wrong.
pub const INVALID_LENGTH: u32 = 0x02;
/// The command is unknown.
pub const INVALID_COMMAND: u32 = 0x03;
/// The session is not bound for this.
pub const NOT_BOUND: u32 = 0x04;
/// The bind was refused: name or password are wrong (`ESME_RBINDFAIL`).
pub const BIND_FAILED: u32 = 0x0D;
/// The SMSC's queue is full (`ESME_RMSGQFUL`).
pub const QUEUE_FULL: u32 = 0x14;
/// The kind of message is unknown, or its header is broken.
pub const INVALID_ESM_CLASS: u32 = 0x43;
/// Too many messages too fast (`ESME_RTHROTTLED`).
pub const THROTTLED: u32 = 0x58;
/// The receiver cannot take it now: send it again (`ESME_RX_T_APPN`).
pub const TEMPORARY_FAILURE: u32 = 0x64;
/// The receiver will never take it: do not send it again (`ESME_RX_P_APPN`).
pub const PERMANENT_FAILURE: u32 = 0x65;

/// What a refusal means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It may be accepted later.
    Temporary,
    /// This SMSC will never accept it.
    Permanent,
}

/// What a status other than [`OK`] means. A status that nobody has defined is taken as temporary: the
/// message is tried again until its validity ends, and nothing is lost by mistake.
pub fn meaning(status: u32) -> Refusal {
    match status {
        // System error, already or not bound, queue full, throttled, temporary application error.
        0x04 | 0x05 | 0x08 | QUEUE_FULL | THROTTLED | TEMPORARY_FAILURE => Refusal::Temporary,
        0x01..=0xFF => Refusal::Permanent,
        _ => Refusal::Temporary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_and_full_queues_pass_and_bad_addresses_do_not() {
        for (status, expected) in [
            (THROTTLED, Refusal::Temporary),
            (QUEUE_FULL, Refusal::Temporary),
            (0x08, Refusal::Temporary),
            (0x0A, Refusal::Permanent),
            (0x0B, Refusal::Permanent),
            (0x45, Refusal::Permanent),
            (0x0400, Refusal::Temporary),
        ] {
            assert_eq!(meaning(status), expected, "{status:#x}");
        }
    }
}
