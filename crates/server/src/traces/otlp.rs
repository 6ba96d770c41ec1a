//! Spans in OTLP's JSON form (opentelemetry-proto, `ExportTraceServiceRequest`): ids in hexadecimal, numbers of 64
//! bits as text, enumerations as numbers, names in lowerCamelCase (OTLP specification, "JSON Protobuf Encoding").

use std::time::Duration;

use serde::{Deserialize, Serialize};
use spans::{Kind, Span, Value};

/// Whose spans these are.
const SERVICE: &str = "switchward";
/// `Status.StatusCode`: something went wrong.
const STATUS_ERROR: u8 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    resource_spans: [ResourceSpans; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    resource: Resource,
    scope_spans: [ScopeSpans; 1],
}

#[derive(Serialize)]
struct Resource {
    attributes: [Attribute; 2],
}

#[derive(Serialize)]
struct ScopeSpans {
    scope: Scope,
    spans: Vec<Row>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    status: Status,
}

#[derive(Serialize)]
struct Attribute {
    key: &'static str,
    value: AnyValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum AnyValue {
    StringValue(String),
    IntValue(String),
}

#[derive(Serialize)]
struct Status {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
}

/// The answer of a collector that did not want everything.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    partial_success: Option<PartialSuccess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    /// Text as the encoding has it, a number as some have it.
    rejected_spans: Option<serde_json::Value>,
}

/// The body of a request that exports these.
pub(super) fn body(spans: &[Span]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let resource = Resource { attributes: [word("service.name", SERVICE), word("service.version", version)] };
    let scope_spans =
        [ScopeSpans { scope: Scope { name: SERVICE, version }, spans: spans.iter().map(row).collect() }];
    let request = Request { resource_spans: [ResourceSpans { resource, scope_spans }] };
    serde_json::to_vec(&request).expect("structs of text and numbers can be encoded")
}

/// How many spans an answer says were turned down.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let rejected = serde_json::from_slice::<Answer>(answer).ok();
    let rejected = rejected.and_then(|answer| answer.partial_success?.rejected_spans);
    rejected.and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok())).unwrap_or(0)
}

fn row(span: &Span) -> Row {
    let mut attributes: Vec<Attribute> = span.work.attributes().into_iter().map(attribute).collect();
    attributes.extend(span.account.map(|sid| attribute(("switchward.account", Value::Account(sid)))));
    Row {
        trace_id: span.trace.to_string(),
        span_id: span.id.to_string(),
        parent_span_id: span.parent.map(|parent| parent.to_string()),
        name: span.work.name(),
        // `Span.SpanKind`.
        kind: match span.work.kind() {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Client => 3,
            Kind::Consumer => 5,
        },
        start_time_unix_nano: nanos(span.start.micros(), Duration::ZERO),
        end_time_unix_nano: nanos(span.start.micros(), span.took),
        attributes,
        status: Status { code: span.work.is_error().then_some(STATUS_ERROR) },
    }
}

fn nanos(micros: i64, more: Duration) -> String {
    let begin = u128::try_from(micros).unwrap_or(0) * 1_000;
    u64::try_from(begin + more.as_nanos()).unwrap_or(u64::MAX).to_string()
}

fn word(key: &'static str, value: &'static str) -> Attribute {
    attribute((key, Value::Word(value)))
}

fn attribute((key, value): (&'static str, Value)) -> Attribute {
    let value = match value {
        Value::Word(word) => AnyValue::StringValue(word.to_owned()),
        Value::Number(number) => AnyValue::IntValue(number.to_string()),
        Value::Account(sid) => AnyValue::StringValue(sid.to_string()),
    };
    Attribute { key, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_spans_are_counted_in_either_form() {
        for (answer, expected) in [
            ("", 0),
            ("{}", 0),
            ("{\"partialSuccess\":{}}", 0),
            ("{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"x\"}}", 3),
            ("{\"partialSuccess\":{\"rejectedSpans\":3}}", 3),
        ] {
            assert_eq!(rejected(answer.as_bytes()), expected, "{answer}");
        }
    }
}
