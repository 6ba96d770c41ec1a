//! Flex Insights: what its segments know of customers, what assessors wrote, and where media is played from.

use serde_json::Value;

use super::{accounts, flex, hosts, probes, voice};
use crate::check::{Check, Notes, Test, each};
use crate::fact::Fact;
use crate::fact::Keep::{Text, Urls, With};
use crate::observations::Item;
use crate::resource::Resource;

/// Segments of conversations. Of what they know of the customer, whether they know it.
pub static SEGMENTS: Resource =
    Resource::list("Insights Segments", "flex-api", "/v1/Insights/Segments", "segments")
        .sample()
        .id("segment_id")
        .keep(&[
            ("customer_phone", With(known)),
            ("customer_name", With(known)),
            ("customer_link", With(known)),
            ("external_segment_link", Urls),
        ]);

/// What assessors answered.
pub static ASSESSMENTS: Resource = Resource::list(
    "Insights Assessments",
    "flex-api",
    "/v1/Insights/QualityManagement/Assessments",
    "assessments",
)
.sample()
.id("assessment_sid")
.keep(&[("answer_text", Text)]);

/// What they wrote beside it.
pub static COMMENTS: Resource = Resource::list(
    "Insights Assessments Comments",
    "flex-api",
    "/v1/Insights/QualityManagement/Assessments/Comments",
    "comments",
)
.sample()
.id("assessment_sid")
.keep(&[("comment.comment", Text)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&SEGMENTS, &ASSESSMENTS, &COMMENTS];

/// Segments know neither name nor number of a customer.
pub const UNNAMED: Test = each(&SEGMENTS, |segment, notes| {
    for field in ["customer_phone", "customer_name"] {
        notes.wants(!segment.is(field), field, "knows who the customer is");
    }
});
const UNLINKED: Test = each(&SEGMENTS, |segment, notes| {
    for field in ["customer_link", "customer_phone", "customer_name"] {
        notes.wants(!segment.is(field), field, "ties the conversation to one customer");
    }
});

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("FLEX-INS-3", &[UNLINKED]).leaves("identifiers that the segments do not show"),
    Check::new(
        "FLEX-INS-8",
        &[
            each(&COMMENTS, |comment, notes| {
                let note = "identifiers of persons stand in a comment of an assessor";
                accounts::clean(comment, "comment.comment", notes, note);
            }),
            each(&ASSESSMENTS, |assessment, notes| {
                let note = "identifiers of persons stand in an assessment";
                accounts::clean(assessment, "answer_text", notes, note);
            }),
        ],
    )
    .leaves("comments and assessments that were not sampled"),
    Check::new(
        "FLEX-PLAY-1",
        &[
            each(&voice::RECORDINGS, |recording, notes| stored(recording, "media_url", notes)),
            each(&SEGMENTS, |segment, notes| stored(segment, "external_segment_link", notes)),
            each(&probes::STORED_ELSEWHERE, probes::refuses_strangers),
        ],
    )
    .leaves("how playback from the customer's storage is set up in Flex Insights"),
    Check::new(
        "FLEX-MEDIA-1",
        &[
            each(&flex::TASKS, |task, notes| stored(task, flex::ATTACHED, notes)),
            each(&probes::ATTACHED, probes::refuses_strangers),
        ],
    )
    .leaves("media of tasks that were not sampled"),
];

/// Media that does not lie with the vendor lies behind TLS, with a party of the register.
fn stored(item: &Item, field: &str, notes: &mut Notes<'_>) {
    for url in item.urls(field).iter().filter(|url| !hosts::is_vendor(&url.host)) {
        notes.wants(url.scheme == "https", field, "lies where it can be fetched without TLS");
        let note = "lies with a host that is not in the register of third parties under agreement";
        notes.wants(notes.is_registered(&url.host), field, note);
    }
}

/// Whether something is known, and not only that it is not.
fn known(value: &Value) -> Option<Fact> {
    const NOTHING: &[&str] = &["", "-", "n/a", "none", "null", "unknown", "anonymous", "(empty value)"];
    let text = value.as_str()?.trim().to_ascii_lowercase();
    Some(Fact::Flag(!NOTHING.contains(&text.as_str())))
}
