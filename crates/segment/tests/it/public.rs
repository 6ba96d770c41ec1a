//! Segment's Public API: tokens and roles, and every resource that is served.

use std::net::{IpAddr, Ipv4Addr};

use http::{Method, Request, header};
use serde_json::{Value, json};
use store::Scope;

use crate::world::{Place, World};

const ABROAD: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

async fn owner(world: &World) -> (Place, String) {
    let place = world.place(&world.app.owner).await;
    let token = world.token(&place, &["workspace_owner"]).await;
    (place, token)
}

fn error(body: &Value) -> &str {
    body["errors"][0]["type"].as_str().unwrap()
}

#[tokio::test]
async fn a_token_opens_its_workspace_until_it_is_revoked() {
    let world = World::start().await;
    let (place, token) = owner(&world).await;
    let elsewhere = world.place(&world.app.owner).await;
    let (status, body) = world.public(&token, Method::GET, "/", None).await;
    assert_eq!((status, &body["data"]["workspace"]["id"]), (200, &json!(place.workspace.to_string())));
    assert_eq!(body["data"]["workspace"]["hipaa"], false);
    let path = format!("/sources/{}", elsewhere.source);
    assert_eq!(world.public(&token, Method::GET, &path, None).await.0, 404, "another workspace's is none");

    let (id, secret) = token[4..].split_at(32);
    assert!(!world.keeps(secret) && !world.keeps(&token), "the token was shown once");
    for wrong in ["", "sgp_", "nobody", &format!("sgp_{id}{}", "0".repeat(32)), &format!("{token}0")] {
        let (status, body) = world.public(wrong, Method::GET, "/", None).await;
        assert_eq!((status, error(&body)), (401, "unauthorized"));
        assert!(wrong.is_empty() || !body.to_string().contains(wrong));
    }
    let unnamed = world.ask(Request::get("/").body(Vec::new()).unwrap(), true, ABROAD).await;
    assert_eq!(
        (unnamed.status, &unnamed.headers[header::WWW_AUTHENTICATE]),
        (401, &"Bearer".parse().unwrap())
    );

    let tokens =
        format!("/switchward/v1/Accounts/{}/Workspaces/{}/Tokens", place.account.sid, place.workspace);
    let listed = world.app.get(&place.account, "switchward", &tokens).await;
    assert_eq!(listed.json["tokens"][0]["roles"], json!(["workspace_owner"]));
    assert!(!listed.text.contains(secret) && listed.json["tokens"][0].get("token").is_none());
    let sid = listed.json["tokens"][0]["sid"].as_str().unwrap();
    world.app.delete(&place.account, "switchward", &format!("{tokens}/{sid}")).await.assert_status(204);
    assert_eq!(world.public(&token, Method::GET, "/", None).await.0, 401, "at once");
}

#[tokio::test]
async fn wrong_tokens_have_to_wait_as_wrong_passwords_do() {
    let world = World::start().await;
    let (_, token) = owner(&world).await;
    let wrong = format!("{}{}", &token[..36], "0".repeat(32));
    let mut last = 0;
    for _ in 0..20 {
        last = world.public(&wrong, Method::GET, "/", None).await.0;
    }
    assert_eq!(last, 429);
    let (status, body) = world.public(&token, Method::GET, "/", None).await;
    assert_eq!((status, error(&body)), (429, "too-many-requests"), "the right one from there waits too");
}

#[tokio::test]
async fn a_role_opens_what_it_is_for() {
    let world = World::start().await;
    let place = world.place(&world.app.owner).await;
    let table = [
        ("source_read_only", Method::GET, "/sources", 200),
        ("source_read_only", Method::POST, "/sources", 403),
        ("source_read_only", Method::GET, "/tracking-plans", 403),
        ("source_admin", Method::GET, "/tracking-plans", 200),
        ("source_admin", Method::POST, "/tracking-plans", 403),
        ("tracking_plan_admin", Method::GET, "/sources", 200),
        ("tracking_plan_admin", Method::GET, "/regulations", 403),
        ("end_user_privacy_admin", Method::GET, "/regulations", 200),
        ("end_user_privacy_admin", Method::GET, "/suppressions", 403),
        ("end_user_privacy_admin", Method::GET, "/", 200),
        ("source_admin", Method::GET, "/roles", 403),
        ("source_admin", Method::GET, "/functions", 403),
    ];
    for (role, method, path, status) in table {
        let token = world.token(&place, &[role]).await;
        assert_eq!(
            world.public(&token, method.clone(), path, None).await.0,
            status,
            "{role} {method} {path}"
        );
    }
    let tokens = format!("/{}/Tokens", place.workspace);
    for roles in [json!([]), json!(["pii_access"]), json!(["king"])] {
        let reply = world.post(&place.account, &tokens, json!({"name": "x", "roles": roles})).await;
        assert_eq!(reply.status, 400);
    }
}

#[tokio::test]
async fn what_is_not_served_and_what_is_not_there_is_told_in_segments_shape() {
    let world = World::start().await;
    let (_, token) = owner(&world).await;
    let table = [
        (Method::GET, "/functions", 501, "not-implemented"),
        (Method::POST, "/functions", 501, "not-implemented"),
        (Method::GET, "/functions/f/versions/v", 501, "not-implemented"),
        (Method::DELETE, "/group/g/users?emails=a%40b.co", 400, "bad-request"),
        (Method::GET, "/groups/UG1", 404, "not-found"),
        (Method::GET, "/nothing", 404, "not-found"),
        (Method::PUT, "/sources", 405, "method-not-allowed"),
        (Method::GET, "/sources/SO1", 404, "not-found"),
        (Method::GET, "/sources?secret=canary", 400, "bad-request"),
        (Method::GET, "/sources?pagination[count]=0", 400, "bad-request"),
        (Method::GET, "/sources?pagination[cursor]=canary", 400, "bad-request"),
    ];
    for (method, path, status, kind) in table {
        let path = path.replace('[', "%5B").replace(']', "%5D");
        let (answered, body) = world.public(&token, method, &path, None).await;
        assert_eq!(
            (answered, error(&body), &body["errors"][0]["status"]),
            (status, kind, &json!(status)),
            "{path}"
        );
        assert!(!body.to_string().contains("canary"));
    }
    let ask = async |accept: &str, content: Option<&str>| {
        let mut request = Request::post("/sources")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::ACCEPT, accept);
        if let Some(content) = content {
            request = request.header(header::CONTENT_TYPE, content);
        }
        world.ask(request.body(b"{}".to_vec()).unwrap(), true, ABROAD).await
    };
    let version = "application/vnd.segment.v1beta+json";
    let answer = ask(&format!("text/html, {version}; q=1"), Some(version)).await;
    assert_eq!((answer.status, &answer.headers[header::CONTENT_TYPE]), (400, &version.parse().unwrap()));
    assert_eq!(ask("application/vnd.segment.v9+json", Some(version)).await.status, 406);
    assert_eq!(ask("*/*", Some("text/plain")).await.status, 415);
    assert_eq!(ask("*/*", None).await.status, 415);
}

#[tokio::test]
async fn sources_are_made_changed_paged_and_removed() {
    let world = World::start().await;
    let (place, token) = owner(&world).await;
    let create =
        |slug: &str| json!({"slug": slug, "enabled": true, "metadataId": "IqDTy1TpoU", "settings": {"a": 1}});
    let mut ids = Vec::new();
    for slug in ["one", "two", "three"] {
        // The list is by age.
        world.app.advance(std::time::Duration::from_secs(1));
        let (status, body) = world.public(&token, Method::POST, "/sources", Some(create(slug))).await;
        assert_eq!(status, 201, "{body}");
        let source = &body["data"]["source"];
        assert_eq!((&source["slug"], &source["metadata"]["id"]), (&json!(slug), &json!("IqDTy1TpoU")));
        assert_eq!(
            (&source["settings"], source["writeKeys"].as_array().unwrap().len()),
            (&json!({"a": 1}), 1)
        );
        ids.push(source["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(world.public(&token, Method::POST, "/sources", Some(create("Two"))).await.0, 409);
    assert_eq!(world.public(&token, Method::POST, "/sources", Some(create("a b"))).await.0, 400);

    // Pages go on after a source, whatever comes and goes.
    let page = async |cursor: &str| {
        let path =
            format!("/sources?pagination%5Bcount%5D=2&pagination%5Bcursor%5D={}", cursor.replace('=', "%3D"));
        let (status, body) = world.public(&token, Method::GET, &path, None).await;
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
    };
    let slugs = |data: &Value| {
        data["sources"].as_array().unwrap().iter().map(|one| one["slug"].clone()).collect::<Vec<_>>()
    };
    let first = page("").await;
    assert_eq!(slugs(&first), ["three", "two"]);
    assert_eq!(first["pagination"]["totalEntries"], 4);
    assert_eq!(
        (&first["pagination"]["current"], &first["pagination"]["previous"]),
        (&json!("MA=="), &json!(null))
    );
    assert_eq!(world.public(&token, Method::DELETE, &format!("/sources/{}", ids[2]), None).await.0, 200);
    let second = page(first["pagination"]["next"].as_str().unwrap()).await;
    assert_eq!(slugs(&second), ["one", "website"]);
    assert_eq!(second["pagination"]["next"], json!(null));
    let back = page(second["pagination"]["previous"].as_str().unwrap()).await;
    assert_eq!(slugs(&back)[0], "two");

    let one = format!("/sources/{}", ids[0]);
    let change = json!({"name": "Shop", "enabled": false, "slug": "shop", "settings": {}});
    let (_, body) = world.public(&token, Method::PATCH, &one, Some(change)).await;
    assert_eq!(
        (&body["data"]["source"]["slug"], &body["data"]["source"]["name"]),
        (&json!("shop"), &json!("Shop"))
    );
    assert_eq!(world.public(&token, Method::PATCH, &one, Some(json!({"no": 1}))).await.0, 400);
    let (_, body) = world.public(&token, Method::POST, &format!("{one}/writekey"), None).await;
    let key = body["data"]["source"]["writeKeys"][1].as_str().unwrap().to_owned();
    assert_eq!(world.public(&token, Method::DELETE, &format!("{one}/writekey/{key}"), None).await.0, 200);
    assert_eq!(world.public(&token, Method::DELETE, &format!("{one}/writekey/{key}"), None).await.0, 404);
    let (_, body) = world.public(&token, Method::GET, &one, None).await;
    assert_eq!(body["data"]["trackingPlanId"], json!(null));

    // A removed source takes nothing.
    assert_eq!(
        world.public(&token, Method::DELETE, &format!("/sources/{}", place.source), None).await.0,
        200
    );
    world.call(&place.key, "t", json!({"userId": "u", "event": "e"}).to_string()).await;
    assert_eq!(world.ingest.measures.accepted.value(), 0);
}

#[tokio::test]
async fn labels_are_of_workspaces_and_of_sources() {
    let world = World::start().await;
    let (place, token) = owner(&world).await;
    let label = json!({"key": "env", "value": "prod", "description": "Real people"});
    let (status, body) = world.public(&token, Method::POST, "/labels", Some(json!({"label": label}))).await;
    assert_eq!((status, &body["data"]["label"]), (201, &label));
    assert_eq!(world.public(&token, Method::POST, "/labels", Some(json!({"label": label}))).await.0, 409);
    let (_, body) = world.public(&token, Method::GET, "/labels", None).await;
    assert_eq!(body["data"]["labels"], json!([label]));
    let path = format!("/sources/{}/labels", place.source);
    let labels = json!({"labels": [{"key": "env", "value": "prod"}, {"key": "env", "value": "prod"}]});
    let (_, body) = world.public(&token, Method::POST, &path, Some(labels)).await;
    assert_eq!(body["data"]["labels"], json!([{"key": "env", "value": "prod"}]));
    let (_, body) = world.public(&token, Method::PUT, &path, Some(json!({"labels": []}))).await;
    assert_eq!(body["data"]["labels"], json!([]));
    assert_eq!(world.public(&token, Method::DELETE, "/labels/env/prod", None).await.0, 200);
    assert_eq!(world.public(&token, Method::DELETE, "/labels/env/prod", None).await.0, 404);
}

#[tokio::test]
async fn tracking_plans_have_rules_and_sources() {
    let world = World::start().await;
    let (place, token) = owner(&world).await;
    let rule = |kind: &str, key: Option<&str>, version: u32, schema: Value| {
        let mut rule = json!({"type": kind, "version": version, "jsonSchema": schema});
        if let Some(key) = key {
            rule["key"] = key.into();
        }
        rule
    };
    let rules = json!([rule("TRACK", Some("Seen"), 1, json!({})), rule("IDENTIFY", None, 1, json!(true))]);
    let id = world.plan(&place, &token, rules).await;
    assert!(id.starts_with("tp_"));
    let plan = format!("/tracking-plans/{id}");
    let rules = format!("{plan}/rules");
    let names = async || {
        let (_, body) =
            world.public(&token, Method::GET, &format!("{rules}?pagination%5Bcount%5D=50"), None).await;
        let mut names: Vec<_> = body["data"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| format!("{}/{}/{}", rule["type"], rule["key"], rule["version"]).replace('"', ""))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names().await, ["IDENTIFY/null/1", "TRACK/Seen/1"]);
    let mut renamed = rule("TRACK", Some("Seen"), 1, json!({"type": "object"}));
    renamed["newKey"] = "Looked at".into();
    let body = json!({"rules": [renamed, rule("TRACK", Some("Seen"), 2, json!({}))]});
    assert_eq!(world.public(&token, Method::PATCH, &rules, Some(body)).await.0, 200);
    assert_eq!(names().await, ["IDENTIFY/null/1", "TRACK/Looked at/1", "TRACK/Seen/2"]);
    let query = "rules[0][type]=TRACK&rules[0][key]=Seen&rules[0][version]=2&rules[1][type]=IDENTIFY&rules[1][version]=1";
    let path = format!("{rules}?{}", query.replace('[', "%5B").replace(']', "%5D"));
    assert_eq!(world.public(&token, Method::DELETE, &path, None).await.0, 200);
    assert_eq!(names().await, ["TRACK/Looked at/1"]);
    for wrong in [
        rule("TRACK", None, 1, json!({})),
        rule("IDENTIFY", Some("x"), 1, json!({})),
        rule("KING", None, 1, json!({})),
        rule("TRACK", Some("x"), 1, json!(null)),
        rule("TRACK", Some("x"), 1, json!({"pattern": "(?=canary)"})),
        rule("TRACK", Some("x"), 1, json!({"$ref": "https://canary.example/schema"})),
    ] {
        let (status, body) =
            world.public(&token, Method::PATCH, &rules, Some(json!({"rules": [wrong]}))).await;
        assert_eq!((status, &body["errors"][0]["field"]), (400, &json!("rules[0]")), "{wrong}");
        assert!(!body.to_string().contains("canary"));
    }
    let (_, body) = world.public(&token, Method::GET, &format!("/sources/{}", place.source), None).await;
    assert_eq!(body["data"]["trackingPlanId"], json!(id));
    let (_, body) = world.public(&token, Method::GET, &format!("{plan}/sources"), None).await;
    assert_eq!(body["data"]["sources"][0]["id"], json!(place.source.to_string()));

    // A source has one plan, and only a plan that is live.
    let other = json!({"name": "Template", "type": "TEMPLATE", "description": "For later"});
    let (_, body) = world.public(&token, Method::POST, "/tracking-plans", Some(other)).await;
    let template =
        format!("/tracking-plans/{}/sources", body["data"]["trackingPlan"]["id"].as_str().unwrap());
    let source = json!({"sourceId": place.source.to_string()});
    assert_eq!(world.public(&token, Method::POST, &template, Some(source.clone())).await.0, 409);
    let second = json!({"name": "Second", "type": "LIVE"});
    let (_, body) = world.public(&token, Method::POST, "/tracking-plans", Some(second)).await;
    let second = format!("/tracking-plans/{}/sources", body["data"]["trackingPlan"]["id"].as_str().unwrap());
    assert_eq!(world.public(&token, Method::POST, &second, Some(source)).await.0, 409);
    let (_, body) = world.public(&token, Method::GET, "/tracking-plans?type=LIVE", None).await;
    assert_eq!(body["data"]["pagination"]["totalEntries"], 2);

    assert_eq!(world.public(&token, Method::PATCH, &plan, Some(json!({"name": "Ward"}))).await.0, 200);
    let (_, body) = world.public(&token, Method::GET, &plan, None).await;
    assert_eq!(body["data"]["trackingPlan"]["name"], "Ward");
    let gone = format!("{plan}/sources?sourceId={}", place.source);
    assert_eq!(world.public(&token, Method::DELETE, &gone, None).await.0, 200);
    assert_eq!(world.public(&token, Method::DELETE, &gone, None).await.0, 404);
    assert_eq!(world.public(&token, Method::DELETE, &plan, None).await.0, 200);
    assert_eq!(world.public(&token, Method::GET, &rules, None).await.0, 404);
}

#[tokio::test]
async fn a_plan_of_the_largest_size_is_replaced_as_a_whole() {
    let world = World::start().await;
    let (place, token) = owner(&world).await;
    let rules = |prefix: &str| {
        let rule = |number| json!({"type": "TRACK", "key": format!("{prefix} {number}"), "version": 1, "jsonSchema": {}});
        json!((0..segment::limits::RULES).map(rule).collect::<Vec<_>>())
    };
    let id = world.plan(&place, &token, rules("First")).await;
    let path = format!("/tracking-plans/{id}/rules");
    let (status, body) =
        world.public(&token, Method::PUT, &path, Some(json!({"rules": rules("Second")}))).await;
    assert_eq!(status, 200, "{body}");
    let (_, body) = world.public(&token, Method::GET, &path, None).await;
    assert_eq!(body["data"]["pagination"]["totalEntries"], segment::limits::RULES);
    let one = json!({"rules": [{"type": "PAGE", "version": 1, "jsonSchema": {}}]});
    assert_eq!(world.public(&token, Method::PATCH, &path, Some(one)).await.0, 400, "one too many");
    assert_eq!(world.public(&token, Method::DELETE, &format!("/tracking-plans/{id}"), None).await.0, 200);
}

#[tokio::test]
async fn people_are_regulated_and_shown_to_whom_they_may_be_shown() {
    let world = World::start().await;
    let place = world.place(&world.app.hipaa).await;
    let token = world.token(&place, &["end_user_privacy_admin", "pii_access"]).await;
    world.call(&place.key, "t", json!({"userId": "u-canary", "event": "e"}).to_string()).await;
    let regulation =
        |kind: &str| json!({"regulationType": kind, "subjectType": "USER_ID", "subjectIds": ["u-canary"]});
    let (status, body) =
        world.public(&token, Method::POST, "/regulations", Some(regulation("SUPPRESS_WITH_DELETE"))).await;
    assert_eq!(status, 200, "{body}");
    let id = body["data"]["regulateId"].as_str().unwrap();
    assert_eq!(world.events(&place).await, [Value::Null]);
    let (_, body) = world.public(&token, Method::GET, &format!("/regulations/{id}"), None).await;
    assert_eq!(body["data"]["regulation"]["overallStatus"], "FINISHED");
    assert!(!body.to_string().contains("u-canary"), "who was deleted is not called by name");
    assert_eq!(world.public(&token, Method::DELETE, &format!("/regulations/{id}"), None).await.0, 409);
    let (_, body) = world.public(&token, Method::GET, "/regulations", None).await;
    assert_eq!(body["data"]["regulations"][0]["regulationType"], "SUPPRESS_WITH_DELETE");
    let (_, body) = world.public(&token, Method::GET, "/suppressions", None).await;
    assert_eq!(body["data"]["suppressed"], json!([{"subjectType": "USER_ID", "subjectIds": ["u-canary"]}]));
    let entries = world.app.ledger_actions(Scope::account(place.account.sid)).await;
    let entry = entries.last().unwrap();
    assert_eq!(
        (entry.act.as_str(), entry.fields.as_slice()),
        ("list_suppressions", &["user_id".to_owned()][..])
    );
    assert!(!world.keeps("u-canary"));
    assert_eq!(
        world.public(&token, Method::POST, "/regulations", Some(regulation("UNSUPPRESS"))).await.0,
        200
    );
    let (_, body) = world.public(&token, Method::GET, "/suppressions", None).await;
    assert_eq!(body["data"]["suppressed"], json!([]));
    for wrong in [
        regulation("KING"),
        json!({"regulationType": "DELETE_ONLY", "subjectType": "OBJECT_ID", "subjectIds": ["x"]}),
    ] {
        assert_eq!(world.public(&token, Method::POST, "/regulations", Some(wrong)).await.0, 400);
    }
}

#[tokio::test]
async fn the_ledger_is_told_of_tokens_and_shown_as_audit_events() {
    let world = World::start().await;
    let (place, token) = owner(&world).await;
    let other = world.place(&world.app.owner).await;
    let path = format!("/sources/{}", place.source);
    world.public(&token, Method::PATCH, &path, Some(json!({"name": "Shop"}))).await;
    let (status, body) =
        world.public(&token, Method::GET, "/audit-events?pagination%5Bcount%5D=200", None).await;
    assert_eq!(status, 200, "{body}");
    let events = body["data"]["events"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["create_workspace", "create_source", "create_token", "update_source"]);
    assert_eq!(events[3]["resourceId"], json!(place.source.to_string()));
    assert_eq!(events[3]["actor"], events[2]["resourceId"], "by the token that was made");
    assert!(!body.to_string().contains(&other.workspace.to_string()));
    let first = world.public(&token, Method::GET, "/audit-events?pagination%5Bcount%5D=1", None).await.1;
    let next = first["data"]["pagination"]["next"].as_str().unwrap().replace('=', "%3D");
    let path = format!("/audit-events?pagination%5Bcount%5D=1&pagination%5Bcursor%5D={next}");
    let second = world.public(&token, Method::GET, &path, None).await.1;
    assert_eq!(second["data"]["events"][0]["type"], "create_source");
    let (_, roles) = world.public(&token, Method::GET, "/roles?pagination%5Bcount%5D=200", None).await;
    assert!(roles["data"]["roles"].as_array().unwrap().iter().any(|role| role["name"] == "PII Access"));
}

#[tokio::test]
async fn a_hipaa_workspace_is_reached_over_tls() {
    let world = World::start().await;
    let (place, token) = owner(&world).await;
    let ask = async |secure, peer| {
        let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
        world.ask(request.body(Vec::new()).unwrap(), secure, peer).await.status
    };
    assert_eq!(ask(false, ABROAD).await, 200);
    assert_eq!(world.designate(&place).await.status, 201);
    assert_eq!(ask(false, ABROAD).await, 403);
    assert_eq!(ask(false, Ipv4Addr::LOCALHOST.into()).await, 200);
    assert_eq!(ask(true, ABROAD).await, 200);
    let (_, body) = world.public(&token, Method::GET, "/", None).await;
    assert_eq!(body["data"]["workspace"]["hipaa"], true);
}

#[tokio::test]
async fn people_hold_roles_by_themselves_and_by_groups_and_their_tokens_with_them() {
    for world in World::on_both().await {
        let (place, token) = owner(&world).await;
        let ask = async |method: Method, path: &str, body: Value| {
            let (status, body) = world.public(&token, method, path, Some(body)).await;
            assert!(status < 300, "{path} {body}");
            body["data"].clone()
        };
        let get = async |path: &str| {
            let (status, body) = world.public(&token, Method::GET, path, None).await;
            assert_eq!(status, 200, "{body}");
            body["data"].clone()
        };
        let whole = json!([{"id": place.workspace.to_string(), "type": "WORKSPACE"}]);
        let permission = |role: &str| json!({"roleId": role, "resources": whole});
        let invite = |email: &str, role: &str| json!({"invites": [{"email": email, "permissions": [permission(role)]}]});
        let made = ask(Method::POST, "/invites", invite("a-canary@clinic.example", "source_read_only")).await;
        assert_eq!(made["emails"], json!(["a-canary@clinic.example"]));
        world.app.advance(std::time::Duration::from_secs(1));
        ask(Method::POST, "/invites", invite("b@clinic.example", "source_admin")).await;
        assert_eq!(get("/invites").await["invites"], json!(["b@clinic.example", "a-canary@clinic.example"]));
        let entries = world.app.ledger_actions(Scope::account(place.account.sid)).await;
        assert_eq!(
            (entries.last().unwrap().act.as_str(), entries.last().unwrap().fields.len()),
            ("list_invites", 2)
        );
        assert!(!world.keeps("a-canary"), "sealed");
        for (wrong, status) in [
            (invite("A-canary@clinic.example", "source_admin"), 409),
            (invite("nobody", "source_admin"), 400),
            (invite("c@clinic.example", "king"), 400),
            (json!({"invites": []}), 400),
            (
                json!({"invites": [{"email": "c@clinic.example", "permissions": [
            {"roleId": "source_admin", "resources": [{"id": place.source.to_string(), "type": "SOURCE"}]}]}]}),
                400,
            ),
        ] {
            assert_eq!(
                world.public(&token, Method::POST, "/invites", Some(wrong.clone())).await.0,
                status,
                "{wrong}"
            );
        }

        // A token for somebody makes a user of them.
        let tokens = format!("/{}/Tokens", place.workspace);
        let body = json!({"name": "A", "user_email": "a-canary@clinic.example", "user_name": "A. Person"});
        let reply = world.post(&place.account, &tokens, body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let own = reply.json["token"].as_str().unwrap().to_owned();
        let user = reply.json["user_sid"].as_str().unwrap().to_owned();
        for wrong in [
            json!({"name": "x", "user_email": "z@clinic.example"}),
            json!({"name": "x", "user_email": "b@clinic.example", "roles": ["source_admin"]}),
            json!({"name": "x", "user_name": "B", "roles": ["source_admin"]}),
            json!({"name": "x"}),
        ] {
            assert_eq!(world.post(&place.account, &tokens, wrong.clone()).await.status, 400, "{wrong}");
        }
        let shown = get(&format!("/users/{user}")).await["user"].clone();
        assert_eq!(
            (&shown["email"], &shown["name"]),
            (&json!("a-canary@clinic.example"), &json!("A. Person"))
        );
        assert_eq!(shown["permissions"][0]["roleName"], "Source Read-only");
        assert_eq!(get("/users").await["users"][0]["id"], json!(user));
        let may = async |method: Method, path: &str| world.public(&own, method, path, None).await.0;
        assert_eq!(
            (may(Method::GET, "/sources").await, may(Method::GET, "/tracking-plans").await),
            (200, 403)
        );
        assert_eq!(may(Method::GET, "/users").await, 403);

        // What a group may do, its people may, from then on and no longer.
        let group = ask(Method::POST, "/groups", json!({"name": "Ward"})).await["userGroup"]["id"].clone();
        let path = format!("/groups/{}", group.as_str().unwrap());
        let single = path.replace("/groups/", "/group/");
        assert_eq!(world.public(&token, Method::POST, "/groups", Some(json!({"name": "Ward"}))).await.0, 409);
        let emails = json!({"emails": ["a-canary@clinic.example", "b@clinic.example"]});
        let of = ask(Method::POST, &format!("{path}/users"), emails).await;
        assert_eq!(of["userGroup"]["memberCount"], 2);
        let permissions = json!({"permissions": [permission("tracking_plan_admin")]});
        let given = ask(Method::POST, &format!("{path}/permissions"), permissions).await;
        assert_eq!(given["permissions"][0]["roleId"], "tracking_plan_admin");
        assert_eq!(may(Method::GET, "/tracking-plans").await, 200);
        assert_eq!(get(&format!("{path}/users")).await["users"].as_array().unwrap().len(), 1);
        assert_eq!(get(&format!("{path}/invites")).await["emails"], json!(["b@clinic.example"]));
        assert_eq!(
            get(&format!("/users/{user}/groups")).await["groups"],
            json!([{"id": group, "name": "Ward"}])
        );
        ask(Method::PUT, &format!("{single}/users"), json!({"emails": ["b@clinic.example"]})).await;
        assert_eq!(may(Method::GET, "/tracking-plans").await, 403);
        let renamed = ask(Method::PATCH, &path, json!({"name": "Ward 7"})).await;
        assert_eq!(renamed["userGroup"]["name"], "Ward 7");
        ask(Method::PUT, &format!("{path}/permissions"), json!({"permissions": []})).await;
        assert_eq!(get("/groups").await["userGroups"][0]["permissions"], json!([]));
        let gone = format!("{single}/users?emails%5B0%5D=b%40clinic.example");
        assert_eq!(world.public(&token, Method::DELETE, &gone, None).await.0, 200);
        assert_eq!(get(&path).await["userGroup"]["memberCount"], 0);
        assert_eq!(world.public(&token, Method::DELETE, &path, None).await.0, 200);
        assert_eq!(world.public(&token, Method::GET, &path, None).await.0, 404);

        let own_path = format!("/users/{user}/permissions");
        ask(Method::POST, &own_path, json!({"permissions": [permission("pii_access")]})).await;
        ask(Method::PUT, &own_path, json!({"permissions": [permission("tracking_plan_read_only")]})).await;
        assert_eq!(
            (may(Method::GET, "/sources").await, may(Method::GET, "/tracking-plans").await),
            (403, 200)
        );
        let gone = "/invites?emails%5B0%5D=b%40clinic.example";
        assert_eq!(world.public(&token, Method::DELETE, gone, None).await.0, 200);
        assert_eq!(world.public(&token, Method::DELETE, gone, None).await.0, 400);
        let gone = format!("/users?userIds%5B0%5D={user}");
        assert_eq!(world.public(&token, Method::DELETE, &gone, None).await.0, 200);
        assert_eq!(may(Method::GET, "/tracking-plans").await, 401, "their token went with them");
        assert_eq!(get("/users").await["users"], json!([]));
    }
}
