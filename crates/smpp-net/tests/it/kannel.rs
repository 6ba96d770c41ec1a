//! Kannel (bearerbox and smsbox) as the system that binds to our simulated SMSC.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use smpp_net::smsc::SmscSettings;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, timeout};

use crate::site::{OWN, PATIENT};
use crate::smsc::{RunningSmsc, from_handset, given, in_parts};

/// How long Kannel may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Letters that two messages do not hold, and one that the GSM alphabet does not have.
const LONG: &str = "Ihre Verabredung ist am Montag um zehn Uhr. ";

/// A running Kannel; it ends with this value.
struct Kannel {
    boxes: Vec<Child>,
    _folder: TempDir,
    send_port: u16,
    /// What its smsbox tells: receipts and messages, as HTTP requests.
    calls: TcpListener,
}

impl Drop for Kannel {
    fn drop(&mut self) {
        for child in self.boxes.iter_mut().rev() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// A port that was free a moment ago: Kannel cannot be asked to choose one.
async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

fn spawn(program: PathBuf, configuration: &Path) -> Child {
    Command::new(program).arg(configuration).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

async fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

impl Kannel {
    /// A Kannel that is bound to this SMSC; `None` when the test cannot run here.
    async fn start(smsc: &mut RunningSmsc) -> Option<Self> {
        let programs = given("SWITCHWARD_KANNEL", "the folder of Kannel's bearerbox and smsbox")?;
        let calls = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let call_port = calls.local_addr().unwrap().port();
        let (admin, boxes, send_port) = (free_port().await, free_port().await, free_port().await);
        let folder = tempfile::tempdir().unwrap();
        let configuration = folder.path().join("kannel.conf");
        let text = format!(
            "group = core
admin-port = {admin}
admin-interface = 127.0.0.1
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
admin-password = secret
box-allow-ip = 127.0.0.1

group = smsc
smsc = smpp
smsc-id = test
host = 127.0.0.1
port = {smsc_port}
transceiver-mode = true
smsc-username = peer
smsc-password = secret
system-type = \"\"
enquire-link-interval = 1
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send_port}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = user
password = secret
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = \"http://127.0.0.1:{call_port}/message?from=%p&to=%P&charset=%C&text=%b\"
",
            smsc_port = smsc.port
        );
        std::fs::write(&configuration, text).unwrap();
        let mut kannel = Self { boxes: Vec::new(), _folder: folder, send_port, calls };
        kannel.boxes.push(spawn(programs.join("bearerbox"), &configuration));
        smsc.bound().await;
        kannel.boxes.push(spawn(programs.join("smsbox"), &configuration));
        let is_ready = timeout(PATIENCE, async {
            let mut ticks = interval(Duration::from_millis(50));
            // Without a name and password: refused, but by a smsbox that listens.
            while get(send_port, "/cgi-bin/sendsms").await.is_none() {
                ticks.tick().await;
            }
        });
        is_ready.await.expect("smsbox listens");
        Some(kannel)
    }

    /// Sends a text; Kannel reports what becomes of it to `/receipt`.
    async fn send(&self, text: &str) {
        let call_port = self.calls.local_addr().unwrap().port();
        let encode = |text: &str| url_encoded(text.as_bytes());
        let path = format!(
            "/cgi-bin/sendsms?username=user&password=secret&from={}&to={}&text={}&charset=UTF-8&coding={}&dlr-mask=3&dlr-url={}",
            encode(OWN),
            encode(PATIENT),
            encode(text),
            if text.is_ascii() { 0 } else { 2 },
            encode(&format!("http://127.0.0.1:{call_port}/receipt?kind=%d"))
        );
        // Until smsbox has found bearerbox it takes nothing.
        let taken = timeout(PATIENCE, async {
            let mut ticks = interval(Duration::from_millis(50));
            while !get(self.send_port, &path).await.unwrap_or_default().contains(" 202 ") {
                ticks.tick().await;
            }
        });
        taken.await.expect("smsbox takes it");
    }

    /// The path of its next call of this kind.
    async fn call(&self, kind: &str) -> String {
        let found = timeout(PATIENCE, async {
            loop {
                let (mut stream, _) = self.calls.accept().await.unwrap();
                let mut request = vec![0; 16_384];
                let mut length = 0;
                while !request[..length].windows(4).any(|end| end == b"\r\n\r\n") {
                    length += stream.read(&mut request[length..]).await.unwrap();
                }
                let answer = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                if path.starts_with(kind) {
                    return path;
                }
            }
        });
        found.await.expect(kind)
    }
}

fn url_encoded(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("%{octet:02X}")).collect()
}

/// The octets of the text in a path that Kannel calls.
fn text_of(path: &str) -> Vec<u8> {
    let encoded = path.split("text=").nth(1).unwrap().as_bytes();
    let mut octets = Vec::new();
    let mut at = 0;
    while at < encoded.len() {
        let (octet, width) = match encoded[at] {
            b'%' => {
                let digits = std::str::from_utf8(&encoded[at + 1..at + 3]).unwrap();
                (u8::from_str_radix(digits, 16).unwrap(), 3)
            }
            b'+' => (b' ', 1),
            octet => (octet, 1),
        };
        octets.push(octet);
        at += width;
    }
    octets
}

fn settings() -> SmscSettings {
    SmscSettings { credentials: Some(("peer".to_owned(), "secret".to_owned())), ..SmscSettings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_submits_and_gets_receipts() {
    let mut smsc = RunningSmsc::start(settings()).await;
    let Some(kannel) = Kannel::start(&mut smsc).await else { return };
    for text in ["Hello".to_owned(), LONG.repeat(8), format!("{LONG}日本").repeat(4)] {
        kannel.send(&text).await;
        assert_eq!(smsc.text().await, text);
        // 1 is the bit of a delivered message.
        assert_eq!(kannel.call("/receipt").await, "/receipt?kind=1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gets_messages_whole_and_in_parts() {
    let mut smsc = RunningSmsc::start(settings()).await;
    let Some(kannel) = Kannel::start(&mut smsc).await else { return };
    let text: Vec<u8> = format!("{LONG}日本").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let halves: [&[u8]; 2] = text.split_at(60).into();
    for (deliveries, expected) in [
        (vec![from_handset(0, b"YES please")], b"YES please".to_vec()),
        (vec![from_handset(8, &text)], text.clone()),
        (in_parts(8, halves, true), text.clone()),
    ] {
        for deliver in deliveries {
            assert!(smsc.smsc.deliver("peer", deliver));
            assert_eq!(smsc.answered().await, 0);
        }
        let path = kannel.call("/message").await;
        assert_eq!(text_of(&path), expected, "{path}");
    }
}
