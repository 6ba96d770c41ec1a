//! URLs and plain HTTP.

use crate::guard::{MESSAGE, assert_allowed, assert_refused, project, undesignated};
use rulebook::guard::urls::query_looks_like_phi;
use rulebook::guard::{MessageFacts, PlainHttpFacts, UrlFact, UrlPurpose};
use rulebook::{AccountFacts, Action};

const CALLBACK: UrlFact = UrlFact {
    field: "StatusCallback",
    purpose: UrlPurpose::Callback,
    scheme_https: true,
    host_registered: true,
    has_phi_like_query: false,
    get_message_webhook: false,
};

/// Asserts what happens to a URL on a message and on any resource, which may name different rules.
#[track_caller]
fn assert_url_refused(url: UrlFact, on_message: &str, on_resource: &str, code: u32) {
    let urls = [CALLBACK, url];
    let message = MessageFacts { urls: &urls, ..MESSAGE };
    assert_refused(&project(), &Action::SendMessage(message), on_message, code, Some(url.field));
    assert_refused(&project(), &Action::DispatchMessage(message), on_message, code, Some(url.field));
    assert_refused(&project(), &Action::ConfigureUrl(url), on_resource, code, Some(url.field));
}

#[track_caller]
fn assert_url_allowed(account: &AccountFacts, url: UrlFact) {
    let urls = [url];
    assert_allowed(account, &Action::SendMessage(MessageFacts { urls: &urls, ..MESSAGE }));
    assert_allowed(account, &Action::ConfigureUrl(url));
}

#[test]
fn gen_https_2__refuses_plain_url() {
    for (field, purpose) in [("StatusCallback", UrlPurpose::Callback), ("MediaUrl", UrlPurpose::Media)] {
        assert_url_refused(
            UrlFact { field, purpose, scheme_https: false, ..CALLBACK },
            "GEN-HTTPS-2",
            "GEN-HTTPS-2",
            77117,
        );
    }
}

#[test]
fn gen_https_2__allows_https_url() {
    assert_url_allowed(&project(), CALLBACK);
    assert_url_allowed(&undesignated(), UrlFact { scheme_https: false, ..CALLBACK });
}

#[test]
fn art_restr_track__refuses_query_parameters_that_promise_phi() {
    let has_phi_like_query = query_looks_like_phi("t=1&patientName=x");
    assert_url_refused(
        UrlFact { has_phi_like_query, ..CALLBACK },
        "ART-RESTR-TRACK",
        "ART-RESTR-TRACK",
        77004,
    );
}

#[test]
fn art_restr_track__allows_opaque_token() {
    assert_url_allowed(
        &project(),
        UrlFact { has_phi_like_query: query_looks_like_phi("token=5f2c"), ..CALLBACK },
    );
    assert_url_allowed(&undesignated(), UrlFact { has_phi_like_query: true, ..CALLBACK });
}

#[test]
fn sms_bot_1__refuses_unregistered_host() {
    assert_url_refused(UrlFact { host_registered: false, ..CALLBACK }, "SMS-BOT-1", "ART-CTRL-INTEG", 77301);
}

#[test]
fn sms_bot_1__allows_registered_host() {
    assert_url_allowed(&project(), CALLBACK);
    let mut any_host = project();
    any_host.policy.registered_hosts_only = false;
    assert_url_allowed(&any_host, UrlFact { host_registered: false, ..CALLBACK });
}

#[test]
fn art_ctrl_integ__refuses_unregistered_endpoint() {
    let url = UrlFact { host_registered: false, ..CALLBACK };
    assert_refused(&project(), &Action::ConfigureUrl(url), "ART-CTRL-INTEG", 77301, Some("StatusCallback"));
}

#[test]
fn sms_bot_1__refuses_media_from_an_unregistered_host() {
    let url = UrlFact { field: "MediaUrl", purpose: UrlPurpose::Media, host_registered: false, ..CALLBACK };
    assert_url_refused(url, "SMS-BOT-1", "ART-CTRL-INTEG", 77301);
}

#[test]
fn art_ctrl_integ__allows_registered_endpoint_and_media_host() {
    assert_allowed(&project(), &Action::ConfigureUrl(CALLBACK));
    assert_url_allowed(&project(), UrlFact { purpose: UrlPurpose::Media, ..CALLBACK });
    assert_url_allowed(&undesignated(), UrlFact { host_registered: false, ..CALLBACK });
}

#[test]
fn d_red_3__refuses_get_on_stored_message_webhook() {
    assert_url_refused(UrlFact { get_message_webhook: true, ..CALLBACK }, "D-RED-3", "D-RED-3", 77288);
}

#[test]
fn d_red_3__allows_post_on_stored_message_webhook() {
    assert_url_allowed(&project(), CALLBACK);
    assert_url_allowed(&undesignated(), UrlFact { get_message_webhook: true, ..CALLBACK });
}

#[test]
fn gen_https_1__refuses_credentials_in_the_clear() {
    let request = Action::PlainHttp(PlainHttpFacts { credentials: true, loopback: false });
    assert_refused(&project(), &request, "GEN-HTTPS-1", 77118, None);
}

#[test]
fn gen_https_1__allows_loopback_and_requests_without_credentials() {
    for (credentials, loopback) in [(true, true), (false, false), (false, true)] {
        assert_allowed(&project(), &Action::PlainHttp(PlainHttpFacts { credentials, loopback }));
    }
    assert_allowed(
        &undesignated(),
        &Action::PlainHttp(PlainHttpFacts { credentials: true, loopback: false }),
    );
}
