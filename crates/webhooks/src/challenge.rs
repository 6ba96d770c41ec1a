//! Reads `WWW-Authenticate`: what a server says it wants to see before it answers (RFC 9110 §11.6.1).
//!
//! Total: any text gives some list, within the limits, and never an error. What cannot be read is left out, because a
//! server that offers one thing we do not understand may offer another that we do.

use crate::limits;

/// One way to log in that a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme's name in lower case: `basic`, `digest`.
    pub scheme: String,
    /// Names in lower case, and values without their quotes, in the order in which they stand.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The first value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The challenges of one header value, at most [`limits::CHALLENGES`] of them; a value longer than
/// [`limits::CHALLENGE_BYTES`] holds none.
pub fn parse_challenges(value: &str) -> Vec<Challenge> {
    if value.len() > limits::CHALLENGE_BYTES {
        return Vec::new();
    }
    let mut rest = Rest(value);
    let mut challenges: Vec<Challenge> = Vec::new();
    // A word straight after the scheme, with no comma between, is the scheme's token68 unless a value follows it.
    let mut after_comma = true;
    while !rest.0.is_empty() {
        rest.skip_spaces();
        if rest.skip(',') {
            after_comma = true;
            continue;
        }
        let word = rest.token();
        rest.skip_spaces();
        let is_full = challenges.len() == limits::CHALLENGES;
        match challenges.last_mut() {
            _ if word.is_empty() => {
                rest.skip_past_comma();
                after_comma = true;
            }
            Some(challenge) if rest.skip('=') => {
                rest.skip_spaces();
                let value = rest.value();
                if let Some(value) =
                    value.filter(|_| challenge.parameters.len() < limits::CHALLENGE_PARAMETERS)
                {
                    challenge.parameters.push((word.to_ascii_lowercase(), value));
                }
                rest.skip_past_comma();
                after_comma = true;
            }
            Some(_) if !after_comma => {}
            _ if is_full => break,
            _ => {
                challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                after_comma = false;
            }
        }
    }
    challenges
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// RFC 9110 §5.6.2; empty when there is none.
    fn token(&mut self) -> &'a str {
        let is_other = |c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
        let (token, rest) = self.0.split_at(self.0.find(is_other).unwrap_or(self.0.len()));
        self.0 = rest;
        token
    }

    /// A token or a quoted string (RFC 9110 §5.6.4); `None` for neither, and for a string that does not end.
    fn value(&mut self) -> Option<String> {
        if !self.skip('"') {
            return Some(self.token().to_owned()).filter(|token| !token.is_empty());
        }
        let mut value = String::new();
        let mut chars = self.0.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => {
                    self.0 = chars.as_str();
                    return Some(value);
                }
                '\\' => value.extend(chars.next()),
                c => value.push(c),
            }
        }
        self.0 = "";
        None
    }

    fn skip_past_comma(&mut self) {
        self.0 = self.0.find(',').map_or("", |at| &self.0[at + 1..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_servers_send() {
        for (value, expected) in [
            ("", ""),
            (", ,", ""),
            ("Basic", "basic[]"),
            ("Basic realm=\"My Realm\"", "basic[realm=My Realm]"),
            ("basic REALM = plain", "basic[realm=plain]"),
            ("Basic realm=\"a, Digest b\", charset=\"UTF-8\"", "basic[realm=a, Digest b;charset=UTF-8]"),
            ("Basic realm=\"a\\\"b\\\\c\"", "basic[realm=a\"b\\c]"),
            ("Digest realm=\"r\", nonce=\"n\", basic realm=\"b\"", "digest[realm=r;nonce=n] basic[realm=b]"),
            (
                "Digest realm=\"r\",qop=\"auth,auth-int\",stale=TRUE",
                "digest[realm=r;qop=auth,auth-int;stale=TRUE]",
            ),
            ("Negotiate YII/x+==, Basic realm=b", "negotiate[] basic[realm=b]"),
            ("Negotiate YII Basic, Basic", "negotiate[] basic[]"),
            ("Newauth, , Basic realm=b,", "newauth[] basic[realm=b]"),
            ("Basic realm=\"never ends", "basic[]"),
            ("Basic realm=\"ends in \\", "basic[]"),
            ("Basic realm=, x=1", "basic[x=1]"),
            ("=\"x\", Basic", "basic[]"),
            ("Basic realm=\"é\"", "basic[realm=é]"),
        ] {
            let seen: Vec<String> = parse_challenges(value)
                .iter()
                .map(|challenge| {
                    let pairs: Vec<String> =
                        challenge.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    format!("{}[{}]", challenge.scheme, pairs.join(";"))
                })
                .collect();
            assert_eq!(seen.join(" "), expected, "{value}");
        }
    }

    #[test]
    fn stops_at_its_limits() {
        assert_eq!(parse_challenges(&"Basic,".repeat(100)).len(), limits::CHALLENGES);
        let many = format!("Digest {}", "a=b,".repeat(100));
        assert_eq!(parse_challenges(&many)[0].parameters.len(), limits::CHALLENGE_PARAMETERS);
        assert!(
            parse_challenges(&format!("Basic realm=\"{}\"", "x".repeat(limits::CHALLENGE_BYTES))).is_empty()
        );
    }
}
