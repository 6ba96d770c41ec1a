//! What is left in the server's memory of texts and numbers once they are redacted or deleted: nothing.
//!
//! Method: a server hands messages to another one over TLS and gets some back, tells the customer's server about all of
//! them, shows them through its API, and is then told to redact and to delete. Its memory is read as a core dump would have
//! it, every mapping that it can write to, and searched for each word and number in every form in which it may stand. That the
//! search sees the memory at all is shown by a request that is still coming in.
//!
//! Only root reads the memory of a process that may not be dumped. Whoever is not is told so, by a failure.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use test_kit::WebhookSink;
use tokio::runtime::Runtime;

use crate::canaries::eventually;
use crate::program::{Server, text};
use crate::scan::{Canary, Place, Scan};
use crate::upstream::{FORM, Pair};

/// The patient and what is written to them.
const PATIENT: &str = "4155550149";
const SENT: &str = "Sphygmomanometer";
/// What a handset writes.
const WRITER: &str = "4155550162";
const ARRIVED: &str = "Borborygmus";
/// What is in a request that has not ended.
const UNFINISHED: &str = "Esophagogastroscopy";

const GONE: &[Canary] = &[
    Canary { way: "recipient", text: PATIENT },
    Canary { way: "outbound text", text: SENT },
    Canary { way: "sender", text: WRITER },
    Canary { way: "inbound text", text: ARRIVED },
];
const THERE: &[Canary] = &[Canary { way: "request under way", text: UNFINISHED }];

/// How long connections that are kept for a while, and what is done later, may take to end.
const SETTLED: Duration = Duration::from_secs(300);

/// The memory that a core dump of this process would hold, as one place for each mapping.
///
/// # Panics
/// When it cannot be read.
fn memory(server: &Server) -> Vec<Place> {
    let folder = format!("/proc/{}", server.id());
    let maps = fs::read_to_string(format!("{folder}/maps")).expect("Linux shows mappings");
    let memory = File::open(format!("{folder}/mem")).unwrap_or_else(|error| {
        panic!("THE MEMORY OF THE SERVER WAS NOT SEARCHED: only root may read it, run this test as root ({error})")
    });
    let mut places = Vec::new();
    for line in maps.lines() {
        let mut parts = line.split_whitespace();
        let (range, rights) = (parts.next().expect("a range"), parts.next().expect("rights"));
        let name = parts.nth(3).unwrap_or("anonymous");
        if !rights.starts_with("rw") {
            continue;
        }
        let address = |text: &str| u64::from_str_radix(text, 16).expect("an address");
        let (begin, end) = range.split_once('-').map(|(b, e)| (address(b), address(e))).expect("a range");
        let mut bytes = vec![0; usize::try_from(end - begin).expect("it fits")];
        // A mapping that went away meanwhile holds nothing any more.
        if memory.read_exact_at(&mut bytes, begin).is_ok() {
            places.push(Place::new(format!("memory, {name}"), bytes));
        }
    }
    let total: usize = places.iter().map(|place| place.bytes.len()).sum();
    assert!(total > 10_000_000, "THE MEMORY OF THE SERVER WAS NOT SEARCHED: {total} bytes of it were read");
    places
}

/// What of these stands in the memory, each as one line.
fn found(server: &Server, canaries: &[Canary]) -> Vec<String> {
    let scan = Scan::of(canaries);
    let places = memory(server);
    let mut found: Vec<String> = places.iter().flat_map(|place| scan.search(place)).collect();
    for place in &places {
        for canary in canaries {
            let is_there = |form: &Vec<u8>| place.bytes.windows(form.len()).any(|window| window == form);
            if packed(canary.text).iter().any(is_there) {
                found.push(format!("{}: {} ({}), packed", place.name, canary.text, canary.way));
            }
        }
    }
    found
}

/// What certainly stands of a text inside a longer one in GSM's packed alphabet (3GPP 23.038 §6.1.2.1), at each of the
/// eight places where it can begin. Letters and digits have their ASCII values there.
fn packed(text: &str) -> Vec<Vec<u8>> {
    let pack = |before: usize| {
        let letters = std::iter::repeat_n(0, before).chain(text.bytes());
        let bits: Vec<bool> =
            letters.flat_map(|letter| (0..7).map(move |bit| letter >> bit & 1 == 1)).collect();
        let octets = bits.chunks_exact(8);
        let whole = |octet: &[bool]| octet.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        let all: Vec<u8> = octets.map(whole).collect();
        all[(before * 7).div_ceil(8)..].to_vec()
    };
    (0..8).map(pack).collect()
}

#[test]
fn packing_is_that_of_the_standard() {
    assert_eq!(packed("hellohello")[0], [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec]);
}

#[test]
fn nothing_of_a_message_is_in_memory_once_it_is_redacted_and_deleted() {
    let dir = tempfile::tempdir().expect("a folder");
    let runtime = Runtime::new().expect("a runtime");
    let sink = runtime.block_on(WebhookSink::start());
    let authority = dir.path().join("sink.pem");
    fs::write(&authority, sink.authority_pem()).expect("a file");
    let webhooks = format!("[webhooks]\nallow_to = [\"127.0.0.0/8\"]\nca = [\"{}\"]\n", text(&authority));
    let pair = Pair::start(dir.path(), &webhooks);

    let callback = sink.url("/status");
    let sent = pair.deliver(
        &format!("+1{PATIENT}"),
        &format!("Your {SENT} is ready, {PATIENT}"),
        &[("StatusCallback", &*callback)],
    );
    let arrived = receive(&pair, &sink);
    let Pair { near, near_is, .. } = &pair;
    let first = unfinished(&pair);
    eventually("a request that is under way is seen in memory", || {
        (!found(near, THERE).is_empty()).then_some(())
    });

    for path in [&sent, &arrived] {
        let (status, shown) = near_is.ask(near, "GET", path, FORM, "");
        assert!(status == 200 && shown["body"].as_str().is_some_and(|body| !body.is_empty()), "{shown}");
        assert_eq!(near_is.ask(near, "POST", path, FORM, "Body=").0, 200, "it is redacted");
        assert_eq!(near_is.ask(near, "DELETE", path, FORM, "").0, 204, "it is deleted");
    }
    let began = Instant::now();
    let mut left = found(near, GONE);
    while !left.is_empty() {
        assert!(began.elapsed() < SETTLED, "{} hits:\n{}", left.len(), left.join("\n"));
        sleep(Duration::from_secs(1));
        left = found(near, GONE);
    }
    drop(first);
    let _second = unfinished(&pair);
    eventually("the search was not blind meanwhile", || (!found(near, THERE).is_empty()).then_some(()));
}

/// A message from a handset, through both servers to the customer's; its path once that was told.
fn receive(pair: &Pair, sink: &WebhookSink) -> String {
    let Pair { near, near_is, far, far_is } = pair;
    let configure = |who: &crate::upstream::Identity, server: &Server, url: &str| {
        let numbers = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers", who.sid);
        let (_, listed) = who.ask(server, "GET", &format!("{numbers}.json"), FORM, "");
        let sid = listed["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned();
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("SmsUrl", url).finish();
        let (status, answer) = who.ask(server, "POST", &format!("{numbers}/{sid}.json"), FORM, &form);
        assert_eq!(status, 200, "{answer}");
    };
    configure(near_is, near, &sink.url("/inbound"));
    let port = near.address.port();
    configure(far_is, far, &format!("https://localhost:{port}/switchward/v1/UpstreamMessages/vendor"));
    let body = serde_json::json!({ "to": far_is.number, "body": format!("{ARRIVED} since noon, {WRITER}") });
    let handset = format!("/switchward/v1/simulator/handsets/+1{WRITER}/messages");
    let (status, answer) = far_is.ask(far, "POST", &handset, "application/json", &body.to_string());
    assert_eq!(status, 201, "{answer}");
    let told = |path: &str| sink.requests().iter().any(|request| request.path == path);
    eventually("the customer is told", || (told("/inbound") && told("/status")).then_some(()));
    let list = format!("/2010-04-01/Accounts/{}/Messages.json", near_is.sid);
    let (_, listed) = near_is.ask(near, "GET", &list, FORM, "");
    let messages = listed["messages"].as_array().expect("a list");
    let inbound = |message: &&Value| message["direction"] == "inbound";
    let message = messages.iter().find(inbound).expect("it is there");
    list.replace(".json", &format!("/{}.json", message["sid"].as_str().expect("a SID")))
}

/// A request whose body does not end: what has come of it is in the server's memory.
fn unfinished(Pair { near, near_is, .. }: &Pair) -> TcpStream {
    let mut stream = TcpStream::connect(near.address).expect("the port is open");
    let head = format!(
        "POST /2010-04-01/Accounts/{}/Messages.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {}\r\n\
         Content-Type: {FORM}\r\nContent-Length: 1000\r\n\r\n",
        near_is.sid, near_is.authorization
    );
    stream.write_all(format!("{head}Body={UNFINISHED}").as_bytes()).expect("it is taken");
    stream
}
