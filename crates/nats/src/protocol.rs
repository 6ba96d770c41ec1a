//! What a NATS server says, and what is said to it: lines that end with CR LF, and messages behind some of them.

use serde::Deserialize;

use crate::limits;

/// Something that a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// What it is, as JSON.
    Info(Info),
    /// A message for a subscription of ours.
    Message {
        /// The subject it was sent to.
        subject: String,
        /// The status in its headers, where it has one: 503 is that nobody listens.
        status: Option<u16>,
        /// The payload.
        payload: Vec<u8>,
    },
    /// It wants to know whether we are there.
    Ping,
    /// It is there.
    Pong,
    /// It does not do something, or ends the connection.
    Refusal(Refusal),
}

/// What of a server's `INFO` counts here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Info {
    /// Whether it takes headers.
    #[serde(default)]
    pub headers: bool,
    /// Whether it talks in TLS alone.
    #[serde(default)]
    pub tls_required: bool,
    /// Whether it can talk in TLS.
    #[serde(default)]
    pub tls_available: bool,
    /// Bytes of a message at most, headers included.
    #[serde(default)]
    pub max_payload: u64,
    /// The server's name of itself, which no other has.
    #[serde(default)]
    pub server_id: String,
    /// Its number for this connection.
    #[serde(default)]
    pub client_id: u64,
}

impl Info {
    /// Where answers to this connection alone may come to; `None` when the server does not say who it is.
    pub fn inbox(&self) -> Option<String> {
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_plain(&self.server_id).then(|| format!("_INBOX.{}.{}", self.server_id, self.client_id))
    }
}

/// Why a server refuses, as far as that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The login.
    Login,
    /// The subject is not ours to publish to.
    Permission,
    /// A message was too large.
    TooLarge,
    /// Something else.
    Other,
}

/// What was said is not the protocol, or is beyond its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotNats;

/// Takes the first complete thing out of what has arrived; `None` while it is not complete.
///
/// # Errors
/// [`NotNats`]; nothing behind it can be read.
pub fn take(buffer: &mut Vec<u8>) -> Result<Option<Said>, NotNats> {
    loop {
        let Some(end) = buffer.windows(2).position(|bytes| bytes == b"\r\n") else {
            return if buffer.len() > limits::LINE { Err(NotNats) } else { Ok(None) };
        };
        if end > limits::LINE {
            return Err(NotNats);
        }
        let line = std::str::from_utf8(&buffer[..end]).map_err(|_| NotNats)?;
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let (said, payload) = match word.to_ascii_uppercase().as_str() {
            "INFO" => (Some(Said::Info(serde_json::from_str(rest).map_err(|_| NotNats)?)), 0),
            "PING" => (Some(Said::Ping), 0),
            "PONG" => (Some(Said::Pong), 0),
            "-ERR" => (Some(Said::Refusal(refusal(rest))), 0),
            "+OK" => (None, 0),
            "MSG" => message(&buffer[end + 2..], rest, false)?,
            "HMSG" => message(&buffer[end + 2..], rest, true)?,
            _ => return Err(NotNats),
        };
        let is_message = matches!(word.to_ascii_uppercase().as_str(), "MSG" | "HMSG");
        if is_message && said.is_none() {
            return Ok(None);
        }
        buffer.drain(..end + 2 + payload);
        // `+OK` says nothing.
        if let Some(said) = said {
            return Ok(Some(said));
        }
    }
}

/// `subject sid [reply-to] [header-bytes] bytes`, and what is behind it: the message, and how many bytes that were.
fn message(behind: &[u8], line: &str, has_headers: bool) -> Result<(Option<Said>, usize), NotNats> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |word: Option<&&str>| word.and_then(|word| word.parse::<usize>().ok()).ok_or(NotNats);
    let numbers = if has_headers { 2 } else { 1 };
    if !(2 + numbers..=3 + numbers).contains(&words.len()) {
        return Err(NotNats);
    }
    let total = number(words.last())?;
    let headers = if has_headers { number(words.get(words.len() - 2))? } else { 0 };
    if total > limits::PAYLOAD || headers > total {
        return Err(NotNats);
    }
    let Some(whole) = behind.get(..total + 2) else { return Ok((None, 0)) };
    if &whole[total..] != b"\r\n" {
        return Err(NotNats);
    }
    let status = std::str::from_utf8(&whole[..headers]).map_err(|_| NotNats)?;
    let status = status.strip_prefix("NATS/1.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let subject = (*words.first().ok_or(NotNats)?).to_owned();
    Ok((Some(Said::Message { subject, status, payload: whole[headers..total].to_vec() }), total + 2))
}

fn refusal(text: &str) -> Refusal {
    let text = text.to_ascii_lowercase();
    if text.contains("authorization") || text.contains("authentication") {
        Refusal::Login
    } else if text.contains("permissions violation") {
        Refusal::Permission
    } else if text.contains("maximum payload") {
        Refusal::TooLarge
    } else {
        Refusal::Other
    }
}

/// Whether a subject can be published to: words of visible ASCII with dots between, and no wildcard.
pub fn is_subject(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'>'))
    };
    text.len() <= limits::SUBJECT && text.split('.').all(is_word)
}

/// A publication with an id (`Nats-Msg-Id`), to be answered at `reply`. The id is visible ASCII.
pub fn publication(subject: &str, reply: &str, id: &str, payload: &[u8], out: &mut Vec<u8>) {
    let headers = format!("NATS/1.0\r\nNats-Msg-Id: {id}\r\n\r\n");
    let total = headers.len() + payload.len();
    out.extend_from_slice(format!("HPUB {subject} {reply} {} {total}\r\n", headers.len()).as_bytes());
    out.extend_from_slice(headers.as_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Said> {
        let mut buffer = text.as_bytes().to_vec();
        let mut said = Vec::new();
        while let Some(one) = take(&mut buffer).unwrap() {
            said.push(one);
        }
        assert!(buffer.is_empty());
        said
    }

    #[test]
    fn what_a_server_says_is_read_in_pieces_too() {
        let info = "INFO {\"headers\":true,\"max_payload\":1048576,\"x\":[1]}\r\n";
        let rest = "+OK\r\nPING\r\nMSG _INBOX.a.1 1 5\r\nhello\r\nHMSG i 1 r 16 16\r\nNATS/1.0 503\r\n\r\n\r\n-ERR 'Authorization Violation'\r\nPONG\r\n";
        let text = format!("{info}{rest}");
        let message = |subject: &str, status, payload: &[u8]| Said::Message {
            subject: subject.to_owned(),
            status,
            payload: payload.to_vec(),
        };
        let expected = vec![
            Said::Info(Info { headers: true, max_payload: 1_048_576, ..Info::default() }),
            Said::Ping,
            message("_INBOX.a.1", None, b"hello"),
            message("i", Some(503), b""),
            Said::Refusal(Refusal::Login),
            Said::Pong,
        ];
        assert_eq!(all(&text), expected);
        let (mut buffer, mut said) = (Vec::new(), Vec::new());
        for byte in text.bytes() {
            buffer.push(byte);
            said.extend(take(&mut buffer).unwrap());
        }
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_no_nats_is_refused() {
        let long = "x".repeat(limits::LINE + 1);
        for text in [
            "HTTP/1.1 400\r\n",
            "MSG a 1\r\n",
            "MSG a 1 x\r\n",
            "MSG a 1 99999999\r\n",
            "HMSG a 1 9 3\r\n",
            "MSG a 1 1\r\nxyz",
            "INFO {\r\n",
            long.as_str(),
        ] {
            assert_eq!(
                take(&mut text.as_bytes().to_vec()),
                Err(NotNats),
                "{}",
                text.get(..20).unwrap_or(text)
            );
        }
    }

    #[test]
    fn subjects_are_words_without_wildcards() {
        for (text, expected) in [
            ("a", true),
            ("a.b-c_1.D", true),
            ("", false),
            ("a..b", false),
            ("a.*", false),
            (">", false),
            ("a b", false),
        ] {
            assert_eq!(is_subject(text), expected, "{text}");
        }
        assert!(!is_subject(&"a".repeat(limits::SUBJECT + 1)));
    }
}
