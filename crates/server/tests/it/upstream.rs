//! Two servers, one the other's upstream: a message given to the first reaches a handset of the second, and its end comes
//! back. Both are the built program, over real sockets and TLS.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

use crate::program::{Server, init, parsed, text};

/// How long a message may be under way.
const UNDER_WAY: Duration = Duration::from_secs(30);
const PATIENT: &str = "+14155550177";

/// What `init` has printed of one server.
pub(crate) struct Identity {
    pub(crate) sid: String,
    pub(crate) authorization: String,
    token: String,
    pub(crate) number: String,
}

impl Identity {
    pub(crate) fn of(made: &Value) -> Self {
        let word = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{name}: {made}")).to_owned();
        let (sid, token) = (word("account_sid"), word("auth_token"));
        let authorization = format!("Basic {}", BASE64.encode(format!("{sid}:{token}").as_bytes()));
        Self { sid, authorization, token, number: word("phone_number") }
    }

    pub(crate) fn ask(
        &self,
        server: &Server,
        method: &str,
        path: &str,
        kind: &str,
        body: &str,
    ) -> (u16, Value) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {}\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.authorization,
            body.len()
        );
        parsed(&server.raw(request.as_bytes()))
    }
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The two, connected.
pub(crate) struct Pair {
    pub(crate) near: Server,
    pub(crate) near_is: Identity,
    pub(crate) far: Server,
    pub(crate) far_is: Identity,
}

impl Pair {
    /// Starts them in folders of `dir`; `more` is what the nearer one's configuration says besides.
    pub(crate) fn start(dir: &Path, more: &str) -> Self {
        let [near, far] = ["near", "far"].map(|name| dir.join(name));
        let near_is = Identity::of(&init(&near, &[]));
        let far_is = Identity::of(&init(&far, &[]));
        let far_server = Server::start_with(&far, &["--allow-webhook-to", "127.0.0.0/8"]);

        // A port that was free a moment ago: the address must be known before the server starts.
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.local_addr().expect("an address").port()
        };
        let config = dir.join("near.toml");
        let secrets = dir.join("secret");
        fs::write(&secrets, &far_is.token).expect("a file");
        let settings = format!(
            "data = \"{}\"\nlisten = \"127.0.0.1:{port}\"\n{more}[[upstream.accounts]]\nname = \"vendor\"\n\
             base_url = \"https://localhost:{}\"\naccount_sid = \"{sid}\"\nkey_sid = \"{sid}\"\nsecret_file = \"{secrets}\"\n\
             auth_token_file = \"{secrets}\"\ncallback_base = \"https://localhost:{port}\"\nca_file = \"{}\"\n\
             senders = {{ \"{}\" = \"{}\" }}\n",
            text(&near),
            far_server.address.port(),
            text(&far.join("ca.pem")),
            near_is.number,
            far_is.number,
            sid = far_is.sid,
            secrets = text(&secrets),
        );
        fs::write(&config, settings).expect("a file");
        for file in [&config, &secrets] {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("a mode");
        }
        let near_server = Server::start_from(&["serve", "--config", text(&config)]);

        // Whom the upstream's callbacks trust.
        let authority = fs::read_to_string(near.join("ca.pem")).expect("a certificate");
        let body = serde_json::json!({ "webhook_authorities": [authority] }).to_string();
        let path = format!("/switchward/v1/Accounts/{}/Settings", far_is.sid);
        let (status, answer) = far_is.ask(&far_server, "POST", &path, "application/json", &body);
        assert_eq!(status, 200, "{answer}");
        Self { near: near_server, near_is, far: far_server, far_is }
    }

    /// Sends from the nearer one; the path of the message once it is delivered.
    pub(crate) fn deliver(&self, to: &str, body: &str, more: &[(&str, &str)]) -> String {
        let Self { near, near_is, .. } = self;
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", near_is.sid);
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("To", to), ("From", near_is.number.as_str()), ("Body", body)])
            .extend_pairs(more)
            .finish();
        let (status, message) = near_is.ask(near, "POST", &path, FORM, &form);
        assert_eq!(status, 201, "{message}");
        let path = path.replace(".json", &format!("/{}.json", message["sid"].as_str().expect("a SID")));
        let deadline = Instant::now() + UNDER_WAY;
        loop {
            let (_, shown) = near_is.ask(near, "GET", &path, FORM, "");
            if shown["status"] == "delivered" {
                return path;
            }
            assert!(Instant::now() < deadline, "{shown}");
            sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn a_message_goes_through_another_server_and_its_end_comes_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let pair = Pair::start(dir.path(), "");
    pair.deliver(PATIENT, "Your appointment is tomorrow.", &[]);
    let Pair { far, far_is, .. } = &pair;
    let path = format!("/2010-04-01/Accounts/{}/Messages.json", far_is.sid);
    let (_, listed) = far_is.ask(far, "GET", &path, FORM, "");
    let there = listed["messages"].as_array().expect("a list");
    assert_eq!(there.len(), 1);
    assert_eq!((&there[0]["from"], &there[0]["to"]), (&far_is.number.as_str().into(), &PATIENT.into()));
}
