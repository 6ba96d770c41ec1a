//! Envelopes of MM7 (TS 23.140 §8.7): what is asked of an MMSC, what it answers, and what it tells.
//!
//! Elements are known by their local names: MMSCs of every release write a namespace of their own, and some none.

use base::Timestamp;
use roxmltree::{Document, Node, ParsingOptions};

use crate::limits::{ENVELOPE_BYTES, ENVELOPE_NODES, MESSAGE_ID_CHARACTERS, RECIPIENTS};
use crate::status;

/// SOAP 1.1.
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// How the namespaces of all releases begin.
const MM7: &str = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/";
/// The namespace that is written, and the version of the specification behind it.
const RELEASE: &str = "REL-6-MM7-1-4";
const VERSION: &str = "6.8.0";
/// The digits of an international number, at least; what is shorter is a short code.
const NUMBER_DIGITS: usize = 8;
/// What may follow a number.
const PLMN: &str = "/TYPE=";

/// Characters of a transaction's name.
const TRANSACTION_CHARACTERS: usize = 256;

/// Why an envelope cannot be read. It says nothing of what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotMm7;

/// A message to be handed over. No `Debug`: it holds a number.
pub struct Submit<'a> {
    /// Names the exchange.
    pub transaction: &'a str,
    /// Our name there.
    pub vasp_id: &'a str,
    /// The service's name there; none when it is empty.
    pub vas_id: &'a str,
    /// The sender.
    pub from: &'a str,
    /// The recipient.
    pub to: &'a str,
    /// When it is written.
    pub now: Timestamp,
    /// After this instant it is not to be delivered.
    pub valid_until: Timestamp,
    /// Names the part that holds the message.
    pub content_id: &'a str,
}

impl Submit<'_> {
    /// The envelope, with a report asked for.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let vas = match self.vas_id {
            "" => String::new(),
            id => format!("<VASID>{}</VASID>", escaped(id)),
        };
        let body = format!(
            "<SenderIdentification><VASPID>{}</VASPID>{vas}<SenderAddress>{}</SenderAddress></SenderIdentification>\
             <Recipients><To>{}</To></Recipients><TimeStamp>{}</TimeStamp><ExpiryDate>{}</ExpiryDate>\
             <DeliveryReport>true</DeliveryReport><Content href=\"cid:{}\" allowAdaptations=\"true\"/>",
            escaped(self.vasp_id),
            address(self.from),
            address(self.to),
            self.now.iso8601(),
            self.valid_until.iso8601(),
            escaped(self.content_id),
        );
        envelope(Some(self.transaction), "SubmitReq", &body)
    }
}

/// An envelope with one message in it.
fn envelope(transaction: Option<&str>, name: &str, body: &str) -> String {
    let header = transaction.map(|transaction| {
        format!(
            "<env:Header><mm7:TransactionID xmlns:mm7=\"{MM7}{RELEASE}\" env:mustUnderstand=\"1\">{}\
             </mm7:TransactionID></env:Header>",
            escaped(transaction)
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<env:Envelope xmlns:env=\"{SOAP}\">{}<env:Body><{name} \
         xmlns=\"{MM7}{RELEASE}\"><MM7Version>{VERSION}</MM7Version>{body}</{name}></env:Body></env:Envelope>",
        header.unwrap_or_default()
    )
}

/// An answer to what an MMSC told: `name` is the message's (`DeliverRsp`), `code` one of the specification's.
#[must_use]
pub fn answer(transaction: Option<&str>, name: &'static str, code: u32) -> String {
    let text = status::text(code);
    let status = format!("<Status><StatusCode>{code}</StatusCode><StatusText>{text}</StatusText></Status>");
    envelope(transaction, name, &status)
}

fn address(text: &str) -> String {
    let name = if text.starts_with('+') { "Number" } else { "ShortCode" };
    format!("<{name}>{}</{name}>", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0 §2.2 has no others.
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// What an MMSC answers to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its status; none when it is a fault without one.
    pub code: Option<u32>,
    /// What it calls the message.
    pub message_id: Option<String>,
    /// It is a fault of the sender's (`Client`), where it is a fault.
    pub is_client_fault: bool,
}

/// Reads the answer to a submission: a `SubmitRsp`, an error of MM7, or a fault of SOAP.
///
/// # Errors
/// [`NotMm7`].
pub fn read_answer(xml: &[u8]) -> Result<Answered, NotMm7> {
    let text = text_of(xml)?;
    let tree = parse(text)?;
    let (_, message) = message(&tree)?;
    let name = message.tag_name().name();
    if !matches!(name, "SubmitRsp" | "RSErrorRsp" | "Fault") {
        return Err(NotMm7);
    }
    let code = word(message, "StatusCode").and_then(|code| code.parse().ok());
    if code.is_none() && name != "Fault" {
        return Err(NotMm7);
    }
    let message_id = word(message, "MessageID").filter(|id| is_name(id, MESSAGE_ID_CHARACTERS));
    let fault = word(message, "faultcode").unwrap_or_default();
    let is_client_fault = fault.rsplit(':').next().is_some_and(|local| local.starts_with("Client"));
    Ok(Answered { code, message_id, is_client_fault })
}

/// What an MMSC tells.
pub struct Told {
    /// Names the exchange.
    pub transaction: Option<String>,
    /// What it is.
    pub what: Incoming,
}

/// The messages of an MMSC. No `Debug`: they hold numbers.
pub enum Incoming {
    /// A message of a handset (`DeliverReq`).
    Message(Delivered),
    /// What became of one of ours (`DeliveryReportReq`).
    Report(Report),
    /// Somebody has read one of ours (`ReadReplyReq`), which nothing follows from.
    Read,
    /// Something else.
    Other,
}

/// A message of a handset; its content stands beside the envelope.
pub struct Delivered {
    /// Names the message, if the MMSC names it.
    pub linked_id: Option<String>,
    /// The handset.
    pub from: String,
    /// Whom it is to; one of them may be ours.
    pub to: Vec<String>,
    /// What stands above it.
    pub subject: Option<String>,
}

/// What became of a message.
pub struct Report {
    /// What the MMSC calls it.
    pub message_id: String,
    /// Its sender, if it is said.
    pub from: Option<String>,
    /// Its recipient, if it is said.
    pub to: Option<String>,
    /// A word of the specification.
    pub status: String,
}

/// Reads what an MMSC tells.
///
/// # Errors
/// [`NotMm7`] when it is none, or lacks what it must have.
pub fn read_told(xml: &[u8]) -> Result<Told, NotMm7> {
    let text = text_of(xml)?;
    let tree = parse(text)?;
    let (header, message) = message(&tree)?;
    let transaction = header.and_then(|header| word(header, "TransactionID"));
    let transaction = transaction.filter(|name| is_name(name, TRANSACTION_CHARACTERS));
    let what = match message.tag_name().name() {
        "DeliverReq" => Incoming::Message(delivered(message)?),
        "DeliveryReportReq" => Incoming::Report(report(message)?),
        "ReadReplyReq" => Incoming::Read,
        _ => Incoming::Other,
    };
    Ok(Told { transaction, what })
}

fn delivered(message: Node<'_, '_>) -> Result<Delivered, NotMm7> {
    let from = child(message, "Sender").and_then(number).ok_or(NotMm7)?;
    let recipients = child(message, "Recipients").into_iter().flat_map(|recipients| recipients.children());
    let to = recipients.filter(Node::is_element).flat_map(|list| {
        let addresses: Vec<_> = list.children().filter(Node::is_element).filter_map(one_number).collect();
        addresses
    });
    Ok(Delivered {
        linked_id: word(message, "LinkedID").filter(|id| is_name(id, MESSAGE_ID_CHARACTERS)),
        from,
        to: to.take(RECIPIENTS).collect(),
        subject: word(message, "Subject"),
    })
}

fn report(message: Node<'_, '_>) -> Result<Report, NotMm7> {
    let message_id = word(message, "MessageID").filter(|id| is_name(id, MESSAGE_ID_CHARACTERS));
    Ok(Report {
        message_id: message_id.ok_or(NotMm7)?,
        from: child(message, "Sender").and_then(number),
        to: child(message, "Recipient").and_then(number),
        status: word(message, "MMStatus").ok_or(NotMm7)?,
    })
}

fn text_of(xml: &[u8]) -> Result<&str, NotMm7> {
    if xml.len() > ENVELOPE_BYTES {
        return Err(NotMm7);
    }
    let text = std::str::from_utf8(xml).map_err(|_| NotMm7)?;
    Ok(text.trim_start_matches('\u{feff}').trim())
}

fn parse(text: &str) -> Result<Document<'_>, NotMm7> {
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: ENVELOPE_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| NotMm7)
}

/// The header of an envelope, and the message in its body.
fn message<'a, 'input>(
    tree: &'a Document<'input>,
) -> Result<(Option<Node<'a, 'input>>, Node<'a, 'input>), NotMm7> {
    let root = tree.root_element();
    if root.tag_name().name() != "Envelope" || root.tag_name().namespace() != Some(SOAP) {
        return Err(NotMm7);
    }
    let body = child(root, "Body").ok_or(NotMm7)?;
    let message = body.children().find(Node::is_element).ok_or(NotMm7)?;
    Ok((child(root, "Header"), message))
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

/// The text of the first element of this name below, if there is any.
fn word(node: Node<'_, '_>, name: &str) -> Option<String> {
    let found = node.descendants().find(|below| below.is_element() && below.tag_name().name() == name)?;
    let text = found.text().unwrap_or_default().trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn is_name(text: &str, longest: usize) -> bool {
    text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// The number in an element that holds an address, or is one: releases differ.
fn number(node: Node<'_, '_>) -> Option<String> {
    match node.children().find(Node::is_element) {
        Some(inner) => one_number(inner),
        None => plain(node.text()?),
    }
}

fn one_number(node: Node<'_, '_>) -> Option<String> {
    plain(node.text()?)
}

/// A number as we write it: `+14155550177` also where an MMSC writes `14155550177/TYPE=PLMN@mms.example`. Short codes are
/// left as they are.
fn plain(text: &str) -> Option<String> {
    let local = text.trim().split('@').next().unwrap_or_default();
    let local = local.find(PLMN).map_or(local, |at| &local[..at]).trim();
    let digits = local.strip_prefix('+').unwrap_or(local);
    let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match is_digits {
        true if local.starts_with('+') || digits.len() >= NUMBER_DIGITS => Some(format!("+{digits}")),
        true => Some(digits.to_owned()),
        // A name of letters, as some carriers send from.
        false => (!local.is_empty()).then(|| local.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(body: &str) -> String {
        format!(
            "<s:Envelope xmlns:s=\"{SOAP}\"><s:Header><T:TransactionID xmlns:T=\"urn:x\">tx-1</T:TransactionID></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
    }

    #[test]
    fn a_submission_says_who_to_whom_until_when_and_escapes_what_it_says() {
        let submit = Submit {
            transaction: "SM1-a",
            vasp_id: "Clinic & <Co>",
            vas_id: "",
            from: "+14155550100",
            to: "+14155550177",
            now: Timestamp::from_seconds(1_700_000_000),
            valid_until: Timestamp::from_seconds(1_700_003_600),
            content_id: "message",
        };
        let xml = submit.to_xml();
        let tree = Document::parse(&xml).unwrap();
        let (header, message) = message(&tree).unwrap();
        assert_eq!(word(header.unwrap(), "TransactionID").as_deref(), Some("SM1-a"));
        assert_eq!(message.tag_name().name(), "SubmitReq");
        assert!(message.tag_name().namespace().is_some_and(|name| name.starts_with(MM7)));
        assert_eq!(word(message, "VASPID").as_deref(), Some("Clinic & <Co>"));
        assert_eq!(word(message, "VASID"), None);
        assert_eq!(
            child(message, "SenderIdentification")
                .and_then(|node| child(node, "SenderAddress"))
                .and_then(number)
                .as_deref(),
            Some("+14155550100")
        );
        assert_eq!(word(message, "Number").as_deref(), Some("+14155550100"));
        assert_eq!(word(message, "ExpiryDate").as_deref(), Some("2023-11-14T23:13:20Z"));
        assert_eq!(child(message, "Content").and_then(|node| node.attribute("href")), Some("cid:message"));
        // The order is the schema's.
        let names: Vec<_> = message.children().map(|node| node.tag_name().name()).collect();
        assert_eq!(
            names,
            [
                "MM7Version",
                "SenderIdentification",
                "Recipients",
                "TimeStamp",
                "ExpiryDate",
                "DeliveryReport",
                "Content"
            ]
        );
    }

    #[test]
    fn answers_are_read_in_all_their_forms() {
        let status =
            |code: u32| format!("<Status><StatusCode>{code}</StatusCode><StatusText>x</StatusText></Status>");
        for (body, code, id, is_client) in [
            (
                format!(
                    "<SubmitRsp xmlns=\"{MM7}REL-5-MM7-1-0\"><MM7Version>5.3.0</MM7Version>{}<MessageID>m-1</MessageID></SubmitRsp>",
                    status(1000)
                ),
                Some(1000),
                Some("m-1"),
                false,
            ),
            (format!("<SubmitRsp>{}</SubmitRsp>", status(2004)), Some(2004), None, false),
            (format!("<RSErrorRsp>{}</RSErrorRsp>", status(4001)), Some(4001), None, false),
            (
                format!(
                    "<s:Fault><faultcode>s:Server</faultcode><detail><RSErrorRsp>{}</RSErrorRsp></detail></s:Fault>",
                    status(3000)
                ),
                Some(3000),
                None,
                false,
            ),
            (
                "<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>".to_owned(),
                None,
                None,
                true,
            ),
        ] {
            let answered = read_answer(wrapped(&body).as_bytes()).unwrap();
            assert_eq!(
                (answered.code, answered.message_id.as_deref(), answered.is_client_fault),
                (code, id, is_client),
                "{body}"
            );
        }
        for wrong in ["<SubmitRsp/>", "<DeliverRsp/>", "", "text"] {
            assert_eq!(read_answer(wrapped(wrong).as_bytes()), Err(NotMm7), "{wrong}");
        }
        assert_eq!(read_answer(b"<html/>"), Err(NotMm7));
        assert_eq!(read_answer(b"<!DOCTYPE a [<!ENTITY b \"c\">]><a/>"), Err(NotMm7));
    }

    #[test]
    fn messages_of_handsets_are_read_with_every_form_of_address() {
        let body = "<DeliverReq><MM7Version>6.8.0</MM7Version><LinkedID>l-1</LinkedID><Sender><Number>14155550177</Number></Sender>\
                    <Recipients><To><RFC2822Address>+14155550100/TYPE=PLMN@mms.example</RFC2822Address><ShortCode>12345</ShortCode></To>\
                    <Cc><Number>+14155550110</Number></Cc></Recipients><Subject>Hello</Subject><Content href=\"cid:x\"/></DeliverReq>";
        let told = read_told(wrapped(body).as_bytes()).unwrap_or_else(|_| panic!("unread"));
        assert_eq!(told.transaction.as_deref(), Some("tx-1"));
        let Incoming::Message(message) = told.what else { panic!("no message") };
        assert_eq!(message.from, "+14155550177");
        assert_eq!(message.to, ["+14155550100", "12345", "+14155550110"]);
        assert_eq!((message.linked_id.as_deref(), message.subject.as_deref()), (Some("l-1"), Some("Hello")));
        // The sender of release 5 is the address itself.
        let told = read_told(wrapped("<DeliverReq><Sender>+14155550177</Sender></DeliverReq>").as_bytes());
        assert!(
            matches!(told.map(|told| told.what), Ok(Incoming::Message(message)) if message.from == "+14155550177")
        );
        assert!(read_told(wrapped("<DeliverReq/>").as_bytes()).is_err());
    }

    #[test]
    fn reports_are_read() {
        let body = "<DeliveryReportReq><MessageID>m-1</MessageID><Recipient><Number>+14155550177</Number></Recipient>\
                    <Sender><Number>+14155550100</Number></Sender><Date>2026-01-01T00:00:00Z</Date><MMStatus>Retrieved</MMStatus></DeliveryReportReq>";
        let told = read_told(wrapped(body).as_bytes());
        let Ok(Told { what: Incoming::Report(report), .. }) = told else { panic!("no report") };
        assert_eq!((report.message_id.as_str(), report.status.as_str()), ("m-1", "Retrieved"));
        assert_eq!(
            (report.from.as_deref(), report.to.as_deref()),
            (Some("+14155550100"), Some("+14155550177"))
        );
        assert!(
            read_told(
                wrapped("<DeliveryReportReq><MMStatus>Retrieved</MMStatus></DeliveryReportReq>").as_bytes()
            )
            .is_err()
        );
        let long = format!(
            "<DeliveryReportReq><MessageID>{}</MessageID><MMStatus>x</MMStatus></DeliveryReportReq>",
            "x".repeat(MESSAGE_ID_CHARACTERS + 1)
        );
        assert!(read_told(wrapped(&long).as_bytes()).is_err());
    }

    #[test]
    fn an_answer_repeats_the_transaction() {
        let xml = answer(Some("tx-1"), "DeliverRsp", 1000);
        let tree = Document::parse(&xml).unwrap();
        let (header, message) = message(&tree).unwrap();
        assert_eq!(word(header.unwrap(), "TransactionID").as_deref(), Some("tx-1"));
        assert_eq!(
            (message.tag_name().name(), word(message, "StatusCode").as_deref()),
            ("DeliverRsp", Some("1000"))
        );
    }

    proptest! {
        #[test]
        fn noise_is_read_or_refused(body in ".{0,200}", bytes in any::<Vec<u8>>()) {
            let _ = read_told(wrapped(&body).as_bytes());
            let _ = read_told(&bytes);
            let _ = read_answer(&bytes);
        }
    }
}
