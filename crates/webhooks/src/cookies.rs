//! Cookies that a customer's server sets in its answers, sent back within the conversation they belong to.
//!
//! A conversation is a pair of numbers, or a call; the caller names it by a keyed digest, so no number is here. Cookies
//! live in memory only, are forgotten after [`limits::COOKIE_AGE`] without use, and go back to the very origin that
//! set them: `Domain` widens nothing. Everything else follows RFC 6265 §5.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Clock, Timestamp};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::limits;
use crate::url::{Origin, WebhookUrl};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// One `Set-Cookie` value. No Debug: a cookie may be a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// Its name, never empty.
    pub name: String,
    /// Its value, quotes included when there are any.
    pub value: String,
    /// `Path`, when it is one.
    pub path: Option<String>,
    /// `Max-Age` in seconds; zero or less ends the cookie.
    pub max_age: Option<i64>,
    /// `Expires`.
    pub expires: Option<Timestamp>,
}

/// Reads one `Set-Cookie` value (RFC 6265 §5.2). Total: what cannot be a cookie, or is longer than
/// [`limits::COOKIE_BYTES`], is `None`; attributes that cannot be read are as if they were not there.
pub fn parse_set_cookie(text: &str) -> Option<SetCookie> {
    if text.len() > limits::COOKIE_BYTES || !text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return None;
    }
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = SetCookie {
        name: Some(name.trim().to_owned()).filter(|name| !name.is_empty())?,
        value: value.trim().to_owned(),
        path: None,
        max_age: None,
        expires: None,
    };
    // The last of several attributes of one name counts (RFC 6265 §5.3).
    for attribute in parts {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "path" => cookie.path = Some(value.to_owned()).filter(|path| path.starts_with('/')),
            "max-age" => cookie.max_age = parse_seconds(value).or(cookie.max_age),
            "expires" => cookie.expires = parse_date(value).or(cookie.expires),
            _ => {}
        }
    }
    Some(cookie)
}

fn parse_seconds(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let largest = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    is_number.then(|| text.parse().unwrap_or(largest))
}

/// RFC 6265 §5.1.1: finds time, day, month and year in whatever order servers write them.
fn parse_date(text: &str) -> Option<Timestamp> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':') {
        let number = || word.parse::<u32>().ok();
        if time.is_none() && word.contains(':') {
            time = parse_time(word);
        } else if day.is_none() && word.len() <= 2 && number().is_some() {
            day = number();
        } else if month.is_none() && month_of(word).is_some() {
            month = month_of(word);
        } else if year.is_none() && matches!(word.len(), 2 | 4) {
            year = number().map(|year| match year {
                70..=99 => year + 1900,
                0..=69 => year + 2000,
                _ => year,
            });
        }
    }
    let ((hour, minute, second), day, month, year) = (time?, day?, month?, year?);
    Timestamp::parse_iso8601(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

fn parse_time(word: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = word.split(':').map(|number| number.parse().ok().filter(|_| number.len() <= 2));
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

fn month_of(word: &str) -> Option<usize> {
    let start = word.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == start).map(|index| index + 1)
}

/// The cookies of all conversations.
pub struct Cookies {
    clock: Arc<dyn Clock>,
    jars: Mutex<HashMap<[u8; 32], Jar>>,
}

/// The cookies of one conversation.
struct Jar {
    used_at: Timestamp,
    cookies: Vec<Cookie>,
}

struct Cookie {
    origin: Origin,
    path: String,
    name: String,
    value: String,
    ends_at: Timestamp,
}

impl Cookies {
    /// No cookies yet.
    pub fn new(clock: Arc<dyn Clock>) -> Cookies {
        Cookies { clock, jars: Mutex::default() }
    }

    /// The conversation of this name: a keyed digest, so that it can be kept in memory.
    pub fn conversation(&self, name: [u8; 32]) -> Conversation<'_> {
        Conversation { cookies: self, name }
    }

    fn jars(&self) -> MutexGuard<'_, HashMap<[u8; 32], Jar>> {
        self.jars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookies of {} conversations", self.jars().len())
    }
}

/// The cookies of one conversation: what a delivery may send, and where it keeps what it is given.
#[derive(Clone, Copy, Debug)]
pub struct Conversation<'a> {
    cookies: &'a Cookies,
    name: [u8; 32],
}

impl Conversation<'_> {
    /// The `Cookie` header for a request (RFC 6265 §5.4).
    pub(crate) fn header(&self, url: &WebhookUrl, target: &str) -> Option<HeaderValue> {
        let now = self.cookies.clock.now();
        let mut jars = self.cookies.jars();
        let jar = jars.get_mut(&self.name).filter(|jar| jar.is_fresh(now))?;
        jar.used_at = now;
        let (origin, path) = (url.origin(), path_of(target));
        let is_due = |cookie: &&Cookie| {
            cookie.ends_at > now && cookie.origin == origin && is_within(path, &cookie.path)
        };
        let mut due: Vec<&Cookie> = jar.cookies.iter().filter(is_due).collect();
        due.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len())); // longer paths first, else in order of age
        let pairs: Vec<String> =
            due.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        let mut value = HeaderValue::from_str(&pairs.join("; ")).ok().filter(|value| !value.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Keeps what an answer to a request sets (RFC 6265 §5.3).
    pub(crate) fn keep(&self, url: &WebhookUrl, target: &str, headers: &HeaderMap) {
        let values = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let set: Vec<SetCookie> = values.filter_map(parse_set_cookie).take(limits::COOKIES).collect();
        if set.is_empty() {
            return;
        }
        let now = self.cookies.clock.now();
        let mut jars = self.cookies.jars();
        if jars.len() >= limits::CONVERSATIONS && !jars.contains_key(&self.name) {
            make_room(&mut jars, now);
        }
        let jar = jars.entry(self.name).or_insert_with(|| Jar { used_at: now, cookies: Vec::new() });
        if !jar.is_fresh(now) {
            jar.cookies.clear();
        }
        jar.used_at = now;
        for cookie in set {
            jar.keep(cookie, url.origin(), path_of(target), now);
        }
        if jar.cookies.is_empty() {
            jars.remove(&self.name);
        }
    }
}

impl Jar {
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.used_at) < limits::COOKIE_AGE
    }

    fn keep(&mut self, set: SetCookie, origin: Origin, request_path: &str, now: Timestamp) {
        let path = set.path.unwrap_or_else(|| default_path(request_path).to_owned());
        let latest = now.plus(limits::COOKIE_AGE_MAX);
        let ends_at = match (set.max_age, set.expires) {
            (Some(seconds), _) => now.plus(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))),
            (None, Some(at)) => at,
            (None, None) => latest,
        };
        let is_same =
            |cookie: &Cookie| cookie.origin == origin && cookie.path == path && cookie.name == set.name;
        self.cookies.retain(|cookie| !is_same(cookie) && cookie.ends_at > now);
        if ends_at > now {
            let ends_at = ends_at.min(latest);
            self.cookies.push(Cookie { origin, path, name: set.name, value: set.value, ends_at });
        }
        // The oldest make room.
        while self.cookies.len() > limits::COOKIES || self.size() > limits::JAR_BYTES {
            self.cookies.remove(0);
        }
    }

    fn size(&self) -> usize {
        self.cookies.iter().map(|cookie| cookie.name.len() + cookie.value.len() + cookie.path.len()).sum()
    }
}

/// Forgets the conversations that have ended, and if none has, the one that was silent longest.
fn make_room(jars: &mut HashMap<[u8; 32], Jar>, now: Timestamp) {
    jars.retain(|_, jar| jar.is_fresh(now));
    if jars.len() >= limits::CONVERSATIONS
        && let Some(oldest) = jars.iter().min_by_key(|(_, jar)| jar.used_at).map(|(name, _)| *name)
    {
        jars.remove(&oldest);
    }
}

fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// RFC 6265 §5.1.4: up to the last slash.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

/// RFC 6265 §5.1.4.
fn is_within(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use base::VirtualClock;

    use super::*;

    #[test]
    fn reads_what_frameworks_send() {
        let end = Timestamp::from_seconds(1_445_412_480);
        for (text, expected) in [
            ("a=b", Some(("a", "b", None, None, None))),
            (" a = \"b c\" ; HttpOnly", Some(("a", "\"b c\"", None, None, None))),
            ("a=b=c; Path=/x; path=nonsense", Some(("a", "b=c", None, None, None))),
            ("a=; Path=/x; Domain=example.org; Secure", Some(("a", "", Some("/x"), None, None))),
            ("a=b; Max-Age=10; max-age=x", Some(("a", "b", None, Some(10), None))),
            ("a=b; Max-Age=-1", Some(("a", "b", None, Some(-1), None))),
            ("a=b; Max-Age=99999999999999999999", Some(("a", "b", None, Some(i64::MAX), None))),
            ("a=b; Expires=Wed, 21 Oct 2015 07:28:00 GMT", Some(("a", "b", None, None, Some(end)))),
            ("a=b; Expires=Wednesday, 21-Oct-15 07:28:00 GMT", Some(("a", "b", None, None, Some(end)))),
            ("a=b; Expires=Wed Oct 21 07:28:00 2015", Some(("a", "b", None, None, Some(end)))),
            ("a=b; Expires=99 Oct 2015 07:28:00", Some(("a", "b", None, None, None))),
            ("a=b; Expires=::: 1 é", None),
            ("a=b; Expires=99:99:99 1 jan 1970", Some(("a", "b", None, None, None))),
            ("", None),
            ("a", None),
            ("=b", None),
            ("a=\u{1}", None),
        ] {
            let seen = parse_set_cookie(text);
            let seen = seen.as_ref().map(|cookie| {
                let path = cookie.path.as_deref();
                (cookie.name.as_str(), cookie.value.as_str(), path, cookie.max_age, cookie.expires)
            });
            assert_eq!(seen, expected, "{text}");
        }
        assert!(parse_set_cookie(&format!("a={}", "x".repeat(limits::COOKIE_BYTES))).is_none());
    }

    fn url(text: &str) -> WebhookUrl {
        WebhookUrl::parse(text).unwrap()
    }

    fn set(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (SET_COOKIE, HeaderValue::from_str(value).unwrap())).collect()
    }

    fn sent(conversation: Conversation<'_>, to: &str, target: &str) -> Option<String> {
        conversation.header(&url(to), target).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn sends_a_cookie_back_to_its_origin_path_and_conversation_only() {
        let cookies = Cookies::new(Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(0))));
        let (one, other) = (cookies.conversation([1; 32]), cookies.conversation([2; 32]));
        let home = "https://example.org/";
        one.keep(&url(home), "/a/b?c", &set(&["x=1; Domain=org", "y=2; Path=/", "z=3; Path=/a/b/"]));
        for (conversation, to, target, expected) in [
            (one, home, "/a/other", Some("x=1; y=2")),
            (one, home, "/a/b/c", Some("z=3; x=1; y=2")),
            (one, home, "/ab?/a/", Some("y=2")),
            (one, "https://user@EXAMPLE.org:443/", "/", Some("y=2")),
            (one, "http://example.org/", "/a", None),
            (one, "https://example.org:444/", "/a", None),
            (one, "https://www.example.org/", "/a", None),
            (other, home, "/a", None),
        ] {
            assert_eq!(sent(conversation, to, target).as_deref(), expected, "{to} {target}");
        }
        one.keep(&url(home), "/", &set(&["y=4", "x=; Path=/a; Max-Age=0"]));
        assert_eq!(sent(one, home, "/a/b/").as_deref(), Some("z=3; y=4"));
    }

    #[test]
    fn forgets_after_hours_of_silence_and_never_keeps_more_than_its_limits() {
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(0)));
        let cookies = Cookies::new(clock.clone());
        let home = "https://example.org/";
        let one = cookies.conversation([1; 32]);
        one.keep(
            &url(home),
            "/",
            &set(&["a=1", "short=1; Max-Age=60", "past=1; Expires=1 jan 1970 00:00:00"]),
        );
        assert_eq!(sent(one, home, "/").as_deref(), Some("a=1; short=1"));
        let almost = limits::COOKIE_AGE - Duration::from_secs(1);
        for _ in 0..2 {
            clock.advance(almost);
            assert_eq!(sent(one, home, "/").as_deref(), Some("a=1"));
        }
        clock.advance(limits::COOKIE_AGE);
        assert_eq!(sent(one, home, "/"), None);

        for count in 0..limits::COOKIES + 5 {
            one.keep(&url(home), "/", &set(&[&format!("c{count}=1")]));
        }
        let text = sent(one, home, "/").unwrap();
        assert_eq!((text.matches('=').count(), text.contains("c4=")), (limits::COOKIES, false));
        one.keep(&url(home), "/", &set(&[&format!("big={}", "x".repeat(limits::JAR_BYTES - 4))]));
        assert_eq!(sent(one, home, "/").unwrap().matches('=').count(), 1);

        for count in 0..limits::CONVERSATIONS + 10 {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&count.to_be_bytes());
            cookies.conversation(name).keep(&url(home), "/", &set(&["a=1"]));
        }
        assert_eq!(cookies.jars().len(), limits::CONVERSATIONS);
    }
}
