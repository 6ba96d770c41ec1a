//! Page tokens, as anybody can send them and as only we can seal them: a list or a refusal, never a failure.

#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use test_kit::TestApp;
use tokio::runtime::{Builder, Runtime};
use url::form_urlencoded::byte_serialize;

thread_local! {
    static PLATFORM: OnceCell<(Runtime, TestApp)> = const { OnceCell::new() };
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    PLATFORM.with(|platform| {
        let (runtime, app) = platform.get_or_init(start);
        runtime.block_on(list(app, text));
    });
});

fn start() -> (Runtime, TestApp) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let app = runtime.block_on(TestApp::start(|services| vec![messaging::routes(services)]));
    (runtime, app)
}

/// Text that begins with `+` is sealed first: what is behind the seal is parsed too.
async fn list(app: &TestApp, text: &str) {
    let token = match text.strip_prefix('+') {
        None => text.to_owned(),
        Some(plain) => match app.services.store.scope(app.owner.scope()).seal_token(plain).await {
            Ok(sealed) => format!("PA{sealed}"),
            Err(_) => return,
        },
    };
    let token: String = byte_serialize(token.as_bytes()).collect();
    let path = format!("/2010-04-01/Accounts/{}/Messages?PageToken={token}", app.owner.sid);
    let status = app.get(&app.owner, "api", &path).await.status;
    assert!(status == 200 || status == 400, "a page token was answered with {status}");
}
