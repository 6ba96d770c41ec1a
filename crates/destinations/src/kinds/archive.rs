//! Archives in a bucket that speaks S3: events as lines of JSON, compressed, under names that say when they were received.
//!
//! A request is one object. Its name is made of the request's key, so that a second attempt writes the same object again
//! and nothing twice. The connection is that of the account's webhooks, with its checks.

use std::io::Write;

use auth::{AccountContext, Secret};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use errors::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use kms::sigv4::{Signable, Signer, amz_date};
use serde::Deserialize;
use serde_json::{Value, json};
use webhooks::{HandOver, WebhookUrl};

use crate::kinds::webhook::{AGENT, UNREADABLE};
use crate::kinds::{Reach, Ways};
use crate::limits;
use crate::records::{ArchiveSettings, Encryption, Every};
use crate::rules::SERVICE;
use crate::transport::{HandedOver, Parcel};
use crate::view::invalid;

const CONTENT_SHA256: &str = "x-amz-content-sha256";
const DATE: &str = "x-amz-date";
const ENCRYPTION: &str = "x-amz-server-side-encryption";
const KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const GZIP: HeaderValue = HeaderValue::from_static("application/gzip");

/// Which bucket, and how. What is absent of a change stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    bucket: Option<String>,
    region: Option<String>,
    /// Another endpoint than AWS's of the region.
    endpoint: Option<String>,
    prefix: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    /// `AES256`, `aws:kms`, or `bucket` for what the bucket does by itself.
    encryption: Option<Encryption>,
    kms_key_id: Option<String>,
    /// `hour` or `day`.
    every: Option<Every>,
    batch_size: Option<u32>,
}

pub(crate) fn new(request: Request) -> Result<ArchiveSettings> {
    let empty = || Secret::new(String::new());
    let mut settings = ArchiveSettings {
        bucket: String::new(),
        region: String::new(),
        endpoint: None,
        prefix: String::new(),
        access_key_id: empty(),
        secret_access_key: empty(),
        encryption: Encryption::Aes256,
        kms_key_id: None,
        every: Every::Hour,
        batch_size: limits::OBJECT_BATCH,
    };
    change(&mut settings, request)?;
    Ok(settings)
}

pub(crate) fn change(settings: &mut ArchiveSettings, request: Request) -> Result<()> {
    let made_of = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte))
    };
    if let Some(bucket) = request.bucket {
        settings.bucket = bucket;
    }
    if !(3..=63).contains(&settings.bucket.len()) || !made_of(&settings.bucket, b"-.") {
        return Err(invalid("bucket"));
    }
    if let Some(region) = request.region {
        settings.region = region;
    }
    if settings.region.is_empty() || settings.region.len() > limits::TITLE || !made_of(&settings.region, b"-")
    {
        return Err(invalid("region"));
    }
    if let Some(endpoint) = request.endpoint {
        settings.endpoint = (!endpoint.is_empty()).then_some(endpoint);
    }
    if let Some(prefix) = request.prefix {
        let is_word = |word: &str| {
            !word.is_empty() && made_of(&word.to_ascii_lowercase(), b"-_.") && !matches!(word, "." | "..")
        };
        if prefix.len() > limits::LINE || !(prefix.is_empty() || prefix.split('/').all(is_word)) {
            return Err(invalid("prefix"));
        }
        settings.prefix = prefix;
    }
    for (name, given, kept) in [
        ("access_key_id", request.access_key_id, &mut settings.access_key_id),
        ("secret_access_key", request.secret_access_key, &mut settings.secret_access_key),
    ] {
        if let Some(given) = given {
            *kept = Secret::new(given);
        }
        let is_plain = kept.reveal().bytes().all(|byte| byte.is_ascii_graphic());
        if kept.reveal().is_empty() || kept.reveal().len() > limits::LINE || !is_plain {
            return Err(invalid(name));
        }
    }
    settings.encryption = request.encryption.unwrap_or(settings.encryption);
    if let Some(key) = request.kms_key_id {
        if key.len() > limits::LINE || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("kms_key_id"));
        }
        settings.kms_key_id = (!key.is_empty()).then_some(key);
    }
    settings.every = request.every.unwrap_or(settings.every);
    if let Some(size) = request.batch_size {
        if !limits::LOAD_BATCH.contains(&size) {
            return Err(invalid("batch_size"));
        }
        settings.batch_size = size;
    }
    let url = endpoint(settings).ok_or_else(|| invalid("endpoint"))?;
    let is_plain = settings.endpoint.as_ref().is_none_or(|text| {
        let text = text.trim_end_matches('/');
        let with_port = format!("{}://{}:{}", scheme(&url), url.host(), url.port());
        [origin(&url), with_port].iter().any(|plain| text.eq_ignore_ascii_case(plain))
    });
    if !is_plain || !(url.is_https() || is_local(url.host())) {
        return Err(invalid("endpoint"));
    }
    Ok(())
}

/// Whether a host is this machine, whatever its resolver says.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn endpoint(settings: &ArchiveSettings) -> Option<WebhookUrl> {
    let text = match &settings.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => format!("https://s3.{}.amazonaws.com", settings.region),
    };
    WebhookUrl::parse(&text).ok()
}

fn scheme(url: &WebhookUrl) -> &'static str {
    if url.is_https() { "https" } else { "http" }
}

fn origin(url: &WebhookUrl) -> String {
    format!("{}://{}", scheme(url), authority(url))
}

/// Host and port, as a `Host` header has them.
fn authority(url: &WebhookUrl) -> String {
    match (url.is_https(), url.port()) {
        (true, 443) | (false, 80) => url.host().to_owned(),
        (_, port) => format!("{}:{port}", url.host()),
    }
}

pub(crate) fn reach(settings: &ArchiveSettings) -> Option<Reach> {
    let url = endpoint(settings)?;
    let encryption = match settings.encryption {
        Encryption::Aes256 => "AES256",
        Encryption::Kms => "aws:kms",
        Encryption::Bucket => "as the bucket does it",
    };
    let prefix = if settings.prefix.is_empty() { "" } else { "/" };
    let place =
        format!("s3 {} {}{prefix}{} encrypted {encryption}", origin(&url), settings.bucket, settings.prefix);
    Some(Reach {
        host: url.host().to_owned(),
        place,
        is_encrypted: url.is_https() || is_local(url.host()),
        looks_like_phi: false,
    })
}

pub(crate) fn view(settings: &ArchiveSettings) -> Value {
    json!({
        "bucket": settings.bucket,
        "region": settings.region,
        "endpoint": settings.endpoint,
        "prefix": settings.prefix,
        "has_credentials": true,
        "encryption": settings.encryption,
        "kms_key_id": settings.kms_key_id,
        "every": settings.every,
        "batch_size": settings.batch_size,
    })
}

pub(crate) async fn hand_over(
    ways: &Ways,
    account: &AccountContext,
    settings: &ArchiveSettings,
    parcel: Parcel<'_>,
) -> HandedOver {
    let Some(endpoint) = endpoint(settings) else { return HandedOver::Refused(UNREADABLE) };
    let path = format!("/{}/{}", settings.bucket, name(settings, &parcel));
    let Ok(url) = WebhookUrl::parse(&format!("{}{path}", origin(&endpoint))) else {
        return HandedOver::Refused(UNREADABLE);
    };
    let Ok(body) = compressed(parcel.payloads) else { return HandedOver::Refused(UNREADABLE) };
    let Some(headers) = headers(settings, &endpoint, &path, &body, &parcel) else {
        return HandedOver::Refused(UNREADABLE);
    };
    let phi_for = parcel.is_phi.then_some(SERVICE);
    let document = HandOver { url: &url, method: Method::PUT, body: body.into(), headers, phi_for };
    match ways.webhooks.hand_over(account, document).await {
        Ok(answer) if (200..300).contains(&answer.status) => HandedOver::Taken,
        // No object is refused for what it says: a key, a permission or the bucket's name may be mended while events
        // wait.
        Ok(answer) => HandedOver::Later(u32::from(answer.status)),
        Err(error) => HandedOver::Later(error.alert_code()),
    }
}

/// The object's name, which every attempt makes the same.
fn name(settings: &ArchiveSettings, parcel: &Parcel<'_>) -> String {
    let at = parcel.received_at.iso8601();
    let day = at.get(..10).unwrap_or_default().replace('-', "/");
    let hour = match settings.every {
        Every::Hour => format!("/{}", at.get(11..13).unwrap_or_default()),
        Every::Day => String::new(),
    };
    let prefix = if settings.prefix.is_empty() { String::new() } else { format!("{}/", settings.prefix) };
    format!("{prefix}{day}{hour}/{}.jsonl.gz", parcel.key)
}

/// Lines of JSON, compressed; the same for the same payloads.
fn compressed(payloads: &[Value]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for payload in payloads {
        serde_json::to_writer(&mut encoder, payload)?;
        encoder.write_all(b"\n")?;
    }
    encoder.finish()
}

fn headers(
    settings: &ArchiveSettings,
    endpoint: &WebhookUrl,
    path: &str,
    body: &[u8],
    parcel: &Parcel<'_>,
) -> Option<HeaderMap> {
    let date = amz_date(parcel.sent_at);
    let sum = HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
    let mut sent = vec![(CONTENT_SHA256, sum.as_str()), (DATE, date.as_str())];
    match settings.encryption {
        Encryption::Aes256 => sent.push((ENCRYPTION, "AES256")),
        Encryption::Kms => {
            sent.push((ENCRYPTION, "aws:kms"));
            sent.extend(settings.kms_key_id.as_deref().map(|key| (KEY, key)));
        }
        Encryption::Bucket => {}
    }
    let host = authority(endpoint);
    let mut signed = vec![("host", host.as_str())];
    signed.extend(&sent);
    let signer = Signer {
        access_key_id: settings.access_key_id.reveal(),
        secret_access_key: settings.secret_access_key.reveal(),
        region: &settings.region,
        service: "s3",
    };
    let request = Signable { method: "PUT", path, query: "", headers: &signed, body };
    let authorization = signer.authorization(&request, &date);
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, AGENT);
    headers.insert(header::CONTENT_TYPE, GZIP);
    let mut value = HeaderValue::from_str(&authorization).ok()?;
    value.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, value);
    for (name, value) in sent {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}
