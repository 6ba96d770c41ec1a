//! What the operator is shown of the binds.

use serde_json::{Value, json};
use smpp_net::smsc::{Reply, SmscSettings};
use smpp_proto::status::THROTTLED;

use crate::site::{Site, to};
use crate::smsc::RunningSmsc;

const BINDS: &str = "/switchward/v1/SmppBinds";

async fn bind(site: &Site, name: &str) -> Value {
    let reply = site.app.get(&site.app.operator, "switchward", &format!("{BINDS}/{name}")).await;
    reply.assert_status(200).json.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn binds_are_shown_with_their_state_and_without_secrets() {
    let refusing = SmscSettings { reply: Box::new(|_| Reply::Refuse(THROTTLED)), ..SmscSettings::default() };
    let (busy, idle) =
        (RunningSmsc::start(refusing).await, RunningSmsc::start(SmscSettings::default()).await);
    let gone = RunningSmsc::start(SmscSettings::default()).await.port;
    let config = to("busy", busy.port, "") + &to("idle", idle.port, "window = 3") + &to("gone", gone, "");
    let site = Site::start(&config).await;
    site.bound("busy").await;
    site.bound("idle").await;
    site.submit("hello").await.unwrap();

    let all = site.app.get(&site.app.operator, "switchward", BINDS).await;
    let all = all.assert_status(200).json.clone();
    let names: Vec<&Value> = all["binds"].as_array().unwrap().iter().map(|bind| &bind["name"]).collect();
    assert_eq!(names, ["busy", "idle", "gone"]);
    assert!(!all.to_string().contains("secret"));

    let (busy, idle, gone) =
        (bind(&site, "busy").await, bind(&site, "idle").await, bind(&site, "gone").await);
    assert_eq!(
        (&busy["state"], &busy["parts_taken"], &busy["parts_throttled"]),
        (&json!("bound"), &json!(0), &json!(1))
    );
    assert_eq!(
        (&idle["state"], &idle["parts_taken"], &idle["window"]),
        (&json!("bound"), &json!(1), &json!(3))
    );
    assert_eq!(
        (&idle["private"], &idle["window_used"], &idle["last_problem"]),
        (&json!(false), &json!(0), &Value::Null)
    );
    assert!(idle["bound_since"].is_string());
    assert_eq!((&gone["state"], &gone["bound_since"]), (&json!("down"), &Value::Null));
    assert!(gone["last_problem"].as_str().unwrap().starts_with("the SMSC cannot be reached"));

    let unknown = site.app.get(&site.app.operator, "switchward", &format!("{BINDS}/other")).await;
    unknown.assert_status(404);
    site.app.get(&site.app.owner, "switchward", BINDS).await.assert_status(403);
}
