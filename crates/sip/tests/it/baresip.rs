//! baresip as a telephone: it registers over TLS with a password, is called, and calls, with SRTP.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use sip::sdp::Protection;
use sip::{End, Event, Target, Transport, Uri};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::site::{PASSWORD, PATIENCE, Rules, Site, USER, answer, answer_to, dial, event, free_port, given};

/// Where Debian puts its modules.
const MODULES: &str = "/usr/lib/baresip/modules";

/// A running baresip; it ends with this value.
struct Baresip {
    child: Child,
    folder: TempDir,
}

impl Drop for Baresip {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Baresip {
    /// A telephone of the site; `None` when the test cannot run here.
    async fn start(site: &Site, command: Option<String>) -> Option<Self> {
        let program = given("SWITCHWARD_BARESIP", "the program baresip")?;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let authority = folder.path().join("authority.pem");
        write("authority.pem", &site.authority);
        write_silence(&folder.path().join("silence.wav"));
        let silence = folder.path().join("silence.wav");
        let (port, rtp) = (free_port().await, free_port().await & !1);
        write(
            "config",
            &format!(
                "poll_method epoll\nsip_listen 127.0.0.1:{port}\nsip_cafile {}\naudio_source aufile,{}\n\
                 audio_player aufile,{}\nrtp_ports {rtp}-{}\nmodule_path {MODULES}\nmodule g711.so\nmodule aufile.so\n\
                 module srtp.so\nmodule_tmp account.so\nmodule_app menu.so\n",
                authority.display(),
                silence.display(),
                folder.path().join("heard.wav").display(),
                rtp.saturating_add(20),
            ),
        );
        let server = site.port(Transport::Tls);
        write(
            "accounts",
            &format!(
                "<sip:{USER}@127.0.0.1:{server};transport=tls>;auth_user={USER};auth_pass={PASSWORD};regint=120;\
                 mediaenc=srtp-mand;answermode=auto;audio_codecs=PCMU\n"
            ),
        );
        write("contacts", "");
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut run = Command::new(program);
        run.arg("-f").arg(folder.path()).arg("-v");
        if let Some(command) = command {
            run.args(["-e", &command]);
        }
        let errors = log.try_clone().unwrap();
        let child = run.stdin(Stdio::piped()).stdout(log).stderr(errors).spawn().unwrap();
        Some(Self { child, folder })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Two seconds of silence, 16 bits at 8 kHz.
fn write_silence(path: &Path) {
    let bytes: u32 = 32_000;
    let mut wave = Vec::new();
    wave.extend_from_slice(b"RIFF");
    wave.extend_from_slice(&(36 + bytes).to_le_bytes());
    wave.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wave.extend_from_slice(&8_000_u32.to_le_bytes());
    wave.extend_from_slice(&16_000_u32.to_le_bytes());
    wave.extend_from_slice(b"\x02\0\x10\0data");
    wave.extend_from_slice(&bytes.to_le_bytes());
    wave.resize(wave.len() + bytes as usize, 0);
    std::fs::write(path, wave).unwrap();
}

const STRICT: Rules =
    Rules { realm: Some("clinic"), secure_media: true, secure_signalling: true, ignore_all: false };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_registers_over_tls_and_is_called_with_srtp() {
    let site = Site::start(STRICT).await;
    let Some(baresip) = Baresip::start(&site, None).await else { return };
    let registered = async {
        while site.endpoint.contacts("alice@127.0.0.1") == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(PATIENCE, registered).await.is_ok(), "{}", baresip.log());
    let mut wanted = dial(Uri::of_host("unused", None), Protection::Required);
    wanted.target = Target::Registered("alice@127.0.0.1".to_owned());
    let mut out = site.endpoint.dial(wanted).unwrap();
    let answered = loop {
        match event(&mut out).await {
            Event::Answered { answer } => break answer,
            Event::Ended(end) => panic!("{end:?}: {}", baresip.log()),
            _ => {}
        }
    };
    assert!(answered.audio.profile.is_secure());
    assert_eq!(answered.audio.crypto.len(), 1);
    // It is held and taken back, and the call ends.
    for (version, direction) in [(2, sip::sdp::Direction::SendOnly), (3, sip::sdp::Direction::SendReceive)] {
        let mut hold = crate::site::offer(Protection::Required);
        (hold.version, hold.audio.direction) = (version, direction);
        let held = out.control().renegotiate(hold).await;
        assert_eq!(held.map(|sdp| sdp.audio.direction.sends()), Ok(version == 3), "{}", baresip.log());
    }
    out.control().hang_up().await;
    assert!(matches!(event(&mut out).await, Event::Ended(End::ByUs)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_calls_over_tls_with_srtp_and_a_password() {
    let mut site = Site::start(STRICT).await;
    let target = format!("d sip:desk@127.0.0.1:{};transport=tls", site.port(Transport::Tls));
    let Some(baresip) = Baresip::start(&site, Some(target)).await else { return };
    let incoming = timeout(PATIENCE, site.calls.recv()).await;
    let incoming = incoming.unwrap_or_else(|_| panic!("{}", baresip.log())).unwrap();
    assert!(incoming.authenticated.as_ref().unwrap().username == USER);
    assert!(incoming.offer.as_ref().unwrap().audio.profile.is_secure());
    incoming.ring(None).await.unwrap();
    let sdp = answer_to(&incoming);
    assert!(sdp.audio.profile.is_secure());
    let mut leg = incoming.answer(sdp).await.unwrap();
    let mut change = crate::site::offer(Protection::Required);
    change.version = 2;
    // It has acknowledged when an offer can be made.
    let changed = loop {
        match leg.control().renegotiate(change.clone()).await {
            Err(sip::Failed::Busy) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            other => break other,
        }
    };
    assert!(changed.is_ok(), "{:?}: {}", changed.err(), baresip.log());
    drop(baresip);
    leg.control().hang_up().await;
    loop {
        match event(&mut leg).await {
            Event::Offer(change) => {
                let sdp = answer(&change.offer, 3);
                change.accept(sdp);
            }
            Event::Ended(end) => break assert!(matches!(end, End::ByUs | End::ByPeer)),
            _ => {}
        }
    }
}
