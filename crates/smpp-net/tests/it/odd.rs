//! SMSCs that behave oddly: silent ones, half of a connection, PDUs in pieces, numbers that were never given.

use std::time::{Duration, Instant};

use messaging::carrier::CarrierError;
use smpp_net::smsc::{Reply, SmscSettings};
use smpp_proto::smsc::{SmscEvent, SmscSession};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::site::{Site, to};
use crate::smsc::{RunningSmsc, from_handset};

/// Short times, so that a test of silence is short.
const IMPATIENT: &str = "enquire_seconds = 1\nresponse_seconds = 1\nwindow = 1";

async fn silent() -> RunningSmsc {
    RunningSmsc::start(SmscSettings { reply: Box::new(|_| Reply::Silence), ..SmscSettings::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_smsc_is_asked_last() {
    let first = silent().await;
    let mut second = RunningSmsc::start(SmscSettings::default()).await;
    let config = to("main", first.port, IMPATIENT) + &to("spare", second.port, "");
    let site = Site::start(&config).await;
    site.bound("main").await;
    site.bound("spare").await;
    // Whether it was taken is not known, so no other bind may be asked for this one.
    assert_eq!(site.submit("1").await, Err(CarrierError::Unavailable));
    site.submit("2").await.unwrap();
    assert_eq!(second.text().await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_stalls_ends_in_bounded_time() {
    let smsc = silent().await;
    let site = Site::start(&to("main", smsc.port, IMPATIENT)).await;
    site.bound("main").await;
    let started = Instant::now();
    let results = tokio::join!(site.submit("1"), site.submit("2"), site.submit("3"));
    for result in [results.0, results.1, results.2] {
        assert_eq!(result, Err(CarrierError::Unavailable));
    }
    // One after the other, each for as long as an answer may take.
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

/// A connection of an SMSC that is written by the test.
struct Script {
    stream: TcpStream,
    session: SmscSession,
}

impl Script {
    /// Accepts a connection and binds whoever it is.
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut script = Self { stream, session: SmscSession::default() };
        let SmscEvent::Bind(asked) = script.next().await else { panic!("it does not bind") };
        script.session.accept(asked.sequence, "script");
        script.write_whole().await;
        script
    }

    async fn next(&mut self) -> SmscEvent {
        let mut buffer = [0; 1_024];
        loop {
            if let Some(event) = self.session.next_event() {
                return event;
            }
            let length = self.stream.read(&mut buffer).await.unwrap();
            assert_ne!(length, 0, "the connection ended");
            self.session.receive(&buffer[..length]);
        }
    }

    async fn submitted(&mut self) -> u32 {
        loop {
            if let SmscEvent::Submit(submitted) = self.next().await {
                return submitted.sequence;
            }
        }
    }

    async fn write_whole(&mut self) {
        let output = self.session.take_output();
        self.stream.write_all(&output).await.unwrap();
    }

    /// Writes what is to be written octet by octet.
    async fn write_in_pieces(&mut self) {
        for octet in self.session.take_output() {
            self.stream.write_all(&[octet]).await.unwrap();
            tokio::task::yield_now().await;
        }
    }
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_vanished_is_noticed_in_bounded_time() {
    let (listener, port) = listener().await;
    let site = Site::start(&to("main", port, IMPATIENT)).await;
    let script = Script::accept(&listener).await;
    site.bound("main").await;
    let started = Instant::now();
    // It stays open, and nobody reads or writes on it.
    site.lost("main").await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    drop(script);
    Script::accept(&listener).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pdus_in_pieces_are_put_together() {
    let (listener, port) = listener().await;
    let site = Site::start(&to("main", port, "")).await;
    let mut script = Script::accept(&listener).await;
    site.bound("main").await;
    let smsc = async {
        let sequence = script.submitted().await;
        script.session.take(sequence, "x1");
        script.session.deliver(&from_handset(0, b"YES"), 1).unwrap();
        script.write_in_pieces().await;
        loop {
            if let SmscEvent::Answered { status, .. } = script.next().await {
                return status;
            }
        }
    };
    let (submitted, answered) = tokio::join!(site.submit("hello"), smsc);
    submitted.unwrap();
    assert_eq!(answered, 0);
    assert_eq!(site.messages().await[0]["body"], "YES");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_what_was_never_asked_change_nothing() {
    let (listener, port) = listener().await;
    let site = Site::start(&to("main", port, "")).await;
    let mut script = Script::accept(&listener).await;
    site.bound("main").await;
    let smsc = async {
        let sequence = script.submitted().await;
        script.session.take(sequence + 1_000, "x1");
        script.session.refuse(sequence + 1_001, 0x0B);
        script.session.take(0, "x2");
        script.session.take(sequence, "x3");
        // Answered twice: only the first counts.
        script.session.refuse(sequence, 0x0B);
        script.write_whole().await;
    };
    let (submitted, ()) = tokio::join!(site.submit("hello"), smsc);
    submitted.unwrap();
    assert_eq!(site.awaited().await, 1);
}
