//! SIPp on the other side, over UDP: its own transactions, in scenarios of ours and in those that it brings.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use sip::sdp::Protection;
use sip::{Algorithm, Control, Credentials, End, Event, Leg, Settings, Target, Transport, Uri};
use tempfile::TempDir;

use crate::site::{PASSWORD, Rules, Site, USER, answer, answer_to, dial, event, free_port, given};

/// How long SIPp may take, in seconds.
const SECONDS: &str = "40";

/// SIPp in a folder of its own.
struct Sipp {
    program: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Sipp {
    /// `None` when the test cannot run here.
    async fn find() -> Option<Self> {
        let program = given("SWITCHWARD_SIPP", "the program sipp")?;
        Some(Self { program, folder: tempfile::tempdir().unwrap(), port: free_port().await })
    }

    /// Runs it to its end; fails when a call of it failed.
    async fn run(&self, steps: &str, target: Option<u16>, more: &[&str]) {
        let (status, log) = self.outcome(steps, target, more).await;
        assert!(status, "{log}");
    }

    async fn outcome(&self, steps: &str, target: Option<u16>, more: &[&str]) -> (bool, String) {
        let folder = self.folder.path();
        let mut command = Command::new(&self.program);
        if let Some(name) = steps.strip_prefix("built in: ") {
            command.args(["-sn", name]);
        } else {
            let scenario = folder.join("scenario.xml");
            let text = format!(
                "<?xml version=\"1.0\" encoding=\"us-ascii\" ?>\n<scenario name=\"test\">\n{steps}\n</scenario>\n"
            );
            std::fs::write(&scenario, text).unwrap();
            command.arg("-sf").arg(&scenario);
        }
        if let Some(port) = target {
            command.arg(format!("127.0.0.1:{port}"));
        }
        let port = self.port.to_string();
        command.args(["-i", "127.0.0.1", "-p", &port, "-nostdin", "-timeout", SECONDS, "-timeout_error"]);
        command.args(["-trace_err", "-error_file"]).arg(folder.join("errors"));
        if !more.contains(&"-m") {
            command.args(["-m", "1"]);
        }
        command
            .args(more)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = tokio::task::spawn_blocking(move || command.status()).await.unwrap().unwrap();
        (status.success(), std::fs::read_to_string(folder.join("errors")).unwrap_or_default())
    }

    fn uri(&self) -> Uri {
        Uri::parse(&format!("sip:sipp@127.0.0.1:{}", self.port)).unwrap()
    }
}

const BODY: &str = "v=0\no=user1 53655765 VERSION IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\n\
    m=audio [media_port] RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\nDIRECTION";

fn sdp(version: u32, direction: &str) -> String {
    let body = BODY.replace("VERSION", &version.to_string()).replace("DIRECTION", &format!("a={direction}"));
    format!("Content-Type: application/sdp\nContent-Length: [len]\n\n{body}")
}

/// A request that SIPp sends.
fn send(method: &str, number: u32, branch: &str, more: &str) -> String {
    let is_new = number == 1 && method != "ACK" || method == "CANCEL" || method == "REGISTER";
    let (uri, tag) = match method {
        "REGISTER" => ("sip:127.0.0.1:[remote_port]", ""),
        _ if is_new => ("sip:bob@127.0.0.1:[remote_port]", ""),
        _ => ("sip:bob@127.0.0.1:[remote_port]", "[peer_tag_param]"),
    };
    let user = if method == "REGISTER" { USER } else { "bob" };
    let retrans = if method == "ACK" { "" } else { " retrans=\"500\"" };
    let more =
        if more.contains("Content-Length") { more.to_owned() } else { format!("{more}Content-Length: 0\n") };
    format!(
        "<send{retrans}><![CDATA[\n{method} {uri} SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n\
         From: <sip:{USER}@127.0.0.1>;tag=[pid]S[call_number]\nTo: <sip:{user}@127.0.0.1>{tag}\nCall-ID: [call_id]\n\
         CSeq: {number} {method}\nContact: <sip:sipp@[local_ip]:[local_port]>\nMax-Forwards: 70\n{more}\n]]></send>\n"
    )
}

fn expect(code: u16) -> String {
    format!("<recv response=\"{code}\" rtd=\"true\" />\n")
}

fn may(code: u16) -> String {
    format!("<recv response=\"{code}\" optional=\"true\" />\n")
}

/// A response that SIPp sends to the last request.
fn respond(line: &str, more: &str) -> String {
    let more =
        if more.contains("Content-Length") { more.to_owned() } else { format!("{more}Content-Length: 0\n") };
    format!(
        "<send><![CDATA[\nSIP/2.0 {line}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]SIPp[call_number]\n[last_Call-ID:]\n\
         [last_CSeq:]\nContact: <sip:sipp@[local_ip]:[local_port]>\n{more}\n]]></send>\n"
    )
}

fn request(method: &str) -> String {
    format!("<recv request=\"{method}\" />\n")
}

/// Takes each call: rings, answers, agrees to every change, and counts digits until it ends.
async fn answer_all(mut site: Site, count: usize) -> Vec<(End, usize)> {
    let mut ends = Vec::new();
    for _ in 0..count {
        let incoming = site.incoming().await;
        incoming.ring(None).await.unwrap();
        let sdp = answer_to(&incoming);
        ends.push(tokio::spawn(serve(incoming.answer(sdp).await.unwrap())));
    }
    let mut told = Vec::new();
    for end in ends {
        told.push(end.await.unwrap());
    }
    site.is_idle().await;
    told
}

async fn serve(mut leg: Leg) -> (End, usize) {
    let mut digits = 0;
    loop {
        match event(&mut leg).await {
            Event::Offer(change) => {
                let sdp = answer(&change.offer, 2);
                change.accept(sdp);
            }
            Event::Digit { digit, .. } => digits += usize::from(digit == '7'),
            Event::Ended(end) => return (end, digits),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_calls_holds_sends_a_digit_and_hangs_up() {
    let Some(sipp) = Sipp::find().await else { return };
    let site = Site::start(Rules::default()).await;
    let port = site.port(Transport::Udp);
    let held = "<recv response=\"200\"><action><ereg regexp=\"a=recvonly\" search_in=\"body\" check_it=\"true\" assign_to=\"1\"/></action></recv>\n";
    let steps = [
        send("INVITE", 1, "[branch]", &sdp(1, "sendrecv")),
        may(100),
        expect(180),
        expect(200),
        send("ACK", 1, "[branch]", ""),
        send("INVITE", 2, "[branch]", &sdp(2, "sendonly")),
        may(100),
        held.to_owned(),
        send("ACK", 2, "[branch]", ""),
        send(
            "INFO",
            3,
            "[branch]",
            "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=7\nDuration=160",
        ),
        expect(200),
        send("UPDATE", 4, "[branch]", ""),
        expect(200),
        send("OPTIONS", 5, "[branch]", ""),
        expect(200),
        send("MESSAGE", 6, "[branch]", ""),
        expect(405),
        send("BYE", 7, "[branch]", ""),
        expect(200),
        "<Reference variables=\"1\" />\n".to_owned(),
    ];
    let answered = tokio::spawn(answer_all(site, 1));
    sipp.run(&steps.concat(), Some(port), &[]).await;
    assert_eq!(answered.await.unwrap(), [(End::ByPeer, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_calls_without_an_offer() {
    let Some(sipp) = Sipp::find().await else { return };
    let site = Site::start(Rules::default()).await;
    let port = site.port(Transport::Udp);
    let steps = [
        send("INVITE", 1, "[branch]", ""),
        may(100),
        expect(180),
        expect(200),
        send("ACK", 1, "[branch]", &sdp(1, "sendrecv")),
        send("BYE", 2, "[branch]", ""),
        expect(200),
    ];
    let answered = tokio::spawn(answer_all(site, 1));
    sipp.run(&steps.concat(), Some(port), &[]).await;
    assert_eq!(answered.await.unwrap(), [(End::ByPeer, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_shows_its_password_and_is_let_in() {
    let Some(sipp) = Sipp::find().await else { return };
    let md5 = |settings: &mut Settings| settings.algorithms = vec![Algorithm::Md5];
    let site = Site::start_with(Rules { realm: Some("clinic"), ..Rules::default() }, md5).await;
    let port = site.port(Transport::Udp);
    let asked = "<recv response=\"401\" auth=\"true\" />\n".to_owned();
    let steps = [
        send("INVITE", 1, "[branch]", &sdp(1, "sendrecv")),
        may(100),
        asked,
        send("ACK", 1, "[branch-3]", ""),
        send("INVITE", 2, "[branch]", &format!("[authentication]\n{}", sdp(1, "sendrecv")))
            .replace("[peer_tag_param]", ""),
        may(100),
        expect(180),
        expect(200),
        send("ACK", 2, "[branch]", ""),
        send("BYE", 3, "[branch]", ""),
        expect(200),
    ];
    let answered = tokio::spawn(answer_all(site, 1));
    let uri = format!("bob@127.0.0.1:{port}");
    sipp.run(&steps.concat(), Some(port), &["-au", USER, "-ap", PASSWORD, "-auth_uri", &uri]).await;
    assert_eq!(answered.await.unwrap(), [(End::ByPeer, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_registers_and_removes_itself() {
    let Some(sipp) = Sipp::find().await else { return };
    let md5 = |settings: &mut Settings| settings.algorithms = vec![Algorithm::Md5];
    let site = Site::start_with(Rules { realm: Some("clinic"), ..Rules::default() }, md5).await;
    let port = site.port(Transport::Udp);
    let asked = "<recv response=\"401\" auth=\"true\" />\n".to_owned();
    let uri = format!("127.0.0.1:{port}");
    for (expires, bindings) in [(300, 1), (0, 0)] {
        let steps = [
            send("REGISTER", 1, "[branch]", &format!("Expires: {expires}\n")),
            asked.clone(),
            send("REGISTER", 2, "[branch]", &format!("[authentication]\nExpires: {expires}\n")),
            expect(200),
        ];
        sipp.run(&steps.concat(), Some(port), &["-au", USER, "-ap", PASSWORD, "-auth_uri", &uri]).await;
        assert_eq!(site.endpoint.contacts("alice@127.0.0.1"), bindings);
    }
    let steps = [
        send("REGISTER", 1, "[branch]", ""),
        asked,
        send("REGISTER", 2, "[branch]", "[authentication]\n"),
        expect(200),
    ];
    let (let_in, _) =
        sipp.outcome(&steps.concat(), Some(port), &["-au", USER, "-ap", "wrong", "-auth_uri", &uri]).await;
    assert!(!let_in);
    assert_eq!(site.endpoint.contacts("alice@127.0.0.1"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_gives_up_and_is_refused() {
    let Some(sipp) = Sipp::find().await else { return };
    let mut site = Site::start(Rules::default()).await;
    let port = site.port(Transport::Udp);
    let cancelled = [
        send("INVITE", 1, "[branch]", &sdp(1, "sendrecv")),
        may(100),
        expect(180),
        send("CANCEL", 1, "[branch-3]", ""),
        expect(200),
        expect(487),
        send("ACK", 1, "[branch-6]", ""),
    ];
    let busy = [
        send("INVITE", 1, "[branch]", &sdp(1, "sendrecv")),
        may(100),
        expect(486),
        send("ACK", 1, "[branch-3]", ""),
    ];
    let decide = tokio::spawn(async move {
        let mut incoming = site.incoming().await;
        incoming.ring(None).await.unwrap();
        assert_eq!(incoming.ended().await, End::Cancelled);
        assert_eq!(site.incoming().await.reject(486).await, End::Refused(486));
        site.is_idle().await;
    });
    sipp.run(&cancelled.concat(), Some(port), &[]).await;
    sipp.run(&busy.concat(), Some(port), &[]).await;
    decide.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_calls_many_times() {
    let Some(sipp) = Sipp::find().await else { return };
    let site = Site::start_with(Rules::default(), |settings| {
        settings.capacity.invite_burst = std::num::NonZeroU32::new(1_000).unwrap();
    })
    .await;
    let port = site.port(Transport::Udp);
    let answered = tokio::spawn(answer_all(site, 300));
    sipp.run("built in: uac", Some(port), &["-m", "300", "-r", "100", "-d", "100"]).await;
    assert!(answered.await.unwrap().iter().all(|(end, _)| *end == End::ByPeer));
}

/// Calls SIPp, and waits for what becomes of it.
async fn call(site: &Site, sipp: &Sipp, steps: &[String], change: impl FnOnce(&mut sip::Dial)) -> End {
    let mut wanted = dial(sipp.uri(), Protection::Optional);
    change(&mut wanted);
    let steps = steps.concat();
    let run = sipp.outcome(&steps, None, &[]);
    let talk = async {
        // SIPp must listen before it is called: the INVITE is repeated until it does.
        let mut leg = site.endpoint.dial(wanted).unwrap();
        loop {
            match event(&mut leg).await {
                Event::Answered { .. } => hang_up(leg.control().clone()).await,
                Event::Offer(change) => {
                    let sdp = answer(&change.offer, 2);
                    change.accept(sdp);
                }
                Event::Ended(end) => return end,
                _ => {}
            }
        }
    };
    let ((success, log), end) = tokio::join!(run, talk);
    assert!(success, "{end:?}: {log}");
    end
}

async fn hang_up(control: Control) {
    control.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_is_called_and_answers() {
    let Some(sipp) = Sipp::find().await else { return };
    let site = Site::start(Rules::default()).await;
    let answered = [
        request("INVITE"),
        respond("183 Session Progress", &sdp(1, "sendrecv")),
        respond("200 OK", &sdp(1, "sendrecv")),
        request("ACK"),
        request("BYE"),
        respond("200 OK", ""),
    ];
    // It has to be listening: datagrams to nobody are repeated for long enough.
    assert_eq!(call(&site, &sipp, &answered, |_| {}).await, End::ByUs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_is_called_and_asks_for_a_password() {
    let Some(sipp) = Sipp::find().await else { return };
    let site = Site::start(Rules::default()).await;
    let challenge = "Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"47ebe028cda119c35d4877b383027d28da013815\", algorithm=MD5, qop=\"auth\"\n";
    let verify = format!(
        "<recv request=\"INVITE\"><action><ereg regexp=\"username=.{USER}.*uri=.sip:sipp@\" search_in=\"hdr\" \
         header=\"Proxy-Authorization:\" check_it=\"true\" assign_to=\"1\"/></action></recv>\n"
    );
    let steps = [
        request("INVITE"),
        respond("407 Proxy Authentication Required", challenge),
        request("ACK"),
        verify,
        respond("200 OK", &sdp(1, "sendrecv")),
        request("ACK"),
        request("BYE"),
        respond("200 OK", ""),
        "<Reference variables=\"1\" />\n".to_owned(),
    ];
    let credentials =
        || Credentials { username: USER.to_owned(), password: zeroize::Zeroizing::new(PASSWORD.to_owned()) };
    let outcome = call(&site, &sipp, &steps, |dial| dial.credentials = Some(credentials())).await;
    assert_eq!(outcome, End::ByUs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_is_called_and_is_busy_or_cancelled() {
    let Some(sipp) = Sipp::find().await else { return };
    let site = Site::start(Rules::default()).await;
    let busy = [request("INVITE"), respond("486 Busy Here", ""), request("ACK")];
    assert_eq!(call(&site, &sipp, &busy, |_| {}).await, End::Refused(486));
    let brief = [
        request("INVITE"),
        respond("422 Session Interval Too Small", "Min-SE: 3600\n"),
        request("ACK"),
        "<recv request=\"INVITE\"><action><ereg regexp=\"3600\" search_in=\"hdr\" header=\"Session-Expires:\" check_it=\"true\" assign_to=\"1\"/></action></recv>\n"
            .to_owned(),
        respond("603 Decline", ""),
        request("ACK"),
        "<Reference variables=\"1\" />\n".to_owned(),
    ];
    assert_eq!(call(&site, &sipp, &brief, |_| {}).await, End::Refused(603));
    let cancelled = [
        request("INVITE"),
        respond("180 Ringing", ""),
        request("CANCEL"),
        respond("200 OK", ""),
        respond("487 Request Terminated", "").replace("[last_CSeq:]", "CSeq: 1 INVITE"),
        request("ACK"),
    ];
    let outcome = call(&site, &sipp, &cancelled, |dial| dial.ring = std::time::Duration::from_secs(2)).await;
    assert_eq!(outcome, End::Unanswered);
    let proxied = [
        "<recv request=\"INVITE\"><action><ereg regexp=\"sip:127.0.0.1:.*;lr\" search_in=\"hdr\" header=\"Route:\" check_it=\"true\" assign_to=\"1\"/></action></recv>\n".to_owned(),
        respond("404 Not Found", ""),
        request("ACK"),
        "<Reference variables=\"1\" />\n".to_owned(),
    ];
    let proxy = Uri::parse(&format!("sip:127.0.0.1:{}", sipp.port)).unwrap();
    let target =
        Target::Uri { uri: Uri::parse("sip:+14155550177@carrier.invalid").unwrap(), proxy: Some(proxy) };
    assert_eq!(call(&site, &sipp, &proxied, |dial| dial.target = target).await, End::Refused(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_floods_and_a_ping_is_answered() {
    let Some(sipp) = Sipp::find().await else { return };
    let mut site = Site::start_with(Rules::default(), |settings| {
        settings.capacity.pending_invites = 20;
        settings.capacity.calls = 20;
        let high = std::num::NonZeroU32::new(100_000).unwrap();
        (settings.capacity.invites_per_second, settings.capacity.invite_burst) = (high, high);
    })
    .await;
    let (port, pinger) = (site.port(Transport::Udp), Site::start(Rules::default()).await);
    let uri = Uri::parse(&format!("sip:127.0.0.1:{port}")).unwrap();
    let endpoint = site.endpoint.clone();
    // Nobody decides: what is let in rings.
    let hold = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Some(incoming) = site.calls.recv().await {
            held.push(incoming);
        }
    });
    let flood = async {
        sipp.outcome("built in: uac", Some(port), &["-m", "1500", "-r", "500", "-timeout", "8"]).await
    };
    let ask = async {
        let mut slowest = std::time::Duration::ZERO;
        for _ in 0..20 {
            let begun = tokio::time::Instant::now();
            assert_eq!(pinger.endpoint.ping(&uri).await, Some(200));
            slowest = slowest.max(begun.elapsed());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        slowest
    };
    let ((all_served, _), slowest) = tokio::join!(flood, ask);
    assert!(!all_served);
    assert!(slowest < std::time::Duration::from_secs(2), "OPTIONS took {slowest:?}");
    let stats = endpoint.stats();
    assert!(stats.refused > 100 && stats.calls <= 20, "{stats:?}");
    hold.abort();
}
