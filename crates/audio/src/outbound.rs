//! What a session sends: one stream, whatever its audio comes from.

use std::net::{SocketAddr, UdpSocket};

use crate::limits::FRAME_SAMPLES;
use crate::mixer::Frame;
use crate::rtcp::Sent;
use crate::rtp::Packet;
use crate::telephone_event::EventPacket;
use crate::{Codec, SrtpSender};

/// A gap of more packets than this is not passed on as one: the other stream began anew.
const LARGEST_GAP: u16 = 50;

/// The sending side of a session. Sequence numbers only go up, whatever is relayed, so that no key stream is used twice.
pub(crate) struct Outbound {
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) sends: bool,
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
    pub(crate) telephone_event: Option<u8>,
    pub(crate) srtp: Option<SrtpSender>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    packets: u32,
    octets: u32,
    failures: u32,
    /// While a relay goes on: what is added to timestamps, and the last sequence number that was passed on.
    relaying: Option<(u32, u32, u16)>,
    was_silent: bool,
    packet: Vec<u8>,
    payload: Vec<u8>,
}

impl Outbound {
    pub(crate) fn new(random: [u8; 10]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j] = random;
        Self {
            remote: None,
            sends: false,
            codec: Codec::Pcmu,
            payload_type: 0,
            telephone_event: None,
            srtp: None,
            ssrc: u32::from_be_bytes([a, b, c, d]),
            // Begins low, so that its first rollover is far (RFC 3711 3.3.1).
            sequence: u16::from_be_bytes([e & 0x7f, f]),
            timestamp: u32::from_be_bytes([g, h, i, j]),
            packets: 0,
            octets: 0,
            failures: 0,
            relaying: None,
            was_silent: true,
            packet: Vec::new(),
            payload: Vec::new(),
        }
    }

    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub(crate) fn counts(&self) -> (u32, u32) {
        (self.packets, self.failures)
    }

    pub(crate) fn sent(&self) -> Sent {
        Sent { ssrc: self.ssrc, timestamp: self.timestamp, packets: self.packets, octets: self.octets }
    }

    /// Sends a frame of audio.
    pub(crate) fn send_frame(&mut self, socket: &UdpSocket, frame: &Frame) {
        self.relaying = None;
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        payload.extend(frame.iter().map(|sample| self.codec.encode(*sample)));
        let marker = std::mem::take(&mut self.was_silent);
        self.sequence = self.sequence.wrapping_add(1);
        self.send(socket, self.payload_type, marker, self.timestamp, &payload);
        self.payload = payload;
        self.pass_frame();
    }

    /// Lets the time of a frame pass in which other things were sent, or nothing.
    pub(crate) fn pass_frame(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
    }

    /// Sends a packet of a digit in the time of a frame.
    pub(crate) fn send_event(&mut self, socket: &UdpSocket, event: &EventPacket) {
        self.relaying = None;
        self.was_silent = true;
        if let Some(payload_type) = self.telephone_event {
            self.sequence = self.sequence.wrapping_add(1);
            let began = self.timestamp.wrapping_sub(event.began);
            self.send(socket, payload_type, event.is_first, began, &event.payload);
        }
        self.pass_frame();
    }

    /// Passes a packet of another session on, its audio untouched or in the other law. A packet that comes after a later one
    /// is left out.
    pub(crate) fn relay(&mut self, socket: &UdpSocket, packet: &Packet<'_>, codec: Codec, is_event: bool) {
        let payload_type = if is_event { self.telephone_event } else { Some(self.payload_type) };
        let Some(payload_type) = payload_type.filter(|_| self.sends) else { return };
        let step = match self.relaying {
            Some((ssrc, _, last)) if ssrc == packet.ssrc => match packet.sequence.wrapping_sub(last) {
                0 | 0x8000.. => return,
                step @ 1..=LARGEST_GAP => step,
                _ => {
                    self.relaying = None;
                    1
                }
            },
            _ => {
                self.relaying = None;
                1
            }
        };
        let shift =
            self.relaying.map_or(self.timestamp.wrapping_sub(packet.timestamp), |(_, shift, _)| shift);
        self.relaying = Some((packet.ssrc, shift, packet.sequence));
        self.sequence = self.sequence.wrapping_add(step);
        let timestamp = packet.timestamp.wrapping_add(shift);
        let marker = packet.marker || std::mem::take(&mut self.was_silent);
        if is_event || codec == self.codec {
            self.send(socket, payload_type, marker, timestamp, packet.payload);
        } else {
            let mut payload = std::mem::take(&mut self.payload);
            payload.clear();
            payload.extend(packet.payload.iter().map(|code| self.codec.transcode(codec, *code)));
            self.send(socket, payload_type, marker, timestamp, &payload);
            self.payload = payload;
        }
        if !is_event {
            self.timestamp = timestamp.wrapping_add(packet.payload.len() as u32);
        }
    }

    fn send(&mut self, socket: &UdpSocket, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) {
        let Some(remote) = self.remote else { return };
        let (sequence, ssrc) = (self.sequence, self.ssrc);
        Packet { payload_type, marker, sequence, timestamp, ssrc, payload }.write(&mut self.packet);
        let sealed = match &mut self.srtp {
            Some(srtp) => srtp.protect(&mut self.packet).is_ok(),
            None => true,
        };
        if sealed && socket.send_to(&self.packet, remote).is_ok() {
            self.packets = self.packets.wrapping_add(1);
            self.octets = self.octets.wrapping_add(payload.len() as u32);
        } else {
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// Sends a report.
    pub(crate) fn send_report(&mut self, socket: &UdpSocket, to: SocketAddr, mut report: Vec<u8>) {
        let sealed = match &mut self.srtp {
            Some(srtp) => srtp.protect_report(&mut report).is_ok(),
            None => true,
        };
        if !sealed || socket.send_to(&report, to).is_err() {
            self.failures = self.failures.saturating_add(1);
        }
    }
}
