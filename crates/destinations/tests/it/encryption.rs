//! Fields that leave encrypted, and `openssl`, which reads them with the private key alone.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::json;

use crate::world::{World, text, track};

/// Runs `openssl` on some input.
fn openssl(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(input).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

/// A key pair of `openssl`'s in a folder of its own; `None` where there is no `openssl`.
fn keys() -> Option<(tempfile::TempDir, String)> {
    Command::new("openssl").arg("version").output().ok()?;
    let folder = tempfile::tempdir().unwrap();
    let new = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem"];
    openssl(folder.path(), &new, b"");
    let public = openssl(folder.path(), &["pkey", "-in", "key.pem", "-pubout"], b"");
    Some((folder, String::from_utf8(public).unwrap()))
}

fn oaep(folder: &Path, sealed: &[u8]) -> Vec<u8> {
    let options = [
        "pkeyutl",
        "-decrypt",
        "-inkey",
        "key.pem",
        "-pkeyopt",
        "rsa_padding_mode:oaep",
        "-pkeyopt",
        "rsa_oaep_md:sha256",
        "-pkeyopt",
        "rsa_mgf1_md:sha256",
    ];
    openssl(folder, &options, sealed)
}

/// As docs/destinations.md says it is undone.
fn decrypted(folder: &Path, sealed: &str) -> String {
    let base64 = |text: &str| BASE64.decode(text.as_bytes()).unwrap();
    let Some(envelope) = sealed.strip_prefix("sw1:") else {
        return String::from_utf8(oaep(folder, &base64(sealed))).unwrap();
    };
    let (keys, body) = envelope.split_once(':').unwrap();
    let (keys, body) = (oaep(folder, &base64(keys)), base64(body));
    let (covered, tag) = body.split_at(body.len() - 32);
    let key = format!("hexkey:{}", HEXLOWER.encode(&keys[32..]));
    let computed = openssl(folder, &["dgst", "-sha256", "-mac", "HMAC", "-macopt", &key, "-binary"], covered);
    assert_eq!(computed, tag);
    let (key, iv) = (HEXLOWER.encode(&keys[..32]), HEXLOWER.encode(&covered[..16]));
    let plain = openssl(folder, &["enc", "-d", "-aes-256-ctr", "-K", &key, "-iv", &iv], &covered[16..]);
    String::from_utf8(plain).unwrap()
}

#[tokio::test]
async fn seg_dest_2__allows_fields_that_only_the_customers_key_opens() {
    let Some((folder, public)) = keys() else { return };
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.grant(&place, &["properties.diagnosis", "properties.note", "properties.items"]).await;
    let mapping = json!({"who": {"@path": "$.userId"}, "all": {"@path": "$.properties"}});
    world.map(&place, "event = 'Ordered'", mapping).await;
    let fields = ["properties.diagnosis", "properties.note", "properties.items.x"];
    let set = world.change(&place, "/Encryption", json!({"public_key": public, "fields": fields})).await;
    set.assert_status(201);
    assert!(world.approve(&place).await.text.contains("* properties.diagnosis encrypted for "));
    let long = "d-canary ".repeat(60);
    let properties = json!({"total": 7, "diagnosis": "d-canary ä", "note": long,
        "items": [{"x": {"code": "d-canary"}}, {"x": null}, {"y": 1}]});
    world.send(&place, json!([track("u", "Ordered", properties)])).await;
    world.deliver().await;
    let payload = world.received().remove(0);
    assert!(!payload.to_string().contains("canary"), "{payload}");
    let sent = &payload["all"];
    assert_eq!((&sent["total"], &payload["who"]), (&json!(7), &json!("u")));
    assert_eq!(decrypted(folder.path(), &text(&sent["diagnosis"])), "d-canary ä");
    assert!(text(&sent["note"]).starts_with("sw1:"));
    assert_eq!(decrypted(folder.path(), &text(&sent["note"])), long);
    assert_eq!(decrypted(folder.path(), &text(&sent["items"][0]["x"])), "{\"code\":\"d-canary\"}");
    assert_eq!(sent["items"][1], json!({"x": null}));
}

#[tokio::test]
async fn seg_dest_2__refuses_events_until_a_change_of_what_is_encrypted_is_approved() {
    let Some((_folder, public)) = keys() else { return };
    let world = World::start().await;
    let place = world.hipaa_place().await;
    let on = json!({"public_key": public, "fields": ["properties.total"]});
    world.change(&place, "/Encryption", on).await.assert_status(201);
    world.approve(&place).await.assert_status(201);
    let off = json!({"public_key": "", "fields": []});
    world.change(&place, "/Encryption", off).await.assert_status(201);
    world.send(&place, json!([track("u", "Ordered", json!({"total": 7}))])).await;
    world.deliver().await;
    assert!(world.sink.requests().is_empty(), "in the clear it needs an approval");
}

#[tokio::test]
async fn what_is_no_key_or_no_field_is_refused() {
    let Some((folder, public)) = keys() else { return };
    let world = World::start().await;
    let place = world.ordinary_place().await;
    let small = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", "small.pem"];
    openssl(folder.path(), &small, b"");
    let small = openssl(folder.path(), &["pkey", "-in", "small.pem", "-pubout"], b"");
    let curve = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "curve.pem"];
    openssl(folder.path(), &curve, b"");
    let curve = openssl(folder.path(), &["pkey", "-in", "curve.pem", "-pubout"], b"");
    let private = std::fs::read_to_string(folder.path().join("key.pem")).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    for (key, fields, status) in [
        (public.clone(), json!(["properties.a"]), 201),
        (public.clone(), json!([]), 400),
        (public.clone(), json!([""]), 400),
        (public.clone(), json!(["a..b"]), 400),
        (text(small), json!(["a"]), 400),
        (text(curve), json!(["a"]), 400),
        (private, json!(["a"]), 400),
        ("key".to_owned(), json!(["a"]), 400),
    ] {
        let reply = world.change(&place, "/Encryption", json!({"public_key": key, "fields": fields})).await;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
}
