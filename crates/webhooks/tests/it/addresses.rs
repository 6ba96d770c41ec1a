//! Requests cannot be steered into the platform's own network.

use webhooks::{ClientConfig, SendError};

use crate::server::{OK, answer_with, client, config, form, send, start};

#[tokio::test]
async fn refuses_every_spelling_of_an_internal_address() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let client = client(ClientConfig::default());
    let hosts = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "%31%32%37.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "100.64.0.1",
        "255.255.255.255",
    ];
    for host in hosts {
        let result = send(&client, &format!("http://{host}:{}/hook", server.port), &form()).await;
        assert_eq!(result.err(), Some(SendError::AddressRefused), "{host}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn reaches_what_the_operator_lists_and_nothing_beside_it() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let client = client(config());
    for (host, header) in
        [("127.0.0.1", "127.0.0.1"), ("LocalHost", "LocalHost"), ("2130706433", "127.0.0.1")]
    {
        let result = send(&client, &format!("http://{host}:{}/hook", server.port), &form()).await;
        assert_eq!(result.ok().map(|answer| answer.status), Some(204), "{host}");
        // Receivers rebuild the signed URL from this header.
        let expected = format!("{header}:{}", server.port);
        assert_eq!(server.seen().pop().unwrap().header("host"), Some(expected.as_str()));
    }
    assert_eq!(server.seen().len(), 3);
    let beside = send(&client, &format!("http://127.0.0.2:{}/hook", server.port), &form()).await;
    assert_eq!(beside.err(), Some(SendError::AddressRefused));
}

#[tokio::test]
async fn refuses_redirect_to_an_internal_address() {
    for target in
        ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.2/", "//[::1]/", "http://0x7f000002/"]
    {
        let location = format!("Location: {target}\r\n");
        let server = start(None, move |_, _| answer_with("302 Found", &location, "")).await;
        let result = send(&client(config()), &format!("http://127.0.0.1:{}/", server.port), &form()).await;
        assert_eq!(result.err(), Some(SendError::AddressRefused), "{target}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn reports_a_name_that_does_not_resolve() {
    // RFC 6761 §6.4: names under `invalid` never resolve.
    let result = send(&client(config()), "http://no-such-host.invalid/", &form()).await;
    assert_eq!(result.err().map(SendError::alert_code), Some(11210));
}
