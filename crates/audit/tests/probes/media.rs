//! What a stranger gets of media, newest and oldest, and how long its URLs live.

use audit::observations::Outcome;
use rulebook::Date;
use serde_json::{Value, json};

use super::place::{ACCOUNT, Place, answers};

/// Recordings of these days, newest first, as the API lists those up to a day.
fn recordings(days: &[&str], path: &str, url: impl Fn(usize) -> Value) -> String {
    let until = path.split("DateCreated%3C=").nth(1).map(|rest| &rest[..10]);
    let until = until.map_or(Date::parse("9999-12-31").unwrap(), |day| Date::parse(day).unwrap());
    let listed: Vec<Value> = days
        .iter()
        .enumerate()
        .filter(|(_, day)| Date::parse(day).unwrap() <= until)
        .map(|(index, _)| json!({ "sid": format!("RE{index:032}"), "media_url": url(index) }))
        .collect();
    json!({ "recordings": listed }).to_string()
}

#[tokio::test]
async fn the_newest_and_the_oldest_recording_of_all_are_tried() {
    const DAYS: [&str; 5] = ["2026-11-20", "2026-01-01", "2024-02-29", "2019-05-05", "2019-05-04"];
    let place = Place::answering(|path, signed_in| match path.strip_suffix(".mp3") {
        // Media was protected later than the oldest one was made, which is still open (D-MEDIA-1).
        Some(medium) if medium.ends_with('4') => (200, "sound".to_owned()),
        Some(_) => (401, String::new()),
        None if signed_in => (200, recordings(&DAYS, path, |_| Value::Null)),
        None => (401, String::new()),
    })
    .await;
    let (reading, _) = place.probed("Probe of recording media").await;
    assert_eq!(reading.outcome, Outcome::Read);
    let (newest, oldest) = (format!("RE{:032}", 0), format!("RE{:032}", 4));
    assert_eq!(answers(&reading), [(newest.as_str(), "refused"), (oldest.as_str(), "open")]);
    let tried = |asked: &[String]| asked.iter().filter(|path| path.ends_with(".mp3")).count();
    assert_eq!(tried(&place.asked.lock().unwrap()), 2);
}

#[tokio::test]
async fn recordings_in_the_customers_storage_are_tried_where_they_lie() {
    let storage = Place::answering(|path, signed_in| {
        assert!(!signed_in, "the vendor's credentials go to the vendor only");
        (if path == "/open.mp3" { 200 } else { 403 }, String::new())
    })
    .await;
    let url = storage.base.clone();
    let place = Place::answering(move |path, _| {
        let of = |index: usize| match index {
            0 => json!(format!("{url}closed.mp3")),
            1 => json!(format!("{url}open.mp3")),
            _ => json!("https://api.twilio.com/2010-04-01/x"),
        };
        (200, recordings(&["2026-11-20", "2026-01-01", "2025-01-01"], path, of))
    })
    .await;
    let (reading, _) = place.probed("Probe of recordings stored elsewhere").await;
    let (newest, oldest) = (format!("RE{:032}", 0), format!("RE{:032}", 1));
    assert_eq!(answers(&reading), [(newest.as_str(), "refused"), (oldest.as_str(), "open")]);
}

#[tokio::test]
async fn media_attached_to_a_task_is_tried_without_credentials() {
    let storage = Place::answering(|_, signed_in| {
        assert!(!signed_in, "the vendor's credentials go to the vendor only");
        (200, String::new())
    })
    .await;
    let attributes =
        json!({ "conversations": { "media": [{ "url": storage.base.join("x").unwrap().to_string() }] } });
    let place = Place::answering(move |path, _| {
        let body = if path.contains("/Tasks") {
            json!({ "tasks": [{ "sid": format!("WT{:032}", 1), "attributes": attributes.to_string() }] })
        } else {
            json!({ "workspaces": [{ "sid": format!("WS{:032}", 1) }] })
        };
        (200, body.to_string())
    })
    .await;
    let (reading, _) = place.probed("Probe of media attached to tasks").await;
    let task = format!("WS{:032}/WT{:032}", 1, 1);
    assert_eq!(answers(&reading), [(task.as_str(), "open")]);
}

#[tokio::test]
async fn a_media_url_may_live_for_an_hour() {
    let cases = [
        (400, String::new(), "refused"),
        (200, json!({ "redirect_to": "https://s.example.org/x?X-Amz-Expires=3600" }).to_string(), "bounded"),
        (200, json!({ "redirect_to": "https://s.example.org/x?X-Amz-Expires=3601" }).to_string(), "longer"),
        (200, json!({ "redirect_to": "https://s.example.org/x" }).to_string(), "unclear"),
    ];
    for (status, body, word) in cases {
        let place = Place::answering(move |path, signed_in| {
            assert!(signed_in);
            match path.contains("/Media?Ttl=3601") {
                true => (status, body.clone()),
                false => (200, json!({ "recordings": [{ "sid": format!("RT{:032}", 1) }] }).to_string()),
            }
        })
        .await;
        let (reading, made) = place.probed("Probe of the life of video media URLs").await;
        assert_eq!(answers(&reading)[0].1, word);
        assert_eq!(made, 2);
    }
}

#[tokio::test]
async fn what_the_api_refuses_is_not_read() {
    let place = Place::answering(|_, _| (403, String::new())).await;
    for probe in [
        "Probe of recording media",
        "Probe of message media",
        "Probe of the life of video media URLs",
        "Probe of media attached to tasks",
        "Probe of callback TLS versions",
    ] {
        let (reading, _) = place.probed(probe).await;
        assert_eq!((reading.outcome, reading.items.len()), (Outcome::Denied, 0), "{probe} of {ACCOUNT}");
    }
}
