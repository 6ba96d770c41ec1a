//! Sessions that call each other over the loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use audio::tone::{share_of, tone};
use audio::{
    Codec, Digit, Digits, Direction, Engine, EngineConfig, Event, Events, Listen, Media, Packet, Prompt,
    Repeat, Role, Session, SessionProblem, Source, SrtpKey, SrtpKeys, Suite,
};
use base::SeededRandom;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Longer than any wait that succeeds.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn engine(ports: u16) -> Engine {
    let config = EngineConfig { address: LOOPBACK, ports: ports..=ports + 199, threads: 2 };
    Engine::start(config, Arc::new(SeededRandom::new(u64::from(ports)))).unwrap()
}

pub fn sine(hertz: f32) -> Source {
    Source::Prompt(Prompt::from_samples(tone(&[hertz], 8_000, Duration::from_secs(1))))
}

/// A telephone that is no session: it sends packets and hears what comes.
pub struct Phone {
    socket: UdpSocket,
    sequence: u16,
    to: SocketAddr,
}

impl Phone {
    pub fn calling(session: &Session) -> Self {
        let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, sequence: 0, to: session.local() }
    }

    pub fn media(&self, codec: Codec) -> Media {
        Media::plain(codec, self.socket.local_addr().unwrap())
    }

    pub fn send(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        self.sequence += 1;
        let mut bytes = Vec::new();
        let packet =
            Packet { payload_type, marker: false, sequence: self.sequence, timestamp, ssrc: 5, payload };
        packet.write(&mut bytes);
        self.socket.send_to(&bytes, self.to).unwrap();
    }

    /// Sends a tone for so many frames, as fast as audio is.
    pub fn sound(&mut self, codec: Codec, hertz: f32, frames: u32) {
        let tone = tone(&[hertz], 8_000, Duration::from_millis(20) * frames);
        for (at, frame) in tone.chunks(160).enumerate() {
            let payload: Vec<_> = frame.iter().map(|sample| codec.encode(*sample)).collect();
            self.send(codec.payload_type(), at as u32 * 160, &payload);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Hears packets until one is a tone of this frequency; how many it took.
    pub fn hears(&self, codec: Codec, hertz: f32) -> usize {
        let mut buffer = [0; 2_000];
        for count in 1..=500 {
            let (length, _) = self.socket.recv_from(&mut buffer).expect("nothing comes");
            let Ok(packet) = Packet::parse(&buffer[..length]) else { continue };
            let heard: Vec<_> = packet.payload.iter().map(|code| codec.decode(*code)).collect();
            if packet.payload_type == codec.payload_type() && share_of(&heard, hertz) > 0.8 {
                return count;
            }
        }
        panic!("{hertz} Hz are not heard");
    }
}

pub async fn until(events: &mut Events, wanted: impl Fn(&Event) -> bool) -> Event {
    let next = async {
        loop {
            let event = events.next().await.expect("the session is closed");
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("the event does not come")
}

fn keys(suite: Suite, send: u64, receive: u64) -> SrtpKeys {
    let key = |seed| SrtpKey::generate(suite, &SeededRandom::new(seed));
    SrtpKeys { send: key(send), receive: key(receive) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tone_goes_both_ways_under_srtp_and_its_packets_are_not_in_the_clear() {
    let engine = engine(21_000);
    for suite in [Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32, Suite::AeadAes256Gcm] {
        // Telephone - first ~ SRTP ~ second - telephone.
        let (near, _near) = engine.session().unwrap();
        let (first, _first) = engine.session().unwrap();
        let (second, _second) = engine.session().unwrap();
        let (far, _far) = engine.session().unwrap();
        let (mut left, mut right) = (Phone::calling(&near), Phone::calling(&far));
        near.set_media(left.media(Codec::Pcmu)).unwrap();
        far.set_media(right.media(Codec::Pcmu)).unwrap();
        first.set_media(Media::plain(Codec::Pcma, second.local()).secured(keys(suite, 1, 2))).unwrap();
        second.set_media(Media::plain(Codec::Pcma, first.local()).secured(keys(suite, 2, 1))).unwrap();
        near.connect(&first).unwrap();
        second.connect(&far).unwrap();
        let speaker = std::thread::spawn(move || {
            left.sound(Codec::Pcmu, 500.0, 60);
            left
        });
        right.hears(Codec::Pcmu, 500.0);
        let left = speaker.join().unwrap();
        let speaker = std::thread::spawn(move || right.sound(Codec::Pcmu, 800.0, 60));
        left.hears(Codec::Pcmu, 800.0);
        speaker.join().unwrap();
        let quality = second.quality();
        assert!(quality.received > 40 && quality.rejected == 0, "{quality:?}");
        for session in [near, first, second, far] {
            session.close();
        }
    }
}

#[tokio::test]
async fn what_has_not_the_key_is_not_taken_and_does_not_latch() {
    let engine = engine(21_200);
    let (session, mut events) = engine.session().unwrap();
    let mut phone = Phone::calling(&session);
    session.set_media(phone.media(Codec::Pcmu).secured(keys(Suite::AesCm128HmacSha1_80, 1, 2))).unwrap();
    phone.sound(Codec::Pcmu, 500.0, 10);
    let quality = session.quality();
    assert_eq!((quality.received, events.try_next()), (0, None));
    assert!(quality.rejected > 0, "{quality:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_valid_source_is_kept_whatever_others_send() {
    let engine = engine(21_400);
    let (session, mut events) = engine.session().unwrap();
    let mut behind_nat = Phone::calling(&session);
    let mut other = Phone::calling(&session);
    // The SDP says an address that is not where packets come from.
    session.set_media(Media::plain(Codec::Pcmu, "127.0.0.1:9".parse().unwrap())).unwrap();
    behind_nat.socket.send_to(b"not a packet", session.local()).unwrap();
    behind_nat.sound(Codec::Pcmu, 500.0, 5);
    until(&mut events, |event| *event == Event::MediaStarted).await;
    other.sound(Codec::Pcmu, 500.0, 5);
    session.play(sine(700.0), Repeat::Forever).unwrap();
    behind_nat.hears(Codec::Pcmu, 700.0);
    other.socket.set_nonblocking(true).unwrap();
    assert!(other.socket.recv_from(&mut [0; 100]).is_err());
    let quality = session.quality();
    assert!(quality.foreign > 0 && quality.received <= 5 && quality.rejected == 1, "{quality:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_played_in_order_and_can_be_stopped() {
    let engine = engine(21_600);
    let (session, mut events) = engine.session().unwrap();
    let phone = Phone::calling(&session);
    session.set_media(phone.media(Codec::Pcma)).unwrap();
    let beep = session.play(Source::Beep, Repeat::Times(1)).unwrap();
    let music = session.play(sine(600.0), Repeat::Forever).unwrap();
    phone.hears(Codec::Pcma, 1_000.0);
    phone.hears(Codec::Pcma, 600.0);
    session.stop_playing().unwrap();
    let half = Duration::from_millis(500);
    let ended = until(&mut events, |event| matches!(event, Event::PlayEnded { .. })).await;
    assert_eq!(ended, Event::PlayEnded { id: beep, position: half, was_stopped: false });
    let stopped = until(&mut events, |event| matches!(event, Event::PlayEnded { .. })).await;
    assert!(matches!(stopped, Event::PlayEnded { id, was_stopped: true, .. } if id == music), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_go_from_one_session_to_another_through_a_relay() {
    let engine = engine(21_800);
    let mut sessions: Vec<_> = (0..4).map(|_| engine.session().unwrap()).collect();
    for (one, two) in [(0, 1), (2, 3)] {
        let (a, b) = (sessions[one].0.local(), sessions[two].0.local());
        sessions[one].0.set_media(Media::plain(Codec::Pcmu, b)).unwrap();
        sessions[two]
            .0
            .set_media(Media { telephone_event: Some(101), ..Media::plain(Codec::Pcmu, a) })
            .unwrap();
    }
    sessions[1].0.connect(&sessions[2].0).unwrap();
    sessions[0].0.send_digits(&Digits::parse("1#").unwrap()).unwrap();
    for key in ['1', '#'] {
        let is_it = |event: &Event| *event == Event::Digit(Digit::of(key).unwrap());
        until(&mut sessions[1].1, is_it).await;
        until(&mut sessions[3].1, is_it).await;
    }
    until(&mut sessions[0].1, |event| *event == Event::DigitsSent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_is_heard_by_all_but_who_speaks() {
    let engine = engine(22_000);
    let mixer = engine.mixer();
    let sessions: Vec<_> = (0..3).map(|_| engine.session().unwrap()).collect();
    let mut phones: Vec<_> = sessions.iter().map(|(session, _)| Phone::calling(session)).collect();
    for ((session, _), phone) in sessions.iter().zip(&phones) {
        session.set_media(phone.media(Codec::Pcmu)).unwrap();
        session.join(&mixer, Role::Speaker).unwrap();
    }
    let mut speaker = phones.remove(0);
    let sending = std::thread::spawn(move || {
        speaker.sound(Codec::Pcmu, 500.0, 50);
        speaker
    });
    phones[0].hears(Codec::Pcmu, 500.0);
    phones[1].hears(Codec::Pcmu, 500.0);
    let speaker = sending.join().unwrap();
    speaker.socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 2_000];
    while let Ok((length, _)) = speaker.socket.recv_from(&mut buffer) {
        let packet = Packet::parse(&buffer[..length]).unwrap();
        assert!(packet.payload.iter().all(|code| Codec::Pcmu.decode(*code).abs() < 100));
    }
    assert_eq!(mixer.len(), 3);
    sessions[0].0.close();
    assert_eq!(mixer.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn speech_silence_and_the_end_of_media_are_told() {
    let engine = engine(22_200);
    let (session, mut events) = engine.session().unwrap();
    let mut phone = Phone::calling(&session);
    session.set_media(phone.media(Codec::Pcmu)).unwrap();
    session.set_media_timeout(Duration::from_millis(400)).unwrap();
    session.listen(Some(Listen { silence_after: Duration::from_millis(200) })).unwrap();
    phone.sound(Codec::Pcmu, 500.0, 20);
    until(&mut events, |event| *event == Event::SpeechStarted).await;
    until(&mut events, |event| matches!(event, Event::Silence(_))).await;
    until(&mut events, |event| matches!(event, Event::MediaTimeout(_))).await;
    phone.sound(Codec::Pcmu, 500.0, 5);
    until(&mut events, |event| *event == Event::MediaResumed).await;
}

#[tokio::test]
async fn a_closed_session_gives_its_port_back_and_takes_no_commands() {
    let engine = Engine::start(
        EngineConfig { address: LOOPBACK, ports: 22_401..=22_405, threads: 1 },
        Arc::new(SeededRandom::new(1)),
    )
    .unwrap();
    let (one, _one) = engine.session().unwrap();
    let (two, _two) = engine.session().unwrap();
    assert_eq!([one.local().port(), two.local().port()], [22_402, 22_404]);
    assert!(engine.session().is_err());
    one.close();
    assert_eq!(one.play(Source::Beep, Repeat::Times(1)), Err(SessionProblem::Closed));
    drop((one, _one));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(engine.session().is_ok());
    assert_eq!(two.connect(&two), Err(SessionProblem::Itself));
    two.set_media(Media { direction: Direction::Inactive, ..Media::plain(Codec::Pcmu, two.local()) })
        .unwrap();
}
