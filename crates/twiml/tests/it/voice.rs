//! Facts about voice documents.

use std::time::Duration;

use proptest::prelude::*;
use twiml::interpreter::Target;
use twiml::voice::{
    Action, Beep, CallEvents, CallRecording, Callback, Concern, DialTarget, Document, Gather, InputType,
    Party, Play, Played, Prompted, Say, Speech, SpeechTimeout, Style, Times, Trim, Verb, parse,
};
use twiml::{DOCUMENT_LIMIT_BYTES, Method, Position};

fn read(inside: &str) -> Document {
    let document = format!("<Response>{inside}</Response>");
    parse(document.as_bytes()).unwrap_or_else(|error| panic!("{error} for {document}"))
}

/// The only verb.
fn verb(inside: &str) -> Verb {
    let mut verbs = read(inside).verbs;
    assert_eq!(verbs.len(), 1, "{inside}");
    verbs.remove(0)
}

fn code(document: &str) -> Option<u32> {
    parse(document.as_bytes()).err().map(|error| error.code)
}

fn refused(inside: &str) -> Option<u32> {
    code(&format!("<Response>{inside}</Response>"))
}

fn gather(inside: &str) -> Box<Gather> {
    match verb(inside) {
        Verb::Gather(gather) => gather,
        _ => panic!("no Gather in {inside}"),
    }
}

fn say(inside: &str) -> Vec<Speech> {
    match verb(&format!("<Say>{inside}</Say>")) {
        Verb::Say(say) => say.speech,
        _ => panic!("no Say in {inside}"),
    }
}

fn text(text: &str) -> Speech {
    Speech::Text(text.into())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Every verb and noun of the official SDK with all its attributes, as its builders write them.
#[test]
fn reads_everything_that_the_sdk_writes() {
    let documents = include_str!("../fixtures/voice.txt");
    assert!(documents.lines().count() > 100);
    for document in documents.lines() {
        let mut read = parse(document.as_bytes()).unwrap_or_else(|error| panic!("{error} for {document}"));
        assert_eq!(read.verbs.len(), 1);
        assert_eq!(read.resolve(None), Ok(()), "{document}");
    }
}

#[test]
fn defaults_are_twilios() {
    let gather = gather("<Gather/>");
    assert!(
        *gather
            == Gather {
                input: InputType::Dtmf,
                action: Action::default(),
                timeout: seconds(5),
                speech_timeout: SpeechTimeout::AsTimeout,
                max_speech_time: seconds(60),
                profanity_filter: true,
                finish_on_key: Some('#'),
                num_digits: None,
                partial_result: None,
                language: "en-US".into(),
                hints: Vec::new(),
                barge_in: true,
                debug: false,
                action_on_empty_result: false,
                speech_model: None,
                enhanced: false,
                nested: Vec::new(),
            }
    );
    let Verb::Record(record) = verb("<Record/>") else { panic!("no Record") };
    assert_eq!((record.timeout, record.max_length), (Some(seconds(5)), seconds(3_600)));
    assert_eq!((record.finish_on_key.as_str(), record.trim), ("1234567890*#", Trim::TrimSilence));
    assert!(record.play_beep && !record.transcribe && record.status.events.completed);
    let Verb::Dial(dial) = verb("<Dial>415-555-2671</Dial>") else { panic!("no Dial") };
    assert_eq!(
        (dial.timeout, dial.time_limit, dial.record),
        (seconds(30), seconds(14_400), CallRecording::DoNotRecord)
    );
    assert_eq!((dial.trim, dial.sequential, dial.answer_on_bridge), (Trim::DoNotTrim, false, false));
    let Verb::Dial(dial) = verb("<Dial><Conference>Room</Conference></Dial>") else { panic!("no Dial") };
    let DialTarget::Conference(conference) = dial.target else { panic!("no Conference") };
    assert_eq!((conference.beep, conference.max_participants), (Beep::Always, 250));
    assert!(conference.start_on_enter && !conference.end_on_exit && !conference.muted);
    let Verb::Pause(pause) = verb("<Pause/>") else { panic!("no Pause") };
    assert_eq!(pause.length, seconds(1));
}

#[test]
fn reads_attributes() {
    let gather = gather(
        "<Gather input='speech dtmf' action='/a' method='get' timeout='3' speechTimeout='auto' finishOnKey='' numDigits='4' \
         hints=' one , two words,' bargeIn='false' partialResultCallback='/p' language='es-MX'><Say loop='0'>Hi</Say>\
         <Play digits='1w2'/></Gather>",
    );
    assert_eq!(
        (gather.input, gather.timeout, gather.num_digits),
        (InputType::DtmfSpeech, seconds(3), Some(4))
    );
    assert_eq!((gather.finish_on_key, gather.speech_timeout), (None, SpeechTimeout::Auto));
    assert_eq!(gather.hints, ["one", "two words"]);
    assert!(gather.action == Action { url: Some("/a".into()), method: Method::Get } && !gather.barge_in);
    assert!(gather.partial_result == Some(Callback { url: "/p".into(), method: Method::Post }));
    assert!(
        gather.nested
            == [
                Prompted::Say(Say { speech: vec![text("Hi")], times: Times(1_000), ..Say::default() }),
                Prompted::Play(Play { what: Played::Digits("1w2".into()), times: Times(1) }),
            ]
    );
    let Verb::Dial(dial) = verb(
        "<Dial record='true' sequential='TRUE'>\
         <Number sendDigits='wW1#' statusCallbackEvent='ringing  completed' statusCallback=''>+1 (415) 555-2671</Number>\
         <Sip username='u' password='p'><Uri priority='1'>sip:a@example.org</Uri><Uri username='v'>sips:b@example.org</Uri>\
         <Headers><Header name='X-Case' value='1'/></Headers></Sip>\
         <Client><Identity>ana</Identity><Parameter name='n' value='v'/></Client></Dial>",
    ) else {
        panic!("no Dial")
    };
    assert_eq!(dial.record, CallRecording::FromAnswer);
    let DialTarget::Parties(parties) = dial.target else { panic!("no parties") };
    let [Party::Number(number), Party::Sip(sip), Party::Client(client)] = &parties[..] else {
        panic!("other parties")
    };
    assert_eq!((number.number.as_str(), number.send_digits.as_deref()), ("+1 (415) 555-2671", Some("wW1#")));
    assert_eq!(number.status.events, CallEvents { ringing: true, completed: true, ..CallEvents::NONE });
    assert!(number.status.callback.is_none());
    let credentials: Vec<_> = sip.targets.iter().map(|target| target.username.as_deref()).collect();
    assert_eq!((credentials, sip.headers.len()), (vec![Some("u"), Some("v")], 1));
    assert_eq!((client.identity.as_str(), client.parameters.len()), ("ana", 1));
}

#[test]
fn speech_is_a_tree_with_reasonable_spaces() {
    assert!(say("\n  Hello,\n   Ana\t!\n") == [text("Hello, Ana !")]);
    assert!(say("a<!-- x -->b") == [text("ab")]);
    assert!(
        say("One <emphasis level='strong'> two </emphasis> three<break strength='weak' time='2s'/>")
            == [
                text("One "),
                Speech::Styled {
                    style: Style::Emphasis(twiml::voice::Emphasis::Strong),
                    content: vec![text("two ")],
                },
                text("three"),
                Speech::Break(seconds(2)),
            ]
    );
    assert!(
        say("<lang xml:lang='es-MX'><s>Hola</s></lang><sub alias='doctor'>Dr.</sub>")
            == [
                Speech::Styled {
                    style: Style::Language("es-MX".into()),
                    content: vec![Speech::Styled { style: Style::Sentence, content: vec![text("Hola")] }],
                },
                Speech::Styled { style: Style::Substitute("doctor".into()), content: vec![text("Dr.")] },
            ]
    );
    for (written, read) in [("250ms", 250), ("1.5s", 1_500), ("10s", 10_000)] {
        assert!(say(&format!("a<break time='{written}'/>"))[1] == Speech::Break(Duration::from_millis(read)));
    }
}

#[test]
fn refuses_with_twilios_codes() {
    let deep = format!("<Say>{}a{}</Say>", "<s>".repeat(9), "</s>".repeat(9));
    let long = format!("<Say>{}</Say>", "a".repeat(4_097));
    let legs = format!("<Dial>{}</Dial>", "<Client>a</Client>".repeat(11));
    let verbs = "<Leave/>".repeat(101);
    let parameters = format!("<Hangup>{}</Hangup>", "<Parameter name='a' value='b'/>".repeat(51));
    let name = "q".repeat(65);
    for (inside, expected) in [
        // Unknown or misplaced.
        ("<Foo/>", 12200),
        ("<say>a</say>", 12200),
        ("text", 12200),
        ("<Say foo='1'>a</Say>", 12200),
        ("<Say Voice='alice'>a</Say>", 12200),
        ("<Leave reason='x'/>", 12200),
        ("<Echo>a</Echo>", 12200),
        ("<Number>1</Number>", 12200),
        ("<Gather><Dial>1</Dial></Gather>", 13320),
        ("<Gather><Gather/></Gather>", 13320),
        ("<Dial><Say>a</Say></Dial>", 13215),
        ("<Dial>1<Client>a</Client></Dial>", 13215),
        ("<Dial><Conference>a</Conference><Number>1</Number></Dial>", 13000),
        ("<Start><Room>a</Room></Start>", 14300),
        ("<Start/>", 14300),
        ("<Stop/>", 12200),
        ("<Connect/>", 12200),
        ("<Connect><Room>a</Room><Room>b</Room></Connect>", 12200),
        ("<Say><voice>a</voice></Say>", 12200),
        ("<Hangup><Parameter value='b'/></Hangup>", 12200),
        // Limits.
        (&deep, 12200),
        (&long, 13521),
        (&legs, 13250),
        (&verbs, 12200),
        (&parameters, 12200),
        // Values.
        ("<Say/>", 13520),
        ("<Say> <s> </s> </Say>", 13520),
        ("<Say loop='-1'>a</Say>", 13510),
        ("<Say voice='&lt;'>a</Say>", 13511),
        ("<Say language='en_US'>a</Say>", 13512),
        ("<Say><break time='11s'/></Say>", 12200),
        ("<Say><break time='-1s'/></Say>", 12200),
        ("<Say><prosody rate='a b'>c</prosody></Say>", 13513),
        ("<Say><lang lang='es'>a</lang></Say>", 13512),
        ("<Gather><Say loop='x'>a</Say></Gather>", 13322),
        ("<Gather><Say voice='&lt;'>a</Say></Gather>", 13321),
        ("<Play/>", 12200),
        ("<Play digits='1'>/a</Play>", 12200),
        ("<Play loop='x'>/a</Play>", 13410),
        ("<Play digits='1x'/>", 13430),
        ("<Pause length='0'/>", 13910),
        ("<Pause length='86401'/>", 13910),
        ("<Gather finishOnKey='12'/>", 13310),
        ("<Gather method='PUT'/>", 13312),
        ("<Gather timeout='-1'/>", 13313),
        ("<Gather numDigits='0'/>", 13314),
        ("<Gather input='voice'/>", 13326),
        ("<Gather speechTimeout='0'/>", 13327),
        ("<Gather maxSpeechTime='0'/>", 13328),
        ("<Gather partialResultCallbackMethod='x'/>", 13329),
        ("<Gather language='!'/>", 13331),
        ("<Gather bargeIn='yes'/>", 13332),
        ("<Gather profanityFilter='1'/>", 13333),
        ("<Gather speechModel='&lt;'/>", 13334),
        ("<Gather actionOnEmptyResult='1'/>", 13338),
        ("<Record method='x'/>", 13610),
        ("<Record timeout='x'/>", 13611),
        ("<Record maxLength='0'/>", 13612),
        ("<Record finishOnKey='a'/>", 13613),
        ("<Record transcribe='1'/>", 13614),
        ("<Record playBeep='1'/>", 13616),
        ("<Record recordingStatusCallbackEvent='done'/>", 13621),
        ("<Record trim='yes'/>", 13699),
        ("<Dial/>", 13223),
        ("<Dial>Front desk!</Dial>", 13223),
        ("<Dial method='x'>1</Dial>", 13210),
        ("<Dial timeout='0'>1</Dial>", 13212),
        ("<Dial timeout='601'>1</Dial>", 13212),
        ("<Dial hangupOnStar='x'>1</Dial>", 13213),
        ("<Dial callerId='a&#10;b'>1</Dial>", 13214),
        ("<Dial timeLimit='0'>1</Dial>", 13216),
        ("<Dial record='yes'>1</Dial>", 13217),
        ("<Dial sequential='x'>1</Dial>", 13218),
        ("<Dial answerOnBridge='x'>1</Dial>", 13219),
        ("<Dial ringTone='1'>1</Dial>", 13220),
        ("<Dial recordingTrack='x'>1</Dial>", 13622),
        ("<Dial><Number method='x'>1</Number></Dial>", 13221),
        ("<Dial><Number sendDigits='x'>1</Number></Dial>", 13222),
        ("<Dial><Number machineDetection='enable'>1</Number></Dial>", 12200),
        ("<Dial><Number machineDetectionTimeout='60'>1</Number></Dial>", 12200),
        ("<Dial><Sip>mailto:a</Sip></Dial>", 13243),
        ("<Dial><Sip>sip:</Sip></Dial>", 13243),
        ("<Dial><Sip method='x'>sip:a@b</Sip></Dial>", 13241),
        ("<Dial><Sip username='a&#10;b'>sip:a@b</Sip></Dial>", 13249),
        (
            "<Dial><Sip><Uri>sip:a@b</Uri><Headers><Header name='Via' value='1'/></Headers></Sip></Dial>",
            13252,
        ),
        (
            "<Dial><Sip><Uri>sip:a@b</Uri><Headers><Header name='X-A' value='b&#13;&#10;c'/></Headers></Sip></Dial>",
            13252,
        ),
        ("<Dial><Client/></Dial>", 12200),
        ("<Dial><Application>AP1</Application></Dial>", 13215),
        ("<Dial><Conference/></Dial>", 13237),
        ("<Dial><Conference muted='x'>a</Conference></Dial>", 13230),
        ("<Dial><Conference endConferenceOnExit='x'>a</Conference></Dial>", 13231),
        ("<Dial><Conference startConferenceOnEnter='x'>a</Conference></Dial>", 13232),
        ("<Dial><Conference waitMethod='x'>a</Conference></Dial>", 13234),
        ("<Dial><Conference beep='x'>a</Conference></Dial>", 13235),
        ("<Dial><Conference trim='x'>a</Conference></Dial>", 13239),
        ("<Dial><Conference coach='x'>a</Conference></Dial>", 13240),
        ("<Dial><Conference participantLabel='a/b'>a</Conference></Dial>", 16023),
        ("<Dial><Conference maxParticipants='1'>a</Conference></Dial>", 12200),
        ("<Dial><Queue method='x'>a</Queue></Dial>", 14210),
        ("<Dial><Queue/></Dial>", 14212),
        (&format!("<Dial><Queue>{name}</Queue></Dial>"), 14213),
        ("<Dial><Queue reservationSid='x'/></Dial>", 14215),
        ("<Dial><Queue postWorkActivitySid='x'>a</Queue></Dial>", 14216),
        ("<Enqueue method='x'>a</Enqueue>", 14201),
        ("<Enqueue/>", 14204),
        (&format!("<Enqueue>{name}</Enqueue>"), 14205),
        ("<Enqueue waitUrlMethod='x'>a</Enqueue>", 14206),
        ("<Enqueue workflowSid='x'/>", 14220),
        ("<Enqueue><Task>{}</Task></Enqueue>", 12200),
        ("<Reject reason='no'/>", 13810),
        ("<Redirect method='x'>/a</Redirect>", 13710),
        ("<Refer/>", 12200),
        ("<Refer><Sip>a</Sip></Refer>", 13243),
        ("<Sms/>", 14103),
        ("<Sms method='x'>a</Sms>", 14104),
        ("<Start><Stream/></Start>", 12200),
        ("<Start><Stream url='wss://a' track='both'/></Start>", 12200),
        ("<Pay chargeAmount='ten'/>", 12200),
        ("<Prompt for='name'/>", 12200),
    ] {
        assert_eq!(refused(inside), Some(expected), "{}", &inside[..inside.len().min(100)]);
    }
}

#[test]
fn refuses_what_is_no_document() {
    let large = " ".repeat(DOCUMENT_LIMIT_BYTES + 1);
    for (document, expected) in [
        ("<Response>", 12100),
        ("<!DOCTYPE Response><Response/>", 12100),
        (
            "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><Response><Say>&x;</Say></Response>",
            12100,
        ),
        ("<html/>", 12102),
        ("<Response xmlns='urn:x'/>", 12200),
        ("<Response version='1'/>", 12200),
        (&large, 11750),
    ] {
        assert_eq!(code(document), Some(expected));
    }
    for empty in ["", "  ", "<Response/>", "\u{feff}\n<?xml version='1.0'?><Response></Response>"] {
        assert!(parse(empty.as_bytes()).is_ok_and(|document| document.verbs.is_empty()));
    }
}

#[test]
fn errors_say_where_but_never_what() {
    let Err(error) = parse(b"<Response>\n<Say voice='Canary \x3c'>x</Say></Response>".as_slice()) else {
        panic!("must be refused")
    };
    assert_eq!(error.code, 12100);
    let Err(error) = parse(b"<Response>\n<Gather finishOnKey='Canary'/></Response>") else {
        panic!("must be refused")
    };
    assert_eq!(error.position, Some(Position { line: 2, column: 9 }));
    assert!(!format!("{error} {error:?}").contains("Canary"));
}

#[test]
fn urls_become_absolute() {
    let own = Target { url: "https://user:pw@example.org/a/b?c=d".into(), method: Method::Post };
    let own = url::Url::parse(&own.url).expect("a URL");
    let resolved = |inside: &str| {
        let mut document = read(inside);
        document.resolve(Some(&own)).map(|()| document.verbs.remove(0))
    };
    for (written, expected) in [
        ("next", "https://user:pw@example.org/a/next"),
        ("/next?x=y", "https://user:pw@example.org/next?x=y"),
        ("?x=y", "https://user:pw@example.org/a/b?x=y"),
        ("", "https://user:pw@example.org/a/b?c=d"),
        ("//other.example/n", "https://other.example/n"),
        ("http://other.example/n#rc=2", "http://other.example/n#rc=2"),
    ] {
        let Ok(Verb::Redirect(redirect)) = resolved(&format!("<Redirect>{written}</Redirect>")) else {
            panic!("no Redirect for {written}")
        };
        assert_eq!(redirect.url, expected);
    }
    let Ok(Verb::Start(start)) = resolved("<Start><Stream url='/s'/></Start>") else { panic!("no Start") };
    let twiml::voice::Started::Stream(stream) = &start.what[0] else { panic!("no Stream") };
    assert_eq!(stream.url.as_deref(), Some("wss://user:pw@example.org/s"));
    let Ok(Verb::Enqueue(enqueue)) = resolved("<Enqueue waitUrl=''>a</Enqueue>") else {
        panic!("no Enqueue")
    };
    assert_eq!(enqueue.wait.url.as_deref(), Some(""));
    for wrong in [
        "<Play>ftp://example.org/a</Play>",
        "<Redirect>javascript:alert(1)</Redirect>",
        "<Redirect>https://</Redirect>",
        "<Start><Stream url='https://example.org/s'/></Start>",
        "<Gather><Play>data:audio/wav;base64,AA</Play></Gather>",
        "<Dial><Number statusCallback='mailto:a@example.org'>1</Number></Dial>",
    ] {
        assert!(resolved(wrong).is_err(), "{wrong}");
    }
    assert!(read("<Redirect>/a</Redirect>").resolve(None).is_err());
    assert!(read("<Redirect>https://example.org/a</Redirect>").resolve(None).is_ok());
}

/// What the guide has rules about is said as a fact; whether it is allowed, the guard says.
#[test]
fn concerns_name_their_rules() {
    for (inside, expected) in [
        ("<Say>a</Say><Gather/><Dial><Client>a</Client></Dial>", vec![]),
        ("<Gather input='speech'/>", vec![Concern::Speech]),
        ("<Record transcribe='true'/>", vec![Concern::Recording, Concern::Transcription]),
        (
            "<Dial record='true'><Number>1</Number><Sip>sip:a@b</Sip></Dial>",
            vec![Concern::Number, Concern::Sip, Concern::Recording],
        ),
        ("<Dial><Conference record='record-from-start'>a</Conference></Dial>", vec![Concern::Recording]),
        ("<Dial><WhatsApp>1</WhatsApp></Dial>", vec![Concern::WhatsApp]),
        ("<Dial><Sim>DE1</Sim></Dial>", vec![Concern::Unlisted]),
        ("<Start><Stream url='wss://a'/></Start>", vec![Concern::Stream]),
        ("<Start><Siprec connectorName='a'/></Start>", vec![Concern::Stream]),
        ("<Start><Transcription/></Start>", vec![Concern::LiveTranscription]),
        (
            "<Start><Transcription intelligenceService='GA1'/></Start>",
            vec![Concern::LiveTranscription, Concern::VoiceIntelligence],
        ),
        ("<Connect><Autopilot>a</Autopilot></Connect>", vec![Concern::Autopilot]),
        ("<Connect><VirtualAgent connectorName='a'/></Connect>", vec![Concern::VirtualAgent]),
        ("<Connect><ConversationRelay url='wss://a'/></Connect>", vec![Concern::ArtificialIntelligence]),
        ("<Connect><AiSession/></Connect>", vec![Concern::ArtificialIntelligence]),
        ("<Pay/>", vec![Concern::Payment]),
        ("<Refer><Sip>sip:a@b</Sip></Refer>", vec![Concern::Sip]),
        ("<Sms>a</Sms>", vec![Concern::Sms]),
    ] {
        assert_eq!(read(inside).concerns(), expected, "{inside}");
        assert!(expected.iter().all(|concern| !concern.rules().is_empty()));
    }
}

proptest! {
    #[test]
    fn never_panics_on_shuffled_markup(pieces in proptest::collection::vec(prop::sample::select(vec![
        "<Response>", "</Response>", "<Say>", "</Say>", "<Gather", "<Gather>", "</Gather>", "<Dial>", "</Dial>", "<Number>",
        "</Number>", "<Sip>", "</Sip>", "<Uri>", "</Uri>", "<break time='", "<prosody rate='", " timeout='", " loop='", " url='",
        "'", ">", "/>", "<Conference>", "</Conference>", "<Enqueue workflowSid='", "<Task>", "</Task>", "é😀", "\n", "1", "&lt;",
        "<Start>", "</Start>", "<Stream", "<Connect>", "</Connect>", "sip:", "<Record", "<s>", "</s>", "<lang xml:lang='",
    ]), 0..40)) {
        if let Ok(mut document) = parse(pieces.concat().as_bytes()) {
            let _answer = document.resolve(None);
        }
    }

    #[test]
    fn what_is_said_survives(words in proptest::collection::vec("[a-zA-Z0-9<>&'\"é😀]{1,9}", 1..9)) {
        let said = words.join(" ");
        let escaped = words.join(" \n ").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let read = parse(format!("<Response><Say>{escaped}</Say></Response>").as_bytes());
        let expected = Verb::Say(Say { speech: vec![Speech::Text(said)], ..Say::default() });
        prop_assert!(read.is_ok_and(|document| document.verbs == [expected]));
    }
}
