//! A workspace read through Segment's Public API: pages by cursor, who receives what, and what no API shows. And pages of
//! SignalWire.

use std::collections::BTreeSet;

use audit::report::Verdict;
use audit::service::{Recorded, RecordedAnswer};
use audit::{Provider, judge, observe, products};
use rulebook::Rulebook;
use rulebook::records::ObserveClass;
use serde_json::{Value, json};

use super::fixture::{SEGMENT, SIGNALWIRE, files, observed, order, seen};

const SOURCE: &str = "hxKWpdkacyCNQAtDEPmZqr";

fn answer(recorded: &mut Recorded, path: &str, body: Value) {
    recorded.answers.insert(format!("segment {path}"), RecordedAnswer { status: 200, body });
}

/// The good workspace, with one good destination on the first page and this one on the second, with these mappings.
fn workspace(second: &Value, mappings: &Value) -> Recorded {
    let mut recorded = SEGMENT.good_recorded();
    recorded.answers.remove("segment /destinations");
    let first = json!([{ "id": "destination0000000001", "enabled": true, "sourceId": SOURCE,
        "metadata": { "slug": "partner", "website": "https://www.partner.example.com/" }, "settings": {} }]);
    let page = |items: &Value, next: Option<&str>| json!({ "data": { "destinations": items, "pagination": { "next": next } } });
    let list = "/destinations?pagination.count=100";
    answer(&mut recorded, list, page(&first, Some("a+b=")));
    answer(&mut recorded, &format!("{list}&pagination.cursor=a%2Bb%3D"), page(&json!([second]), None));
    let id = second["id"].as_str().unwrap();
    let none = |list: &str, items: &Value| json!({ "data": { list: items, "pagination": {} } });
    answer(&mut recorded, &format!("/destinations/{id}/subscriptions"), none("subscriptions", mappings));
    answer(&mut recorded, &format!("/destination/{id}/filters"), none("filters", &json!([])));
    recorded
}

fn destination(slug: &str, website: &str, settings: Value) -> Value {
    json!({ "id": "destination0000000009", "enabled": true, "sourceId": SOURCE, "settings": settings,
        "metadata": { "id": "catalog0000000000009", "slug": slug, "website": website } })
}

/// What is seen of an agreement with every receiver (SEG-DEST-1), and of leaving PHI out where there is none (SEG-DEST-2).
fn agreed(second: &Value, mappings: &Value) -> [Option<Verdict>; 2] {
    let files = files(SEGMENT.good);
    let report = judge(&seen(&order(Provider::Segment, ""), &workspace(second, mappings), &files), &files);
    assert_eq!(report.subjects.len(), 1);
    ["SEG-DEST-1", "SEG-DEST-2"].map(|rule| observed(&report, rule, SEGMENT.good))
}

const PASS: [Option<Verdict>; 2] = [Some(Verdict::Pass); 2];
const FAIL: [Option<Verdict>; 2] = [Some(Verdict::Fail); 2];
const UNSURE: [Option<Verdict>; 2] = [Some(Verdict::NotObserved); 2];

#[test]
fn a_vendor_is_judged_by_its_website_whatever_its_settings_call() {
    let own = json!({ "hook": "https://app.hospital.example.org/in" });
    assert_eq!(agreed(&destination("p", "https://partner.example.com", own.clone()), &json!([])), PASS);
    assert_eq!(agreed(&destination("e", "https://elsewhere.example.net", own.clone()), &json!([])), FAIL);
    // The catalog gives Segment's own site to vendors that named none.
    assert_eq!(agreed(&destination("actions-kafka", "http://www.segment.com", own), &json!([])), UNSURE);
    let elsewhere = json!({ "brokers": "https://elsewhere.example.net" });
    assert_eq!(agreed(&destination("actions-kafka", "http://www.segment.com", elsewhere), &json!([])), FAIL);
    assert_eq!(agreed(&destination("nobody", "", json!({})), &json!([])), UNSURE);
}

#[test]
fn a_webhook_is_judged_by_what_it_calls() {
    let site = "https://segment.com/docs/integrations/webhooks";
    let old = |url: &str| agreed(&destination("webhooks", site, json!({ "globalHook": url })), &json!([]));
    assert_eq!(old("https://app.hospital.example.org/in"), PASS);
    assert_eq!(old("https://elsewhere.example.net/in"), FAIL);
    let mapping = |id: u8, url: Value, enabled: bool| json!({ "id": format!("mapping-{id}"), "enabled": enabled, "settings": { "url": url } });
    let new = |mappings: Value| agreed(&destination("actions-webhook", site, json!({})), &mappings);
    let own = || mapping(1, json!("https://app.hospital.example.org/in"), true);
    let elsewhere = |enabled| mapping(2, json!("https://elsewhere.example.net/in"), enabled);
    assert_eq!(new(json!([own()])), PASS);
    assert_eq!(new(json!([own(), elsewhere(true)])), FAIL);
    assert_eq!(new(json!([own(), elsewhere(false)])), PASS, "what is off sends nothing");
    assert_eq!(new(json!([own(), mapping(3, json!({ "@path": "$.properties.url" }), true)])), UNSURE);
    assert_eq!(new(json!([])), UNSURE);
}

#[test]
fn an_audience_is_judged_by_the_destination_it_goes_to() {
    let path = "segment /spaces/spa_0000000000000001/audiences/aud_0000000000000001/destination-connections";
    let judged = |id: &str| {
        let mut recorded = SEGMENT.good_recorded();
        recorded.answers.get_mut(path).unwrap().body["data"]["connections"][0]["destinationId"] = json!(id);
        let files = files(SEGMENT.good);
        let report = judge(&seen(&order(Provider::Segment, ""), &recorded, &files), &files);
        ["ENG-DEST-1", "ENG-DEST-2"].map(|rule| observed(&report, rule, SEGMENT.good))
    };
    assert_eq!(judged("destination0000000001"), PASS);
    assert_eq!(judged("destination0000000077"), UNSURE, "the workspace lists no such one");
    assert_eq!(judged("somebody"), UNSURE);
}

/// Goal: each rule fails for its own reason, and not because all of the bad workspace is bad. Method: one member of the good
/// workspace is spoilt at a time. UNI-LINK-2 repeats the rules of Connections.
#[test]
fn one_spoilt_setting_fails_the_rules_about_it() {
    let settings = format!("/sources/{SOURCE}/settings");
    let [space, code] = ["/spaces/spa_0000000000000001", "/functions/dfn_0000000000000001"];
    let audience = format!("{space}/audiences/aud_0000000000000001");
    let [traits, warehouses, entities, audiences, activations] = [
        format!("{space}/computed-traits"),
        format!("{space}/profiles-warehouses"),
        format!("{space}/entity-paths"),
        format!("{space}/audiences"),
        format!("{audience}/activations"),
    ];
    let rows: [(&str, &str, Value, &[&str]); 17] = [
        (
            &settings,
            "settings/track/allowUnplannedEvents",
            json!(true),
            &["SEG-SCHEMA-1", "PRO-PLAN-1", "UNI-LINK-2"],
        ),
        (&settings, "settings/group/commonEventOnViolations", json!("OMIT_TRAITS"), &["PRO-PLAN-1"]),
        ("/tracking-plans/tp_0000000000000001/sources", "sources", json!([]), &["PRO-PLAN-1"]),
        (
            "/destination/destination0000000001/filters",
            "filters/0/enabled",
            json!(false),
            &["SEG-FILTER-1", "UNI-LINK-2"],
        ),
        (
            "/destination/destination0000000002/filters",
            "filters/0/if",
            json!("type = 'track'"),
            &["SEG-FILTER-1", "UNI-LINK-2"],
        ),
        ("/destinations", "destinations/0/sourceId", json!("quarantine00000000001"), &["PRO-PLAN-2"]),
        (
            "/destinations",
            "destinations/4/enabled",
            json!(true),
            &["ENG-CAMP-1", "ENG-PREM-1", "SEG-FILTER-1", "UNI-LINK-2"],
        ),
        (
            "/destinations",
            "destinations/0/metadata/supportedFeatures/cloudModeInstances",
            json!("0"),
            &["LOG-ENC-1"],
        ),
        (
            code,
            "function/code",
            json!("fetch('http://api.partner.example.com/')"),
            &["SEG-FUNC-1", "UNI-LINK-2", "ART-CTRL-INTEG"],
        ),
        ("/reverse-etl-models", "models/0/query", json!("select v.* from v"), &["RETL-MAP-1"]),
        (
            "/destinations/destination0000000001/subscriptions",
            "subscriptions/0/settings/mail",
            json!({ "@path": "$.traits" }),
            &["RETL-MAP-1", "UNI-LINK-1"],
        ),
        ("/regulations", "regulations/0/status", json!("PARTIAL_SUCCESS"), &["PRIV-SUPPR-1", "PRIV-SUPPR-2"]),
        (&audiences, "audiences/0/definition/query", json!("trait('homePhone') exists"), &["ENG-AUD-1"]),
        (&traits, "computedTraits/0/definition/query", json!("select * from v"), &["ENG-TRAIT-1"]),
        (&warehouses, "profilesWarehouses/0/settings/hostname", json!("db.example.net"), &["UNI-SYNC-1"]),
        (&entities, "entityPaths/0/relationshipSlugs", json!(["pets-of"]), &["UNI-GRAPH-1"]),
        (&activations, "activations/0/personalization/entities", json!([]), &["UNI-GRAPH-1"]),
    ];
    let files = files(SEGMENT.good);
    let mut wrong = Vec::new();
    for (path, pointer, value, rules) in rows {
        let mut recorded = SEGMENT.good_recorded();
        let answer = recorded.answers.get_mut(&format!("segment {path}")).unwrap();
        *answer.body.pointer_mut(&format!("/data/{pointer}")).unwrap() = value;
        let report = judge(&seen(&order(Provider::Segment, ""), &recorded, &files), &files);
        let failed: BTreeSet<&str> = SEGMENT
            .rules()
            .into_iter()
            .filter(|rule| observed(&report, rule, SEGMENT.good) == Some(Verdict::Fail))
            .collect();
        if failed != rules.iter().copied().collect() {
            wrong.push(format!("{path} {pointer}: {failed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_resource_of_a_workspace_is_recorded() {
    let files = files(SEGMENT.good);
    let seen = seen(&order(Provider::Segment, SEGMENT.good), &SEGMENT.good_recorded(), &files);
    for resource in products::resources().filter(|resource| Provider::Segment.has(resource)) {
        let reading = seen.subjects[0].reading(resource);
        assert!(!reading.items.is_empty(), "{} has no item, so its schema was not compared", resource.name);
        assert!(reading.items.iter().all(|item| !item.id.ends_with("other")), "{}", resource.name);
    }
}

#[test]
fn what_no_api_of_segment_shows_is_left_to_a_person() {
    let families = ["SEG", "RETL", "UNI", "PRO", "PRIV", "ENG"];
    let is_of_workspaces = |id: &str| families.contains(&id.split('-').next().unwrap());
    let can_be_seen = |classes: &[ObserveClass]| {
        classes.iter().any(|class| matches!(class, ObserveClass::Api | ObserveClass::Probe))
    };
    let checked = SEGMENT.rules();
    let report = SEGMENT.good_audited();
    let mut left = BTreeSet::new();
    for rule in &Rulebook::embedded().latest().rules {
        if is_of_workspaces(&rule.id)
            && can_be_seen(&rule.observe_classes)
            && !checked.contains(rule.id.as_str())
        {
            let found = report.rules.iter().find(|it| it.id == rule.id).unwrap();
            assert_eq!(found.verdict, Verdict::NotObserved, "{}", rule.id);
            assert!(found.question.ends_with('?'), "{}", rule.id);
            left.insert(rule.id.as_str());
        }
    }
    // The session of a console, a policy of the privacy portal and its effect, tokens of the Profile API: none is in the
    // Public API, which has no list of workspaces either.
    let expected = ["PRIV-MATCH-2", "SEG-CHG-1", "SEG-DES-3", "UNI-API-1", "UNI-EXP-2"];
    assert_eq!(left, BTreeSet::from(expected));
}

#[test]
fn a_plan_for_a_workspace_asks_segment_only() {
    let plan = observe::plan(Provider::Segment, true, true);
    assert!(plan.len() > 5);
    assert!(plan.iter().all(|planned| planned.product == "segment"));
}

#[test]
fn signalwire_is_asked_for_what_it_has_and_read_page_by_page() {
    let plan = observe::plan(Provider::SignalWire, true, true);
    assert!(plan.iter().all(|planned| planned.product == "api"));
    assert!(!plan.iter().any(|planned| planned.request.contains("Keys.json")));
    // Its links leave out the suffix that the list was asked for with.
    let mut recorded = SIGNALWIRE.good_recorded();
    let list = format!("api /2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", SIGNALWIRE.good);
    let first = recorded.answers.get_mut(&list).unwrap();
    let next = format!(
        "/api/laml/2010-04-01/Accounts/{}/IncomingPhoneNumbers?Page=1&PageSize=100&PageToken=PA1",
        SIGNALWIRE.good
    );
    first.body["next_page_uri"] = json!(next);
    let second = json!({ "incoming_phone_numbers": [{ "sid": "number-2", "phone_number": "+14165550100" }] });
    let key = format!("{list}?Page=1&PageSize=100&PageToken=PA1");
    recorded.answers.insert(key, RecordedAnswer { status: 200, body: second });
    let files = files(SIGNALWIRE.good);
    let report = judge(&seen(&order(Provider::SignalWire, SIGNALWIRE.good), &recorded, &files), &files);
    assert_eq!(observed(&report, "SMS-GEO-1", SIGNALWIRE.good), Some(Verdict::Fail));
}
