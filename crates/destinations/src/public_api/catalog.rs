//! The catalogue: the kinds of destinations that there are here. Segment's own catalogue is Segment's.

use segment::public::{Call, Failed, PageRequest, Reply};
use serde_json::{Value, json};

use super::not_found;

/// The one action of every kind, and its id: what a mapping makes is sent.
pub(super) const SEND: &str = "send";

/// Id, name, what it is, and the settings with whether they are needed.
type Kind = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str, bool)]);

const KINDS: &[Kind] = &[
    (
        "webhook",
        "Webhook",
        "An HTTP server that is sent what mappings make, as JSON",
        &[
            ("url", "string", true),
            ("headers", "map", false),
            ("secret", "password", false),
            ("batch_size", "number", false),
        ],
    ),
    (
        "postgres",
        "PostgreSQL",
        "A PostgreSQL database, in the tables and columns of Segment's warehouses",
        &[
            ("host", "string", true),
            ("port", "number", false),
            ("database", "string", true),
            ("user", "string", true),
            ("password", "password", false),
            ("schema", "string", true),
            ("tls", "boolean", false),
            ("batch_size", "number", false),
        ],
    ),
    (
        "nats",
        "NATS JetStream",
        "A stream of NATS JetStream that is sent what mappings make, as JSON",
        &[
            ("host", "string", true),
            ("port", "number", false),
            ("subject", "string", true),
            ("user", "string", false),
            ("password", "password", false),
            ("token", "password", false),
            ("tls", "boolean", false),
            ("batch_size", "number", false),
        ],
    ),
    (
        "s3",
        "S3 archive",
        "A bucket that speaks S3, with lines of JSON by hour or day",
        &[
            ("bucket", "string", true),
            ("region", "string", true),
            ("endpoint", "string", false),
            ("prefix", "string", false),
            ("access_key_id", "password", true),
            ("secret_access_key", "password", true),
            ("encryption", "select", false),
            ("kms_key_id", "string", false),
            ("every", "select", false),
            ("batch_size", "number", false),
        ],
    ),
];

/// The kind that has this id.
pub(super) fn kind(id: &str) -> Option<&'static str> {
    KINDS.iter().map(|kind| kind.0).find(|known| *known == id)
}

/// What a kind is called.
pub(super) fn name(kind: &str) -> &'static str {
    KINDS.iter().find(|known| known.0 == kind).map_or("", |known| known.1)
}

/// A kind in Segment's words.
pub(super) fn metadata(kind: &str) -> Value {
    KINDS.iter().find(|known| known.0 == kind).map_or(Value::Null, view)
}

fn view(kind: &Kind) -> Value {
    let (id, name, description, options) = *kind;
    let option = |(name, kind, required): &(&str, &str, bool)| json!({ "name": name, "type": kind, "required": required });
    json!({
        "id": id,
        "name": name,
        "description": description,
        "slug": id,
        "logos": { "default": "" },
        "options": options.iter().map(option).collect::<Vec<_>>(),
        "status": "PUBLIC",
        "previousNames": [],
        "categories": [],
        "website": "",
        "components": [{ "type": "SERVER", "code": "" }],
        "supportedFeatures": {
            "cloudModeInstances": "MULTIPLE", "deviceModeInstances": "NONE", "replay": false,
            "browserUnbundling": false, "browserUnbundlingPublic": false,
        },
        "supportedMethods": {
            "pageview": true, "identify": true, "alias": true, "track": true, "group": true,
        },
        "supportedPlatforms": {
            "browser": true, "server": true, "mobile": true, "warehouse": id == "postgres", "cloudAppObject": false,
        },
        "actions": [{
            "id": SEND, "slug": SEND, "name": "Send", "description": "Sends what the mapping makes",
            "platform": "CLOUD", "hidden": false, "defaultTrigger": null, "fields": [],
        }],
        "presets": [],
        "contacts": [],
        "partnerOwned": false,
        "supportedRegions": [],
        "regionEndpoints": [],
    })
}

/// `GET /catalog/destinations`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let (page, pagination) = request.of_list(KINDS)?;
    let kinds: Vec<_> = page.iter().map(view).collect();
    Ok(Reply::found(json!({ "destinationsCatalog": kinds, "pagination": pagination })))
}

/// `GET /catalog/destinations/{destinationMetadataId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    match kind(call.text(0)) {
        Some(kind) => Ok(Reply::found(json!({ "destinationMetadata": metadata(kind) }))),
        None => Err(not_found()),
    }
}
