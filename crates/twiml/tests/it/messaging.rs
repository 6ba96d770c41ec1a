//! Facts about replies to inbound messages.

use proptest::prelude::*;
use twiml::{
    BODY_LIMIT, DOCUMENT_LIMIT_BYTES, MEDIA_LIMIT, Message, MessagingVerb, Method, NODE_LIMIT, Position,
    Redirect, TwimlError, VERB_LIMIT, parse_messaging,
};

fn code(document: &[u8]) -> Option<u32> {
    parse_messaging(document).err().map(|error| error.code)
}

/// `assert_eq!` would need `Debug`, which verbs do not have on purpose.
fn check(document: &str, expected: &[MessagingVerb]) {
    match parse_messaging(document.as_bytes()) {
        Ok(verbs) => assert!(verbs == expected, "wrong verbs for {document}"),
        Err(error) => panic!("{error} for {document}"),
    }
}

fn text(body: &str) -> MessagingVerb {
    MessagingVerb::Message(Message { bodies: vec![body.into()], ..Message::default() })
}

#[test]
fn reads_what_the_sdk_builders_write() {
    check(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message>Hello &amp; welcome</Message></Response>",
        &[text("Hello & welcome")],
    );
    check(
        "<Response><Message to=\"+14155552671\" from=\"+14155552672\" action=\"/next\" method=\"get\" \
         statusCallback=\"https://example.org/s\"><Body>One</Body><Media> https://example.org/a.png </Media>\
         <Body> Two</Body></Message><Redirect method=\"GET\">\n  ../more?a=1&amp;b=2\n</Redirect></Response>",
        &[
            MessagingVerb::Message(Message {
                to: Some("+14155552671".into()),
                from: Some("+14155552672".into()),
                action: Some("/next".into()),
                method: Method::Get,
                status_callback: Some("https://example.org/s".into()),
                bodies: vec!["One".into(), " Two".into()],
                media: vec!["https://example.org/a.png".into()],
            }),
            MessagingVerb::Redirect(Redirect { url: "../more?a=1&b=2".into(), method: Method::Get }),
        ],
    );
}

#[test]
fn reads_old_and_mixed_forms() {
    check("<Response><Sms>Old</Sms></Response>", &[text("Old")]);
    check("<Response><Message>\n  Direct\n</Message></Response>", &[text("Direct")]);
    check("<Response><Message><![CDATA[a < b]]> &#38; c</Message></Response>", &[text("a < b & c")]);
    check("<Response><!-- note --><Message>a<!-- b -->c</Message><?p i?></Response>", &[text("ac")]);
    check(
        "<Response><Message/><Redirect/></Response>",
        &[MessagingVerb::Message(Message::default()), MessagingVerb::Redirect(Redirect::default())],
    );
    check(
        "<Response><Message>Look<Media>/a</Media></Message></Response>",
        &[MessagingVerb::Message(Message {
            bodies: vec!["Look".into()],
            media: vec!["/a".into()],
            ..Message::default()
        })],
    );
}

#[test]
fn empty_documents_have_no_verbs() {
    for document in [
        "",
        "  \r\n",
        "\u{feff}",
        "<Response/>",
        "<Response>\n</Response>",
        "\u{feff}\n <?xml version='1.0'?><Response/>",
    ] {
        check(document, &[]);
    }
}

#[test]
fn refuses_with_twilios_codes() {
    let deep = format!("<Response>{}", "<a>".repeat(20_000));
    let closed = format!("<Response>{}{}</Response>", "<a>".repeat(1_000), "</a>".repeat(1_000));
    let nodes = format!("<Response>{}</Response>", "<!---->".repeat(NODE_LIMIT as usize));
    for (document, expected) in [
        ("not xml", 12100),
        ("<Response>", 12100),
        ("<Response/><Response/>", 12100),
        ("<Response><Message>&nbsp;</Message></Response>", 12100),
        ("<!DOCTYPE Response><Response/>", 12100),
        (
            "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><Response><Message>&x;</Message></Response>",
            12100,
        ),
        (&deep, 12100),
        (&nodes, 12100),
        (&closed, 12200),
        ("<response/>", 12200),
        ("<html><body>Not found</body></html>", 12200),
        ("<Response version='1'/>", 12200),
        ("<Response>Hello</Response>", 12200),
        ("<Response><Say>Hello</Say></Response>", 12200),
        ("<Response><message>Hello</message></Response>", 12200),
        ("<Response><Message To='+14155552671'>Hello</Message></Response>", 12200),
        ("<Response><Message method='PUT'>Hello</Message></Response>", 12200),
        ("<Response><Message><Image>/a</Image></Message></Response>", 12200),
        ("<Response><Message><Body>a<b>c</b></Body></Message></Response>", 12200),
        ("<Response><Message><Body lang='en'>a</Body></Message></Response>", 12200),
        ("<Response><Redirect to='x'>/a</Redirect></Response>", 12200),
        ("<Response><Redirect><Url/></Redirect></Response>", 12200),
        ("<Response xmlns='urn:x'/>", 12200),
        ("<Response xmlns:x='urn:x'><Message x:to='a'>b</Message></Response>", 12200),
        ("<Response xmlns:x='urn:x'><x:Message>b</x:Message></Response>", 12200),
    ] {
        assert_eq!(code(document.as_bytes()), Some(expected), "{}", &document[..document.len().min(80)]);
    }
    assert_eq!(code(b"<Response><Message>\xff</Message></Response>"), Some(12100));
}

#[test]
fn limits_are_exact() {
    let filled = |inside: &str, count: usize| format!("<Response>{}</Response>", inside.repeat(count));
    let message = |inside: &str, count: usize| {
        format!("<Response><Message>{}</Message></Response>", inside.repeat(count))
    };
    let padded =
        |bytes: usize| format!("<Response>{}</Response>", " ".repeat(bytes - "<Response></Response>".len()));
    for (at, over, expected) in [
        (padded(DOCUMENT_LIMIT_BYTES), padded(DOCUMENT_LIMIT_BYTES + 1), 11750),
        (filled("<Message/>", VERB_LIMIT), filled("<Message/>", VERB_LIMIT + 1), 12200),
        (message("<Body>a</Body>", BODY_LIMIT), message("<Body>a</Body>", BODY_LIMIT + 1), 12200),
        (message("<Media>/a</Media>", MEDIA_LIMIT), message("<Media>/a</Media>", MEDIA_LIMIT + 1), 12200),
    ] {
        assert_eq!((code(at.as_bytes()), code(over.as_bytes())), (None, Some(expected)));
    }
}

#[test]
fn positions_count_what_was_trimmed() {
    for (document, line, column) in [
        ("<Response><Say/></Response>", 1, 11),
        ("  <Response><Say/></Response>", 1, 13),
        ("\u{feff}\n\n <Response>\n<Say/></Response>", 4, 1),
        ("<Response>\n  <Message>a</Massage></Response>", 2, 13),
    ] {
        let error = parse_messaging(document.as_bytes()).err();
        assert_eq!(error.and_then(|error| error.position), Some(Position { line, column }), "{document}");
    }
}

#[test]
fn errors_say_where_but_never_what() {
    let Err(error) = parse_messaging(b"<Response><Canary>+14155552671</Canary></Response>") else {
        panic!("must be refused")
    };
    assert_eq!(error.to_string(), "TwiML refused with code 12200 at line 1, column 11");
    assert!(!format!("{error:?}").contains("Canary"));
    assert_eq!(TwimlError { code: 11750, position: None }.to_string(), "TwiML refused with code 11750");
}

proptest! {
    #[test]
    fn never_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _answer = parse_messaging(&bytes);
    }

    /// Random bytes are hardly ever XML, so this one is built from the pieces of real documents.
    #[test]
    fn never_panics_on_shuffled_markup(pieces in proptest::collection::vec(prop::sample::select(vec![
        "<Response>", "</Response>", "<Message", "<Message>", "</Message>", " to='", "'", "\"", ">", "/>", "<Body>", "</Body>",
        "<Media>", "</Media>", "<Redirect>", "</Redirect>", "&#x1F600;", "&lt;", "&", "é😀", "\n", "\u{feff}", "<!--", "-->",
        "<![CDATA[", "]]>", "<!DOCTYPE", "<?xml version='1.0'?>", " xmlns:x='u'", "x:", "]]",
    ]), 0..40)) {
        let _answer = parse_messaging(pieces.concat().as_bytes());
    }

    #[test]
    fn text_survives(body in "[a-zA-Z0-9 <>&'\"é😀]{0,40}") {
        let escaped = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let document = format!("<Response><Message><Body>{escaped}</Body></Message></Response>");
        let read = parse_messaging(document.as_bytes());
        prop_assert!(read.is_ok_and(|verbs| verbs == [text(&body)]));
    }
}
