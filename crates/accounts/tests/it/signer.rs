//! A client that signs its requests, written from the description of the token and not from the checker.

use auth::Secret;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use axum::body::Body;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use http::Request;
use kit::ReceivedPath;
use serde_json::{Value, json};
use test_kit::{Credentials, Reply, TestAccount, TestApp};

pub(crate) const PUBLIC_KEYS: &str = "/v1/Credentials/PublicKeys";

/// A fresh private key, and its public half in PEM.
pub(crate) fn key_pair() -> (KeyPair, String) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let text = BASE64.encode(der.as_ref());
    (pair, format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"))
}

/// An API key of an account with a private key to sign with.
pub(crate) struct Signer {
    pub(crate) account: String,
    pub(crate) user: String,
    secret: String,
    pub(crate) public_key: String,
    pair: KeyPair,
}

/// A request before it is signed and sent; a test alters it after signing.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) product: &'static str,
    pub(crate) method: &'static str,
    /// What the router sees.
    pub(crate) path: String,
    /// What the client sent, when that is something else.
    pub(crate) received: Option<String>,
    pub(crate) query: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) host: &'static str,
}

impl Outgoing {
    pub(crate) fn get(product: &'static str, path: impl Into<String>) -> Self {
        let host = "localhost:8443";
        Self { product, method: "GET", path: path.into(), received: None, query: "", body: Vec::new(), host }
    }

    pub(crate) fn post(product: &'static str, path: impl Into<String>, body: &str) -> Self {
        Self { method: "POST", body: body.as_bytes().to_vec(), ..Self::get(product, path) }
    }
}

impl Signer {
    /// A main key of this account, and a public key.
    pub(crate) async fn of(app: &TestApp, account: &TestAccount) -> Self {
        let path = format!("/switchward/v1/Accounts/{}/Keys", account.sid);
        let body = json!({"key_type": "main"}).to_string().into_bytes();
        let key = app.post_raw(account, "switchward", &path, body, "application/json").await;
        let (pair, pem) = key_pair();
        let made = app.post_form(account, "accounts", PUBLIC_KEYS, &[("PublicKey", &pem)]).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            account: account.sid.to_string(),
            user: text(&key.assert_status(201).json["sid"]),
            secret: text(&key.json["secret"]),
            public_key: text(&made.assert_status(201).json["sid"]),
            pair,
        }
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::new(&self.user, Secret::new(self.secret.clone()))
    }

    fn authorization(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("{}:{}", self.user, self.secret).as_bytes()))
    }

    pub(crate) fn header(&self) -> Value {
        json!({"cty": "twilio-pkrv;v=1", "typ": "JWT", "alg": "RS256", "kid": self.public_key})
    }

    /// The claims for a request whose query the client canonicalised to `query`.
    pub(crate) fn claims(&self, app: &TestApp, request: &Outgoing, query: &str) -> Value {
        let sum = |bytes: &[u8]| HEXLOWER.encode(digest(&SHA256, bytes).as_ref());
        let lines = [
            request.method,
            request.received.as_ref().unwrap_or(&request.path),
            query,
            &format!("authorization:{}", self.authorization()),
            &format!("host:{}", request.host),
            "",
            "authorization;host",
            &if request.body.is_empty() { String::new() } else { sum(&request.body) },
        ];
        let now = app.now().micros() / 1_000_000;
        json!({
            "iss": self.user, "sub": self.account, "hrh": "authorization;host",
            "rqh": sum(lines.join("\n").as_bytes()), "exp": now + 300, "iat": now,
        })
    }

    /// The token of these members.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let segment = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", segment(header), segment(claims));
        let encoding: &'static dyn RsaEncoding =
            if header["alg"] == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    /// Sends a request with this token.
    pub(crate) async fn send(&self, app: &TestApp, request: &Outgoing, token: &str) -> Reply {
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let mut built = Request::builder()
            .method(request.method)
            .uri(format!("{}{query}", request.path))
            .header("authorization", self.authorization())
            .header("host", request.host)
            .header("twilio-client-validation", token);
        if request.method == "POST" {
            built = built.header("content-type", "application/x-www-form-urlencoded");
        }
        let mut built = built.body(Body::from(request.body.clone())).unwrap();
        if let Some(received) = &request.received {
            built.extensions_mut().insert(ReceivedPath(received.clone()));
        }
        app.send(request.product, built).await
    }

    /// Signs as the Python client does, and sends.
    pub(crate) async fn sign_and_send(&self, app: &TestApp, request: &Outgoing) -> Reply {
        let mut pairs: Vec<&str> = request.query.split('&').collect();
        pairs.sort_unstable();
        let claims = self.claims(app, request, &pairs.join("&"));
        self.send(app, request, &self.token(&self.header(), &claims)).await
    }
}
