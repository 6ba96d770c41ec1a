//! Every route of the real table, driven as those who may not use it.

use kit::RouteRow;

use crate::{Credentials, Reply, TestApp};

/// Drives every row as nobody and as another account, and gives each pair of answers to `judge`,
/// which says what is wrong, if anything. Returns what was wrong, one line per row.
///
/// `{AccountSid}` is the owner's; other parameters take the values of [`TestApp::set_placeholder`],
/// or a well-formed value that names nothing. Forms are empty.
pub async fn for_every_route(
    app: &TestApp,
    mut judge: impl FnMut(&RouteRow, &Reply, &Reply) -> Option<String>,
) -> Vec<String> {
    let mut failures = Vec::new();
    for row in app.table() {
        let path = fill(app, row.path);
        let nobody = drive(app, row, &path, &Credentials::nobody()).await;
        let other = drive(app, row, &path, app.other.credentials()).await;
        if let Some(wrong) = judge(row, &nobody, &other) {
            failures.push(format!("{} {} {}: {wrong}", row.product, row.method, row.path));
        }
    }
    failures
}

/// What holds for every route: nobody is told to authenticate, and another account's resource is
/// *not found*. Routes that name no resource (a collection of the caller's own, a lookup) may answer
/// another account whatever they like, as long as nothing of the owner is in it.
pub fn closed_to_strangers(app: &TestApp) -> impl FnMut(&RouteRow, &Reply, &Reply) -> Option<String> {
    let owner = app.owner.sid.to_string();
    move |row, nobody, other| {
        if nobody.status != 401 || nobody.code() != Some(20_003) {
            return Some(format!("nobody is answered {}", nobody.status));
        }
        let names_resource = parameters(row.path).any(|name| name.ends_with("Sid"));
        // A form is read before its resource is: a missing parameter tells nothing of the owner.
        let refused = matches!(other.status, 401 | 404)
            || (!row.path.contains("{AccountSid}") && other.status == 400)
            || (row.access.operator_only && other.status == 403);
        if other.status >= 500 && other.status != 501 {
            return Some(format!("another account is answered {}", other.status));
        }
        if names_resource && !refused {
            return Some(format!("another account is answered {}", other.status));
        }
        other.text.contains(&owner).then(|| "another account is shown the owner's SID".to_owned())
    }
}

async fn drive(app: &TestApp, row: &RouteRow, path: &str, who: &Credentials) -> Reply {
    match row.method.as_str() {
        "GET" => app.get(who, row.product, path).await,
        "DELETE" => app.delete(who, row.product, path).await,
        _ => app.post_form(who, row.product, path, &[]).await,
    }
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn fill(app: &TestApp, path: &str) -> String {
    let segments = path.split('/').map(|segment| match parameters(segment).next() {
        Some("AccountSid") => app.owner.sid.to_string(),
        Some(name) => app.placeholder(name).unwrap_or_else(|| made_up(name)),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A well-formed value that names nothing.
fn made_up(name: &str) -> String {
    const HEX: &str = "00000000000000000000000000000000";
    match name {
        "PhoneNumber" => "+14155550100".to_owned(),
        "MessageSid" => format!("SM{HEX}"),
        "KeySid" => format!("SK{HEX}"),
        "AlertSid" => format!("NO{HEX}"),
        "AgreementSid" => format!("BA{HEX}"),
        "OrganizationSid" => format!("OR{HEX}"),
        "PhoneNumberSid" => format!("PN{HEX}"),
        "MediaSid" => format!("ME{HEX}"),
        _ if name.ends_with("Sid") => format!("XX{HEX}"),
        _ => "none".to_owned(),
    }
}
