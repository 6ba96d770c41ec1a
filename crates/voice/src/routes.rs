//! The table of calls under the label `api`, and of what around them is published and not served.

use std::sync::Arc;

use auth::Permission;
use errors::codes;
use http::Method;
use kit::{Access, Ctx, Routes, Services};
use rulebook::guard::{Action, CapabilityFacts};

use crate::PRODUCT;
use crate::calls::routes as call;
use crate::line::AtHand;
use crate::neighbours::Neighbours;

macro_rules! account {
    ($path:literal) => {
        concat!("/2010-04-01/Accounts/{AccountSid}/", $path)
    };
}

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::CallsRead, operation)
}

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::CallsWrite, operation)
}

/// The routes. Calls are placed with `line`, once the queues of a [`crate::Switchboard`] run.
pub fn routes(services: Arc<Services>, neighbours: Arc<dyn Neighbours>, line: AtHand) -> Routes {
    let routes = Routes::new(PRODUCT, services)
        .create(account!("Calls"), writes("create_call"), call::create)
        .list(account!("Calls"), reads("list_call"), call::list)
        .fetch(account!("Calls/{Sid}"), reads("fetch_call"), call::fetch)
        .update(account!("Calls/{Sid}"), writes("update_call"), call::update)
        .delete(account!("Calls/{Sid}"), writes("delete_call"), call::delete)
        .share(neighbours)
        .share(line);
    absent(add_ons(routes))
}

/// What is published and not built.
fn absent(mut routes: Routes) -> Routes {
    const NO_RECORDINGS: &str = "calls are not recorded here yet";
    const NO_CONFERENCES: &str = "there are no conferences here yet; Dial connects two parties";
    const NO_QUEUES: &str = "there are no queues of callers here yet";
    const NO_STREAMS: &str = "media of calls leave to nobody here yet";
    const NO_TRANSCRIPTIONS: &str = "nothing is transcribed here yet";
    const NO_PAYMENTS: &str =
        "no card is taken over the phone here: it would need a payment connector of a marketplace";
    const NO_EVENTS: &str =
        "what was asked of an application is in the Debugger when it failed, and kept nowhere else";
    const NO_MESSAGES: &str =
        "messages of an application's own need a client that is connected, and none is yet";
    const NO_VERIFICATION: &str =
        "the caller of a call is a number of the account; no others can be verified yet";
    macro_rules! absent {
        ($($method:ident $path:literal $operation:literal $permission:ident $why:ident;)*) => {$(
            let access = Access::new(Permission::$permission, $operation).refused(codes::NOT_SUPPORTED, $why);
            routes = routes.absent(Method::$method, account!($path), access);
        )*};
    }
    absent! {
        GET "Calls/{CallSid}/Events" "list_call_event" CallsRead NO_EVENTS;
        GET "Calls/{CallSid}/Notifications" "list_call_notification" CallsRead NO_EVENTS;
        GET "Calls/{CallSid}/Notifications/{Sid}" "fetch_call_notification" CallsRead NO_EVENTS;
        GET "Calls/{CallSid}/Recordings" "list_call_recording" CallsRead NO_RECORDINGS;
        POST "Calls/{CallSid}/Recordings" "create_call_recording" CallsWrite NO_RECORDINGS;
        GET "Calls/{CallSid}/Recordings/{Sid}" "fetch_call_recording" CallsRead NO_RECORDINGS;
        POST "Calls/{CallSid}/Recordings/{Sid}" "update_call_recording" CallsWrite NO_RECORDINGS;
        DELETE "Calls/{CallSid}/Recordings/{Sid}" "delete_call_recording" CallsWrite NO_RECORDINGS;
        POST "Calls/{CallSid}/Payments" "create_payments" CallsWrite NO_PAYMENTS;
        POST "Calls/{CallSid}/Payments/{Sid}" "update_payments" CallsWrite NO_PAYMENTS;
        POST "Calls/{CallSid}/Siprec" "create_siprec" CallsWrite NO_STREAMS;
        POST "Calls/{CallSid}/Siprec/{Sid}" "update_siprec" CallsWrite NO_STREAMS;
        POST "Calls/{CallSid}/Streams" "create_stream" CallsWrite NO_STREAMS;
        POST "Calls/{CallSid}/Streams/{Sid}" "update_stream" CallsWrite NO_STREAMS;
        POST "Calls/{CallSid}/Transcriptions" "create_realtime_transcription" CallsWrite NO_TRANSCRIPTIONS;
        POST "Calls/{CallSid}/Transcriptions/{Sid}" "update_realtime_transcription" CallsWrite NO_TRANSCRIPTIONS;
        POST "Calls/{CallSid}/UserDefinedMessages" "create_user_defined_message" CallsWrite NO_MESSAGES;
        POST "Calls/{CallSid}/UserDefinedMessageSubscriptions" "create_user_defined_message_subscription" CallsWrite NO_MESSAGES;
        DELETE "Calls/{CallSid}/UserDefinedMessageSubscriptions/{Sid}" "delete_user_defined_message_subscription" CallsWrite NO_MESSAGES;
        GET "Conferences" "list_conference" CallsRead NO_CONFERENCES;
        GET "Conferences/{Sid}" "fetch_conference" CallsRead NO_CONFERENCES;
        POST "Conferences/{Sid}" "update_conference" CallsWrite NO_CONFERENCES;
        GET "Conferences/{ConferenceSid}/Participants" "list_participant" CallsRead NO_CONFERENCES;
        POST "Conferences/{ConferenceSid}/Participants" "create_participant" CallsWrite NO_CONFERENCES;
        GET "Conferences/{ConferenceSid}/Participants/{CallSid}" "fetch_participant" CallsRead NO_CONFERENCES;
        POST "Conferences/{ConferenceSid}/Participants/{CallSid}" "update_participant" CallsWrite NO_CONFERENCES;
        DELETE "Conferences/{ConferenceSid}/Participants/{CallSid}" "delete_participant" CallsWrite NO_CONFERENCES;
        GET "Conferences/{ConferenceSid}/Recordings" "list_conference_recording" CallsRead NO_RECORDINGS;
        GET "Conferences/{ConferenceSid}/Recordings/{Sid}" "fetch_conference_recording" CallsRead NO_RECORDINGS;
        POST "Conferences/{ConferenceSid}/Recordings/{Sid}" "update_conference_recording" CallsWrite NO_RECORDINGS;
        DELETE "Conferences/{ConferenceSid}/Recordings/{Sid}" "delete_conference_recording" CallsWrite NO_RECORDINGS;
        GET "OutgoingCallerIds" "list_outgoing_caller_id" CallsRead NO_VERIFICATION;
        POST "OutgoingCallerIds" "create_validation_request" CallsWrite NO_VERIFICATION;
        GET "OutgoingCallerIds/{Sid}" "fetch_outgoing_caller_id" CallsRead NO_VERIFICATION;
        POST "OutgoingCallerIds/{Sid}" "update_outgoing_caller_id" CallsWrite NO_VERIFICATION;
        DELETE "OutgoingCallerIds/{Sid}" "delete_outgoing_caller_id" CallsWrite NO_VERIFICATION;
        GET "Queues" "list_queue" CallsRead NO_QUEUES;
        POST "Queues" "create_queue" CallsWrite NO_QUEUES;
        GET "Queues/{Sid}" "fetch_queue" CallsRead NO_QUEUES;
        POST "Queues/{Sid}" "update_queue" CallsWrite NO_QUEUES;
        DELETE "Queues/{Sid}" "delete_queue" CallsWrite NO_QUEUES;
        GET "Queues/{QueueSid}/Members" "list_member" CallsRead NO_QUEUES;
        GET "Queues/{QueueSid}/Members/{CallSid}" "fetch_member" CallsRead NO_QUEUES;
        POST "Queues/{QueueSid}/Members/{CallSid}" "update_member" CallsWrite NO_QUEUES;
        GET "Recordings" "list_recording" CallsRead NO_RECORDINGS;
        GET "Recordings/{Sid}" "fetch_recording" CallsRead NO_RECORDINGS;
        DELETE "Recordings/{Sid}" "delete_recording" CallsWrite NO_RECORDINGS;
        GET "Recordings/{RecordingSid}/Transcriptions" "list_recording_transcription" CallsRead NO_TRANSCRIPTIONS;
        GET "Recordings/{RecordingSid}/Transcriptions/{Sid}" "fetch_recording_transcription" CallsRead NO_TRANSCRIPTIONS;
        DELETE "Recordings/{RecordingSid}/Transcriptions/{Sid}" "delete_recording_transcription" CallsWrite NO_TRANSCRIPTIONS;
        GET "Transcriptions" "list_transcription" CallsRead NO_TRANSCRIPTIONS;
        GET "Transcriptions/{Sid}" "fetch_transcription" CallsRead NO_TRANSCRIPTIONS;
        DELETE "Transcriptions/{Sid}" "delete_transcription" CallsWrite NO_TRANSCRIPTIONS;
    }
    routes
}

/// Add-ons on recordings: no marketplace is here, and in a HIPAA project none may be (VOI-TRANS-2).
fn add_ons(mut routes: Routes) -> Routes {
    const WHY: &str = "no marketplace is here whose add-ons could work on recordings";
    let rule = |ctx: &Ctx| {
        let capability = CapabilityFacts {
            system: "recording-transcription-marketplace",
            ai_ml: false,
            declared_phi: false,
            attested_phi_free: false,
        };
        ctx.guard(&Action::UseCapability(capability)).map(drop)
    };
    macro_rules! add_on {
        ($($method:ident $path:literal $operation:literal $permission:ident;)*) => {$(
            let access = Access::new(Permission::$permission, $operation).refused(codes::NOT_SUPPORTED, WHY);
            routes = routes.absent_unless(Method::$method, account!($path), access, rule);
        )*};
    }
    add_on! {
        GET "Recordings/{ReferenceSid}/AddOnResults" "list_recording_add_on_result" CallsRead;
        GET "Recordings/{ReferenceSid}/AddOnResults/{Sid}" "fetch_recording_add_on_result" CallsRead;
        DELETE "Recordings/{ReferenceSid}/AddOnResults/{Sid}" "delete_recording_add_on_result" CallsWrite;
        GET "Recordings/{ReferenceSid}/AddOnResults/{AddOnResultSid}/Payloads" "list_recording_add_on_result_payload" CallsRead;
        GET "Recordings/{ReferenceSid}/AddOnResults/{AddOnResultSid}/Payloads/{Sid}" "fetch_recording_add_on_result_payload" CallsRead;
        DELETE "Recordings/{ReferenceSid}/AddOnResults/{AddOnResultSid}/Payloads/{Sid}" "delete_recording_add_on_result_payload" CallsWrite;
        GET "Recordings/{ReferenceSid}/AddOnResults/{AddOnResultSid}/Payloads/{PayloadSid}/Data" "fetch_recording_add_on_result_payload_data" CallsRead;
    }
    routes
}
