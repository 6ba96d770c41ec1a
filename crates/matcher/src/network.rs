//! Email, web and network addresses (45 CFR 164.514(b)(2)(i)(F), (N), (O)), and the MAC addresses of devices.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::Found;
use crate::class::Class;
use crate::limits::{EMAIL_TOKENS, JOINED_TOKENS, URL_BYTES};
use crate::tokens::Text;
use crate::words::Trait;

/// Top-level domains by which a name without a scheme is taken for one; others are words too often.
pub(crate) const DOMAINS: &[&str] = &["com", "org", "net", "edu", "gov", "info", "health"];
/// Words before four numbers with points that make a version of them.
pub(crate) const VERSIONS: &[&str] =
    &["version", "v", "ver", "firmware", "build", "release", "section", "update", "app"];
pub(crate) const SCHEMES: &[&str] = &["http", "https", "ftp", "wss", "ws"];

/// `https://…`, `www.…`, and names below a well-known domain.
pub(crate) fn url(text: &Text<'_>, index: usize) -> Option<Found> {
    let start = text.token(index).start;
    let rest = text.rest(start);
    let has_scheme = text.is(index, Trait::Scheme) && text.gap(index).starts_with("://");
    let is_www = text.joint(index) == b'.' && text.is_word(index, "www");
    if !has_scheme && !is_www && !is_domain(text, index) {
        return None;
    }
    let is_end = |letter: char| {
        letter.is_whitespace() || matches!(letter, '<' | '>' | '"' | '\'' | '`' | '|' | '{' | '}')
    };
    let length = rest.char_indices().take_while(|(at, letter)| *at < URL_BYTES && !is_end(*letter)).last();
    let length = length.map_or(0, |(at, letter)| at + letter.len_utf8());
    // What ends a sentence does not belong to the address.
    let address = rest[..length].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
    let end = start + address.len();
    let is_longer = text.get(index + 1).is_some_and(|next| next.start < end);
    is_longer.then_some(Found { span: start..end, class: Class::Url, detector: "url" })
}

/// `name.com`, `portal.name.org`: two or more labels, the last one well known.
fn is_domain(text: &Text<'_>, index: usize) -> bool {
    if matches!(text.byte_before(index), b'@' | b'.' | b'-' | b'_') {
        return false;
    }
    let mut at = index;
    for _ in 0..JOINED_TOKENS {
        match text.joint(at) {
            b'.' if text.is(at + 1, Trait::Domain)
                && text.joint(at + 1) != b'.'
                && !text.gap(at + 1).starts_with('@') =>
            {
                return true;
            }
            b'.' | b'-' if text.get(at + 1).is_some() => at += 1,
            _ => return false,
        }
    }
    false
}

/// `local@domain.tld`, from its first token.
pub(crate) fn email(text: &Text<'_>, index: usize) -> Option<Found> {
    let mut at = index;
    for _ in 0..EMAIL_TOKENS {
        match text.joint(at) {
            b'@' => break,
            b'.' | b'_' | b'%' | b'+' | b'-' => at += 1,
            _ => return None,
        }
        text.get(at)?;
    }
    if text.joint(at) != b'@' {
        return None;
    }
    let mut last = at + 1;
    let mut has_point = false;
    text.get(last)?;
    for _ in 0..EMAIL_TOKENS {
        match text.joint(last) {
            b'.' | b'-' if text.get(last + 1).is_some() => {
                has_point |= text.joint(last) == b'.';
                last += 1;
            }
            _ => break,
        }
    }
    let top = text.token(last);
    let is_domain = has_point && top.len() >= 2 && top.digits() == 0 && !top.is(Trait::Wide);
    is_domain.then(|| Found {
        span: text.token(index).start..text.token(last).end,
        class: Class::Email,
        detector: "email",
    })
}

/// IPv4, IPv6 and MAC addresses.
pub(crate) fn address(text: &Text<'_>, index: usize) -> Option<Found> {
    match text.gap(index) {
        "." => ipv4(text, index),
        ":" | "::" | "-" => colons(text, index),
        _ => None,
    }
}

fn ipv4(text: &Text<'_>, index: usize) -> Option<Found> {
    let last = index + 3;
    let is_whole = text.get(last).is_some()
        && (index..last).all(|at| text.joint(at) == b'.')
        && !(text.joint(last) == b'.' && text.get(last + 1).is_some_and(|next| next.digits() > 0))
        && !matches!(text.byte_before(index), b'.' | b'-');
    if !is_whole || text.is_before(index, Trait::Version) {
        return None;
    }
    let span = text.token(index).start..text.token(last).end;
    text.slice(span.start, span.end).parse::<Ipv4Addr>().ok()?;
    Some(Found { span, class: Class::IpAddress, detector: "ipv4" })
}

fn colons(text: &Text<'_>, index: usize) -> Option<Found> {
    let is_hex = |at: usize| {
        let word = text.word(at);
        !word.is_empty() && word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if !is_hex(index) || matches!(text.byte_before(index), b':' | b'-') {
        return None;
    }
    let separator = text.gap(index);
    let mut last = index;
    while last - index < 8
        && (text.gap(last) == separator
            || separator != "-" && text.gap(last) == "::"
            || separator == "::" && text.joint(last) == b':')
        && is_hex(last + 1)
    {
        last += 1;
    }
    let span = text.token(index).start..text.token(last).end;
    let is_mac = last - index == 5 && separator != "::" && (index..=last).all(|at| text.token(at).len() == 2);
    if is_mac {
        return Some(Found { span, class: Class::Device, detector: "mac" });
    }
    if separator == "-" || last - index < 2 {
        return None;
    }
    text.slice(span.start, span.end).parse::<Ipv6Addr>().ok()?;
    Some(Found { span, class: Class::IpAddress, detector: "ipv6" })
}
