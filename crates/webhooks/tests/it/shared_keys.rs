//! Webhooks of an account that signs with a shared key, as they arrive.

use auth::{Designation, Settings, WebhookKey, load_account};
use phi::SystemRandom;
use url::form_urlencoded;
use webhooks::signature::{SETTINGS_HEADER, validate};
use webhooks::{Method, SigningKey};

use crate::platform::Platform;
use crate::server::{OK, TOKEN, parameters, start};

#[tokio::test]
async fn gen_sig_1__allows_the_shared_key_that_signs_now() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    let url = format!("http://127.0.0.1:{}/", server.port);
    let now = platform.store.clock().now();
    let keys = [(); 2].map(|()| WebhookKey::generate(&SystemRandom, String::new(), now));
    assert_ne!(keys[0].id, keys[1].id);
    for signing in [None, Some(0), Some(1)] {
        let loaded = load_account(&platform.store, platform.account, now).await;
        let mut account = std::sync::Arc::unwrap_or_clone(loaded.unwrap().unwrap().account);
        account.facts.webhook_keys = keys.to_vec();
        if let Some(at) = signing {
            account.facts.webhook_keys[at].signs = true;
        }
        let mut batch = platform.store.batch(platform.scope());
        batch.update(&account);
        platform.store.commit(batch).await.unwrap();
        // Queued before or after: what signs is what signs at delivery.
        platform.queue(Method::Post, &url).await;
        platform.work().await;

        let seen = server.seen().pop().unwrap();
        let signature = seen.header("x-twilio-signature").unwrap();
        let sent: Vec<_> = form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect();
        let right = |key: SigningKey<'_>| validate(key, &url, &sent, signature);
        assert_eq!(right(SigningKey::AuthToken(TOKEN)), signing.is_none());
        for (at, WebhookKey { id, secret, .. }) in keys.iter().enumerate() {
            assert_eq!(right(SigningKey::Shared { id, secret: secret.reveal() }), signing == Some(at));
        }
        let settings = signing.map(|at| format!("key={},algorithm=HMAC_SHA256", keys[at].id));
        assert_eq!(seen.header(SETTINGS_HEADER).map(str::to_owned), settings);
        assert!(!validate(TOKEN, &url, &parameters(&[("MessageSid", "other")]), signature));
    }
}
